/** The rows as a table for the terminal. */
import Table from 'cli-table3';
import type { Row, Spread } from './figures.ts';

export function formatRows(rows: readonly Row[]): string {
  const table = new Table({
    head: [
      'strategy',
      'packets/s',
      'runs',
      'blackout',
      'network',
      'gap',
      'gap - blackout',
      'TCP gap - blackout',
      'copy',
      'lost',
      'at switchover',
      'dup.',
      'reord.',
    ],
    colAligns: ['left', ...Array.from({ length: 12 }, () => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([
      row.strategy,
      row.rate,
      row.runs,
      cell(row.blackoutMs),
      cell(row.networkMs, 1),
      cell(row.gapMs),
      cell(row.gapMinusBlackoutMs),
      cell(row.tcpGapMinusBlackoutMs),
      cell(row.copyMs),
      row.lost,
      row.lostAtSwitchover,
      row.duplicated,
      row.reordered,
    ]);
  }
  return `${table.toString()}\nmilliseconds: median / 95th percentile / worst; packets: in sum over all runs`;
}

function cell({ p50, p95, max }: Spread, digits = 0): string {
  return [p50, p95, max].map((value) => value.toFixed(digits)).join(' / ');
}
