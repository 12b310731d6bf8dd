/**
 * Migration's flows: where a guest's packets are delivered, and how answers find the anchor that the
 * connection was born at.
 *
 * For each interface a bridge holds a handful of flows, however many connections there are: the conntrack of
 * the anchor knows them. At the switchover a fixed number of them changes: `deliver`, and who is asked about strays.
 *
 * Each way to relay is a file in relay/.
 *
 * Owns: binding, translated, deliver, deliverRelayed, outbound, outboundRelayed, bindingOutbound,
 * translatedOutbound, strays, relay, beforeSwitchover, afterSwitchover.
 */
import type { BridgeView, Resident } from '../../controller/network/bridge-view.ts';
import { type Anchor, HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { GuestInterface, Host, Subnet } from '../../controller/network/model.ts';
import { families, hasAddress, relayAt } from '../../controller/network/relay.ts';
import type { Action } from '../../controller/openflow/index.ts';
import {
  ct,
  ctState,
  decTtl,
  drop,
  type Flow,
  FlowList,
  ip,
  output,
  outputInPort,
  packetIn,
  set,
  TCP,
} from '../../controller/switches/flow.ts';
import {
  Admission,
  anchorZone,
  Class,
  cookie,
  PacketInReason,
  Register,
  relayCookie,
  relayZone,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { gate, gateMeters, throughGates, toGateAfter } from './gates.ts';
import { KNOWN, markKnown, markOpened, markRelayed } from './marks.ts';
import { ipOf } from './relay/packet.ts';
import { beginAtRelayAddress, speaksFirst } from './relay/rewrite.ts';
import {
  type AnchorSide,
  type GatewayMacs,
  type GuestSide,
  modeOf,
  type OtherAnchor,
  type WayOut,
} from './relay/way.ts';
import { ways } from './relay/ways.ts';
import { samePortFlows } from './same-port.ts';
import { forwardTo, relayTo } from './tunnel.ts';

export function migrationRecipes(view: BridgeView, gatewayMacs: ReadonlyMap<string, string>): BlockRecipe[] {
  const { tunnel, host, uplink, edgeSubnets } = view;
  const recipes: BlockRecipe[] = [
    { key: 'migration bridge', inputs: [tunnel], flows: () => bridgeFlows(tunnel) },
  ];
  if (uplink === undefined) return recipes;
  const out: WayOut = {
    uplink,
    mtu: Math.min(...view.subnets.map((subnet) => subnet.mtu)),
    gateways: gatewaysOf(view.subnets, gatewayMacs),
  };
  const outside = [uplink, out.mtu, out.gateways.ipv4, out.gateways.ipv6];
  for (const resident of view.residents) {
    const { nic, port, location, copyTo, arriving, atHome, own, others } = resident;
    const here = location === host;
    const awayAt = location !== undefined && !here ? location : undefined;
    const anchors = others.map((anchor) => ({
      index: anchor.index,
      addresses: anchor.addresses,
      host: view.peers.find(({ name }) => name === anchor.host),
      closed: anchor.admit === 'established',
      relay: relayAt(anchor, host.name),
      // What comes here while the guest is on its way here waits for it.
      elsewhere: arriving ? undefined : relayAt(anchor, awayAt?.name),
    }));
    const known = anchors.flatMap((anchor) => Object.values(anchor));
    const sides = anchors.map((anchor): GuestSide => ({ nic, anchor, out }));
    // With copies, each goes where it is to go.
    const far = [awayAt, copyTo]
      .filter((to) => to !== undefined && to !== host)
      .map((to): AnchorSide => ({ nic, own, to: to!, relay: relayAt(own, to!.name), out }));
    const through = far.flatMap(({ to, relay }) => [to, relay]);
    recipes.push(
      {
        key: `migration deliver ${nic.number}`,
        inputs: [nic, port, here, awayAt, copyTo, arriving, own?.index, ...through, ...outside],
        flows: () => deliverFlows(resident, host, here, awayAt, far, out),
        meters: copyTo === undefined ? [] : gateMeters(nic.number),
      },
      {
        key: `migration binding ${nic.number}`,
        inputs: [nic, port, own, atHome, awayAt, ...outside, ...known],
        flows: () => bindingFlows(resident, awayAt, anchors, out.mtu),
      },
      {
        key: `migration relay ${nic.number}`,
        inputs: [nic, port !== undefined, own, atHome, ...edgeSubnets, ...outside, ...known],
        flows: () => relayFlows(resident, sides, edgeSubnets),
      },
    );
  }
  return recipes;
}

function gatewaysOf(subnets: readonly Subnet[], macs: ReadonlyMap<string, string>): GatewayMacs {
  const of = (version: 4 | 6): string | undefined =>
    macs.get(subnets.find(({ family }) => family === version)?.prefix ?? '');
  const [ipv4, ipv6] = [of(4), of(6)];
  return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}

function bridgeFlows(tunnel: number | undefined): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'bridge', 0));
  for (const version of [4, 6] as const) {
    list.add('sourceKnown', 0, ip[version], [
      [ct({ zone: Register.anchorZone, nat: {}, table: 'inboundTracked' })],
    ]);
    list.add('binding', 100, { [Register.admission]: Admission.home, ...ip[version] }, [
      [ct({ commit: true, zone: Register.anchorZone, exec: markKnown })],
      'deliver',
    ]);
    list.add('outboundRelayed', 0, ip[version], [
      [ct({ zone: Register.anchorZone, nat: {}, table: 'outboundTracked' })],
    ]);
  }
  // Conntrack that is full lets a packet pass as it was, new and not translated.
  list.add('translated', 100, ctState('trk', 'dnat'), [[], 'deliver']);
  list.add('translatedOutbound', 100, ctState('trk', 'snat'), [[], 'route']);
  if (tunnel !== undefined) {
    list.add('relay', 110, { [Register.tooLarge]: 1 }, [[packetIn(PacketInReason.tooLarge, 'tooLarge')]]);
    // What came out of a tunnel goes back into one: OVS outputs to the port of entry only when told so.
    list.add('relay', 105, { in_port: tunnel }, [[outputInPort]]);
    list.add('relay', 100, {}, [[output(tunnel)]]);
  }
  return list.flows;
}

