/**
 * Charts over all migrations of a run: how long each phase took, and gap against blackout.
 */
import { STRATEGIES } from '../../../controller/network/migration.ts';
import type { Evidence, MigrationFigures } from '../figures.ts';
import { axis, chart, color, legend } from './chart.ts';
import { html, type Markup } from './markup.ts';

const shades: Readonly<Record<string, string>> = {
  planned: color.grey,
  preparing: color.yellow,
  copying: color.blue,
  switching: color.red,
  relaying: color.green,
  drained: color.purple,
  failed: color.orange,
  'rolled-back': color.ink,
};

/** The last phase has no end: a stub of it shows that it was entered. */
const STUB = 0.03;

export const titleOf = ({ number, guest, from, to }: MigrationFigures): string =>
  `${number} · ${guest}, ${from} → ${to}`;

/** Bars of phases, each migration from its own beginning. */
export function phasesChart(migrations: readonly MigrationFigures[]): Markup {
  const names = Object.keys(shades).filter((name) =>
    migrations.some(({ phases }) => phases.some(({ phase }) => phase === name)),
  );
  const longest = Math.max(
    ...migrations.map(({ phases }) => (phases.at(-1)?.from ?? 0) - (phases[0]?.from ?? 0)),
  );
  const key = legend(names.map((name) => ({ name, color: shades[name]! })));
  const picture = chart(
    {
      grid: { left: 190, right: 16, top: 8, bottom: 44 },
      xAxis: { ...axis, type: 'value', name: 's since planned', nameLocation: 'middle', nameGap: 24 },
      yAxis: {
        ...axis,
        type: 'category',
        inverse: true,
        data: migrations.map(titleOf),
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: { color: color.ink, fontSize: 11 },
      },
      series: names.map((name) => ({
        type: 'bar',
        name,
        stack: 'phases',
        barMaxWidth: 18,
        itemStyle: { color: shades[name] },
        data: migrations.map(({ phases }) => {
          const span = phases.find(({ phase }) => phase === name);
          if (span === undefined) return 0;
          return (span.to === undefined ? longest * STUB : span.to - span.from) / 1000;
        }),
      })),
    },
    { width: 1080, height: 64 + 30 * migrations.length },
    'How long each migration was in each phase',
  );
  return html`${key}${picture}`;
}

const SIZE = { width: 1080, height: 320 } as const;
const SIDES = { left: 64, right: 16 } as const;

/** Migrations by strategy, the strategies in the order in which they are offered; within one, in order of time. */
function byStrategy(migrations: readonly MigrationFigures[]): readonly (readonly MigrationFigures[])[] {
  return STRATEGIES.map((strategy) => migrations.filter((one) => one.strategy === strategy)).filter(
    ({ length }) => length > 0,
  );
}

/** For each migration the blackout, and beside it each connection's gap; by strategy, with room between any two. */
export function gapsChart({ migrations, switchovers, connections }: Evidence): Markup {
  const names = connections
    .map(({ name }) => name)
    .filter((name) => switchovers.some(({ connection }) => connection === name));
  const palette = [color.blue, color.green, color.orange, color.purple, color.yellow, color.ink];
  const groups = byStrategy(migrations.filter(({ blackoutMs }) => blackoutMs !== null));
  const shown = groups.flatMap((group, i): readonly (MigrationFigures | null)[] =>
    i === 0 ? group : [null, ...group],
  );
  const gapOf = (number: number, name: string): number | null =>
    switchovers.find(({ migration, connection }) => migration === number && connection === name)?.gapMs ??
    null;
  const bar = (name: string, shade: string, valueOf: (one: MigrationFigures) => number | null) => ({
    type: 'bar',
    name,
    barMaxWidth: 26,
    itemStyle: { color: shade },
    label: {
      show: true,
      position: 'top',
      color: color.muted,
      fontSize: 10,
      formatter: ({ value }: { value: unknown }) => (typeof value === 'number' ? value.toFixed(0) : ''),
    },
    data: shown.map((one) => (one === null ? null : valueOf(one))),
  });
  const all = [
    bar('blackout', color.grey, ({ blackoutMs }) => blackoutMs),
    ...names.map((name, i) =>
      bar(`gap of ${name}`, palette[i % palette.length]!, ({ number }) => gapOf(number, name)),
    ),
  ];
  const key = legend(all.map(({ name, itemStyle }) => ({ name, color: itemStyle.color })));
  const room = (SIZE.width - SIDES.left - SIDES.right) / shown.length;
  const picture = chart(
    {
      grid: { ...SIDES, top: 32, bottom: 46 },
      xAxis: {
        ...axis,
        type: 'category',
        // A category of its own each, whatever it is called.
        data: shown.map((_, i) => i),
        axisTick: { show: false },
        axisLabel: {
          color: color.ink,
          fontSize: 11,
          lineHeight: 15,
          interval: 0,
          width: room - 6,
          overflow: 'truncate',
          formatter: (_: string, i: number) => {
            const one = shown[i] ?? null;
            return one === null ? '' : `${one.strategy}\n${titleOf(one)}`;
          },
        },
      },
      yAxis: { ...axis, type: 'value', name: 'ms', nameGap: 8 },
      series: all,
    },
    SIZE,
    'Gap by strategy: blackout and gap of each connection at each migration',
  );
  return html`${key}${picture}`;
}
