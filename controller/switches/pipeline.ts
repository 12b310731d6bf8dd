/**
 * The pipeline: every table, register, mark, key and cookie of a bridge under control, declared once.
 *
 *   uplink ── classify ── blocklist ── neighbour ── inbound ── count ── inbound-tracked ── deliver ──► guest
 *                                          │                                 │              │ └─ relay ──► tunnel
 *                                          │                                 └─ admission ── blocklist-new ── binding ─┐
 *                                          └──► answer (ARP, ND)                            └───── translated ─────────┘
 *   tunnel ── classify ── tunnelled ── deliver-relayed ──► guest                          to the guest
 *                             └─ outbound-tracked ── route ──► uplink                     from the guest
 *   guest ── classify ── neighbour ── outbound ── outbound-relayed ── relay ──► tunnel    answers to an anchor
 *                                                       └─ outbound-tracked ── route ──► uplink
 *                                                            ├─ binding-outbound ─┘  └─► inbound, another guest here
 *                                                            └─ strays ──► tunnel, anchor after anchor, and back:
 *   tunnel ── classify ── tunnelled ── returned ── binding-outbound ── route ──► uplink
 *
 * A new connection that would look to the guest as a relayed one does, and its packets later:
 *
 *   … inbound-tracked ── binding ── compared ── source-translated ── deliver ──► guest
 *   … inbound-tracked ── source-known ── inbound-tracked ── deliver ──► guest
 *
 * While a switchover is prepared, in place of what `deliver` and an edge do with a packet otherwise:
 *
 *   … deliver ──► guest's port, if it is here
 *        ├─ before-switchover ──► relay, or relay address     behind a gate that the switchover shuts
 *        └─ after-switchover ──► relay, relay address or port     behind a gate that it opens
 *
 * At an edge, between its stations and its uplink, both ways:
 *
 *   any port ── classify ── blocklist ── neighbour ── edge ──► as a switch would
 *                                                      ├─ edge-tracked ──► as a switch would, the connection noted
 *                                                      │      └──► relay address ──► uplink
 *                                                      └─ count ── edge-tracked, where that redirects
 *
 * What takes the place of tunnels, in the ways to relay `rewrite` (both) and `direct` (answers):
 *
 *   at the anchor       … deliver ──► relay address ──► uplink
 *   where the guest is  uplink ── … inbound ── count ── inbound-tracked ── deliver-relayed ──► guest
 *                                                           └─ admission ── binding ── deliver-relayed
 *                                                                └─ blocklist-new (a SYN) ─┘
 *                       guest ── … outbound-relayed ──► relay address, or the anchor's own ──► uplink
 *
 * One app owns each table; flows of several objects share it, told apart by cookie. Rules are proactive:
 * what no rule knows is dropped, never sent to the controller.
 *
 * Every interface of a guest has a number (14 bits). It is what tunnels carry and registers hold, and it
 * gives three conntrack zones on every bridge: the anchor zone tracks connections of addresses that this bridge
 * holds (home or care-of), translations included, and at an edge those that pass it; the relay zone remembers, where
 * the guest is, which anchor each relayed connection came from; a third one holds translated sources. So state never
 * moves between bridges.
 */

