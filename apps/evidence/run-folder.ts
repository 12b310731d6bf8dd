/**
 * A run's folder, read: all that evidence is made from, and nothing but what is in the folder.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../controller/errors.ts';
import { moment, type Moment } from '../events.ts';
import type { CaptureRecord } from '../lab/captures.ts';
import { MEGAFLOWS_FILE, type MegaflowSample } from '../lab/megaflows.ts';
import type { RunSummary } from '../lab/summary.ts';
import { DamagedRunError, IncompleteRunError, NotARunError } from './errors.ts';
import { type Receipt, receiptOf } from './goodput.ts';
import { type Link, readLinks } from './links.ts';
import { isAnnouncement, type Packet, readPacket } from './packet.ts';
import { readCapture } from './pcap.ts';
import { capturesShape, megaflowShape, summaryShape } from './run-shape.ts';

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
  const summary = readJson(path, 'summary.json', summaryShape);
  const origin = Math.floor(summary.startedAt);
  const attacked = summary.attacks.length > 0;
  const records = readJson(path, CAPTURES, capturesShape);
  return {
    path,
    summary,
    origin,
    moments: readMoments(readFile(path, CONTROLLER_LOG).toString(), origin),
    captures: records.map((record) => openCapture(path, record, origin, attacked)),
    megaflows: readMegaflows(path, origin),
    receipts: attacked ? readReceipts(path, origin, summary.connections) : [],
  };
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
  const bytes = readFile(path, record.file);
  const { linkType, frames, leftOver } = readCapture(bytes, origin, join(path, record.file));
  const links = record.links === null ? '' : readFile(path, record.links).toString();
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

function readMegaflows(path: string, origin: number): TimedMegaflows[] {
  if (!existsSync(join(path, MEGAFLOWS_FILE))) return [];
  return readFile(path, MEGAFLOWS_FILE)
    .toString()
    .split('\n')
    .flatMap((line) => {
      const read = megaflowShape.safeParse(parsed(line));
      if (!read.success) return [];
      const { at, ...sample } = read.data;
      return [{ ms: at - origin, ...sample }];
    });
}

function readReceipts(
  path: string,
  origin: number,
  connections: readonly { readonly name: string }[],
): Receipt[] {
  return connections
    .flatMap(({ name }) => {
      const file = join('probes', `${name}.jsonl`);
      if (!existsSync(join(path, file))) return [];
      return readFile(path, file)
        .toString()
        .split('\n')
        .flatMap((line) => receiptOf(line, origin) ?? []);
    })
    .sort((a, b) => a.ms - b.ms);
}

function readJson<T>(path: string, file: string, shape: z.ZodType<T>): T {
  const json = parsed(readFile(path, file).toString());
  if (json === undefined) throw new DamagedRunError(join(path, file), 'it is not JSON');
  const read = shape.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new DamagedRunError(
    join(path, file),
    `${place === '' ? 'it as a whole' : place}: ${issue?.message ?? ''}`,
  );
}

function readFile(path: string, file: string): Buffer {
  try {
    return readFileSync(join(path, file));
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = missing ? 'it is not there' : `it cannot be read: ${messageOf(cause)}`;
    throw new DamagedRunError(join(path, file), why, { cause });
  }
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
