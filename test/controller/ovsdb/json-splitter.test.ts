import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OvsdbFramingError } from '../../../controller/ovsdb/errors.ts';
import { JsonSplitter, type SplitterLimits } from '../../../controller/ovsdb/json-splitter.ts';

function split(bytes: Uint8Array, cuts: readonly number[], limits?: SplitterLimits): unknown[] {
  const splitter = new JsonSplitter(limits);
  const values: unknown[] = [];
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    splitter.push(bytes.subarray(start, end), (value) => values.push(value));
    start = end;
  }
  return values;
}

const awkward = fc.constantFrom('{', '}', '[', ']', '"', '\\', '\\"', 'é', '日本', '𝄞', '\u0000', '{"a":[');
const text = fc
  .array(fc.oneof(awkward, fc.string({ unit: 'grapheme' })), { maxLength: 6 })
  .map((parts) => parts.join(''));
const message = fc.dictionary(
  text,
  fc.oneof(text, fc.integer(), fc.array(text), fc.dictionary(text, text), fc.constant(null)),
  {
    noNullPrototype: true,
  },
);

describe('the JSON splitter', () => {
  test('finds the same texts wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(message),
        fc.array(fc.nat()),
        fc.constantFrom('', ' ', '\n', '\r\n\t'),
        (messages, cuts, gap) => {
          const bytes = Buffer.from(messages.map((value) => JSON.stringify(value)).join(gap) + gap);
          expect(split(bytes, cuts)).toEqual(messages);
        },
      ),
    );
  });

  test('finds them byte by byte', () => {
    const value = { clé: 'quote " backslash \\ brace } 日本 𝄞', a: [{ b: [[]] }] };
    const bytes = Buffer.from(JSON.stringify(value) + JSON.stringify({}));
    expect(split(bytes, [...bytes.keys()])).toEqual([value, {}]);
  });

  test('holds no more than what has arrived, and lets it go', () => {
    const splitter = new JsonSplitter();
    const none = () => expect.unreachable();
    splitter.push(Buffer.from('{"a":"'), none);
    splitter.push(Buffer.alloc(5000, 0x78), none);
    expect(splitter.pending).toBe(5006);
    splitter.push(Buffer.from('"}'), (value) => expect(value).toEqual({ a: 'x'.repeat(5000) }));
    expect(splitter.pending).toBe(0);
  });

  const small = { maxBytes: 20, maxDepth: 3 };
  test.each([
    ['garbage', 'HTTP/1.1 400 Bad Request', /byte 0x48/],
    ['an array', '[1]', /byte 0x5b/],
    ['a close without an open', '}', /byte 0x7d/],
    ['garbage between two texts', '{},{}', /byte 0x2c/],
    ['mismatched brackets', '{]', /no JSON/],
    ['broken JSON', '{"a":}', /no JSON/],
    ['a raw line feed in a string', '{"a":"\n"}', /no JSON/],
    ['what is too deep', '{"a":[[[1]]]}', /deeper than 3/],
    ['what is too long', `{"a":"${'x'.repeat(20)}"}`, /28 bytes or more and 20/],
    ['what is too long and never ends', `{"a":"${'x'.repeat(20)}`, /and 20 are allowed/],
  ])('refuses %s', (_, json, why) => {
    const bytes = Buffer.from(json);
    expect(() => split(bytes, [], small)).toThrow(why);
    expect(() => split(bytes, [...bytes.keys()], small)).toThrow(OvsdbFramingError);
  });

  test('refuses what is no UTF-8', () => {
    expect(() => split(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), [])).toThrow(/not UTF-8/);
    // Cut inside of a character, and then not continued.
    expect(() => split(Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x3a, 0x31, 0x7d]), [3])).toThrow(/not UTF-8/);
  });

  test('any bytes end in texts, in an error, or in waiting', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.array(fc.nat()), (bytes, cuts) => {
        try {
          split(bytes, cuts);
        } catch (error) {
          expect(error).toBeInstanceOf(OvsdbFramingError);
        }
      }),
    );
  });
});
