/**
 * From samples to the sources of an attack. Counters say how much there is, samples say who sends which share of it.
 *
 * A source is named when it is hardly by chance that it was sampled so often: as samples come at random, a source at
 * the limit of what one client may do would be sampled about `expected` times, give or take its square root.
 */
import { defence as limits } from '../../controller/limits.ts';
import type { Proven } from './measurement.ts';
import type { SampleSummary } from './sample-window.ts';
import { type PrefixKey, prefixOf, prefixText, sourceText } from './source.ts';
import type { AttackSource, Origin } from './verdict.ts';

/** One class of the attack's packets: how many there are a second, and who was sampled. */
export interface Share {
  readonly rate: number;
  readonly summary: SampleSummary;
  /** It speaks for its sources: what they have of it is taken off. */
  readonly credit?: true;
}

export interface Wanted {
  /** What one client may send a second, of all the shares together. */
  readonly limit: number;
  /** Sources that are named already: they count whatever they send now, since an attack fades as they are blocked. */
  readonly named?: ReadonlySet<string>;
  /** Name networks, too, whose addresses are each used a little? Not where addresses cannot be forged. */
  readonly networks: boolean;
}

export interface Attackers {
  readonly origin: Origin;
  /** Heaviest first. */
  readonly sources: readonly AttackSource[];
  readonly distinctSources: number;
  /** 0 to 1: how much of it the sources send. */
  readonly covered: number;
}

const nobody: ReadonlySet<string> = new Set();

export const noAttackers: Attackers = { origin: 'unknown', sources: [], distinctSources: 0, covered: 0 };

export function attackersOf(
  shares: readonly Share[],
  { limit, networks, named: known = nobody }: Wanted,
  proven: Proven,
): Attackers {
  const debits = shares.filter(({ credit }) => credit !== true);
  const samples = debits.reduce((sum, { summary }) => sum + summary.samples, 0);
  const rate = shares.reduce((sum, share) => sum + (share.credit === true ? -share.rate : share.rate), 0);
  if (rate <= 0 || samples === 0) return noAttackers;

  const sources: AttackSource[] = [];
  const named = new Map<PrefixKey, number>();
  for (const [source, found] of ratesBy(shares, ({ sources: by }) => by)) {
    const confidence = confidenceOf(found, limit);
    const text = sourceText(source);
    if (!known.has(text) && (found.rate < limit || confidence < limits.confidence)) continue;
    sources.push({ prefix: text, rate: found.rate, confidence, proven: proven.source(source) });
    const prefix = prefixOf(source);
    named.set(prefix, (named.get(prefix) ?? 0) + found.rate);
  }
  // Senders that vary their address within a network of their own: none of them is heavy, the network is. Where
  // honest clients are in it, too, it is not named.
  const many = limit * limits.prefixClients;
  const byNetwork = networks ? ratesBy(shares, ({ prefixes: by }) => by) : new Map<PrefixKey, Found>();
  for (const [prefix, found] of byNetwork) {
    const rest = found.rate - (named.get(prefix) ?? 0);
    if (rest < many || rest < found.rate / 2 || proven.network(prefix)) continue;
    const confidence = confidenceOf({ ...found, rate: rest }, many);
    if (confidence < limits.confidence) continue;
    sources.push({ prefix: prefixText(prefix), rate: rest, confidence, proven: false });
  }
  sources.sort((a, b) => b.rate - a.rate);
  const covered = Math.min(1, sources.reduce((sum, source) => sum + source.rate, 0) / rate);
  const distinctSources = debits.reduce((most, { summary }) => Math.max(most, summary.distinct), 0);
  return {
    origin: originOf(samples, covered, (samples * limit) / rate, samples / Math.max(distinctSources, 1)),
    sources: sources.slice(0, limits.sourcesPerVerdict),
    distinctSources,
    covered,
  };
}

/**
 * `expected`: how many samples a source at the limit would have; `each`: how many one has in the mean. What could not be
 * seen yet is not missing, and where a few sources send all of it their addresses are no forged ones.
 */
function originOf(samples: number, covered: number, expected: number, each: number): Origin {
  if (samples < limits.samplesNeeded) return 'unknown';
  if (covered >= limits.mostlyReal) return 'real';
  if (expected < limits.expectedNeeded && samples < limits.samplesEnough) return 'unknown';
  if (covered > limits.hardlyReal) return 'mixed';
  return each < Math.max(expected * limits.forgedShare, limits.forgedSamples) ? 'spoofed' : 'unknown';
}

interface Found {
  /** Packets per second, at least. */
  readonly rate: number;
  readonly samples: number;
}

function ratesBy<K>(
  shares: readonly Share[],
  by: (summary: SampleSummary) => ReadonlyMap<K, number>,
): ReadonlyMap<K, Found> {
  const found = new Map<K, Found>();
  for (const { rate, summary, credit } of shares) {
    if (summary.samples === 0) continue;
    const perSample = rate / summary.samples;
    for (const [key, samples] of by(summary)) {
      const before = found.get(key);
      if (credit !== true) {
        const { rate: sum, samples: count } = before ?? { rate: 0, samples: 0 };
        found.set(key, { rate: sum + samples * perSample, samples: count + samples });
      } else if (before !== undefined) {
        found.set(key, { ...before, rate: before.rate - samples * perSample });
      }
    }
  }
  return found;
}

/** How sure it is that a source found at this rate exceeds the limit: the normal distribution's tail, by a logistic. */
function confidenceOf({ rate, samples }: Found, limit: number): number {
  const expected = (samples * limit) / rate;
  const deviations = (samples - expected) / Math.sqrt(Math.max(samples, 1));
  return 1 / (1 + Math.exp(-1.702 * deviations));
}
