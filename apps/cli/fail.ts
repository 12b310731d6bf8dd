/**
 * How a command ends badly: one clear sentence on standard error, exit code 1. What is not an error of ours is
 * a bug, and then its stack helps.
 */
import pc from 'picocolors';
import { ArcticTernError } from '../../controller/errors.ts';

export function fail(error: unknown): void {
  process.exitCode = 1;
  if (error instanceof ArcticTernError) {
    process.stderr.write(`${pc.red('error:')} ${error.message}\n`);
  } else {
    process.stderr.write(
      `${pc.red('error:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
}
