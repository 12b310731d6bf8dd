/**
 * Aggregation of sources into prefixes. Pure.
 *
 * Everything that is given stays covered. What is covered beside it is bounded: a prefix takes the place of
 * those in it only where they are at least `share` of its addresses, and never when an allowed address is in it.
 */
import { neighbourhoodOf } from '../../controller/network/blocklist.ts';
import {
  bitsOf,
  contains,
  formatAddress,
  formatPrefix,
  overlap,
  parseAddress,
  parsePrefix,
  type Prefix,
  type Version,
} from '../../controller/network/address.ts';

export interface AggregateOptions {
  /** 1: only what is listed as a whole; 0.5: at least half of the prefix. */
  readonly share: number;
  /** Prefixes get no shorter than this by aggregation. */
  readonly shortest: Readonly<Record<Version, number>>;
  readonly allowed: readonly Prefix[];
}

/** An address or a prefix as a prefix; undefined when the text is neither, or has host bits set. */
export function parseSource(text: string): Prefix | undefined {
  const address = parseAddress(text);
  return address === undefined ? parsePrefix(text) : { ...address, length: bitsOf(address.version) };
}

/** An address where the prefix is one, in the text that the blocklist uses. */
export function formatSource(prefix: Prefix): string {
  return prefix.length === bitsOf(prefix.version) ? formatAddress(prefix) : formatPrefix(prefix);
}

/**
 * The widest prefixes within the bounds that cover the given ones, in order, none inside another. Prefixes that
 * are given are never narrowed.
 */
export function aggregate(prefixes: readonly Prefix[], options: AggregateOptions): Prefix[] {
  const result: Prefix[] = [];
  for (const version of [4, 6] as const) {
    const listed = disjoint(prefixes.filter((prefix) => prefix.version === version));
    const allowed = options.allowed.filter((prefix) => prefix.version === version);
    const bound: Bound = { share: options.share, shortest: options.shortest[version], allowed };
    if (listed.length > 0) cover(listed, 0, listed.length, bound, result);
  }
  return result;
}

/** Merges sources that fill a prefix of their /24 or /48 as a whole; nothing else is covered. */
export function mergeNeighbours(sources: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const source of sources) {
    const neighbourhood = neighbourhoodOf(source);
    const group = groups.get(neighbourhood);
    if (group === undefined) groups.set(neighbourhood, [source]);
    else group.push(source);
  }
  if (groups.size === sources.length) return sources;
  return [...groups.values()].flatMap((group) => {
    if (group.length === 1) return group;
    const prefixes = group.flatMap((source) => parseSource(source) ?? []);
    return aggregate(prefixes, { share: 1, shortest: { 4: 0, 6: 0 }, allowed: [] }).map(formatSource);
  });
}

interface Bound {
  readonly share: number;
  readonly shortest: number;
  readonly allowed: readonly Prefix[];
}

/** In order, without those inside another. */
function disjoint(prefixes: readonly Prefix[]): Prefix[] {
  const sorted = [...prefixes].sort((a, b) =>
    a.value < b.value ? -1 : a.value > b.value ? 1 : a.length - b.length,
  );
  const kept: Prefix[] = [];
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !contains(last, prefix)) kept.push(prefix);
  }
  return kept;
}

/** Covers `listed[from]` to `listed[to - 1]`: by one prefix if that is within the bounds, else half by half. */
function cover(listed: readonly Prefix[], from: number, to: number, bound: Bound, result: Prefix[]): void {
  const first = listed[from]!;
  if (to - from === 1) {
    result.push(first);
    return;
  }
  const common = commonPrefix(first, listed[to - 1]!);
  if (common.length >= bound.shortest && isFull(listed, from, to, common, bound.share)) {
    if (!bound.allowed.some((prefix) => overlap(prefix, common))) {
      result.push(common);
      return;
    }
  }
  const upperHalf = common.value + (1n << BigInt(bitsOf(common.version) - common.length - 1));
  let middle = from + 1;
  while (listed[middle]!.value < upperHalf) middle++;
  cover(listed, from, middle, bound, result);
  cover(listed, middle, to, bound, result);
}

/** Is at least `share` of the prefix listed? */
function isFull(listed: readonly Prefix[], from: number, to: number, prefix: Prefix, share: number): boolean {
  const bits = bitsOf(prefix.version);
  const size = 1n << BigInt(bits - prefix.length);
  let filled = 0n;
  for (let i = from; i < to; i++) filled += 1n << BigInt(bits - listed[i]!.length);
  return share >= 1 ? filled === size : Number(filled) >= share * Number(size);
}

/** The longest prefix that two disjoint ones have in common. */
function commonPrefix(a: Prefix, b: Prefix): Prefix {
  const bits = bitsOf(a.version);
  const length = bits - (a.value ^ b.value).toString(2).length;
  const hostBits = BigInt(bits - length);
  return { version: a.version, value: (a.value >> hostBits) << hostBits, length };
}
