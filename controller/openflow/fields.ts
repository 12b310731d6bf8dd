/**
 * The field registry: one interned `OxmField` per wire identity of every row of FIELD_TABLE, and the look-ups
 * that codec, text and builders need. Fields are compared by identity (`===`).
 */
import { OpenFlowBadValueError } from './errors.ts';
import { FIELD_TABLE, type Display, type FieldRow, type Prerequisite, type WireId } from './field-table.ts';

type Row = (typeof FIELD_TABLE)[number];
type FamilyIndex = {
  reg: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;
  xreg: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
  xxreg: 0 | 1 | 2 | 3;
  tun_metadata: number;
};
type NamesOf<R extends Row> = R extends { readonly count: number }
  ? R['name'] extends keyof FamilyIndex
    ? `${R['name']}${FamilyIndex[R['name']]}`
    : never
  : R['name'] | R['aliases'][number];
type RowOf<N extends FieldName> = Row extends infer R
  ? R extends Row
    ? N extends NamesOf<R>
      ? R
      : never
    : never
  : never;

/** Every name a field can be called by. */
export type FieldName = Row extends infer R ? (R extends Row ? NamesOf<R> : never) : never;
/** The display kind of a field, by its name. */
export type DisplayOf<N extends FieldName> = RowOf<N>['display'];
/** The width in bytes of a field, by its name. */
export type WidthOf<N extends FieldName> = RowOf<N>['bytes'];

/** Numbers up to 48 bits, bigints for 64 and 128 bits, bytes for what has a variable length. */
export type FieldValue = number | bigint | Uint8Array;

export type ValueKind = 'number' | 'bigint' | 'bytes';

/** One wire identity of one field. Instances are interned: compare with `===`. */
export class OxmField {
  /** The field's name, as OVS prints it unless `shown` differs. */
  readonly name: string;
  readonly shown: string;
  /** Name of this wire identity, e.g. `NXM_OF_IP_DST`. */
  readonly oxmName: string;
  readonly class: number;
  readonly number: number;
  /** Experimenter of class 0xffff, else 0. */
  readonly experimenter: number;
  /** Bytes of the value on the wire. */
  readonly length: number;
  readonly bits: number;
  readonly variable: boolean;
  readonly maskable: boolean;
  readonly writable: boolean;
  readonly display: Display;
  readonly requires: Prerequisite;
  readonly kind: ValueKind;
  /** The first 32 bits of an OXM without a mask. */
  readonly header: number;
  /** The first 32 bits of an OXM with a mask. */
  readonly maskedHeader: number;
  /** Both as `Writer.word` takes them: signed, as V8 keeps 32 bits without a box. */
  readonly headerWord: number;
  readonly maskedHeaderWord: number;
  /** How many bits of a word a value leaves over; -1 where it is longer, no number, or an experimenter's. */
  readonly wordShift: number;
  /** Place in a match: what a field requires has a smaller one. */
  readonly order: number;
  /** True for the entry that holds a whole undecoded OXM. */
  readonly isRaw: boolean;
  /** Whether this is the identity that OpenFlow 1.5 uses. */
  readonly preferred: boolean;

  constructor(row: FieldRow, wire: WireId, index: number, order: number, preferred: boolean, isRaw: boolean) {
    const suffix = row.count === undefined ? '' : String(index);
    this.name = row.name + suffix;
    this.shown = (row.shown ?? row.name) + suffix;
    this.oxmName = wire.name + suffix;
    this.class = wire.class;
    this.number = wire.number + index;
    this.experimenter = wire.experimenter;
    this.length = row.bytes;
    this.bits = row.bits;
    this.variable = row.variable === true;
    this.maskable = row.maskable;
    this.writable = row.writable;
    this.display = row.display;
    this.requires = row.requires;
    this.kind = this.variable || row.bytes > 16 ? 'bytes' : row.bytes > 6 ? 'bigint' : 'number';
    const extra = wire.experimenter === 0 ? 0 : 4;
    const start = ((wire.class << 16) | (this.number << 9)) >>> 0;
    this.header = (start | (row.bytes + extra)) >>> 0;
    this.maskedHeader = (start | 0x100 | ((row.bytes * 2 + extra) & 0xff)) >>> 0;
    this.headerWord = this.header | 0;
    this.maskedHeaderWord = this.maskedHeader | 0;
    this.wordShift =
      this.kind === 'number' && row.bytes <= 4 && wire.experimenter === 0 ? 32 - row.bytes * 8 : -1;
    this.order = order;
    this.isRaw = isRaw;
    this.preferred = preferred;
  }
}

const byName = new Map<string, OxmField>();
const nxmByName = new Map<string, OxmField>();
const byOxmName = new Map<string, OxmField>();
/** Indexed by field number; one table per class that is not experimenter's. */
const class0: (OxmField | undefined)[] = new Array<OxmField | undefined>(128).fill(undefined);
const class1: (OxmField | undefined)[] = new Array<OxmField | undefined>(128).fill(undefined);
const class8000: (OxmField | undefined)[] = new Array<OxmField | undefined>(128).fill(undefined);
const class8001: (OxmField | undefined)[] = new Array<OxmField | undefined>(128).fill(undefined);
const class1000: (OxmField | undefined)[] = new Array<OxmField | undefined>(128).fill(undefined);
const experimenters = new Map<number, (OxmField | undefined)[]>();
const all: OxmField[] = [];

