/**
 * From measurements to verdicts. Pure: (state, measurement, policy, now) → (state, verdicts).
 *
 *   calm ──► suspected ──► attack ──► attack, calm for a while ──► calm: the verdict has ended
 *     └───────────────────────▲ at once when it is far above its threshold
 *
 * Entered above a threshold and left below half of it, so that what is near it does not flicker. What is usual is
 * learned only when nothing is wrong and nothing moves. The kind is decided by counters alone; the sources come and
 * grow while the attack lasts, and those that were named stay named, since blocking them hides them from the counters.
 */
import type { DefencePolicy } from '../../controller/network/defence-policy.ts';
import { defence as limits } from '../../controller/limits.ts';
import { attackRules, type Look } from './attack-rules.ts';
import type { Attackers } from './attackers.ts';
import { type Baseline, learned, noBaseline } from './baseline.ts';
import type { Measurement } from './measurement.ts';
import { ratesOf, type Readings, withReading } from './rates.ts';
import { ATTACK_KINDS, type AttackKind, type AttackSource, type Verdict } from './verdict.ts';

/** Of one guest at one bridge. */
export interface DetectorState {
  readonly readings: Readings;
  readonly kinds: Readonly<Record<AttackKind, KindState>>;
}

interface KindState {
  readonly baseline: Baseline;
  readonly watch: Watch;
}

type Watch =
  | { readonly phase: 'calm' }
  | { readonly phase: 'suspected'; readonly since: number }
  | { readonly phase: 'attack'; readonly verdict: Verdict; readonly calmSince: number | undefined };

const calm: Watch = { phase: 'calm' };

export const initialState: DetectorState = {
  readings: [],
  kinds: Object.fromEntries(
    ATTACK_KINDS.map((kind) => [kind, { baseline: noBaseline, watch: calm }]),
  ) as unknown as DetectorState['kinds'],
};

export interface Detected {
  readonly state: DetectorState;
  /** Those that are new, have news or have ended. */
  readonly verdicts: readonly Verdict[];
}

export function detect(
  { readings, kinds }: DetectorState,
  measurement: Measurement,
  policy: DefencePolicy,
  now: number,
): Detected {
  const next = withReading(readings, { at: now, totals: measurement.totals });
  const rates = ratesOf(next);
  if (rates === undefined) return { state: { readings: next, kinds }, verdicts: [] };
  const look = { measurement, rates, policy };
  const elapsed = now - readings.at(-1)!.at;
  const verdicts: Verdict[] = [];
  const judged = { ...kinds };
  for (const kind of ATTACK_KINDS) {
    const from = beganAt(kinds[kind].watch, now) - limits.rateWindow;
    const { state, verdict } = judge(kind, kinds[kind], { ...look, from }, now, elapsed);
    judged[kind] = state;
    if (verdict !== undefined) verdicts.push(verdict);
  }
  return { state: { readings: next, kinds: judged }, verdicts };
}

/** When what is looked at began: at first sight, or just now. */
function beganAt(watch: Watch, now: number): number {
  if (watch.phase === 'suspected') return watch.since;
  return watch.phase === 'attack' ? watch.verdict.since : now;
}

/** The guest is not looked at any more: what was under way is over. */
export function dismissed({ kinds }: DetectorState, now: number): Verdict[] {
  return ATTACK_KINDS.flatMap((kind) => {
    const { watch } = kinds[kind];
    return watch.phase === 'attack' ? [{ ...watch.verdict, updated: now, ended: now }] : [];
  });
}

/** Something is wrong, or may be. */
export const isAlarmed = ({ kinds }: DetectorState): boolean =>
  ATTACK_KINDS.some((kind) => kinds[kind].watch.phase !== 'calm');

interface Judged {
  readonly state: KindState;
  readonly verdict?: Verdict | undefined;
}

function judge(
  kind: AttackKind,
  { baseline, watch }: KindState,
  look: Look,
  now: number,
  elapsed: number,
): Judged {
  const rule = attackRules[kind];
  const rate = rule.rate(look);
  const threshold = rule.threshold(look, baseline);
  if (watch.phase === 'attack') return { ...underAttack(kind, watch, look, rate, now, baseline) };

  const evidence = rate >= threshold ? rule.evidence(look, rate, threshold) : undefined;
  if (evidence === undefined) {
    const { moving, forgetful } = look.measurement;
    // At most the threshold is learned, so that what is not yet an attack does not soon make it usual.
    const usual = moving || forgetful ? baseline : learned(baseline, Math.min(rate, threshold), elapsed);
    return { state: { baseline: usual, watch: calm } };
  }
  const since = watch.phase === 'suspected' ? watch.since : now;
  if (now - since < limits.confirmTime && rate < threshold * limits.clearly) {
    return { state: { baseline, watch: { phase: 'suspected', since } } };
  }
  const { guest, host } = look.measurement;
  const { origin, sources, distinctSources } = rule.attackers(look);
  const verdict: Verdict = {
    id: `${guest}-${host}-${kind}-${Math.round(since).toString(36)}`,
    guest,
    host,
    kind,
    since,
    decided: now,
    updated: now,
    why: `${evidence} (usual ${usualText(baseline)}, limit ${Math.round(threshold).toLocaleString('en-US')})`,
    unit: rule.unit,
    rate,
    baseline: baseline.value,
    threshold,
    peak: rate,
    origin,
    sources,
    distinctSources,
  };
  return { state: { baseline, watch: { phase: 'attack', verdict, calmSince: undefined } }, verdict };
}

function underAttack(
  kind: AttackKind,
  { verdict, calmSince }: Extract<Watch, { phase: 'attack' }>,
  look: Look,
  rate: number,
  now: number,
  baseline: Baseline,
): Judged {
  const calmFrom = rate < verdict.threshold * limits.leaveShare ? (calmSince ?? now) : undefined;
  if (calmFrom !== undefined && now - calmFrom >= look.policy.coolDown) {
    return { state: { baseline, watch: calm }, verdict: { ...verdict, rate, updated: now, ended: now } };
  }
  // While it fades, the samples are of what was, and the counters of what is.
  const named = new Set(verdict.sources.map(({ prefix }) => prefix));
  const seen = rate >= verdict.threshold ? attackRules[kind].attackers(look, named) : undefined;
  const after = withAttackers({ ...verdict, rate, peak: Math.max(verdict.peak, rate) }, seen);
  const news =
    after.sources.length !== verdict.sources.length ||
    after.origin !== verdict.origin ||
    now - verdict.updated >= limits.verdictRefresh;
  const kept = news ? { ...after, updated: now } : { ...after, updated: verdict.updated };
  const watch: Watch = { phase: 'attack', verdict: kept, calmSince: calmFrom };
  return { state: { baseline, watch }, verdict: news ? kept : undefined };
}

/** What is seen now counts; what was seen and is gone, blocked perhaps, stays with its last figures. */
function withAttackers(verdict: Verdict, seen: Attackers | undefined): Verdict {
  if (seen === undefined || seen.origin === 'unknown') return verdict;
  const sources = new Map<string, AttackSource>(verdict.sources.map((source) => [source.prefix, source]));
  for (const source of seen.sources) sources.set(source.prefix, source);
  const named = [...sources.values()].sort((a, b) => b.rate - a.rate).slice(0, limits.sourcesPerVerdict);
  return {
    ...verdict,
    origin: seen.origin,
    sources: named,
    distinctSources: Math.max(verdict.distinctSources, seen.distinctSources),
  };
}

const usualText = ({ value }: Baseline): string =>
  value < 10 ? value.toFixed(1) : Math.round(value).toString();