export const Table = {
  /** Which port it came in by, which interface it belongs to; what a guest may send as. */
  classify: 0,
  /** Out of a tunnel: to the guest, or from it. */
  tunnelled: 5,
  /** The blocklist's first line: sources of which nothing gets in. Few, so that megaflows stay few. */
  blocklist: 10,
  /** ARP and neighbour discovery: answered here, for addresses that this bridge holds. */
  neighbour: 20,
  /** Neighbour discovery: only what no router has passed on. Nobody else's source address is looked at. */
  onLink: 21,
  /** At an edge: is it to or from an address of a guest elsewhere? */
  edge: 24,
  /** At an edge, looked up in the anchor zone: established, new, unknown. */
  edgeTracked: 25,
  /** From the uplink: which interface the destination address belongs to. */
  inbound: 30,
  /** Looked up in the anchor zone; counted and sampled, by interface and class of traffic. At an edge: what it redirects. */
  count: 31,
  /** Established, new, invalid. */
  inboundTracked: 32,
  /** New connections from outside: as many a second as their guest's meter lets through. */
  admission: 33,
  /** The blocklist's second line: sources whose new connections are dropped. Reached behind the meters only. */
  blocklistNew: 34,
  /** A new connection from outside: tracked from here on, translated when it is to a care-of address. */
  binding: 35,
  /** A new connection as the guest would see it, looked up in the relay zone: is there one that looks the same? */
  compared: 36,
  /** A new connection that was given another source: tracked from here on. */
  sourceTranslated: 37,
  /** A packet that was not known, with the source that it was given if it was given one: looked up again. */
  sourceKnown: 38,
  /** It should have been translated. What was not, for want of room in conntrack, is dropped. */
  translated: 39,
  /** To the guest: its port, or the tunnel to where it is. */
  deliver: 40,
  /** Out of a tunnel, to the guest: remember the anchor, then its port. */
  deliverRelayed: 41,
  /** While a switchover is prepared: where packets go until then, behind a gate that it shuts. */
  beforeSwitchover: 42,
  /** And where they go from then on, behind a gate that it opens. */
  afterSwitchover: 43,
  /** From the guest: is it an answer on a relayed connection? */
  outbound: 50,
  /** Looked up in the relay zone: back to the anchor, or on to the anchor zone. */
  outboundRelayed: 51,
  /** Looked up in the anchor zone: established, new, unknown. */
  outboundTracked: 52,
  /** What this bridge does not know and what may be somebody else's: the other anchors are asked, in turn. */
  strays: 53,
  /** Back where the guest is, and no anchor knows it. */
  returned: 54,
  /** A new connection of the guest: tracked from here on, translated when the guest is away from home. */
  bindingOutbound: 55,
  /** The same the other way: nothing leaves with a home address in the place of a care-of address. */
  translatedOutbound: 56,
  /** Into a tunnel, unless it does not fit. */
  relay: 60,
  /** Out of the uplink, or back in for another guest of this host. */
  route: 70,
  /** Second half of neighbour answers whose fields depend on fields that the first half set. */
  neighbourReply: 80,
  /** An answer goes back: out of the port that the question came in by, or through its tunnel. */
  answer: 81,
} as const;

export type TableName = keyof typeof Table;

/**
 * Tables that packets of any address come to and whose flows name addresses: what OVS keeps tries of there, 3 fields at
 * most. So a packet's megaflow has no more bits of an address than tell it from those that are named; without one it has
 * all of them, and random sources make a megaflow each. By itself OVS (3.1) does that for IPv4 alone.
 */
export const prefixLookups: Partial<Readonly<Record<TableName, readonly string[]>>> = {
  blocklist: ['ip_dst', 'ip_src', 'ipv6_src'],
  edge: ['ip_dst', 'ip_src', 'ipv6_src'],
  admission: ['ip_dst', 'ip_src', 'ipv6_src'],
  blocklistNew: ['ip_dst', 'ip_src', 'ipv6_src'],
  route: ['ip_dst', 'ip_src', 'ipv6_dst'],
};

/** Registers, by what they hold. */
export const Register = {
  /** Number of the interface. */
  interface: 'reg0',
  /** One of `Class`. */
  class: 'reg1',
  /** Anchor zone of the interface. */
  anchorZone: 'reg2',
  /** Relay zone of the interface. */
  relayZone: 'reg3',
  /** Index of the anchor that a relayed packet came through. */
  anchor: 'reg4',
  /** 1 when the packet is too large for a tunnel. */
  tooLarge: 'reg5',
  /** One of `Admission`. */
  admission: 'reg6',
  /** One of `Answer`. At an edge: whether the packet came with a relay address as its source. */
  answer: 'reg7',
  /** 1 when the zone of translated sources was asked. */
  looked: 'reg8',
  /** 1 when it is neighbour discovery from the link itself. */
  onLink: 'reg9',
} as const;

/** Where a packet came from; a station is what is inside an edge. */
export const Class = { guest: 1, uplink: 2, tunnel: 3, station: 4 } as const;

/** How what a guest answers on a relayed connection leaves the host that it is at. */
export const Answer = {
  /** Through a tunnel to the anchor. */
  tunnel: 0,
  /** Out of the uplink, with the relay address that edges send to as its source. */
  relayAddress: 1,
  /** Out of the uplink, with the address that the connection was born on as its source. */
  straight: 2,
} as const;

/** What happens to a new connection. */
export const Admission = {
  /** Refused. */
  none: 0,
  /** Admitted to the home address. */
  home: 1,
  /** Admitted to a care-of address, and translated to the home address. */
  careOf: 2,
  /** Came to a relay address: another bridge has admitted it, or somebody has found that address out. */
  relayed: 3,
} as const;

/**
 * Bits of `ct_mark`. In a relay zone: the index of the connection's anchor, and how answers leave. In an anchor
 * zone: whether the guest opened the connection here, so that its packets need no asking before the first answer;
 * that the bridge knows it, which is to be seen even where conntrack calls a packet invalid; whether a client's
 * handshake has been counted as completed, and whether its end has been counted; at an edge, whether it was redirected
 * from its beginning, so that its handshake is to be counted there.
 */
