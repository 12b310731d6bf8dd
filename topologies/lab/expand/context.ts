/**
 * What all parts of a plan are made from, and what several of them name.
 */
import { type Address, contains, parsePrefix, type Prefix } from '../../../controller/network/address.ts';
import type {
  EdgeDescription,
  HostDescription,
  NetworkDescription,
  SiteDescription,
} from '../../../controller/network/description.ts';
import { NAME_SERVER, nameServerSite } from '../../naming.ts';
import type { Topology } from '../../schema.ts';
import type { StepPlan } from '../plan.ts';
import type { ExpandOptions } from './options.ts';

export type Lab = NonNullable<Topology['lab']>;
export type Switch = HostDescription | EdgeDescription;
/** Of a NAT router, where it is a station. */
export const OUTSIDE = 'outside';
export const CONSOLE_DIRECTORY = '/var/log/libvirt/qemu';
export const DISK_DIRECTORY = '/var/lib/libvirt/images';

export interface Context {
  readonly topology: Topology;
  readonly lab: Lab;
  readonly network: NetworkDescription;
  readonly runDirectory: string;
  readonly options: ExpandOptions;
}

export const step = (what: string, ...argv: readonly string[]): StepPlan => ({ what, argv });
export const routerOf = (site: string): string => `router-${site}`;
export const switchesOf = ({ network }: Context): readonly Switch[] => [...network.hosts, ...network.edges];
export const edgeOf = ({ network }: Context, site: string): EdgeDescription | undefined =>
  network.edges.find((edge) => edge.site === site);

export function usesV6({ network }: Context): boolean {
  return network.sites.some((site) => site.subnets.some((subnet) => subnet.prefix.includes(':')));
}

/** `sysctl -e`: a kernel without IPv6 has no such names, and needs none. */
export function sysctl(context: Context, forwarding: boolean): StepPlan {
  const settings = usesV6(context)
    ? [
        'net.ipv6.conf.all.accept_dad=0',
        'net.ipv6.conf.default.accept_dad=0',
        'net.ipv6.conf.all.accept_ra=0',
        'net.ipv6.conf.default.accept_ra=0',
      ]
    : ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
  if (forwarding) {
    settings.push('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    settings.push('net.ipv4.conf.all.send_redirects=0', 'net.ipv4.conf.default.send_redirects=0');
  }
  // Who asks for an address hears of the interface that has it, and of no other: on a host the kernel's bridge that OVS is
  // wired to would answer, too, and whatever is sent there never comes to OVS's tunnels.
  settings.push('net.ipv4.conf.all.arp_ignore=1');
  // A guest's packets may come in where its home address does not lead back to.
  settings.push('net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0');
  return step('kernel settings', 'sysctl', '-q', '-e', '-w', ...settings);
}

/** Clients and attackers: stations that are no part of the network under control. */
export const ends = ({ clients, attackers }: Lab): Lab['clients'] => ({ ...clients, ...attackers });

/** The hosts, clients and attackers of a site, its name server, and the sites behind it: what is linked to its LAN. */
export function stationsOf({ topology, network, lab }: Context, site: string): string[] {
  const hosts = network.hosts.filter((host) => host.site === site).map(({ name }) => name);
  const others = Object.entries(ends(lab))
    .filter(([, end]) => end.site === site)
    .map(([name]) => name);
  const behind = Object.entries(lab.nat)
    .filter(([, nat]) => nat.behind === site)
    .map(([name]) => name);
  const named = nameServerSite(topology) === site ? [NAME_SERVER] : [];
  return [...hosts, ...others, ...named, ...behind];
}

export function subnetOf(
  site: SiteDescription,
  address: Address,
): { prefix: Prefix; gateway: string } | undefined {
  return site.subnets
    .map((subnet) => ({ prefix: parsePrefix(subnet.prefix)!, gateway: subnet.gateway }))
    .find(({ prefix }) => contains(prefix, address));
}

export function siteNamed({ network }: Context, name: string): SiteDescription {
  return network.sites.find((site) => site.name === name)!;
}
