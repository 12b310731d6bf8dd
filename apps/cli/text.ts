/**
 * How the command line writes things for people: times, amounts, tables. Pure, and the same everywhere.
 */
import Table from 'cli-table3';
import type { Colors } from './terminal.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something took: `37.1 ms`, `9.04 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < SECOND - 0.05) return `${Number(ms.toFixed(1))} ms`;
  if (ms < MINUTE - 5) return `${Number((ms / SECOND).toFixed(2))} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 3600) return both(seconds, 60, 'min', 1, 's');
  if (seconds < 86_400) return both(seconds, 3600, 'h', 60, 'min');
  return both(seconds, 86_400, 'd', 3600, 'h');
}

function both(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  const first = `${Math.floor(seconds / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

/** When something was: `now`, `3 s ago`, `5 min ago`, `2 h ago`, `4 d ago`. Clocks that differ show as `now`. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  if (ms < SECOND) return 'now';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/** The other way: `90s`, `10m`, `2h`, `7d`, in milliseconds; undefined when it is none of these. */
export function lasting(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  const ms = Number(count) * { s: SECOND, m: MINUTE, h: HOUR, d: DAY }[unit as 's' | 'm' | 'h' | 'd'];
  return ms > 0 && Number.isFinite(ms) ? ms : undefined;
}

/** `1,234,567`. */
export function amount(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 flow`, `2 flows`. */
export function counted(value: number, noun: string): string {
  return `${amount(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Local time of day: `03:04:05.678`. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Text from elsewhere, on one line and without anything that a terminal would obey. */
export function clean(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '');
}

/** A table without lines; its columns are two spaces apart. `right` names the columns that hold numbers. */
export function columns(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
  right: readonly string[] = [],
): string {
  return grid(
    [head.map((name) => colors.bold(name)), ...rows],
    head.map((name) => (right.includes(name) ? 'right' : 'left')),
  );
}

/** Names and what they have, one a line. */
export function details(rows: readonly (readonly [name: string, value: string])[], colors: Colors): string {
  return grid(
    rows.map(([name, value]) => [colors.bold(name), value]),
    ['left', 'left'],
  );
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

function grid(rows: readonly (readonly string[])[], aligns: readonly ('left' | 'right')[]): string {
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: [...aligns],
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split('\n');
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
