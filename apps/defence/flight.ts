/**
 * The life of one flight as a pure state machine, and what decides its end: whether it helped.
 *
 *   planned ──begun──► moving ──arrived──► verifying ──► safe
 *      └───────────────┴───────────────────┴─► failed   (refused, rolled back, honest traffic not back)
 *                                          └─► pursued  (the attack came along)
 */
import { flight as limits } from '../../controller/limits.ts';
import { type Flight, type FlightPhase, hasLanded } from '../../controller/network/flight.ts';
import type { GuestName } from '../../controller/network/names.ts';
import type { HonestTraffic } from './decide.ts';
import type { Verdict } from './verdict.ts';

export type FlightEvent =
  | { readonly type: 'begun'; readonly migration: string; readonly leftBehind: number }
  /** The guest runs at the destination. */
  | { readonly type: 'arrived' }
  | { readonly type: 'safe' | 'pursued' | 'failed'; readonly why: string };

/** The same flight when the event changes nothing. */
export function step(flight: Flight, event: FlightEvent, now: number): Flight {
  const enter = (phase: FlightPhase, why: string, more: Partial<Flight> = {}): Flight => ({
    ...flight,
    ...more,
    phase,
    why,
    entered: { ...flight.entered, [phase]: now },
  });
  const { phase } = flight;
  switch (event.type) {
    case 'begun': {
      if (phase !== 'planned') return flight;
      const { migration, leftBehind } = event;
      const blocked = `${leftBehind} ${leftBehind === 1 ? 'suspect is' : 'suspects are'} left behind`;
      return enter('moving', `${flight.from} admits nothing new from now on, ${blocked}`, {
        migration,
        leftBehind,
      });
    }
    case 'arrived':
      return phase === 'moving' ? enter('verifying', `it runs at ${flight.to}`) : flight;
    case 'safe':
    case 'pursued':
      return phase === 'verifying' ? enter(event.type, event.why) : flight;
    case 'failed':
      return hasLanded(flight) ? flight : enter('failed', event.why);
  }
}

/** What is seen of a guest at the destination of its flight. */
export interface Observation {
  /** That last, and reach it. */
  readonly verdicts: readonly Verdict[];
  /** What comes to it on connections that live, held against what was usual before the attack. */
  readonly honest: HonestTraffic;
  /** Packets per second that it sends. */
  readonly answers: number;
}

/** Did it help? Undefined while it is too early to tell. */
export function verified(flight: Flight, seen: Observation, now: number): FlightEvent | undefined {
  const since = now - (flight.entered.verifying ?? now);
  const [attack] = seen.verdicts;
  if (attack !== undefined) {
    return { type: 'pursued', why: `a ${attack.kind} has come to ${attack.host}: ${attack.why}` };
  }
  const { rate, usual } = seen.honest;
  const expected = usual !== undefined && usual >= limits.honestLeast;
  const back = !expected || (rate >= usual * limits.backShare && seen.answers > 0);
  const figures = expected
    ? `${figure(rate)} of usually ${figure(usual)} packets/s on connections that live`
    : 'no usual traffic is known to compare with';
  if (since < limits.verifyFor) return undefined;
  if (back) return { type: 'safe', why: `no attack at ${flight.to} for ${seconds(since)}; ${figures}` };
  if (since < limits.verifyPatience) return undefined;
  const silent = seen.answers > 0 ? '' : ', and it answers nothing';
  return {
    type: 'failed',
    why: `no attack came to ${flight.to}, but honest traffic is not back after ${seconds(since)}: ${figures}${silent}; it stays there until an attack reaches it`,
  };
}

/** May the guest fly again by now? Undefined, or why not. */
export function tooSoon(flights: Iterable<Flight>, guest: GuestName, now: number): string | undefined {
  const times = [...flights].filter((one) => one.guest === guest).map((one) => one.entered.planned ?? 0);
  const last = Math.max(-Infinity, ...times);
  if (now - last < limits.spacing) {
    return `its last flight began less than ${limits.spacing / 1000} s ago`;
  }
  const lately = times.filter((at) => now - at < limits.within).length;
  return lately >= limits.most
    ? `it has flown ${lately} times in ${Math.round(limits.within / 60_000)} minutes`
    : undefined;
}

const figure = (value: number): string => Math.round(value).toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
