/** Field values, ports and flags as Open vSwitch prints them. */
import { formatIpv4, formatIpv6, formatMac, prefixLength } from '../addresses.ts';
import type { FieldValue, OxmField } from '../fields.ts';

const RESERVED_PORTS: Readonly<Record<number, string>> = {
  0xfff7: 'UNSET',
  0xfff8: 'IN_PORT',
  0xfff9: 'TABLE',
  0xfffa: 'NORMAL',
  0xfffb: 'FLOOD',
  0xfffc: 'ALL',
  0xfffd: 'CONTROLLER',
  0xfffe: 'LOCAL',
  0xffff: 'ANY',
};

/** A 16-bit port: its name if it is reserved, else its number. */
export function formatPort16(port: number): string {
  return RESERVED_PORTS[port] ?? String(port);
}

/** A 32-bit port: reserved ones are the 16-bit ones, 0xffff0000 further up. */
export function formatPort(port: number): string {
  return port >= 0xffffff00 ? formatPort16(port - 0xffff0000) : String(port);
}

/** Like C's `%#x`: zero has no prefix. */
export function alternateHex(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`;
}

/** `0x` and the digits without leading zeros. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function bytesToBigint(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

export function hexDigits(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Bytes in hex, separated by dots. */
export function dottedHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('.');
}

export function formatIpv4Masked(value: number, mask: number): string {
  if (mask === 0xffffffff) return formatIpv4(value);
  const length = prefixLength(BigInt(mask), 32);
  return `${formatIpv4(value)}/${length < 0 ? formatIpv4(mask) : length}`;
}

const ALL_128 = (1n << 128n) - 1n;

export function formatIpv6Masked(value: bigint, mask: bigint): string {
  if (mask === ALL_128) return formatIpv6(value);
  const length = prefixLength(mask, 128);
  return `${formatIpv6(value)}/${length < 0 ? formatIpv6(mask) : length}`;
}

export function formatMacMasked(value: number, mask: number): string {
  return mask === 0xffffffffffff ? formatMac(value) : `${formatMac(value)}/${formatMac(mask)}`;
}

export const CT_STATE_BITS = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];
export const TCP_FLAG_BITS = [
  'fin',
  'syn',
  'rst',
  'psh',
  'ack',
  'urg',
  'ece',
  'cwr',
  'ns',
  '[200]',
  '[400]',
  '[800]',
];
export const TUNNEL_FLAG_BITS = ['oam', 'df', 'csum', 'key'];

/** `a|b`, with bits that have no name together in hex; `0` for none. */
function joinFlags(bits: readonly string[], flags: number): string {
  if (flags === 0) return '0';
  const parts: string[] = [];
  let unnamed = 0;
  for (let bit = 0; bit < 32; bit++) {
    if (((flags >>> bit) & 1) === 0) continue;
    const name = bits[bit];
    if (name === undefined) unnamed += 2 ** bit;
    else parts.push(name);
  }
  if (unnamed !== 0) parts.push(hex(unnamed));
  return parts.join('|');
}

/** `a|b` where all bits of `full` are matched, else `+a-b` for each bit of the mask. */
export function formatFlags(bits: readonly string[], flags: number, mask: number, full: number): string {
  if (mask === full) return joinFlags(bits, flags);
  if (mask === 0) return '0/0';
  let text = '';
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) !== 0) text += ((flags >>> bit) & 1 ? '+' : '-') + (bits[bit] ?? '[Unknown]');
  }
  return text;
}

function u16Masked(value: number, mask: number): string {
  if (mask === 0) return '*';
  return (value > 9 ? hex(value) : String(value)) + (mask === 0xffff ? '' : `/${hex(mask)}`);
}

export function formatPacketType(value: number, mask: number): string {
  if (value === 0 && mask === 0xffffffff) return 'eth';
  return `packet_type=(${u16Masked(value >>> 16, mask >>> 16)},${u16Masked(value & 0xffff, mask & 0xffff)})`;
}

const FRAGMENTS: readonly (readonly [string, number, number])[] = [
  ['no', 3, 0],
  ['first', 3, 1],
  ['later', 3, 3],
  ['no', 1, 0],
  ['yes', 1, 1],
  ['not_later', 2, 0],
  ['later', 2, 2],
];

export function formatFragment(value: number, mask: number): string {
  const bits = mask & 3;
  return FRAGMENTS.find(([, m, v]) => m === bits && v === (value & bits))?.[0] ?? '<error>';
}

/** A value (and mask) as `set_field` and `learn` show it. */
export function formatFieldValue(field: OxmField, value: FieldValue, mask?: FieldValue): string {
  if (value instanceof Uint8Array) return formatBytes(value, mask instanceof Uint8Array ? mask : undefined);
  const full = (1n << BigInt(field.length * 8)) - 1n;
  const wideMask = mask === undefined || mask instanceof Uint8Array ? full : BigInt(mask);
  if (wideMask === 0n) return 'ANY';
  const exact = wideMask === full;
  const narrow = Number(value);
  switch (field.display) {
    case 'port':
      if (exact) return field.length === 4 ? formatPort(narrow) : formatPort16(narrow);
      break;
    case 'ethernet':
      return formatMacMasked(narrow, Number(wideMask));
    case 'ipv4':
      return formatIpv4Masked(narrow, Number(wideMask));
    case 'ipv6':
      return formatIpv6Masked(BigInt(value), wideMask);
    case 'frag':
      return formatFragment(narrow, Number(wideMask));
    case 'ct_state':
      return formatFlags(CT_STATE_BITS, narrow, Number(wideMask), 0xffff);
    case 'tcp_flags':
      return formatFlags(TCP_FLAG_BITS, narrow, Number(wideMask) & 0xfff, 0xfff);
    case 'tunnel_flags':
      return formatFlags(TUNNEL_FLAG_BITS, narrow, Number(wideMask) & 1, 1);
    case 'packet_type':
      return formatPacketType(narrow, Number(wideMask));
    case 'hexadecimal':
      return alternateHex(value) + (exact ? '' : `/${alternateHex(wideMask)}`);
    case 'decimal':
      break;
  }
  return String(value) + (exact ? '' : `/${alternateHex(wideMask)}`);
}

function formatBytes(value: Uint8Array, mask: Uint8Array | undefined): string {
  const shown = alternateHex(bytesToBigint(value));
  if (mask === undefined || mask.every((byte) => byte === 0xff)) return shown;
  return `${shown}/${alternateHex(bytesToBigint(mask))}`;
}
