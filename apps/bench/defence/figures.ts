/**
 * From single attacks to rows: one for each attack with the defence on, and one with it off. Pure.
 */
import type { GoodputAround } from '../../lab/summary.ts';

export const DEFENCES = ['on', 'off'] as const;
export type Defence = (typeof DEFENCES)[number];

/** One attack in the lab, or one crowd. Times are from the attack's first packet; null: not seen. */
export interface Turn {
  readonly attack: string;
  readonly defence: Defence;
  readonly verdict: string | null;
  readonly verdictMs: number | null;
  readonly firstDropMs: number | null;
  readonly safeMs: number | null;
  /** From the first drop until honest goodput was back. */
  readonly backMs: number | null;
  readonly packets: number;
  readonly reached: number;
  readonly honestGoodput: GoodputAround;
  readonly honestConnectionsLost: number;
  /** New honest requests while it lasted, and those of them that were answered. */
  readonly honestRequests: Requests;
  /** Verdicts of another kind, or of no attack; honest clients that a verdict named. */
  readonly falseVerdicts: number;
  readonly honestSourcesNamed: number;
  /** Of one core, and at most, while it lasted. */
  readonly controllerCpu: number;
  readonly controllerMiB: number;
}

/** One that came to no figures. */
export interface FailedTurn {
  /** From 1. */
  readonly run: number;
  readonly attack: string;
  readonly defence: Defence;
  readonly why: string;
}

export interface Requests {
  readonly sent: number;
  readonly answered: number;
  /** How long an answer took: the median of those that came; null: none came. */
  readonly answerMs: number | null;
}

export interface Spread {
  readonly p50: number | null;
  readonly max: number | null;
}

export interface Row {
  readonly attack: string;
  readonly defence: Defence;
  readonly runs: number;
  /** In how many runs it was seen, and in how many some bridge dropped it. */
  readonly seen: number;
  readonly dropped: number;
  readonly verdictMs: Spread;
  readonly firstDropMs: Spread;
  readonly safeMs: Spread;
  readonly backMs: Spread;
  /** Bits per second: medians. */
  readonly honestGoodput: GoodputAround;
  readonly honestConnectionsLost: number;
  readonly honestRequests: Requests;
  /** Of what attackers sent, in all runs. */
  readonly reachedShare: number;
  readonly falseVerdicts: number;
  readonly honestSourcesNamed: number;
  readonly controllerCpu: Spread;
  readonly controllerMiB: Spread;
}

/** In the order in which attacks were first seen; `on` before `off`. */
export function rowsOf(turns: readonly Turn[]): Row[] {
  const attacks = [...new Set(turns.map(({ attack }) => attack))];
  return attacks.flatMap((attack) =>
    DEFENCES.flatMap((defence) => {
      const mine = turns.filter((turn) => turn.attack === attack && turn.defence === defence);
      return mine.length === 0 ? [] : [rowOf(attack, defence, mine)];
    }),
  );
}

function rowOf(attack: string, defence: Defence, turns: readonly Turn[]): Row {
  const of = (name: 'verdictMs' | 'firstDropMs' | 'safeMs' | 'backMs' | 'controllerCpu' | 'controllerMiB') =>
    spread(turns.flatMap((turn) => turn[name] ?? []));
  const sum = (value: (turn: Turn) => number): number => turns.reduce((all, turn) => all + value(turn), 0);
  const middle = (name: keyof GoodputAround): number | null =>
    spread(turns.flatMap(({ honestGoodput }) => honestGoodput[name] ?? [])).p50;
  const sent = sum(({ packets }) => packets);
  return {
    attack,
    defence,
    runs: turns.length,
    seen: turns.filter(({ verdictMs }) => verdictMs !== null).length,
    dropped: turns.filter(({ firstDropMs }) => firstDropMs !== null).length,
    verdictMs: of('verdictMs'),
    firstDropMs: of('firstDropMs'),
    safeMs: of('safeMs'),
    backMs: of('backMs'),
    honestGoodput: { before: middle('before'), during: middle('during'), after: middle('after') },
    honestConnectionsLost: sum((turn) => turn.honestConnectionsLost),
    honestRequests: {
      sent: sum(({ honestRequests }) => honestRequests.sent),
      answered: sum(({ honestRequests }) => honestRequests.answered),
      answerMs: spread(turns.flatMap(({ honestRequests }) => honestRequests.answerMs ?? [])).p50,
    },
    reachedShare: sent === 0 ? 0 : sum(({ reached }) => reached) / sent,
    falseVerdicts: sum((turn) => turn.falseVerdicts),
    honestSourcesNamed: sum((turn) => turn.honestSourcesNamed),
    controllerCpu: of('controllerCpu'),
    controllerMiB: of('controllerMiB'),
  };
}

/** The median, by the nearest rank, and the largest; null of nothing. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: sorted[Math.max(0, Math.ceil(sorted.length / 2) - 1)] ?? null, max: sorted.at(-1) ?? null };
}

/** Requests that began between two clock times, by what the probe noted of each. */
export function requestsWithin(lines: Iterable<string>, from: number, to: number): Requests {
  let sent = 0;
  const answers: number[] = [];
  for (const line of lines) {
    if (line === '') continue;
    const observation = JSON.parse(line) as { sent: number; received: number | null };
    if (observation.sent < from || observation.sent >= to) continue;
    sent++;
    if (observation.received !== null) answers.push(observation.received - observation.sent);
  }
  return { sent, answered: answers.length, answerMs: spread(answers).p50 };
}
