/**
 * Routing's flows: which port, which guest, which way out.
 *
 * At home a guest is bridged to its subnet. Away from home it is behind its host, which answers ARP and
 * neighbour discovery for its addresses on both sides and sends out what it says to the subnet's gateway.
 * ARP for an address that a bridge holds is always answered by the bridge, whether the guest is there or
 * not: so nothing changes for the neighbours when the guest moves.
 *
 * Owns: classify, tunnelled, neighbour, onLink, neighbourReply, answer, inbound, inboundTracked, outboundTracked, returned,
 * route.
 */
import { GRACE_SECONDS } from '../../controller/limits.ts';
import { isWithin } from '../../controller/network/address.ts';
import type { BridgeView, Resident } from '../../controller/network/bridge-view.ts';
import type { Anchor } from '../../controller/network/anchor.ts';
import type { Subnet } from '../../controller/network/model.ts';
import { HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { Action, MatchInput } from '../../controller/openflow/index.ts';
import {
  copy,
  ct,
  ctState,
  decTtl,
  drop,
  ETH_ARP,
  ETH_RARP,
  ICMPV6,
  type Flow,
  FlowList,
  ip,
  output,
  outputInPort,
  packetIn,
  resubmit,
  set,
  TCP,
  TCP_OPENS,
  type Then,
  UDP,
} from '../../controller/switches/flow.ts';
import {
  Admission,
  anchorZone,
  Class,
  cookie,
  Mark,
  PacketInReason,
  Register,
  relayZone,
  tunnelKey,
  TunnelKey,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import {
  addressAnswers,
  answerArp,
  answerNd,
  ARP_REPLY,
  ND_ADVERT,
  ND_SOLICIT,
  NdFlag,
  onLinkAlone,
  UNSPECIFIED,
} from './neighbour.ts';

const DIRECTION = 1n << BigInt(TunnelKey.fromGuest.offset);
const TO_GUEST = { value: 0n, mask: DIRECTION };
const RETURNED = { value: 0n, mask: DIRECTION | (0xffn << BigInt(TunnelKey.anchor.offset)) };
const FROM_GUEST = { value: DIRECTION, mask: DIRECTION };
const OPENED = { value: 1 << Mark.opened.offset, mask: 1 << Mark.opened.offset };
const ROUTER_ADVERT = 134;
const REDIRECT = 137;
const VLAN_TAGGED = { value: 0x1000, mask: 0x1000 };
const LINK_LOCAL = 'fe80::/10';
const GROUP_ADDRESS = '01:00:00:00:00:00/01:00:00:00:00:00';

/** How many guests a host's uplink floods to is bounded by the host, so one flow holds them all. */
export function routingRecipes(
  view: BridgeView,
  gatewayMacs: ReadonlyMap<string, string>,
  homes: readonly Subnet[],
): BlockRecipe[] {
  const { uplink, tunnel, host } = view;
  const recipes: BlockRecipe[] = [];
  if (uplink === undefined) return recipes;

  recipes.push({
    key: 'routing bridge',
    inputs: [uplink, tunnel],
    flows: () => bridgeFlows(uplink, tunnel),
  });
  const flooded = view.residents
    .filter(({ port, atHome, location }) => port !== undefined && atHome && location === host)
    .map(({ port }) => port!);
  recipes.push({
    key: 'routing flood',
    inputs: [...flooded],
    flows: () => floodFlows(flooded),
  });
  if (tunnel !== undefined) {
    for (const [kind, peers] of [
      ['host', view.peers],
      ['edge', view.edges],
    ] as const) {
      for (const peer of peers) {
        recipes.push({
          key: `routing ${kind} ${peer.number}`,
          inputs: [tunnel, peer.number, peer.underlay],
          flows: () => peerFlows(tunnel, cookie('routing', kind, peer.number), peer.underlay),
        });
      }
    }
  }
  for (const subnet of view.subnets) {
    recipes.push({
      key: `routing subnet ${subnet.prefix}`,
      inputs: [subnet, view.bridge.mac],
      flows: () => gatewayFlows(subnet, view.subnets.indexOf(subnet), view.bridge.mac),
    });
  }
  for (const resident of view.residents) {
    const { nic, own, others, port, atHome } = resident;
    const home = others.find(({ index }) => index === HOME_ANCHOR) ?? own;
    const homeHost = view.peers.find(({ name }) => name === home?.host);
    const homeGateways = homes.filter(({ site }) => site === nic.homeSite);
    const gateways = view.subnets.map(({ prefix }) => gatewayMacs.get(prefix));
    const homeMacs = homeGateways.map(({ prefix }) => gatewayMacs.get(prefix));
    const graced = view.bridge.graceUntil > 0 && own?.index === HOME_ANCHOR;
    const admitted = own !== undefined && !resident.closed;
    recipes.push({
      key: `routing grace ${nic.number}`,
      inputs: [resident.guest, nic, graced, others.length > 0],
      flows: () => (graced ? graceFlows(resident) : []),
    });
    recipes.push({
      key: `routing interface ${nic.number}`,
      inputs: [nic, own, port, atHome, uplink, tunnel, admitted, homeHost, ...gateways, ...homeMacs],
      flows: () => {
        const list = new FlowList(cookie('routing', 'interface', nic.number));
        if (port !== undefined) {
          guestPortFlows(list, resident, port, uplink);
          if (!atHome)
            awayNeighbourFlows(list, resident, homeGateways, gatewayMacs, tunnel, homeHost?.underlay);
        }
        if (own !== undefined) {
          anchorFlows(list, resident, own, admitted);
          if (!atHome) careOfRouteFlows(list, resident, own, view.subnets, gatewayMacs, uplink);
        }
        return list.flows;
      },
    });
  }
  return recipes;
}

/** What every bridge has, whoever is plugged in. */
function bridgeFlows(uplink: number, tunnel: number | undefined): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'bridge', 0));
  // Subnets and guests are untagged: a tag would lead past the rules, which do not look at it.
  list.add('classify', 300, { vlan_vid: VLAN_TAGGED }, drop);
  list.add('classify', 100, { in_port: uplink }, [[set(Register.class, Class.uplink)], 'blocklist']);

  if (tunnel !== undefined) {
    list.add('tunnelled', 100, { tun_id: TO_GUEST }, [[], 'deliverRelayed']);
    list.add('tunnelled', 110, { tun_id: RETURNED }, [[set(Register.class, Class.guest)], 'returned']);
    list.add('tunnelled', 110, { eth_type: ETH_ARP, tun_id: FROM_GUEST }, [[], 'neighbour']);
    for (const type of [ND_SOLICIT, ND_ADVERT]) {
      const nd = { ...ip[6], ip_proto: ICMPV6, icmpv6_type: type };
      list.add('tunnelled', 110, { ...nd, tun_id: FROM_GUEST }, [[], 'neighbour']);
    }
    for (const version of [4, 6] as const) {
      list.add('tunnelled', 100, { ...ip[version], tun_id: FROM_GUEST }, [
        [ct({ zone: Register.anchorZone, nat: {}, table: 'outboundTracked' })],
      ]);
    }
  }

  onLinkAlone(list);
  list.add('neighbour', 0, { [Register.class]: Class.uplink }, [[], 'inbound']);
  list.add('neighbour', 0, { [Register.class]: Class.guest }, [[], 'outbound']);
  list.add('neighbour', 0, { [Register.class]: Class.tunnel }, [[output(uplink)]]);
  for (const type of [ROUTER_ADVERT, REDIRECT]) {
    const router = { ...ip[6], ip_proto: ICMPV6, icmpv6_type: type };
    list.add('neighbour', 150, { [Register.class]: Class.guest, ...router }, drop);
  }
  list.add('answer', 0, {}, [[outputInPort]]);

  list.add('inboundTracked', 300, ctState('trk', 'inv'), drop);
  list.add('inboundTracked', 200, ctState('trk', 'est'), [[], 'deliver']);
  list.add('inboundTracked', 200, ctState('trk', 'rel'), [[], 'deliver']);
  list.add('outboundTracked', 300, ctState('trk', 'inv'), drop);
  list.add('outboundTracked', 200, ctState('trk', 'est'), [[], 'route']);
  list.add('outboundTracked', 200, ctState('trk', 'rel'), [[], 'route']);
  for (const version of [4, 6] as const) {
    const tcp = { ...ip[version], ip_proto: TCP };
    list.add('inboundTracked', 120, { ...ctState('trk', 'new'), ...tcp, tcp_flags: TCP_OPENS }, [
      [],
      'admission',
    ]);
    list.add('inboundTracked', 110, { ...ctState('trk', 'new'), ...tcp }, drop);
    list.add('outboundTracked', 120, { ...ctState('trk', 'new'), ...tcp, tcp_flags: TCP_OPENS }, [
      [],
      'bindingOutbound',
    ]);
    // The answer to a SYN that the guest got before it moved looks invalid to all but the SYN's anchor.
    list.add('outboundTracked', 310, { ...ctState('trk', 'inv'), ...tcp }, [[], 'strays']);
    list.add('returned', 100, tcp, drop);
    list.add('returned', 90, ip[version], [[], 'bindingOutbound']);
  }
  list.add('inboundTracked', 100, ctState('trk', 'new'), [[], 'admission']);
  list.add('outboundTracked', 130, { ...ctState('trk', 'new'), ct_mark: OPENED }, [[], 'bindingOutbound']);
  const toBeOpened = { [Register.class]: Class.tunnel, [Register.anchor]: 0, ...ctState('trk', 'new') };
  list.add('outboundTracked', 125, toBeOpened, [[], 'bindingOutbound']);
  list.add('outboundTracked', 100, ctState('trk', 'new'), [[], 'strays']);

  list.add('route', 0, {}, [[output(uplink)]]);
  return list.flows;
}

