/**
 * The network as one bridge sees it: what an app needs to know to derive that bridge's flows.
 *
 * Only interfaces that concern the bridge are in it: those plugged into it, and those it holds an anchor for.
 */
import { isUnderWay } from './migration.ts';
import {
  type Anchor,
  type Bridge,
  type Guest,
  type GuestInterface,
  HOME_ANCHOR,
  type Host,
  type HostName,
  type NetworkState,
  type Subnet,
} from './model.ts';

/** The name of the port that the controller adds to a bridge for its tunnels. */
export const TUNNEL_PORT = 'at-geneve';

export interface BridgeView {
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
  readonly residents: readonly Resident[];
}

export interface Resident {
  readonly nic: GuestInterface;
  readonly guest: Guest;
  /** OpenFlow port of the interface here; undefined when it is not plugged in here. */
  readonly port: number | undefined;
  /** Where its traffic is to be delivered. */
  readonly location: Host | undefined;
  /** Where copies of it go, too. */
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
  /** Its anchors on other bridges. */
  readonly others: readonly Anchor[];
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
        others: anchors.filter((anchor) => anchor.host !== hostName),
      });
    }
  }

  return {
    host,
    bridge,
    uplink: bridge.ports.get(host.uplink)?.ofport,
    tunnel: bridge.ports.get(TUNNEL_PORT)?.ofport,
    subnets: [...state.subnets.values()].filter((subnet) => subnet.site === host.site),
    peers: [...state.hosts.values()].filter((peer) => peer !== host),
    residents,
  };
}
