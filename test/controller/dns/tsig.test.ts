import { describe, expect, it, test } from 'vitest';
import { lastRecord } from '../../../controller/dns/message.ts';
import { decodeTsig, distrust, sign, type TsigKey } from '../../../controller/dns/tsig.ts';
import { recorded, sha256Key, sha512Key } from './recorded.ts';

/** As it was before it was signed. */
function unsigned(signed: Buffer): Buffer {
  const bytes = Buffer.from(signed.subarray(0, lastRecord(signed)!.offset));
  bytes.writeUInt16BE(signed.readUInt16BE(10) - 1, 10);
  return bytes;
}

const tsigOf = (message: Buffer): NonNullable<ReturnType<typeof decodeTsig>> =>
  decodeTsig(lastRecord(message)!.data)!;

describe.each([
  ['sha256', sha256Key],
  ['sha512', sha512Key],
] as const)('hmac-%s', (name, key) => {
  const { request, answer } = recorded(name);
  const { mac, timeSigned } = tsigOf(request);

  it('signs as nsupdate does, byte for byte', () => {
    const own = sign(unsigned(request), key, timeSigned + 0.7);
    expect(own.signed.toString('hex')).toBe(request.toString('hex'));
    expect(own.mac).toEqual(mac);
  });

  it('believes the answer of BIND to that request, and to no other', () => {
    const trust = (it: Buffer, seconds = timeSigned, of = mac): string | undefined =>
      distrust(it, lastRecord(it), key, seconds, of);
    expect(trust(answer)).toBeUndefined();
    expect(trust(answer, timeSigned, Buffer.alloc(mac.length))).toBe(
      'gave an answer whose signature is wrong',
    );
    expect(trust(answer, timeSigned + 301)).toBe('signed 301 s away from our time: set the clocks');
    expect(trust(answer, timeSigned - 300)).toBeUndefined();
    const other: TsigKey = { ...key, secret: Buffer.from('another') };
    expect(distrust(answer, lastRecord(answer), other, timeSigned, mac)).toBe(
      'gave an answer whose signature is wrong',
    );
  });

  it('notices every bit that is changed, in whatever can still be read', () => {
    for (let at = 0; at < answer.length; at++) {
      // Of the ID, the original one is signed; it is compared before.
      if (at < 2) continue;
      const bytes = Buffer.from(answer);
      bytes[at]! ^= 1;
      const last = ((): ReturnType<typeof lastRecord> => {
        try {
          return lastRecord(bytes);
        } catch {
          return undefined;
        }
      })();
      expect(distrust(bytes, last, key, timeSigned, mac), `byte ${at}`).toBeDefined();
    }
  });
});

describe('what BIND says of a signature that it does not take', () => {
  test.each([
    ['wrongSecret', 'has another secret for key k1 (BADSIG)'],
    ['unknownKey', 'does not know key nokey with hmac-sha256 (BADKEY)'],
  ] as const)('%s', (name, expected) => {
    const { request, answer } = recorded(name);
    const key = { ...sha256Key, name: lastRecord(request)!.name };
    const { mac, timeSigned } = tsigOf(request);
    expect(distrust(answer, lastRecord(answer), key, timeSigned, mac)).toBe(expected);
  });

  test('refusing with a signature is believed', () => {
    const { request, answer } = recorded('refused');
    const { mac, timeSigned } = tsigOf(request);
    expect(distrust(answer, lastRecord(answer), sha256Key, timeSigned, mac)).toBeUndefined();
  });

  test('no signature', () => {
    const bare = unsigned(recorded('sha256').answer);
    expect(distrust(bare, lastRecord(bare), sha256Key, 0)).toBe('gave an answer that is not signed');
  });
});

test('a TSIG record that is cut short, or too long, is none', () => {
  const data = lastRecord(recorded('sha256').answer)!.data;
  expect(decodeTsig(data)).toMatchObject({ algorithm: 'hmac-sha256', error: 0, fudge: 300 });
  for (let length = 0; length < data.length; length++) {
    expect(decodeTsig(data.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  expect(decodeTsig(Buffer.concat([data, Buffer.of(0)]))).toBeUndefined();
});
