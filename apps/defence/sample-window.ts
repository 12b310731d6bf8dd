/**
 * Who sent the packets of one class, lately: samples of the present second and of the one before it. Memory is fixed,
 * whatever the number of sources; what each source sent is known within the bounds of `HeavyHitters`.
 */
import { defence as limits } from '../../controller/limits.ts';
import { DistinctCounter } from './distinct.ts';
import { HeavyHitters } from './heavy-hitters.ts';
import { hashOf, type PrefixKey, prefixOf, type SourceKey } from './source.ts';

/** Shares of the samples; at least, with what may be others' taken off. */
export interface SampleSummary {
  readonly samples: number;
  /** How many different sources, about. */
  readonly distinct: number;
  /** Samples of each source, at least; those with more than a few. */
  readonly sources: ReadonlyMap<SourceKey, number>;
  readonly prefixes: ReadonlyMap<PrefixKey, number>;
}

export const nothingSampled: SampleSummary = {
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
  #present: Epoch | undefined;
  #past: Epoch | undefined;

  add(source: SourceKey, now: number): void {
    const epoch = this.#turn(now) ?? (this.#present = emptyEpoch(now));
    epoch.sources.add(source);
    epoch.prefixes.add(prefixOf(source));
    epoch.distinct.add(hashOf(source));
  }

  /** Of the last one to two epochs. */
  summary(now: number): SampleSummary {
    this.#turn(now);
    const epochs = [this.#past, this.#present].filter((epoch) => epoch !== undefined);
    if (epochs.length === 0) return nothingSampled;
    return {
      samples: epochs.reduce((sum, { sources }) => sum + sources.total, 0),
      // Sources of both seconds are counted twice at most; the larger of the two is a lower bound.
      distinct: Math.max(...epochs.map(({ distinct }) => distinct.estimate)),
      sources: atLeast(epochs.map(({ sources }) => sources)),
      prefixes: atLeast(epochs.map(({ prefixes }) => prefixes)),
    };
  }

  /** Nothing of it is of use any more. */
  stale(now: number): boolean {
    this.#turn(now);
    return this.#present === undefined && this.#past === undefined;
  }

  /** Begins a new epoch when the present one is over; the present one, if there is one. */
  #turn(now: number): Epoch | undefined {
    const { sampleEpoch } = limits;
    if (this.#present !== undefined && now - this.#present.began >= sampleEpoch) {
      this.#past = this.#present;
      this.#present = undefined;
    }
    if (this.#past !== undefined && now - this.#past.began >= 2 * sampleEpoch) this.#past = undefined;
    return this.#present;
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

function atLeast<K>(parts: readonly HeavyHitters<K>[]): ReadonlyMap<K, number> {
  const sums = new Map<K, number>();
  for (const part of parts) {
    for (const { key, count, error } of part) {
      const sure = count - error;
      if (sure > 1) sums.set(key, (sums.get(key) ?? 0) + sure);
    }
  }
  return sums;
}
