/**
 * DNS messages as far as updates need them (RFC 1035, section 4; RFC 2136). Names, header, questions and addresses are
 * dns-packet's work. Records of an update may have no data, whatever their type, which dns-packet cannot read; so
 * records are stepped over here by their length, to find the last one, where a signature is.
 */
import dnsPacket from 'dns-packet';
import { isIPv4 } from 'node:net';
import { messageOf } from '../errors.ts';
import { DnsMessageError } from './errors.ts';

/** What a name is to have: these addresses and no others. Names are in lower case, without the dot of the root. */
export interface NameUpdate {
  readonly zone: string;
  readonly name: string;
  /** Of IPv4 and IPv6, in any order; without any, the name has none then. */
  readonly addresses: readonly string[];
  /** Seconds. */
  readonly ttl: number;
}

/** What of an answer counts. */
export interface Answer {
  readonly id: number;
  readonly isUpdate: boolean;
  /** By its name: `NOERROR`, `REFUSED`, ... */
  readonly rcode: string;
  /** The last record of the additional section, where a TSIG record has to be. */
  readonly last: LastRecord | undefined;
}

export interface LastRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
  /** Where it begins in the message. */
  readonly offset: number;
}

/** An encoder that dns-packet's types leave out; it leaves in `decode.bytes` how long the name was that it read. */
const { name } = dnsPacket as unknown as {
  readonly name: {
    encode(text: string): Buffer;
    readonly decode: ((bytes: Buffer, offset: number) => string) & { readonly bytes: number };
  };
};

const OPCODE_UPDATE = 5;
const OPCODE_SHIFT = 11;
const HEADER_BYTES = 12;
/** Type and class of a question; type, class, TTL and length of the data of a record. */
const QUESTION_BYTES = 4;
const RECORD_BYTES = 10;
/** RFC 1035, section 3.2.2, and RFC 3596: types of the records, as dns-packet calls a type whose data are bytes. */
const RAW = { A: 'UNKNOWN_1', AAAA: 'UNKNOWN_28' } as const;

/**
 * An update that deletes all addresses of the name and adds those that it is to have (RFC 2136, sections 2.5.1 and
 * 2.5.2); a server does all of it or nothing. Unsigned.
 */
export function encodeUpdate(id: number, { zone, name: owner, addresses, ttl }: NameUpdate): Buffer {
  const nothing = Buffer.alloc(0);
  const deleted = (['A', 'AAAA'] as const).map((type) => ({
    ...{ name: owner, type: RAW[type], class: 'ANY', ttl: 0, data: nothing },
  }));
  const added = addresses.map((address) => ({
    ...{ name: owner, type: isIPv4(address) ? 'A' : 'AAAA', class: 'IN', ttl, data: address },
  }));
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: OPCODE_UPDATE << OPCODE_SHIFT,
    questions: [{ name: zone, type: 'SOA', class: 'IN' }],
    // dns-packet calls the sections as a query does: this one is the update section.
    authorities: [...deleted, ...added] as dnsPacket.Answer[],
  });
}

/** Throws `DnsMessageError`. */
export function decodeAnswer(bytes: Buffer): Answer {
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    bytes.copy(header, 0, 0, 4);
    const { type, id = 0, opcode, rcode } = dnsPacket.decode(header) as Header;
    if (type !== 'response') throw new DnsMessageError('it is a question');
    return { id, isUpdate: opcode === 'UPDATE', rcode, last: lastRecord(bytes) };
  } catch (error) {
    if (error instanceof DnsMessageError) throw error;
    throw new DnsMessageError(messageOf(error), { cause: error });
  }
}

type Header = dnsPacket.DecodedPacket & { readonly opcode: string; readonly rcode: string };

/** Of a whole message. Throws `DnsMessageError`, or what dns-packet and Buffer throw at bytes that are none. */
export function lastRecord(bytes: Buffer): LastRecord | undefined {
  const [questions = 0, ...records] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  const total = records.reduce((sum, count) => sum + count, 0);
  let offset = HEADER_BYTES;
  for (let i = 0; i < questions; i++) offset += decodeName(bytes, offset).length + QUESTION_BYTES;
  let last: LastRecord | undefined;
  for (let i = 0; i < total; i++) {
    const owner = decodeName(bytes, offset);
    const at = offset + owner.length;
    const end = at + RECORD_BYTES + bytes.readUInt16BE(at + 8);
    last = {
      name: owner.name,
      type: bytes.readUInt16BE(at),
      class: bytes.readUInt16BE(at + 2),
      ttl: bytes.readUInt32BE(at + 4),
      data: bytes.subarray(at + RECORD_BYTES, end),
      offset,
    };
    offset = end;
  }
  if (offset !== bytes.length) {
    throw new DnsMessageError(offset < bytes.length ? 'bytes follow its last record' : 'it is cut short');
  }
  // A record of another section is not what a signature may be in.
  return records.at(-1) === 0 ? undefined : last;
}

/** Uncompressed and in lower case: the canonical form that is signed (RFC 4034, section 6.2). */
export const encodeName = (text: string): Buffer => name.encode(text.toLowerCase());

/** The name at `offset`; `length` is how many bytes it takes there. Throws what dns-packet throws. */
export function decodeName(
  bytes: Buffer,
  offset: number,
): { readonly name: string; readonly length: number } {
  const text = name.decode(bytes, offset);
  return { name: text.toLowerCase(), length: name.decode.bytes };
}
