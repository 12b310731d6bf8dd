/** The offset of two clocks, found by a process that is kept waiting at times. */
import { afterEach, expect, test, vi } from 'vitest';
import { clockOffset } from '../../../apps/lab/clock-offset.ts';
import type { Clock } from '../../../controller/clock.ts';

afterEach(() => vi.restoreAllMocks());

test.each([0, 3, -2.5])(
  'of %d ms, whenever the process is kept waiting, is right to a tenth of one',
  async (offset) => {
    // Each look at a clock takes 10 µs, and every eleventh a stall of 4.3 ms.
    let [time, looks] = [1_000_000, 0];
    const look = (): number => (time += ++looks % 11 === 0 ? 4.3 : 0.01);
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(look()));
    const clock: Pick<Clock, 'now'> = { now: () => look() - offset };
    const found = await clockOffset({ ...clock, after: () => () => undefined });
    expect(found).toBeGreaterThan(offset - 0.1);
    expect(found).toBeLessThanOrEqual(offset);
  },
);
