/**
 * Takes a lab's run directory away when the process that held the lab has been killed and cannot: it lies in memory, and
 * guests' disks are in it.
 *
 * A shell waits for the end of its standard input, whose other end that process alone has, then for the end of the lab,
 * and removes the directory under its lock, which a lab that has come after would hold.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { lab as limits } from '../../controller/limits.ts';

const SWEEP = `
read -r end
tries=$3
while [ -d "$1" ] && [ "$tries" -gt 0 ]; do
  [ -e "/proc/$2" ] || flock --nonblock "$1" rm -rf -- "$1"
  tries=$((tries - 1))
  sleep "$4"
done`;

export class Sweeper {
  readonly #child: ChildProcess;

  /** `builder` is the process that the lab ends with. */
  constructor(runDirectory: string, builder: number) {
    const tries = Math.ceil(limits.stop / limits.poll);
    const argv = ['-c', SWEEP, 'sweeper', runDirectory, ...[builder, tries, limits.poll / 1000].map(String)];
    // In a session of its own: what ends the driver by way of its terminal must not end this, too.
    this.#child = spawn('sh', argv, {
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      detached: true,
    });
    this.#child.on('error', () => undefined); // then the next lab of that name empties the directory
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
  }

  /** There is nothing left to remove, or it is another's. */
  dismiss(): void {
    this.#child.kill('SIGKILL');
  }
}
