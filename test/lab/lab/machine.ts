/** What the machine looks like from outside a lab: what must be gone, or the same, after it. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'vitest';

const attempt = <T>(get: () => T): T | undefined => {
  try {
    return get();
  } catch {
    return undefined; // the process has just ended
  }
};

export function processesIn(pidNamespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => attempt(() => readlinkSync(`/proc/${pid}/ns/pid`)) === pidNamespace)
    .map(Number);
}

export const pidNamespaceOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/pid`);

export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

export const childOf = (pid: number): number => childrenOf(pid)[0]!;

/** All that a process has started, and what that has started, as it is now. */
export function descendantsOf(pid: number): number[] {
  const children = attempt(() => childrenOf(pid)) ?? [];
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** It runs: a zombie, which nobody has asked after yet, does not. */
export const isAlive = (pid: number): boolean =>
  /\) [^ZX] /.test(attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '');

export const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

export const interfaces = (): string[] => readdirSync('/sys/class/net');

/** All of the machine that a lab might touch by mistake. */
export function machineState(): Record<string, string> {
  const settings = [
    'fs/file-max',
    'kernel/pty/max',
    'net/core/rmem_max',
    'net/core/wmem_max',
    'net/core/netdev_max_backlog',
    'net/ipv4/tcp_rmem',
    'net/ipv4/tcp_wmem',
    'net/ipv4/ip_forward',
    'net/ipv4/neigh/default/gc_thresh3',
    'net/ipv6/conf/all/forwarding',
  ];
  return {
    ...Object.fromEntries(
      settings.map((name) => [name, attempt(() => readFileSync(`/proc/sys/${name}`, 'utf8')) ?? '']),
    ),
    hostname: readFileSync('/proc/sys/kernel/hostname', 'utf8'),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
    hosts: readFileSync('/etc/hosts', 'utf8'),
    resolver: attempt(() => readFileSync('/etc/resolv.conf', 'utf8')) ?? '',
    run: readdirSync('/run')
      .filter((name) => name !== 'arctictern')
      .sort()
      .join(' '),
    netns: attempt(() => readdirSync('/run/netns').join(' ')) ?? '',
    libvirt: attempt(() => readdirSync('/etc/libvirt').sort().join(' ')) ?? '',
  };
}

/** Asserts that within `ms` nothing is left of a lab. */
export async function expectGone(pidNamespace: string, rootInterface: string, ms = 3_000): Promise<void> {
  const until = Date.now() + ms;
  const isGone = (): boolean =>
    processesIn(pidNamespace).length === 0 && !interfaces().includes(rootInterface);
  while (!isGone() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(processesIn(pidNamespace)).toEqual([]);
  expect(interfaces()).not.toContain(rootInterface);
}
