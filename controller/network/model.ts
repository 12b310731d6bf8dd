/**
 * The network as the controller knows it: what was declared, what was observed, what was decided.
 *
 * One immutable value. Every change makes a new one that shares all unchanged parts, so that whoever derives
 * something from a part (flows from an interface, say) can tell by identity whether it has to be derived again.
 * Nothing here refers to a connection, a timer or a protocol message.
 *
 * Declared: sites, subnets, hosts, guests. Observed: bridges with their ports, hypervisors with their
 * domains, gateways. Decided: placements, anchors, migrations, flights, the blocklist, admission rates.
 */
import type { Anchor } from './anchor.ts';
import type { Blocklist } from './blocklist.ts';
import type { DefencePolicy } from './defence-policy.ts';
import type { Flight, FlightId } from './flight.ts';
import type { MigrationHistory } from './history.ts';
import type { Migration } from './migration.ts';
import type {
  Addresses,
  EdgeName,
  GuestName,
  HostName,
  InterfaceNumber,
  Prefix,
  SiteName,
  SwitchName,
} from './names.ts';

export interface NetworkState {
  readonly subnets: ReadonlyMap<Prefix, Subnet>;
  readonly hosts: ReadonlyMap<HostName, Host>;
  readonly edges: ReadonlyMap<EdgeName, Edge>;
  readonly guests: ReadonlyMap<GuestName, Guest>;
  /** What OVS on each host and edge was last seen to have; absent before the first sight of it. */
  readonly bridges: ReadonlyMap<SwitchName, Bridge>;
  /** What libvirtd on each host was last seen to run; absent before the first sight of it. */
  readonly hypervisors: ReadonlyMap<HostName, Hypervisor>;
  /** MAC address of each subnet's gateway, as last answered. */
  readonly gateways: ReadonlyMap<Prefix, string>;
  /** Where each guest's traffic is delivered; absent while the guest has not been seen running. */
  readonly placements: ReadonlyMap<GuestName, HostName>;
  /** The host that gets copies of a guest's traffic, besides where it is delivered: about to move there. */
  readonly copies: ReadonlyMap<GuestName, HostName>;
  /** The anchors of each interface, home anchor first. */
  readonly anchors: ReadonlyMap<InterfaceNumber, readonly Anchor[]>;
  /** The present migration of each guest, or its last one. */
  readonly migrations: ReadonlyMap<GuestName, Migration>;
  /** The last migrations, ended ones too. */
  readonly history: MigrationHistory;
  readonly blocklist: Blocklist;
  /** How guests are defended that somebody has said so of over the API; it goes before what is declared. */
  readonly policies: ReadonlyMap<GuestName, DefencePolicy>;
  /** The last flights, oldest first. */
  readonly flights: ReadonlyMap<FlightId, Flight>;
  /** Of guests that are let have fewer new connections than their policy says. */
  readonly admissionLimits: ReadonlyMap<GuestName, AdmissionLimit>;
  /** Completed migrations of guests that have moved on since, by id, as long as the anchor left then may relay. */
  readonly earlier: ReadonlyMap<string, Migration>;
  /** Care-of addresses given back a short while ago, which nobody else may have yet. */
  readonly quarantine: ReadonlyMap<string, Quarantined>;
  readonly drain: DrainTimes;
}

/** One address family of a site's network; IPv4 and IPv6 side by side are two subnets. */
export interface Subnet {
  /** In CIDR form: `10.1.0.0/24`, `2001:db8:1::/64`. */
  readonly prefix: Prefix;
  readonly family: 4 | 6;
  readonly site: SiteName;
  readonly gateway: string;
  /** The care-of addresses that the controller may lease here, first and last included. */
  readonly careOf?: { readonly first: string; readonly last: string };
  /** Largest IP packet that the subnet carries, in bytes. */
  readonly mtu: number;
}

/** What a host and an edge have in common: an Open vSwitch with a bridge under control. */
export interface ControlledSwitch {
  readonly name: SwitchName;
  readonly site: SiteName;
  /** Its OVSDB, in OVS's own syntax: `tcp:198.18.0.2:6640`. */
  readonly ovsdb: string;
  readonly bridge: string;
  /** Name of the bridge's port towards the subnet, or, at an edge, towards the site's router. */
  readonly uplink: string;
  /** The address that tunnels start and end at. */
  readonly underlay: string;
}

