/**
 * What the detector is given: of one guest at one bridge, how much of each class has come, and who sent it.
 */
import type { GuestName, SwitchName } from '../../controller/network/names.ts';
import type { OpenConnections } from './connections.ts';
import type { SampleSummary } from './sample-window.ts';
import type { PrefixKey, SourceKey } from './source.ts';
import { TRAFFIC_CLASSES, type TrafficClass } from './traffic-class.ts';

/** Packets of each class, since the bridge was first read; never decreasing, and what has come at least (lower-bound.ts). */
export type Totals = Readonly<Record<TrafficClass, number>>;

/** Who has completed a handshake with the guest, lately. */
export interface Proven {
  readonly source: (source: SourceKey) => boolean;
  /** Has anybody of this network? */
  readonly network: (prefix: PrefixKey) => boolean;
}

export interface Measurement {
  readonly guest: GuestName;
  /** The host or edge of the bridge. */
  readonly host: SwitchName;
  readonly totals: Totals;
  /** Since a clock time. Asked only when a rate gives reason to. */
  readonly samplesOf: (name: TrafficClass, from: number) => SampleSummary;
  /** Sources that hold at least so many connections open. */
  readonly holders: (least: number) => ReadonlyMap<SourceKey, OpenConnections>;
  readonly proven: Proven;
  /** The guest is on the move: what comes now tells nothing of what is usual. */
  readonly moving: boolean;
  /** The guest came to this bridge's host a moment ago: its connections go on at relay addresses. */
  readonly resuming: boolean;
  /** The bridge's conntrack has been emptied a moment ago: honest packets are of no connection, too. */
  readonly forgetful: boolean;
}

export const noTotals: Totals = Object.fromEntries(TRAFFIC_CLASSES.map((name) => [name, 0])) as Record<
  TrafficClass,
  number
>;
