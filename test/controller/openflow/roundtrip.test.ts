/** For every input that decodes, encoding gives the same bytes: messages made up, and real ones damaged. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  encodeInto,
  fromJson,
  OpenFlowBadLengthError,
  OpenFlowBadValueError,
  OpenFlowError,
  toJson,
  Writer,
  type Message,
} from '../../../controller/openflow/index.ts';
import { anyFlowMod, anyMessage } from './arbitrary.ts';
import type { Fixture } from './fixture.ts';

const fixtures = JSON.parse(
  readFileSync(new URL('fixtures/ovs-ofctl.json', import.meta.url), 'utf8'),
) as Fixture[];
const golden = fixtures.flatMap(({ messages }) =>
  messages.map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex'))),
);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The bytes of a message, or undefined where it holds what the wire cannot carry. */
function tryEncode(message: Message): Uint8Array | undefined {
  try {
    const writer = new Writer(64);
    writer.bytes.fill(0xa5);
    encodeInto(writer, message);
    return writer.written();
  } catch (error) {
    if (error instanceof OpenFlowBadValueError || error instanceof OpenFlowBadLengthError) return undefined;
    throw error;
  }
}

/** Compares before it formats: this runs some hundred thousand times. */
function expectSame(got: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(got, wanted) !== 0) expect(hexOf(got)).toBe(hexOf(wanted));
}

/** Decodes and encodes; a named error is as good as the same bytes. */
function checkIdentity(bytes: Uint8Array): 'same' | 'refused' {
  let message: Message;
  try {
    message = decode(bytes);
  } catch (error) {
    if (error instanceof OpenFlowError) return 'refused';
    throw error;
  }
  expectSame(encode(message), bytes);
  expectSame(encode(fromJson(toJson(message))), bytes);
  return 'same';
}

const PATIENCE = { timeout: 60_000 };

describe('decoding and encoding', PATIENCE, () => {
  it('are inverse for messages made up', () => {
    let carried = 0;
    let total = 0;
    fc.assert(
      fc.property(anyMessage, (message) => {
        total++;
        const bytes = tryEncode(message);
        if (bytes === undefined) return;
        carried++;
        const json = toJson(message);
        expect(toJson(fromJson(JSON.parse(JSON.stringify(json))))).toEqual(json);
        checkIdentity(bytes);
      }),
      { numRuns: 4000 },
    );
    expect(carried / total).toBeGreaterThan(0.6);
  });

  it('keep everything that is in a flow-mod', () => {
    // What is absent and what is false are the same on the wire.
    const plain = (message: Message) =>
      JSON.parse(JSON.stringify(toJson(message)), (key, value: unknown) =>
        key === 'pause' && value === false ? undefined : value,
      ) as unknown;
    let carried = 0;
    fc.assert(
      fc.property(anyFlowMod, (mod) => {
        const bytes = tryEncode(mod);
        if (bytes === undefined) return;
        carried++;
        expect(plain(decode(bytes))).toEqual(plain({ ...mod, xid: mod.xid ?? 0 }));
        checkIdentity(bytes);
      }),
      { numRuns: 5000 },
    );
    expect(carried).toBeGreaterThan(2500);
  });

  it('are inverse for OVS’s messages with bytes changed, or refuse them by name', () => {
    const outcomes = { same: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...golden),
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (original, changes) => {
          const bytes = Uint8Array.from(original);
          for (const [at, value] of changes) bytes[8 + (at % Math.max(1, bytes.length - 8))] = value;
          outcomes[checkIdentity(bytes)]++;
        },
      ),
      { numRuns: 20_000 },
    );
    expect(outcomes.same).toBeGreaterThan(5000);
    expect(outcomes.refused).toBeGreaterThan(500);
  });

  it('are inverse for every single bit flipped behind the header, or refuse by name', () => {
    for (const original of golden) {
      const bytes = Uint8Array.from(original);
      for (let bit = 64; bit < bytes.length * 8; bit += 7) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        checkIdentity(bytes);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
  });

  it('are inverse for random bodies behind every type, or refuse by name', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.uint8Array({ maxLength: 80 }), (type, body) => {
        const bytes = new Uint8Array(8 + body.length);
        bytes.set([6, type, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 7]);
        bytes.set(body, 8);
        checkIdentity(bytes);
      }),
      { numRuns: 20_000 },
    );
  });

  it('share no memory with what was read', () => {
    const bytes = Uint8Array.from([6, 2, 0, 12, 0, 0, 0, 1, 1, 2, 3, 4]);
    const message = decode(bytes);
    bytes.fill(0xa5);
    expect(toJson(message)).toEqual({ type: 'echo_request', xid: 1, data: '01020304' });
  });
});

describe('golden messages', PATIENCE, () => {
  it('are refused by name when cut anywhere', () => {
    for (const original of golden) {
      for (let length = 0; length < original.length; length++) {
        const cut = Uint8Array.from(original.subarray(0, length));
        expect(() => decode(cut)).toThrow(OpenFlowError);
        if (length < 8) continue;
        cut[2] = length >> 8;
        cut[3] = length & 255;
        checkIdentity(cut);
      }
    }
  });
});
