/**
 * The network as one bridge sees it: what an app needs to know to derive that bridge's flows.
 *
 * Only interfaces that concern the bridge are in it: at a host, those plugged into it and those it holds an anchor
 * for; at an edge, those that stations inside reach through it.
 */
import { isUnderWay } from './migration.ts';
import { type Anchor, HOME_ANCHOR } from './anchor.ts';
import type { Bridge, Edge, Guest, GuestInterface, Host, NetworkState, Subnet } from './model.ts';
import type { EdgeName, HostName, SwitchName } from './names.ts';

/** The name of the port that the controller adds to a bridge for its tunnels. */
export const TUNNEL_PORT = 'at-geneve';

export type SwitchView = BridgeView | EdgeView;

export interface BridgeView {
  readonly kind: 'host';
  readonly host: Host;
  readonly bridge: Bridge;
  /** OpenFlow port towards the subnet; undefined until OVS has it. */
  readonly uplink: number | undefined;
  /** OpenFlow port of the tunnels; undefined until OVS has it. */
  readonly tunnel: number | undefined;
  /** Subnets of the host's own site. */
  readonly subnets: readonly Subnet[];
  /** The other hosts, which tunnels lead to. */
  readonly peers: readonly Host[];
  /** Edges, which tunnels come from. */
  readonly edges: readonly Edge[];
  /** Subnets whose stations are behind an edge that has been seen, and that redirects. */
  readonly edgeSubnets: readonly Subnet[];
  readonly residents: readonly Resident[];
}

export interface Resident {
  readonly nic: GuestInterface;
  readonly guest: Guest;
  /** OpenFlow port of the interface here; undefined when it is not plugged in here. */
  readonly port: number | undefined;
  /** Where its traffic is to be delivered. */
  readonly location: Host | undefined;
  /** Where it goes, too, as far as gates let it. */
  readonly copyTo: Host | undefined;
  /** Plugged in here for a migration to here that has not ended. */
  readonly arriving: boolean;
  /**
   * Does this bridge hold its home addresses, or would it if it ran? On another host of its home site a guest is
   * as much away as anywhere: its MAC address must show at one place of the subnet alone.
   */
  readonly atHome: boolean;
  /** The anchor that this bridge holds for it. */
  readonly own: Anchor | undefined;
  /** It is about to leave, in flight: from now on nothing new is let in here. */
  readonly fleeing: boolean;
  /** The anchor that this bridge holds lets nothing new in: the guest has fled from here, or is about to. */
  readonly closed: boolean;
  /** Its anchors on other bridges. */
  readonly others: readonly Anchor[];
}

export interface EdgeView {
  readonly kind: 'edge';
  readonly edge: Edge;
  readonly bridge: Bridge;
  /** OpenFlow port towards the site's router; undefined until OVS has it. */
  readonly uplink: number | undefined;
  /** OpenFlow port of the tunnels; undefined until OVS has it. */
  readonly tunnel: number | undefined;
  readonly hosts: readonly Host[];
  readonly passers: readonly Passer[];
}

/** An interface that stations inside an edge reach through it. */
export interface Passer {
  readonly nic: GuestInterface;
  /** Where its traffic is to be delivered. */
  readonly location: Host | undefined;
  /** Where it goes, too, as far as gates let it. */
  readonly copyTo: Host | undefined;
  /** Those of its anchors that are at other sites than the edge. */
  readonly anchors: readonly Anchor[];
}

/** Undefined while nothing is known of the bridge. */
export function switchView(state: NetworkState, name: SwitchName): SwitchView | undefined {
  return state.edges.has(name) ? edgeView(state, name) : bridgeView(state, name);
}

function edgeView(state: NetworkState, name: EdgeName): EdgeView | undefined {
  const edge = state.edges.get(name);
  const bridge = state.bridges.get(name);
  if (edge === undefined || bridge === undefined) return undefined;
  const passers: Passer[] = [];
  for (const guest of state.guests.values()) {
    const placement = state.placements.get(guest.name);
    const location = placement === undefined ? undefined : state.hosts.get(placement);
    const copies = state.copies.get(guest.name);
    const copyTo = copies === undefined ? undefined : state.hosts.get(copies);
    for (const nic of guest.interfaces) {
      const anchors = (state.anchors.get(nic.number) ?? []).filter(
        ({ host }) => state.hosts.get(host)?.site !== edge.site,
      );
      if (anchors.length > 0) passers.push({ nic, location, copyTo, anchors });
    }
  }
  return {
    kind: 'edge',
    edge,
    bridge,
    uplink: bridge.ports.get(edge.uplink)?.ofport,
    tunnel: bridge.ports.get(TUNNEL_PORT)?.ofport,
    hosts: [...state.hosts.values()],
    passers,
  };
}

/** Undefined while nothing is known of the host's bridge. */
export function bridgeView(state: NetworkState, hostName: HostName): BridgeView | undefined {
  const host = state.hosts.get(hostName);
  const bridge = state.bridges.get(hostName);
  if (host === undefined || bridge === undefined) return undefined;

  const portByMac = new Map<string, number>();
  for (const port of bridge.ports.values()) {
    if (port.attachedMac !== undefined) portByMac.set(port.attachedMac, port.ofport);
  }

  const residents: Resident[] = [];
  for (const guest of state.guests.values()) {
    const placement = state.placements.get(guest.name);
    const location = placement === undefined ? undefined : state.hosts.get(placement);
    const copies = state.copies.get(guest.name);
    const copyTo = copies === undefined ? undefined : state.hosts.get(copies);
    const migration = state.migrations.get(guest.name);
    const fleeing =
      migration?.from === hostName && migration.admit === 'established' && isUnderWay(migration.phase);
    const comesHere = migration?.to === hostName && isUnderWay(migration.phase);
    for (const nic of guest.interfaces) {
      const port = portByMac.get(nic.mac);
      const anchors = state.anchors.get(nic.number) ?? [];
      // An address that nobody runs under is nobody's: no answer in its name.
      const home = anchors.find(({ index }) => index === HOME_ANCHOR);
      const own = location === undefined ? undefined : anchors.find((anchor) => anchor.host === hostName);
      if (port === undefined && own === undefined) continue;
      residents.push({
        nic,
        guest,
        port,
        location,
        copyTo,
        arriving: comesHere && port !== undefined,
        atHome: host.site === nic.homeSite && (home === undefined || home.host === hostName),
        own,
        fleeing,
        closed: own !== undefined && (fleeing || (own.admit === 'established' && location !== host)),
        others: anchors.filter((anchor) => anchor.host !== hostName),
      });
    }
  }

  const edges = [...state.edges.values()].filter(({ name }) => state.bridges.has(name));
  return {
    kind: 'host',
    host,
    bridge,
    uplink: bridge.ports.get(host.uplink)?.ofport,
    tunnel: bridge.ports.get(TUNNEL_PORT)?.ofport,
    subnets: [...state.subnets.values()].filter((subnet) => subnet.site === host.site),
    peers: [...state.hosts.values()].filter((peer) => peer !== host),
    edges,
    edgeSubnets: [...state.subnets.values()].filter(({ site }) =>
      edges.some((edge) => edge.redirect && edge.site === site),
    ),
    residents,
  };
}
