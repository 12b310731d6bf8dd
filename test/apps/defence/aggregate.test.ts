/**
 * Aggregation: what is listed stays covered, what is allowed stays out, and no prefix covers more than it may.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregate, formatSource, mergeNeighbours, parseSource } from '../../../apps/defence/aggregate.ts';
import { bitsOf, contains, overlap, type Prefix, type Version } from '../../../controller/network/address.ts';

const prefix = (text: string): Prefix => parseSource(text)!;
const ALL = { share: 1, shortest: { 4: 0, 6: 0 }, allowed: [] } as const;

const aggregated = (sources: readonly string[], options: Partial<Parameters<typeof aggregate>[1]> = {}) =>
  aggregate(sources.map(prefix), { ...ALL, ...options }).map(formatSource);

describe('whole prefixes only', () => {
  test.each([
    [['10.0.0.0', '10.0.0.1'], ['10.0.0.0/31']],
    [
      ['10.0.0.1', '10.0.0.2'],
      ['10.0.0.1', '10.0.0.2'],
    ],
    [['10.0.0.0/25', '10.0.0.128/25'], ['10.0.0.0/24']],
    [
      ['10.0.0.0', '10.0.0.1', '10.0.0.2'],
      ['10.0.0.0/31', '10.0.0.2'],
    ],
    [['10.0.0.0/24', '10.0.0.7'], ['10.0.0.0/24']],
    [
      ['2001:db8::', '2001:db8::1', '10.0.0.1'],
      ['10.0.0.1', '2001:db8::/127'],
    ],
    [['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0/0']],
    [[], []],
  ])('%j → %j', (sources, expected) => {
    expect(aggregated(sources)).toEqual(expected);
  });

  test('neighbours of one /24 are merged, wherever they stand in the list', () => {
    expect(mergeNeighbours(['10.0.0.1', '10.9.0.1', '10.0.0.0']).toSorted()).toEqual([
      '10.0.0.0/31',
      '10.9.0.1',
    ]);
  });
});

describe('with a share', () => {
  test('a prefix takes the place of what fills enough of it', () => {
    const half = Array.from({ length: 128 }, (_, i) => `10.0.0.${i * 2}`);
    expect(aggregated(half, { share: 0.5 })).toEqual(['10.0.0.0/24']);
    expect(aggregated(half, { share: 0.51 })).toEqual(half);
  });

  test('none is shorter than it may be', () => {
    const both = ['10.0.0.0/24', '10.0.1.0/24'];
    expect(aggregated(both, { shortest: { 4: 24, 6: 48 } })).toEqual(both);
  });

  test('none covers an allowed address', () => {
    const half = ['10.0.0.0', '10.0.0.1', '10.0.0.3'];
    expect(aggregated(half, { share: 0.5, allowed: [prefix('10.0.0.2')] })).toEqual([
      '10.0.0.0/31',
      '10.0.0.3',
    ]);
  });
});

/** Close together, so that there is something to merge. */
const anyPrefix = fc.oneof(
  near(4, 0x0a00_0000n, 10),
  near(6, 0x2001_0db8_0000_0000_0000_0000_0000_0000n, 10),
);

function near(version: Version, base: bigint, spread: number): fc.Arbitrary<Prefix> {
  return fc.tuple(fc.bigInt(0n, (1n << BigInt(spread)) - 1n), fc.nat(3)).map(([offset, wider]) => {
    const value = ((base + offset) >> BigInt(wider)) << BigInt(wider);
    return { version, value, length: bitsOf(version) - wider };
  });
}

test('for any list: all listed is covered, nothing allowed is, every prefix is full enough, none overlap', () => {
  fc.assert(
    fc.property(
      fc.array(anyPrefix, { maxLength: 60 }),
      fc.array(anyPrefix, { maxLength: 5 }),
      fc.constantFrom(0.3, 0.5, 0.75, 1),
      (prefixes, allowances, share) => {
        const listed = prefixes.filter((one) => !allowances.some((other) => overlap(one, other)));
        const result = aggregate(listed, { share, shortest: { 4: 16, 6: 48 }, allowed: allowances });
        for (const one of listed) {
          expect(result.some((outer) => contains(outer, one) && outer.length <= one.length)).toBe(true);
        }
        for (const outer of result) {
          expect(allowances.some((one) => overlap(one, outer))).toBe(false);
          expect(covered(listed, outer)).toBeGreaterThanOrEqual(share);
        }
        for (const [i, one] of result.entries()) {
          expect(result.some((other, j) => i !== j && overlap(one, other))).toBe(false);
        }
      },
    ),
  );
});

/** The share of a prefix that is listed, counted address by address. */
function covered(listed: readonly Prefix[], outer: Prefix): number {
  const size = 1n << BigInt(bitsOf(outer.version) - outer.length);
  let count = 0;
  for (let i = 0n; i < size; i++) {
    const address = { version: outer.version, value: outer.value + i };
    if (listed.some((one) => contains(one, address))) count++;
  }
  return count / Number(size);
}
