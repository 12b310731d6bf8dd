/**
 * Before the first test in a lab: compiles the project, since commands in nodes, controllers, and drivers that are to be
 * killed run from `dist`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export default async function build(): Promise<void> {
  await promisify(execFile)('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json']);
}
