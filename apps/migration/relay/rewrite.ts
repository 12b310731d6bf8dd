/**
 * With a relay address of the visited subnet in place of the guest's: no tunnel, full size.
 *
 *   edge at the client's site     client → guest's address   ═►   client → relay address (edge)   straight to the guest
 *                                 guest's address → client   ◄═   relay address (edge) → client   straight back
 *   no edge: the anchor           client → guest's address   ═►   client → relay address (anchor)
 *                                 answers leave where the guest is, as from the anchor
 *
 * Addresses are set without state; conntrack decides only which packets it is done to. Where the guest is, the
 * relay address says which anchor's connection it is and how its answers leave.
 *
 * Without an edge it is for networks without ingress filtering (BCP 38) at both sites: the old one sends out packets
 * from the client's address, the visited one packets from the guest's. A mapping for each client would cure that and
 * be needed at both ends, since the guest must see the client's own address.
 *
 * What no relay address can be had for (no care-of range, no gateway yet, not IP) goes through a tunnel.
 */
import type { GuestInterface, Subnet } from '../../../controller/network/model.ts';
import { families, relayKinds } from '../../../controller/network/relay.ts';
import {
  ct,
  type FlowList,
  decTtl,
  drop,
  output,
  outputInPort,
  set,
  TCP,
  TCP_OPENS,
  ctState,
  type Then,
} from '../../../controller/switches/flow.ts';
import {
  Admission,
  Answer,
  anchorZone,
  Class,
  closedAnchorCookie,
  Register,
  relayCookie,
  relayZone,
} from '../../../controller/switches/pipeline.ts';
import { NO_ANCHOR } from '../marks.ts';
import { addressAnswers } from '../../routing/neighbour.ts';
import { answerStraight } from './direct.ts';
import { from, ipOf, outOfUplink, setDestination, setSource, to } from './packet.ts';
import { tunnel } from './tunnel.ts';
import { type GuestSide, markOf, type RelayWay } from './way.ts';

export const rewrite: RelayWay = {
  send: ({ nic, relay, out }, family, uplink) => {
    const address = relay?.anchor[family];
    const gateway = out.gateways[family];
    const home = nic.home[family];
    if (address === undefined || gateway === undefined || home === undefined) return undefined;
    return [
      setDestination(family, address),
      ...outOfUplink(nic, gateway, uplink),
      setDestination(family, home),
      set('eth_dst', nic.mac),
    ];
  },

  arrive: (list, at) => {
    for (const kind of relayKinds) for (const family of families) arriveAt(list, at, kind, family);
  },

  answer: (list, at) => {
    tunnel.answer(list, at);
    answerStraight(list, at);
    answerToEdge(list, at);
  },
};

/** A relay address is answered for like a care-of address; what is sent to it is the guest's. */
function arriveAt(
  list: FlowList,
  { nic, anchor, out }: GuestSide,
  kind: (typeof relayKinds)[number],
  family: (typeof families)[number],
): void {
  const address = anchor.relay?.[kind][family];
  const home = nic.home[family];
  if (address === undefined || home === undefined) return;
  addressAnswers(list, address, nic.mac);
  const relayed = list.under(relayCookie(nic.number, anchor.index, 'rewrite'));
  if (anchor.closed) {
    // Who has found the address out opens nothing by it that the anchor would refuse.
    const closed = list.under(closedAnchorCookie('migration', nic.number, anchor.index));
    closed.add('inbound', 110, { ...to(family, address), ip_proto: TCP, tcp_flags: TCP_OPENS }, drop);
  }
  relayed.add('inbound', 100, to(family, address), arrived());

  if (kind === 'edge') {
    const gateway = out.gateways[family];
    if (gateway === undefined) return;
    relayed.add('route', 150, from(family, address), [outOfUplink(nic, gateway, output(out.uplink))]);
  }

  function arrived(): Then {
    const next = anchor.elsewhere?.[kind][family];
    const gateway = out.gateways[family];
    if (next !== undefined && gateway !== undefined) {
      // The guest has left: the packet follows it, straight to where it is now.
      return [[setDestination(family, next), ...outOfUplink(nic, gateway, outputInPort)]];
    }
    return [
      [
        decTtl,
        set(Register.interface, nic.number),
        set(Register.anchorZone, anchorZone(nic.number)),
        set(Register.relayZone, relayZone(nic.number)),
        set(Register.anchor, anchor.index),
        set(Register.answer, kind === 'edge' ? Answer.relayAddress : Answer.straight),
        set(Register.admission, Admission.relayed),
        setDestination(family, home!),
        ct({ zone: relayZone(nic.number), table: 'count' }),
      ],
    ];
  }
}

/**
 * What has come to a relay address, and was looked up: on connections that are relayed already to the guest, and what is
 * the first of its connection as far as it is admitted. It may go on here after a move, or somebody has found the address out.
 */
export function beginAtRelayAddress(list: FlowList, { number }: GuestInterface): void {
  const relayed = { [Register.interface]: number, [Register.admission]: Admission.relayed };
  list.add('inboundTracked', 340, { ...relayed, ...NO_ANCHOR }, [[], 'admission']);
  list.add('inboundTracked', 330, relayed, [[], 'deliverRelayed']);
  list.add('binding', 130, relayed, [[], 'deliverRelayed']);
}

function answerToEdge(list: FlowList, { nic, anchor, out }: GuestSide): void {
  for (const family of families) {
    const address = anchor.relay?.edge[family];
    if (address === undefined || out.gateways[family] === undefined) continue;
    list.under(relayCookie(nic.number, anchor.index, 'rewrite')).add(
      'outboundRelayed',
      110,
      {
        [Register.interface]: nic.number,
        ...ctState('trk', '-new', '-inv'),
        ...markOf(anchor.index, Answer.relayAddress),
        ...ipOf[family],
      },
      [[setSource(family, address)], 'route'],
    );
  }
}

/**
 * A guest that speaks first, to a station behind an edge: straight there. The edge knows whether the connection is
 * established, and of which anchor; what it does not know, it asks the anchors about (see migration/edge.ts).
 */
export function speaksFirst(
  list: FlowList,
  sides: readonly GuestSide[],
  edgeSubnets: readonly Subnet[],
): void {
  for (const { prefix, family: version } of edgeSubnets) {
    const family = version === 4 ? 'ipv4' : 'ipv6';
    const first = sides.find(
      ({ anchor, out }) => anchor.relay?.edge[family] !== undefined && out.gateways[family] !== undefined,
    );
    if (first === undefined) continue;
    const { nic, anchor } = first;
    list
      .under(relayCookie(nic.number, anchor.index, 'rewrite'))
      .add(
        'strays',
        120,
        { [Register.interface]: nic.number, [Register.class]: Class.guest, ...to(family, prefix) },
        [[setSource(family, anchor.relay!.edge[family]!)], 'route'],
      );
  }
}
