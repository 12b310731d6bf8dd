/**
 * The blocklist's service: checks what is asked for, notes it in the network's state, and ends what has its end.
 * The flows follow from the state; so does what the store keeps.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { blocklist as limits } from '../../controller/limits.ts';
import {
  type Allowance,
  type Block,
  type Blocklist,
  type BlockOrigin,
  blocksOf,
  type Source,
} from '../../controller/network/blocklist.ts';
import {
  allowed,
  blocked,
  disallowed,
  extended,
  sourcesAdded,
  sourceUnblocked,
  unblocked,
} from '../../controller/network/blocklist-changes.ts';
import { blocklistChanged } from '../../controller/network/changes.ts';
import type { Network } from '../../controller/network/network.ts';
import { bitsOf, contains, type Prefix } from '../../controller/network/address.ts';
import { UnknownGuestError } from '../migration/errors.ts';
import { formatSource, parseSource } from './aggregate.ts';
import {
  BadSourceError,
  BlocklistFullError,
  NotAllowedSourceError,
  NotBlockedError,
  SourceAllowedError,
  TooWideError,
  UnknownBlockError,
} from './errors.ts';
import { PrefixIndex } from './prefix-index.ts';

export interface BlockWish {
  readonly sources: readonly string[];
  readonly origin: BlockOrigin;
  readonly reason: string;
  readonly verdict?: string;
  readonly guest?: string;
  /** Milliseconds from now; absent: until it is taken away. */
  readonly lasts?: number;
}

/** Timers take no longer waits (2³¹ - 1 ms). */
const LONGEST_WAIT = 0x7fff_ffff;

export class BlocklistService {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #unfollow: () => void;
  #cancelExpiry: Cancel = () => undefined;
  #version = 0;

