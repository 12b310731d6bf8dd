/**
 * How far the machine's clock is from a run's clock, in milliseconds, to some hundredths of one.
 *
 * `Date.now` gives whole milliseconds, cut off: just after it has stepped, it is right. So the largest of many
 * differences is the offset. It is read before the run's clock: who is kept waiting between the two finds too little, and
 * never too much.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../controller/clock.ts';

const SAMPLING_MS = 5;
/** Some, however long one of them takes. */
const SAMPLES = 100;

export async function clockOffset(clock: Clock): Promise<number> {
  const began = clock.now();
  let offset = -Infinity;
  for (let samples = 0; samples < SAMPLES || clock.now() < began + SAMPLING_MS; samples++) {
    offset = Math.max(offset, Date.now() - clock.now());
    await turn();
  }
  return Math.round(offset * 1000) / 1000;
}
