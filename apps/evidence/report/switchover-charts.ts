/**
 * What happened around one switchover: moments in lanes, each connection's numbers over time, and the bytes of
 * downloads. Time is in milliseconds since QEMU's STOP.
 */
import type { EChartsCoreOption } from 'echarts/core';
import type { Evidence, MigrationFigures } from '../figures.ts';
import type { ConnectionTrace } from '../connections.ts';
import type { TimelineEntry } from '../timeline.ts';
import type { TracePacket } from '../trace.ts';
import { axis, chart, color, legend } from './chart.ts';
import { html, type Markup } from './markup.ts';

/** A migration whose STOP and RESUME are known. */
export type Switched = MigrationFigures & { readonly stopAt: number; readonly resumeAt: number };

export const isSwitched = (one: MigrationFigures): one is Switched =>
  one.stopAt !== null && one.resumeAt !== null;

export interface Mark {
  readonly name: string;
  /** Milliseconds since STOP. */
  readonly at: number;
  readonly color: string;
}

/** More points in a chart than this cannot be told from one another, and would make the page heavy. */
const MOST_POINTS = 1_200;
const BEFORE_MS = 80;
const MOST_LEAD_MS = 500;
const AFTER_MS = 250;

export function marksOf(migration: Switched): Mark[] {
  const { stopAt, copyingToBothAt, commitSentAt, redirectedAt, resumeAt, announcedAt } = migration;
  const mark = (name: string, at: number | null, shade: string): Mark[] =>
    at === null ? [] : [{ name, at: at - stopAt, color: shade }];
  return [
    ...mark('copies to both', copyingToBothAt, color.blue),
    ...mark('STOP', stopAt, color.red),
    ...mark('commit sent', commitSentAt, color.yellow),
    ...mark('committed everywhere', redirectedAt, color.orange),
    ...mark('RESUME', resumeAt, color.green),
    ...mark('RARP', announcedAt, color.purple),
  ].sort((a, b) => a.at - b.at);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** From a little before STOP until everything that hung on it is over: the longest gap, at most a second after. */
export function spanOf(
  { migrations, switchovers }: Evidence,
  { number, stopAt, resumeAt, copyingToBothAt }: Switched,
): Span {
  const gapsEnd = switchovers
    .filter((one) => one.migration === number && one.gapMs !== null && one.gapFrom !== null)
    .map(({ gapMs, gapFrom }) => gapFrom! + gapMs! - stopAt);
  const next = migrations.find((one) => one.number === number + 1)?.stopAt ?? Infinity;
  const last = Math.min(Math.max(resumeAt - stopAt, ...gapsEnd), resumeAt - stopAt + 1_000, next - stopAt);
  const first = copyingToBothAt === null ? 0 : Math.max(copyingToBothAt - stopAt, -MOST_LEAD_MS);
  return { from: Math.floor((first - BEFORE_MS) / 20) * 20, to: Math.ceil((last + AFTER_MS) / 50) * 50 };
}

function timeAxis({ from, to }: Span) {
  return {
    ...axis,
    type: 'value',
    min: from,
    max: to,
    name: 'ms since STOP',
    nameLocation: 'middle',
    nameGap: 24,
  };
}

/** Vertical lines at the marks, and the blackout as an area. */
function marking(migration: Switched, { from, to }: Span) {
  const marks = marksOf(migration).filter(({ at }) => at >= from && at <= to);
  const blackoutMs = migration.resumeAt - migration.stopAt;
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      data: marks.map(({ at, color: shade }) => ({
        xAxis: at,
        lineStyle: { color: shade, width: 1.2, type: 'solid' },
      })),
    },
    markArea: {
      silent: true,
      itemStyle: { color: color.wash },
      data: [[{ xAxis: 0 }, { xAxis: blackoutMs }]],
    },
  };
}

function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0);
}

interface Lane {
  readonly name: string;
  readonly isPackets: boolean;
  readonly at: readonly number[];
  readonly color: string;
}

/** One lane for each source of moments, and three for each connection. */
export function momentLanes(
  migration: Switched,
  span: Span,
  entries: readonly TimelineEntry[],
  traces: readonly ConnectionTrace[],
): Markup {
  const { stopAt, from, to, guest } = migration;
  const within = (ms: number): boolean => ms - stopAt >= span.from && ms - stopAt <= span.to;
  const moments = entries.filter((one) => one.kind !== 'packet' && within(one.ms));
  const laneOf = (name: string, shade: string, kinds: readonly string[]): Lane => ({
    name,
    isPackets: false,
    color: shade,
    at: moments.filter(({ kind }) => kinds.includes(kind)).map(({ ms }) => ms - stopAt),
  });
  const lanes: Lane[] = [
    laneOf('QEMU', color.red, ['qemu']),
    laneOf('libvirt', color.ink, ['libvirt', 'iteration']),
    laneOf('phases', color.ink, ['phase']),
    laneOf('flows', color.orange, [
      'staged',
      'gates-turned',
      'commit-sent',
      'commit-acknowledged',
      'redirected',
      'copying-to-both',
    ]),
    laneOf('OVSDB, kernel: ports', color.ink, ['port', 'interface']),
    laneOf('RARP, gratuitous ARP', color.purple, ['rarp', 'gratuitous-arp', 'neighbour-advertisement']),
    ...traces.flatMap(({ name, client, taps }) => {
      const lane = (
        what: string,
        shade: string,
        packets: readonly TracePacket[],
        toGuest: boolean,
      ): Lane => ({
        name: `${name}: ${what}`,
        isPackets: true,
        color: shade,
        at: thinned(packets.filter((one) => one.toGuest === toGuest && within(one.ms))).map(
          ({ ms }) => ms - stopAt,
        ),
      });
      const at = (node: string): TracePacket[] => taps.filter((one) => one.node === node);
      return [
        lane('to the guest, client', color.blue, client, true),
        lane(`to the guest, TAP at ${from}`, color.grey, at(from), true),
        lane(`to the guest, TAP at ${to}`, color.blue, at(to), true),
        lane('answers, client', color.green, client, false),
      ];
    }),
  ];
  const shown = lanes.filter(({ at }) => at.length > 0);
  const option: EChartsCoreOption = {
    grid: { left: 230, right: 16, top: 8, bottom: 44 },
    xAxis: timeAxis(span),
    yAxis: {
      ...axis,
      type: 'category',
      inverse: true,
      data: shown.map(({ name }) => name),
      axisTick: { show: false },
      splitLine: { show: true, lineStyle: { color: color.line, width: 0.5 } },
      axisLabel: { color: color.ink, fontSize: 11 },
    },
    series: shown.map(({ name, at, color: shade, isPackets }, i) => ({
      type: 'scatter',
      symbol: 'rect',
      symbolSize: isPackets ? [1.2, 13] : [3, 13],
      itemStyle: { color: shade, opacity: 1 },
      data: at.map((ms) => [ms, name]),
      ...(i === 0 ? marking(migration, span) : {}),
    })),
  };
  return chart(
    option,
    { width: 1080, height: 64 + 22 * shown.length },
    `Moments around the switchover of ${guest} from ${from} to ${to}, in lanes`,
  );
}

