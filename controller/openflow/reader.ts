/**
 * A cursor over the bytes of one message. Decoders check the length of what they are about to read once
 * (`need`), and read without further checks after that.
 *
 * Decoded objects never share memory with the bytes read: `copy` copies. Small copies are plain arrays; larger
 * ones are cut from slabs, because one ArrayBuffer each costs five times as much as the copying.
 */
import { OpenFlowTruncatedError } from './errors.ts';
import { loadU64 } from './uint64.ts';

const SLAB = 65536;
const SMALL = 64;
const LARGE = 8192;

let slab = new Uint8Array(0);
let slabUsed = 0;

/** A copy of `bytes[start, end)` that nobody else writes to. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length <= SMALL || length > LARGE) return bytes.slice(start, end);
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(SLAB);
    slabUsed = 0;
  }
  const copy = slab.subarray(slabUsed, slabUsed + length);
  copy.set(bytes.subarray(start, end));
  slabUsed += length;
  return copy;
}

export class Reader {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** What messages were last read from, and where in its ArrayBuffer that begins. */
  private source: Uint8Array = this.bytes;
  private base = 0;
  /** Offset in `view` of the message's first byte; offsets in errors count from there. */
  origin = 0;
  position = 0;
  /** Where the innermost structure being read ends. */
  end = 0;

  /** Begins to read `bytes[start, end)`. The view is kept for as long as messages come from the same ArrayBuffer. */
  start(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.source) this.attach(bytes);
    this.origin = this.base + start;
    this.position = this.origin;
    this.end = this.base + end;
  }

  private attach(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (this.view.buffer !== buffer) {
      this.view = new DataView(buffer);
      this.bytes = new Uint8Array(buffer);
    }
    this.source = bytes;
    this.base = bytes.byteOffset;
  }

  /** Offset of the cursor within the message. */
  get offset(): number {
    return this.position - this.origin;
  }

  need(count: number, what: string): void {
    if (this.position + count > this.end) {
      throw new OpenFlowTruncatedError(
        what,
        this.position - this.origin,
        `${count} bytes are needed, ${this.end - this.position} are left`,
      );
    }
  }

  u8(): number {
    return this.view.getUint8(this.position++);
  }

  u16(): number {
    const value = this.view.getUint16(this.position);
    this.position += 2;
    return value;
  }

  u32(): number {
    const value = this.view.getUint32(this.position);
    this.position += 4;
    return value;
  }

  u48(): number {
    const value = this.view.getUint16(this.position) * 0x100000000 + this.view.getUint32(this.position + 2);
    this.position += 6;
    return value;
  }

  u64(): bigint {
    const at = this.position;
    this.position += 8;
    return loadU64(this.view, at);
  }

  u128(): bigint {
    const at = this.position;
    this.position += 16;
    return (loadU64(this.view, at) << 64n) | loadU64(this.view, at + 8);
  }

  skip(count: number): void {
    this.position += count;
  }

  /** Skips `count` bytes and says whether all were zero. */
  zeros(count: number): boolean {
    const end = this.position + count;
    let sum = 0;
    for (let i = this.position; i < end; i++) sum |= this.view.getUint8(i);
    this.position = end;
    return sum === 0;
  }

  copy(count: number): Uint8Array {
    const start = this.position;
    this.position += count;
    return copyBytes(this.bytes, start, start + count);
  }

  /** A copy of everything from `start` (in the view) up to `end`; the cursor moves to `end`. */
  copyRange(start: number, end: number): Uint8Array {
    this.position = end;
    return copyBytes(this.bytes, start, end);
  }
}
