/** Ranges of bits within fields, as Nicira's actions and copy_field name them. */
import { OpenFlowBadValueError } from './errors.ts';
import { fieldByHeader, nxmField, OxmField, type FieldName } from './fields.ts';
import { decodeOxmHeader, encodeOxmHeader, refuseRaw } from './match.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface Subfield {
  readonly field: OxmField;
  /** Bit 0 is the least significant. */
  readonly start: number;
  readonly bits: number;
}

/**
 * `subfield('reg0')` is the whole field, `subfield('reg0', 8, 4)` four bits of it from bit 8 on. A name gives
 * the identity that Nicira's actions use. Throws `OPENFLOW_BAD_VALUE` where the field has no such bits.
 */
export function subfield(field: FieldName | OxmField, start = 0, bits?: number): Subfield {
  const known = field instanceof OxmField ? field : nxmField(field);
  const count = bits ?? known.bits - start;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(count) ||
    start < 0 ||
    count < 1 ||
    start + count > known.bits
  ) {
    throw new OpenFlowBadValueError(
      `${known.name}[${start}..${start + count - 1}]`,
      -1,
      `the field has bits 0 to ${known.bits - 1}`,
    );
  }
  return { field: known, start, bits: count };
}

/** `ofs_nbits` of Nicira's actions: 10 bits of offset, 6 bits of size less one. */
export function encodeOfsNbits(w: Writer, { start, bits, field }: Subfield): void {
  if (start > 0x3ff || start < 0 || bits < 1 || bits > 64) {
    throw new OpenFlowBadValueError(field.name, w.position, `bits ${start}+${bits} do not fit in ofs_nbits`);
  }
  w.u16((start << 6) | (bits - 1), 'ofs_nbits');
}

/** Refuses a range of more than one bit, where the wire has no room for its size. */
export function oneBit(w: Writer, { field, bits }: Subfield, what: string): void {
  if (bits !== 1)
    throw new OpenFlowBadValueError(what, w.position, `${bits} bits of ${field.name} where one is wanted`);
}

/** Writes the 32-bit header of a field where there is no room for an experimenter's. */
export function encodeNxmHeader(w: Writer, field: OxmField): void {
  if (field.experimenter !== 0) {
    throw new OpenFlowBadValueError(
      field.name,
      w.position,
      'an experimenter field does not fit in this action',
    );
  }
  refuseRaw(w, field);
  w.u32(field.header, 'nxm_header');
}

/** Reads a 32-bit field header; undefined where the field is not known. */
export function decodeNxmHeader(r: Reader): OxmField | undefined {
  const header = r.u32();
  return header >>> 16 === 0xffff ? undefined : fieldByHeader(header, 0);
}

/** Writes a field header and zeros, `size` bytes together. */
export function encodePaddedHeader(w: Writer, field: OxmField, size: number): void {
  const start = w.position;
  encodeOxmHeader(w, field);
  w.zeros(size - (w.position - start));
}

/** Reads a field header and zeros up to `end`; undefined where either is not so. */
export function decodePaddedHeader(r: Reader, end: number): OxmField | undefined {
  const field = decodeOxmHeader(r, end);
  if (field === undefined) return undefined;
  return r.zeros(end - r.position) ? field : undefined;
}
