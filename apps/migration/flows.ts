/**
 * Migration's flows: where a guest's packets are delivered, and how answers find the anchor that the
 * connection was born at.
 *
 * For each interface a bridge holds a handful of flows, however many connections there are: the conntrack of
 * the anchor knows them. At the switchover a fixed number of them changes: `deliver`, and who is asked about strays.
 *
 * Owns: binding, deliver, deliverRelayed, outbound, outboundRelayed, bindingOutbound, strays, relay.
 */
import type { BridgeView, Resident } from '../../controller/network/bridge-view.ts';
import {
  type Addresses,
  type Anchor,
  type GuestInterface,
  HOME_ANCHOR,
  type Host,
} from '../../controller/network/model.ts';
import type { Action } from '../../controller/openflow/index.ts';
import {
  copy,
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
  resubmit,
  set,
  TCP,
} from '../../controller/switches/flow.ts';
import {
  Admission,
  anchorZone,
  Class,
  cookie,
  Mark,
  PacketInReason,
  Register,
  relayCookie,
  relayZone,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { markKnown, markOpened } from './marks.ts';
import { forwardTo, relayTo } from './tunnel.ts';

export function migrationRecipes(view: BridgeView): BlockRecipe[] {
  const { tunnel, host } = view;
  const recipes: BlockRecipe[] = [
    { key: 'migration bridge', inputs: [tunnel], flows: () => bridgeFlows(tunnel) },
  ];
  const mtu = Math.min(...view.subnets.map((subnet) => subnet.mtu));
  for (const resident of view.residents) {
    const { nic, port, location, copyTo, arriving, atHome, own, others } = resident;
    const anchors = others.map((anchor) => ({
      index: anchor.index,
      addresses: anchor.addresses,
      host: view.peers.find(({ name }) => name === anchor.host),
    }));
    const here = location === host;
    const awayAt = location !== undefined && !here ? location : undefined;
    recipes.push({
      key: `migration deliver ${nic.number}`,
      inputs: [nic, port, here, awayAt, copyTo, arriving, own?.index, mtu],
      flows: () => deliverFlows(resident, host, here, awayAt, mtu),
    });
    recipes.push({
      key: `migration binding ${nic.number}`,
      inputs: [
        nic,
        port,
        own,
        atHome,
        awayAt,
        mtu,
        ...anchors.flatMap(({ index, addresses, host: at }) => [index, addresses, at]),
      ],
      flows: () => bindingFlows(resident, awayAt, anchors, mtu),
    });
  }
  return recipes;
}

function bridgeFlows(tunnel: number | undefined): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'bridge', 0));
  for (const version of [4, 6] as const) {
    list.add('binding', 100, { [Register.admission]: Admission.home, ...ip[version] }, [
      [ct({ commit: true, zone: Register.anchorZone, exec: markKnown })],
      'deliver',
    ]);
    list.add('outboundRelayed', 0, ip[version], [
      [ct({ zone: Register.anchorZone, nat: {}, table: 'outboundTracked' })],
    ]);
  }
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
  mtu: number,
): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const key = { [Register.interface]: nic.number };
  // With copies, each goes where it is to go; the last one may be relayed.
  const local = port !== undefined && (here || (arriving && copyTo === host)) ? [output(port)] : [];
  const far = [awayAt, copyTo].filter((to) => to !== undefined && to !== host) as Host[];
  const anchor = own?.index ?? HOME_ANCHOR;
  const relayed = far.map((to) => relayTo(nic.number, anchor, 'to-guest', to, mtu));
  const last = relayed.pop();
  if (last !== undefined) {
    const others = relayed.flatMap((actions) => [...actions, resubmit('relay')]);
    (here ? list : list.under(relayCookie(nic.number, anchor))).add('deliver', 100, key, [
      [set('eth_dst', nic.mac), ...local, ...others, ...last],
      'relay',
    ]);
  } else if (local.length > 0) {
    list.add('deliver', 100, key, [[set('eth_dst', nic.mac), ...local]]);
  }

  if (port !== undefined && (here || arriving)) {
    if (own !== undefined) {
      list.add('deliverRelayed', 110, { ...key, [Register.anchor]: own.index }, [[output(port)]]);
    }
    for (const version of [4, 6] as const) {
      list.add('deliverRelayed', 100, { ...key, ...ip[version] }, [
        [
          ct({
            commit: true,
            zone: relayZone(nic.number),
            exec: [copy(Register.anchor, 0, 'ct_mark', Mark.anchor.offset, Mark.anchor.bits)],
          }),
          output(port),
        ],
      ]);
    }
    list.add('deliverRelayed', 90, key, [[output(port)]]);
  } else if (awayAt !== undefined) {
    // What was on its way here when the guest left follows it, the anchor's index untouched. Were two bridges
    // to send it to each other, since one of them has not heard the news, its TTL would end that.
    for (const version of [4, 6] as const) {
      const forward = [decTtl, ...forwardTo(nic.number, awayAt, mtu)];
      list.add('deliverRelayed', 90, { ...key, ...ip[version] }, [forward, 'relay']);
    }
  }
  return list.flows;
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

interface OtherAnchor {
  readonly index: number;
  readonly addresses: Addresses;
  readonly host: Host | undefined;
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
      ct({ commit: true, zone, nat: { dst: address }, exec: markKnown, table: 'deliver' });
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
  for (const { index, host } of anchors) {
    if (host === undefined) continue;
    list.under(relayCookie(nic.number, index)).add(
      'outboundRelayed',
      100,
      {
        ...key,
        ...ctState('trk', '-new', '-inv'),
        ct_mark: { value: index, mask: 2 ** Mark.anchor.bits - 1 },
      },
      [relayTo(nic.number, index, 'from-guest', host, mtu), 'relay'],
    );
  }

  const guestIs = { ...key, [Register.class]: Class.guest };
  const home = anchors.find(({ index }) => index === HOME_ANCHOR)?.host;
  for (const version of [4, 6] as const) {
    const address = version === 4 ? own?.addresses.ipv4 : own?.addresses.ipv6;
    const begins = { ...guestIs, ...ip[version] };
    if (address !== undefined && atHome) {
      list.add('bindingOutbound', 100, begins, [[ct({ commit: true, zone, exec: markOpened })], 'route']);
    } else if (address !== undefined) {
      const translate = ct({ commit: true, zone, nat: { src: address }, exec: markOpened, table: 'route' });
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
