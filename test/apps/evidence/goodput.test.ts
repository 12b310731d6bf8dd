import { expect, test } from 'vitest';
import { backAt, goodput, goodputOverTime, receiptOf, type Receipt } from '../../../apps/evidence/goodput.ts';

/** 1,000 bytes every 10 ms, but for a silence. */
const receipts = (from: number, to: number, silentFrom: number, silentTo: number): Receipt[] =>
  Array.from({ length: (to - from) / 10 }, (_, i) => ({ ms: from + i * 10, bytes: 1_000 })).filter(
    ({ ms }) => ms < silentFrom || ms >= silentTo,
  );

test('what a probe notes: a download, a message, a request, and what is nothing of them', () => {
  expect(receiptOf('{"received":1500.5,"offset":9,"bytes":1448}', 1_000)).toEqual({ ms: 500.5, bytes: 1448 });
  expect(receiptOf('{"n":3,"sent":1490,"received":1500}', 1_000)).toEqual({ ms: 500, bytes: 16 });
  for (const line of ['{"n":3,"sent":1490,"received":null}', '', '{"n":3,"se', 'null', '7']) {
    expect(receiptOf(line, 0)).toBeUndefined();
  }
});

test('bits per second within a time, its end not included', () => {
  const all = receipts(0, 1_000, 0, 0);
  expect(goodput(all, 0, 1_000)).toBe(800_000);
  expect(goodput(all, 500, 510)).toBe(800_000);
  expect(goodput(all, 2_000, 3_000)).toBe(0);
  expect(goodput(all, 5, 5)).toBeNull();
  expect(goodputOverTime(receipts(0, 300, 100, 200), 0, 300, 100)).toEqual([
    { ms: 0, bitsPerSecond: 800_000 },
    { ms: 100, bitsPerSecond: 0 },
    { ms: 200, bitsPerSecond: 800_000 },
  ]);
});

test('it is back when a whole second has 95 % of what was before', () => {
  const all = receipts(0, 6_000, 2_000, 3_000);
  expect(backAt(all, 800_000, 2_000, 6_000)).toBe(2_950);
  expect(backAt(all, 800_000, 2_000, 3_900)).toBeNull();
  expect(backAt(all, 800_000, 3_500, 6_000)).toBe(3_500);
});
