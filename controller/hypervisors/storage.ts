/**
 * Which of a guest's disks may be on its host alone, and where they are. Whether a file is on storage that other hosts
 * see, too, is known to libvirtd at the host, which looks at the file system before it migrates.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { describeDomain, type DiskDescription } from '../libvirt/index.ts';

/** Disks that the guest writes, in files or devices of its host. */
export function localDisks(domainXml: string): DiskDescription[] {
  return describeDomain(domainXml).disks.filter(
    ({ device, shared, readonly }) => device === 'disk' && shared === 'unknown' && !readonly,
  );
}

/** `vda (/var/lib/libvirt/images/web.raw)` */
export function diskText({ target, source }: DiskDescription): string {
  return `${target ?? 'a disk'} (${source ?? 'no source'})`;
}

/** Of disks in files, each once. */
export function directoriesOf(disks: readonly DiskDescription[]): string[] {
  const files = disks.flatMap(({ type, source }) =>
    type === 'file' && source !== undefined ? [source] : [],
  );
  return [...new Set(files.map((file) => posix.dirname(file)))].sort();
}

/** A name that no other directory has. */
export function poolName(directory: string): string {
  return `arctictern-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
}
