/**
 * What has come to a guest, at least. Counters are exact, and late by up to `switches.counterRefresh` and a reading;
 * samples are some of the packets, and there at once. So a flood is seen in its samples, and the counters catch up.
 *
 * It is a bound whatever the meters leave out: what had come before, at least, and each packet that was sampled since;
 * or what the counters say, if that is more.
 */
import type { Totals } from './measurement.ts';
import { TRAFFIC_CLASSES, type TrafficClass } from './traffic-class.ts';

/** Samples of each class; none where it is not named. */
export type SampleCounts = Readonly<Partial<Record<TrafficClass, number>>>;

/** `before`: the bound as it was; undefined when nothing was known. `sampled`: since then. */
export function lowerBound(before: Totals | undefined, counted: Totals, sampled: SampleCounts): Totals {
  if (before === undefined) return counted;
  const bound: Record<TrafficClass, number> = { ...counted };
  for (const name of TRAFFIC_CLASSES) {
    bound[name] = Math.max(counted[name], before[name] + (sampled[name] ?? 0));
  }
  return bound;
}
