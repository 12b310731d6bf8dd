/** Where the package's files that are not TypeScript are: the same from the source tree and from `dist`. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function find(directory: string): string {
  return existsSync(join(directory, 'mininet', 'lab.py')) ? directory : find(dirname(directory));
}

export const packageRoot = find(import.meta.dirname);
