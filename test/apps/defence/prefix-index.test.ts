import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PrefixIndex } from '../../../apps/defence/prefix-index.ts';
import { bitsOf, overlap, parsePrefix, type Prefix } from '../../../controller/network/address.ts';

/** Few networks, so that many overlap. */
const anyPrefix = fc
  .record({
    version: fc.constantFrom(4, 6),
    network: fc.bigInt(0n, 7n),
    length: fc.integer({ min: 0, max: 32 }),
  })
  .map(({ version, network, length }): Prefix => {
    const bits = bitsOf(version);
    const host = BigInt(bits - length);
    return { version, length, value: ((network << BigInt(bits - 4)) >> host) << host };
  });

describe('an index of prefixes', () => {
  test('finds one that overlaps exactly when there is one', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 20 }), anyPrefix, (prefixes, asked) => {
        const index = new PrefixIndex(prefixes.map((prefix) => ({ prefix })));
        const found = index.overlapping(asked);
        expect(found !== undefined).toBe(prefixes.some((prefix) => overlap(prefix, asked)));
        if (found !== undefined) expect(overlap(found.prefix, asked)).toBe(true);
      }),
    );
  });

  test('finds the one around a prefix, the one within it, and none of the other family', () => {
    const index = new PrefixIndex(
      ['203.0.113.0/24', '198.51.100.7/32', '2001:db8::/32'].map((text) => ({
        prefix: parsePrefix(text)!,
        text,
      })),
    );
    const found = (text: string): string | undefined => index.overlapping(parsePrefix(text)!)?.text;
    expect(found('203.0.113.9/32')).toBe('203.0.113.0/24');
    expect(found('198.51.100.0/24')).toBe('198.51.100.7/32');
    expect(found('2001:db8:1::/48')).toBe('2001:db8::/32');
    expect(found('203.0.112.0/24')).toBeUndefined();
    expect(found('::/128')).toBeUndefined();
  });
});
