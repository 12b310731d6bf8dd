/** The writer: what fits is written whole, what does not is refused by name and place, and growing loses nothing. */
import { describe, expect, it } from 'vitest';
import {
  encode,
  encodeInto,
  flowMod,
  OpenFlowBadValueError,
  Writer,
} from '../../../controller/openflow/index.ts';
import { fieldByName } from '../../../controller/openflow/fields.ts';

const hexOf = (w: Writer) => Buffer.from(w.written()).toString('hex');

/** A writer in which every byte that is not written shows. */
function dirty(capacity: number): Writer {
  const w = new Writer(capacity);
  w.bytes.fill(0xa5);
  return w;
}

const numbers = ['u8', 'u16', 'u32', 'u48'] as const;
const bigints = ['u64', 'u128'] as const;

describe('numbers', () => {
  it.each([
    ['u8', 0, '00'],
    ['u8', 0xff, 'ff'],
    ['u16', 0x0102, '0102'],
    ['u16', 0xffff, 'ffff'],
    ['u32', 0x01020304, '01020304'],
    ['u32', 0xffffffff, 'ffffffff'],
    ['u48', 0x010203040506, '010203040506'],
    ['u48', 0xffffffffffff, 'ffffffffffff'],
  ] as const)('%s writes %d as %s', (method, value, hex) => {
    const w = dirty(64);
    w[method](value, 'it');
    expect(hexOf(w)).toBe(hex);
  });

  it.each(
    numbers.flatMap((method) =>
      [-1, 0.5, NaN, Infinity, 2 ** Number(method.slice(1))].map((v) => [method, v] as const),
    ),
  )('%s refuses %d', (method, value) => {
    const w = new Writer(64);
    w.zeros(3);
    expect(() => w[method](value, 'it')).toThrow(
      expect.objectContaining({ code: 'OPENFLOW_BAD_VALUE', what: 'it', offset: 3 }),
    );
  });

  it.each([
    ['u64', 0n, '0000000000000000'],
    ['u64', 0x0102030405060708n, '0102030405060708'],
    ['u64', 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['u128', 0x0102030405060708090a0b0c0d0e0f10n, '0102030405060708090a0b0c0d0e0f10'],
    ['u128', 2n ** 128n - 1n, 'ff'.repeat(16)],
  ] as const)('%s writes %d as %s', (method, value, hex) => {
    const w = dirty(64);
    w[method](value, 'it');
    expect(hexOf(w)).toBe(hex);
  });

  it.each(
    bigints.flatMap((method) =>
      [-1n, 2n ** BigInt(method.slice(1)), 7 as unknown as bigint].map((v) => [method, v] as const),
    ),
  )('%s refuses %d', (method, value) =>
    expect(() => new Writer(64)[method](value, 'it')).toThrow(OpenFlowBadValueError),
  );
});

describe('values of fields', () => {
  const widths = ['nw_proto', 'eth_type', 'pbb_isid', 'in_port', 'eth_dst', 'nsh_ttl', 'nsh_c1'] as const;

  it.each(
    widths.flatMap((name) => [-1, 0.5, NaN, 256 ** fieldByName(name).length].map((v) => [name, v] as const)),
  )('of %s: %d is refused, also as a mask', (name, value) => {
    const field = fieldByName(name);
    for (const entry of [
      { field, value },
      { field, value: 0, mask: value },
    ]) {
      expect(() => encode(flowMod({ match: [entry] }))).toThrow(OpenFlowBadValueError);
    }
  });

  it.each(widths)('of %s: the highest is written whole', (name) => {
    const field = fieldByName(name);
    const w = dirty(256);
    encodeInto(w, flowMod({ match: [{ field, value: 256 ** field.length - 1 }] }));
    const start = 8 + 40 + 4 + (field.header & 0xff) + 4 - field.length;
    expect(hexOf(w).slice(start * 2, (start + field.length) * 2)).toBe('ff'.repeat(field.length));
    expect(hexOf(w).slice((start + field.length) * 2)).toMatch(/^(00){0,7}$/);
  });
});

describe('growing', () => {
  it('keeps what is written, from any capacity', () => {
    const fill = (w: Writer) => {
      w.u8(1, 'it');
      w.u48(2, 'it');
      w.zeros(13);
      w.u64(3n, 'it');
      w.raw(Uint8Array.of(4, 5, 6));
      w.pad8(0);
      w.u16(7, 'it');
      return hexOf(w);
    };
    const wanted = fill(dirty(256));
    expect(wanted).toBe(`01000000000002${'00'.repeat(13)}0000000000000003040506000007`);
    for (let capacity = 0; capacity < 64; capacity++) expect(fill(dirty(capacity))).toBe(wanted);
  });
});
