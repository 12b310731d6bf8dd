import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Evidence, figuresOf } from '../../../../apps/evidence/figures.ts';
import { gapsChart } from '../../../../apps/evidence/report/run-charts.ts';
import { readRun } from '../../../../apps/evidence/run-folder.ts';
import type { Strategy } from '../../../../controller/network/migration.ts';
import { runFolder } from '../run.ts';

/** A run whose migrations had these strategies, one after the other; the n-th blackout took n ms, the gaps more. */
function runWith(...strategies: Strategy[]): Evidence {
  const folder = runFolder();
  const evidence = figuresOf(readRun(folder));
  rmSync(folder, { recursive: true });
  const migrations = strategies.map((strategy, i) => ({
    ...evidence.migrations[0]!,
    ...{ strategy, number: i + 1, blackoutMs: i + 1 },
  }));
  const switchovers = migrations.flatMap(({ number }) =>
    evidence.switchovers.map((one, i) => ({ ...one, migration: number, gapMs: 100 * (i + 1) + number })),
  );
  return { ...evidence, migrations, switchovers };
}

/** Every text of a chart with where it begins, from left to right; what is at one place, from above. */
function textsOf(svg: string): { x: number; text: string }[] {
  const texts = svg.matchAll(/<text[^>]* transform="translate\(([\d.]+) [\d.]+\)"[^>]*>([^<]*)</g);
  return [...texts].map(([, x, text = '']) => ({ x: Number(x), text })).sort((a, b) => a.x - b.x);
}

it('gaps stand by strategy, named with each migration, and then in order of time', () => {
  const { text } = gapsChart(runWith('bicast', 'redirect', 'rarp', 'redirect'));
  expect(text).toContain(
    'aria-label="Gap by strategy: blackout and gap of each connection at each migration"',
  );
  const texts = textsOf(text);
  const names = texts.filter((one) => /^[a-z]+$|·/.test(one.text) && one.text !== 'ms');
  expect(names.map((one) => one.text)).toEqual([
    ...['redirect', '2 · web, a1 → b1', 'redirect', '4 · web, a1 → b1'],
    ...['rarp', '3 · web, a1 → b1', 'bicast', '1 · web, a1 → b1'],
  ]);
  // Above each bar its value: the blackout, and both gaps.
  const first = names[0]!.x;
  const values = texts.filter(({ x, text: value }) => x > first - 60 && /^\d+$/.test(value));
  expect(values.map((one) => one.text).join(' ')).toBe('2 102 202 4 104 204 3 103 203 1 101 201');
  // Room between strategies, none within one.
  const [a, b, c, d] = names.filter(({ text: name }) => name.includes('·')).map(({ x }) => x);
  expect([c! - b!, d! - c!].map((room) => Math.round(room / (b! - a!)))).toEqual([2, 2]);
});

it('gaps of migrations without a blackout are not shown', () => {
  const run = runWith('redirect', 'rarp');
  const migrations = run.migrations.map((one) => (one.number === 2 ? { ...one, blackoutMs: null } : one));
  const names = textsOf(gapsChart({ ...run, migrations }).text).map(({ text }) => text);
  expect(names).toContain('redirect');
  expect(names).not.toContain('rarp');
});
