/**
 * How far the machine's clock is from a run's clock, in milliseconds, to some hundredths of one.
 *
 * `Date.now` gives whole milliseconds, cut off: just after it has stepped, it is right. So the largest of many
 * differences is the offset.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../controller/clock.ts';

const SAMPLING_MS = 5;

export async function clockOffset(clock: Clock): Promise<number> {
  const began = clock.now();
  let offset = -Infinity;
  for (let now = began; now < began + SAMPLING_MS; now = clock.now()) {
    offset = Math.max(offset, Date.now() - now);
    await turn();
  }
  return Math.round(offset * 1000) / 1000;
}
