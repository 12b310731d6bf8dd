/** A network of two sites with one host each, and a guest on its way from one to the other. */
import { emptyBlocklist } from '../../../controller/network/blocklist.ts';
import type { Anchor } from '../../../controller/network/anchor.ts';
import type { Bridge, BridgePort, Host, NetworkState, Subnet } from '../../../controller/network/model.ts';

const SITES = ['west', 'east'] as const;
type Site = (typeof SITES)[number];

function host(site: Site): Host {
  const number = SITES.indexOf(site) + 1;
  return {
    name: site,
    number,
    site,
    ovsdb: `tcp:198.18.0.${number}:6640`,
    libvirt: `qemu+tcp://198.18.0.${number}/system`,
    migration: `qemu+tcp://198.18.0.${number}/system`,
    bridge: 'br-int',
    uplink: 'uplink',
    underlay: `192.0.2.${number}`,
    capacity: { guests: 10, memoryMiB: 4_096 },
  };
}

function bridge(site: Site, plugged: boolean, graceUntil: number): Bridge {
  const ports: BridgePort[] = [
    { name: 'uplink', ofport: 1 },
    { name: 'at-geneve', ofport: 2 },
    ...(plugged ? [{ name: 'vnet0', ofport: 3, attachedMac: '52:54:00:00:00:01', ifaceId: 'guest-0' }] : []),
  ];
  return {
    host: site,
    datapathId: `000000000000000${SITES.indexOf(site) + 1}`,
    ports: new Map(ports.map((port) => [port.name, port])),
    mac: `02:00:00:00:00:0${SITES.indexOf(site) + 1}`,
    datapath: { type: 'netdev', ovsVersion: '3.1.0', capabilities: new Map() },
    graceUntil,
  };
}

function subnets(site: Site): Subnet[] {
  const number = SITES.indexOf(site) + 1;
  return [
    { prefix: `10.${number}.0.0/24`, family: 4, site, gateway: `10.${number}.0.1`, mtu: 1_500 },
    { prefix: `2001:db8:${number}::/64`, family: 6, site, gateway: `2001:db8:${number}::1`, mtu: 1_500 },
  ];
}

/** `at` is where the guest runs, `grace` whether its bridge's connections have been forgotten a moment ago. */
export function network(at: Site, { grace = false } = {}): NetworkState {
  const home: Anchor = {
    index: 1,
    host: 'west',
    addresses: { ipv4: '10.1.0.10', ipv6: '2001:db8:1::10' },
    admit: 'all',
  };
  const careOf: Anchor = {
    index: 2,
    host: 'east',
    addresses: { ipv4: '10.2.0.200', ipv6: '2001:db8:2::200' },
    admit: 'all',
  };
  const guest = {
    name: 'guest',
    uuid: '00000000-0000-4000-8000-000000000001',
    memoryMiB: 256,
    interfaces: [
      {
        number: 1,
        guest: 'guest',
        interfaceId: 'guest-0',
        mac: '52:54:00:00:00:01',
        homeSite: 'west',
        home: home.addresses,
      },
    ],
    services: [{ protocol: 'tcp', port: 80 } as const],
  };
  return {
    subnets: new Map(SITES.flatMap(subnets).map((subnet) => [subnet.prefix, subnet])),
    hosts: new Map(SITES.map((site) => [site, host(site)])),
    edges: new Map(),
    guests: new Map([[guest.name, guest]]),
    bridges: new Map(
      SITES.map((site) => [site, bridge(site, site === at, grace ? Number.MAX_SAFE_INTEGER : 0)]),
    ),
    hypervisors: new Map(),
    gateways: new Map([
      ['10.1.0.0/24', '02:00:00:00:01:01'],
      ['10.2.0.0/24', '02:00:00:00:02:01'],
      ['2001:db8:1::/64', '02:00:00:00:01:01'],
      ['2001:db8:2::/64', '02:00:00:00:02:01'],
    ]),
    placements: new Map([[guest.name, at]]),
    anchors: new Map([[1, at === 'west' ? [home] : [home, careOf]]]),
    copies: new Map(),
    migrations: new Map(),
    history: new Map(),
    blocklist: emptyBlocklist,
    admissionLimits: new Map(),
    policies: new Map(),
    flights: new Map(),
    earlier: new Map(),
    quarantine: new Map(),
    drain: { idle: 60_000, quarantine: 60_000 },
  };
}
