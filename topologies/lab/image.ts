/**
 * The image that lab guests boot: the kernel of Debian's linux-image-cloud-amd64, and an initial RAM disk with
 * Debian's static busybox, the few kernel modules that a virtio interface needs, Perl, and a server.
 *
 * The kernel package is downloaded and unpacked, not installed. Everything is kept in a cache directory, the
 * RAM disk under a name made from its content: whatever changes, changes the name.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { lab as limits } from '../../controller/limits.ts';
import { pattern } from '../probes/pattern.ts';
import { cpio, type CpioEntry } from './cpio.ts';
import { GuestImageFailed } from './errors.ts';
import type { GuestImage } from './expand/options.ts';
import { flushTlbLibrary } from './flush-tlb.ts';
import { packageRoot } from './package-root.ts';

const run = promisify(execFile);

export const CACHE_DIRECTORY = '/var/cache/arctictern';

const KERNEL_PACKAGE = 'linux-image-cloud-amd64';

/** In the order in which they depend on each other. */
const MODULES = [
  'failover',
  'net_failover',
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_net',
] as const;

/** Loaded by guests that have a disk. */
const DISK_MODULE = 'virtio_blk';
const ALL_MODULES = [...MODULES, DISK_MODULE] as const;

/** Of mininet/guest, at the root of the guest's file system. */
const PROGRAMS = ['server.pl', 'control.pl', 'dirty.pl', 'reflect.pl'] as const;

/**
 * The image, built if it is not in the cache. The internet is needed once, for the kernel package.
 * Throws `GuestImageFailed`.
 */
export async function guestImage(cache: string = CACHE_DIRECTORY): Promise<GuestImage> {
  await mkdir(cache, { recursive: true });
  const kernel = (await cachedKernel(cache)) ?? (await downloadKernel(cache));
  const archive = cpio(await entries(kernel));
  const hash = createHash('sha256').update(archive).digest('hex').slice(0, 16);
  const initrd = join(cache, `guest-${hash}.initrd`);
  if (!existsSync(initrd)) {
    const partial = `${initrd}.${process.pid}`;
    await writeFile(partial, archive);
    await rename(partial, initrd);
  }
  return { kernel: join(kernel, 'vmlinuz'), initrd, flushTlb: await flushTlbLibrary(cache) };
}

/** The newest kernel in the cache, as its directory. */
async function cachedKernel(cache: string): Promise<string | undefined> {
  const names = (await readdir(cache)).filter(
    (name) => name.startsWith('kernel-') && !name.endsWith('.partial'),
  );
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (newest === undefined) return undefined;
  const kernel = join(cache, newest);
  // A cache of an earlier version may lack modules that are wanted now.
  return ALL_MODULES.every((name) => existsSync(join(kernel, `${name}.ko`))) ? kernel : undefined;
}

async function downloadKernel(cache: string): Promise<string> {
  const work = await mkdtemp(join(cache, 'download-'));
  try {
    // apt downloads as a user of its own, who must be able to write there.
    await chmod(work, 0o777);
    const { stdout } = await run('apt-cache', ['depends', '--important', KERNEL_PACKAGE]);
    const name = /^\s*Depends: (linux-image-\S+)$/m.exec(stdout)?.[1];
    if (name === undefined) throw new Error(`apt knows no package ${KERNEL_PACKAGE}; try \`apt-get update\``);
    await run('apt-get', ['download', name], { cwd: work, timeout: limits.download });
    const deb = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get downloaded nothing for ${name}`);
    const tree = join(work, 'tree');
    await run('dpkg-deb', ['--extract', join(work, deb), tree]);
    return await keepKernel(cache, work, tree);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new GuestImageFailed(
      `cannot get the guests' kernel (Debian package ${KERNEL_PACKAGE}): ${reason}; it is needed once, with internet`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function keepKernel(cache: string, work: string, tree: string): Promise<string> {
  const version = (await readdir(join(tree, 'lib/modules')))[0];
  if (version === undefined) throw new Error('the package holds no kernel');
  const kept = join(work, 'kernel');
  await mkdir(kept);
  await copyFile(join(tree, 'boot', `vmlinuz-${version}`), join(kept, 'vmlinuz'));
  const files = await readdir(join(tree, 'lib/modules', version), { recursive: true });
  for (const name of ALL_MODULES) {
    const file = files.find((path) => basename(path) === `${name}.ko`);
    if (file === undefined) throw new Error(`the kernel ${version} has no module ${name}`);
    await copyFile(join(tree, 'lib/modules', version, file), join(kept, `${name}.ko`));
  }
  const target = join(cache, `kernel-${version}`);
  await mkdir(target, { recursive: true });
  for (const name of await readdir(kept)) await rename(join(kept, name), join(target, name));
  return target;
}

async function entries(kernel: string): Promise<CpioEntry[]> {
  const file = async (path: string, source: string, mode = 0o644): Promise<CpioEntry> => ({
    kind: 'file',
    path,
    mode,
    data: await readFile(source),
  });
  const guest = join(packageRoot, 'mininet', 'guest');
  return [
    await file('init', join(guest, 'init'), 0o755),
    ...(await Promise.all(PROGRAMS.map((name) => file(name, join(guest, name))))),
    { kind: 'file', path: 'pattern', mode: 0o644, data: pattern() },
    await file('bin/busybox', await staticBusybox(), 0o755),
    { kind: 'directory', path: 'proc' },
    { kind: 'directory', path: 'sys' },
    { kind: 'directory', path: 'dev' },
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'modules/order', mode: 0o644, data: Buffer.from(`${MODULES.join('\n')}\n`) },
    ...(await Promise.all(ALL_MODULES.map((name) => file(`modules/${name}.ko`, join(kernel, `${name}.ko`))))),
    ...(await Promise.all((await perlFiles()).map((path) => file(path.slice(1), path, 0o755)))),
  ];
}

/** Debian's busybox-static and busybox share a path; only the static one runs without libraries. */
async function staticBusybox(): Promise<string> {
  const path = '/bin/busybox';
  const dynamic = existsSync(path) && /ld-linux/.test((await readFile(path)).toString('latin1', 0, 4096));
  if (!existsSync(path) || dynamic) {
    throw new GuestImageFailed(
      'the guest image needs a static busybox; install the Debian package busybox-static',
    );
  }
  return path;
}

/** Perl, its shared libraries, and what the server uses of perl-base, by their paths on this machine. */
async function perlFiles(): Promise<string[]> {
  const perl = '/usr/bin/perl';
  const program =
    'use strict; use warnings; use constant; use Fcntl; use Socket; $!{EAGAIN}; print "$_\\n" for sort values %INC;';
  try {
    const modules = (await run(perl, ['-e', program])).stdout.trim().split('\n');
    const base = modules.find((path) => path.endsWith('/Socket.pm'))?.slice(0, -'/Socket.pm'.length) ?? '';
    const objects = ['Socket', 'Fcntl'].map((name) => join(base, 'auto', name, `${name}.so`));
    const lazily = ['Exporter/Heavy.pm', 'Carp.pm'].map((path) => join(base, path));
    const { stdout } = await run('ldd', [perl, ...objects]);
    const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]!);
    return [...new Set([perl, ...modules, ...objects, ...lazily, ...libraries])].sort();
  } catch (cause) {
    throw new GuestImageFailed("the guest image needs Debian's perl-base, which is not as expected here", {
      cause,
    });
  }
}
