/**
 * Matches from readable input: `match({ eth_type: 0x0800, ip_dst: '10.0.0.0/8' })`.
 *
 * Fields are put in the order a switch wants, whatever order they are given in, and what they require is
 * checked, so that a match that a switch would refuse is refused here, with the reason.
 */
import { parseIpv4, parseIpv6, parseMac, prefixMask } from '../addresses.ts';
import { CtState, VLAN_PRESENT } from '../constants.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import type { Prerequisite } from '../field-table.ts';
import {
  fieldByName,
  findField,
  type DisplayOf,
  type FieldName,
  type FieldValue,
  type OxmField,
  type WidthOf,
} from '../fields.ts';
import type { Match, MatchField } from '../match.ts';

type Plain<N extends FieldName> =
  DisplayOf<N> extends 'ethernet' | 'ipv4' | 'ipv6'
    ? string
    : WidthOf<N> extends 8 | 16
      ? bigint | number
      : WidthOf<N> extends 124
        ? Uint8Array
        : number;

/**
 * A value, or a value with a mask. Addresses are text, IPv4 and IPv6 with an optional `/prefix` or `/mask`, MAC
 * with an optional `/mask`; fields of 64 and 128 bits take a bigint (or a number, if it is a safe integer).
 */
export type FieldInput<N extends FieldName> =
  Plain<N> | { readonly value: Plain<N>; readonly mask: Plain<N> };

export type MatchInput = { readonly [N in FieldName]?: FieldInput<N> | undefined };

type AnyPlain = string | number | bigint | Uint8Array;
type AnyInput = AnyPlain | { readonly value: AnyPlain; readonly mask: AnyPlain };

function refuse(field: OxmField, problem: string): never {
  throw new OpenFlowBadValueError(field.name, -1, problem);
}

function allOnes(field: OxmField): bigint {
  return (1n << BigInt(field.length * 8)) - 1n;
}

/** One address or number, in the form that matches keep it in. */
function plainValue(field: OxmField, input: AnyPlain): FieldValue {
  if (typeof input === 'string') {
    if (field.display === 'ethernet') return parseMac(input);
    if (field.display === 'ipv4') return parseIpv4(input);
    if (field.display === 'ipv6') return parseIpv6(input);
    refuse(
      field,
      `${JSON.stringify(input)} is text, ${field.kind === 'bytes' ? 'bytes are' : 'a number is'} wanted`,
    );
  }
  if (input instanceof Uint8Array) {
    if (field.kind !== 'bytes' || input.length === 0 || input.length > field.length) {
      refuse(field, `${input.length} bytes given where a ${field.kind} is wanted`);
    }
    return input;
  }
  if (field.kind === 'bytes') refuse(field, 'bytes are wanted');
  if (typeof input === 'number' && !Number.isSafeInteger(input))
    refuse(field, `${input} is not a whole number`);
  const value = BigInt(input);
  if (value < 0n || value > allOnes(field)) refuse(field, `${value} does not fit in ${field.length} bytes`);
  return field.kind === 'bigint' ? value : Number(value);
}

function withPrefix(field: OxmField, input: string): AnyInput {
  const slash = input.indexOf('/');
  if (slash < 0) return input;
  const value = input.slice(0, slash);
  const suffix = input.slice(slash + 1);
  const bits = field.display === 'ipv4' ? 32 : field.display === 'ipv6' ? 128 : 0;
  if (bits === 0 || !/^[0-9]+$/.test(suffix)) return { value, mask: suffix };
  if (!/^(0|[1-9][0-9]*)$/.test(suffix) || Number(suffix) > bits)
    refuse(field, `/${suffix} is not 0 to ${bits}`);
  return { value, mask: prefixMask(Number(suffix), bits) };
}

function maskBits(value: FieldValue, mask: FieldValue): FieldValue {
  if (value instanceof Uint8Array) {
    return mask instanceof Uint8Array ? value.map((byte, i) => byte & mask[i]!) : value;
  }
  const masked = BigInt(value) & BigInt(mask as number | bigint);
  return typeof value === 'bigint' ? masked : Number(masked);
}

function isAllOnes(field: OxmField, mask: FieldValue): boolean {
  return mask instanceof Uint8Array ? mask.every((byte) => byte === 0xff) : BigInt(mask) === allOnes(field);
}

/**
 * Value and mask of a field from input, the value's bits outside the mask cleared; a mask of ones is dropped.
 * Undefined where the mask is zero: the field is not matched at all.
 */
export function fieldEntry(field: OxmField, input: AnyInput): MatchField | undefined {
  const given = typeof input === 'string' ? withPrefix(field, input) : input;
  if (typeof given !== 'object' || given instanceof Uint8Array)
    return { field, value: plainValue(field, given), mask: undefined };
  const value = plainValue(field, given.value);
  const mask = plainValue(field, given.mask);
  if (mask instanceof Uint8Array && (!(value instanceof Uint8Array) || value.length !== mask.length)) {
    refuse(field, 'value and mask differ in length');
  }
  if (isAllOnes(field, mask)) return { field, value, mask: undefined };
  if (mask instanceof Uint8Array ? mask.every((byte) => byte === 0) : BigInt(mask) === 0n) return undefined;
  if (!field.maskable) refuse(field, 'it cannot be masked');
  return { field, value: maskBits(value, mask), mask };
}

/** Builds a match. Throws `OPENFLOW_BAD_VALUE` for a value that does not fit or a requirement that is not met. */
export function match(input: MatchInput): Match {
  const fields: MatchField[] = [];
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    const entry = fieldEntry(fieldByName(name), value);
    if (entry !== undefined) fields.push(entry);
  }
  fields.sort((a, b) => a.field.order - b.field.order);
  checkMatch(fields);
  return fields;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

