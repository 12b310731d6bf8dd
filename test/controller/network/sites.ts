/**
 * A network of four sites for tests: home, with two hosts; away, with care-of addresses of both families; bare,
 * which offers none; and clients, which has an edge and no hosts.
 */
import { TUNNEL_PORT } from '../../../controller/network/bridge-view.ts';
import { bridgeSeen, gatewayAnswered, placed } from '../../../controller/network/changes.ts';
import { declare, type Remembered } from '../../../controller/network/declare.ts';
import type { NetworkDescription } from '../../../controller/network/description.ts';
import type { Migration, Phase } from '../../../controller/network/migration.ts';
import type { BridgePort, NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';

const host = (name: string, site: string, underlay: string) => ({
  name,
  site,
  underlay,
  ovsdb: `tcp:${underlay}:6640`,
  bridge: 'br-int',
  uplink: 'int-uplink',
  libvirt: `qemu+tcp://${underlay}/system`,
  migration: `qemu+tcp://${underlay}/system`,
  capacity: { guests: 2, memoryMiB: 1024 },
});

const guest = (name: string, number: number) => ({
  name,
  uuid: `00000000-0000-0000-0000-00000000000${number}`,
  host: 'home-1',
  memoryMiB: 256,
  interfaces: [
    {
      mac: `52:54:00:00:00:0${number}`,
      interfaceId: name,
      addresses: [`10.1.0.10${number}`, `2001:db8:1::10${number}`],
    },
  ],
  services: [{ protocol: 'tcp' as const, port: 80 }],
});

export const description: NetworkDescription = {
  name: 'sites',
  sites: [
    {
      name: 'home',
      subnets: [
        { prefix: '10.1.0.0/24', gateway: '10.1.0.1', careOf: { first: '10.1.0.200', last: '10.1.0.201' } },
        { prefix: '2001:db8:1::/64', gateway: '2001:db8:1::1' },
      ],
    },
    {
      name: 'away',
      subnets: [
        { prefix: '10.2.0.0/24', gateway: '10.2.0.1', careOf: { first: '10.2.0.200', last: '10.2.0.201' } },
        {
          prefix: '2001:db8:2::/64',
          gateway: '2001:db8:2::1',
          careOf: { first: '2001:db8:2::200', last: '2001:db8:2::2ff' },
        },
      ],
    },
    {
      name: 'bare',
      subnets: [
        { prefix: '10.3.0.0/24', gateway: '10.3.0.1' },
        { prefix: '2001:db8:3::/64', gateway: '2001:db8:3::1' },
      ],
    },
    {
      name: 'clients',
      subnets: [
        { prefix: '203.0.113.0/24', gateway: '203.0.113.1' },
        { prefix: '2001:db8:f::/64', gateway: '2001:db8:f::1' },
      ],
    },
  ],
  hosts: [
    host('home-1', 'home', '10.1.0.11'),
    host('home-2', 'home', '10.1.0.12'),
    host('away-1', 'away', '10.2.0.11'),
    host('bare-1', 'bare', '10.3.0.11'),
  ],
  edges: [
    {
      name: 'border',
      site: 'clients',
      underlay: '203.0.113.5',
      ovsdb: 'tcp:203.0.113.5:6640',
      bridge: 'br-int',
      uplink: 'int-uplink',
      redirect: true,
    },
  ],
  guests: [guest('web', 1), guest('db', 2)],
};

export const UPLINK = 1;
export const TUNNEL = 2;
export const portOf = { web: 11, db: 12 } as const;

/** The bridge of a host, with the ports of the guests that are plugged in there. */
export function bridge(hostName: HostName, ...guests: readonly (keyof typeof portOf)[]) {
  const number = description.hosts.findIndex(({ name }) => name === hostName) + 1;
  const ports = new Map<string, BridgePort>([
    ['int-uplink', { name: 'int-uplink', ofport: UPLINK }],
    [TUNNEL_PORT, { name: TUNNEL_PORT, ofport: TUNNEL }],
    ...guests.map((name): [string, BridgePort] => {
      const attachedMac = description.guests.find((one) => one.name === name)!.interfaces[0]!.mac;
      return [`vnet-${name}`, { name: `vnet-${name}`, ofport: portOf[name], attachedMac, ifaceId: name }];
    }),
  ]);
  return {
    host: hostName,
    datapathId: number.toString(16).padStart(16, '0'),
    ports,
    mac: `02:00:00:00:00:0${number}`,
    datapath: { type: 'netdev', ovsVersion: '3.1.0', capabilities: new Map<string, string>() },
  };
}

/** The bridge of the edge. */
export const border = (): ReturnType<typeof bridge> => ({
  ...bridge('border'),
  datapathId: '00000000000000ff',
  mac: '02:00:00:00:00:ff',
});

/** What was declared, and nothing seen yet. */
export const declared = (remembered?: Remembered): NetworkState => declare(description, remembered);

type Change = (state: NetworkState) => NetworkState;

export const after = (state: NetworkState, ...changes: readonly Change[]): NetworkState =>
  changes.reduce((next, change) => change(next), state);

/** All bridges are seen, all gateways have answered, `web` runs at home. */
export function atHome(): NetworkState {
  return after(
    declared(),
    ...description.hosts.map(({ name }) =>
      bridgeSeen(name, name === 'home-1' ? bridge(name, 'web') : bridge(name)),
    ),
    bridgeSeen('border', border()),
    ...description.sites.flatMap(({ subnets }, site) =>
      subnets.map(({ prefix }) => gatewayAnswered(prefix, `02:aa:00:00:00:0${site + 1}`)),
    ),
    placed('web', 'home-1'),
  );
}

export function migration(
  from: HostName,
  to: HostName,
  phase: Phase,
  more: Partial<Migration> = {},
): Migration {
  return {
    id: `web-${from}-${to}`,
    guest: 'web',
    from,
    to,
    strategy: 'redirect',
    admit: 'all',
    origin: 'controller',
    phase,
    entered: { planned: 1 },
    maxBlackoutMs: 100,
    ...(phase === 'relaying' ? { performed: true } : {}),
    ...more,
  };
}
