/**
 * Migration's flows at an edge.
 *
 * An edge tracks what its stations and guests elsewhere say to each other, from the beginning and before anybody
 * moves: it is the first controlled hop of those connections, and can redirect them because it knows them. It
 * holds a fixed number of flows for each address of a guest, however many connections there are.
 *
 *   station ── edge ── edge-tracked ──► router              to a guest at home, or one that is relayed otherwise
 *                └─ count ─┴─► relay address ──► router     to a guest elsewhere (see relay/rewrite.ts)
 *   router ── edge ── edge-tracked ──► station              from a guest's address, or from a relay address of one
 *                       ▲    └─► not known: under the guest's next address
 *                       └─────┘    └─► not known under any: a tunnel to the first anchor
 *
 * An edge that does not redirect only tracks: its connections are the anchors' to relay.
 *
 * Owns, at an edge: edge, edgeTracked, binding, beforeSwitchover, afterSwitchover.
 */
import type { EdgeView, Passer } from '../../controller/network/bridge-view.ts';
import type { Anchor } from '../../controller/network/anchor.ts';
import type { Host, NetworkState } from '../../controller/network/model.ts';
import { families, type Family, relayAt } from '../../controller/network/relay.ts';
import type { Action } from '../../controller/openflow/index.ts';
import {
  ct,
  ctState,
  drop,
  type Flow,
  FlowList,
  ip,
  output,
  set,
  switched,
  TCP,
  TCP_OPENS,
  type Then,
} from '../../controller/switches/flow.ts';
import {
  Answer,
  anchorZone,
  Class,
  closedAnchorCookie,
  cookie,
  Register,
  relayCookie,
} from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';
import { gate, gateMeters, throughGates } from './gates.ts';
import { KNOWN, markKnown, markRedirected } from './marks.ts';
import { from, ipOf, setDestination, setSource, to } from './relay/packet.ts';
import { tunnelTo } from './tunnel.ts';

export function edgeMigrationRecipes(
  { edge, passers, hosts, uplink, tunnel }: EdgeView,
  { gateways, subnets }: Pick<NetworkState, 'gateways' | 'subnets'>,
): BlockRecipe[] {
  if (uplink === undefined) return [];
  return [
    { key: 'migration bridge', inputs: [], flows: bridgeFlows },
    ...passers.map((seen) => {
      const passer = edge.redirect ? seen : unrelayed(seen);
      const { nic, location, copyTo } = passer;
      const { anchors } = seen;
      const homes = [...subnets.values()].filter(({ site }) => site === nic.homeSite);
      const gatewayMacs = homes.map(({ family, prefix }) => [family, gateways.get(prefix)] as const);
      const anchorHosts = anchors.map((anchor) => hosts.find(({ name }) => name === anchor.host));
      return {
        key: `migration edge ${nic.number}`,
        // Where the guest is concerns an edge only as far as it relays there.
        inputs: [
          nic,
          edge.redirect,
          ...(relaying(passer) ? [location, copyTo] : []),
          uplink,
          tunnel,
          ...anchors,
          ...anchorHosts,
          ...gatewayMacs.flat(),
        ],
        meters: copyTo === undefined || !relaying(passer) ? [] : gateMeters(nic.number),
        flows: () =>
          passerFlows(passer, uplink, (family) => {
            const [first] = anchors;
            const mac = gatewayMacs.find(([version]) => version === (family === 'ipv4' ? 4 : 6))?.[1];
            return tunnel === undefined || first === undefined
              ? drop
              : askAnchors(passer, first, anchorHosts[0], mac, family, tunnel);
          }),
      };
    }),
  ];
}

/**
 * Whoever begins, and whatever is under way when the edge comes under control: tracked from here on. What stations begin
 * is admitted as anywhere; TCP that is under way is not held up by that, and tracked once the guest has answered. For what
 * a station alone sends in mid-stream may be anything: a flood must neither fill conntrack nor become a known connection.
 */
function bridgeFlows(): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'bridge', 0));
  for (const version of [4, 6] as const) {
    const track: Then = [[ct({ commit: true, zone: Register.anchorZone, exec: markKnown }), switched]];
    const begins = { ...ctState('trk', 'new'), ...ip[version] };
    const station = { [Register.class]: Class.station, ...begins };
    list.add('edgeTracked', 130, { ...station, ip_proto: TCP, tcp_flags: TCP_OPENS }, [[], 'admission']);
    list.add('edgeTracked', 120, { ...station, ip_proto: TCP }, [[switched]]);
    list.add('edgeTracked', 110, station, [[], 'admission']);
    list.add('edgeTracked', 100, begins, track);
    list.add('binding', 100, ip[version], track);
  }
  return list.flows;
}

function passerFlows(passer: Passer, uplink: number, unknown: (family: Family) => Then): readonly Flow[] {
  const list = new FlowList(cookie('migration', 'interface', passer.nic.number));
  for (const family of families) {
    for (const anchor of passer.anchors) {
      lookFlows(list, passer, anchor, family);
      redirectFlows(list, passer, anchor, family, uplink);
    }
    if (relaying(passer)) {
      returnFlows(list, passer, family, unknown(family));
    }
  }
  return list.flows;
}

/** As if its anchors relayed nothing by way of edges. */
const unrelayed = (passer: Passer): Passer => ({
  ...passer,
  anchors: passer.anchors.map((anchor) => ({ ...anchor, relays: [] })),
});

const relaying = ({ anchors }: Passer): boolean => anchors.some(({ relays }) => (relays ?? []).length > 0);

