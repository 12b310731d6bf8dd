/**
 * What comes to a guest's interface on connections that live: how much of it there is, and how much is usual when nothing is
 * wrong. Who sends too much is blocked before it is counted; so what is counted in an attack is, for the most part, honest.
 *
 * What is usual is so of the sum over all bridges. With a move, what one bridge counted is counted by others; if each
 * had its own usual, the one that the guest has left would for a minute add to theirs what does not come by it any more.
 */
import type { SwitchName } from '../../controller/network/names.ts';
import { type Baseline, isWarm, learned, noBaseline } from './baseline.ts';
import type { HonestTraffic } from './decide.ts';
import { ratesOf, type Readings } from './rates.ts';

export interface KnownTraffic {
  readonly at: ReadonlyMap<SwitchName, Passing>;
  readonly usual: Baseline;
  /** Clock time. */
  readonly lookedAt: number;
}

/** At one bridge. */
interface Passing {
  /** Packets per second. */
  readonly rate: number;
  /** Nothing is wrong, and nothing moves. */
  readonly quiet: boolean;
}

/** After a reading at a bridge. What is usual is learned while it is quiet at every bridge. */
export function knownTraffic(
  before: KnownTraffic | undefined,
  where: SwitchName,
  readings: Readings,
  quiet: boolean,
): KnownTraffic | undefined {
  const rates = ratesOf(readings);
  const now = readings.at(-1)?.at;
  if (rates === undefined || now === undefined) return before;
  const rate = rates.of('knownTcp', 'knownUdp', 'knownIcmp', 'knownOther');
  const at = new Map(before?.at).set(where, { rate, quiet });
  if (before === undefined) return { at, usual: noBaseline, lookedAt: now };
  const isQuiet = [...at.values()].every((passing) => passing.quiet);
  const usual = isQuiet ? learned(before.usual, sum(at), now - before.lookedAt) : before.usual;
  return { at, usual, lookedAt: now };
}

/** A bridge counts it no more; undefined when none does. */
export function withoutBridge(before: KnownTraffic, where: SwitchName): KnownTraffic | undefined {
  const at = new Map(before.at);
  at.delete(where);
  return at.size === 0 ? undefined : { ...before, at };
}

/** Of all interfaces of a guest. */
export function inAll(traffic: Iterable<KnownTraffic>): HonestTraffic {
  let rate = 0;
  let usual: number | undefined;
  for (const one of traffic) {
    rate += sum(one.at);
    if (isWarm(one.usual)) usual = (usual ?? 0) + one.usual.value;
  }
  return { rate, usual };
}

const sum = (at: KnownTraffic['at']): number => [...at.values()].reduce((all, { rate }) => all + rate, 0);
