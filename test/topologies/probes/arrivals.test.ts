import { expect, test } from 'vitest';
import { Arrivals } from '../../../topologies/probes/arrivals.ts';

test('counts what came, what came twice, and what was overtaken', () => {
  const arrivals = new Arrivals();
  for (const [n, at] of [
    [0, 100],
    [1, 110],
    [3, 150],
    [2, 151],
    [3, 152],
  ] as const) {
    arrivals.arrived(n, at);
  }
  expect(arrivals.end(160, 50)).toEqual({
    received: 4,
    duplicated: 1,
    reordered: 1,
    gapMs: 40,
    gapFrom: 110,
  });
});

test('is silent from its beginning when nothing comes', () => {
  expect(new Arrivals().end(1_000, 400)).toMatchObject({ received: 0, gapMs: 600 });
});

test('is silent from the last arrival to the end', () => {
  const arrivals = new Arrivals();
  arrivals.arrived(0, 100);
  expect(arrivals.end(900, 50)).toMatchObject({ received: 1, gapMs: 800, gapFrom: 100 });
});
