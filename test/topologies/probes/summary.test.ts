import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PATTERN_LENGTH, pattern } from '../../../topologies/probes/pattern.ts';
import { Silence, Tally, median } from '../../../topologies/probes/summary.ts';

describe('a tally', () => {
  it('counts what was lost, what came twice and what was overtaken', () => {
    const tally = new Tally();
    for (let n = 0; n < 5; n++) expect(tally.send(n * 10)).toBe(n);
    expect(tally.receive(0, 20)).toBe(true);
    tally.receive(2, 40);
    tally.receive(1, 41);
    tally.receive(2, 42);
    tally.receive(3, 100);
    expect(tally.receive(9, 101)).toBe(false);
    expect(tally.count()).toEqual({
      sent: 5,
      received: 4,
      lost: 1,
      duplicated: 1,
      reordered: 1,
      gapMs: 58,
      gapFrom: 42,
      rttMs: 25.5,
    });
    expect([...tally.missing()]).toEqual([{ n: 4, sent: 40, received: null }]);
    expect(tally.answeredSince(30)).toBe(true);
    expect(tally.answeredSince(31)).toBe(false);
  });

  it('is silent from the last arrival to the end of sending', () => {
    const tally = new Tally();
    for (let n = 0; n <= 100; n++) tally.send(n * 10);
    tally.receive(0, 20);
    expect(tally.count()).toMatchObject({ gapMs: 980, gapFrom: 20 });
  });

  it('without any answer is silent from the first message on', () => {
    const tally = new Tally();
    tally.send(100);
    tally.send(400);
    expect(tally.count()).toMatchObject({
      sent: 2,
      received: 0,
      lost: 2,
      gapMs: 300,
      gapFrom: 100,
      rttMs: null,
    });
  });

  it('counts each message as received or lost, whatever comes back in whatever order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 60 })),
        (sent, answers) => {
          const tally = new Tally();
          for (let n = 0; n < sent; n++) tally.send(n);
          const known = answers.filter((n) => n < sent);
          answers.forEach((n, i) => expect(tally.receive(n, 100 + i)).toBe(n < sent));
          const count = tally.count();
          expect(count.received + count.lost).toBe(sent);
          expect(count.received).toBe(new Set(known).size);
          expect(count.duplicated).toBe(known.length - new Set(known).size);
          expect([...tally.missing()]).toHaveLength(count.lost);
        },
      ),
    );
  });
});

it('silence is the longest time between two arrivals', () => {
  const silence = new Silence();
  for (const at of [10, 12, 50, 60]) silence.arrival(at);
  expect(silence.end(70, 0)).toEqual({ gapMs: 38, gapFrom: 12 });
});

it('the median is in the middle', () => {
  expect(median([])).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('the pattern is the same each time, and looks like no shift of itself', () => {
  const bytes = pattern();
  expect(bytes).toHaveLength(PATTERN_LENGTH);
  expect(pattern().equals(bytes)).toBe(true);
  for (const shift of [1, 1448, 65536, 524288]) {
    const same = bytes.subarray(shift).reduce((sum, byte, i) => sum + Number(byte === bytes[i]), 0);
    expect(same / (PATTERN_LENGTH - shift)).toBeLessThan(0.01);
  }
});
