/**
 * Matches: `struct ofp_match` with OXM fields (OpenFlow 1.5.1, section 7.2.3), and bare OXM lists.
 *
 * A match is a list in wire order. An OXM that is not understood, or whose length is not its field's, is kept
 * whole as an entry of the pseudo-field RAW_OXM, so that what was decoded encodes to the same bytes.
 */
import { OpenFlowBadLengthError, OpenFlowBadValueError } from './errors.ts';
import { fieldByHeader, fieldByNumber, RAW_OXM, type FieldValue, type OxmField } from './fields.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface MatchField {
  readonly field: OxmField;
  readonly value: FieldValue;
  /** Absent where the field is matched exactly. */
  readonly mask?: FieldValue | undefined;
}

export type Match = readonly MatchField[];

export const OFPMT_OXM = 1;

function decodeValue(r: Reader, field: OxmField, length: number): FieldValue {
  if (field.variable) return r.copy(length);
  switch (length) {
    case 1:
      return r.u8();
    case 2:
      return r.u16();
    case 4:
      return r.u32();
    case 6:
      return r.u48();
    case 8:
      return r.u64();
    case 16:
      return r.u128();
    case 3:
      return r.u8() * 65536 + r.u16();
    default:
      return r.copy(length);
  }
}

/**
 * Reads one OXM that ends at or before `end`. Throws `OPENFLOW_TRUNCATED` or `OPENFLOW_BAD_LENGTH` where the
 * header or what it promises does not fit.
 */
export function decodeOxm(r: Reader, end: number, what: string): MatchField {
  const start = r.position;
  if (start + 4 > end) {
    throw new OpenFlowBadLengthError(what, r.offset, `an OXM header needs 4 bytes, ${end - start} are left`);
  }
  const header = r.u32();
  const oxmClass = header >>> 16;
  const masked = (header & 0x100) !== 0;
  let length = header & 0xff;
  if (r.position + length > end) {
    throw new OpenFlowBadLengthError(
      what,
      start - r.origin,
      `an OXM of ${length} bytes does not fit in the ${end - r.position} left`,
    );
  }
  let experimenter = 0;
  if (oxmClass === 0xffff) {
    if (length < 4) {
      throw new OpenFlowBadLengthError(
        what,
        start - r.origin,
        `an experimenter OXM of ${length} bytes lacks its id`,
      );
    }
    experimenter = r.u32();
    length -= 4;
  }
  const field = fieldByNumber(oxmClass, (header >>> 9) & 0x7f, experimenter);
  if (field !== undefined) {
    if (!masked) {
      if (length === field.length || (field.variable && length <= field.length)) {
        return { field, value: decodeValue(r, field, length), mask: undefined };
      }
    } else {
      const half = length >>> 1;
      if (half * 2 === length && (half === field.length || (field.variable && half <= field.length))) {
        const value = decodeValue(r, field, half);
        return { field, value, mask: decodeValue(r, field, half) };
      }
    }
  }
  return { field: RAW_OXM, value: r.copyRange(start, r.position + length), mask: undefined };
}

/** Reads OXMs up to `end`. */
export function decodeOxmList(r: Reader, end: number, what: string): MatchField[] {
  const fields: MatchField[] = [];
  while (r.position < end) fields.push(decodeOxm(r, end, what));
  return fields;
}

/**
 * Reads an `ofp_match` with its padding. Gives undefined, the cursor anywhere, where the match is well framed
 * but not canonical (not of type OXM, or padded with something else than zeros): the caller keeps what
 * encloses it as raw bytes. Throws where its length cannot be true.
 */
export function decodeMatch(r: Reader, what: string): MatchField[] | undefined {
  const start = r.position;
  r.need(4, what);
  const type = r.u16();
  const length = r.u16();
  const padded = (length + 7) & ~7;
  if (length < 4 || start + padded > r.end) {
    throw new OpenFlowBadLengthError(
      what,
      start - r.origin,
      `a match of ${length} bytes does not fit in the ${r.end - start} left`,
    );
  }
  if (type !== OFPMT_OXM) return undefined;
  const fields = decodeOxmList(r, start + length, what);
  return r.zeros(padded - length) ? fields : undefined;
}

function wrongKind(w: Writer, field: OxmField, value: unknown): never {
  throw new OpenFlowBadValueError(
    `match.${field.name}`,
    w.position,
    `${typeof value} given where a ${field.kind} is wanted`,
  );
}

