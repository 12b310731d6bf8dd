/** The choice between KVM and software emulation, by booting real guests. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { probeAccelerator } from '../../../topologies/lab/accelerator.ts';
import { GuestDoesNotBoot } from '../../../topologies/lab/errors.ts';
import { guestImage } from '../../../topologies/lab/image.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'accelerator-'));
});
afterEach(() => {
  rmSync(cache, { recursive: true });
});

it('boots the guest once, and remembers the answer with its reason', async () => {
  const image = await guestImage();
  const answer = await probeAccelerator(image, cache);
  expect(answer.reason).not.toBe('');
  expect(answer.bootMs).toBeGreaterThan(100);
  const began = performance.now();
  expect(await probeAccelerator(image, cache)).toEqual(answer);
  expect(performance.now() - began).toBeLessThan(100);
  expect(readdirSync(cache)).toHaveLength(1);
});

it('says so when nothing boots, and remembers nothing', async () => {
  const image = await guestImage();
  const broken = { ...image, kernel: join(cache, 'vmlinuz'), initrd: join(cache, 'initrd') };
  writeFileSync(broken.kernel, 'no kernel');
  copyFileSync(image.initrd, broken.initrd);
  await expect(probeAccelerator(broken, cache)).rejects.toThrow(GuestDoesNotBoot);
  expect(readdirSync(cache).sort()).toEqual(['initrd', 'vmlinuz']);
});