export const Mark = {
  anchor: { offset: 0, bits: 8 },
  opened: { offset: 8, bits: 1 },
  known: { offset: 9, bits: 1 },
  completed: { offset: 10, bits: 1 },
  ended: { offset: 11, bits: 1 },
  answer: { offset: 12, bits: 2 },
  redirected: { offset: 14, bits: 1 },
} as const;

/**
 * The 24 bits of a tunnel key: interface number in 0 to 14, direction in 15 (1: from the guest), index of
 * the anchor in 16 to 23. So an anchor needs no state on the way, and forwarding keeps it. Index 0 to the
 * guest's side returns a stray that no anchor knows; from there, it opens a connection at the home anchor of a
 * guest whose host holds no address for it.
 */
export const TunnelKey = {
  interface: { offset: 0, bits: 15 },
  fromGuest: { offset: 15, bits: 1 },
  anchor: { offset: 16, bits: 8 },
} as const;

export function tunnelKey(
  interfaceNumber: number,
  anchor: number,
  direction: 'to-guest' | 'from-guest',
): number {
  return (
    interfaceNumber |
    (direction === 'from-guest' ? 1 << TunnelKey.fromGuest.offset : 0) |
    (anchor << TunnelKey.anchor.offset)
  );
}

/** Conntrack zones of an interface; zones 0 and 1 stay with whoever else uses the host. */
export const anchorZone = (interfaceNumber: number): number => interfaceNumber * 2;
export const relayZone = (interfaceNumber: number): number => interfaceNumber * 2 + 1;
/** Sources that were translated (see migration/same-port.ts). */
export const sourceZone = (interfaceNumber: number): number => 0x8000 + interfaceNumber;

/** What Geneve adds around an IP packet: the inner Ethernet header, Geneve, UDP and the outer IP header. */
export const TUNNEL_OVERHEAD = { 4: 14 + 8 + 8 + 20, 6: 14 + 8 + 8 + 40 } as const;
export const ETHERNET_HEADER = 14;

/**
 * Cookies: `0xa7c7` in the top 16 bits says that a flow is ours, then 8 bits for the app, 8 for the kind of
 * object and 32 for its number. Flows with another top are foreign and left alone.
 */
export const COOKIE_PREFIX = 0xa7c7n;
export const COOKIE_PREFIX_MASK = 0xffff_0000_0000_0000n;

export const App = { routing: 1, migration: 2, defence: 3 } as const;
export type AppName = keyof typeof App;

export const ObjectKind = {
  bridge: 0,
  interface: 1,
  host: 2,
  subnet: 3,
  relay: 4,
  counter: 5,
  edge: 6,
  block: 7,
  anchor: 8,
  /** What begins at an interface's relay addresses. */
  relayed: 9,
} as const;
export type ObjectKindName = keyof typeof ObjectKind;

export function cookie(app: AppName, kind: ObjectKindName, number: number): bigint {
  return (
    (COOKIE_PREFIX << 48n) | (BigInt(App[app]) << 40n) | (BigInt(ObjectKind[kind]) << 32n) | BigInt(number)
  );
}

/** Ways to relay, by their numbers in cookies. */
export const Relaying = { tunnel: 0, rewrite: 1, direct: 2 } as const;

/**
 * The object `relay`: flows that carry what one anchor's connections say while their guest is elsewhere. So the
 * counters of all of an anchor's flows, at whichever bridge, are found by one cookie: interface number in bits 0
 * to 15, index of the anchor in 16 to 23, way to relay in 24 to 31.
 */
export function relayCookie(
  interfaceNumber: number,
  anchor: number,
  mode: keyof typeof Relaying = 'tunnel',
): bigint {
  return cookie('migration', 'relay', interfaceNumber + anchor * 2 ** 16 + Relaying[mode] * 2 ** 24);
}

/**
 * The object `anchor`: flows that refuse what is new at an anchor that admits only what is established, at whichever
 * bridge. Interface number in bits 0 to 15, index of the anchor in 16 to 23.
 */
export function closedAnchorCookie(app: AppName, interfaceNumber: number, anchor: number): bigint {
  return cookie(app, 'anchor', interfaceNumber + anchor * 2 ** 16);
}

export function ofAnchor(number: number): { interfaceNumber: number; index: number } {
  return { interfaceNumber: number & 0xffff, index: (number >>> 16) & 0xff };
}

export interface CookieOwner {
  readonly app: AppName;
  readonly kind: ObjectKindName;
  readonly number: number;
}