function classTable(oxmClass: number): (OxmField | undefined)[] | undefined {
  switch (oxmClass) {
    case 0x8000:
      return class8000;
    case 0x0001:
      return class1;
    case 0x8001:
      return class8001;
    case 0x0000:
      return class0;
    case 0x1000:
      return class1000;
    default:
      return undefined;
  }
}

function register(field: OxmField): void {
  let table = classTable(field.class);
  if (table === undefined) {
    table = experimenters.get(field.experimenter);
    if (table === undefined) {
      table = new Array<OxmField | undefined>(128).fill(undefined);
      experimenters.set(field.experimenter, table);
    }
  }
  table[field.number] = field;
  byOxmName.set(field.oxmName, field);
  all.push(field);
}

(FIELD_TABLE as readonly FieldRow[]).forEach((row, order) => {
  for (let index = 0; index < (row.count ?? 1); index++) {
    const fields = row.wire.map(
      (wire, i) => new OxmField(row, wire, index, order * 64 + index, i === row.wire.length - 1, false),
    );
    for (const field of fields) register(field);
    const suffix = row.count === undefined ? '' : String(index);
    for (const name of [row.name, ...row.aliases]) {
      byName.set(name + suffix, fields[fields.length - 1]!);
      nxmByName.set(name + suffix, fields[0]!);
    }
  }
});

/** The pseudo-field of a match entry whose value is a whole OXM, header included, that is not understood. */
export const RAW_OXM: OxmField = new OxmField(
  {
    name: 'raw',
    aliases: [],
    bytes: 0,
    bits: 0,
    variable: true,
    maskable: false,
    display: 'hexadecimal',
    requires: 'none',
    writable: false,
    wire: [],
  },
  { name: 'raw', class: 0, number: 0, experimenter: 0 },
  0,
  0xffff,
  true,
  true,
);

/** Every wire identity known, in table order. */
export const ALL_FIELDS: readonly OxmField[] = all;

/** The field behind an OXM header's class and number (and experimenter, for class 0xffff). */
export function fieldByNumber(oxmClass: number, number: number, experimenter: number): OxmField | undefined {
  const table = oxmClass === 0xffff ? experimenters.get(experimenter) : classTable(oxmClass);
  return table === undefined ? undefined : table[number];
}

const variants = new Map<string, OxmField>();

/**
 * A field of variable length as an action refers to it when its length is fixed: how the switch's TLV table
 * maps it. Interned like the others; there are at most as many as lengths.
 */
export function sizedField(field: OxmField, length: number): OxmField | undefined {
  if (length === field.length) return field;
  if (!field.variable || length < 1 || length > field.length) return undefined;
  const key = `${field.oxmName}/${length}`;
  let variant = variants.get(key);
  if (variant === undefined) {
    variant = new OxmField(
      {
        name: field.name,
        aliases: [],
        shown: field.shown,
        bytes: length,
        bits: length * 8,
        variable: true,
        maskable: field.maskable,
        display: field.display,
        requires: field.requires,
        writable: field.writable,
        wire: [],
      },
      { name: field.oxmName, class: field.class, number: field.number, experimenter: field.experimenter },
      0,
      field.order,
      false,
      false,
    );
    variants.set(key, variant);
  }
  return variant;
}

/** The field behind the first 32 bits of an OXM without mask, if its length is the field's. */
export function fieldByHeader(header: number, experimenter: number): OxmField | undefined {
  const field = fieldByNumber(header >>> 16, (header >>> 9) & 0x7f, experimenter);
  if (field === undefined || field.header === header) return field;
  if (field.variable && (header & 0x100) === 0) return sizedField(field, header & 0xff);
  return undefined;
}

function unknownField(name: string): OpenFlowBadValueError {
  return new OpenFlowBadValueError(
    `field ${JSON.stringify(name)}`,
    -1,
    'no such field; see FIELD_TABLE for the names',
  );
}

/** A field in the identity that OpenFlow 1.5 uses, by any of its names or by the name of an identity. */
export function fieldByName(name: string): OxmField {
  const field = findField(name);
  if (field === undefined) throw unknownField(name);
  return field;
}

/** Like `fieldByName`, but undefined where there is no such field. */
export function findField(name: string): OxmField | undefined {
  const slash = name.indexOf('/');
  if (slash > 0) {
    const base = byOxmName.get(name.slice(0, slash));
    return base === undefined ? undefined : sizedField(base, Number(name.slice(slash + 1)));
  }
  return byName.get(name) ?? byOxmName.get(name);
}

/** A field in the identity that Nicira's actions refer to it by. */
export function nxmField(name: FieldName | OxmField): OxmField {
  if (name instanceof OxmField) return nxmByName.get(name.name) ?? name;
  const field = nxmByName.get(name) ?? byOxmName.get(name);
  if (field === undefined) throw unknownField(name);
  return field;
}

/** The shortest name that means exactly this identity: the field's own for 1.5's, else the identity's. */
export function fieldKey(field: OxmField): string {
  if (field.preferred) return field.name;
  return field.variable ? `${field.oxmName}/${field.length}` : field.oxmName;
}
