/** An event as a line. */
import type { EventObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { clean, timeOfDay } from '../text.ts';

const LEVELS = ['debug', 'info', 'warning', 'error'] as const satisfies readonly EventObject['level'][];
export type Level = (typeof LEVELS)[number];
export const levels: readonly Level[] = LEVELS;

export function isAtLeast(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

export function eventText({ at, level, subject, message, code }: EventObject, colors: Colors): string {
  const shade = { debug: colors.dim, info: colors.cyan, warning: colors.yellow, error: colors.red }[level];
  const told = code === undefined ? '' : colors.dim(` (${code})`);
  return `${timeOfDay(at)}  ${shade(level.padEnd('warning'.length))}  ${clean(subject).padEnd(12)}  ${clean(message)}${told}\n`;
}
