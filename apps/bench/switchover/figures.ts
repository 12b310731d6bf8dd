/**
 * From what was seen of one migration to its figures, and from many to a row. Pure. Times are in milliseconds since
 * the Unix epoch; the lab has one clock.
 */
import { gapAround } from '../../evidence/silence.ts';
import type { Observation } from '../../../topologies/probes/summary.ts';

export const STRATEGIES = ['mac-learning', 'rarp', 'redirect', 'bicast'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A datagram on the destination's TAP. */
export interface TapDatagram {
  readonly at: number;
  readonly n: number;
  readonly toGuest: boolean;
}

export interface Seen {
  /** QEMU's stamps: STOP at the source, RESUME at the destination. */
  readonly stoppedAt: number;
  readonly resumedAt: number;
  readonly copyMs: number;
  readonly tap: readonly TapDatagram[];
  readonly udp: readonly Observation[];
  readonly tcp: readonly Observation[];
  readonly lost: number;
  readonly overrun: number;
  readonly duplicated: number;
  readonly reordered: number;
}

export interface Figures {
  readonly blackoutMs: number;
  readonly copyMs: number;
  /** Null when the guest answered none at the destination. */
  readonly networkMs: number | null;
  readonly gapMs: number;
  readonly gapMinusBlackoutMs: number;
  readonly tcpGapMinusBlackoutMs: number;
  readonly lost: number;
  /** Of them, those that were sent from shortly before STOP to RESUME: the switchover's own. */
  readonly lostAtSwitchover: number;
  /** And those that came to the client, whose probe was too slow to read them: no network has lost them. */
  readonly overrun: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** What the controller could not keep to is in a run, too. */
export interface Run extends Figures {
  readonly strategy: Strategy;
  readonly rate: number;
  readonly warning: string | null;
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface Row {
  readonly strategy: Strategy;
  readonly rate: number;
  readonly runs: number;
  readonly blackoutMs: Spread;
  readonly networkMs: Spread;
  readonly gapMs: Spread;
  readonly gapMinusBlackoutMs: Spread;
  readonly tcpGapMinusBlackoutMs: Spread;
  readonly copyMs: Spread;
  readonly lost: number;
  readonly lostAtSwitchover: number;
  readonly overrun: number;
  readonly duplicated: number;
  readonly reordered: number;
}

/** How long after RESUME a silence may begin and still be the switchover's. */
const AFTERMATH_MS = 500;
/** How long before STOP a datagram may have been sent that the stop has caught on its way. */
const RUN_UP_MS = 50;

export function figuresOf(seen: Seen): Figures {
  const { stoppedAt, resumedAt, copyMs, tap, udp, tcp, lost, overrun, duplicated, reordered } = seen;
  const blackoutMs = resumedAt - stoppedAt;
  const around = { from: stoppedAt, to: resumedAt + AFTERMATH_MS };
  const gapMs = gapAround(arrivals(udp), around)?.ms ?? NaN;
  const tcpGapMs = gapAround(arrivals(tcp), around)?.ms ?? NaN;
  return {
    blackoutMs,
    copyMs,
    networkMs: networkMs(tap, resumedAt, answeredAtSource(udp, resumedAt)),
    gapMs,
    gapMinusBlackoutMs: gapMs - blackoutMs,
    tcpGapMinusBlackoutMs: tcpGapMs - blackoutMs,
    lost,
    lostAtSwitchover: udp.filter(
      ({ sent, received }) => received === null && sent >= stoppedAt - RUN_UP_MS && sent <= resumedAt,
    ).length,
    overrun,
    duplicated,
    reordered,
  };
}

/** Answers that the client had before the guest ran at the destination came from the source. */
function answeredAtSource(udp: readonly Observation[], resumedAt: number): ReadonlySet<number> {
  return new Set(udp.flatMap(({ n, received }) => (received !== null && received < resumedAt ? [n] : [])));
}

/**
 * From RESUME to the first request on the TAP that the guest then answers there; 0 when it waited there. A copy of one
 * that the guest had answered at the source does not count.
 */
export function networkMs(
  tap: readonly TapDatagram[],
  resumedAt: number,
  answeredBefore: ReadonlySet<number>,
): number | null {
  const answered = new Map<number, number>();
  for (const { n, at, toGuest } of tap) if (!toGuest && at >= resumedAt) answered.set(n, at);
  const first = tap.find(
    ({ n, at, toGuest }) => toGuest && !answeredBefore.has(n) && (answered.get(n) ?? -Infinity) >= at,
  );
  return first === undefined ? null : Math.max(0, first.at - resumedAt);
}

function arrivals(observations: readonly Observation[]): number[] {
  return observations.flatMap(({ received }) => (received === null ? [] : [received])).sort((a, b) => a - b);
}

export function rowsOf(runs: readonly Run[]): Row[] {
  const rates = [...new Set(runs.map(({ rate }) => rate))].sort((a, b) => a - b);
  return rates.flatMap((rate) =>
    STRATEGIES.flatMap((strategy) => {
      const mine = runs.filter((run) => run.strategy === strategy && run.rate === rate);
      return mine.length === 0 ? [] : [rowOf(strategy, rate, mine)];
    }),
  );
}

function rowOf(strategy: Strategy, rate: number, runs: readonly Run[]): Row {
  const of = (name: keyof Figures): Spread =>
    spread(runs.flatMap((run) => (run[name] === null ? [] : [run[name]])));
  const sum = (name: 'lost' | 'lostAtSwitchover' | 'overrun' | 'duplicated' | 'reordered'): number =>
    runs.reduce((total, run) => total + run[name], 0);
  return {
    strategy,
    rate,
    runs: runs.length,
    blackoutMs: of('blackoutMs'),
    networkMs: of('networkMs'),
    gapMs: of('gapMs'),
    gapMinusBlackoutMs: of('gapMinusBlackoutMs'),
    tcpGapMinusBlackoutMs: of('tcpGapMinusBlackoutMs'),
    copyMs: of('copyMs'),
    lost: sum('lost'),
    lostAtSwitchover: sum('lostAtSwitchover'),
    overrun: sum('overrun'),
    duplicated: sum('duplicated'),
    reordered: sum('reordered'),
  };
}

/** Percentiles by the nearest rank. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return { p50: rank(0.5), p95: rank(0.95), max: sorted.at(-1) ?? NaN };
}
