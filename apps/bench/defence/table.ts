/** The rows as a table for the terminal. */
import Table from 'cli-table3';
import type { Row, Spread } from './figures.ts';

export function formatRows(rows: readonly Row[]): string {
  const table = new Table({
    head: [
      ...['attack', 'defence', 'runs', 'verdict', 'first drop', 'safe', 'back'],
      ...[
        'goodput before',
        'during',
        'after',
        'requests',
        'answer',
        'lost',
        'false',
        'reached',
        'CPU',
        'MiB',
      ],
    ],
    colAligns: ['left', 'left', ...Array.from({ length: 15 }, () => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { before, during, after } = row.honestGoodput;
    const { sent, answered, answerMs } = row.honestRequests;
    table.push([
      row.attack,
      row.defence,
      row.runs,
      cell(row.verdictMs),
      cell(row.firstDropMs),
      cell(row.safeMs),
      cell(row.backMs),
      ...[before, during, after].map((value) => (value === null ? '' : (value / 1e6).toFixed(2))),
      sent === 0 ? '' : `${Math.round((answered / sent) * 100)} %`,
      answerMs === null ? '' : answerMs.toFixed(0),
      row.honestConnectionsLost,
      row.falseVerdicts + row.honestSourcesNamed,
      `${Math.round(row.reachedShare * 100)} %`,
      cell(row.controllerCpu, 2),
      cell(row.controllerMiB),
    ]);
  }
  return (
    `${table.toString()}\n` +
    'verdict, first drop, safe: milliseconds since the first packet, median / worst; back: since the first drop\n' +
    'goodput: Mbit/s to honest clients; requests: new honest ones answered while it lasted; answer: the\n' +
    'milliseconds that one took, in the median; lost: honest connections;\n' +
    'false: verdicts of the wrong kind, and honest clients named; reached: of what was sent; CPU: of one core'
  );
}

function cell({ p50, max }: Spread, digits = 0): string {
  if (p50 === null || max === null) return '';
  return `${p50.toFixed(digits)} / ${max.toFixed(digits)}`;
}
