/**
 * The flows of the blocklist's two lines: one block of flows for each shard, the same on every bridge and so
 * derived and encoded once for all. Neighbours of one block that fill a prefix are one flow.
 *
 * A source that is blocked for a guest alone is dropped where the packet is for one of the guest's addresses, those that
 * its connections are relayed to included.
 */
import {
  type Block,
  type Blocklist,
  type Cell,
  entriesOf,
  type Line,
  neighbourhoodOf,
  type Owners,
  ownersOf,
  type Shard,
  type Source,
} from '../../controller/network/blocklist.ts';
import type { Anchor } from '../../controller/network/anchor.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { Addresses, GuestName } from '../../controller/network/names.ts';
import type { MatchInput } from '../../controller/openflow/index.ts';
import { drop, type Flow, FlowList, ip } from '../../controller/switches/flow.ts';
import { cookie } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe, FlowChange, TracedFlows } from '../../controller/switches/program.ts';
import { mergeNeighbours } from './aggregate.ts';

const PRIORITY = 100;
const tables = { first: 'blocklist', second: 'blocklistNew' } as const;

type State = Pick<NetworkState, 'blocklist' | 'guests' | 'anchors'>;

export function blocklistRecipes(state: State): BlockRecipe[] {
  const { blocklist } = state;
  const recipes: BlockRecipe[] = [];
  const anyForGuest = [...blocklist.blocks.values()].some(({ guest }) => guest !== undefined);
  for (const line of ['first', 'second'] as const) {
    for (const [key, shard] of blocklist.lines[line]) {
      const { forAll, guests } = factsOf(shard, line, anyForGuest ? blocklist.blocks : NO_BLOCKS);
      recipes.push({ key: `defence ${line} ${key}`, inputs: [shard], flows: () => forAll });
      for (const guest of guests) {
        const anchors = anchorsOf(state, guest);
        recipes.push({
          key: `defence ${line} ${key} ${guest}`,
          inputs: [shard, ...anchors],
          flows: () => guestFlows(shard, line, guest, anchors, blocklist.blocks),
        });
      }
    }
  }
  return recipes;
}

/** Match on packets from an address or prefix. */
export function fromSource(source: Source): MatchInput {
  return source.includes(':') ? { ...ip[6], ipv6_src: source } : { ...ip[4], ip_src: source };
}

interface ShardFacts {
  readonly forAll: Iterable<Flow>;
  /** Guests that some source is blocked for alone. */
  readonly guests: readonly GuestName[];
}

const NO_BLOCKS: Blocklist['blocks'] = new Map();

/** A shard never changes, nor does whom a block is for; so what follows from them is kept with the shard. */
const facts = new WeakMap<Shard, ShardFacts>();

function factsOf(shard: Shard, line: Line, blocks: Blocklist['blocks']): ShardFacts {
  let known = facts.get(shard);
  if (known === undefined) {
    const guests = new Set<GuestName>();
    let scoped = false;
    for (const [, owners] of blocks.size === 0 ? [] : entriesOf(shard)) {
      for (const owner of ownersOf(owners)) {
        const guest = blocks.get(owner)?.guest;
        if (guest === undefined) continue;
        guests.add(guest);
        scoped = true;
      }
    }
    known = { forAll: new FlowsForAll(shard, line, scoped ? blocks : undefined), guests: [...guests] };
    facts.set(shard, known);
  }
  return known;
}

/**
 * Made anew each time that they are asked for, and kept by nobody: there may be a million. From one value of a shard to the
 * next only the neighbourhoods are made in which a source came, went or changed hands.
 */
class FlowsForAll implements TracedFlows {
  readonly #shard: Shard;
  readonly #line: Line;
  /** Undefined when every source is blocked for all. */
  readonly #blocks: ReadonlyMap<number, Block> | undefined;

  constructor(shard: Shard, line: Line, blocks: ReadonlyMap<number, Block> | undefined) {
    this.#shard = shard;
    this.#line = line;
    this.#blocks = blocks;
  }

