import { describe, expect, test } from 'vitest';
import { lowerBound } from '../../../apps/defence/lower-bound.ts';
import { noTotals, type Totals } from '../../../apps/defence/measurement.ts';

const syns = (syn: number): Totals => ({ ...noTotals, syn });

describe('what has come, at least', () => {
  test('is what the counters say, when nothing was known', () => {
    expect(lowerBound(undefined, syns(5), { syn: 3 })).toEqual(syns(5));
  });

  test('grows with samples while the counters stand still, and with the counters when they say more', () => {
    const first = lowerBound(syns(5), syns(5), { syn: 3 });
    expect(first.syn).toBe(8);
    const second = lowerBound(first, syns(5), { syn: 4 });
    expect(second.syn).toBe(12);
    expect(lowerBound(second, syns(40), {}).syn).toBe(40);
  });

  test('counts no packet twice: counters that catch up with samples change nothing', () => {
    expect(lowerBound(syns(12), syns(12), {})).toEqual(syns(12));
    expect(lowerBound(syns(12), syns(10), {})).toEqual(syns(12));
  });

  test('is kept for each class', () => {
    const before = { ...noTotals, syn: 1, newUdp: 7 };
    expect(lowerBound(before, { ...noTotals, newUdp: 9 }, { syn: 2 })).toEqual({
      ...noTotals,
      syn: 3,
      newUdp: 9,
    });
  });
});
