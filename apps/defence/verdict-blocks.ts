/**
 * From verdicts to what should be filtered. Pure.
 *
 * Real sources are blocked for the guest that they attack, one block a verdict. Where there are many, they are
 * aggregated: a prefix takes the place of those in it when at least half of it attacks, and never when an
 * allowed address is in it. Spoofed sources are not blocked, which would do nothing; the guest's new connections
 * are admitted at a lower rate while they last.
 */
import { blocklist as blocklistLimits, filtering as limits } from '../../controller/limits.ts';
import type { Source } from '../../controller/network/blocklist.ts';
import type { GuestName } from '../../controller/network/model.ts';
import { overlap, type Prefix } from '../../controller/network/address.ts';
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
  /** Guests whose new connections are admitted at the rate for a flood, and the verdicts that say so. */
  readonly flooded: ReadonlyMap<GuestName, readonly VerdictId[]>;
}

/** Kinds that consist of new connections: a lower rate of admission helps against no other. */
const OF_NEW_CONNECTIONS: ReadonlySet<Verdict['kind']> = new Set(['syn-flood', 'udp-flood', 'icmp-flood']);

export function filteringFor(
  verdicts: Verdicts,
  allowed: Iterable<Source>,
  isFiltered: (guest: GuestName) => boolean,
): Filtering {
  const allowedPrefixes = [...allowed].flatMap((source) => parseSource(source) ?? []);
  const active = [...verdicts.values()].filter((verdict) => isActive(verdict) && isFiltered(verdict.guest));
  const flooded = new Map<GuestName, VerdictId[]>();
  for (const { id, guest, kind, origin } of active) {
    if (!OF_NEW_CONNECTIONS.has(kind) || (origin !== 'spoofed' && origin !== 'mixed')) continue;
    flooded.set(guest, [...(flooded.get(guest) ?? []), id]);
  }
  return {
    flooded,
    blocks: active.flatMap((verdict) => {
      const sources = sourcesOf(verdict, allowedPrefixes);
      if (sources.length === 0) return [];
      return [{ verdict: verdict.id, guest: verdict.guest, reason: verdict.kind, sources }];
    }),
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
