/**
 * Addresses as text. Parsing is strict: one spelling of a MAC or IPv4 address, RFC 4291 for IPv6, and nothing
 * before or after; formatting gives the canonical spelling (RFC 5952 for IPv6), so text → value → text is
 * stable and value → text → value is the identity.
 *
 * Values: MAC and IPv4 are numbers, IPv6 is a bigint, network byte order.
 */
import { OpenFlowBadValueError } from './errors.ts';

const MAC = /^([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2})$/i;

function bad(kind: string, text: string): OpenFlowBadValueError {
  return new OpenFlowBadValueError(JSON.stringify(text), -1, `not ${kind}`);
}

/** `02:00:00:00:00:01` → 0x020000000001. Throws `OPENFLOW_BAD_VALUE`. */
export function parseMac(text: string): number {
  const parts = MAC.exec(text);
  if (parts === null) throw bad('a MAC address like 02:00:00:00:00:01', text);
  let value = 0;
  for (let i = 1; i <= 6; i++) value = value * 256 + parseInt(parts[i]!, 16);
  return value;
}

export function formatMac(value: number): string {
  const digits = value.toString(16).padStart(12, '0');
  return `${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}:${digits.slice(6, 8)}:${digits.slice(8, 10)}:${digits.slice(10)}`;
}

/** Dotted quad without leading zeros → number. Throws `OPENFLOW_BAD_VALUE`. */
export function parseIpv4(text: string): number {
  const value = tryIpv4(text);
  if (value === undefined) throw bad('an IPv4 address like 192.0.2.1', text);
  return value;
}

function tryIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** IPv6 text (RFC 4291 section 2.2, no zone) → bigint. Throws `OPENFLOW_BAD_VALUE`. */
export function parseIpv6(text: string): bigint {
  const groups = ipv6Groups(text);
  if (groups === undefined) throw bad('an IPv6 address like 2001:db8::1', text);
  let value = 0n;
  for (const group of groups) value = (value << 16n) | BigInt(group);
  return value;
}

function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupList(halves[0]!, halves.length === 1);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const tail = groupList(halves[1]!, true);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

function groupList(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = tryIpv4(part);
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** The spelling of RFC 5952, except that IPv4-compatible and -mapped addresses end in a dotted quad, as inet_ntop prints them. */
export function formatIpv6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  let best = 0;
  let bestLength = 0;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    if (length > 0) i += length - 1;
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  const endsInIpv4 = best === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff));
  if (endsInIpv4) {
    const v4 = formatIpv4(((groups[6]! << 16) | groups[7]!) >>> 0);
    return bestLength === 5 ? `::ffff:${v4}` : `::${v4}`;
  }
  if (bestLength < 2) return hex(0, 8);
  return `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

/** Number of leading ones if `mask` (of `bits` bits) is a CIDR mask, else -1. */
export function prefixLength(mask: bigint, bits: number): number {
  const host = (1n << BigInt(bits)) - 1n - mask;
  if ((host & (host + 1n)) !== 0n) return -1;
  let length = bits;
  for (let rest = host; rest > 0n; rest >>= 1n) length--;
  return length;
}

/** The mask of `bits` bits with `length` leading ones. */
export function prefixMask(length: number, bits: number): bigint {
  const all = (1n << BigInt(bits)) - 1n;
  return all - ((1n << BigInt(bits - length)) - 1n);
}
