/**
 * IP addresses and prefixes as numbers, for both versions.
 * Text goes in and comes out in the usual notations (RFC 4632 and RFC 5952).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../openflow/index.ts';

export type Version = 4 | 6;

export interface Address {
  readonly version: Version;
  readonly value: bigint;
}

export interface Prefix {
  readonly version: Version;
  /** The network's own address: all host bits are zero. */
  readonly value: bigint;
  readonly length: number;
}

export const bitsOf = (version: Version): number => (version === 4 ? 32 : 128);

/** The address in `text`, or undefined when it is none. Zone identifiers are not accepted. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { version: 4, value: BigInt(parseIpv4(text)) };
  return isIPv6(text) && !text.includes('%') ? { version: 6, value: parseIpv6(text) } : undefined;
}

export const formatAddress = ({ version, value }: Address): string =>
  version === 4 ? formatIpv4(Number(value)) : formatIpv6(value);

/** The prefix in `text` (`10.1.0.0/24`), or undefined when it is none or has host bits set. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match && parseAddress(match[1]!);
  if (!match || !address) return undefined;
  const length = Number(match[2]);
  const bits = bitsOf(address.version);
  if (length > bits) return undefined;
  const host = (1n << BigInt(bits - length)) - 1n;
  return (address.value & host) === 0n ? { ...address, length } : undefined;
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix)}/${prefix.length}`;

export function contains(prefix: Prefix, address: Address): boolean {
  const shift = BigInt(bitsOf(prefix.version) - prefix.length);
  return prefix.version === address.version && prefix.value >> shift === address.value >> shift;
}

/** The same of texts; what is no prefix contains nothing, and an address of the other family is in none. */
export function isWithin(prefix: string, address: string): boolean {
  const [outer, inner] = [parsePrefix(prefix), parseAddress(address)];
  return outer !== undefined && inner !== undefined && contains(outer, inner);
}

export function overlap(a: Prefix, b: Prefix): boolean {
  return contains(a, b) || contains(b, a);
}

/** The address at `offset` in a prefix; the caller knows that it is inside. */
export const addressAt = (prefix: Prefix, offset: bigint | number): Address => ({
  version: prefix.version,
  value: prefix.value + BigInt(offset),
});

/** True for the addresses of an IPv4 subnet that no machine may have: the network and the broadcast address. */
export function isReserved(prefix: Prefix, address: Address): boolean {
  if (prefix.version === 6) return prefix.length < 127 && address.value === prefix.value;
  if (prefix.length >= 31) return false;
  const last = prefix.value + (1n << BigInt(32 - prefix.length)) - 1n;
  return address.value === prefix.value || address.value === last;
}
