/**
 * From verdicts to what should be filtered. Pure.
 *
 * Real sources are blocked for the guest that they attack, one block a verdict. Where there are many, they are
 * aggregated: a prefix takes the place of those in it when at least half of it attacks, and never when an
 * allowed address is in it. Spoofed sources are not blocked, which would do nothing; the guest's new connections
 * are admitted at a lower rate while they last: at the edges that the flood comes by, where it comes by edges alone, so
 * that nobody else's are; else at every bridge.
 */
import { blocklist as blocklistLimits, filtering as limits } from '../../controller/limits.ts';
import type { Source } from '../../controller/network/blocklist.ts';
import { overlap, type Prefix } from '../../controller/network/address.ts';
import type { EdgeName, GuestName, SwitchName } from '../../controller/network/names.ts';
import { aggregate, formatSource, parseSource } from './aggregate.ts';
import { isActive, type Verdict, type VerdictId, type Verdicts } from './verdict.ts';

export interface WantedBlock {
  readonly verdict: VerdictId;
  readonly guest: GuestName;
  readonly reason: string;
  readonly sources: readonly Source[];
}

export interface Filtering {
  readonly blocks: readonly WantedBlock[];
  /** Guests whose new connections are admitted at the rate for a flood. */
  readonly flooded: ReadonlyMap<GuestName, Flooded>;
}

export interface Flooded {
  /** Those that say so, and where each arrives. */
  readonly verdicts: ReadonlyMap<VerdictId, SwitchName>;
  /** Where it is met; undefined: at every bridge. */
  readonly at: ReadonlySet<EdgeName> | undefined;
}

/** Kinds that consist of new connections: a lower rate of admission helps against no other. */
const OF_NEW_CONNECTIONS: ReadonlySet<Verdict['kind']> = new Set(['syn-flood', 'udp-flood', 'icmp-flood']);

export function filteringFor(
  verdicts: Verdicts,
  allowed: Iterable<Source>,
  isFiltered: (guest: GuestName) => boolean,
  isEdge: (name: SwitchName) => boolean,
): Filtering {
  const allowedPrefixes = [...allowed].flatMap((source) => parseSource(source) ?? []);
  const active = [...verdicts.values()].filter((verdict) => isActive(verdict) && isFiltered(verdict.guest));
  const floods = new Map<GuestName, Verdict[]>();
  for (const verdict of active) {
    const { guest, kind, origin } = verdict;
    if (!OF_NEW_CONNECTIONS.has(kind) || (origin !== 'spoofed' && origin !== 'mixed')) continue;
    floods.set(guest, [...(floods.get(guest) ?? []), verdict]);
  }
  return {
    flooded: new Map([...floods].map(([guest, flood]) => [guest, floodedBy(flood, isEdge)])),
    blocks: active.flatMap((verdict) => {
      const sources = sourcesOf(verdict, allowedPrefixes);
      if (sources.length === 0) return [];
      return [{ verdict: verdict.id, guest: verdict.guest, reason: verdict.kind, sources }];
    }),
  };
}

function floodedBy(flood: readonly Verdict[], isEdge: (name: SwitchName) => boolean): Flooded {
  return {
    verdicts: new Map(flood.map(({ id, host }) => [id, host])),
    at: flood.every(({ host }) => isEdge(host)) ? new Set(flood.map(({ host }) => host)) : undefined,
  };
}

function sourcesOf({ sources }: Verdict, allowed: readonly Prefix[]): Source[] {
  const sure = sources
    .filter(({ confidence }) => confidence >= limits.confidence)
    .flatMap(({ prefix }) => parseSource(prefix) ?? [])
    .filter(({ version, length }) => length >= blocklistLimits.shortest[version])
    .filter((prefix) => !allowed.some((one) => overlap(one, prefix)));
  const share = sure.length > limits.sourcesBeforeAggregation ? limits.share : 1;
  return aggregate(sure, { share, shortest: limits.shortest, allowed }).map(formatSource);
}
