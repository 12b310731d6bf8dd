import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ones } from '../../../apps/routing/checksum.ts';

/** The words of RFC 1071, section 3, and their sum. */
const RFC_1071 = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);

test('the example of RFC 1071', () => {
  expect(ones(RFC_1071, 0, 8)).toBe(0xddf2);
});

test('an odd last byte is the high half of a word', () => {
  expect(ones(Uint8Array.of(0x12, 0x34, 0x56), 0, 3)).toBe(0x1234 + 0x5600);
});

test('a range, continuing from a sum', () => {
  expect(ones(RFC_1071, 2, 4, ones(RFC_1071, 0, 2))).toBe(ones(RFC_1071, 0, 6));
});

test('a sum that carries twice is folded twice', () => {
  expect(ones(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x00, 0x01), 0, 6)).toBe(1);
});

test('with its checksum in it, data sum up to all ones', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 3000 }), (data) => {
      data.fill(0, 0, 2);
      const sum = ~ones(data, 0, data.length) & 0xffff;
      data[0] = sum >> 8;
      data[1] = sum & 0xff;
      expect(ones(data, 0, data.length)).toBe(0xffff);
    }),
  );
});
