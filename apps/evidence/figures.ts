/**
 * The figures of a run: what is asked of evidence for each migration, each connection, and each connection at
 * each migration. Pure: made from a run that was read.
 */
import type { Moment } from '../events.ts';
import type { CaptureRecord } from '../lab/captures.ts';
import type { ConnectionSummary, MigrationSummary } from '../lab/summary.ts';
import { type AttackCourse, attackCourses, type AttackFigures } from './attacks.ts';
import { type ConnectionTrace, traceConnections } from './connections.ts';
import { answeredBy, networkShare } from './network-share.ts';
import type { Capture, Run, TimedMoment } from './run-folder.ts';
import { gapAround } from './silence.ts';
import type { TracePacket } from './trace.ts';

/** Times are in milliseconds since the run's origin; durations say so by their name. Null: not seen. */
export interface MigrationFigures extends Pick<
  MigrationSummary,
  'id' | 'guest' | 'from' | 'to' | 'strategy' | 'outcome' | 'reason' | 'warning' | 'copyMs' | 'megaflows'
> {
  readonly number: number;
  /** QEMU's own stamps. */
  readonly stopAt: number | null;
  readonly resumeAt: number | null;
  readonly blackoutMs: number | null;
  /** When copies began to go to both hosts (strategy `bicast`). */
  readonly copyingToBothAt: number | null;
  /** When the first gates were turned after STOP; null where there were none. */
  readonly gatesTurnedAt: number | null;
  /** The first commit after STOP: that of the redirect. */
  readonly commitSentAt: number | null;
  /** When the last bridge acknowledged it. */
  readonly redirectedAt: number | null;
  /** The first request on the destination's TAP after STOP; what the strategy sends there earlier is not it. */
  readonly newPathAt: number | null;
  readonly newPathMs: number | null;
  /** The destination's first announcement of the guest: QEMU's RARP, by the captures. */
  readonly announcedAt: number | null;
  /** When it was planned. */
  readonly plannedAt: number;
  /** When the kernel told of the destination's TAP, and that the capture of it had begun before. */
  readonly tapAt: number | null;
  readonly tapCapturedBefore: boolean | null;
  /**
   * Requests that both TAPs carried, each with the same number, at the source before STOP and at the destination before RESUME:
   * what a copy to both hosts leaves.
   */
  readonly copied: number;
  readonly phases: readonly PhaseSpan[];
}

export interface PhaseSpan {
  readonly phase: string;
  readonly from: number;
  /** Undefined for the last one. */
  readonly to: number | undefined;
}

export interface ConnectionFigures extends Pick<
  ConnectionSummary,
  | 'name'
  | 'protocol'
  | 'client'
  | 'guest'
  | 'target'
  | 'at'
  | 'migrations'
  | 'unit'
  | 'sent'
  | 'received'
  | 'lost'
  | 'duplicated'
  | 'reordered'
  | 'gapMs'
  | 'survived'
  | 'error'
  | 'rttMs'
> {
  /** TCP: segments of the client whose data it had sent before, and of the guest; null for others, or unseen. */
  readonly retransmitted: number | null;
  readonly retransmittedByGuest: number | null;
  /** Packets of it in the capture at the client; 0: the capture does not show it. */
  readonly packets: number;
}

export interface SwitchoverFigures {
  /** Its number. */
  readonly migration: number;
  readonly connection: string;
  /** The longest silence at the client around it, and when that began; by the capture. */
  readonly gapMs: number | null;
  readonly gapFrom: number | null;
  readonly gapMinusBlackoutMs: number | null;
  readonly networkMs: number | null;
  readonly firstAnswerMs: number | null;
  readonly waiting: number;
  /** Requests sent around it that were never answered; null where a connection has no numbered requests. */
  readonly lost: number | null;
  readonly retransmitted: number | null;
}

export interface CaptureFigures extends CaptureRecord {
  readonly cut: boolean;
}

export interface Figures {
  readonly migrations: readonly MigrationFigures[];
  readonly connections: readonly ConnectionFigures[];
  readonly switchovers: readonly SwitchoverFigures[];
  readonly attacks: readonly AttackFigures[];
  readonly captures: readonly CaptureFigures[];
}

export interface Evidence extends Figures {
  readonly courses: readonly AttackCourse[];
  readonly traces: readonly ConnectionTrace[];
}

/** A TCP connection that has lost something may need its first retransmission timeouts to be heard again. */
const AFTER_RESUME_MS = 1_000;

