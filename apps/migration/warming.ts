/**
 * What the first relayed packet would have to wait for: each tunnel's next hop is to be known before. Pure.
 *
 * OVS drops a packet into a tunnel whose next hop it does not know, and asks for it. So while a switchover is
 * staged a frame goes through every tunnel that it will use, in both directions; its key is of no interface, and
 * the far end drops it.
 */
import type { Host, NetworkState } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { Action } from '../../controller/openflow/index.ts';
import { TUNNEL_PORT } from '../../controller/network/bridge-view.ts';
import type { Migration } from '../../controller/network/migration.ts';
import { MAX_ANCHOR_INDEX } from '../../controller/network/anchor.ts';
import { output } from '../../controller/switches/flow.ts';
import { tunnelTo } from './tunnel.ts';

const NO_INTERFACE = 0;
/** IEEE 802's local experimental EtherType 1; nobody's address; the least length of a frame. */
const FRAME = new Uint8Array(60);
FRAME.set([0x02, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0x88, 0xb5]);

export interface Warming {
  readonly host: HostName;
  readonly actions: readonly Action[];
  readonly frame: Uint8Array;
}

/** Between the destination and every anchor of the guest. */
export function warmings(state: NetworkState, { guest, from, to }: Migration): Warming[] {
  const interfaces = state.guests.get(guest)?.interfaces ?? [];
  const anchors = interfaces.flatMap(({ number }) => state.anchors.get(number) ?? []);
  const others = new Set([from, ...anchors.map(({ host }) => host)]);
  others.delete(to);
  return [...others].flatMap((other) => [...through(state, other, to), ...through(state, to, other)]);
}

function through(state: NetworkState, from: HostName, to: HostName): Warming[] {
  const tunnel = state.bridges.get(from)?.ports.get(TUNNEL_PORT)?.ofport;
  const far: Host | undefined = state.hosts.get(to);
  if (tunnel === undefined || far === undefined) return [];
  const into = tunnelTo(NO_INTERFACE, MAX_ANCHOR_INDEX, 'to-guest', far);
  return [{ host: from, actions: [...into, output(tunnel)], frame: FRAME }];
}
