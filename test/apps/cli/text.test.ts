import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { wantsColor } from '../../../apps/cli/terminal.ts';
import {
  ago,
  amount,
  clean,
  columns,
  counted,
  details,
  duration,
  indent,
  timeOfDay,
} from '../../../apps/cli/text.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const plain = pc.createColors(false);
const colored = pc.createColors(true);

it.each([
  [0, '0 ms'],
  [0.04, '0 ms'],
  [37.1234, '37.1 ms'],
  [999.94, '999.9 ms'],
  [999.96, '1 s'],
  [SECOND, '1 s'],
  [9_040, '9.04 s'],
  [59_994, '59.99 s'],
  [59_996, '1 min'],
  [61 * SECOND, '1 min 1 s'],
  [200 * SECOND, '3 min 20 s'],
  [HOUR - 400, '1 h'],
  [HOUR + 5 * MINUTE + 59 * SECOND, '1 h 5 min'],
  [DAY - MINUTE, '23 h 59 min'],
  [DAY - 1, '1 d'],
  [DAY, '1 d'],
  [4 * DAY + 3 * HOUR + MINUTE, '4 d 3 h'],
])('%d ms last %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [-5 * MINUTE, 'now'],
  [0, 'now'],
  [999, 'now'],
  [SECOND, '1 s ago'],
  [3 * SECOND + 999, '3 s ago'],
  [MINUTE - 1, '59 s ago'],
  [MINUTE, '1 min ago'],
  [HOUR - 1, '59 min ago'],
  [HOUR, '1 h ago'],
  [DAY - 1, '23 h ago'],
  [4 * DAY, '4 d ago'],
])('%d ms since are %s', (ms, text) => {
  expect(ago(1_000_000, 1_000_000 + ms)).toBe(text);
});

it('writes amounts', () => {
  expect([amount(0), amount(1_234_567)]).toEqual(['0', '1,234,567']);
  expect([counted(0, 'flow'), counted(1, 'flow'), counted(1_000, 'flow')]).toEqual([
    '0 flows',
    '1 flow',
    '1,000 flows',
  ]);
});

it('writes the local time of day', () => {
  expect(timeOfDay(new Date(2026, 0, 2, 3, 4, 5, 6).getTime() + 0.7)).toBe('03:04:05.006');
});

it('keeps to one line what comes from elsewhere, and nothing that a terminal obeys', () => {
  expect(clean('internal error:\n  \x1b[31mred\x07\u009b2J\t end')).toBe('internal error: [31mred2J end');
});

describe('tables', () => {
  it('are aligned, without lines and without blanks at the end', () => {
    expect(
      columns(
        ['NAME', 'BYTES', 'NOTE'],
        [
          ['a', '1', ''],
          ['long name', '1,000', 'x'],
        ],
        plain,
        ['BYTES'],
      ),
    ).toBe('NAME       BYTES  NOTE\na              1\nlong name  1,000  x\n');
  });

  it('are as wide with colours as without', () => {
    const withColors = columns(
      ['NAME', 'STATE'],
      [
        [colored.green('up'), colored.red('down')],
        ['x', 'y'],
      ],
      colored,
    );
    // eslint-disable-next-line no-control-regex -- colours are control characters
    expect(withColors.replace(/\x1b\[\d+m/g, '')).toBe('NAME  STATE\nup    down\nx     y\n');
    expect(withColors).toContain('\x1b[32mup\x1b[39m');
  });

  it('of details have names and values', () => {
    expect(
      details(
        [
          ['a', '1'],
          ['long', '2'],
        ],
        plain,
      ),
    ).toBe('a     1\nlong  2\n');
  });

  it('can be indented', () => {
    expect(indent('a\n\nb\n')).toBe('  a\n\n  b\n');
  });
});

it.each([
  [true, {}, true],
  [true, { TERM: 'xterm' }, true],
  [true, { NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
  [false, { FORCE_COLOR: '1', CI: 'true' }, false],
])('colours: terminal %s, %j → %s', (isTerminal, env, wanted) => {
  expect(wantsColor(isTerminal, env)).toBe(wanted);
});
