/**
 * Runs a command line to its end; gives the exit code.
 */
import { CommanderError } from 'commander';
import { tell } from './fail.ts';
import { program } from './program.ts';
import type { Terminal } from './terminal.ts';

export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said it already, on the right stream.
    if (error instanceof CommanderError) return error.exitCode;
    tell(error, terminal);
    return 1;
  }
}
