import fc from 'fast-check';
import { SocketAddress } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  addressAt,
  contains,
  formatAddress,
  formatPrefix,
  isReserved,
  isWithin,
  overlap,
  parseAddress,
  parsePrefix,
} from '../../../controller/network/address.ts';

describe('addresses', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['10.1.0.100', 0x0a010064n],
    ['255.255.255.255', 0xffffffffn],
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8:1::100', 0x20010db8000100000000000000000100n],
    ['::ffff:10.1.0.100', 0xffff0a010064n],
    ['fe80:0:0:0:1:2:3:4', 0xfe800000000000000001000200030004n],
  ])('%s is %s', (text, value) => {
    expect(parseAddress(text)?.value).toBe(value);
  });

  it.each(['', '10.1.0', '10.1.0.256', '10.1.0.1/24', '1::2::3', 'fe80::1%eth0', ' 10.1.0.1', 'localhost'])(
    '%j is no address',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it('formats IPv6 as RFC 5952, section 4, says', () => {
    const formatted = (text: string): string => formatAddress(parseAddress(text)!);
    expect(formatted('2001:0DB8::0001')).toBe('2001:db8::1');
    expect(formatted('2001:db8:0:0:0:0:2:1')).toBe('2001:db8::2:1');
    expect(formatted('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1');
    expect(formatted('2001:0:0:1:0:0:0:1')).toBe('2001:0:0:1::1');
    expect(formatted('2001:db8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1');
  });

  it('reads what it writes, and what it writes is what Node takes for the same address', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n), fc.boolean(), (value, v4) => {
        const address = { version: v4 ? 4 : 6, value: v4 ? value & 0xffffffffn : value } as const;
        const text = formatAddress(address);
        expect(parseAddress(text)).toEqual(address);
        expect(new SocketAddress({ address: text, family: v4 ? 'ipv4' : 'ipv6' }).address).toBeTruthy();
      }),
    );
  });
});

describe('prefixes', () => {
  it('has no host bits', () => {
    expect(formatPrefix(parsePrefix('10.1.0.0/24')!)).toBe('10.1.0.0/24');
    expect(parsePrefix('10.1.0.1/24')).toBeUndefined();
    expect(parsePrefix('10.1.0.0/33')).toBeUndefined();
    expect(parsePrefix('10.1.0.0')).toBeUndefined();
    expect(formatPrefix(parsePrefix('2001:db8::/32')!)).toBe('2001:db8::/32');
  });

  it('contains its addresses, and those of no other version', () => {
    const prefix = parsePrefix('10.1.0.0/24')!;
    expect(contains(prefix, parseAddress('10.1.0.255')!)).toBe(true);
    expect(contains(prefix, parseAddress('10.1.1.0')!)).toBe(false);
    expect(contains(parsePrefix('::/0')!, parseAddress('10.1.0.1')!)).toBe(false);
    expect(formatAddress(addressAt(prefix, 11))).toBe('10.1.0.11');
  });

  it('overlaps what it contains and what contains it', () => {
    const [wide, narrow, other] = ['10.0.0.0/8', '10.1.0.0/24', '11.0.0.0/8'].map((text) =>
      parsePrefix(text)!,
    );
    expect(overlap(wide!, narrow!)).toBe(true);
    expect(overlap(narrow!, wide!)).toBe(true);
    expect(overlap(wide!, other!)).toBe(false);
  });

  it('knows the addresses that no machine can have', () => {
    const reserved = (prefix: string, address: string): boolean =>
      isReserved(parsePrefix(prefix)!, parseAddress(address)!);
    expect(reserved('10.1.0.0/24', '10.1.0.0')).toBe(true);
    expect(reserved('10.1.0.0/24', '10.1.0.255')).toBe(true);
    expect(reserved('10.1.0.0/24', '10.1.0.1')).toBe(false);
    expect(reserved('10.1.0.0/31', '10.1.0.0')).toBe(false);
    expect(reserved('2001:db8::/64', '2001:db8::')).toBe(true);
    expect(reserved('2001:db8::/64', '2001:db8::1')).toBe(false);
  });
});

it.each([
  ['10.1.0.0/24', '10.1.0.255', true],
  ['10.1.0.0/24', '10.1.1.0', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['10.1.0.7/32', '10.1.0.7', true],
  ['2001:db8:1::/64', '2001:db8:1::ffff', true],
  ['2001:db8:1::/64', '2001:db8:1:1::', false],
  ['::/0', '10.1.0.1', false],
  ['10.1.0.0/24', '::ffff:10.1.0.1', false],
  ['10.1.0.0', '10.1.0.0', false],
] as const)('%s contains %s: %s', (prefix, address, expected) => {
  expect(isWithin(prefix, address)).toBe(expected);
});
