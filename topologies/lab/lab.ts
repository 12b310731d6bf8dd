/**
 * Brings a lab up, runs commands in its nodes, and ends it.
 *
 * All processes of a lab live in one PID namespace whose first process (mininet/lab.py) is our grandchild:
 *
 *     this process --- setpriv/unshare --- lab.py (PID 1) --- builder, daemons, QEMU, ...
 *
 * `unshare` gets SIGKILL when this process ends, PID 1 gets it when `unshare` ends, and the kernel then ends
 * whatever is in the namespace, however any of them ended. Commands that run in a node are our children by
 * way of `nsenter`, but members of that namespace too, so they end with the lab. What is left then, files, goes by
 * `down`, or by the sweeper (sweeper.ts) when this process has been killed.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { systemClock, type Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { isWithin } from '../../controller/network/address.ts';
import type { NetworkDescription } from '../../controller/network/description.ts';
import { watchConsole } from './console.ts';
import {
  LabCommandFailed,
  LabEnded,
  LabManagementInUse,
  LabNoSuchNode,
  LabRunning,
  LabStartFailed,
} from './errors.ts';
import { keepLogs } from './logs.ts';
import { packageRoot } from './package-root.ts';
import { LabProcess, type ProcessOptions } from './process.ts';
import type { LabPlan } from './plan.ts';
import { Sweeper } from './sweeper.ts';

export interface LabOptions {
  readonly onProgress?: (progress: LabProgress) => void;
  readonly clock?: Clock;
}

export interface LabProgress {
  readonly node: string;
  /** What has just been done, in a few words. */
  readonly what: string;
}

/** How a lab's delayed links are made. */
export type DelayMethod = 'none' | 'netem' | 'user-space';

type Event =
  | { event: 'progress'; node: string; what: string }
  | { event: 'ready'; pids: Record<string, number>; delay: DelayMethod }
  | {
      event: 'failed';
      reason: 'running' | 'step';
      node: string | null;
      what: string;
      text: string;
      argv?: string[];
      status?: number;
    };

type Builder = ChildProcessByStdio<Writable, Readable, Readable>;

/** A lab that is up. */
export class Lab {
  readonly plan: LabPlan;
  readonly delay: DelayMethod;
  /** Settles when the lab has ended, by `down` or by itself; never rejects. */
  readonly ended: Promise<void>;
  /** The lab's first process, by its number in this machine; the kernel ends the lab when it ends. */
  readonly initPid: number;
  readonly #builder: Builder;
  readonly #sweeper: Sweeper;
  readonly #clock: Clock;
  readonly #pids: Readonly<Record<string, number>>;
  #isEnded = false;
  #isTidied = false;

  private constructor(
    plan: LabPlan,
    builder: Builder,
    sweeper: Sweeper,
    ready: Event & { event: 'ready' },
    clock: Clock,
  ) {
    this.plan = plan;
    this.delay = ready.delay;
    this.#builder = builder;
    this.#sweeper = sweeper;
    this.#clock = clock;
    this.#pids = ready.pids;
    this.initPid = childrenOf(builder.pid ?? 0)[0] ?? 0;
    this.ended = exited(builder).then(() => {
      this.#isEnded = true;
    });
  }

