import { expect, test } from 'vitest';
import { OptionError } from '../../../apps/bench/errors.ts';
import { optionsOf, runsOf } from '../../../apps/bench/options.ts';

const options = {
  runs: { type: 'string', default: '5' },
  continue: { type: 'boolean', default: false },
} as const;

test('options are those given, and else what they are by default', () => {
  expect(optionsOf(options, [])).toEqual({ runs: '5', continue: false });
  expect(optionsOf(options, ['--runs', '2', '--continue'])).toEqual({ runs: '2', continue: true });
});

test.each([[['--help']], [['--runs']], [['more']]])('%j is refused, and it is said what there is', (args) => {
  expect(() => optionsOf(options, args)).toThrow(OptionError);
  expect(() => optionsOf(options, args)).toThrow(/there are --runs, --continue$/);
});

test('a number of runs is a whole one', () => {
  expect(runsOf('20')).toBe(20);
  for (const text of ['0', '-1', '1.5', 'many', '']) {
    expect(() => runsOf(text)).toThrow(`--runs is ${text}: expected a number of runs`);
  }
});
