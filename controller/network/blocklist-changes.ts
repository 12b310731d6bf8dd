/**
 * The steps by which the blocklist changes. Each costs what it changes: the cells of the sources concerned.
 */
import { blocklist as limits } from '../limits.ts';
import {
  type Allowance,
  type Block,
  type Blocklist,
  type Cell,
  cellAt,
  type Line,
  type Owners,
  ownersIn,
  ownersOf,
  placeOf,
  type Shard,
  shardAt,
  type Shards,
  type Source,
  sourcesIn,
  sourcesOf,
} from './blocklist.ts';

type Change = (blocklist: Blocklist) => Blocklist;

/** A block as it is asked for; its number, line and count follow. */
export type NewBlock = Omit<Block, 'number' | 'line' | 'count' | 'sources'>;

/** A new block; it gets the number after the last one's. */
export function blocked(wanted: NewBlock, sources: readonly Source[]): Change {
  return (blocklist) => {
    const number = blocklist.lastNumber + 1;
    const fits = sources.length <= limits.firstLine && wanted.origin !== 'list';
    const block: Block = { ...wanted, number, line: fits ? 'first' : 'second', count: 0, sources: [] };
    const blocks = new Map(blocklist.blocks).set(number, block);
    const added = sourcesAdded(number, sources)({ ...blocklist, blocks, lastNumber: number });
    return withRoomInFirstLine(added, number);
  };
}

/** More sources for a block. Those that it has already change nothing. */
export function sourcesAdded(number: number, sources: readonly Source[]): Change {
  return (blocklist) => {
    const block = blocklist.blocks.get(number);
    if (block === undefined) return blocklist;
    const editor = new LineEditor(blocklist.lines[block.line], block.line);
    const added = sources.filter((source) => editor.add(source, number));
    if (added.length === 0) return blocklist;
    const count = block.count + added.length;
    const all =
      count <= limits.sourcesKept && block.sources !== undefined ? [...block.sources, ...added] : undefined;
    const next = {
      ...blocklist,
      blocks: new Map(blocklist.blocks).set(number, { ...block, count, sources: all }),
      lines: { ...blocklist.lines, [block.line]: editor.done() },
    };
    return withRoomInFirstLine(next, number);
  };
}

/** Another end for a block; undefined for none. */
export function extended(number: number, expires: number | undefined): Change {
  return (blocklist) => {
    const block = blocklist.blocks.get(number);
    if (block === undefined || block.expires === expires) return blocklist;
    return { ...blocklist, blocks: new Map(blocklist.blocks).set(number, { ...block, expires }) };
  };
}

/** Blocks that are no more. */
export function unblocked(numbers: Iterable<number>): Change {
  return (blocklist) => {
    const gone = [...numbers].flatMap((number) => blocklist.blocks.get(number) ?? []);
    if (gone.length === 0) return blocklist;
    const blocks = new Map(blocklist.blocks);
    const lines = { ...blocklist.lines };
    for (const line of ['first', 'second'] as const) {
      const here = gone.filter((block) => block.line === line);
      const large = new Set(here.flatMap(({ number, sources }) => (sources === undefined ? number : [])));
      const editor = new LineEditor(lines[line], line);
      for (const { number, sources = [] } of here)
        for (const source of sources) editor.remove(source, number);
      if (large.size > 0) {
        for (const [source, owners] of sourcesOf(blocklist, line)) {
          for (const number of ownersOf(owners)) if (large.has(number)) editor.remove(source, number);
        }
      }
      lines[line] = editor.done();
    }
    for (const { number } of gone) blocks.delete(number);
    return { ...blocklist, blocks, lines };
  };
}

/** A source leaves every block that names it; a block that is left with none goes with it. */
export function sourceUnblocked(source: Source): Change {
  return (blocklist) => {
    const blocks = new Map(blocklist.blocks);
    const lines = { ...blocklist.lines };
    for (const line of ['first', 'second'] as const) {
      const owners = ownersIn(lines[line], line, source);
      if (owners === undefined) continue;
      const editor = new LineEditor(lines[line], line);
      for (const number of ownersOf(owners)) {
        editor.remove(source, number);
        const block = blocks.get(number);
        if (block === undefined) continue;
        if (block.count === 1) blocks.delete(number);
        else {
          const sources = block.sources?.filter((one) => one !== source);
          blocks.set(number, { ...block, count: block.count - 1, sources });
        }
      }
      lines[line] = editor.done();
    }
    return lines.first === blocklist.lines.first && lines.second === blocklist.lines.second
      ? blocklist
      : { ...blocklist, blocks, lines };
  };
}

