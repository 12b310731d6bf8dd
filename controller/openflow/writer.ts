/**
 * A growable buffer that messages are appended to, reused for as long as its owner likes.
 *
 * Every value is checked against the width it is written with, so that no number is ever cut silently; `what`
 * names it in the error. All bytes before the cursor are written, padding included: nothing relies on the buffer
 * being zero before. Up to `SPARE` bytes behind it may be, too.
 *
 * Most methods append. Where a structure has a fixed size, `take` makes room for it once, and the `set` methods
 * fill it by offset: that is quicker, as V8 forgets what it knows of the writer with each store to a DataView.
 */
import { OpenFlowBadLengthError, OpenFlowBadValueError } from './errors.ts';
import { openflow } from '../limits.ts';
import { storeU64 } from './uint64.ts';

/** Bytes that always stay free behind the cursor, so that a value may be written as the words that hold it. */
const SPARE = 8;

export class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  /** Where the next byte goes. */
  position = 0;
  /** How far the cursor may go before the buffer has to grow. */
  private limit: number;

  constructor(capacity: number = openflow.writerCapacity) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
    this.limit = capacity - SPARE;
  }

  /** Forgets what was written; the memory stays. */
  reset(): void {
    this.position = 0;
  }

  /** What was written so far, as a view that the next write or reset may change. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.position);
  }

  private grow(length: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.position + length + SPARE));
    bytes.set(this.bytes.subarray(0, this.position));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.limit = bytes.length - SPARE;
  }

  private refuse(value: unknown, what: string, bits: number, at: number): never {
    throw new OpenFlowBadValueError(what, at, `${String(value)} is not an unsigned number of ${bits} bits`);
  }

  /** Takes the next `count` bytes for a structure that the `set` methods fill, all of it, and gives its offset. */
  take(count: number): number {
    const at = this.position;
    if (at + count > this.limit) this.grow(count);
    this.position = at + count;
    return at;
  }

  setU8(at: number, value: number, what: string): void {
    if ((value & 0xff) !== value) this.refuse(value, what, 8, at);
    this.view.setUint8(at, value);
  }

  setU16(at: number, value: number, what: string): void {
    if ((value & 0xffff) !== value) this.refuse(value, what, 16, at);
    this.view.setUint16(at, value);
  }

  setU32(at: number, value: number, what: string): void {
    if (value >>> 0 !== value) this.refuse(value, what, 32, at);
    this.view.setUint32(at, value);
  }

  /** 32 bits that need no check: a constant of the protocol, signed or not. */
  setWord(at: number, value: number): void {
    this.view.setInt32(at, value | 0);
  }

  /** A number of 32 - `shift` bits, as the first bytes of a word whose others become zero. */
  setPartialWord(at: number, value: number, shift: number, what: string): void {
    const word = value << shift;
    if (word >>> shift !== value) this.refuse(value, what, 32 - shift, at);
    this.view.setInt32(at, word);
  }

  setU64(at: number, value: bigint, what: string): void {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) this.refuse(value, what, 64, at);
    storeU64(this.view, at, value);
  }

  u8(value: number, what: string): void {
    this.setU8(this.take(1), value, what);
  }

  u16(value: number, what: string): void {
    this.setU16(this.take(2), value, what);
  }

  u32(value: number, what: string): void {
    this.setU32(this.take(4), value, what);
  }

  /** See `setWord`. */
  word(value: number): void {
    this.setWord(this.take(4), value);
  }

  u48(value: number, what: string): void {
    const at = this.take(6);
    const high = Math.floor(value / 0x100000000);
    if ((high & 0xffff) !== high || !Number.isInteger(value)) this.refuse(value, what, 48, at);
    this.view.setUint16(at, high);
    this.view.setUint32(at + 2, value - high * 0x100000000);
  }

  u64(value: bigint, what: string): void {
    this.setU64(this.take(8), value, what);
  }

  u128(value: bigint, what: string): void {
    const at = this.take(16);
    if (typeof value !== 'bigint' || BigInt.asUintN(128, value) !== value) this.refuse(value, what, 128, at);
    storeU64(this.view, at, value >> 64n);
    storeU64(this.view, at + 8, BigInt.asUintN(64, value));
  }

  zeros(count: number): void {
    const start = this.take(count);
    for (let at = start; at < this.position; at += 8) {
      this.view.setInt32(at, 0);
      this.view.setInt32(at + 4, 0);
    }
  }

  raw(data: Uint8Array): void {
    const count = data.length;
    if (count === 0) return;
    const at = this.take(count);
    this.bytes.set(data, at);
  }

  /** Zeros up to the next multiple of 8 bytes after `start`. */
  pad8(start: number): void {
    this.zeros(-(this.position - start) & 7);
  }

  /** Goes back to `at` and writes there how long the structure that began at `start` is by now. */
  length16(at: number, start: number, what: string): void {
    const length = this.position - start;
    if (length > 0xffff) {
      throw new OpenFlowBadLengthError(
        what,
        start,
        `${length} bytes do not fit in a 16-bit length; send less at once`,
      );
    }
    this.view.setUint16(at, length);
  }
}
