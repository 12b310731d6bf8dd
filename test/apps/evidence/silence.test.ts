import { expect, it } from 'vitest';
import { gapAround } from '../../../apps/evidence/silence.ts';

const window = { from: 100, to: 300 };

it.each([
  ['between two arrivals in the window', [90, 110, 250, 260, 300], { ms: 140, from: 110 }],
  ['that began before the window', [20, 150, 160, 299], { ms: 139, from: 160 }],
  ['that began before the window, the longest', [0, 220, 299], { ms: 220, from: 0 }],
  ['that ends after the window', [90, 110, 290, 900], { ms: 610, from: 290 }],
  ['that never ends', [90, 110], { ms: 190, from: 110 }],
  ['that is over when the window begins', [0, 99, 101, 200, 301, 5_000], { ms: 101, from: 200 }],
  ['of a connection that has arrivals after the window only', [400, 500], null],
  ['of a connection without any arrival', [], null],
])('a silence %s', (_, arrivals, gap) => {
  expect(gapAround(arrivals, window)).toEqual(gap);
});
