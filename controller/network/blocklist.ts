/**
 * The blocklist: which sources are dropped, why, and until when.
 *
 * A block is what a person, a verdict or a list asked for at one time: any number of sources with one reason
 * and one end. Sources live in shards, and there in cells, found by hash of the /24 or /48 that they are in: neighbours are
 * in the same cell, or are wider than that. A shard is what is stored and programmed as one, a cell is what is copied
 * and looked through when a source changes.
 *
 * There are two lines. The first is looked at before conntrack: nothing of its sources gets in, established
 * connections included. It is short, because every source in it costs the datapath megaflows while packets come
 * from random sources. The second is looked at behind the meters, by new connections alone, and may hold millions.
 * A block is in the first line while there is room; newer blocks push the oldest into the second.
 */
import { blocklist as limits } from '../limits.ts';
import type { GuestName } from './names.ts';

/** An address, or a prefix in CIDR form, as `address.ts` writes it: `203.0.113.7`, `2001:db8::/48`. */
export type Source = string;

export type BlockOrigin = 'person' | 'verdict' | 'list';
export type Line = 'first' | 'second';

export interface Block {
  /** 1 to 2³² - 1, never used again while the store lives: what the cookies of its flows name. */
  readonly number: number;
  readonly origin: BlockOrigin;
  readonly reason: string;
  /** Id of the verdict that made it. */
  readonly verdict: string | undefined;
  /** Only packets to this guest are dropped; undefined: to any. */
  readonly guest: GuestName | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** The same; undefined: until it is taken away. */
  readonly expires: number | undefined;
  readonly line: Line;
  /** How many sources it has. */
  readonly count: number;
  /** All of them, in the order of their coming, while they are few; undefined when only the shards know them. */
  readonly sources: readonly Source[] | undefined;
}

/** The blocks that a source is in, by number; mostly one. */
export type Owners = number | readonly number[];
export type Cell = ReadonlyMap<Source, Owners>;
/** By the numbers of its cells; none is empty. */
export type Shard = ReadonlyMap<number, Cell>;
export type Shards = ReadonlyMap<number, Shard>;

export interface Allowance {
  readonly source: Source;
  readonly reason: string;
  readonly createdAt: number;
}

export interface Blocklist {
  readonly blocks: ReadonlyMap<number, Block>;
  readonly lines: Readonly<Record<Line, Shards>>;
  /** Never dropped, whatever else is said. */
  readonly allowed: ReadonlyMap<Source, Allowance>;
  /** The highest number that a block ever had. */
  readonly lastNumber: number;
}

export const emptyBlocklist: Blocklist = {
  blocks: new Map(),
  lines: { first: new Map(), second: new Map() },
  allowed: new Map(),
  lastNumber: 0,
};

const shardCount: Readonly<Record<Line, number>> = {
  first: limits.firstLineShards,
  second: limits.secondLineShards,
};

/** The shard of a source: by its neighbourhood; all that is wider than one shares a shard. */
export const shardOf = (source: Source, line: Line): number => shardAt(placeOf(source, line), line);

/** The cell within the shard. */
export const cellOf = (source: Source, line: Line): number => cellAt(placeOf(source, line), line);

/** Shard and cell in one number, for who looks up many. */
export function placeOf(source: Source, line: Line): number {
  const neighbourhood = neighbourhoodOf(source);
  let hash = 0x811c9dc5;
  for (let i = 0; i < neighbourhood.length; i++) {
    hash = Math.imul(hash ^ neighbourhood.charCodeAt(i), 0x01000193) >>> 0;
  }
  // The low bits of FNV-1a are its weaker ones.
  return ((hash ^ (hash >>> 15)) >>> 0) % (shardCount[line] * limits.cellsPerShard);
}

export const shardAt = (place: number, line: Line): number => place % shardCount[line];
export const cellAt = (place: number, line: Line): number => Math.floor(place / shardCount[line]);

/** The beginning of the text that sources of one /24 or /48 have in common (almost always, for IPv6). */
export function neighbourhoodOf(source: Source): string {
  const slash = source.indexOf('/');
  const length = slash < 0 ? Infinity : Number(source.slice(slash + 1));
  if (source.includes(':')) return length < 48 ? ':' : source.split(':', 3).join(':');
  return length < 24 ? '.' : source.slice(0, source.lastIndexOf('.'));
}

export const ownersOf = (owners: Owners): readonly number[] =>
  typeof owners === 'number' ? [owners] : owners;

/** The sources of a shard, one cell at a time. */
export function* entriesOf(shard: Shard): Iterable<[Source, Owners]> {
  for (const cell of shard.values()) yield* cell;
}

/** The sources of a line, one shard at a time. */
export function* sourcesOf(blocklist: Blocklist, line: Line): Iterable<[Source, Owners]> {
  for (const shard of blocklist.lines[line].values()) yield* entriesOf(shard);
}

/** The blocks that a source is in, in one line; undefined when it is in none. */
export function ownersIn(shards: Shards, line: Line, source: Source): Owners | undefined {
  return shards.get(shardOf(source, line))?.get(cellOf(source, line))?.get(source);
}

/** The sources of one block. */
export function* sourcesIn(blocklist: Blocklist, block: Block): Iterable<Source> {
  if (block.sources !== undefined) {
    yield* block.sources;
    return;
  }
  for (const [source, owners] of sourcesOf(blocklist, block.line)) {
    if (ownersOf(owners).includes(block.number)) yield source;
  }
}

/** The blocks that name exactly this source. */
export function blocksOf(blocklist: Blocklist, source: Source): Block[] {
  return (['first', 'second'] as const).flatMap((line) => {
    const owners = ownersIn(blocklist.lines[line], line, source);
    return owners === undefined
      ? []
      : ownersOf(owners).flatMap((number) => blocklist.blocks.get(number) ?? []);
  });
}
