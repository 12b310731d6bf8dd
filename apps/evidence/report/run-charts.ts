/**
 * Charts over all migrations of a run: how long each phase took, and gap against blackout.
 */
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

/** For each migration the blackout, and beside it each connection's gap. */
export function gapsChart({ migrations, switchovers, connections }: Evidence): Markup {
  const names = connections
    .map(({ name }) => name)
    .filter((name) => switchovers.some(({ connection }) => connection === name));
  const palette = [color.blue, color.green, color.orange, color.purple, color.yellow, color.ink];
  const shown = migrations.filter(({ blackoutMs }) => blackoutMs !== null);
  const gapOf = (number: number, name: string): number | null =>
    switchovers.find(({ migration, connection }) => migration === number && connection === name)?.gapMs ??
    null;
  const bar = (name: string, shade: string, data: readonly (number | null)[]) => ({
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
    data,
  });
  const all = [
    bar(
      'blackout',
      color.grey,
      shown.map(({ blackoutMs }) => blackoutMs),
    ),
    ...names.map((name, i) =>
      bar(
        `gap of ${name}`,
        palette[i % palette.length]!,
        shown.map(({ number }) => gapOf(number, name)),
      ),
    ),
  ];
  const key = legend(all.map(({ name, itemStyle }) => ({ name, color: itemStyle.color })));
  const picture = chart(
    {
      grid: { left: 64, right: 16, top: 32, bottom: 32 },
      xAxis: {
        ...axis,
        type: 'category',
        data: shown.map((one) => `${titleOf(one)} (${one.strategy})`),
        axisTick: { show: false },
        axisLabel: { color: color.ink, fontSize: 11 },
      },
      yAxis: { ...axis, type: 'value', name: 'ms', nameGap: 8 },
      series: all,
    },
    { width: 1080, height: 320 },
    'Blackout and gap of each connection, by migration',
  );
  return html`${key}${picture}`;
}