/** Looked up in the anchor zone, as of this anchor; counted on the way where this edge answers for what becomes of it. */
function look(
  { nic }: Passer,
  { index }: Anchor,
  table: 'count' | 'edgeTracked' = 'edgeTracked',
): readonly Action[] {
  const zone = anchorZone(nic.number);
  return [
    set(Register.interface, nic.number),
    set(Register.anchorZone, zone),
    set(Register.anchor, index),
    ct({ zone, table }),
  ];
}

function lookFlows(list: FlowList, passer: Passer, anchor: Anchor, family: Family): void {
  const address = anchor.addresses[family];
  if (address === undefined) return;
  const [station, uplink] = [{ [Register.class]: Class.station }, { [Register.class]: Class.uplink }];
  const redirected = relayAt(anchor, passer.location?.name)?.edge[family] !== undefined;
  list.add('edge', 100, { ...station, ...to(family, address) }, [
    look(passer, anchor, redirected ? 'count' : 'edgeTracked'),
  ]);
  list.add('edge', 100, { ...uplink, ...from(family, address) }, [look(passer, anchor)]);
  for (const { edge } of anchor.relays ?? []) {
    const relayAddress = edge[family];
    if (relayAddress === undefined) continue;
    list
      .under(relayCookie(passer.nic.number, anchor.index, 'rewrite'))
      .add('edge', 110, { ...uplink, ...from(family, relayAddress) }, [
        [set(Register.answer, Answer.relayAddress), setSource(family, address), ...look(passer, anchor)],
      ]);
  }
}

/** What is established here, and what is new as far as the anchor admits it, goes straight to where the guest is. */
function redirectFlows(
  list: FlowList,
  { nic, location, copyTo }: Passer,
  anchor: Anchor,
  family: Family,
  uplink: number,
): void {
  const relayAddress = relayAt(anchor, location?.name)?.edge[family];
  if (relayAddress === undefined) return;
  const relayed = list.under(relayCookie(nic.number, anchor.index, 'rewrite'));
  const sent = {
    [Register.interface]: nic.number,
    [Register.class]: Class.station,
    [Register.anchor]: anchor.index,
    ...ipOf[family],
  };
  const sendTo = (address: string): Action[] => [setDestination(family, address), output(uplink)];
  const then = relayAt(anchor, copyTo?.name)?.edge[family];
  if (then !== undefined) {
    const gateOf = (which: 'beforeSwitchover' | 'afterSwitchover', address: string): void => {
      list.add(which, 100, sent, [[gate(which, nic.number), ...sendTo(address)]]);
    };
    gateOf('beforeSwitchover', relayAddress);
    gateOf('afterSwitchover', then);
  }
  const redirect = then === undefined ? sendTo(relayAddress) : throughGates();
  const known = { ct_mark: { value: KNOWN, mask: KNOWN } };
  relayed.add('edgeTracked', 220, { ...sent, ...ctState('trk', 'est') }, [redirect]);
  relayed.add('edgeTracked', 220, { ...sent, ...ctState('trk', 'rel') }, [redirect]);
  relayed.add('edgeTracked', 220, { ...sent, ...ctState('trk', 'inv'), ...known }, [redirect]);

  const begins = { ...sent, ...ctState('trk', 'new') };
  const tcp = { ...begins, ip_proto: TCP };
  // As many a second as anywhere, and what is listed not at all.
  const open = anchor.admit === 'all';
  const admitted: Then = open ? [[], 'admission'] : drop;
  const fresh = open ? relayed : list.under(closedAnchorCookie('migration', nic.number, anchor.index));
  if (open) {
    relayed.add('binding', 110, sent, [
      [ct({ commit: true, zone: Register.anchorZone, exec: markRedirected }), ...redirect],
    ]);
  }
  fresh.add('edgeTracked', 210, { ...tcp, tcp_flags: TCP_OPENS }, admitted);
  // In mid-stream, and not known here: the anchor may know it, and when it has answered this edge knows, too.
  list.add('edgeTracked', 205, tcp, [[switched]]);
  fresh.add('edgeTracked', 200, begins, admitted);
}

/**
 * With a relay address, already set back: to the station, if that is the connection that is established here; else
 * the guest spoke first and knows no better than that it is one of its anchors' connections, or one of its own.
 */
function returnFlows(list: FlowList, passer: Passer, family: Family, unknown: Then): void {
  const back = {
    [Register.interface]: passer.nic.number,
    [Register.answer]: Answer.relayAddress,
    ...ipOf[family],
  };
  const known = { ct_mark: { value: KNOWN, mask: KNOWN } };
  list.add('edgeTracked', 320, { ...back, ...ctState('trk', 'est') }, [[switched]]);
  list.add('edgeTracked', 320, { ...back, ...ctState('trk', 'rel') }, [[switched]]);
  list.add('edgeTracked', 320, { ...back, ...ctState('trk', 'inv'), ...known }, [[switched]]);
  const anchors = passer.anchors.filter(({ addresses }) => addresses[family] !== undefined);
  for (const [i, { index }] of anchors.entries()) {
    const next = anchors[i + 1];
    list.add(
      'edgeTracked',
      310,
      { ...back, [Register.anchor]: index },
      next === undefined ? unknown : [[setSource(family, next.addresses[family]!), ...look(passer, next)]],
    );
  }
}

/** Through a tunnel to the first anchor, as if from the guest; from there it goes on as any stray does. */
function askAnchors(
  { nic, location }: Passer,
  first: Anchor,
  host: Host | undefined,
  gatewayMac: string | undefined,
  family: Family,
  tunnel: number,
): Then {
  const home = nic.home[family];
  if (host === undefined || host === location || home === undefined || gatewayMac === undefined) return drop;
  return [
    [
      setSource(family, home),
      set('eth_src', nic.mac),
      set('eth_dst', gatewayMac),
      ...tunnelTo(nic.number, first.index, 'from-guest', host),
      output(tunnel),
    ],
  ];
}
