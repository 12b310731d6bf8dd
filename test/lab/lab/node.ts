/**
 * The daemons of a lab's nodes, by their process numbers: to stop them for a while, or for good, or to start them again.
 */
import { EMULATOR } from '../../../topologies/lab/domain-xml.ts';
import type { Lab } from '../../../topologies/lab/lab.ts';

export const LIBVIRTD = '(/usr/sbin/)?libvirtd ';
export const QEMU = EMULATOR;
export const VSWITCHD = 'ovs-vswitchd';

/** The numbers of the processes in a node whose command line begins so. Nodes share their process numbers. */
export async function pidsIn(lab: Lab, node: string, command: string): Promise<string[]> {
  const own = '[ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]';
  const script = `for pid in $(pgrep -f '^${command}'); do ${own} && echo $pid; done; true`;
  return (await lab.run(node, ['sh', '-c', script])).split('\n').filter((pid) => pid !== '');
}

/** The same of the only one. */
export async function pidIn(lab: Lab, node: string, command: string): Promise<string> {
  const pids = await pidsIn(lab, node, command);
  if (pids.length !== 1) throw new Error(`${command} at ${node}: ${JSON.stringify(pids)}`);
  return pids[0]!;
}

export async function signal(lab: Lab, node: string, name: string, command: string): Promise<void> {
  await lab.run(node, ['kill', '-s', name, await pidIn(lab, node, command)]);
}

/** Stops a daemon where it stands; the result lets it go on. */
export async function freeze(lab: Lab, node: string, command: string): Promise<() => Promise<void>> {
  const pid = await pidIn(lab, node, command);
  await lab.run(node, ['kill', '-STOP', pid]);
  return async () => {
    await lab.run(node, ['kill', '-CONT', pid]);
  };
}

/** Ends a daemon, and waits until it is gone; the result starts it again as the lab did. */
export async function endDaemon(
  lab: Lab,
  node: string,
  daemon: 'libvirtd' | 'ovs-vswitchd',
  name: 'TERM' | 'KILL' = 'KILL',
): Promise<() => Promise<void>> {
  const pid = await pidIn(lab, node, daemon === 'libvirtd' ? LIBVIRTD : VSWITCHD);
  const { argv } = lab.plan.nodes
    .find((it) => it.name === node)!
    .start.find(({ what }) => what === `start ${daemon}`)!;
  await lab.run(node, [
    'sh',
    '-c',
    `kill -${name} ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.01; done`,
  ]);
  return async () => {
    await lab.run(node, argv);
  };
}
