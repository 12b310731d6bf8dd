/**
 * From a run's folder to what people look at: report.html, the tables, the timeline, and the figures as JSON.
 */
import { closeSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evidence, type Figures, figuresOf } from './figures.ts';
import { reportPage } from './report/page.ts';
import { type Run, readRun } from './run-folder.ts';
import {
  attackColumns,
  captureColumns,
  columnsTable,
  connectionColumns,
  csv,
  migrationColumns,
  packetColumns,
  switchoverColumns,
  timelineColumns,
} from './tables.ts';
import { timeline, type TimelineEntry } from './timeline.ts';

export interface Report extends Figures {
  readonly folder: string;
  readonly lab: string;
  readonly passed: boolean;
  /** Milliseconds since the Unix epoch: where all other times begin. */
  readonly origin: number;
  /** What was written, in the folder. */
  readonly files: readonly string[];
}

/** Reads the folder, and writes the files into it. Throws what `readRun` throws. */
export function writeReport(folder: string): Report {
  const run = readRun(folder);
  const evidence = figuresOf(run);
  const files = filesOf(run, evidence, timeline(run, evidence, evidence.traces));
  for (const old of readdirSync(run.path)) {
    if (/^packets-.*\.csv$/.test(old) && !files.has(old)) rmSync(join(run.path, old));
  }
  for (const [name, text] of files) writeText(join(run.path, name), typeof text === 'string' ? [text] : text);
  return { ...reportOf(run, evidence), files: [...files.keys()] };
}

function reportOf({ path, summary, origin }: Run, evidence: Evidence): Omit<Report, 'files'> {
  const { migrations, connections, switchovers, attacks, captures } = evidence;
  const { lab, passed } = summary;
  return { folder: path, lab, passed, origin, migrations, connections, switchovers, attacks, captures };
}

/** A text, or the pieces of one: those are made only as they are written. */
type Text = string | Iterable<string>;

function filesOf(run: Run, evidence: Evidence, entries: readonly TimelineEntry[]): Map<string, Text> {
  const { summary } = run;
  // Where the folder is now says nothing of the run; commands are as to be given in it.
  const { folder: _, ...figures } = reportOf(run, evidence);
  const commands = { run: 'arctictern lab run topology.yaml', report: 'arctictern report .' };
  return new Map<string, Text>([
    ['report.html', reportPage({ summary, evidence, entries }, commands)],
    ['evidence.json', `${JSON.stringify(figures, undefined, 2)}\n`],
    ['timeline.json', timelineJson(run.origin, entries)],
    ['timeline.csv', csv(timelineColumns, entries)],
    ['migrations.csv', csv(migrationColumns, evidence.migrations)],
    ['connections.csv', csv(connectionColumns, evidence.connections)],
    ['switchovers.csv', csv(switchoverColumns, evidence.switchovers)],
    ['attacks.csv', csv(attackColumns, evidence.attacks)],
    ['captures.csv', csv(captureColumns, evidence.captures)],
    ...evidence.traces.map(({ name, client, taps }): [string, Text] => [
      `packets-${name}.csv`,
      csv(
        packetColumns,
        [...client, ...taps].sort((a, b) => a.ms - b.ms),
      ),
    ]),
    ['columns.csv', columnsTable()],
  ]);
}

const LINES_A_PIECE = 1_000;

/** One entry a line: it can be long, and is searched by lines. */
function* timelineJson(origin: number, entries: readonly TimelineEntry[]): Iterable<string> {
  yield `{"origin":${origin},"entries":[`;
  for (let i = 0; i < entries.length; i += LINES_A_PIECE) {
    const lines = entries.slice(i, i + LINES_A_PIECE).map((entry) => JSON.stringify(entry));
    yield `${i === 0 ? '' : ','}\n${lines.join(',\n')}`;
  }
  yield '\n]}\n';
}

function writeText(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) writeFileSync(file, piece);
  } finally {
    closeSync(file);
  }
}