/** Numbers over time; undefined when the connection has nothing to show there. */
export function sequenceChart(
  migration: Switched,
  span: Span,
  { name, client, taps }: ConnectionTrace,
): Markup | undefined {
  const { stopAt, to } = migration;
  const shown = (packets: readonly TracePacket[], toGuest: boolean): TracePacket[] =>
    packets.filter(
      (one) =>
        one.toGuest === toGuest &&
        one.n !== null &&
        one.length > 0 &&
        one.ms - stopAt >= span.from &&
        one.ms - stopAt <= span.to,
    );
  const sent = shown(client, true);
  const got = shown(client, false);
  const arrived = shown(taps, true).filter(({ node }) => node === to);
  const again = sent.filter(({ resent }) => resent);
  if (got.length === 0) return undefined;
  const isTcp = got.some(({ acked }) => acked !== null);
  const least = [...sent, ...got].reduce((smallest, { n }) => Math.min(smallest, n!), Infinity);
  const series = (
    title: string,
    packets: readonly TracePacket[],
    shade: string,
    size: number,
    symbol = 'circle',
  ) => ({
    type: 'scatter',
    name: title,
    symbol,
    symbolSize: size,
    itemStyle: { color: shade, opacity: 1 },
    data: thinned(packets).map(({ ms, n }) => [ms - stopAt, n! - least]),
  });
  const all = [
    {
      ...series('sent by the client', sent, color.grey, 2.5),
      ...marking(migration, span),
    },
    series(`at the TAP of ${to}`, arrived, color.blue, 2.5),
    series('answer at the client', got, color.green, 2.5),
    ...(again.length > 0 ? [series('sent again', again, color.red, 6, 'triangle')] : []),
  ].filter((one, i) => i === 0 || one.data.length > 0);
  const key = legend(all.map(({ name: title, itemStyle }) => ({ name: title, color: itemStyle.color })));
  const picture = chart(
    {
      grid: { left: 64, right: 16, top: 28, bottom: 44 },
      xAxis: timeAxis(span),
      yAxis: {
        ...axis,
        type: 'value',
        name: isTcp ? 'bytes' : 'message',
        nameGap: 10,
        nameTextStyle: { ...axis.nameTextStyle, align: 'right' },
      },
      series: all,
    },
    { width: 620, height: 320 },
    `Numbers of connection ${name} over time around the switchover`,
  );
  return html`${key}${picture}`;
}

const BIN_MS = 20;

/** Bytes a second that came to the client, in bins of 20 ms. */
export function throughputChart(migration: Switched, span: Span, { name, client }: ConnectionTrace): Markup {
  const { stopAt, resumeAt } = migration;
  const wide = { from: -500, to: Math.ceil(Math.max(span.to, resumeAt - stopAt + 1_000) / 100) * 100 };
  const bins = new Array<number>(Math.ceil((wide.to - wide.from) / BIN_MS)).fill(0);
  for (const { ms, toGuest, length } of client) {
    const bin = Math.floor((ms - stopAt - wide.from) / BIN_MS);
    if (!toGuest && bin >= 0 && bin < bins.length) bins[bin]! += length;
  }
  return chart(
    {
      grid: { left: 64, right: 16, top: 28, bottom: 44 },
      xAxis: timeAxis(wide),
      yAxis: {
        ...axis,
        type: 'value',
        name: 'Mbit/s',
        nameGap: 10,
        nameTextStyle: { ...axis.nameTextStyle, align: 'right' },
      },
      series: [
        {
          type: 'line',
          step: 'end',
          showSymbol: false,
          // All points are within; a clip would need a name.
          clip: false,
          lineStyle: { color: color.blue, width: 1.2 },
          itemStyle: { color: color.blue },
          data: bins.map((bytes, i) => [wide.from + i * BIN_MS, (bytes * 8) / BIN_MS / 1_000]),
          ...marking(migration, wide),
        },
      ],
    },
    { width: 620, height: 320 },
    `Throughput of download ${name} around the switchover`,
  );
}
