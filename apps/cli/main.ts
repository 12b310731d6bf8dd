#!/usr/bin/env node
/**
 * `arctictern`: the command line. Each command is a file in commands/; all but `controller`, `lab` and
 * `openflow` are clients of the API.
 */
import { program } from './program.ts';
import { fail } from './fail.ts';

try {
  await program().parseAsync();
} catch (error) {
  fail(error);
}
