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
      'at client',
      'dup.',
      'reord.',
    ],
    colAligns: ['left', ...Array.from({ length: 13 }, () => 'right' as const)],
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
      row.overrun,
      row.duplicated,
      row.reordered,
    ]);
  }
  return (
    `${table.toString()}\nmilliseconds: median / 95th percentile / worst; packets: in sum over all runs;\n` +
    'at client: of those lost, what came to the client and found the buffer of its socket full'
  );
}

/** Medians, as shares of those of `mac-learning` at the same rate. */
export function formatRatios(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const peer = rows.find(({ strategy, rate }) => strategy === 'mac-learning' && rate === row.rate);
    if (peer === undefined || peer === row) return [];
    const share = (of: (row: Row) => Spread): string => (of(row).p50 / of(peer).p50).toFixed(2);
    return [
      `${row.strategy} at ${row.rate}/s, of mac-learning’s: gap ${share(({ gapMs }) => gapMs)}, ` +
        `TCP gap - blackout ${share(({ tcpGapMinusBlackoutMs }) => tcpGapMinusBlackoutMs)}, ` +
        `blackout ${share(({ blackoutMs }) => blackoutMs)}, copy ${share(({ copyMs }) => copyMs)}`,
    ];
  });
}

function cell({ p50, p95, max }: Spread, digits = 0): string {
  return [p50, p95, max].map((value) => value.toFixed(digits)).join(' / ');
}
