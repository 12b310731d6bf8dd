/**
 * The controller of a lab, as its own process: so that it can be ended and started again in the midst of a run.
 * It dies with the process that started it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { goFirst } from '../../topologies/lab/go-first.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import type { LabPlan } from '../../topologies/lab/plan.ts';
import { ControllerStartError } from './errors.ts';
import type { ApiClient } from '../api/client.ts';

export interface ControllerProcessOptions {
  readonly plan: LabPlan;
  readonly topologyFile: string;
  /** Where the API is to listen: `127.0.0.1:8653`. */
  readonly api: string;
  readonly logFile: string;
  readonly clock: Clock;
}

export class ControllerProcess {
  readonly #options: ControllerProcessOptions;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ControllerProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it, and waits until its API answers. Throws `RUN_CONTROLLER_START`. */
  async start(api: ApiClient): Promise<void> {
    const { plan, topologyFile, logFile, clock } = this.#options;
    const address = plan.management.rootAddress.split('/')[0]!;
    const log = openSync(logFile, 'a');
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', '--', process.execPath],
        ...[join(packageRoot, 'dist', 'apps', 'cli', 'main.js'), 'controller', topologyFile, '--json'],
        ...['--openflow', `${address}:6653`, '--api', this.#options.api],
        ...['--state', join(plan.runDirectory, 'controller')],
      ],
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) goFirst(child.pid);
    let ended: string | undefined;
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        ended = error.message;
        resolve();
      });
      child.once('exit', (code, signal) => {
        ended = `it ended with ${signal ?? code ?? 'nothing'}`;
        resolve();
      });
    });
    const deadline = clock.now() + limits.controllerStart;
    while (clock.now() < deadline) {
      if (ended !== undefined) throw new ControllerStartError(ended, logFile);
      if (await api.isUp()) return;
      await new Promise<void>((resolve) => clock.after(50, resolve));
    }
    throw new ControllerStartError(
      `its API did not answer within ${limits.controllerStart / 1000} s`,
      logFile,
    );
  }

  /** Ends it as an operator would. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#child?.kill(signal);
    const cancel = this.#options.clock.after(limits.controllerStop, () => this.#child?.kill('SIGKILL'));
    await this.#exited;
    cancel();
  }
}
