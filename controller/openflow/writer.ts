/**
 * A growable buffer that messages are appended to, reused for as long as its owner likes.
 *
 * Every value is checked against the width it is written with, so that no number is ever cut silently; `what`
 * names it in the error. Bytes are written exactly once, padding included: nothing relies on the buffer being
 * zero before.
 */
import { OpenFlowBadLengthError, OpenFlowBadValueError } from './errors.ts';
import { openflow } from '../limits.ts';

export class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  /** Where the next byte goes. */
  position = 0;

  constructor(capacity: number = openflow.writerCapacity) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
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
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.position + length));
    bytes.set(this.bytes.subarray(0, this.position));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  private refuse(value: unknown, what: string, bits: number): never {
    throw new OpenFlowBadValueError(
      what,
      this.position,
      `${String(value)} is not an unsigned number of ${bits} bits`,
    );
  }

  u8(value: number, what: string): void {
    if ((value & 0xff) !== value) this.refuse(value, what, 8);
    if (this.position + 1 > this.bytes.length) this.grow(1);
    this.view.setUint8(this.position, value);
    this.position += 1;
  }

  u16(value: number, what: string): void {
    if ((value & 0xffff) !== value) this.refuse(value, what, 16);
    if (this.position + 2 > this.bytes.length) this.grow(2);
    this.view.setUint16(this.position, value);
    this.position += 2;
  }

  u32(value: number, what: string): void {
    if (value >>> 0 !== value) this.refuse(value, what, 32);
    if (this.position + 4 > this.bytes.length) this.grow(4);
    this.view.setUint32(this.position, value);
    this.position += 4;
  }

  /** 32 bits that need no check: a constant of the protocol, signed or not. */
  word(value: number): void {
    if (this.position + 4 > this.bytes.length) this.grow(4);
    this.view.setInt32(this.position, value);
    this.position += 4;
  }

  u48(value: number, what: string): void {
    const high = Math.floor(value / 0x100000000);
    if ((high & 0xffff) !== high || !Number.isInteger(value)) this.refuse(value, what, 48);
    if (this.position + 6 > this.bytes.length) this.grow(6);
    this.view.setUint16(this.position, high);
    this.view.setUint32(this.position + 2, value - high * 0x100000000);
    this.position += 6;
  }

  u64(value: bigint, what: string): void {
    if (this.position + 8 > this.bytes.length) this.grow(8);
    if (value === 0n) {
      this.view.setUint32(this.position, 0);
      this.view.setUint32(this.position + 4, 0);
    } else {
      if (typeof value !== 'bigint' || value < 0n || value > 0xffffffffffffffffn)
        this.refuse(value, what, 64);
      this.view.setBigUint64(this.position, value);
    }
    this.position += 8;
  }

  u128(value: bigint, what: string): void {
    if (this.position + 16 > this.bytes.length) this.grow(16);
    if (typeof value !== 'bigint' || value < 0n || value >> 128n !== 0n) this.refuse(value, what, 128);
    this.view.setBigUint64(this.position, value >> 64n);
    this.view.setBigUint64(this.position + 8, BigInt.asUintN(64, value));
    this.position += 16;
  }

  zeros(count: number): void {
    if (this.position + count > this.bytes.length) this.grow(count);
    const bytes = this.bytes;
    const end = this.position + count;
    for (let i = this.position; i < end; i++) bytes[i] = 0;
    this.position = end;
  }

  raw(data: Uint8Array): void {
    const count = data.length;
    if (count === 0) return;
    if (this.position + count > this.bytes.length) this.grow(count);
    this.bytes.set(data, this.position);
    this.position += count;
  }

  /** Zeros up to the next multiple of 8 bytes after `start`. */
  pad8(start: number): void {
    const rest = (this.position - start) & 7;
    if (rest !== 0) this.zeros(8 - rest);
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
