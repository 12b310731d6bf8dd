/**
 * The classes that a guest's inbound traffic is counted by, and how each is recognised in the datapath.
 *
 * Three of them stand for one packet of a connection each, so that connections are counted without anything being
 * kept for them: a SYN; the first packet of the client after the guest's answer (`ct_mark` says whether it has been
 * seen), which is a completed handshake; and the client's first FIN or RST. The user-space datapath looks packets up
 * batch by batch, so that two of a connection in one batch are both counted as the first.
 *
 * What comes to a relay address has been counted where it was relayed. What is the first of its connection there is counted once
 * more, in classes of its own (`relayed…`), for the sake of what nobody has relayed.
 */
import type { MatchInput } from '../../controller/openflow/index.ts';
import {
  ctState,
  ICMP,
  ICMPV6,
  ip,
  TCP,
  TCP_FIN,
  TCP_GOES_ON,
  TCP_OPENS,
  TCP_RST,
  UDP,
} from '../../controller/switches/flow.ts';
import { Admission, Mark, type Meter, Register } from '../../controller/switches/pipeline.ts';
import { NO_ANCHOR } from '../migration/marks.ts';

/** What an anchor counts, or the edge that relays in its place. */
export const ANCHOR_CLASSES = [
  'syn',
  'completed',
  'ended',
  'strayTcp',
  'invalidTcp',
  'newUdp',
  'newIcmp',
  'newOther',
  'invalidOther',
  'knownTcp',
  'knownUdp',
  'knownIcmp',
  'knownOther',
] as const;

/** What is the first of its connection at a relay address. */
export const RELAYED_CLASSES = [
  'relayedSyn',
  'relayedTcp',
  'relayedUdp',
  'relayedIcmp',
  'relayedOther',
] as const;

export const TRAFFIC_CLASSES = [...ANCHOR_CLASSES, ...RELAYED_CLASSES] as const;

export type TrafficClass = (typeof TRAFFIC_CLASSES)[number];
export type RelayedClass = (typeof RELAYED_CLASSES)[number];

/** As cookies and samples hold it: from 1. */
export const numberOfClass = (name: TrafficClass): number => TRAFFIC_CLASSES.indexOf(name) + 1;

export const classOfNumber = (number: number): TrafficClass | undefined => TRAFFIC_CLASSES[number - 1];

export interface ClassRule {
  readonly priority: number;
  readonly matches: readonly MatchInput[];
  /** The bit of `ct_mark` that is set when a packet is counted, so that no second one of its connection is. */
  readonly once?: { readonly offset: number; readonly bits: number };
  /** All of them are sampled as far as the meter goes, or one in so many. */
  readonly sampled: { readonly upTo: keyof typeof Meter } | { readonly oneIn: number };
}

/** The classes that a kind of bridge counts. */
export type ClassRules = Readonly<Record<TrafficClass, ClassRule | undefined>>;

const tcp = [
  { ...ip[4], ip_proto: TCP },
  { ...ip[6], ip_proto: TCP },
];
const udp = [
  { ...ip[4], ip_proto: UDP },
  { ...ip[6], ip_proto: UDP },
];
const icmp = [
  { ...ip[4], ip_proto: ICMP },
  { ...ip[6], ip_proto: ICMPV6 },
];
const bit = ({ offset }: { offset: number }): number => 1 << offset;
const marked = (wanted: number, cleared: number) => ({
  ct_mark: { value: wanted, mask: wanted | cleared },
});
const all = (common: MatchInput, each: readonly MatchInput[]): MatchInput[] =>
  each.map((one) => ({ ...common, ...one }));

const isNew = ctState('trk', 'new');
const isInvalid = ctState('trk', 'inv');
const isKnown = ctState('trk', 'est', '-inv');
const fromClient = ctState('trk', 'est', '-inv', '-rpl');
const isRelayed = { [Register.admission]: Admission.relayed };
const isFirst = { ...isRelayed, ...NO_ANCHOR };
const strangers = { upTo: 'sampleStrangers' } as const;
const connections = { upTo: 'sampleConnections' } as const;
const known = { upTo: 'sampleKnown' } as const;

/**
 * A packet is of the first class, by priority, that matches; of none when it belongs to a known connection in another
 * way (ICMP errors). What a client begins or sends out of nowhere is sampled as far as the meters go; bulk is not.
 */
export const classRules: Readonly<Record<TrafficClass, ClassRule>> = {
  syn: { priority: 120, matches: all({ ...isNew, tcp_flags: TCP_OPENS }, tcp), sampled: strangers },
  strayTcp: { priority: 110, matches: all(isNew, tcp), sampled: strangers },
  newUdp: { priority: 110, matches: all(isNew, udp), sampled: strangers },
  newIcmp: { priority: 110, matches: all(isNew, icmp), sampled: strangers },
  newOther: { priority: 100, matches: [isNew], sampled: strangers },
  invalidTcp: { priority: 210, matches: all(isInvalid, tcp), sampled: strangers },
  invalidOther: { priority: 200, matches: [isInvalid], sampled: strangers },
  completed: {
    priority: 140,
    matches: all({ ...fromClient, ...marked(0, bit(Mark.completed)), tcp_flags: TCP_GOES_ON }, tcp),
    once: Mark.completed,
    sampled: connections,
  },
  ended: {
    priority: 130,
    matches: [TCP_FIN, TCP_RST].flatMap((tcp_flags) =>
      all({ ...fromClient, ...marked(bit(Mark.completed), bit(Mark.ended)), tcp_flags }, tcp),
    ),
    once: Mark.ended,
    sampled: connections,
  },
  knownTcp: { priority: 110, matches: all(isKnown, tcp), sampled: { oneIn: 256 } },
  knownUdp: { priority: 110, matches: all(isKnown, udp), sampled: known },
  knownIcmp: { priority: 110, matches: all(isKnown, icmp), sampled: known },
  knownOther: { priority: 100, matches: [isKnown], sampled: { oneIn: 256 } },
  relayedSyn: { priority: 340, matches: all({ ...isFirst, tcp_flags: TCP_OPENS }, tcp), sampled: strangers },
  relayedTcp: { priority: 330, matches: all(isFirst, tcp), sampled: strangers },
  relayedUdp: { priority: 330, matches: all(isFirst, udp), sampled: strangers },
  relayedIcmp: { priority: 330, matches: all(isFirst, icmp), sampled: strangers },
  relayedOther: { priority: 320, matches: [isFirst], sampled: strangers },
};

/** The rest of what comes to a relay address is on connections that are known, and no class's. */
export const uncountedRelayed = { priority: 310, match: isRelayed } as const;

/**
 * What an edge counts of what it redirects; the rest (`uncountedAtEdge`) it passes on, and the anchor counts it. Of the
 * handshakes, those that it has redirected from the SYN on: a connection that was there before is no new one.
 */
export const edgeClassRules: ClassRules = {
  ...classRules,
  strayTcp: undefined,
  invalidTcp: undefined,
  invalidOther: undefined,
  completed: {
    ...classRules.completed,
    matches: all(
      { ...fromClient, ...marked(bit(Mark.redirected), bit(Mark.completed)), tcp_flags: TCP_GOES_ON },
      tcp,
    ),
  },
};

/** What belongs to no connection; and what conntrack calls invalid because it does not see all of a connection. */
export const uncountedAtEdge: readonly { readonly priority: number; readonly match: MatchInput }[] = [
  ...classRules.strayTcp.matches.map((match) => ({ priority: classRules.strayTcp.priority, match })),
  ...classRules.invalidOther.matches.map((match) => ({ priority: classRules.invalidOther.priority, match })),
];
