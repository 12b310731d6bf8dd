/**
 * Migration's flows: where a guest's packets are delivered, and how answers find the anchor that the
 * connection was born at.
 *
 * For each interface a bridge holds a handful of flows, however many connections there are: the conntrack of
 * the anchor knows them. At the switchover `deliver` changes, and nothing else.
 *
 * Owns: binding, deliver, deliverRelayed, outbound, outboundRelayed, bindingOutbound, strays, relay.
 */
import type { BridgeView, Resident } from '../../controller/network/bridge-view.ts';
import { HOME_ANCHOR, type Host } from '../../controller/network/model.ts';
import { copy, ct, ctState, type Flow, FlowList, ip, output, packetIn, set } from '../../controller/switches/flow.ts';
import {
  Admission,
  anchorZone,
  Class,
  cookie,
  MARK_ANCHOR_BITS,
  PacketInReason,
  Register,
  relayZone,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { forwardTo, relayTo, tunnelTo } from './tunnel.ts';

export function migrationRecipes(view: BridgeView): BlockRecipe[] {
  const { tunnel, host } = view;
  const recipes: BlockRecipe[] = [
    { key: 'migration bridge', inputs: [tunnel], flows: () => bridgeFlows(tunnel) },
  ];
  const mtu = Math.min(...view.subnets.map((subnet) => subnet.mtu));
  for (const resident of view.residents) {
    const { nic, port, location, arriving, atHome, own, others } = resident;
    const anchors = others.map((anchor) => ({
      index: anchor.index,
      host: view.peers.find(({ name }) => name === anchor.host),
    }));
    const here = location === host;
    const awayAt = location !== undefined && !here ? location : undefined;
    recipes.push({
      key: `migration deliver ${nic.number}`,
      inputs: [nic, port, here, awayAt, arriving, own?.index, mtu],
      flows: () => deliverFlows(resident, here, awayAt, mtu),
    });
    recipes.push({
      key: `migration binding ${nic.number}`,
      inputs: [nic, port, own, atHome, tunnel, mtu, ...anchors.flatMap((anchor) => [anchor.index, anchor.host])],
      flows: () => bindingFlows(resident, anchors, tunnel, mtu),
    });
  }
  return recipes;
}

function bridgeFlows(tunnel: number | undefined): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'bridge', 0));
  for (const version of [4, 6] as const) {
    list.add('binding', 100, { [Register.admission]: Admission.home, ...ip[version] }, [
      [ct({ commit: true, zone: Register.anchorZone })],
      'deliver',
    ]);
    list.add('outboundRelayed', 0, ip[version], [
      [ct({ zone: Register.anchorZone, nat: {}, table: 'outboundTracked' })],
    ]);
  }
  if (tunnel !== undefined) {
    list.add('relay', 100, { [Register.tooLarge]: 0 }, [[output(tunnel)]]);
    list.add('relay', 100, { [Register.tooLarge]: 1 }, [[packetIn(PacketInReason.tooLarge, 'tooLarge')]]);
  }
  return list.flows;
}

/** Where packets for the interface go: the flows of the switchover. */
function deliverFlows(
  { nic, port, arriving, own }: Resident,
  here: boolean,
  awayAt: Host | undefined,
  mtu: number,
): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const key = { [Register.interface]: nic.number };
  if (here && port !== undefined) {
    list.add('deliver', 100, key, [[set('eth_dst', nic.mac), output(port)]]);
  } else if (awayAt !== undefined) {
    list.add('deliver', 100, key, [
      relayTo(nic.number, own?.index ?? HOME_ANCHOR, 'to-guest', awayAt, mtu),
      'relay',
    ]);
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
            exec: [copy(Register.anchor, 0, 'ct_mark', 0, MARK_ANCHOR_BITS)],
          }),
          output(port),
        ],
      ]);
    }
    list.add('deliverRelayed', 90, key, [[output(port)]]);
  } else if (awayAt !== undefined) {
    // What was on its way here when the guest left follows it, the anchor's index untouched.
    list.add('deliverRelayed', 90, key, [forwardTo(nic.number, awayAt, mtu), 'relay']);
  }
  return list.flows;
}

interface OtherAnchor {
  readonly index: number;
  readonly host: Host | undefined;
}

/** What the interface says, and what begins. */
function bindingFlows(
  { nic, port, own, atHome }: Resident,
  anchors: readonly OtherAnchor[],
  tunnel: number | undefined,
  mtu: number,
): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', nic.number));
  const key = { [Register.interface]: nic.number };
  const zone = anchorZone(nic.number);

  if (!atHome && own !== undefined) {
    const { ipv4, ipv6 } = own.addresses;
    const translate = (address: string) => ct({ commit: true, zone, nat: { dst: address }, table: 'deliver' });
    const careOf = { ...key, [Register.admission]: Admission.careOf };
    if (ipv4 !== undefined && nic.home.ipv4 !== undefined) {
      list.add('binding', 110, { ...careOf, ...ip[4] }, [[translate(nic.home.ipv4)]]);
    }
    if (ipv6 !== undefined && nic.home.ipv6 !== undefined) {
      list.add('binding', 110, { ...careOf, ...ip[6] }, [[translate(nic.home.ipv6)]]);
    }
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
    list.add('outboundRelayed', 100, { ...key, ...ctState('trk', '-new', '-inv'), ct_mark: { value: index, mask: 2 ** MARK_ANCHOR_BITS - 1 } }, [
      relayTo(nic.number, index, 'from-guest', host, mtu),
      'relay',
    ]);
  }

  const guestIs = { ...key, [Register.class]: Class.guest };
  const home = anchors.find(({ index }) => index === HOME_ANCHOR)?.host;
  for (const version of [4, 6] as const) {
    const address = version === 4 ? own?.addresses.ipv4 : own?.addresses.ipv6;
    const begins = { ...guestIs, ...ip[version] };
    if (address !== undefined) {
      list.add('bindingOutbound', 100, begins, atHome ? [[ct({ commit: true, zone })], 'route'] : [[ct({ commit: true, zone, nat: { src: address }, table: 'route' })]]);
    } else if (home !== undefined) {
      list.add('bindingOutbound', 100, begins, [relayTo(nic.number, HOME_ANCHOR, 'from-guest', home, mtu), 'relay']);
    }
  }

  if (tunnel !== undefined && anchors.length > 0) {
    list.add('strays', 100, guestIs, [
      anchors.flatMap(({ index, host }) =>
        host === undefined ? [] : [...tunnelTo(nic.number, index, 'from-guest', host), output(tunnel)],
      ),
    ]);
  }
  return list.flows;
}
