import { expect, test } from 'vitest';
import { requestsWithin, rowsOf, spread, type Turn } from '../../../../apps/bench/defence/figures.ts';

const turn = (more: Partial<Turn>): Turn => ({
  ...{ attack: 'udp-flood', defence: 'on', verdict: 'udp-flood', verdictMs: 400, firstDropMs: 450 },
  ...{ safeMs: null, backMs: 0, packets: 1_000, reached: 100, honestConnectionsLost: 0, falseVerdicts: 0 },
  honestGoodput: { before: 4e6, during: 3.8e6, after: 4e6 },
  honestRequests: { sent: 30, answered: 29, answerMs: 40 },
  ...{ honestSourcesNamed: 0, controllerCpu: 0.1, controllerMiB: 90 },
  ...more,
});

test('a row for each attack, with the defence on and off', () => {
  const rows = rowsOf([
    turn({ defence: 'off', verdict: null, verdictMs: null, firstDropMs: null, reached: 900 }),
    turn({}),
    turn({ verdictMs: 500, honestConnectionsLost: 1 }),
    turn({ verdictMs: null, verdict: null }),
    turn({ attack: 'flash-crowd', packets: 0, falseVerdicts: 2 }),
  ]);
  expect(rows.map(({ attack, defence, runs }) => `${attack} ${defence} ${runs}`)).toEqual([
    'udp-flood on 3',
    'udp-flood off 1',
    'flash-crowd on 1',
  ]);
  expect(rows[0]).toMatchObject({
    ...{ seen: 2, dropped: 3, honestConnectionsLost: 1, reachedShare: 0.1 },
    verdictMs: { p50: 400, max: 500 },
    safeMs: { p50: null, max: null },
    honestGoodput: { before: 4e6, during: 3.8e6, after: 4e6 },
    honestRequests: { sent: 90, answered: 87, answerMs: 40 },
  });
  expect(rows[1]).toMatchObject({ seen: 0, verdictMs: { p50: null, max: null }, reachedShare: 0.9 });
  expect(rows[2]).toMatchObject({ falseVerdicts: 2, reachedShare: 0 });
});

test('the median is one of the values', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ p50: 2, max: 4 });
  expect(spread([])).toEqual({ p50: null, max: null });
});

test('requests count where they began', () => {
  const lines = [
    '{"n":0,"sent":99,"received":150}',
    '{"n":1,"sent":100,"received":null}',
    '{"n":2,"sent":199,"received":450}',
    '',
  ];
  expect(requestsWithin(lines, 100, 200)).toEqual({ sent: 2, answered: 1, answerMs: 251 });
  expect(requestsWithin(lines, 100, 101)).toEqual({ sent: 1, answered: 0, answerMs: null });
});
