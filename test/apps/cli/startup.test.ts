/**
 * A command is answered soon only if it is soon there: what takes long to load is loaded by the commands that need it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../topologies/lab/package-root.ts';

const STATIC_IMPORT = /^(?:import|export) (?!type )(?:[^;]*? from )?'([^']+)';$/gms;

/** What is loaded with a file: files, and packages by name. */
function loadedWith(entry: string): Set<string> {
  const found = new Set<string>();
  const files = [join(packageRoot, entry)];
  for (const file of files) {
    for (const [, module] of readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)) {
      if (module === undefined || module.startsWith('node:')) continue;
      const path = module.startsWith('.') ? join(dirname(file), module) : undefined;
      const name = path === undefined ? module : relative(packageRoot, path);
      if (path !== undefined && !found.has(name)) files.push(path);
      found.add(name);
    }
  }
  return found;
}

const HEAVY = ['express', 'pino', 'listr2', 'yaml', 'fast-xml-parser', 'apps/evidence/report.ts'];

test('the command line loads neither charts nor servers nor labs', () => {
  const loaded = loadedWith('apps/cli/main.ts');
  expect([...loaded]).toEqual(expect.arrayContaining(['commander', 'zod', 'apps/cli/commands/migrate.ts']));
  expect(HEAVY.filter((name) => loaded.has(name))).toEqual([]);
});

test.each([
  ['apps/cli/commands/controller/run.ts', ['express', 'pino', 'yaml']],
  ['apps/cli/commands/lab/run.ts', ['listr2', 'yaml', 'apps/evidence/report.ts']],
])('%s loads what it needs: the look above would find it', (entry, names) => {
  const loaded = loadedWith(entry);
  expect(names.filter((name) => !loaded.has(name))).toEqual([]);
});