  constructor(network: Network, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
    this.#unfollow = network.follow((next, before) => {
      if (next.blocklist === before.blocklist) return;
      this.#version++;
      if (next.blocklist.blocks !== before.blocklist.blocks) this.#awaitExpiry();
    });
    this.#awaitExpiry();
  }

  /** Another one after every change; for an ETag. */
  get version(): number {
    return this.#version;
  }

  /** Throws `BLOCKLIST_BAD_SOURCE`, `_TOO_WIDE`, `_ALLOWED`, `_FULL`; `UNKNOWN_GUEST`. Then nothing is blocked. */
  block({ sources, origin, reason, verdict, guest, lasts }: BlockWish): Block {
    const { guests } = this.#network.state;
    if (guest !== undefined && !guests.has(guest)) throw new UnknownGuestError(guest, guests.keys());
    const checked = this.#checked(sources);
    const createdAt = this.#clock.now();
    const expires = lasts === undefined ? undefined : createdAt + lasts;
    this.#change(blocked({ origin, reason, verdict, guest, createdAt, expires }, checked));
    return this.#block(this.#blocklist.lastNumber);
  }

  /** More sources for a block. Throws what `block` throws, and `UNKNOWN_BLOCK`. */
  add(number: number, sources: readonly string[]): Block {
    this.#block(number);
    this.#change(sourcesAdded(number, this.#checked(sources)));
    return this.#block(number);
  }

  /** Another end for a block: so many milliseconds from now. Throws `UNKNOWN_BLOCK`. */
  extend(number: number, lasts: number): Block {
    this.#block(number);
    this.#change(extended(number, this.#clock.now() + lasts));
    return this.#block(number);
  }

  /** Takes a block away, all of its sources with it. Throws `UNKNOWN_BLOCK`. */
  remove(number: number): Block {
    const block = this.#block(number);
    this.#change(unblocked([number]));
    return block;
  }

  /** Takes a source out of every block that names it; those blocks. Throws `BLOCKLIST_BAD_SOURCE`, `NOT_BLOCKED`. */
  unblock(text: string): { readonly source: Source; readonly blocks: readonly Block[] } {
    const prefix = parsed(text);
    const source = formatSource(prefix);
    const blocks = blocksOf(this.#blocklist, source);
    if (blocks.length === 0) throw new NotBlockedError(source, covering(this.#blocklist, prefix));
    this.#change(sourceUnblocked(source));
    return { source, blocks };
  }

  /** Packets from there are never dropped by a block, present or to come. Throws `BLOCKLIST_BAD_SOURCE`, `_FULL`. */
  allow(text: string, reason: string): Allowance {
    const source = formatSource(parsed(text));
    const known = this.#blocklist.allowed;
    if (known.size >= limits.allowances && !known.has(source)) {
      throw new BlocklistFullError('allowed sources', limits.allowances);
    }
    const allowance = { source, reason, createdAt: this.#clock.now() };
    this.#change(allowed(allowance));
    return allowance;
  }

  /** Throws `BLOCKLIST_BAD_SOURCE`, `NOT_ALLOWED_SOURCE`. */
  disallow(text: string): Allowance {
    const source = formatSource(parsed(text));
    const allowance = this.#blocklist.allowed.get(source);
    if (allowance === undefined) throw new NotAllowedSourceError(source);
    this.#change(disallowed(source));
    return allowance;
  }

  close(): void {
    this.#unfollow();
    this.#cancelExpiry();
  }

  get #blocklist(): Blocklist {
    return this.#network.state.blocklist;
  }

  #change(change: (blocklist: Blocklist) => Blocklist): void {
    this.#network.update(blocklistChanged(change));
  }

  #block(number: number): Block {
    const block = this.#blocklist.blocks.get(number);
    if (block === undefined) throw new UnknownBlockError(number);
    return block;
  }

  #checked(texts: readonly string[]): Source[] {
    const { blocks, allowed: allowances } = this.#blocklist;
    const index = new PrefixIndex(
      [...allowances.values()].map((one) => ({ ...one, prefix: parsed(one.source) })),
    );
    let total = texts.length;
    for (const { count } of blocks.values()) total += count;
    if (total > limits.sources) throw new BlocklistFullError('sources', limits.sources);
    return texts.map((text) => {
      const prefix = parsed(text);
      const source = formatSource(prefix);
      if (prefix.length < limits.shortest[prefix.version]) throw new TooWideError(source);
      const hit = index.overlapping(prefix);
      if (hit !== undefined) throw new SourceAllowedError(source, hit.source, hit.reason);
      return source;
    });
  }

  #awaitExpiry(): void {
    this.#cancelExpiry();
    let next = Infinity;
    for (const { expires } of this.#blocklist.blocks.values()) {
      if (expires !== undefined && expires < next) next = expires;
    }
    if (next === Infinity) return;
    const wait = Math.min(Math.max(0, next - this.#clock.now()), LONGEST_WAIT);
    this.#cancelExpiry = this.#clock.after(wait, () => {
      this.#change(unblocked(expiredAt(this.#blocklist, this.#clock.now())));
      this.#awaitExpiry();
    });
  }
}

/** Numbers of the blocks whose end has come. */
export function expiredAt({ blocks }: Blocklist, now: number): number[] {
  return [...blocks.values()].flatMap(({ number, expires }) =>
    expires !== undefined && expires <= now ? [number] : [],
  );
}

/** The longest blocked prefix around a source that is not blocked by itself. */
export function covering(
  blocklist: Blocklist,
  inner: Prefix,
): { readonly source: Source; readonly number: number } | undefined {
  for (let length = inner.length - 1; length >= limits.shortest[inner.version]; length--) {
    const shift = BigInt(bitsOf(inner.version) - length);
    const outer: Prefix = { version: inner.version, value: (inner.value >> shift) << shift, length };
    const source = formatSource(outer);
    const [block] = blocksOf(blocklist, source);
    if (block !== undefined && contains(outer, inner)) return { source, number: block.number };
  }
  return undefined;
}

function parsed(text: string): Prefix {
  const prefix = parseSource(text);
  if (prefix === undefined) throw new BadSourceError(text);
  return prefix;
}
