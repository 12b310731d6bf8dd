/** A folder that goes with whoever needs it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stands } from './standing.ts';

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'arctictern-bench-'));
  readonly #gone = stands(() => this[Symbol.dispose]());

  [Symbol.dispose](): void {
    this.#gone();
    rmSync(this.path, { recursive: true, force: true });
  }
}
