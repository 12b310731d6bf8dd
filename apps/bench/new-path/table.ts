/** The rows as a table for the terminal. */
import Table from 'cli-table3';
import type { Spread } from '../switchover/figures.ts';
import type { Row } from './figures.ts';

export function formatRows(rows: readonly Row[]): string {
  const hosts = [...new Set(rows.flatMap(({ megaflows }) => Object.keys(megaflows)))];
  const table = new Table({
    head: [
      ...['situation', 'strategy', 'runs', 'STOP to new path', 'to commit sent', 'to committed'],
      ...hosts.flatMap((host) => [`megaflows, ${host}`, `round, ${host}`]),
    ],
    colAligns: ['left', 'left', ...Array.from({ length: 4 + 2 * hosts.length }, () => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([
      ...[row.situation, row.strategy, row.runs],
      ...[row.newPathMs, row.commitSentMs, row.redirectedMs].map((one) => cell(one, 1)),
      ...hosts.flatMap((host) => [cell(row.megaflows[host]), cell(row.roundMs[host])]),
    ]);
  }
  return `${table.toString()}\nmilliseconds, megaflows: median / worst`;
}

function cell(spread: Spread | undefined, digits = 0): string {
  if (spread === undefined) return '';
  return [spread.p50, spread.max].map((value) => value.toFixed(digits)).join(' / ');
}