export function figuresOf(run: Run): Evidence {
  const { summary, captures, moments, origin } = run;
  const traces = traceConnections(summary.connections, captures, moments, origin);
  const migrations = summary.migrations.map((migration, i) =>
    migrationFigures(migration, i + 1, run, traces),
  );
  const courses = attackCourses(run);
  return {
    migrations,
    attacks: courses.map(({ figures }) => figures),
    courses,
    connections: summary.connections.map((connection) => connectionFigures(connection, traces)),
    switchovers: migrations.flatMap((migration) =>
      summary.connections.flatMap((connection) => switchoverFigures(migration, connection, traces, origin)),
    ),
    captures: captures.map(({ record, cut }) => ({ ...record, cut })),
    traces,
  };
}

const momentsOf = (moments: readonly TimedMoment[], id: string): readonly TimedMoment[] =>
  moments.filter(({ moment }) => 'migration' in moment && moment.migration === id);

function migrationFigures(
  migration: MigrationSummary,
  number: number,
  { summary, captures, moments, origin }: Run,
  traces: readonly ConnectionTrace[],
): MigrationFigures {
  const { id, guest, from, to, strategy, outcome, reason, warning, blackoutMs, copyMs, megaflows } =
    migration;
  const own = momentsOf(moments, id);
  const at = (wanted: (moment: Moment) => boolean, since = -Infinity): number | null =>
    own.find(({ ms, moment }) => ms >= since && wanted(moment))?.ms ?? null;
  const stopAt = at((one) => one.kind === 'qemu' && one.event === 'STOP' && one.host === from);
  const resumeAt = at((one) => one.kind === 'qemu' && one.event === 'RESUME' && one.host === to);
  const began = (migration.entered['planned'] ?? summary.startedAt) - origin;
  const tap = destinationTap(captures, moments, guest, to, began, origin);
  const newPathAt = stopAt === null ? null : firstRequestAt(traces, to, stopAt);
  return {
    ...{ id, guest, from, to, strategy, outcome, reason, warning, number, stopAt, resumeAt },
    ...{ blackoutMs, copyMs, megaflows },
    plannedAt: began,
    copyingToBothAt: at((one) => one.kind === 'copying-to-both'),
    gatesTurnedAt: at((one) => one.kind === 'gates-turned', stopAt ?? Infinity),
    commitSentAt: at((one) => one.kind === 'commit-sent', stopAt ?? Infinity),
    redirectedAt: at((one) => one.kind === 'redirected', stopAt ?? Infinity),
    newPathAt,
    newPathMs: newPathAt === null || stopAt === null ? null : newPathAt - stopAt,
    announcedAt: stopAt === null ? null : firstRarp(captures, to, stopAt),
    tapAt: tap?.at ?? null,
    tapCapturedBefore: tap === undefined ? null : tap.at === undefined || tap.begunBy <= tap.at,
    copied: copiedRequests(
      traces,
      { host: from, until: stopAt ?? Infinity },
      { host: to, until: resumeAt ?? Infinity },
      began,
    ),
    phases: phaseSpans(migration, origin),
  };
}

/** Phases in the order in which they were entered. */
function phaseSpans({ entered }: MigrationSummary, origin: number): PhaseSpan[] {
  const order = Object.entries(entered).sort(([, a], [, b]) => a - b);
  return order.map(([phase, at], i) => {
    const next = order[i + 1]?.[1];
    return { phase, from: at - origin, to: next === undefined ? undefined : next - origin };
  });
}

/** The guest's TAP that was newest at the destination when the migration went there. */
function destinationTap(
  captures: readonly Capture[],
  moments: readonly TimedMoment[],
  guest: string,
  host: string,
  since: number,
  origin: number,
): { at: number | undefined; begunBy: number } | undefined {
  const ports = moments.flatMap(({ ms, moment }) =>
    moment.kind === 'port' && moment.change === 'appeared' && moment.guest === guest && moment.host === host
      ? [{ ms, name: moment.port }]
      : [],
  );
  const port = ports.find(({ ms }) => ms >= since);
  const capture = captures.find(({ record }) => record.point === 'taps' && record.node === host);
  if (port === undefined || capture === undefined) return undefined;
  const link = capture.links.find(({ name }) => name === port.name);
  return { at: link?.appeared, begunBy: capture.record.begunBy - origin };
}

function firstRequestAt(traces: readonly ConnectionTrace[], host: string, since: number): number | null {
  const firsts = traces.flatMap(
    ({ taps }) => taps.find(({ ms, node, toGuest }) => toGuest && node === host && ms >= since)?.ms ?? [],
  );
  return firsts.length === 0 ? null : Math.min(...firsts);
}