export function allowed(allowance: Allowance): Change {
  return (blocklist) => ({
    ...blocklist,
    allowed: new Map(blocklist.allowed).set(allowance.source, allowance),
  });
}

export function disallowed(source: Source): Change {
  return (blocklist) => {
    if (!blocklist.allowed.has(source)) return blocklist;
    const rest = new Map(blocklist.allowed);
    rest.delete(source);
    return { ...blocklist, allowed: rest };
  };
}

/** Pushes the oldest blocks out of the first line until the rest has room; `newest` goes last. */
function withRoomInFirstLine(blocklist: Blocklist, newest: number): Blocklist {
  const first = [...blocklist.blocks.values()].filter(({ line }) => line === 'first');
  let total = first.reduce((sum, { count }) => sum + count, 0);
  if (total <= limits.firstLine) return blocklist;
  first.sort((a, b) => Number(a.number === newest) - Number(b.number === newest) || a.number - b.number);
  const blocks = new Map(blocklist.blocks);
  const from = new LineEditor(blocklist.lines.first, 'first');
  const to = new LineEditor(blocklist.lines.second, 'second');
  for (const block of first) {
    if (total <= limits.firstLine) break;
    total -= block.count;
    blocks.set(block.number, { ...block, line: 'second' });
    for (const source of sourcesIn(blocklist, block)) {
      from.remove(source, block.number);
      to.add(source, block.number);
    }
  }
  return { ...blocklist, blocks, lines: { first: from.done(), second: to.done() } };
}

/** Edits a line's shards; copies each cell that it touches once. */
class LineEditor {
  readonly #line: Line;
  readonly #before: Shards;
  /** By place. */
  readonly #touched = new Map<number, Map<Source, Owners>>();

  constructor(before: Shards, line: Line) {
    this.#before = before;
    this.#line = line;
  }

  /** False when the block has the source already. */
  add(source: Source, number: number): boolean {
    const cell = this.#cell(source);
    const owners = cell.get(source);
    if (owners === undefined) cell.set(source, number);
    else if (ownersOf(owners).includes(number)) return false;
    else cell.set(source, [...ownersOf(owners), number]);
    return true;
  }

  remove(source: Source, number: number): void {
    const cell = this.#cell(source);
    const [one, ...others] = ownersOf(cell.get(source) ?? []).filter((owner) => owner !== number);
    if (one === undefined) cell.delete(source);
    else cell.set(source, others.length === 0 ? one : [one, ...others]);
  }

  done(): Shards {
    if (this.#touched.size === 0) return this.#before;
    const shards = new Map<number, Shard>(this.#before);
    const copied = new Map<number, Map<number, Cell>>();
    for (const [place, cell] of this.#touched) {
      const key = shardAt(place, this.#line);
      const shard = copied.get(key) ?? copyOf(this.#before.get(key));
      copied.set(key, shard);
      if (cell.size === 0) shard.delete(cellAt(place, this.#line));
      else shard.set(cellAt(place, this.#line), cell);
    }
    for (const [key, shard] of copied) {
      if (shard.size === 0) shards.delete(key);
      else shards.set(key, shard);
    }
    return shards;
  }

  #cell(source: Source): Map<Source, Owners> {
    const place = placeOf(source, this.#line);
    let cell = this.#touched.get(place);
    if (cell === undefined) {
      const shard = this.#before.get(shardAt(place, this.#line));
      cell = copyOf(shard?.get(cellAt(place, this.#line)));
      this.#touched.set(place, cell);
    }
    return cell;
  }
}

/** In half the time of `new Map(map)`, which makes an array of every entry: ten thousand sources are as many cells. */
function copyOf<K, V>(map: ReadonlyMap<K, V> | undefined): Map<K, V> {
  const copy = new Map<K, V>();
  map?.forEach((value, key) => copy.set(key, value));
  return copy;
}
