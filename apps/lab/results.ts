/**
 * A run's folder: results/LAB-TIME, with a link `results/latest` to the newest.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ResultsFolder {
  readonly path: string;
  /** The path of a file in it. */
  file(name: string): string;
  writeJson(name: string, value: unknown): void;
  /** One JSON text a line. */
  writeLines(name: string, values: readonly unknown[]): void;
}

/** `now` is in milliseconds since the Unix epoch; the folder's name has it in UTC, to the second. */
export function createResults(root: string, lab: string, now: number): ResultsFolder {
  const stamp = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const name = `${lab}-${stamp}`;
  const path = join(root, name);
  mkdirSync(join(path, 'logs'), { recursive: true });
  mkdirSync(join(path, 'probes'), { recursive: true });
  mkdirSync(join(path, 'captures'), { recursive: true });
  const latest = join(root, 'latest');
  rmSync(latest, { force: true });
  symlinkSync(name, latest);
  return {
    path,
    file: (file) => join(path, file),
    writeLines: (file, values) =>
      writeFileSync(join(path, file), values.map((value) => `${JSON.stringify(value)}\n`).join('')),
    writeJson: (file, value) => writeFileSync(join(path, file), `${JSON.stringify(value, undefined, 2)}\n`),
  };
}