function firstRarp(captures: readonly Capture[], host: string, since: number): number | null {
  const found = captures.flatMap(({ record, packets }) =>
    record.point === 'taps' && record.node === host
      ? packets.filter(({ kind, ms }) => kind === 'rarp' && ms >= since).map(({ ms }) => ms)
      : [],
  );
  return found.length === 0 ? null : Math.min(...found);
}

/**
 * At the source until the guest stopped: from then until the commit is in force gates send what comes there on, and nobody
 * reads it there. At the destination until it resumed: what it left behind on its way is forwarded once, not copied.
 */
function copiedRequests(
  traces: readonly ConnectionTrace[],
  source: { readonly host: string; readonly until: number },
  destination: { readonly host: string; readonly until: number },
  since: number,
): number {
  let copied = 0;
  for (const { taps } of traces) {
    const carried = ({ host, until }: typeof source): number[] =>
      taps.flatMap(({ ms, node, toGuest, n, length }) =>
        node === host && toGuest && n !== null && length > 0 && ms >= since && ms <= until ? [n] : [],
      );
    const numbers = new Set(carried(source));
    copied += carried(destination).filter((n) => numbers.has(n)).length;
  }
  return copied;
}

function connectionFigures(
  connection: ConnectionSummary,
  traces: readonly ConnectionTrace[],
): ConnectionFigures {
  const own = traces.find(({ name }) => name === connection.name);
  const isTcp = connection.protocol === 'tcp' || connection.protocol === 'http';
  const resent = (packets: readonly TracePacket[] | undefined, toGuest: boolean): number | null =>
    !isTcp || packets === undefined || packets.length === 0
      ? null
      : packets.filter((packet) => packet.resent && packet.toGuest === toGuest).length;
  const { name, protocol, client, guest, target, at, migrations, unit, sent, received } = connection;
  const { lost, duplicated, reordered, gapMs, survived, error, rttMs } = connection;
  return {
    ...{ name, protocol, client, guest, target, at, migrations, unit, sent, received },
    ...{ lost, duplicated, reordered, gapMs, survived, error, rttMs },
    retransmitted: resent(own?.client, true),
    retransmittedByGuest: resent(own?.taps, false),
    packets: own?.client.length ?? 0,
  };
}

/** None for a connection of another guest, or that was not open then. */
function switchoverFigures(
  migration: MigrationFigures,
  connection: ConnectionSummary,
  traces: readonly ConnectionTrace[],
  origin: number,
): SwitchoverFigures[] {
  const { stopAt, resumeAt, blackoutMs, number, plannedAt } = migration;
  if (connection.guest !== migration.guest || stopAt === null || resumeAt === null) return [];
  if (connection.startedAt - origin > stopAt || connection.endedAt - origin < resumeAt) return [];
  const own = traces.find(({ name }) => name === connection.name);
  if (own === undefined || own.client.length === 0) return [];
  // After its client's last packet a connection is not silent, but over.
  const window = { from: stopAt, to: Math.min(resumeAt + AFTER_RESUME_MS, own.client.at(-1)!.ms) };
  const answers = own.client.filter(({ toGuest, length }) => !toGuest && length > 0);
  const gap = gapAround(
    answers.map(({ ms }) => ms),
    window,
  );
  // A host may have had the guest before: what its TAP carried then is another migration's.
  const at = (host: string): TracePacket[] =>
    own.taps.filter(({ node, ms }) => node === host && ms >= plannedAt);
  const requests = own.client.filter(
    ({ toGuest, length, ms }) => toGuest && length > 0 && ms >= window.from && ms <= window.to,
  );
  const isAnswered = answeredBy(own.client.filter(({ toGuest }) => !toGuest));
  const isTcp = connection.protocol === 'tcp' || connection.protocol === 'http';
  return [
    {
      migration: number,
      connection: connection.name,
      gapMs: gap?.ms ?? null,
      gapFrom: gap?.from ?? null,
      gapMinusBlackoutMs: gap === null || blackoutMs === null ? null : gap.ms - blackoutMs,
      ...networkShare(at(migration.from), at(migration.to), resumeAt),
      lost: connection.protocol === 'http' ? null : requests.filter((one) => !isAnswered(one)).length,
      retransmitted: isTcp ? requests.filter(({ resent }) => resent).length : null,
    },
  ];
}
