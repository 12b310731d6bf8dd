/**
 * The flows of the blocklist's two lines: one block of flows for each shard, the same on every bridge and so
 * derived and encoded once for all. Neighbours of one block that fill a prefix are one flow.
 *
 * A source that is blocked for a guest alone is dropped where the packet is for one of the guest's addresses.
 */
import {
  type Block,
  type Blocklist,
  type Line,
  ownersOf,
  type Shard,
  type Source,
} from '../../controller/network/blocklist.ts';
import type { Anchor, GuestName, NetworkState } from '../../controller/network/model.ts';
import type { MatchInput } from '../../controller/openflow/index.ts';
import { drop, type Flow, FlowList, ip } from '../../controller/switches/flow.ts';
import { cookie } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { mergeNeighbours } from './aggregate.ts';

const PRIORITY = 100;
const tables = { first: 'blocklist', second: 'blocklistNew' } as const;

type State = Pick<NetworkState, 'blocklist' | 'guests' | 'anchors'>;

export function blocklistRecipes(state: State): BlockRecipe[] {
  const { blocklist } = state;
  const recipes: BlockRecipe[] = [];
  for (const line of ['first', 'second'] as const) {
    for (const [key, shard] of blocklist.lines[line]) {
      const { forAll, guests } = factsOf(shard, line, blocklist.blocks);
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

/** A shard never changes, nor does whom a block is for; so what follows from them is kept with the shard. */
const facts = new WeakMap<Shard, ShardFacts>();

function factsOf(shard: Shard, line: Line, blocks: Blocklist['blocks']): ShardFacts {
  let known = facts.get(shard);
  if (known === undefined) {
    const guests = new Set<GuestName>();
    let scoped = false;
    for (const owners of shard.values()) {
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

/** Made anew each time that they are asked for, and kept by nobody: there may be a million. */
class FlowsForAll implements Iterable<Flow> {
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
    const sourcesByBlock = new Map<number, Source[]>();
    for (const [source, owners] of this.#shard) {
      const owner = ownersOf(owners).find((number) => this.#blocks?.get(number)?.guest === undefined);
      if (owner === undefined) continue;
      const sources = sourcesByBlock.get(owner);
      if (sources === undefined) sourcesByBlock.set(owner, [source]);
      else sources.push(source);
    }
    for (const [number, sources] of sourcesByBlock) {
      const list = new FlowList(cookie('defence', 'block', number));
      for (const source of mergeNeighbours(sources)) {
        list.add(tables[this.#line], PRIORITY, fromSource(source), drop);
      }
      yield* list.flows;
    }
  }
}

function guestFlows(
  shard: Shard,
  line: Line,
  guest: GuestName,
  anchors: readonly Anchor[],
  blocks: Blocklist['blocks'],
): readonly Flow[] {
  const flows: Flow[] = [];
  for (const [source, owners] of shard) {
    const owner = ownersOf(owners).find((number) => blocks.get(number)?.guest === guest);
    if (owner === undefined) continue;
    const list = new FlowList(cookie('defence', 'block', owner));
    for (const { addresses } of anchors) {
      const to = source.includes(':') ? addresses.ipv6 : addresses.ipv4;
      if (to === undefined) continue;
      const dst = source.includes(':') ? { ipv6_dst: to } : { ip_dst: to };
      list.add(tables[line], PRIORITY, { ...fromSource(source), ...dst }, drop);
    }
    flows.push(...list.flows);
  }
  return flows;
}

function anchorsOf({ guests, anchors }: State, guest: GuestName): readonly Anchor[] {
  const interfaces = guests.get(guest)?.interfaces ?? [];
  return interfaces.flatMap(({ number }) => anchors.get(number) ?? []);
}
