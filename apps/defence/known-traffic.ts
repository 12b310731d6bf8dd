/**
 * What comes to a guest on connections that live: how much of it there is, and how much is usual when nothing is wrong.
 * Who sends too much is blocked before it is counted; so what is counted in an attack is, for the most part, honest.
 */
import { type Baseline, isWarm, learned, noBaseline } from './baseline.ts';
import type { HonestTraffic } from './decide.ts';
import { ratesOf, type Readings } from './rates.ts';

export interface KnownTraffic {
  /** Packets per second. */
  readonly rate: number;
  readonly usual: Baseline;
}

export const nothingKnown: KnownTraffic = { rate: 0, usual: noBaseline };

/** After a reading; `quiet`: nothing is wrong, and nothing moves. */
export function knownTraffic(before: KnownTraffic, readings: Readings, quiet: boolean): KnownTraffic {
  const rates = ratesOf(readings);
  const [previous, last] = readings.slice(-2);
  if (rates === undefined || previous === undefined || last === undefined) return before;
  const rate = rates.of('knownTcp', 'knownUdp', 'knownIcmp', 'knownOther');
  return { rate, usual: quiet ? learned(before.usual, rate, last.at - previous.at) : before.usual };
}

/** Of all interfaces of a guest, at all bridges that hold an anchor for it. */
export function inAll(traffic: Iterable<KnownTraffic>): HonestTraffic {
  let rate = 0;
  let usual: number | undefined;
  for (const one of traffic) {
    rate += one.rate;
    if (isWarm(one.usual)) usual = (usual ?? 0) + one.usual.value;
  }
  return { rate, usual };
}
