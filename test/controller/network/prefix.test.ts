import { expect, test } from 'vitest';
import { contains } from '../../../controller/network/prefix.ts';

test.each([
  ['10.1.0.0/24', '10.1.0.255', true],
  ['10.1.0.0/24', '10.1.1.0', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['10.1.0.7/32', '10.1.0.7', true],
  ['2001:db8:1::/64', '2001:db8:1::ffff', true],
  ['2001:db8:1::/64', '2001:db8:1:1::', false],
  ['::/0', '10.1.0.1', false],
  ['10.1.0.0/24', '::ffff:10.1.0.1', false],
] as const)('%s contains %s: %s', (prefix, address, expected) => {
  expect(contains(prefix, address)).toBe(expected);
});
