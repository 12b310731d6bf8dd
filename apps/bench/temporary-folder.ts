/**
 * Folders that go with whoever needs them. Each is named after its process, `arctictern-KIND-PID-…`: who is killed leaves
 * its own behind, and whoever makes the next one removes those that no process of that number uses any more.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stands } from './standing.ts';

const OURS = /^arctictern-(?:bench|ovs|test)-(\d+)-/;

/** A new folder in the system's temporary one; whoever asked for it removes it. */
export function makeFolder(kind: 'bench' | 'ovs' | 'test'): string {
  removeAbandoned(tmpdir());
  return mkdtempSync(join(tmpdir(), `arctictern-${kind}-${process.pid}-`));
}

export class TemporaryFolder implements Disposable {
  readonly path = makeFolder('bench');
  readonly #gone = stands(() => this[Symbol.dispose]());

  [Symbol.dispose](): void {
    this.#gone();
    rmSync(this.path, { recursive: true, force: true });
  }
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = OURS.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One that we may not signal is there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
