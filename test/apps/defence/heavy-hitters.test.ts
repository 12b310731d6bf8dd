/** The bounds that heavy hitters and distinct counts promise, on streams of any kind. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DistinctCounter } from '../../../apps/defence/distinct.ts';
import { HeavyHitters } from '../../../apps/defence/heavy-hitters.ts';
import { hashOf } from '../../../apps/defence/source.ts';

/** Keys that differ in how often they come, in any order. */
const stream = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1_000 })), {
  maxLength: 2_000,
});

describe('heavy hitters', () => {
  test('a count is never too low, and too high by no more than its error', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 64 }), (keys, capacity) => {
        const { found, truth } = counted(keys, capacity);
        for (const { key, count, error } of found) {
          expect(count).toBeGreaterThanOrEqual(truth.get(key)!);
          expect(count - error).toBeLessThanOrEqual(truth.get(key)!);
        }
      }),
    );
  });

  test('no error is above n / capacity, and every key with more than that is there', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 1, max: 64 }), (keys, capacity) => {
        const { found, truth } = counted(keys, capacity);
        for (const { error } of found) expect(error).toBeLessThanOrEqual(keys.length / capacity);
        const there = new Set(found.map(({ key }) => key));
        for (const [key, count] of truth) if (count > keys.length / capacity) expect(there).toContain(key);
      }),
    );
  });

  test('memory is fixed, whatever the number of keys', () => {
    const hitters = new HeavyHitters<number>(512);
    for (let key = 0; key < 200_000; key++) hitters.add(key);
    expect([...hitters]).toHaveLength(512);
    expect(hitters.total).toBe(200_000);
  });

  test('one heavy source stands out of 100,000 forged ones', () => {
    const hitters = new HeavyHitters<number>(512);
    for (let i = 0; i < 100_000; i++) hitters.add(i % 10 === 0 ? -1 : i);
    const found = hitters.get(-1)!;
    expect(found.count - found.error).toBeGreaterThan(9_500);
  });

  function counted(keys: readonly number[], capacity: number) {
    const hitters = new HeavyHitters<number>(capacity);
    const truth = new Map<number, number>();
    for (const key of keys) {
      hitters.add(key);
      truth.set(key, (truth.get(key) ?? 0) + 1);
    }
    return { found: [...hitters], truth };
  }
});

describe('how many different ones', () => {
  test.each([1, 10, 200, 2_000, 20_000])('%i addresses, to within 5 %%', (number) => {
    const counter = new DistinctCounter();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < number; i++) counter.add(hashOf(0x0a00_0000 + i * 7));
    }
    expect(Math.abs(counter.estimate - number)).toBeLessThanOrEqual(Math.max(1, number * 0.05));
  });

  test('networks of IPv6, too', () => {
    const counter = new DistinctCounter();
    for (let i = 0n; i < 3_000n; i++) counter.add(hashOf(0x2001_0db8_0000_0000n + i * 65_536n));
    expect(Math.abs(counter.estimate - 3_000)).toBeLessThan(150);
  });

  test('nothing is none', () => expect(new DistinctCounter().estimate).toBe(0));
});
