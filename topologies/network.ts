/**
 * What the controller is told of a topology. In a lab, connection addresses that the file leaves out are the lab's own.
 */
import { lab as labLimits } from '../controller/limits.ts';
import type {
  DnsDescription,
  DrainDescription,
  NetworkDescription,
  SwitchDescription,
} from '../controller/network/description.ts';
import { macOf, uuidOf } from './lab/identity.ts';
import { managementAddress } from './lab/management.ts';
import { dnsNameOf, NAME_SERVER, tsigKeyOf } from './naming.ts';
import type { Topology } from './schema.ts';

function drainOf({ idle, quarantine }: NonNullable<Topology['drain']>): DrainDescription {
  return {
    ...(idle === undefined ? {} : { idle }),
    ...(quarantine === undefined ? {} : { quarantine }),
  };
}

/** What the controller is told; in a lab, connection addresses that the file leaves out are the lab's own. */
export function networkOf(topology: Topology): NetworkDescription {
  const reach = (name: string): string => managementAddress(topology, name);
  const bracketed = (text: string): string => (text.includes(':') ? `[${text}]` : text);
  const ofSwitch = (name: string, it: Topology['hosts' | 'edges'][string]): SwitchDescription => ({
    name,
    site: it.site,
    underlay: it.underlay,
    ovsdb: it.ovsdb ?? `tcp:${bracketed(reach(name))}:${labLimits.ovsdbPort}`,
    bridge: it.bridge,
    uplink: it.uplink,
  });
  return {
    name: topology.name,
    sites: Object.entries(topology.sites).map(([name, site]) => ({
      name,
      subnets: site.subnets.map(({ prefix, gateway, careOf }) => ({
        prefix,
        gateway,
        ...(careOf && { careOf }),
      })),
    })),
    hosts: Object.entries(topology.hosts).map(([name, host]) => ({
      ...ofSwitch(name, host),
      libvirt: host.libvirt ?? `qemu+tcp://${bracketed(reach(name))}/system`,
      migration: host.migration ?? `qemu+tcp://${bracketed(copyAddress(topology, name))}/system`,
      capacity: { memoryMiB: host.capacity.memory, guests: host.capacity.guests },
    })),
    edges: Object.entries(topology.edges).map(([name, edge]) => ({
      ...ofSwitch(name, edge),
      redirect: edge.redirect,
    })),
    guests: Object.entries(topology.guests).map(([name, guest]) => ({
      name,
      uuid: guest.uuid ?? uuidOf(topology.name, name, 'domain'),
      host: guest.host,
      memoryMiB: guest.memory,
      interfaces: guest.interfaces.map(({ mac, interfaceId, addresses }, i) => ({
        mac: mac ?? macOf('52:54:00', topology.name, name, ...numbered(i)),
        interfaceId: interfaceId ?? uuidOf(topology.name, name, 'interface', ...numbered(i)),
        addresses,
      })),
      services: guest.services,
      ...(guest.defence === undefined ? {} : { defence: guest.defence }),
      ...(topology.dns === undefined ? {} : { dnsName: dnsNameOf(topology, name)! }),
    })),
    ...(topology.drain === undefined ? {} : { drain: drainOf(topology.drain) }),
    ...(topology.dns === undefined ? {} : { dns: dnsOf(topology, topology.dns, reach(NAME_SERVER)) }),
  };
}

/** A lab's controller reaches the name server by the management network. */
function dnsOf({ name, lab }: Topology, dns: NonNullable<Topology['dns']>, managed: string): DnsDescription {
  return {
    server: lab === undefined ? dns.server : { address: managed, port: dns.server.port },
    zone: dns.zone,
    key: tsigKeyOf(dns, name),
    ttl: dns.ttl,
  };
}

/** Where a host is reached by another one that copies a guest to it. */
export function copyAddress(topology: Topology, host: string): string {
  return topology.lab?.copies === 'management'
    ? managementAddress(topology, host)
    : topology.hosts[host]!.underlay;
}

/** What tells a guest's further interfaces from its first. */
const numbered = (i: number): string[] => (i === 0 ? [] : [`${i}`]);