function exact(fields: Match, name: FieldName): number | undefined {
  const entry = fields.find(({ field, mask }) => field.name === name && mask === undefined);
  return typeof entry?.value === 'number' ? entry.value : undefined;
}

/** What each requirement means, in the words of an error and as a test. */
const REQUIREMENTS: Readonly<
  Record<Exclude<Prerequisite, 'none' | 'ethernet'>, readonly [string, (m: Match) => boolean]>
> = {
  vlan: [
    'vlan_vid with the VLAN_PRESENT bit',
    (m) =>
      m.some(
        ({ field, value }) =>
          (field.name === 'vlan_vid' || field.name === 'vlan_tci') &&
          typeof value === 'number' &&
          (value & VLAN_PRESENT) !== 0,
      ),
  ],
  mpls: ['eth_type 0x8847 or 0x8848', (m) => [0x8847, 0x8848].includes(exact(m, 'eth_type') ?? 0)],
  arp: ['eth_type 0x0806 or 0x8035', (m) => [0x0806, 0x8035].includes(exact(m, 'eth_type') ?? 0)],
  nsh: [
    'packet_type or eth_type of NSH (0x894f)',
    (m) => exact(m, 'eth_type') === 0x894f || exact(m, 'packet_type') === 0x1894f,
  ],
  ipv4: ['eth_type 0x0800', (m) => exact(m, 'eth_type') === IPV4],
  ipv6: ['eth_type 0x86dd', (m) => exact(m, 'eth_type') === IPV6],
  ip: ['eth_type 0x0800 or 0x86dd', isIp],
  tcp: ['eth_type of IP and ip_proto 6', (m) => isIp(m) && exact(m, 'nw_proto') === 6],
  udp: ['eth_type of IP and ip_proto 17', (m) => isIp(m) && exact(m, 'nw_proto') === 17],
  sctp: ['eth_type of IP and ip_proto 132', (m) => isIp(m) && exact(m, 'nw_proto') === 132],
  icmpv4: [
    'eth_type 0x0800 and ip_proto 1',
    (m) => exact(m, 'eth_type') === IPV4 && exact(m, 'nw_proto') === 1,
  ],
  icmpv6: ['eth_type 0x86dd and ip_proto 58', isIcmpv6],
  nd: ['icmpv6_type 135 or 136', (m) => isIcmpv6(m) && [135, 136].includes(exact(m, 'icmpv6_type') ?? 0)],
  nd_solicit: ['icmpv6_type 135', (m) => isIcmpv6(m) && exact(m, 'icmpv6_type') === 135],
  nd_advert: ['icmpv6_type 136', (m) => isIcmpv6(m) && exact(m, 'icmpv6_type') === 136],
  ct: ['ct_state of a valid connection (like +trk-inv, or +est)', tracksConnection],
};

function isIp(m: Match): boolean {
  const type = exact(m, 'eth_type');
  return type === IPV4 || type === IPV6;
}

function isIcmpv6(m: Match): boolean {
  return exact(m, 'eth_type') === IPV6 && exact(m, 'nw_proto') === 58;
}

/** Bits that only a valid connection has. */
const VALID = CtState.NEW | CtState.EST | CtState.REL | CtState.RPL | CtState.SNAT | CtState.DNAT;

function tracksConnection(m: Match): boolean {
  const state = m.find(({ field }) => field.name === 'ct_state');
  if (typeof state?.value !== 'number') return false;
  const { value } = state;
  const mask = typeof state.mask === 'number' ? state.mask : 0xffffffff;
  if ((value & VALID) !== 0) return true;
  return (value & CtState.TRK) !== 0 && (mask & CtState.INV) !== 0 && (value & CtState.INV) === 0;
}

/**
 * Checks what the codec does not: that every field's requirements are met by the fields before it, that none
 * comes twice, that values fit in the bits that mean something and lie within their masks.
 * Throws `OPENFLOW_BAD_VALUE` with the first thing that is wrong.
 */
export function checkMatch(fields: Match): void {
  fields.forEach((entry, index) => {
    const { field, value, mask } = entry;
    if (field.isRaw) return;
    if (fields.findIndex((other) => other.field.name === field.name) !== index)
      refuse(field, 'it is given twice');
    const before = fields.slice(0, index);
    if (field.requires !== 'none' && field.requires !== 'ethernet') {
      const [words, isMet] = REQUIREMENTS[field.requires];
      if (!isMet(before)) refuse(field, `it needs ${words} before it`);
    }
    if (mask !== undefined && !field.maskable) refuse(field, 'it cannot be masked');
    if (value instanceof Uint8Array) return;
    if (mask !== undefined && (BigInt(value) & ~BigInt(mask as number | bigint)) !== 0n) {
      refuse(field, 'the value has bits outside its mask');
    }
    checkValue(field, Number(value), mask);
  });
}

function checkValue(field: OxmField, value: number, mask: FieldValue | undefined): void {
  if (field.name === 'vlan_vid') {
    if (value > 0x1fff) refuse(field, `${value} has bits beyond vid and VLAN_PRESENT`);
    if (mask === undefined && value !== 0 && (value & VLAN_PRESENT) === 0) {
      refuse(field, `${value} lacks the bit VLAN_PRESENT (0x1000) that says there is a tag`);
    }
    return;
  }
  if (field.bits < 32 && value >= 2 ** field.bits)
    refuse(field, `${value} does not fit in ${field.bits} bits`);
}

/** The value of a field in a match, if it is there and exact. */
export function matchValue(fields: Match, name: FieldName): FieldValue | undefined {
  const wanted = findField(name);
  return fields.find(({ field, mask }) => field.name === wanted?.name && mask === undefined)?.value;
}
