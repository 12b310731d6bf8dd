/**
 * A network namespace that lasts as long as the process that holds it, which ends with ours.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { systemClock } from '../../controller/clock.ts';
import { bench as limits } from '../../controller/limits.ts';
import { NothingListensError } from './errors.ts';

const execute = promisify(execFile);

export class Namespace {
  readonly #holder: ChildProcess;

  static async open(): Promise<Namespace> {
    // `cat` says that the namespace is there, and ends with its input.
    const holder = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo; exec cat'],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    await once(holder.stdout, 'data');
    return new Namespace(holder);
  }

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  get pid(): number {
    return this.#holder.pid ?? NaN;
  }

  /** A command to its end; what it wrote. */
  async run(...argv: readonly string[]): Promise<string> {
    const { stdout } = await execute('nsenter', ['-t', String(this.pid), '-n', ...argv], {
      timeout: limits.command,
    });
    return stdout.trim();
  }

  /** Resolves when something listens on the port. Throws `BENCH_NOTHING_LISTENS` when nothing does in time. */
  async listening(port: number, protocol: 'tcp' | 'udp' = 'tcp'): Promise<void> {
    const sockets = protocol === 'tcp' ? '-Hltn' : '-Hlun';
    const deadline = systemClock.now() + limits.listening;
    while ((await this.run('ss', sockets, `sport = :${port}`)) === '') {
      if (systemClock.now() > deadline) throw new NothingListensError(protocol, port, limits.listening);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    const ended = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