/** Where packets for the interface go: the flows of the switchover. */
function deliverFlows(
  { nic, port, copyTo, arriving, own }: Resident,
  host: Host,
  here: boolean,
  awayAt: Host | undefined,
  far: readonly AnchorSide[],
  out: WayOut,
): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const key = { [Register.interface]: nic.number };
  const towards = (to: Host | undefined): Hop | undefined => {
    if (to === host) return port !== undefined && (here || arriving) ? { port } : undefined;
    return far.find((side) => side.to === to);
  };
  sendFlows(list, { nic, own, now: towards(here ? host : awayAt), then: towards(copyTo), out });

  if (port !== undefined && (here || arriving)) {
    if (own !== undefined) {
      list.add('deliverRelayed', 110, { ...key, [Register.anchor]: own.index }, [[output(port)]]);
    }
    for (const version of [4, 6] as const) {
      list.add('deliverRelayed', 100, { ...key, ...ip[version] }, [
        [ct({ commit: true, zone: relayZone(nic.number), exec: markRelayed }), output(port)],
      ]);
    }
    list.add('deliverRelayed', 90, key, [[output(port)]]);
  } else if (awayAt !== undefined) {
    // What was on its way here when the guest left follows it, the anchor's index untouched. Were two bridges
    // to send it to each other, since one of them has not heard the news, its TTL would end that.
    for (const version of [4, 6] as const) {
      const forward = [decTtl, ...forwardTo(nic.number, awayAt, out.mtu)];
      list.add('deliverRelayed', 90, { ...key, ...ip[version] }, [forward, 'relay']);
    }
  }
  return list.flows;
}

/** To the guest's port here, or to another host. */
type Hop = { readonly port: number } | AnchorSide;

interface Sent {
  readonly nic: GuestInterface;
  readonly own: Anchor | undefined;
  /** Where packets go; undefined for nowhere. */
  readonly now: Hop | undefined;
  /** Where they are about to go. */
  readonly then: Hop | undefined;
  readonly out: WayOut;
}

