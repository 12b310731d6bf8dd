/**
 * What a migration needs and is not there yet: after a start of the controller bridges and daemons connect one after the
 * other, and after a fault, too. Pure.
 */
import type { Migration } from '../../controller/network/migration.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';

export interface Lacking {
  readonly host: HostName;
  /** What is not so, as it follows on "host NAME cannot be used: ". */
  readonly what: string;
  /** Without it there is no migration; else it is only waited for. */
  readonly needed: boolean;
}

/**
 * `isReady`: the bridge is under control. Without the source's bridge a guest may still move, away from a host whose OVS is
 * broken, for one; so may it while nobody hears what the destination's libvirtd tells.
 */
export function lacking(
  state: NetworkState,
  { from, to }: Pick<Migration, 'from' | 'to'>,
  isReady: (host: HostName) => boolean,
): Lacking[] {
  const isReachable = (host: HostName): boolean => state.hypervisors.get(host)?.reachable === true;
  const bridge = 'its bridge is not under control';
  const libvirtd = 'the libvirtd there does not answer';
  return [
    ...(isReady(to) ? [] : [{ host: to, what: bridge, needed: true }]),
    ...(isReachable(from) ? [] : [{ host: from, what: libvirtd, needed: true }]),
    ...(isReady(from) ? [] : [{ host: from, what: bridge, needed: false }]),
    ...(isReachable(to) ? [] : [{ host: to, what: libvirtd, needed: false }]),
  ];
}
