/**
 * The daemons of a lab's nodes, by their process numbers: to stop them for a while, or for good.
 */
import type { Lab } from '../../../topologies/lab/lab.ts';

export const LIBVIRTD = '(/usr/sbin/)?libvirtd ';
export const QEMU = 'qemu-system-x86_64';
export const VSWITCHD = 'ovs-vswitchd';

/** The number of the process in a node whose command line begins so. Nodes share their process numbers. */
export async function pidIn(lab: Lab, node: string, command: string): Promise<string> {
  const own = '[ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]';
  const text = await lab.run(node, [
    'sh',
    '-c',
    `for pid in $(pgrep -f '^${command}'); do ${own} && echo $pid; done; true`,
  ]);
  const pids = text.trim().split('\n');
  if (pids.length !== 1 || pids[0] === '') throw new Error(`${command} at ${node}: ${JSON.stringify(pids)}`);
  return pids[0]!;
}

/** Stops a daemon where it stands; the result lets it go on. */
export async function freeze(lab: Lab, node: string, command: string): Promise<() => Promise<void>> {
  const pid = await pidIn(lab, node, command);
  await lab.run(node, ['kill', '-STOP', pid]);
  return async () => {
    await lab.run(node, ['kill', '-CONT', pid]);
  };
}
