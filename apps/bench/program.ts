/**
 * A benchmark as a program. It ends by itself, with an exit code; or by SIGINT or SIGTERM, and then what it has put up is taken
 * down first. A second signal ends it at once: the kernel ends its processes and namespaces, files stay.
 */
import { constants } from 'node:os';
import { fail } from '../cli/fail.ts';
import { takeAllDown } from './standing.ts';

/** `main` gives the exit code. */
export async function program(main: () => Promise<number>): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const code = 128 + constants.signals[signal];
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(code);
      interrupted.abort();
      // What was being measured fails as its ground goes; nobody needs to hear of it.
      process.on('uncaughtException', () => undefined);
      process.stderr.write('interrupted: taking down what is up; another signal ends it at once\n');
      void takeAllDown().then(() => process.exit(code));
    });
  }
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!interrupted.signal.aborted) fail(error);
  }
}
