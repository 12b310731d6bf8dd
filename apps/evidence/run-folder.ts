/**
 * A run's folder, read: all that evidence is made from, and nothing but what is in the folder.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { moment, type Moment } from '../events.ts';
import type { CaptureRecord } from '../lab/captures.ts';
import { MEGAFLOWS_FILE, type MegaflowSample } from '../lab/megaflows.ts';
import type { MigrationSummary, RunSummary } from '../lab/summary.ts';
import { DamagedRunError, IncompleteRunError, NotARunError } from './errors.ts';
import { type Receipt, receiptOf } from './goodput.ts';
import { type Link, readLinks } from './links.ts';
import { isAnnouncement, type Packet, readPacket } from './packet.ts';
import { readCapture } from './pcap.ts';

export interface Run {
  readonly path: string;
  readonly summary: RunSummary;
  /** Where the run's clock begins: whole milliseconds since the Unix epoch. */
  readonly origin: number;
  /** In the order of their stamps, which are in milliseconds since `origin`. */
  readonly moments: readonly TimedMoment[];
  readonly captures: readonly Capture[];
  /** Megaflows in each datapath over time; none of a run of an earlier version. */
  readonly megaflows: readonly TimedMegaflows[];
  /** What honest clients received, by their probes' own notes, in order; of a run with attacks. */
  readonly receipts: readonly Receipt[];
}

export interface TimedMoment {
  readonly ms: number;
  readonly moment: Moment;
}

export interface TimedMegaflows extends Omit<MegaflowSample, 'at'> {
  readonly ms: number;
}

export interface Capture {
  readonly record: CaptureRecord;
  /**
   * At clients, attackers and TAPs everything; elsewhere, where all guests' traffic passes, announcements alone, unless
   * the run has attacks.
   */
  readonly packets: readonly Packet[];
  /** Interfaces over time, where the capture is of more than one. */
  readonly links: readonly Link[];
  /** The file ends in the midst of a record. */
  readonly cut: boolean;
}

const CONTROLLER_LOG = 'logs/controller.jsonl';
const CAPTURES = 'captures/captures.json';

const summaryShape = z.looseObject({
  lab: z.string(),
  startedAt: z.number(),
  endedAt: z.number(),
  migrations: z.array(z.looseObject({ id: z.string(), guest: z.string() })),
  connections: z.array(z.looseObject({ name: z.string(), client: z.string(), guest: z.string() })),
});

/** Throws `EVIDENCE_NOT_A_RUN`, `EVIDENCE_INCOMPLETE_RUN`, `EVIDENCE_DAMAGED_RUN`, `EVIDENCE_NOT_A_CAPTURE`. */
export function readRun(folder: string): Run {
  const path = resolve(folder);
  if (!isDirectory(path)) throw new NotARunError(folder, existsSync(path) ? 'files' : 'folder of that name');
  if (!existsSync(join(path, 'summary.json'))) {
    if (isDirectory(join(path, 'captures'))) throw new IncompleteRunError(folder);
    throw new NotARunError(folder, 'summary.json');
  }
  for (const file of [CAPTURES, CONTROLLER_LOG]) {
    if (!existsSync(join(path, file))) throw new NotARunError(folder, file);
  }
  const summary = readSummary(path);
  const origin = Math.floor(summary.startedAt);
  const attacked = summary.attacks.length > 0;
  const records = readJson(path, CAPTURES, z.array(z.looseObject({ file: z.string() })));
  return {
    path,
    summary,
    origin,
    moments: readMoments(readFileSync(join(path, CONTROLLER_LOG), 'utf8'), origin),
    captures: (records as unknown as CaptureRecord[]).map((record) =>
      openCapture(path, record, origin, attacked),
    ),
    megaflows: readMegaflows(path, origin),
    receipts: attacked ? readReceipts(path, origin, summary.connections) : [],
  };
}

/** A run of an earlier version knows of no attacks, and counted no megaflows. */
interface EarlierSummary extends Omit<RunSummary, 'attacks' | 'migrations'> {
  readonly migrations: readonly Omit<MigrationSummary, 'megaflows'>[];
}

function readSummary(path: string): RunSummary {
  const summary = readJson(path, 'summary.json', summaryShape) as unknown as EarlierSummary;
  return {
    attacks: [],
    ...summary,
    migrations: summary.migrations.map((one) => ({ megaflows: {}, ...one })),
  };
}

const megaflowLine = z.object({
  at: z.number(),
  node: z.string(),
  megaflows: z.number(),
  roundMs: z.number(),
});

function readMegaflows(path: string, origin: number): TimedMegaflows[] {
  const file = join(path, MEGAFLOWS_FILE);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const read = megaflowLine.safeParse(parsed(line));
      if (!read.success) return [];
      const { at, ...sample } = read.data;
      return [{ ms: at - origin, ...sample }];
    });
}

const logLine = z.looseObject({ time: z.number(), moment });

/** The controller's log has each moment in the line that tells of it; a line that was cut short has none. */
export function readMoments(log: string, origin: number): TimedMoment[] {
  const moments = log.split('\n').flatMap((line): TimedMoment[] => {
    if (!line.includes('"moment"')) return [];
    const read = logLine.safeParse(parsed(line));
    return read.success ? [{ ms: read.data.time - origin, moment: read.data.moment }] : [];
  });
  return moments.sort((a, b) => a.ms - b.ms);
}

function openCapture(path: string, record: CaptureRecord, origin: number, attacked: boolean): Capture {
  const file = join(path, record.file);
  if (!existsSync(file)) throw new DamagedRunError(file, 'it is not there');
  const { linkType, frames, leftOver } = readCapture(readFileSync(file), origin, file);
  const links = record.links === null ? '' : readFileSync(join(path, record.links), 'utf8');
  const isWhole = attacked || record.point === 'client' || record.point === 'taps';
  const isWanted = isWhole ? () => true : isAnnouncement;
  const packets: Packet[] = [];
  for (const frame of frames) {
    const packet = readPacket(frame, linkType);
    if (packet !== undefined && isWanted(packet)) packets.push(packet);
  }
  return {
    record,
    packets,
    links: readLinks(links, origin),
    cut: leftOver > 0,
  };
}

function readReceipts(
  path: string,
  origin: number,
  connections: readonly { readonly name: string }[],
): Receipt[] {
  return connections
    .flatMap(({ name }) => {
      const file = join(path, 'probes', `${name}.jsonl`);
      if (!existsSync(file)) return [];
      return readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line) => receiptOf(line, origin) ?? []);
    })
    .sort((a, b) => a.ms - b.ms);
}

function readJson<T>(path: string, file: string, shape: z.ZodType<T>): T {
  const text = readFileSync(join(path, file), 'utf8');
  const read = shape.safeParse(parsed(text));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new DamagedRunError(join(path, file), `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
