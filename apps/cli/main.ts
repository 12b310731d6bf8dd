#!/usr/bin/env node
/**
 * `arctictern`: the command line. Each command is a file in commands/; all but `controller`, `lab` and
 * `openflow` are clients of the API.
 */
import { run } from './run.ts';
import { processTerminal } from './terminal.ts';

// Whoever reads our output may have enough of it (`| head`); that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(1);
});

const exitCode = await run(process.argv.slice(2), processTerminal());
// What could not start may have left something open that would keep the process alive.
if (exitCode !== 0) process.exit(exitCode);