/** Broadcast and multicast of the subnet, to the guests that are at home here. */
function floodFlows(ports: readonly number[]): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'bridge', 1));
  if (ports.length > 0) list.add('inbound', 50, { eth_dst: GROUP_ADDRESS }, [ports.map(output)]);
  return list.flows;
}

/** Tunnels are taken from hosts and edges under control only; the key says the rest. */
function peerFlows(tunnel: number, owner: bigint, underlay: string): readonly Flow[] {
  const list = new FlowList(owner);
  const from = underlay.includes(':') ? { tun_ipv6_src: underlay } : { tun_src: underlay };
  const { interface: nic, anchor } = TunnelKey;
  list.add('classify', 100, { in_port: tunnel, ...from }, [
    [
      set(Register.class, Class.tunnel),
      copy('tun_id', nic.offset, Register.interface, 0, nic.bits),
      copy('tun_id', nic.offset, Register.anchorZone, 1, nic.bits),
      copy('tun_id', nic.offset, Register.relayZone, 1, nic.bits),
      set(Register.relayZone, { value: 1, mask: 1 }),
      copy('tun_id', anchor.offset, Register.anchor, 0, anchor.bits),
    ],
    'tunnelled',
  ]);
  // OVS keeps the tunnel that a packet came out of; the answer takes it the other way.
  list.add('answer', 100, { [Register.class]: Class.tunnel, ...from }, [
    [
      set('tun_id', TO_GUEST),
      set(underlay.includes(':') ? 'tun_ipv6_dst' : 'tun_dst', underlay),
      outputInPort,
    ],
  ]);
  return list.flows;
}

