/**
 * An attack over time: what honest clients had, what attackers sent, what of it came to the guest, and when the
 * controller acted. Time 0 is the attack's first packet.
 */
import type { AttackCourse } from '../attacks.ts';
import { axis, chart, color, legend } from './chart.ts';
import { html, type Markup } from './markup.ts';

const lines = [
  { name: 'honest goodput, Mbit/s', color: color.green },
  { name: 'sent by attackers, packets/s', color: color.red },
  { name: 'of it at the guest, packets/s', color: color.orange },
] as const;

/** Only the first mark of each name: later ones are news of the same. */
export function firstMarks({
  marks,
  figures,
}: AttackCourse): { readonly ms: number; readonly name: string }[] {
  const named = new Map<string, number>();
  for (const { ms, name } of marks) if (!named.has(name)) named.set(name, ms - (figures.firstPacketAt ?? 0));
  if (figures.firstDropMs !== null) named.set('first drop', figures.firstDropMs);
  return [...named].map(([name, ms]) => ({ ms, name })).sort((a, b) => a.ms - b.ms);
}

export function attackChart(course: AttackCourse): Markup {
  const { figures, goodput, sent, reached } = course;
  const since = (ms: number): number => (ms - (figures.firstPacketAt ?? 0)) / 1_000;
  const [honest, attackers, atGuest] = [
    goodput.map(({ ms, bitsPerSecond }) => [since(ms), bitsPerSecond / 1e6]),
    sent.map(({ ms, perSecond }) => [since(ms), perSecond]),
    reached.map(({ ms, perSecond }) => [since(ms), perSecond]),
  ];
  const side = { ...axis, type: 'value', nameGap: 10, min: 0 };
  const line = (i: 0 | 1 | 2, data: unknown, yAxisIndex: number) => ({
    type: 'line',
    name: lines[i].name,
    showSymbol: false,
    clip: false,
    yAxisIndex,
    lineStyle: { color: lines[i].color, width: 1.4 },
    itemStyle: { color: lines[i].color },
    data,
  });
  const begin = since(goodput[0]?.ms ?? 0);
  const end = since(goodput.at(-1)?.ms ?? 0);
  const picture = chart(
    {
      grid: { left: 64, right: 64, top: 28, bottom: 44 },
      xAxis: {
        ...axis,
        type: 'value',
        min: Math.floor(begin),
        max: Math.ceil(end),
        name: 's since its first packet',
        nameLocation: 'middle',
        nameGap: 24,
      },
      yAxis: [
        { ...side, name: 'Mbit/s' },
        { ...side, name: 'packets/s', splitLine: { show: false } },
      ],
      series: [
        {
          ...line(0, honest, 0),
          markLine: {
            symbol: 'none',
            silent: true,
            label: { show: false },
            lineStyle: { color: color.ink, type: 'dashed', width: 0.8 },
            data: firstMarks(course).map(({ ms }) => ({ xAxis: ms / 1_000 })),
          },
        },
        line(1, attackers, 1),
        line(2, atGuest, 1),
      ],
    },
    { width: 1080, height: 300 },
    `Honest goodput and the attack ${figures.name} over time`,
  );
  return html`${legend(lines)}${picture}`;
}