/** An OVS between a site's stations and its router; it holds no guests. All its other ports lead to stations. */
export interface Edge extends ControlledSwitch {
  /** Counted from 1 as declared: the key of an edge in cookies. */
  readonly number: number;
  /** Whether it sends connections straight to where a guest is; without, the guest's anchors relay them. */
  readonly redirect: boolean;
}

export interface Host extends ControlledSwitch {
  /** 1 to 65,535, stable for the life of the store: the key of a host in cookies. */
  readonly number: number;
  /** libvirt connection URI by which the controller reaches the host. */
  readonly libvirt: string;
  /** libvirt connection URI by which other hosts reach this one in a peer-to-peer migration. */
  readonly migration: string;
  readonly capacity: Capacity;
}

export interface Capacity {
  readonly guests: number;
  readonly memoryMiB: number;
}

export interface Guest {
  readonly name: GuestName;
  readonly uuid: string;
  readonly memoryMiB: number;
  readonly interfaces: readonly GuestInterface[];
  /** What the guest serves: after a restart of OVS, mid-stream TCP to these is admitted for a grace. */
  readonly services: readonly Service[];
  /** What is done for it when it is attacked, as declared; see `policyOf`. */
  readonly defence?: DefencePolicy;
  /** The name that new clients find it by; absent where names are not kept. */
  readonly dnsName?: string;
}

export interface GuestInterface {
  readonly number: InterfaceNumber;
  readonly guest: GuestName;
  /** `external_ids:iface-id` of its port. */
  readonly interfaceId: string;
  readonly mac: string;
  /** The site that the home addresses belong to. */
  readonly homeSite: SiteName;
  readonly home: Addresses;
}

export interface Service {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** A bridge under control, as its OVSDB and its OpenFlow session tell. */
export interface Bridge {
  /** The host or edge that it is on. */
  readonly host: SwitchName;
  /** 16 hex digits. */
  readonly datapathId: string;
  /** By port name. */
  readonly ports: ReadonlyMap<string, BridgePort>;
  /** The bridge's own MAC address, from which the controller asks for gateways. */
  readonly mac: string;
  readonly datapath: Datapath;
  /** Clock time until which mid-stream TCP of known services is admitted, or 0. */
  readonly graceUntil: number;
}

/** Who forwards: `netdev` in user space, `system` in the kernel, and what it says it can do. */
export interface Datapath {
  readonly type: string;
  readonly ovsVersion: string;
  /** Names and values of the `Datapath` table's `capabilities`; empty when OVS does not tell. */
  readonly capabilities: ReadonlyMap<string, string>;
}

export interface BridgePort {
  readonly name: string;
  readonly ofport: number;
  /** `external_ids:attached-mac` in lower case, which libvirt writes for a guest's interface. */
  readonly attachedMac?: string;
  /** `external_ids:iface-id`. */
  readonly ifaceId?: string;
}

export interface Hypervisor {
  readonly host: HostName;
  readonly reachable: boolean;
  /** By domain name. */
  readonly domains: ReadonlyMap<GuestName, DomainState>;
}

/** `saved`: shut off, with all that it was doing in a file. */
export type DomainState = 'running' | 'paused' | 'incoming' | 'saved' | 'shutoff' | 'other';

export interface AdmissionLimit {
  /** Ids of the verdicts that say so, and where each of these floods arrives. */
  readonly verdicts?: ReadonlyMap<string, SwitchName>;
  /** New connections a second that each bridge lets it have. */
  readonly perSecond: number;
  /** At these edges alone; undefined: at every bridge. */
  readonly at?: ReadonlySet<EdgeName>;
  /** Networks that it is not for: from there the guest is let have as many as ever. In CIDR form, in order. */
  readonly known?: readonly Prefix[];
}

/** A care-of address that a client may still take for the interface's. */
export interface Quarantined {
  readonly interface: InterfaceNumber;
  /** Clock time from which on anybody may have it. */
  readonly until: number;
}

/** When what is left of a move goes, in milliseconds. */
export interface DrainTimes {
  /** An anchor that has relayed nothing for this long has drained. */
  readonly idle: number;
  /** How long a care-of address that was given back is kept from others. */
  readonly quarantine: number;
}
