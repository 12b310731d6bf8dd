import { expect, test } from 'vitest';
import { StoryTeller } from '../../../apps/lab/story.ts';

test('the time since the last attack began stands before each line', () => {
  const teller = new StoryTeller();
  expect(teller.line(5_000, 'all is calm')).toBe('all is calm');
  teller.begin(10_000, 4e6);
  expect(teller.line(10_385, 'seen')).toBe('+0.39 s  seen');
  teller.begin(20_000, 4e6);
  expect(teller.line(20_000, 'again')).toBe('+0.00 s  again');
});

test('goodput is told of when it is down, and once when it is back', () => {
  const teller = new StoryTeller();
  expect(teller.goodput(0, 0)).toBeUndefined();
  teller.begin(0, 4e6);
  const told = [3.9e6, 3.0e6, 2.0e6, 3.7e6, 3.9e6, 4.0e6].map((now, i) =>
    teller.goodput((i + 1) * 1_000, now),
  );
  expect(told).toEqual([
    undefined,
    '+2.00 s  honest goodput down to 75 % of 4.0 Mbit/s',
    undefined,
    undefined,
    '+5.00 s  honest goodput back: 3.9 Mbit/s',
    undefined,
  ]);
});

test('an attack that begins while goodput is down is held against what was before', () => {
  const teller = new StoryTeller();
  teller.begin(0, 4e6);
  teller.goodput(1_000, 1e6);
  teller.begin(2_000, 1e6);
  expect(teller.goodput(3_000, 1.2e6)).toBeUndefined();
  expect(teller.goodput(4_000, 4e6)).toBe('+2.00 s  honest goodput back: 4.0 Mbit/s');
});
