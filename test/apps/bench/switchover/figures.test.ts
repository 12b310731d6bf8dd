import { describe, expect, test } from 'vitest';
import { figuresOf, networkMs, rowsOf, type Run, spread } from '../../../../apps/bench/switchover/figures.ts';

const request = (n: number, at: number) => ({ n, at, toGuest: true });
const answer = (n: number, at: number) => ({ n, at, toGuest: false });

const none: ReadonlySet<number> = new Set();

describe('networkMs', () => {
  test('is 0 when a request waited on the TAP and was answered there', () => {
    expect(networkMs([request(1, 90), answer(1, 130)], 100, none)).toBe(0);
  });

  test('counts from RESUME to the first request that is answered, not to one that is lost', () => {
    expect(networkMs([request(1, 90), request(2, 103), answer(2, 130)], 100, none)).toBe(3);
  });

  test('takes no answer from before RESUME, and none that came before its request', () => {
    expect(networkMs([request(1, 80), answer(1, 85), request(2, 107), answer(2, 108)], 100, none)).toBe(7);
    expect(networkMs([answer(5, 101), request(5, 102)], 100, none)).toBeNull();
  });

  test('takes no copy of what the guest had answered at the source', () => {
    const tap = [request(1, 90), request(2, 104), answer(1, 120), answer(2, 121)];
    expect(networkMs(tap, 100, new Set([1]))).toBe(4);
  });
});

test('the figures of a migration', () => {
  const observation = (n: number, received: number | null) => ({ n, sent: n, received });
  const later = Array.from({ length: 20 }, (_, i) => observation(100 + i, 200 + 40 * i));
  expect(
    figuresOf({
      stoppedAt: 100,
      resumedAt: 150,
      copyMs: 5_000,
      tap: [request(1, 120), answer(1, 160)],
      udp: [
        observation(0, 98),
        { n: 2, sent: 60, received: null },
        { n: 3, sent: 40, received: null },
        observation(1, 170),
        ...later,
      ],
      tcp: [observation(0, 99), observation(1, 180), ...later],
      lost: 2,
      overrun: 1,
      duplicated: 2,
      reordered: 3,
    }),
  ).toEqual({
    blackoutMs: 50,
    copyMs: 5_000,
    networkMs: 0,
    gapMs: 72,
    gapMinusBlackoutMs: 22,
    tcpGapMinusBlackoutMs: 31,
    lost: 2,
    lostAtSwitchover: 1,
    overrun: 1,
    duplicated: 2,
    reordered: 3,
  });
});

test('percentiles are of the nearest rank', () => {
  expect(spread(Array.from({ length: 20 }, (_, i) => 20 - i))).toEqual({ p50: 10, p95: 19, max: 20 });
  expect(spread([7])).toEqual({ p50: 7, p95: 7, max: 7 });
});

test('a row sums what was lost, and leaves out what was not seen', () => {
  const run = (networkMs: number | null, lost: number): Run => ({
    strategy: 'redirect',
    rate: 500,
    warning: null,
    blackoutMs: 50,
    copyMs: 5_000,
    networkMs,
    gapMs: 80,
    gapMinusBlackoutMs: 30,
    tcpGapMinusBlackoutMs: 40,
    lost,
    lostAtSwitchover: 0,
    overrun: lost,
    duplicated: 0,
    reordered: 0,
  });
  expect(rowsOf([run(0, 1), run(null, 2), { ...run(3, 0), strategy: 'mac-learning' }])).toMatchObject([
    { strategy: 'mac-learning', rate: 500, runs: 1, lost: 0 },
    { strategy: 'redirect', rate: 500, runs: 2, lost: 3, overrun: 3, networkMs: { p50: 0, max: 0 } },
  ]);
});
