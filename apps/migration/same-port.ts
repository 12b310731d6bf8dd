/**
 * A client that uses one port for two connections to two of a guest's addresses: inside the guest, which has its
 * home address only, the two would look the same. So the newer one gets another source address: one that leads to
 * the guest and that the guest does not have, so that nobody else speaks from it. The port stays if it is free.
 *
 *   new ── binding ── compared ──► tracked as it is                      no relayed connection looks like it
 *                        └─ source-translated ──► tracked                one does
 *   not known ── source-known ── inbound-tracked                         its later packets
 *   guest ── … outbound-tracked ── route ──► client's address ── route   and what answers them
 *
 * Clients are told apart that come in by the uplink: a packet from a guest of the same host has been looked up too
 * often already (OVS looks a packet up six times in user space).
 *
 * A zone of its own holds the translated sources. Relayed connections are known by the relay zone: one that has
 * been silent since the guest came is not.
 *
 * Owns: compared, sourceTranslated, sourceKnown.
 */
import type { Resident } from '../../controller/network/bridge-view.ts';
import { families } from '../../controller/network/relay.ts';
import type { Action } from '../../controller/openflow/index.ts';
import { ct, ctState, type FlowList, set, type Then } from '../../controller/switches/flow.ts';
import {
  Admission,
  anchorZone,
  Class,
  Register,
  relayZone,
  sourceZone,
} from '../../controller/switches/pipeline.ts';
import { markKnown, NO_ANCHOR } from './marks.ts';
import { from, ipOf, setDestination, to } from './relay/packet.ts';

/** New connections to the address that this bridge holds, while other anchors may have older ones. */
export function samePortFlows(list: FlowList, { nic, own, others, atHome }: Resident): void {
  if (own === undefined) return;
  const zone = anchorZone(nic.number);
  const key = { [Register.interface]: nic.number };
  for (const family of families) {
    const address = own.addresses[family];
    const home = nic.home[family];
    const source = atHome ? others.find(({ addresses }) => addresses[family] !== undefined) : own;
    const other = source?.addresses[family];
    if (address === undefined || home === undefined || other === undefined) continue;
    const fields = { ...key, ...ipOf[family] };
    const fromOutside = { ...fields, [Register.class]: Class.uplink };
    const admission = atHome ? Admission.home : Admission.careOf;
    const asGuestSees: readonly Action[] = atHome ? [] : [setDestination(family, home)];
    const asItCame: readonly Action[] = atHome ? [] : [setDestination(family, address)];
    const trackAfter = (before: readonly Action[]): Then =>
      atHome
        ? [[...before, ct({ commit: true, zone, exec: markKnown })], 'deliver']
        : [[...before, ct({ commit: true, zone, nat: { dst: home }, exec: markKnown, table: 'translated' })]];

    list.add('inboundTracked', 130, { ...fromOutside, ...ctState('trk', 'new'), [Register.looked]: 0 }, [
      [set(Register.looked, 1), ct({ zone: sourceZone(nic.number), nat: {}, table: 'sourceKnown' })],
    ]);
    list.add('binding', 120, { ...fromOutside, [Register.admission]: admission }, [
      [...asGuestSees, ct({ zone: relayZone(nic.number), table: 'compared' })],
    ]);
    list.add('compared', 110, { ...fields, ...NO_ANCHOR }, trackAfter(asItCame));
    const translate = { commit: true, zone: sourceZone(nic.number), nat: { src: other }, exec: markKnown };
    list.add('compared', 100, fields, [[...asItCame, ct({ ...translate, table: 'sourceTranslated' })]]);
    // What could not be translated, for want of room in conntrack, is dropped.
    list.add('sourceTranslated', 100, { ...fields, ...ctState('trk', 'snat') }, trackAfter([]));
    list.add('route', 210, { ...key, ...from(family, address), ...to(family, other), [Register.looked]: 0 }, [
      [set(Register.looked, 1), ct({ zone: sourceZone(nic.number), nat: {}, table: 'route' })],
    ]);
  }
}
