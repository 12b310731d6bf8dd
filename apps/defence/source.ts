/**
 * Sources, as samples are counted by: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address
 * of a /64 has all of them. Larger prefixes tell of senders that vary theirs: an IPv4 /24, an IPv6 /48.
 */
import type { FlowRecord } from '../../controller/ipfix/index.ts';

/** A number for IPv4 (32 bits), a bigint for IPv6 (the upper 64 bits). */
export type SourceKey = number | bigint;
/** The same, shorter: 24 bits, or 48. */
export type PrefixKey = number | bigint;

export function sourceOf({ sourceIPv4Address, sourceIPv6Address }: FlowRecord): SourceKey | undefined {
  if (sourceIPv4Address !== undefined) return sourceIPv4Address;
  return sourceIPv6Address === undefined ? undefined : sourceIPv6Address >> 64n;
}

export const prefixOf = (source: SourceKey): PrefixKey =>
  typeof source === 'number' ? source >>> 8 : source >> 16n;

/** 32 bits to tell sources apart by. */
export const hashOf = (source: SourceKey): number =>
  typeof source === 'number' ? source : Number(source & 0xffff_ffffn) ^ Number(source >> 32n);

/** `198.51.100.7/32` or `2001:db8:1:2::/64`. */
export function sourceText(source: SourceKey): string {
  return typeof source === 'number' ? `${ipv4Text(source)}/32` : `${ipv6Text(source)}/64`;
}

/** `198.51.100.0/24` or `2001:db8:1::/48`. */
export function prefixText(prefix: PrefixKey): string {
  return typeof prefix === 'number' ? `${ipv4Text(prefix * 256)}/24` : `${ipv6Text(prefix << 16n)}/48`;
}

const ipv4Text = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

/** The upper half of an address, the lower being zero. */
function ipv6Text(upper: bigint): string {
  const groups = [48n, 32n, 16n, 0n].map((shift) => Number((upper >> shift) & 0xffffn));
  while (groups.at(-1) === 0) groups.pop();
  return `${groups.map((group) => group.toString(16)).join(':')}::`;
}
