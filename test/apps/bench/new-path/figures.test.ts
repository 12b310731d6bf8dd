import { expect, test } from 'vitest';
import { rowsOf, type Run } from '../../../../apps/bench/new-path/figures.ts';
import { formatRows } from '../../../../apps/bench/new-path/table.ts';

const run = (of: Partial<Run>): Run => ({
  ...{ situation: 'quiet', strategy: 'redirect', from: 'a1', to: 'b1', blackoutMs: 50, newPathMs: 3 },
  ...{ commitSentMs: 1, redirectedMs: 4, megaflows: { a1: 12, b1: 4 }, roundMs: { a1: 1, b1: 1 } },
  ...of,
});

test('a row for each situation and strategy, with counts by host', () => {
  const rows = rowsOf([
    run({ situation: 'foreign', newPathMs: 40, megaflows: { a1: 12_000 } }),
    run({ newPathMs: 2 }),
    run({ newPathMs: 9, megaflows: { b1: 6, a1: 20 } }),
    run({ newPathMs: 3 }),
    run({ situation: 'foreign', strategy: 'bicast', newPathMs: 1 }),
  ]);
  expect(rows.map(({ situation, strategy, runs }) => `${situation} ${strategy} ${runs}`)).toEqual([
    'foreign redirect 1',
    'quiet redirect 3',
    'foreign bicast 1',
  ]);
  expect(rows[1]).toMatchObject({
    newPathMs: { p50: 3, max: 9 },
    megaflows: { a1: { p50: 12, max: 20 }, b1: { p50: 4, max: 6 } },
  });
  expect(rows[0]!.megaflows).toMatchObject({ a1: { p50: 12_000 } });
  expect(formatRows(rows)).toMatch(/foreign\s*│ redirect\s*│\s*1 │\s*40\.0 \/ 40\.0 .*12000 \/ 12000/);
});
