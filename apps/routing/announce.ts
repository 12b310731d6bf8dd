/**
 * Tells the switches of a subnet which way a guest's addresses are, after it has moved.
 */
import { bridgeView } from '../../controller/network/bridge-view.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName } from '../../controller/network/names.ts';
import { relayAt } from '../../controller/network/relay.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { arpAnnouncement, neighbourAnnouncement } from './neighbour-packets.ts';

/** For every address of the guest that the bridge where it is holds or takes relayed packets at. */
export function announce(state: NetworkState, fabric: Fabric, guest: GuestName): void {
  const host = state.placements.get(guest);
  const view = host === undefined ? undefined : bridgeView(state, host);
  if (host === undefined || view?.uplink === undefined) return;
  for (const { nic, own, others } of view.residents) {
    if (nic.guest !== guest) continue;
    const relays = others.flatMap((anchor) => relayAt(anchor, host) ?? []);
    const held = [own?.addresses ?? {}, ...relays.flatMap(({ edge, anchor }) => [edge, anchor])];
    for (const { ipv4, ipv6 } of held) {
      if (ipv4 !== undefined) fabric.packetOut(host, view.uplink, arpAnnouncement(nic.mac, ipv4));
      if (ipv6 !== undefined) fabric.packetOut(host, view.uplink, neighbourAnnouncement(nic.mac, ipv6));
    }
  }
}
