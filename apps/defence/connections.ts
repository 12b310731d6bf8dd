/**
 * The connections that sources hold open to a guest, as samples of completed handshakes and of first FINs and RSTs
 * tell it: nothing is asked of the datapath, nothing grows there.
 *
 * Its limits: a handshake that the meter left out is not known, and neither is an end that the guest alone declared by
 * a RST or that a timeout brought; so a source's number is an estimate, and an entry goes after `connectionMemory`, or
 * when there are more than `connectionsKnown` of them, the oldest first. Whoever completes a handshake has the address.
 */
import { defence as limits } from '../../controller/limits.ts';
import { type PrefixKey, prefixOf, type SourceKey } from './source.ts';

export interface OpenConnections {
  readonly count: number;
  /** How many of them have been open for `slowAfter`. */
  readonly old: number;
}

export class Connections {
  /** When each was completed, by source and port, oldest first. */
  readonly #open = new Map<string, { readonly source: SourceKey; readonly since: number }>();
  readonly #bySource = new Map<SourceKey, number>();
  /** Sources that have completed a handshake, and when last; the one that did so longest ago first. */
  readonly #proven = new Map<SourceKey, number>();

  /** How many sources of each network are proven. */
  readonly #provenIn = new Map<PrefixKey, number>();

  completed(source: SourceKey, port: number, now: number): void {
    const key = keyOf(source, port);
    this.#forget(key);
    this.#open.set(key, { source, since: now });
    count(this.#bySource, source, 1);
    this.#prove(source, now);
    if (this.#open.size > limits.connectionsKnown) this.#forget(this.#open.keys().next().value!);
  }

  ended(source: SourceKey, port: number): void {
    this.#forget(keyOf(source, port));
  }

  readonly proven = {
    source: (source: SourceKey): boolean => this.#proven.has(source),
    network: (prefix: PrefixKey): boolean => this.#provenIn.has(prefix),
  };

  /** The networks of the sources that were proven last, the newest first. */
  networks(most: number): PrefixKey[] {
    const found = new Set<PrefixKey>();
    for (const source of [...this.#proven.keys()].reverse()) {
      found.add(prefixOf(source));
      if (found.size >= most) break;
    }
    return [...found];
  }

  /** Sources that hold at least `least` connections. */
  holders(least: number, now: number): ReadonlyMap<SourceKey, OpenConnections> {
    for (const [key, { since }] of this.#open) {
      if (now - since < limits.connectionMemory) break;
      this.#forget(key);
    }
    const holders = new Map<SourceKey, { count: number; old: number }>();
    for (const [source, count] of this.#bySource) if (count >= least) holders.set(source, { count, old: 0 });
    if (holders.size === 0) return holders;
    for (const { source, since } of this.#open.values()) {
      if (now - since < limits.slowAfter) break;
      const holder = holders.get(source);
      if (holder !== undefined) holder.old += 1;
    }
    return holders;
  }

  get size(): number {
    return this.#open.size;
  }

  #prove(source: SourceKey, now: number): void {
    if (!this.#proven.delete(source)) count(this.#provenIn, prefixOf(source), 1);
    this.#proven.set(source, now);
    if (this.#proven.size <= limits.provenKnown) return;
    const oldest = this.#proven.keys().next().value!;
    this.#proven.delete(oldest);
    count(this.#provenIn, prefixOf(oldest), -1);
  }

  #forget(key: string): void {
    const known = this.#open.get(key);
    if (known === undefined) return;
    this.#open.delete(key);
    count(this.#bySource, known.source, -1);
  }
}

function count<K>(counts: Map<K, number>, key: K, change: 1 | -1): void {
  const sum = (counts.get(key) ?? 0) + change;
  if (sum > 0) counts.set(key, sum);
  else counts.delete(key);
}

const keyOf = (source: SourceKey, port: number): string => `${source} ${port}`;
