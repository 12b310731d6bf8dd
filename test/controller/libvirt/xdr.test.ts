import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { XdrLengthError, XdrTruncatedError, XdrValueError } from '../../../controller/libvirt/errors.ts';
import { XdrReader, XdrWriter } from '../../../controller/libvirt/xdr.ts';

const MAX = 1_000;

function written(write: (writer: XdrWriter) => void): Buffer {
  const writer = new XdrWriter(1);
  write(writer);
  return writer.take();
}

function reader(hex: string): XdrReader {
  return new XdrReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 'a test');
}

describe('XDR pairs', () => {
  const pairs: {
    what: string;
    hex: string;
    value: unknown;
    write: (writer: XdrWriter) => void;
    read: (reader: XdrReader) => unknown;
  }[] = [
    { what: 'int', hex: 'fffffffe', value: -2, write: (w) => w.int(-2), read: (r) => r.int() },
    {
      what: 'uint',
      hex: 'fffffffe',
      value: 4_294_967_294,
      write: (w) => w.uint(4_294_967_294),
      read: (r) => r.uint(),
    },
    {
      what: 'hyper',
      hex: 'ffffffffffffffff',
      value: -1n,
      write: (w) => w.hyper(-1n),
      read: (r) => r.hyper(),
    },
    {
      what: 'unsigned hyper',
      hex: 'ffffffffffffffff',
      value: 0xffff_ffff_ffff_ffffn,
      write: (w) => w.uhyper(0xffff_ffff_ffff_ffffn),
      read: (r) => r.uhyper(),
    },
    {
      what: 'hyper as a number',
      hex: 'ffffffffffffffff',
      value: -1,
      write: (w) => w.hyper(-1n),
      read: (r) => r.hyperNumber(),
    },
    {
      what: 'unsigned hyper as a number',
      hex: '001fffffffffffff',
      value: Number.MAX_SAFE_INTEGER,
      write: (w) => w.uhyper(BigInt(Number.MAX_SAFE_INTEGER)),
      read: (r) => r.uhyperNumber(),
    },
    {
      what: 'double',
      hex: '3ff8000000000000',
      value: 1.5,
      write: (w) => w.double(1.5),
      read: (r) => r.double(),
    },
    { what: 'true', hex: '00000001', value: true, write: (w) => w.bool(true), read: (r) => r.bool() },
    {
      what: 'string with padding',
      hex: '00000005 68c3a9793d000000',
      value: 'héy=',
      write: (w) => w.string('héy=', MAX),
      read: (r) => r.string(MAX),
    },
    {
      what: 'empty string',
      hex: '00000000',
      value: '',
      write: (w) => w.string('', MAX),
      read: (r) => r.string(MAX),
    },
    {
      what: 'absent string',
      hex: '00000000',
      value: undefined,
      write: (w) => w.optional(undefined, () => undefined),
      read: (r) => r.optional((x) => x.string(MAX)),
    },
    {
      what: 'array',
      hex: '00000002 00000007 00000008',
      value: [7, 8],
      write: (w) => w.array([7, 8], MAX, (x, v) => x.int(v)),
      read: (r) => r.array(MAX, (x) => x.int()),
    },
  ];

  for (const { what, hex, value, write, read } of pairs) {
    it(`writes ${what}`, () => expect(written(write).toString('hex')).toBe(hex.replaceAll(' ', '')));
    it(`reads ${what}`, () => {
      const r = reader(hex);
      expect(read(r)).toEqual(value);
      r.end();
    });
    it(`refuses ${what} cut short`, () => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      for (let length = 0; length < bytes.length; length += 1) {
        const r = new XdrReader(bytes.subarray(0, length), 'a test');
        expect(() => read(r)).toThrow(XdrTruncatedError);
      }
    });
  }
});

describe('XDR that lies', () => {
  it('refuses a string longer than the protocol allows before it looks for its bytes', () => {
    expect(() => reader('7fffffff').string(4_194_304)).toThrow(XdrLengthError);
  });

  it('refuses an array of more items than bytes are left, without reading one', () => {
    let read = 0;
    const lie = (): unknown => reader('00004000 00000001').array(16_384, () => (read += 1));
    expect(lie).toThrow(XdrTruncatedError);
    expect(read).toBe(0);
  });

  it('refuses a boolean that is neither', () =>
    expect(() => reader('00000002').bool()).toThrow(XdrValueError));

  it('refuses padding that is not zero', () => {
    expect(() => reader('00000001 61000001').string(MAX)).toThrow(XdrValueError);
  });

  it('refuses what follows the last value', () => {
    const r = reader('00000001 00000002');
    r.int();
    expect(() => r.end()).toThrow('4 bytes follow the last value');
  });

  it('refuses to write what the protocol does not allow', () => {
    expect(() => written((w) => w.string('abc', 2))).toThrow(XdrLengthError);
    expect(() => written((w) => w.array([1, 2, 3], 2, (x, v) => x.int(v)))).toThrow(XdrLengthError);
  });
});

describe('XDR of anything', () => {
  it('reads back what it wrote, from a buffer that held other things before', () => {
    const dirty = new XdrWriter(1);
    dirty.fixedOpaque(new Uint8Array(2_048).fill(0xa5));
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.string({ unit: 'grapheme' }),
            fc.uint8Array({ maxLength: 64 }),
            fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          ),
        ),
        (values) => {
          dirty.reset();
          dirty.array(values, MAX, (w, [text, bytes, number]) => {
            w.string(text, MAX);
            w.opaque(bytes, MAX);
            w.uhyper(number);
          });
          const r = new XdrReader(dirty.take(), 'a test');
          const back = r.array(MAX, (x) => [x.string(MAX), Uint8Array.from(x.opaque(MAX)), x.uhyper()]);
          r.end();
          expect(back).toEqual(values);
        },
      ),
    );
  });

  it('takes any bytes for a value or for a named error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
        try {
          const r = new XdrReader(bytes, 'a test');
          r.array(16_384, (x) => [x.string(4_194_304), x.optional((y) => y.uhyper()), x.bool()]);
          r.end();
        } catch (error) {
          expect(
            [XdrTruncatedError, XdrLengthError, XdrValueError].some((known) => error instanceof known),
          ).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
