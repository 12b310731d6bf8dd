/**
 * Who sent the packets of one class, lately: samples in short epochs, of which some seconds' worth are kept. Whoever asks
 * says since when, so that what was before an attack is not taken for a part of it. Memory is fixed, whatever the number
 * of sources; what each source sent is known within the bounds of `HeavyHitters`.
 */
import { defence as limits } from '../../controller/limits.ts';
import { DistinctCounter } from './distinct.ts';
import { HeavyHitters } from './heavy-hitters.ts';
import { hashOf, type PrefixKey, prefixOf, type SourceKey } from './source.ts';

/** Shares of the samples; at least, with what may be others' taken off. */
export interface SampleSummary {
  /** How long they were taken for: from the beginning of an epoch. */
  readonly ms: number;
  readonly samples: number;
  /** How many different sources, about. */
  readonly distinct: number;
  /** Samples of each source, at least; those with more than a few. */
  readonly sources: ReadonlyMap<SourceKey, number>;
  readonly prefixes: ReadonlyMap<PrefixKey, number>;
}

export const nothingSampled: SampleSummary = {
  ms: 0,
  samples: 0,
  distinct: 0,
  sources: new Map(),
  prefixes: new Map(),
};

interface Epoch {
  readonly began: number;
  readonly sources: HeavyHitters<SourceKey>;
  readonly prefixes: HeavyHitters<PrefixKey>;
  readonly distinct: DistinctCounter;
}

export class SampleWindow {
  /** Oldest first. */
  #epochs: Epoch[] = [];

  add(source: SourceKey, now: number): void {
    let epoch = this.#epochs.at(-1);
    if (epoch === undefined || now - epoch.began >= limits.sampleEpoch) {
      this.#forget(now);
      epoch = emptyEpoch(now);
      this.#epochs.push(epoch);
    }
    epoch.sources.add(source);
    epoch.prefixes.add(prefixOf(source));
    epoch.distinct.add(hashOf(source));
  }

  /** Since `from`, or a little earlier; not beyond what is kept. */
  summary(now: number, from: number): SampleSummary {
    this.#forget(now);
    const epochs = this.#epochs.filter(({ began }) => began + limits.sampleEpoch > from);
    if (epochs.length === 0) return nothingSampled;
    return {
      ms: now - Math.max(Math.min(from, epochs[0]!.began), now - limits.sampleMemory),
      samples: epochs.reduce((sum, { sources }) => sum + sources.total, 0),
      distinct: DistinctCounter.of(epochs.map(({ distinct }) => distinct)),
      sources: atLeast(epochs.map(({ sources }) => sources)),
      prefixes: atLeast(epochs.map(({ prefixes }) => prefixes)),
    };
  }

  /** Nothing of it is of use any more. */
  stale(now: number): boolean {
    this.#forget(now);
    return this.#epochs.length === 0;
  }

  #forget(now: number): void {
    while (this.#epochs[0] !== undefined && now - this.#epochs[0].began >= limits.sampleMemory)
      this.#epochs.shift();
  }
}

function emptyEpoch(began: number): Epoch {
  return {
    began,
    sources: new HeavyHitters(limits.heavyHitters),
    prefixes: new HeavyHitters(limits.heavyHitters),
    distinct: new DistinctCounter(),
  };
}

/** Those with more than one: a single sample tells nothing of its source. */
function atLeast<K>(parts: readonly HeavyHitters<K>[]): ReadonlyMap<K, number> {
  const sums = new Map<K, number>();
  for (const part of parts) {
    for (const { key, count, error } of part) sums.set(key, (sums.get(key) ?? 0) + count - error);
  }
  for (const [key, sum] of sums) if (sum <= 1) sums.delete(key);
  return sums;
}
