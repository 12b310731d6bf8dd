/**
 * Rates from the last few readings of a guest's totals. Counters move in steps of up to `switches.counterRefresh`, so a
 * rate is taken over several steps; what is cut off at one end of the window is there at the other.
 */
import { defence as limits } from '../../controller/limits.ts';
import type { Totals } from './measurement.ts';
import type { TrafficClass } from './traffic-class.ts';

export interface Reading {
  readonly at: number;
  readonly totals: Totals;
}

/** Oldest first; reaches back as far as any rate needs. */
export type Readings = readonly Reading[];

const REACH = Math.max(limits.rateWindow, limits.sampleMemory) + limits.handshakePatience;

export function withReading(readings: Readings, reading: Reading): Readings {
  const last = readings.findLastIndex(({ at }) => at <= reading.at - REACH);
  return [...readings.slice(Math.max(last, 0)), reading];
}

export interface Rates {
  /** Packets per second of a class, lately. */
  readonly of: (...names: readonly TrafficClass[]) => number;
  /** The same over the last so many milliseconds, to hold samples of that time against. */
  readonly over: (ms: number, name: TrafficClass) => number;
  /** What there is of a class beyond so many per second, and beyond what bridges may relay of that at once. */
  readonly beyond: (perSecond: number, name: TrafficClass) => number;
  /** Handshakes per second that clients have begun, and those of them that had time to be completed and were not. */
  readonly begun: number;
  readonly unfinished: number;
}

/** Undefined before there are two readings. */
export function ratesOf(readings: Readings): Rates | undefined {
  const last = readings.at(-1);
  const [first] = readings;
  if (last === undefined || first === undefined || first === last) return undefined;
  const { rateWindow, handshakePatience } = limits;
  const start = readingAt(readings, last.at - rateWindow);
  // A rate of a short time would take the first packets of anything for a flood.
  const seconds = Math.max(last.at - start.at, rateWindow) / 1000;
  const grown = (name: TrafficClass, from: Reading, to: Reading): number =>
    to.totals[name] - from.totals[name];

  // A handshake takes a round trip: those of the last moment are not held against anybody. All completions count.
  const patient = readingAt(readings, last.at - handshakePatience);
  const patientStart = readingAt(readings, patient.at - rateWindow);
  const patientSeconds = Math.max(patient.at - patientStart.at, rateWindow) / 1000;
  const begun = grown('syn', patientStart, patient);
  return {
    of: (...names) => names.reduce((sum, name) => sum + grown(name, start, last), 0) / seconds,
    over: (ms, name) => {
      const from = readingAt(readings, last.at - ms);
      return (grown(name, from, last) * 1000) / Math.max(last.at - from.at, rateWindow);
    },
    beyond: (perSecond, name) => {
      const from = readingAt(readings, last.at - limits.sampleMemory);
      const seconds = Math.max(last.at - from.at, rateWindow) / 1000;
      return Math.max(
        0,
        grown(name, from, last) / seconds - perSecond * (1 + limits.relayingBridges / seconds),
      );
    },
    begun: begun / patientSeconds,
    unfinished: Math.max(0, begun - grown('completed', patientStart, last)) / patientSeconds,
  };
}

/** The last one that is not later. */
function readingAt(readings: Readings, at: number): Reading {
  return readings.findLast((reading) => reading.at <= at) ?? readings[0]!;
}
