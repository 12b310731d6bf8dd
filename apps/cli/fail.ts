/**
 * How a command ends badly: one clear sentence on standard error, exit code 1. What is not an error of ours is
 * a bug, and then its stack helps.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import { clean } from './text.ts';
import { processTerminal, type Terminal } from './terminal.ts';

export function fail(error: unknown, terminal: Pick<Terminal, 'err'> = processTerminal()): void {
  process.exitCode = 1;
  tell(error, terminal);
}

/** The sentence alone. */
export function tell(error: unknown, { err }: Pick<Terminal, 'err'>): void {
  const text =
    error instanceof ArcticTernError
      ? clean(error.message)
      : `this is a bug in ArcticTern; please report it with the following\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  err.write(`${err.colors.red('error:')} ${text}\n`);
}