/** What a gateway answers to the controller's question for its MAC address. */
function gatewayFlows(subnet: Subnet, index: number, bridgeMac: string): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'subnet', index));
  const ask: Then = [[packetIn(PacketInReason.gateway, 'gateway')]];
  if (subnet.family === 4) {
    list.add(
      'neighbour',
      130,
      {
        [Register.class]: Class.uplink,
        eth_type: ETH_ARP,
        arp_op: ARP_REPLY,
        arp_spa: subnet.gateway,
        eth_dst: bridgeMac,
      },
      ask,
    );
  } else {
    list.add(
      'neighbour',
      130,
      {
        [Register.class]: Class.uplink,
        ...ip[6],
        ip_proto: ICMPV6,
        icmpv6_type: ND_ADVERT,
        nd_target: subnet.gateway,
        eth_dst: bridgeMac,
      },
      ask,
    );
  }
  return list.flows;
}

/** What a guest may send, and as whom. The rest is dropped by the table's miss. */
function guestPortFlows(list: FlowList, { nic, atHome }: Resident, port: number, uplink: number): void {
  const from = { in_port: port, eth_src: nic.mac };
  const known: Then = [
    [
      set(Register.class, Class.guest),
      set(Register.interface, nic.number),
      set(Register.anchorZone, anchorZone(nic.number)),
      set(Register.relayZone, relayZone(nic.number)),
    ],
    'neighbour',
  ];
  const announcement = packetIn(PacketInReason.announcement, 'announcement');
  /** To the subnet, this host's other guests in it included. */
  const toSubnet: Then = atHome ? [[output(uplink), resubmit('inbound')]] : drop;
  const said = { [Register.interface]: nic.number, [Register.class]: Class.guest };
  list.add('classify', 200, { ...from, eth_type: ETH_RARP }, [
    atHome ? [announcement, output(uplink)] : [announcement],
  ]);

  if (nic.home.ipv4 !== undefined) {
    list.add(
      'classify',
      200,
      { ...from, eth_type: ETH_ARP, arp_sha: nic.mac, arp_spa: nic.home.ipv4 },
      known,
    );
    list.add('classify', 200, { ...from, ...ip[4], ip_src: nic.home.ipv4 }, known);
    if (atHome) {
      list.add('classify', 200, { ...from, eth_type: ETH_ARP, arp_sha: nic.mac, arp_spa: '0.0.0.0' }, [
        [output(uplink)],
      ]);
      list.add('classify', 200, { ...from, ...ip[4], ip_proto: UDP, ip_src: '0.0.0.0', udp_dst: 67 }, [
        [output(uplink)],
      ]);
    }
    // It asks for its own address to find out whether it is alone.
    const itself = { ...said, eth_type: ETH_ARP, arp_tpa: nic.home.ipv4 };
    list.add('neighbour', 120, itself, atHome ? [[output(uplink)]] : drop);
    if (atHome) list.add('neighbour', 50, { ...said, eth_type: ETH_ARP }, toSubnet);
    list.add(
      'outbound',
      110,
      { [Register.interface]: nic.number, ...ip[4], ip_dst: '224.0.0.0/4' },
      toSubnet,
    );
    list.add(
      'outbound',
      110,
      { [Register.interface]: nic.number, ...ip[4], eth_dst: 'ff:ff:ff:ff:ff:ff' },
      toSubnet,
    );
  }
  if (nic.home.ipv6 !== undefined) {
    const icmp = { ...ip[6], ip_proto: ICMPV6 };
    list.add('classify', 200, { ...from, ...ip[6], ipv6_src: nic.home.ipv6 }, known);
    list.add('classify', 200, { ...from, ...icmp, ipv6_src: LINK_LOCAL }, known);
    if (atHome) {
      list.add('classify', 200, { ...from, ...icmp, ipv6_src: UNSPECIFIED }, [[output(uplink)]]);
      solicitAndAdvertise(list, said, nic.home.ipv6, toSubnet);
    }
    list.add('neighbour', 40, { ...said, ...icmp, icmpv6_type: ND_ADVERT }, drop);
    list.add('outbound', 110, { [Register.interface]: nic.number, ...ip[6], ipv6_dst: 'ff00::/8' }, toSubnet);
    list.add('outbound', 105, { [Register.interface]: nic.number, ...ip[6], ipv6_src: LINK_LOCAL }, toSubnet);
  }
}

