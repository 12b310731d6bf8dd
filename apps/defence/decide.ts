/**
 * What is to be done about the attacks on a guest: nothing, filter, or move. Pure.
 *
 * Filtering is done in any case (filter-service.ts). To move is decided when that is not enough: when no source can be
 * named, so that nothing can be blocked; when the attack still arrives a while after what can be filtered is; or when
 * honest traffic does not come back by then, as where the way in is full. A policy may want it at once, or never.
 *
 * What comes to an anchor that admits nothing new any more is left behind: nothing is decided about it. What an edge sends
 * straight to the guest is met at that edge, and would follow the guest wherever it goes: no reason to move.
 */
import { flight as limits } from '../../controller/limits.ts';
import type { DefenceMode } from '../../controller/network/defence-policy.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName, SwitchName } from '../../controller/network/names.ts';
import { isActive, type Verdict, type VerdictId, type Verdicts } from './verdict.ts';

/** Packets per second on connections that live, as they come to a guest. */
export interface HonestTraffic {
  readonly rate: number;
  /** When nothing is wrong; undefined while too little has been seen of it. */
  readonly usual: number | undefined;
}

export interface Situation {
  readonly mode: DefenceMode;
  /** Those that last, and reach the guest. */
  readonly verdicts: readonly Verdict[];
  /** Clock time since which what can be filtered for a verdict is; undefined before. */
  readonly filteredSince: (verdict: VerdictId) => number | undefined;
  /** Whether what arrives at this switch is filtered before it comes to a way in that honest traffic shares. */
  readonly isEdge: (name: SwitchName) => boolean;
  readonly honest: HonestTraffic;
  /** Clock time since which that suffers at every look; undefined when it does not. */
  readonly suffersSince: number | undefined;
}

export type Decision =
  | { readonly do: 'nothing' }
  | { readonly do: 'filter' }
  | { readonly do: 'move'; readonly reason: string; readonly verdicts: readonly VerdictId[] };

export function decide(
  { mode, verdicts, filteredSince, isEdge, honest, suffersSince }: Situation,
  now: number,
): Decision {
  if (mode === 'off' || verdicts.length === 0) return { do: 'nothing' };
  if (mode === 'filter-only') return { do: 'filter' };
  const ids = verdicts.map(({ id }) => id);
  if (mode === 'move-first') {
    return { do: 'move', reason: `it moves as soon as it is attacked (${kindsOf(verdicts)})`, verdicts: ids };
  }

  for (const verdict of verdicts) {
    const reason = notEnough(verdict, filteredSince(verdict.id), now);
    if (reason !== undefined) return { do: 'move', reason, verdicts: ids };
  }
  // When the last of them has been filtered for a while, what honest traffic there is must have come back.
  const patience = verdicts.every(({ host }) => isEdge(host)) ? limits.relief : limits.reliefAtHost;
  const settled = verdicts.every(({ id }) => waited(filteredSince(id), patience, now));
  if (settled && verdicts.some(fills) && waited(suffersSince, patience, now)) {
    const { rate, usual = 0 } = honest;
    const reason = `honest traffic does not come back though the ${kindsOf(verdicts)} is filtered: ${figure(rate)} of usually ${figure(usual)} packets/s`;
    return { do: 'move', reason, verdicts: ids };
  }
  return { do: 'filter' };
}

/** Undefined when filtering is enough, or has not had its time. */
function notEnough(verdict: Verdict, since: number | undefined, now: number): string | undefined {
  const { kind, origin, rate, threshold, unit, distinctSources } = verdict;
  if (rate < threshold || !fills(verdict)) return undefined;
  if (origin === 'spoofed') {
    return `the ${kind} comes from forged sources, or too many to block: about ${figure(distinctSources)} seen`;
  }
  if (waited(since, limits.patience, now)) {
    return `the ${kind} still arrives ${seconds(now - since!)} after what is known of it was filtered: ${figure(rate)} ${unit}, limit ${figure(threshold)}`;
  }
  if (since === undefined && now - verdict.decided >= limits.patience) {
    return `nothing of the ${kind} could be filtered in ${seconds(now - verdict.decided)}: ${figure(rate)} ${unit}, limit ${figure(threshold)}`;
  }
  return undefined;
}

/** Who holds connections open fills no way in, and once they are blocked, they do nothing more, wherever the guest is. */
const fills = ({ kind }: Verdict): boolean => kind !== 'slow-connections';

const waited = (since: number | undefined, patience: number, now: number): boolean =>
  since !== undefined && now - since >= patience;

/** Honest traffic is well below what is usual. What is usual must be known, and something. */
export function suffers({ rate, usual }: HonestTraffic): boolean {
  return usual !== undefined && usual >= limits.honestLeast && rate < usual * limits.honestShare;
}

/** The verdicts on a guest that last, at hosts where it is, or where it lets new connections in. */
export function reaching(verdicts: Verdicts, state: NetworkState, guest: GuestName): Verdict[] {
  const present = state.placements.get(guest);
  return [...verdicts.values()].filter(
    (verdict) =>
      verdict.guest === guest &&
      isActive(verdict) &&
      (verdict.host === present || isOpen(state, guest, verdict.host)),
  );
}

function isOpen({ guests, anchors }: NetworkState, guest: GuestName, host: string): boolean {
  const interfaces = guests.get(guest)?.interfaces ?? [];
  return interfaces.some(({ number }) =>
    anchors.get(number)?.some((anchor) => anchor.host === host && anchor.admit === 'all'),
  );
}

const kindsOf = (verdicts: readonly Verdict[]): string =>
  [...new Set(verdicts.map(({ kind }) => kind))].join(' and ');
const figure = (value: number): string => Math.round(value).toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