function encodeValue(w: Writer, field: OxmField, value: FieldValue): void {
  if (typeof value === 'number') {
    if (field.length <= 4) w.setPartialWord(w.take(field.length), value, 32 - field.length * 8, field.name);
    else if (field.length === 6) w.u48(value, field.name);
    else wrongKind(w, field, value);
  } else if (typeof value === 'bigint') {
    if (field.length === 8) w.u64(value, field.name);
    else if (field.length === 16) w.u128(value, field.name);
    else wrongKind(w, field, value);
  } else {
    wrongKind(w, field, value);
  }
}

/** Writes one OXM. Throws `OPENFLOW_BAD_VALUE` where its field cannot carry its value. */
export function encodeOxm(w: Writer, field: OxmField, value: FieldValue, mask: FieldValue | undefined): void {
  const { length, wordShift } = field;
  if (wordShift < 0 || typeof value !== 'number') {
    encodeLongOxm(w, field, value, mask);
  } else if (mask === undefined) {
    const at = w.take(4 + length);
    w.setWord(at, field.headerWord);
    w.setPartialWord(at + 4, value, wordShift, field.name);
  } else if (typeof mask === 'number') {
    const at = w.take(4 + length * 2);
    w.setWord(at, field.maskedHeaderWord);
    w.setPartialWord(at + 4, value, wordShift, field.name);
    w.setPartialWord(at + 4 + length, mask, wordShift, field.name);
  } else {
    wrongKind(w, field, mask);
  }
}

/** An OXM of more than 32 bits, or of an experimenter's class. */
function encodeLongOxm(w: Writer, field: OxmField, value: FieldValue, mask: FieldValue | undefined): void {
  if (field.kind === 'bytes') {
    encodeBytesOxm(w, field, value, mask);
    return;
  }
  w.word(mask === undefined ? field.headerWord : field.maskedHeaderWord);
  if (field.experimenter !== 0) w.u32(field.experimenter, 'oxm');
  encodeValue(w, field, value);
  if (mask !== undefined) encodeValue(w, field, mask);
}

function encodeBytesOxm(w: Writer, field: OxmField, value: FieldValue, mask: FieldValue | undefined): void {
  if (!(value instanceof Uint8Array) || (mask !== undefined && !(mask instanceof Uint8Array))) {
    wrongKind(w, field, value);
  }
  if (!field.isRaw) {
    if (value.length > field.length || (mask !== undefined && mask.length !== value.length)) {
      throw new OpenFlowBadValueError(
        `match.${field.name}`,
        w.position,
        `at most ${field.length} bytes are wanted, and a mask as long as the value`,
      );
    }
    const length = mask === undefined ? value.length : value.length * 2;
    w.u32(((field.header & 0xffffff00) | (mask === undefined ? 0 : 0x100) | length) >>> 0, 'oxm');
  }
  w.raw(value);
  if (mask !== undefined) w.raw(mask);
}

export function encodeOxmList(w: Writer, fields: Match): void {
  for (let i = 0; i < fields.length; i++) {
    const { field, value, mask } = fields[i]!;
    encodeOxm(w, field, value, mask);
  }
}

/** Writes an `ofp_match` with its padding. */
export function encodeMatch(w: Writer, match: Match): void {
  const start = w.position;
  w.word(OFPMT_OXM << 16);
  encodeOxmList(w, match);
  w.length16(start + 2, start, 'match');
  w.pad8(start);
}

/** Refuses the pseudo-field of matches where a real field is wanted. */
export function refuseRaw(w: Writer, field: OxmField): void {
  if (field.isRaw)
    throw new OpenFlowBadValueError('field', w.position, 'an OXM that is not understood has no name here');
}

/**
 * Writes only the header of a field, as Nicira's actions and copy_field refer to one: 4 bytes, or 8 with an
 * experimenter.
 */
export function encodeOxmHeader(w: Writer, field: OxmField): void {
  refuseRaw(w, field);
  w.u32(field.header, 'oxm');
  if (field.experimenter !== 0) w.u32(field.experimenter, 'oxm');
}

/**
 * Reads the header of a field at the cursor, before `end`. Gives undefined where it is none that is known
 * (also where its length is not the field's, or its mask bit is set); the cursor is then anywhere.
 */
export function decodeOxmHeader(r: Reader, end: number): OxmField | undefined {
  if (r.position + 4 > end) return undefined;
  const header = r.u32();
  const oxmClass = header >>> 16;
  let experimenter = 0;
  if (oxmClass === 0xffff) {
    if (r.position + 4 > end) return undefined;
    experimenter = r.u32();
  }
  return fieldByHeader(header, experimenter);
}
