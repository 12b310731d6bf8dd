/**
 * Properties: type, length, value, zeros up to a multiple of 8 bytes (OpenFlow 1.5.1, section 7.2.8).
 *
 * Structures that end in properties are decoded into named members as long as the properties come in OVS's own
 * order, each at most once and canonical; the first that does not, and all after it, are kept as bytes in
 * `others`. So nothing is lost and the same bytes are written again.
 */
import { OpenFlowBadLengthError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface PropertyHead {
  readonly type: number;
  /** Where the property begins, its value ends, and the next property begins. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
}

/** Reads the head of a property that must lie before `end`; the cursor is then at its value. */
export function beginProperty(r: Reader, end: number, what: string): PropertyHead {
  const start = r.position;
  if (start + 4 > end) {
    throw new OpenFlowBadLengthError(what, r.offset, `a property needs 4 bytes, ${end - start} are left`);
  }
  const type = r.u16();
  const length = r.u16();
  const next = start + ((length + 7) & ~7);
  if (length < 4 || next > end) {
    throw new OpenFlowBadLengthError(
      what,
      start - r.origin,
      `a property of ${length} bytes does not fit in the ${end - start} left`,
    );
  }
  return { type, start, end: start + length, next };
}

/** Whether the cursor is at the end of the value, and zeros follow up to the next property. */
export function endProperty(r: Reader, head: PropertyHead): boolean {
  return r.position === head.end && r.zeros(head.next - head.end);
}

/** Values of the sizes OVS uses; undefined where the property has another size or its padding is not zero. */
export function u8Property(r: Reader, head: PropertyHead): number | undefined {
  if (head.end - head.start !== 5) return undefined;
  const value = r.u8();
  return endProperty(r, head) ? value : undefined;
}

export function u16Property(r: Reader, head: PropertyHead): number | undefined {
  if (head.end - head.start !== 8) return undefined;
  const value = r.u16();
  return r.zeros(2) ? value : undefined;
}

export function u32Property(r: Reader, head: PropertyHead): number | undefined {
  return head.end - head.start === 8 ? r.u32() : undefined;
}

export function u64Property(r: Reader, head: PropertyHead): bigint | undefined {
  if (head.end - head.start !== 16 || !r.zeros(4)) return undefined;
  return r.u64();
}

export function bytesProperty(r: Reader, head: PropertyHead): Uint8Array | undefined {
  const value = r.copy(head.end - head.start - 4);
  return endProperty(r, head) ? value : undefined;
}

export function putU8Property(w: Writer, type: number, value: number, what: string): void {
  w.u16(type, what);
  w.u16(5, what);
  w.u8(value, what);
  w.zeros(3);
}

export function putU16Property(w: Writer, type: number, value: number, what: string): void {
  w.u16(type, what);
  w.u16(8, what);
  w.u16(value, what);
  w.zeros(2);
}

export function putU32Property(w: Writer, type: number, value: number, what: string): void {
  w.u16(type, what);
  w.u16(8, what);
  w.u32(value, what);
}

export function putU64Property(w: Writer, type: number, value: bigint, what: string): void {
  w.u16(type, what);
  w.u16(16, what);
  w.zeros(4);
  w.u64(value, what);
}

export function putBytesProperty(w: Writer, type: number, value: Uint8Array, what: string): void {
  const start = startProperty(w, type, what);
  w.raw(value);
  finishProperty(w, start, what);
}

/** Begins a property whose length `finishProperty` fills in. */
export function startProperty(w: Writer, type: number, what: string): number {
  const start = w.position;
  w.u16(type, what);
  w.u16(0, what);
  return start;
}

export function finishProperty(w: Writer, start: number, what: string): void {
  w.length16(start + 2, start, what);
  w.pad8(start);
}
