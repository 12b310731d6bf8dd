/** `arctictern lab exec`: a command in a node of a lab that is up. */
import { spawnSync } from 'node:child_process';
import { NoSuchNodeError } from '../../errors.ts';
import { needRoot } from './need-root.ts';
import { runningLab } from './running-lab.ts';

export function exec(node: string, command: readonly string[], options: { lab?: string }): void {
  needRoot('lab exec');
  const { lab, doors } = runningLab(options.lab);
  const door = doors[node];
  if (door === undefined) throw new NoSuchNodeError(lab, node, Object.keys(doors));
  const [file = '', ...rest] = [...door, ...(command.length === 0 ? ['bash'] : command)];
  process.exitCode = spawnSync(file, rest, { stdio: 'inherit' }).status ?? 1;
}
