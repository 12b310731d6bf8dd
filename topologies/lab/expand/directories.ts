/**
 * Directories that nodes have each of their own, where programs expect them.
 */
import type { NodePlan } from '../plan.ts';

export function privateDirectories(
  runDirectory: string,
  node: string,
  mounts: readonly string[],
): NodePlan['directories'] {
  return mounts.map((mount) => ({
    mount,
    source: `${runDirectory}/${node}/${mount.slice(1).replaceAll('/', '-')}`,
  }));
}

export const OVS_DIRECTORIES = ['/run/openvswitch', '/var/log/openvswitch'];
