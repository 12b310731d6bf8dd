/**
 * From what was declared and what the store remembers to the first network state.
 *
 * Numbers of hosts and interfaces are stable: what has one keeps it, what is new gets the lowest free one.
 */
import { isIPv4 } from 'node:net';
import { addressesOf } from './addresses.ts';
import { type Blocklist, emptyBlocklist } from './blocklist.ts';
import { drain as drainLimits } from '../limits.ts';
import type { DefencePolicy } from './defence-policy.ts';
import type { NetworkDescription } from './description.ts';
import { TooManyInterfacesError } from './errors.ts';
import type { Flight } from './flight.ts';
import { bounded, type MigrationHistory } from './history.ts';
import type { Migration } from './migration.ts';
import { type Anchor, HOME_ANCHOR } from './anchor.ts';
import type { Edge, Guest, GuestInterface, Host, NetworkState, Quarantined, Subnet } from './model.ts';
import { MAX_INTERFACE_NUMBER } from './names.ts';

/** What outlives the controller. */
export interface Remembered {
  /** Interface numbers, by MAC address. */
  readonly interfaceNumbers: ReadonlyMap<string, number>;
  /** Host numbers, by name. */
  readonly hostNumbers: ReadonlyMap<string, number>;
  readonly placements: ReadonlyMap<string, string>;
  readonly anchors: ReadonlyMap<number, readonly Anchor[]>;
  readonly gateways: ReadonlyMap<string, string>;
  readonly migrations: ReadonlyMap<string, Migration>;
  readonly history: MigrationHistory;
  readonly blocklist: Blocklist;
  readonly policies: ReadonlyMap<string, DefencePolicy>;
  readonly flights: ReadonlyMap<string, Flight>;
  readonly earlier: ReadonlyMap<string, Migration>;
  readonly quarantine: ReadonlyMap<string, Quarantined>;
}

export const nothingRemembered: Remembered = {
  interfaceNumbers: new Map(),
  hostNumbers: new Map(),
  placements: new Map(),
  anchors: new Map(),
  gateways: new Map(),
  migrations: new Map(),
  history: new Map(),
  blocklist: emptyBlocklist,
  policies: new Map(),
  flights: new Map(),
  earlier: new Map(),
  quarantine: new Map(),
};

const DEFAULT_MTU = 1500;

export function declare(
  description: NetworkDescription,
  remembered: Remembered = nothingRemembered,
): NetworkState {
  const subnets = new Map<string, Subnet>();
  for (const site of description.sites) {
    for (const subnet of site.subnets) {
      subnets.set(subnet.prefix, {
        ...subnet,
        site: site.name,
        family: isIPv4(subnet.gateway) ? 4 : 6,
        mtu: DEFAULT_MTU,
      });
    }
  }

  const hostNumber = numbering(remembered.hostNumbers);
  const hosts = new Map<string, Host>();
  for (const host of description.hosts) hosts.set(host.name, { ...host, number: hostNumber(host.name) });

  const edges = new Map<string, Edge>();
  for (const [i, edge] of description.edges.entries()) edges.set(edge.name, { ...edge, number: i + 1 });

  const interfaceNumber = numbering(remembered.interfaceNumbers);
  const guests = new Map<string, Guest>();
  for (const guest of description.guests) {
    const interfaces = guest.interfaces.map((it): GuestInterface => {
      const mac = it.mac.toLowerCase();
      return {
        number: interfaceNumber(mac),
        guest: guest.name,
        interfaceId: it.interfaceId,
        mac,
        homeSite: hosts.get(guest.host)?.site ?? '',
        home: addressesOf(it.addresses),
      };
    });
    if (interfaces.some(({ number }) => number > MAX_INTERFACE_NUMBER))
      throw new TooManyInterfacesError(guest.name, MAX_INTERFACE_NUMBER);
    guests.set(guest.name, {
      name: guest.name,
      uuid: guest.uuid,
      memoryMiB: guest.memoryMiB,
      interfaces,
      services: guest.services,
      ...(guest.defence === undefined ? {} : { defence: guest.defence }),
      ...(guest.dnsName === undefined ? {} : { dnsName: guest.dnsName }),
    });
  }

  return {
    subnets,
    hosts,
    edges,
    guests,
    bridges: new Map(),
    hypervisors: new Map(),
    gateways: remembered.gateways,
    copies: new Map(),
    placements: new Map(
      [...remembered.placements].filter(([guest, host]) => guests.has(guest) && hosts.has(host)),
    ),
    anchors: stillTrue(remembered.anchors, guests, hosts),
    migrations: remembered.migrations,
    history: bounded(remembered.history, remembered),
    blocklist: remembered.blocklist,
    policies: new Map([...remembered.policies].filter(([guest]) => guests.has(guest))),
    flights: remembered.flights,
    admissionLimits: new Map(),
    earlier: remembered.earlier,
    quarantine: remembered.quarantine,
    drain: {
      idle: description.drain?.idle ?? drainLimits.idle,
      quarantine: description.drain?.quarantine ?? drainLimits.quarantine,
    },
  };
}

/**
 * Anchors of interfaces and at hosts that are declared still. A home anchor holds the home addresses that are
 * declared now, and only at the site that they belong to now; without it no other anchor is of use.
 */
function stillTrue(
  remembered: Remembered['anchors'],
  guests: ReadonlyMap<string, Guest>,
  hosts: ReadonlyMap<string, Host>,
): Remembered['anchors'] {
  const anchors = new Map<number, readonly Anchor[]>();
  for (const { interfaces } of guests.values()) {
    for (const { number, homeSite, home } of interfaces) {
      const all = remembered.get(number) ?? [];
      const still = all.filter(({ host }) => hosts.has(host));
      const kept = still.length === all.length ? all : still;
      const atHome = kept.find(({ index }) => index === HOME_ANCHOR);
      if (atHome === undefined || hosts.get(atHome.host)?.site !== homeSite) continue;
      const same = atHome.addresses.ipv4 === home.ipv4 && atHome.addresses.ipv6 === home.ipv6;
      anchors.set(
        number,
        same ? kept : kept.map((one) => (one === atHome ? { ...one, addresses: home } : one)),
      );
    }
  }
  return anchors;
}

function numbering(known: ReadonlyMap<string, number>): (key: string) => number {
  const numbers = new Map(known);
  const used = new Set(numbers.values());
  let next = 1;
  return (key) => {
    const held = numbers.get(key);
    if (held !== undefined) return held;
    while (used.has(next)) next++;
    used.add(next);
    numbers.set(key, next);
    return next;
  };
}