/** Who a flow belongs to; undefined when it is foreign. */
export function cookieOwner(value: bigint): CookieOwner | undefined {
  if (value >> 48n !== COOKIE_PREFIX) return undefined;
  const app = nameOf(App, Number((value >> 40n) & 0xffn));
  const kind = nameOf(ObjectKind, Number((value >> 32n) & 0xffn));
  return app === undefined || kind === undefined
    ? undefined
    : { app, kind, number: Number(value & 0xffff_ffffn) };
}

/** A counter's number: interface number in bits 0 to 14, class of traffic from bit 16. Samples carry the same. */
export const counterNumber = (interfaceNumber: number, trafficClass: number): number =>
  interfaceNumber | (trafficClass << 16);

export function ofCounter(number: number): { interfaceNumber: number; trafficClass: number } {
  return { interfaceNumber: number & 0x7fff, trafficClass: number >>> 16 };
}

/** `interface 3`; with the anchor's index: `anchor 3/1`, `relay 3/1, rewrite`; of a counter, interface and class. */
export function objectText({ kind, number }: CookieOwner): string {
  if (kind === 'counter') return `counter ${number & 0x7fff}/${number >>> 16}`;
  if (kind !== 'relay' && kind !== 'anchor') return `${kind} ${number}`;
  const { interfaceNumber, index } = ofAnchor(number);
  const mode = kind === 'relay' ? `, ${nameOf(Relaying, number >>> 24) ?? 'unknown'}` : '';
  return `${kind} ${interfaceNumber}/${index}${mode}`;
}

/** Meters that every bridge has, by what they protect the controller and the slow path from. */
export const Meter = {
  /** Packets that do not fit a tunnel, answered by an ICMP error. */
  tooLarge: 1,
  /** Neighbour discovery that is answered in flows, in the slow path. */
  neighbour: 2,
  /** Samples of what begins or belongs to no connection. */
  sampleStrangers: 3,
  /** Samples of handshakes that were completed, and of connections that end. */
  sampleConnections: 4,
  /** Samples of ICMP and UDP on known connections. */
  sampleKnown: 5,
  /** Gateways' answers, to the controller. */
  gateway: 6,
  /** Guests' announcements, to the controller. */
  announcement: 7,
} as const;

/** Meters of interfaces: the new connections from outside that they are let have in a second. */
const FIRST_ADMISSION_METER = 0x100;
export const admissionMeter = (interfaceNumber: number): number => FIRST_ADMISSION_METER + interfaceNumber;
/** Of those from networks that are known, while it is the others that are let in at a lower rate. */
const FIRST_KNOWN_NETWORKS_METER = 0x4100;
export const knownNetworksMeter = (interfaceNumber: number): number =>
  FIRST_KNOWN_NETWORKS_METER + interfaceNumber;

/**
 * Gates of interfaces: meters that let everything pass or nothing. A change of flows is in force when OVS's revalidators
 * have come to the packets' megaflow; a change of a meter at once, since megaflows only name it.
 */
const FIRST_GATE = { beforeSwitchover: 0x8100, afterSwitchover: 0xc100 } as const;
export const gateMeter = (which: keyof typeof FIRST_GATE, interfaceNumber: number): number =>
  FIRST_GATE[which] + interfaceNumber;

/** What begins at an interface's relay addresses. */
const FIRST_RELAYED_METER = 0x1_0100;
export const relayedMeter = (interfaceNumber: number): number => FIRST_RELAYED_METER + interfaceNumber;
export const isRelayedMeter = (meterId: number): boolean => meterId > FIRST_RELAYED_METER;

/** One of those that the program's blocks name, of whichever interface. */
export const isInterfaceMeter = (meterId: number): boolean =>
  meterId > FIRST_ADMISSION_METER && meterId <= FIRST_RELAYED_METER + 0x3fff;

/** A meter's rate that lets nothing pass, and one that is never reached. */
export const SHUT = 0;
export const OPEN = 10_000_000;

/** The observation domain of an edge's samples; a host's is its number, which is less. */
export const edgeDomain = (edgeNumber: number): number => 0x1_0000 + edgeNumber;

/** The `Flow_Sample_Collector_Set` that samples go to, in every bridge. */
export const SAMPLE_COLLECTOR_SET = 0xa7c7;

/** What a packet-in is about: `controller2`'s userdata, first byte. */
export const PacketInReason = { tooLarge: 1, gateway: 2, announcement: 3 } as const;

function nameOf<T extends Readonly<Record<string, number>>>(names: T, value: number): keyof T | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
