/**
 * From single migrations to a row for each situation. Pure.
 */
import { type Spread, spread } from '../switchover/figures.ts';

/**
 * What else the datapaths have to do: nothing; a flood from random sources to the guest; or packets from as many sources at
 * a bridge of somebody else's in the same datapath, which makes a megaflow of each: `foreign` with OVS's own `max-idle` of 10 s,
 * `foreign-brief` with the one that the controller sets.
 */
export type Situation = 'quiet' | 'flood' | 'foreign' | 'foreign-brief';
export type Strategy = 'redirect' | 'bicast';

export interface Run {
  readonly situation: Situation;
  readonly strategy: Strategy;
  readonly from: string;
  readonly to: string;
  readonly blackoutMs: number;
  /** From STOP to the first request on the destination's TAP, by a capture of that. */
  readonly newPathMs: number;
  /** From STOP to the commit being sent, and to its being acknowledged by every bridge. */
  readonly commitSentMs: number;
  readonly redirectedMs: number;
  /** By host, at the switchover. */
  readonly megaflows: Readonly<Record<string, number>>;
  /** By host: how long the last round of its revalidators had taken by then. */
  readonly roundMs: Readonly<Record<string, number>>;
}

export interface Row {
  readonly situation: Situation;
  readonly strategy: Strategy;
  readonly runs: number;
  readonly newPathMs: Spread;
  readonly commitSentMs: Spread;
  readonly redirectedMs: Spread;
  readonly blackoutMs: Spread;
  readonly megaflows: Readonly<Record<string, Spread>>;
  readonly roundMs: Readonly<Record<string, Spread>>;
}

/** In the order in which they were first measured. */
export function rowsOf(runs: readonly Run[]): Row[] {
  const rows = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.situation} ${run.strategy}`;
    rows.set(key, [...(rows.get(key) ?? []), run]);
  }
  return [...rows.values()].map(rowOf);
}

function rowOf(runs: readonly Run[]): Row {
  const { situation, strategy } = runs[0]!;
  const of = (name: 'newPathMs' | 'commitSentMs' | 'redirectedMs' | 'blackoutMs'): Spread =>
    spread(runs.map((run) => run[name]));
  const byHost = (name: 'megaflows' | 'roundMs'): Record<string, Spread> => {
    const hosts = [...new Set(runs.flatMap((run) => Object.keys(run[name])))].sort();
    return Object.fromEntries(
      hosts.map((host) => [host, spread(runs.flatMap((run) => run[name][host] ?? []))]),
    );
  };
  return {
    situation,
    strategy,
    runs: runs.length,
    newPathMs: of('newPathMs'),
    commitSentMs: of('commitSentMs'),
    redirectedMs: of('redirectedMs'),
    blackoutMs: of('blackoutMs'),
    megaflows: byHost('megaflows'),
    roundMs: byHost('roundMs'),
  };
}
