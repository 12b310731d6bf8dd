import { describe, expect, test } from 'vitest';
import {
  foresee,
  hasRoomToSpare,
  holdsMs,
  longestLeadMs,
  overflowed,
} from '../../../apps/migration/tap-queue.ts';

test.each([
  [undefined, undefined],
  [0, undefined],
  [500, 2_000],
  [5_000, 200],
])('at %s packets/s the queue holds %s ms', (rate, ms) => {
  expect(holdsMs(rate)).toBe(ms);
});

test('copies leave room for the blackout, and are given a least time', () => {
  expect(longestLeadMs(5_000, 100)).toBe(100);
  expect(longestLeadMs(20_000, 100)).toBe(100);
  expect(longestLeadMs(undefined, 100)).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  [undefined, 100, true],
  [500, 100, true],
  [1_400, 100, true],
  [1_450, 100, false],
  [500, 1_401, false],
])('at %s packets/s and a blackout of %s ms it has room to spare: %s', (rate, blackout, spare) => {
  expect(hasRoomToSpare(rate, blackout)).toBe(spare);
});

describe('what cannot hold is said', () => {
  test('before, for the strategies that fill the queue', () => {
    expect(foresee(5_000, 100, 'bicast')).toBeUndefined();
    expect(foresee(5_500, 100, 'bicast')).toMatch(
      /holds 181 ms .* 100 ms of copies and a blackout of 100 ms/,
    );
    expect(foresee(5_500, 60, 'bicast')).toBeUndefined();
    expect(foresee(8_000, 100, 'redirect')).toBeUndefined();
    expect(foresee(8_000, 100, 'bicast')).toBe(
      "the destination's queue of 1000 packets holds 125 ms of the 8000 packets/s that the guest gets, and 100 ms of " +
        'copies and a blackout of 100 ms may be needed: packets may be lost; allow a shorter blackout, or thin the traffic',
    );
    expect(foresee(20_000, 100, 'redirect')).toMatch(/and a blackout of 100 ms may be needed/);
    expect(foresee(20_000, 100, 'rarp')).toBeUndefined();
  });

  test('after, with how many were lost', () => {
    expect(overflowed(5_000, 150)).toBeUndefined();
    expect(overflowed(undefined, 10_000)).toBeUndefined();
    expect(overflowed(5_000, 250)).toBe(
      "for 250 ms 5000 packets/s went to the destination's queue, which holds 1000: about 250 were lost",
    );
  });
});