/** Neighbour discovery as a guest may do it: whatever it asks, but it advertises no address of another's. */
function solicitAndAdvertise(list: FlowList, said: MatchInput, address: string, then: Then): void {
  const nd = { ...said, ...ip[6], ip_proto: ICMPV6 };
  list.add('neighbour', 50, { ...nd, icmpv6_type: ND_SOLICIT }, then);
  for (const nd_target of [address, LINK_LOCAL]) {
    list.add('neighbour', 50, { ...nd, icmpv6_type: ND_ADVERT, nd_target }, then);
  }
}

/** Away from home: its home gateway answers from here; for its other neighbours the home subnet is asked. */
function awayNeighbourFlows(
  list: FlowList,
  { nic }: Resident,
  homes: readonly Subnet[],
  gatewayMacs: ReadonlyMap<string, string>,
  tunnel: number | undefined,
  homeUnderlay: string | undefined,
): void {
  const asked = { [Register.interface]: nic.number, [Register.class]: Class.guest };
  for (const { family, gateway, prefix } of homes) {
    const mac = gatewayMacs.get(prefix);
    if (mac === undefined) continue;
    if (family === 4) answerArp(list, 110, asked, gateway, mac);
    else answerNd(list, 110, asked, gateway, mac, NdFlag.router);
  }
  if (tunnel === undefined || homeUnderlay === undefined) return;
  const toHome: readonly Action[] = [
    set('tun_id', BigInt(tunnelKey(nic.number, HOME_ANCHOR, 'from-guest'))),
    set(homeUnderlay.includes(':') ? 'tun_ipv6_dst' : 'tun_dst', homeUnderlay),
    output(tunnel),
  ];
  list.add('neighbour', 50, { ...asked, eth_type: ETH_ARP }, [toHome]);
  if (nic.home.ipv6 !== undefined) solicitAndAdvertise(list, asked, nic.home.ipv6, [toHome]);
}

