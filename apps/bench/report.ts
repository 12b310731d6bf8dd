/** How figures are shown, and kept for whoever wants to compare. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { type Benchmark, type Outcome, ratioToPeer, summarize } from './benchmark.ts';
import type { MachineFacts } from './machine.ts';

const DIRECTORY = 'results';

export function formatTable({ cases, notes }: Outcome): string {
  const table = new Table({
    head: ['', 'unit', 'median', 'min', 'max', 'runs', 'against'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const one of cases) {
    const { median, min, max, runs } = summarize(one.runs);
    const ratio = ratioToPeer(one, cases);
    table.push([
      one.what,
      one.unit,
      ...[median, min, max].map(formatFigure),
      runs,
      ratio === undefined ? '' : `${ratio.toFixed(2)} × ${one.peer ?? ''}`,
    ]);
  }
  return [table.toString(), ...notes.map((note) => `- ${note}`)].join('\n');
}

/** Writes `results/bench-NAME.json` and gives its path. */
export async function writeResults(
  { name, title }: Benchmark,
  { cases, notes }: Outcome,
  machine: MachineFacts,
  at: Date,
): Promise<string> {
  await mkdir(DIRECTORY, { recursive: true });
  const file = join(DIRECTORY, `bench-${name}.json`);
  const results = cases.map((one) => ({
    what: one.what,
    unit: one.unit,
    better: one.better,
    ...summarize(one.runs),
    all: one.runs,
    ...(one.peer === undefined ? {} : { peer: one.peer, timesBetterThanPeer: ratioToPeer(one, cases) }),
  }));
  const document = { benchmark: name, title, at: at.toISOString(), machine, results, notes };
  await writeFile(file, `${JSON.stringify(document, undefined, 2)}\n`);
  return file;
}

function formatFigure(value: number): string {
  const digits = value >= 1_000 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}