function sendFlows(list: FlowList, { nic, own, now, then, out }: Sent): void {
  const toIt = [set('eth_dst', nic.mac)];
  const anchor = own?.index ?? HOME_ANCHOR;
  const sender: Sender = { nic, anchor, uplink: out.uplink, mtu: out.mtu };
  // What is relayed is counted as that.
  const of = (hop: Hop): FlowList =>
    'port' in hop ? list : list.under(relayCookie(nic.number, anchor, modeOf(hop.relay)));
  if (then === undefined) {
    if (now !== undefined) hopFlows(of(now), 'deliver', toIt, now, sender);
    return;
  }
  const key = { [Register.interface]: nic.number };
  if (now === undefined) {
    list.add('deliver', 100, key, [[...toIt, toGateAfter]]);
  } else if ('port' in now) {
    list.add('deliver', 100, key, [[...toIt, output(now.port), toGateAfter]]);
  } else {
    of(now).add('deliver', 100, key, [[...toIt, ...throughGates()]]);
    hopFlows(list, 'beforeSwitchover', [gate('beforeSwitchover', nic.number)], now, sender);
  }
  hopFlows(list, 'afterSwitchover', [gate('afterSwitchover', nic.number)], then, sender);
}

interface Sender {
  readonly nic: GuestInterface;
  /** Index of the sending anchor. */
  readonly anchor: number;
  readonly uplink: number;
  readonly mtu: number;
}

/** After `first`, one hop: out of a port, by rewriting where that can be done, and else through a tunnel. */
function hopFlows(
  list: FlowList,
  table: 'deliver' | 'beforeSwitchover' | 'afterSwitchover',
  first: readonly Action[],
  hop: Hop,
  { nic, anchor, uplink, mtu }: Sender,
): void {
  const key = { [Register.interface]: nic.number };
  if ('port' in hop) {
    list.add(table, 100, key, [[...first, output(hop.port)]]);
    return;
  }
  list.add(table, 100, key, [[...first, ...relayTo(nic.number, anchor, 'to-guest', hop.to, mtu)], 'relay']);
  const way = ways[modeOf(hop.relay)];
  for (const family of families) {
    const fields = { ...key, ...ipOf[family] };
    const out = way.send(hop, family, output(uplink));
    // OVS outputs to the port of entry only when told so.
    const back = way.send(hop, family, outputInPort);
    if (out === undefined || back === undefined) continue;
    list.add(table, 110, fields, [[...first, ...out]]);
    list.add(table, 120, { ...fields, in_port: uplink }, [[...first, ...back]]);
  }
}

/** What other anchors, and edges for them, send here, and how it is answered. */
function relayFlows(
  resident: Resident,
  sides: readonly GuestSide[],
  edgeSubnets: readonly Subnet[],
): readonly Flow[] {
  const { nic, port, own } = resident;
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  for (const side of sides) {
    const way = ways[modeOf(side.anchor.relay)];
    way.arrive(list, side);
    if (port !== undefined) way.answer(list, side);
  }
  if (port !== undefined) speaksFirst(list, sides, edgeSubnets);
  if (sides.some(({ anchor }) => hasAddress(anchor.relay))) beginAtRelayAddress(list, nic);
  if (sides.length > 0) samePortFlows(list, resident);
  if ((own?.relays ?? []).length > 0) goesAround(list, nic);
  return list.flows;
}

/**
 * Of connections that are not relayed through tunnels an anchor sees one direction or nothing while the guest is
 * elsewhere. So TCP's sequence numbers run away from it, and it calls the packets invalid; but it knows the
 * connection by its mark, and carries it on.
 */
function goesAround(list: FlowList, { number }: GuestInterface): void {
  const known = {
    [Register.interface]: number,
    ...ctState('trk', 'inv'),
    ct_mark: { value: KNOWN, mask: KNOWN },
  };
  // Nothing is wrong with them: they are not counted, nor sampled, as what invalid packets are.
  list.add('count', 300, known, [[], 'inboundTracked']);
  list.add('inboundTracked', 320, known, [[], 'deliver']);
  list.add('outboundTracked', 320, known, [[], 'route']);
}

interface AnchorFacts {
  readonly nic: GuestInterface;
  readonly own: Anchor;
  readonly anchors: readonly OtherAnchor[];
  /** Where the guest is; another host. */
  readonly location: Host;
  readonly zone: number;
  readonly mtu: number;
}

