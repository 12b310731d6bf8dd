/**
 * What the controller has to be told of a network: sites, the hosts and edges it programs, and the guests.
 * Nothing here says how the network came to be; a lab fills the same shape as a machine room does.
 */
import type { DefencePolicy } from './defence-policy.ts';

export interface NetworkDescription {
  readonly name: string;
  readonly sites: readonly SiteDescription[];
  readonly hosts: readonly HostDescription[];
  readonly edges: readonly EdgeDescription[];
  readonly guests: readonly GuestDescription[];
  /** Defaults are in controller/limits.ts. */
  readonly drain?: DrainDescription;
  /** Where new clients learn the guests' addresses; nowhere when absent. */
  readonly dns?: DnsDescription;
}

/** A zone whose names are kept by DNS UPDATE (RFC 2136), signed by TSIG (RFC 8945). */
export interface DnsDescription {
  /** The zone's primary server. */
  readonly server: { readonly address: string; readonly port: number };
  /** A domain name in lower case, without the dot of the root. */
  readonly zone: string;
  readonly key: TsigKeyDescription;
  /** Of the guests' records, in seconds. */
  readonly ttl: number;
}

/** Those of RFC 8945, section 6, that are recommended; the first one every server has. */
export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;
export type TsigAlgorithm = (typeof TSIG_ALGORITHMS)[number];

export interface TsigKeyDescription {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  /** In base64, or in a file that the controller reads when it starts. */
  readonly secret: { readonly base64: string } | { readonly file: string };
}

/** When what is left of a move goes, in milliseconds: see `DrainTimes`. */
export interface DrainDescription {
  readonly idle?: number;
  readonly quarantine?: number;
}

/** Hosts behind one border. A site without hosts is one where only clients are. */
export interface SiteDescription {
  readonly name: string;
  readonly subnets: readonly SubnetDescription[];
}

export interface SubnetDescription {
  /** `10.1.0.0/24` or `2001:db8:1::/64`. */
  readonly prefix: string;
  /** The router's address in it. */
  readonly gateway: string;
  /** The addresses that the controller may lease to visiting guests; first and last are included. */
  readonly careOf?: { readonly first: string; readonly last: string };
}

/** What a host and an edge have in common: an Open vSwitch that the controller programs. */
export interface SwitchDescription {
  readonly name: string;
  readonly site: string;
  /** The address that tunnels start and end at. */
  readonly underlay: string;
  /** An OVSDB remote, `tcp:ADDRESS:PORT`, `ssl:ADDRESS:PORT` or `unix:PATH`. */
  readonly ovsdb: string;
  /** The bridge under control. */
  readonly bridge: string;
  /** The port of that bridge that leads to the site's router. */
  readonly uplink: string;
}

export interface HostDescription extends SwitchDescription {
  /** libvirt's URI for the controller. */
  readonly libvirt: string;
  /** libvirt's URI for the other hosts, in a peer-to-peer migration. */
  readonly migration: string;
  readonly capacity: { readonly memoryMiB: number; readonly guests: number };
}

export interface EdgeDescription extends SwitchDescription {
  /** Whether it sends connections straight to where a guest is; without, the guest's anchors relay them. */
  readonly redirect: boolean;
}

export interface GuestDescription {
  readonly name: string;
  readonly uuid: string;
  /** The host that it starts on, and whose site is its home. */
  readonly host: string;
  readonly memoryMiB: number;
  readonly interfaces: readonly InterfaceDescription[];
  readonly services: readonly ServiceDescription[];
  /** What is done for it when it is attacked; what the controller does by default when absent. */
  readonly defence?: DefencePolicy;
  /** The name that new clients find it by, where the network has `dns`. */
  readonly dnsName?: string;
}

export interface InterfaceDescription {
  readonly mac: string;
  /** `external_ids:iface-id` of its port. */
  readonly interfaceId: string;
  /** Its home addresses: one, or one for each version of IP. */
  readonly addresses: readonly string[];
}

export interface ServiceDescription {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}
