/**
 * Transaction signatures of DNS messages (TSIG, RFC 8945): a last record that proves who holds a secret, over the
 * message, a time and, in an answer, the signature of what is answered. Pure: time goes in as seconds.
 *
 *     name of the key | TSIG | ANY | TTL 0 | length
 *     algorithm | time signed (48 bits) | fudge (16) | MAC size (16) | MAC | original ID (16) | error (16)
 *     other length (16) | other data
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { dns as limits } from '../limits.ts';
import type { TsigAlgorithm } from '../network/description.ts';
import { decodeName, encodeName, type LastRecord } from './message.ts';

export interface TsigKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** RDATA of a TSIG record. */
export interface Tsig {
  readonly algorithm: string;
  /** Seconds since the Unix epoch. */
  readonly timeSigned: number;
  readonly fudge: number;
  readonly mac: Buffer;
  readonly originalId: number;
  readonly error: number;
  readonly other: Buffer;
}

const TYPE_TSIG = 250;
const CLASS_ANY = 255;
const ADDITIONAL_COUNT_AT = 10;
const HASHES = { 'hmac-sha256': 'sha256', 'hmac-sha384': 'sha384', 'hmac-sha512': 'sha512' } as const;

/** The message with its signature, and the MAC that the answer's signature covers, too. */
export function sign(
  message: Buffer,
  key: TsigKey,
  seconds: number,
): { readonly signed: Buffer; readonly mac: Buffer } {
  const unsigned = {
    algorithm: key.algorithm,
    timeSigned: Math.floor(seconds),
    fudge: limits.fudgeSeconds,
    originalId: message.readUInt16BE(0),
    error: 0,
    other: Buffer.alloc(0),
  };
  const mac = macOf(key, [message, variables(key.name, unsigned)]);
  const data = encodeTsig({ ...unsigned, mac });
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(TYPE_TSIG, 0);
  fixed.writeUInt16BE(CLASS_ANY, 2);
  fixed.writeUInt16BE(data.length, 8);
  const signed = Buffer.concat([message, encodeName(key.name), fixed, data]);
  signed.writeUInt16BE(message.readUInt16BE(ADDITIONAL_COUNT_AT) + 1, ADDITIONAL_COUNT_AT);
  return { signed, mac };
}

/**
 * Undefined when the message, whose last record is given, is signed by the key at about `seconds`; else what its sender
 * did wrong, to be told of it: `gave an answer that is not signed`. `requestMac` is that of the request which it
 * answers, if it is an answer.
 */
export function distrust(
  message: Buffer,
  last: LastRecord | undefined,
  key: TsigKey,
  seconds: number,
  requestMac?: Buffer,
): string | undefined {
  if (last?.type !== TYPE_TSIG || last.class !== CLASS_ANY || last.ttl !== 0)
    return 'gave an answer that is not signed';
  const tsig = decodeTsig(last.data);
  if (tsig === undefined) return 'gave an answer whose signature cannot be read';
  if (last.name !== key.name || tsig.algorithm !== key.algorithm)
    return `signed with key ${last.name} and ${tsig.algorithm}, not with ${key.name} and ${key.algorithm}`;
  // An answer that says what is wrong with the request's signature has none of its own, but for BADTIME.
  if (tsig.error !== 0 && tsig.mac.length === 0) return errorText(tsig, key);
  const bare = Buffer.from(message.subarray(0, last.offset));
  bare.writeUInt16BE(tsig.originalId, 0);
  bare.writeUInt16BE(message.readUInt16BE(ADDITIONAL_COUNT_AT) - 1, ADDITIONAL_COUNT_AT);
  const before = requestMac === undefined ? [] : [uint16(requestMac.length), requestMac];
  const mac = macOf(key, [...before, bare, variables(key.name, tsig)]);
  if (mac.length !== tsig.mac.length || !timingSafeEqual(mac, tsig.mac))
    return 'gave an answer whose signature is wrong';
  if (tsig.error !== 0) return errorText(tsig, key);
  if (Math.abs(tsig.timeSigned - seconds) > tsig.fudge)
    return `signed ${Math.round(Math.abs(tsig.timeSigned - seconds))} s away from our time: set the clocks`;
  return undefined;
}

/** What the server says of our signature: RFC 8945, section 5.3.2. */
function errorText({ error, other, timeSigned }: Tsig, { name, algorithm }: TsigKey): string {
  switch (error) {
    case 16:
      return `has another secret for key ${name} (BADSIG)`;
    case 17:
      return `does not know key ${name} with ${algorithm} (BADKEY)`;
    case 18: {
      const theirs = other.length === 6 ? other.readUIntBE(0, 6) : undefined;
      const apart = theirs === undefined ? '' : ` by ${Math.abs(theirs - timeSigned)} s`;
      return `has a clock that differs from ours${apart} (BADTIME): set them, and start the controller anew, which goes by the time of its start`;
    }
    default:
      return `does not take our signature (TSIG error ${error})`;
  }
}

function macOf(key: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(HASHES[key.algorithm], key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** RFC 8945, section 4.3.3. */
function variables(keyName: string, tsig: Omit<Tsig, 'mac'>): Buffer {
  const classAndTtl = Buffer.alloc(6);
  classAndTtl.writeUInt16BE(CLASS_ANY, 0);
  return Buffer.concat([
    encodeName(keyName),
    classAndTtl,
    encodeName(tsig.algorithm),
    timeAndFudge(tsig),
    uint16(tsig.error),
    uint16(tsig.other.length),
    tsig.other,
  ]);
}

function encodeTsig(tsig: Tsig): Buffer {
  return Buffer.concat([
    encodeName(tsig.algorithm),
    timeAndFudge(tsig),
    uint16(tsig.mac.length),
    tsig.mac,
    uint16(tsig.originalId),
    uint16(tsig.error),
    uint16(tsig.other.length),
    tsig.other,
  ]);
}

/** Undefined when the bytes are no TSIG record's, to the last one. */
export function decodeTsig(data: Buffer): Tsig | undefined {
  try {
    const algorithm = decodeName(data, 0);
    let at = algorithm.length;
    const take = (length: number): Buffer => {
      if (at + length > data.length) throw new RangeError('too short');
      at += length;
      return data.subarray(at - length, at);
    };
    const timeSigned = take(6).readUIntBE(0, 6);
    const fudge = take(2).readUInt16BE(0);
    const mac = take(take(2).readUInt16BE(0));
    const originalId = take(2).readUInt16BE(0);
    const error = take(2).readUInt16BE(0);
    const other = take(take(2).readUInt16BE(0));
    if (at !== data.length) return undefined;
    return { algorithm: algorithm.name, timeSigned, fudge, mac, originalId, error, other };
  } catch {
    return undefined;
  }
}

function timeAndFudge({ timeSigned, fudge }: Pick<Tsig, 'timeSigned' | 'fudge'>): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(timeSigned, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
