import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeAllDown } from '../../../apps/bench/standing.ts';
import { makeFolder, TemporaryFolder } from '../../../apps/bench/temporary-folder.ts';

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

test('what was left by a process that is gone goes with the next folder; what somebody uses, or another made, stays', () => {
  const { pid: gone } = spawnSync('true');
  const left = (name: string): string => {
    const path = join(tmpdir(), name);
    mkdirSync(path);
    writeFileSync(join(path, 'file'), '');
    return path;
  };
  const abandoned = ['bench', 'ovs', 'test'].map((kind) => left(`arctictern-${kind}-${gone}-abcdef`));
  const others = [
    left(`arctictern-ovs-${process.pid}-abcdef`),
    left('arctictern-ovs-1-abcdef'),
    left(`arctictern-${gone}-abcdef`),
    left(`another-arctictern-ovs-${gone}-abcdef`),
  ];
  const made = makeFolder('ovs');
  try {
    expect(abandoned.filter((path) => existsSync(path))).toEqual([]);
    expect([...others, made].filter((path) => !existsSync(path))).toEqual([]);
  } finally {
    for (const path of [...others, made]) rmSync(path, { recursive: true });
  }
});
