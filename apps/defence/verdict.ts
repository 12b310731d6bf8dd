/**
 * What the detector says of a guest: it is under attack, of this kind, since then, for these reasons.
 *
 * One value a verdict, immutable; while the attack lasts it is replaced by newer ones of the same id, with later
 * figures and more sources. The kind comes first, from counters; who sends it follows from samples, so a fresh
 * verdict may have no sources yet (`origin: 'unknown'`). Whoever acts on verdicts follows a `VerdictFeed`.
 */
import { ATTACK_KINDS, type AttackKind } from '../../controller/network/attack-kind.ts';
import type { GuestName, SwitchName } from '../../controller/network/names.ts';

export { ATTACK_KINDS, type AttackKind };

/**
 * Where it comes from. `unknown`: too few samples yet. `real`: some sources, all in the verdict, send most of it.
 * `spoofed`: so many sources, with so little each, that the addresses mean nothing and blocking them does nothing.
 * `mixed`: the sources in the verdict send a good part; the rest is as for `spoofed`.
 */
export const ORIGINS = ['unknown', 'real', 'spoofed', 'mixed'] as const;

export type Origin = (typeof ORIGINS)[number];

export type VerdictId = string;

export interface Verdict {
  /** Unique for the life of the network: guest, kind and time of the first sight. */
  readonly id: VerdictId;
  readonly guest: GuestName;
  /** The host, or the edge, at whose bridge it arrives. */
  readonly host: SwitchName;
  readonly kind: AttackKind;
  /** Clock time of the first measurement that showed it, of the decision, and of the last update. */
  readonly since: number;
  readonly decided: number;
  readonly updated: number;
  /** Clock time at which it had been calm for the cool-down; absent while it lasts. */
  readonly ended?: number;
  /** In one sentence, with the figures of the moment at which it was decided. */
  readonly why: string;
  /** What `rate`, `baseline`, `threshold` and `peak` count. */
  readonly unit: 'packets/s' | 'connections/s' | 'connections';
  /** As last measured, as usual for this guest, the limit that was exceeded, and the highest so far. */
  readonly rate: number;
  readonly baseline: number;
  readonly threshold: number;
  readonly peak: number;
  readonly origin: Origin;
  /** Sources that send too much by themselves, the heaviest first; at most `limits.defence.sourcesPerVerdict`. */
  readonly sources: readonly AttackSource[];
  /** How many different sources there are, about; 0 before the first samples. */
  readonly distinctSources: number;
}

export interface AttackSource {
  /** A prefix in CIDR form, such as `198.51.100.7/32`, `198.51.100.0/24` or `2001:db8:1:2::/64`. */
  readonly prefix: string;
  /** In the verdict's unit, at least: estimated from samples, errors taken off. */
  readonly rate: number;
  /** 0 to 1: how sure it is that this source alone exceeds what a client may do. */
  readonly confidence: number;
  /**
   * It has completed a handshake with the guest, so that nobody else can be sending in its name. Others may be the
   * victims of a forger who always uses the same address.
   */
  readonly proven: boolean;
}

/** By id, oldest first; those that have ended are kept for a while. */
export type Verdicts = ReadonlyMap<VerdictId, Verdict>;

/** The present verdicts, and news of them. */
export interface VerdictFeed {
  readonly verdicts: Verdicts;
  /** Called after each change, with the verdicts before it; the result ends the subscription. */
  follow(follower: (verdicts: Verdicts, before: Verdicts) => void): () => void;
}

export const isActive = ({ ended }: Verdict): boolean => ended === undefined;
