/**
 * Whatever tests put into the temporary folder, and what vitest itself does, is in one folder of this run: it goes when the run
 * ends, however the tests end, and with the next run if this one is killed. Workers and what they start inherit TMPDIR.
 */
import { chmodSync, rmSync } from 'node:fs';
import { makeFolder } from '../apps/bench/temporary-folder.ts';

export function useOwnFolder(): void {
  const folder = makeFolder('test');
  // Daemons that give up root have their files in it.
  chmodSync(folder, 0o755);
  process.env['TMPDIR'] = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
}