  *[Symbol.iterator](): Iterator<Flow> {
    for (const cell of this.#shard.values()) yield* this.flowsIn(cell, cell.keys());
  }

  since(before: Iterable<Flow> | undefined): FlowChange | undefined {
    if (before !== undefined && !(before instanceof FlowsForAll)) return undefined;
    const old = before === undefined ? NO_SHARD : before.#shard;
    const change = { before: new Array<Flow>(), after: new Array<Flow>(), fresh: new Array<() => Flow>() };
    for (const [number, cell] of this.#shard) {
      const was = old.get(number) ?? NO_CELL;
      if (was === cell) continue;
      const { alone, after, before: were } = compareCells(was, cell);
      for (const source of alone) this.#make(cell, source, change.fresh);
      for (const flow of before?.flowsIn(was, were) ?? []) change.before.push(flow);
      for (const flow of this.flowsIn(cell, after)) change.after.push(flow);
    }
    for (const [number, was] of old) {
      if (this.#shard.has(number)) continue;
      for (const flow of before?.flowsIn(was, was.keys()) ?? []) change.before.push(flow);
    }
    return change;
  }

  #make(cell: Cell, source: Source, into: (() => Flow)[]): void {
    const owner = this.#ownerOf(cell.get(source)!);
    if (owner !== undefined) into.push(() => dropFrom(source, this.#line, owner));
  }

  /** Of some sources of a cell, whole neighbourhoods. */
  *flowsIn(cell: Cell, sources: Iterable<Source>): Iterable<Flow> {
    const sourcesByBlock = new Map<number, Source[]>();
    for (const source of sources) {
      const owner = this.#ownerOf(cell.get(source)!);
      if (owner === undefined) continue;
      const known = sourcesByBlock.get(owner);
      if (known === undefined) sourcesByBlock.set(owner, [source]);
      else known.push(source);
    }
    for (const [number, those] of sourcesByBlock) {
      for (const source of mergeNeighbours(those)) yield dropFrom(source, this.#line, number);
    }
  }

  /** The block that drops it for all, if one does. */
  #ownerOf(owners: Owners): number | undefined {
    if (typeof owners === 'number' && this.#blocks === undefined) return owners;
    return ownersOf(owners).find((number) => this.#blocks?.get(number)?.guest === undefined);
  }
}

const NO_SHARD: Shard = new Map();
const NO_CELL: Cell = new Map();

interface CellChange {
  /** Sources that have come and have no neighbours, nor had any. */
  readonly alone: readonly Source[];
  /** The other neighbourhoods in which a source came, went or changed hands, as they were and as they are. */
  readonly before: readonly Source[];
  readonly after: readonly Source[];
}

function compareCells(was: Cell, is: Cell): CellChange {
  const lost = [...was.keys()].filter((source) => !is.has(source));
  const touched = new Map<string, Source[]>();
  for (const source of lost) touched.set(neighbourhoodOf(source), []);
  for (const [source, owners] of is) {
    if (was.get(source) !== owners) touched.set(neighbourhoodOf(source), []);
  }
  for (const source of is.keys()) touched.get(neighbourhoodOf(source))?.push(source);
  const alone: Source[] = [];
  const after: Source[] = [];
  for (const sources of touched.values()) {
    const [source] = sources;
    if (sources.length === 1 && lost.length === 0 && !was.has(source!)) alone.push(source!);
    else after.push(...sources);
  }
  return { alone, after, before: [...after.filter((source) => was.has(source)), ...lost] };
}

function dropFrom(source: Source, line: Line, number: number): Flow {
  const list = new FlowList(cookie('defence', 'block', number));
  return list.add(tables[line], PRIORITY, fromSource(source), drop).flows[0]!;
}

function guestFlows(
  shard: Shard,
  line: Line,
  guest: GuestName,
  anchors: readonly Anchor[],
  blocks: Blocklist['blocks'],
): readonly Flow[] {
  const flows: Flow[] = [];
  const destinations = anchors.flatMap((anchor) => addressesOf(anchor, line));
  for (const [source, owners] of entriesOf(shard)) {
    const owner = ownersOf(owners).find((number) => blocks.get(number)?.guest === guest);
    if (owner === undefined) continue;
    const list = new FlowList(cookie('defence', 'block', owner));
    for (const addresses of destinations) {
      const to = source.includes(':') ? addresses.ipv6 : addresses.ipv4;
      if (to === undefined) continue;
      const dst = source.includes(':') ? { ipv6_dst: to } : { ip_dst: to };
      list.add(tables[line], PRIORITY, { ...fromSource(source), ...dst }, drop);
    }
    flows.push(...list.flows);
  }
  return flows;
}

/** What is sent to a relay address comes by the first line alone. */
function addressesOf({ addresses, relays = [] }: Anchor, line: Line): readonly Addresses[] {
  return line === 'first'
    ? [addresses, ...relays.flatMap(({ edge, anchor }) => [edge, anchor])]
    : [addresses];
}

function anchorsOf({ guests, anchors }: State, guest: GuestName): readonly Anchor[] {
  const interfaces = guests.get(guest)?.interfaces ?? [];
  return interfaces.flatMap(({ number }) => anchors.get(number) ?? []);
}
