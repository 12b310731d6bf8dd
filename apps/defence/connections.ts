/**
 * The connections that sources hold open to a guest, as samples of completed handshakes and of first FINs and RSTs
 * tell it: nothing is asked of the datapath, nothing grows there.
 *
 * Its limits: a handshake that the meter left out is not known, and neither is an end that the guest alone declared by
 * a RST or that a timeout brought; so a source's number is an estimate, and an entry goes after `connectionMemory`, or
 * when there are more than `connectionsKnown` of them, the oldest first. Whoever completes a handshake has the address.
 */
import { defence as limits } from '../../controller/limits.ts';
import type { SourceKey } from './source.ts';

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

  completed(source: SourceKey, port: number, now: number): void {
    const key = keyOf(source, port);
    this.#forget(key);
    this.#open.set(key, { source, since: now });
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
    this.#proven.delete(source);
    this.#proven.set(source, now);
    if (this.#proven.size > limits.provenKnown) this.#proven.delete(this.#proven.keys().next().value!);
    if (this.#open.size > limits.connectionsKnown) this.#forget(this.#open.keys().next().value!);
  }

  ended(source: SourceKey, port: number): void {
    this.#forget(keyOf(source, port));
  }

  proven(source: SourceKey): boolean {
    return this.#proven.has(source);
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

  #forget(key: string): void {
    const known = this.#open.get(key);
    if (known === undefined) return;
    this.#open.delete(key);
    const left = (this.#bySource.get(known.source) ?? 1) - 1;
    if (left > 0) this.#bySource.set(known.source, left);
    else this.#bySource.delete(known.source);
  }
}

const keyOf = (source: SourceKey, port: number): string => `${source} ${port}`;
