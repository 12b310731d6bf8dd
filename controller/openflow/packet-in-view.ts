/**
 * A packet-in as it lies in the stream: what a program asks for is read when it asks, and nothing is made for
 * what it does not ask for. For controllers that answer hundreds of thousands a second.
 *
 * One view serves all packet-ins of a connection, one after another. `open` accepts exactly those messages that
 * `decode` makes a `packet_in` of, and looks at every length in them once; after that only a read beyond the end
 * of the packet can fail. A closed view refuses every question, so that one that was kept for too long cannot
 * tell of another packet.
 */
import { decode } from './codec.ts';
import { MessageType, OFP_VERSION } from './constants.ts';
import { OpenFlowTruncatedError, OpenFlowViewClosedError } from './errors.ts';
import { fieldByName } from './fields.ts';
import { OFPMT_OXM } from './match.ts';
import type { PacketIn } from './messages/types.ts';
import { PacketInReasons, type PacketInReason } from './names.ts';

/** `struct ofp_packet_in`, section 7.4.1: offsets from the message's first byte. */
const XID = 4;
const BUFFER_ID = 8;
const TOTAL_LEN = 12;
const REASON = 14;
const TABLE = 15;
const COOKIE = 16;
const MATCH = 24;
const MATCH_LENGTH = 26;
const OXMS = 28;
/** Zeros between the match and the packet. */
const PAD = 2;

const OXM_HEADER_LENGTH = 4;
const EXPERIMENTER_CLASS = 0xffff;
const IN_PORT = fieldByName('in_port').header;
const NOWHERE = -1;
const NOTHING = new Uint8Array(0);

export class PacketInView {
  #bytes: Uint8Array = NOTHING;
  /** Of the message in `#bytes`. */
  #start = 0;
  /** 0 while the view is closed. */
  #end = 0;
  /** Where the packet begins. */
  #data = 0;
  /** Where the value of the first `in_port` is. */
  #inPort = NOWHERE;

  /**
   * Takes the message `bytes[start, end)`, header included, as `MessageSplitter` gives it. False, and the view
   * closed, where it is none that `decode` gives as `packet_in`: ask `decode` what is wrong with it, or what it is.
   */
  open(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    this.close();
    if (end - start < OXMS || bytes[start] !== OFP_VERSION) return false;
    if (bytes[start + 1] !== MessageType.PACKET_IN || u16(bytes, start + 2) !== end - start) return false;
    if (PacketInReasons.name(bytes[start + REASON]!) === undefined) return false;
    if (u16(bytes, start + MATCH) !== OFPMT_OXM) return false;
    const length = u16(bytes, start + MATCH_LENGTH);
    const data = start + MATCH + ((length + 7) & ~7) + PAD;
    if (length < OXMS - MATCH || data > end) return false;
    const last = start + MATCH + length;
    this.#inPort = NOWHERE;
    if (!this.#walk(bytes, start + OXMS, last) || !allZero(bytes, last, data)) return false;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#data = data;
    return true;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.#end = 0;
    this.#bytes = NOTHING;
  }

  get xid(): number {
    return this.#u32(XID);
  }

  get bufferId(): number {
    return this.#u32(BUFFER_ID);
  }

  /** Length of the whole packet in bytes, of which the switch may have sent only the beginning. */
  get totalLen(): number {
    return u16(this.#bytes, this.#at(TOTAL_LEN));
  }

  get reason(): PacketInReason {
    return PacketInReasons.name(this.#bytes[this.#at(REASON)]!)!;
  }

  get table(): number {
    return this.#bytes[this.#at(TABLE)]!;
  }

  get cookie(): bigint {
    return (BigInt(this.#u32(COOKIE)) << 32n) | BigInt(this.#u32(COOKIE + 4));
  }

  /** Where the packet came in; undefined where the switch does not say. */
  get inPort(): number | undefined {
    this.#at(0);
    return this.#inPort === NOWHERE ? undefined : u32(this.#bytes, this.#inPort);
  }

  /** How much of the packet is there, in bytes. */
  get dataLength(): number {
    this.#at(0);
    return this.#end - this.#data;
  }

  /** The byte at `offset` of the packet. Throws, like its siblings, `OPENFLOW_TRUNCATED` where there is none. */
  u8(offset: number): number {
    return this.#bytes[this.#packet(offset, 1)]!;
  }

  u16(offset: number): number {
    return u16(this.#bytes, this.#packet(offset, 2));
  }

  u32(offset: number): number {
    return u32(this.#bytes, this.#packet(offset, 4));
  }

  /** A MAC address, as matches have it. */
  u48(offset: number): number {
    const at = this.#packet(offset, 6);
    return u16(this.#bytes, at) * 0x1_0000_0000 + u32(this.#bytes, at + 2);
  }

  /** All of it, as `decode` gives it: for what is to outlive the view. */
  toMessage(): PacketIn {
    this.#at(0);
    return decode(this.#bytes, this.#start, this.#end) as PacketIn;
  }

  /** Whether OXMs fill `bytes[at, end)`; notes where the input port is. */
  #walk(bytes: Uint8Array, at: number, end: number): boolean {
    while (at < end) {
      const value = at + OXM_HEADER_LENGTH;
      if (value > end) return false;
      const length = bytes[at + 3]!;
      if (value + length > end) return false;
      const header = u32(bytes, at);
      if (header === IN_PORT && this.#inPort === NOWHERE) this.#inPort = value;
      else if (header >>> 16 === EXPERIMENTER_CLASS && length < 4) return false;
      at = value + length;
    }
    return true;
  }

  #at(offset: number): number {
    if (this.#end === 0) throw new OpenFlowViewClosedError('packet_in');
    return this.#start + offset;
  }

  #u32(offset: number): number {
    const at = this.#at(offset);
    return u32(this.#bytes, at);
  }

  #packet(offset: number, length: number): number {
    const at = this.#data + offset;
    if (this.#end === 0 || !(offset >= 0) || at + length > this.#end) this.#refuse(offset, length);
    return at;
  }

  #refuse(offset: number, length: number): never {
    const start = this.#at(0);
    throw new OpenFlowTruncatedError(
      'packet_in.data',
      this.#data - start + offset,
      `${length} bytes at ${offset} of the packet are wanted, it has ${this.#end - this.#data}`,
    );
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function allZero(bytes: Uint8Array, start: number, end: number): boolean {
  let sum = 0;
  for (let i = start; i < end; i++) sum |= bytes[i]!;
  return sum === 0;
}
