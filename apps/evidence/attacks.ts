/**
 * The figures of a run's attacks: how soon each was seen, met and over, and what honest clients had meanwhile. Pure: made
 * from a run that was read. An attack begins with its first packet at the attacker's own interface.
 */
import type { Moment } from '../events.ts';
import type { AttackOutcome, AttackRecord, ConnectionSummary } from '../lab/summary.ts';
import { firstDrop, type Passage, passages, type Sighting, sentPackets } from './attack-packets.ts';
import { backAt, goodput, type GoodputPoint, goodputOverTime } from './goodput.ts';
import type { Run } from './run-folder.ts';

type Asked = Pick<AttackRecord, 'name' | 'kind' | 'sources' | 'from' | 'guest' | 'rate'>;

/** Its first and last packet are in milliseconds since the run's origin; null: none was seen. */
export interface AttackFigures extends Asked, AttackOutcome {
  readonly firstPacketAt: number | null;
  readonly lastPacketAt: number | null;
}

/** An attack over time, for a plot. */
export interface AttackCourse {
  readonly figures: AttackFigures;
  /** Of honest clients. */
  readonly goodput: readonly GoodputPoint[];
  /** What the attackers sent, and what came to the guest; packets per second. */
  readonly sent: readonly RatePoint[];
  readonly reached: readonly RatePoint[];
  /** What the controller said of the guest meanwhile. */
  readonly marks: readonly { readonly ms: number; readonly name: string }[];
}

export interface RatePoint {
  readonly ms: number;
  readonly perSecond: number;
}

const BEFORE_MS = 2_000;
/** What is on its way when the last packet leaves is not yet after it. */
const SETTLE_MS = 500;
const AFTER_MS = 3_000;
/** A verdict may come when the last packet has gone. */
const VERDICT_SLACK_MS = 3_000;
/** How long after an attack its flight, and honest goodput, are waited for. */
const AFTERMATH_MS = 30_000;
const STEP_MS = 200;
/** A capture stamps a packet a little earlier than the process that made it says that it began. */
const START_SLACK_MS = 50;

export function attackCourses(run: Run): AttackCourse[] {
  const { summary, origin } = run;
  const attacks = [...summary.attacks].sort((a, b) => a.startedAt - b.startedAt);
  return attacks.map((attack, i) => {
    const next = attacks.slice(i + 1).find(({ guest }) => guest === attack.guest);
    const until = Math.min(next?.startedAt ?? Infinity, summary.endedAt) - origin;
    return course(run, attack, until);
  });
}

/** `until`: the next attack on the guest begins, or the run ends. */
function course(run: Run, attack: AttackRecord, until: number): AttackCourse {
  const { captures, origin, summary, receipts } = run;
  const { name, kind, sources, from, guest, rate } = attack;
  const window = {
    from: attack.startedAt - origin - START_SLACK_MS,
    to: attack.endedAt - origin + START_SLACK_MS,
  };
  const sent = sentPackets(captures, attack, window);
  const [first, last] = [sent[0]?.ms ?? null, sent.at(-1)?.ms ?? null];
  const passed = passages(captures, new Map(sent.map(({ key, ms }) => [key, ms])));
  const reached = reachedGuest(passed, sent);
  // Forged addresses are met where the guest's new connections are admitted, and nowhere else.
  const drop = passed
    .filter(({ toGuest }) => toGuest || sources === 'real')
    .flatMap((passage) => {
      const ms = firstDrop(passage, sources);
      return ms === null ? [] : [{ ms, bridge: passage.bridge }];
    })
    .sort((a, b) => a.ms - b.ms)[0];
  const after = (ms: number | null | undefined): number | null =>
    ms === null || ms === undefined || first === null ? null : ms - first;
  const told = momentsFrom(run, guest, first ?? Infinity, until);
  const verdict = told.find(
    ({ ms, moment }) => moment.kind === 'attack-detected' && ms <= (last ?? 0) + VERDICT_SLACK_MS,
  );
  const safe = told.find(({ moment }) => moment.kind === 'flight' && moment.phase === 'safe');
  const since = drop?.ms ?? last;
  const before = first === null ? null : goodput(receipts, first - BEFORE_MS, first);
  const back =
    since === null || before === null
      ? null
      : backAt(receipts, before, since, Math.min(since + AFTERMATH_MS, until));
  const figures: AttackFigures = {
    ...{ name, kind, sources, from, guest, rate },
    firstPacketAt: first,
    lastPacketAt: last,
    packets: sent.length,
    reached: reached.length,
    verdict: verdict?.moment.kind === 'attack-detected' ? verdict.moment.attack : null,
    verdictMs: after(verdict?.ms),
    filteredMs: after(told.find(({ moment }) => moment.kind === 'filtered')?.ms),
    firstDropMs: after(drop?.ms),
    firstDropAt: drop?.bridge ?? null,
    safeMs: after(safe?.ms),
    backMs: back === null || since === null ? null : back - since,
    honestGoodput: {
      before,
      during: first === null || last === null ? null : goodput(receipts, first, last),
      after:
        last === null
          ? null
          : goodput(receipts, last + SETTLE_MS, Math.min(last + SETTLE_MS + AFTER_MS, until)),
    },
    honestConnectionsLost: first === null ? 0 : lostOf(summary.connections, origin + first),
  };
  const [begin, end] = [(first ?? 0) - BEFORE_MS, Math.min((last ?? 0) + AFTER_MS * 2, until)];
  return {
    figures,
    goodput: goodputOverTime(receipts, begin, end, STEP_MS),
    sent: rates(sent, begin, end),
    reached: rates(reached, begin, end),
    marks: told.flatMap(({ ms, moment }) => {
      const mark = markOf(moment);
      return mark === undefined || ms > end ? [] : [{ ms, name: mark }];
    }),
  };
}

function momentsFrom({ moments }: Run, guest: string, from: number, until: number) {
  return moments.filter(
    ({ ms, moment }) => ms >= from && ms < until && 'guest' in moment && moment.guest === guest,
  );
}

/** What of an attack's defence stands as a mark in a plot. */
function markOf(moment: Moment): string | undefined {
  switch (moment.kind) {
    case 'attack-detected':
      return 'detected';
    case 'filtered':
      return 'filtered';
    case 'flight':
      return moment.phase;
    case 'attack-over':
      return 'over';
    default:
      return undefined;
  }
}

function reachedGuest(passed: readonly Passage[], sent: readonly Sighting[]): Sighting[] {
  const left = new Set(passed.flatMap((one) => (one.toGuest ? [...one.left] : [])));
  return sent.filter(({ key }) => left.has(key));
}

const lostOf = (connections: readonly ConnectionSummary[], at: number): number =>
  connections.filter(
    ({ startedAt, endedAt, survived, unit, protocol }) =>
      startedAt < at && endedAt > at && !survived && !(protocol === 'http' && unit === 'messages'),
  ).length;

function rates(seen: readonly Sighting[], from: number, to: number): RatePoint[] {
  const points: RatePoint[] = [];
  for (let ms = from; ms + STEP_MS <= to; ms += STEP_MS) points.push({ ms, perSecond: 0 });
  const counts = points.map(() => 0);
  for (const { ms } of seen) {
    const i = Math.floor((ms - from) / STEP_MS);
    if (i >= 0 && i < counts.length) counts[i]!++;
  }
  return points.map(({ ms }, i) => ({ ms, perSecond: (counts[i]! * 1000) / STEP_MS }));
}