/**
 * What a guest elsewhere sends here and this anchor does not know: to the next anchor, or, after the last, back.
 * A guest whose host holds no address for it opens its connections here.
 */
function anchorFlows(list: FlowList, { nic, own, anchors, location, zone, mtu }: AnchorFacts): void {
  const sent = { [Register.interface]: nic.number, [Register.class]: Class.tunnel };
  const next = anchors.find(
    ({ index, host }) => index > own.index && host !== undefined && host !== location,
  );
  list.add('strays', 100, sent, [
    next?.host === undefined
      ? relayTo(nic.number, 0, 'to-guest', location, mtu)
      : relayTo(nic.number, next.index, 'from-guest', next.host, mtu),
    'relay',
  ]);
  if (own.index !== HOME_ANCHOR) return;
  const there = anchors.find(({ host }) => host === location)?.addresses;
  for (const version of [4, 6] as const) {
    if ((version === 4 ? there?.ipv4 : there?.ipv6) !== undefined) continue;
    list.add('bindingOutbound', 100, { ...sent, ...ip[version] }, [
      [ct({ commit: true, zone, exec: markOpened })],
      'route',
    ]);
  }
}

/** What the interface says, and what begins. */
function bindingFlows(
  { nic, port, own, atHome }: Resident,
  location: Host | undefined,
  anchors: readonly OtherAnchor[],
  mtu: number,
): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const key = { [Register.interface]: nic.number };
  const zone = anchorZone(nic.number);

  if (!atHome && own !== undefined) {
    const { ipv4, ipv6 } = own.addresses;
    const translate = (address: string): Action =>
      ct({ commit: true, zone, nat: { dst: address }, exec: markKnown, table: 'translated' });
    const careOf = { ...key, [Register.admission]: Admission.careOf };
    if (ipv4 !== undefined && nic.home.ipv4 !== undefined) {
      list.add('binding', 110, { ...careOf, ...ip[4] }, [[translate(nic.home.ipv4)]]);
    }
    if (ipv6 !== undefined && nic.home.ipv6 !== undefined) {
      list.add('binding', 110, { ...careOf, ...ip[6] }, [[translate(nic.home.ipv6)]]);
    }
  }
  if (own !== undefined && location !== undefined) {
    anchorFlows(list, { nic, own, anchors, location, zone, mtu });
  }
  if (port === undefined) return list.flows;

  for (const version of [4, 6] as const) {
    list.add('outbound', 100, { ...key, ...ip[version] }, [
      anchors.length > 0
        ? [ct({ zone: relayZone(nic.number), table: 'outboundRelayed' })]
        : [ct({ zone, nat: {}, table: 'outboundTracked' })],
    ]);
  }
  const guestIs = { ...key, [Register.class]: Class.guest };
  const home = anchors.find(({ index }) => index === HOME_ANCHOR)?.host;
  for (const version of [4, 6] as const) {
    const address = version === 4 ? own?.addresses.ipv4 : own?.addresses.ipv6;
    const begins = { ...guestIs, ...ip[version] };
    if (address !== undefined && atHome) {
      list.add('bindingOutbound', 100, begins, [[ct({ commit: true, zone, exec: markOpened })], 'route']);
    } else if (address !== undefined) {
      const translate = ct({
        commit: true,
        zone,
        nat: { src: address },
        exec: markOpened,
        table: 'translatedOutbound',
      });
      list.add('bindingOutbound', 100, begins, [[translate]]);
    } else if (home !== undefined) {
      list.add('bindingOutbound', 100, begins, [relayTo(nic.number, 0, 'from-guest', home, mtu), 'relay']);
    }
  }
  const first = anchors.find(({ host }) => host !== undefined);
  if (first?.host !== undefined) {
    list.add('strays', 100, guestIs, [
      relayTo(nic.number, first.index, 'from-guest', first.host, mtu),
      'relay',
    ]);
  } else {
    for (const version of [4, 6] as const) {
      list.add('strays', 110, { ...guestIs, ...ip[version], ip_proto: TCP }, drop);
      list.add('strays', 100, { ...guestIs, ...ip[version] }, [[], 'bindingOutbound']);
    }
  }
  return list.flows;
}
