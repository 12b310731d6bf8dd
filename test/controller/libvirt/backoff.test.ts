import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../controller/libvirt/backoff.ts';

describe('the backoff', () => {
  const config = { minMs: 100, maxMs: 1_000 };

  it('doubles up to its maximum', () => {
    expect([1, 2, 3, 4, 5, 6].map((failures) => backoffMs(config, failures, 1))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('is between a half and the whole of that, and finite after any number of failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const whole = backoffMs(config, failures, 1);
          const wait = backoffMs(config, failures, random);
          expect(wait).toBeGreaterThanOrEqual(whole / 2);
          expect(wait).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });
});