  /**
   * Builds the lab of a plan; needs root. Guests that the plan starts have been started, not booted: see
   * `guestReady`. Throws `LabRunning`, `LabManagementInUse` or `LabStartFailed`; nothing is left behind then.
   */
  static async up(plan: LabPlan, options: LabOptions = {}): Promise<Lab> {
    const clock = options.clock ?? systemClock;
    refuseOverlap(plan);
    const builder = startBuilder();
    const sweeper = new Sweeper(plan.runDirectory, builder.pid ?? 0);
    let stderr = '';
    builder.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4096);
    });
    const failed = (reason: string): LabStartFailed =>
      new LabStartFailed(`lab ${plan.name} did not come up: ${reason}${stderr && `\n${stderr.trim()}`}`);
    const deadline = new AbortController();
    const cancel = clock.after(limits.start, () => {
      deadline.abort();
      builder.kill('SIGKILL');
    });
    try {
      builder.stdin.on('error', () => undefined); // its end shows as the end of its output
      builder.stdin.write(`${JSON.stringify(plan)}\n`);
      for await (const line of createInterface({ input: builder.stdout })) {
        const event = JSON.parse(line) as Event;
        switch (event.event) {
          case 'progress':
            options.onProgress?.({ node: event.node, what: event.what });
            break;
          case 'ready':
            return new Lab(plan, builder, sweeper, event, clock);
          case 'failed': {
            if (event.reason === 'running') throw new LabRunning(plan.name, plan.runDirectory);
            const where = event.node === null ? '' : ` at ${event.node}`;
            const command = event.argv ? `\n  ${event.argv.join(' ')}` : '';
            throw failed(`could not ${event.what}${where}: ${event.text}${command}`);
          }
        }
      }
      await exited(builder);
      const late = deadline.signal.aborted;
      throw failed(late ? `it was not up after ${limits.start / 1000} s` : 'the builder ended');
    } catch (error) {
      builder.kill('SIGKILL');
      await exited(builder);
      // Of a lab that is running already, the run directory is the other's.
      if (!(error instanceof LabRunning)) rmSync(plan.runDirectory, { recursive: true, force: true });
      sweeper.dismiss();
      throw error;
    } finally {
      cancel();
    }
  }

  /** What a controller is to be told of this lab. */
  get network(): NetworkDescription {
    return this.plan.network;
  }

  /**
   * Starts a command in a node. It ends at the latest with the lab.
   * Throws `LabNoSuchNode` or `LabEnded`.
   */
  exec(node: string, argv: readonly string[], options: ProcessOptions = {}): LabProcess {
    return new LabProcess(this.enter(node, argv), options);
  }

  /**
   * Runs a command in a node to its end; gives what it printed. Throws `LabCommandFailed` when it fails or
   * takes longer than `timeoutMs`.
   */
  async run(node: string, argv: readonly string[], timeoutMs = 30_000): Promise<string> {
    const process = this.exec(node, argv);
    const deadline = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () => {
      deadline.abort();
      process.kill('SIGKILL');
    });
    try {
      const [stdout, stderr, exit] = await Promise.all([process.text(), process.errors(), process.exit]);
      if (exit.code === 0) return stdout;
      const how = deadline.signal.aborted
        ? `took longer than ${timeoutMs} ms`
        : `ended with ${exit.signal ?? exit.code ?? 'nothing'}`;
      throw new LabCommandFailed(`\`${argv.join(' ')}\` at ${node} ${how}: ${stderr.trim()}`);
    } finally {
      cancel();
    }
  }

  /** The command line that runs `argv` in a node, for any process of this machine that is root. */
  enter(node: string, argv: readonly string[]): string[] {
    const pid = this.#pids[node];
    if (pid === undefined) {
      throw new LabNoSuchNode(
        `lab ${this.plan.name} has no node ${node}: ${Object.keys(this.#pids).join(', ')}`,
      );
    }
    if (this.#isEnded) throw new LabEnded(`lab ${this.plan.name} has ended; nothing can run at ${node}`);
    return [
      ...['nsenter', `--target=${this.initPid}`, '--pid', '--mount', '--'],
      ...['nsenter', `--target=${pid}`, '--mount', '--net', '--uts', '--wdns=/', '--'],
      ...argv,
    ];
  }

  /**
   * Waits until a guest says on its console, at whichever host, that it serves.
   * Throws `LabNoSuchNode`, `LabGuestSilent` or `LabEnded`.
   */
  async guestReady(name: string, timeoutMs: number = limits.guestBoot): Promise<void> {
    const guest = this.plan.guests.find((it) => it.name === name);
    if (!guest) {
      const known = this.plan.guests.map((it) => it.name).join(', ');
      throw new LabNoSuchNode(`lab ${this.plan.name} has no guest ${name}: ${known}`);
    }
    await watchConsole(guest, this.#clock, timeoutMs, () => {
      if (this.#isEnded) throw new LabEnded(`lab ${this.plan.name} has ended, and guest ${name} with it`);
    });
  }

  /**
   * Ends the lab and all that runs in it, and takes its files away. Settles when nothing of it is left but the
   * nodes' logs, in `logs` if that is given.
   */
  async down(logs?: string): Promise<void> {
    if (!this.#isEnded) {
      this.#builder.stdin.end();
      const cancel = this.#clock.after(limits.stop, () => this.#builder.kill('SIGKILL'));
      await this.ended;
      cancel();
    }
    // The kernel takes the namespaces' interfaces away shortly after their last process.
    const until = this.#clock.now() + limits.stop;
    while (this.plan.management.rootInterface in networkInterfaces() && this.#clock.now() < until) {
      await new Promise<void>((resolve) => this.#clock.after(10, resolve));
    }
    // Once only: a lab that came after may hold the same directory.
    if (this.#isTidied) return;
    this.#isTidied = true;
    if (logs !== undefined) keepLogs(this.plan, logs);
    rmSync(this.plan.runDirectory, { recursive: true, force: true });
    this.#sweeper.dismiss();
  }
}

/** Its standard input is the control channel, whose end ends the lab also where signals fail to. */
function startBuilder(): Builder {
  const argv = [
    ...['--pdeathsig', 'KILL', '--'],
    ...['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc', '--propagation', 'private', '--'],
    ...['/usr/bin/python3', join(packageRoot, 'mininet', 'lab.py')],
  ];
  // In a session of its own, so that Ctrl-C at a terminal reaches the driver alone.
  return spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
}

function refuseOverlap({ name, management }: LabPlan): void {
  for (const [device, list] of Object.entries(networkInterfaces())) {
    if (device === management.rootInterface) continue;
    if (list?.some(({ address }) => isWithin(management.prefix, address)))
      throw new LabManagementInUse(name, management.prefix, device);
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
