import { expect, test } from 'vitest';
import { stands, standsOnceUp, takeAllDown } from '../../../apps/bench/standing.ts';

test('what stands is taken down, the newest first, whatever fails, and once', async () => {
  const down: string[] = [];
  stands(() => void down.push('lab'));
  stands(() => Promise.reject(new Error('gone')));
  const gone = stands(() => void down.push('switch'));
  stands(async () => {
    await Promise.resolve();
    down.push('guest');
    stands(() => void down.push('late'));
  });
  gone();
  await takeAllDown();
  await takeAllDown();
  expect(down).toEqual(['guest', 'late', 'lab']);
});

test('what is coming up is waited for, and taken down; what does not come up is nothing', async () => {
  const down: string[] = [];
  let up: (it: string) => void = () => undefined;
  const coming = standsOnceUp(new Promise<string>((resolve) => (up = resolve)), async (it) => {
    await Promise.resolve();
    down.push(it);
  });
  await expect(
    standsOnceUp(Promise.reject(new Error('no')), () => Promise.reject(new Error('never'))),
  ).rejects.toThrow('no');
  const taking = takeAllDown();
  expect(down).toEqual([]);
  up('lab');
  await taking;
  expect(await coming).toBe('lab');
  expect(down).toEqual(['lab']);
});
