/** What builds networks needs root. */
import { RootNeededError } from '../../errors.ts';

export function needRoot(command: string): void {
  if (process.getuid?.() !== 0) throw new RootNeededError(command);
}
