import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stands, standsOnceUp, takeAllDown } from '../../../apps/bench/standing.ts';
import { TemporaryFolder } from '../../../apps/bench/temporary-folder.ts';

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

test('a temporary folder goes with its block, or with all that stands', async () => {
  let path: string;
  {
    using folder = new TemporaryFolder();
    path = folder.path;
    expect(existsSync(path)).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
  const folder = new TemporaryFolder();
  await takeAllDown();
  expect(existsSync(folder.path)).toBe(false);
});