/** For the addresses that this bridge holds. */
function anchorFlows(list: FlowList, { nic, atHome }: Resident, own: Anchor, admitted: boolean): void {
  const admission = !admitted ? Admission.none : atHome ? Admission.home : Admission.careOf;
  const found = (hops: readonly Action[]): Then => [
    [
      ...hops,
      set(Register.interface, nic.number),
      set(Register.anchorZone, anchorZone(nic.number)),
      set(Register.relayZone, relayZone(nic.number)),
      set(Register.admission, admission),
      ct({ zone: anchorZone(nic.number), nat: {}, table: 'count' }),
    ],
  ];
  const hops = atHome ? [] : [decTtl];
  const toIt = { eth_dst: nic.mac };
  const deliver: Then = [[set(Register.interface, nic.number)], 'deliver'];
  if (own.addresses.ipv4 !== undefined) {
    addressAnswers(list, own.addresses.ipv4, nic.mac);
    if (atHome) list.add('inbound', 110, { ...toIt, eth_type: ETH_ARP, arp_op: ARP_REPLY }, deliver);
    list.add('inbound', 100, { ...ip[4], ip_dst: own.addresses.ipv4 }, found(hops));
    list.add('route', 200, { ...ip[4], ip_dst: own.addresses.ipv4 }, [[resubmit('inbound')]]);
  }
  if (own.addresses.ipv6 !== undefined) {
    addressAnswers(list, own.addresses.ipv6, nic.mac);
    if (atHome) {
      const advert = { ...ip[6], ip_proto: ICMPV6, icmpv6_type: ND_ADVERT };
      list.add('inbound', 110, { ...toIt, ...advert }, deliver);
      list.add('inbound', 105, { ...toIt, ...ip[6], ipv6_dst: LINK_LOCAL }, deliver);
    }
    list.add('inbound', 100, { ...ip[6], ipv6_dst: own.addresses.ipv6 }, found(hops));
    list.add('route', 200, { ...ip[6], ipv6_dst: own.addresses.ipv6 }, [[resubmit('inbound')]]);
  }
}

/** What leaves with a care-of address goes to the visited subnet's gateway. */
function careOfRouteFlows(
  list: FlowList,
  { nic }: Resident,
  own: Anchor,
  subnets: readonly Subnet[],
  gatewayMacs: ReadonlyMap<string, string>,
  uplink: number,
): void {
  for (const { family, prefix } of subnets) {
    const gatewayMac = gatewayMacs.get(prefix);
    const address = family === 4 ? own.addresses.ipv4 : own.addresses.ipv6;
    if (gatewayMac === undefined || address === undefined || !isWithin(prefix, address)) continue;
    const then: Then = [[decTtl, set('eth_src', nic.mac), set('eth_dst', gatewayMac), output(uplink)]];
    list.add(
      'route',
      150,
      family === 4 ? { ...ip[4], ip_src: address } : { ...ip[6], ipv6_src: address },
      then,
    );
  }
}

/**
 * After a restart of OVS its conntrack is empty, and what is in the middle of a connection looks new. For a
 * while, TCP to and from the guest's known services is taken for what it says it is; but where the guest has
 * other anchors, only after they were asked.
 */
function graceFlows({ nic, guest, others }: Resident): readonly Flow[] {
  const list = new FlowList(cookie('routing', 'interface', nic.number));
  for (const { protocol, port } of guest.services) {
    if (protocol !== 'tcp') continue;
    for (const version of [4, 6] as const) {
      const stray = {
        [Register.interface]: nic.number,
        ...ctState('trk', 'new'),
        ...ip[version],
        ip_proto: TCP,
      };
      list.add('inboundTracked', 115, { ...stray, tcp_dst: port }, [[], 'admission'], GRACE_SECONDS);
      if (others.length === 0) {
        list.add('outboundTracked', 115, { ...stray, tcp_src: port }, [[], 'bindingOutbound'], GRACE_SECONDS);
      } else {
        const back = { [Register.interface]: nic.number, ...ip[version], ip_proto: TCP, tcp_src: port };
        list.add('returned', 110, back, [[], 'bindingOutbound'], GRACE_SECONDS);
      }
    }
  }
  return list.flows;
}
