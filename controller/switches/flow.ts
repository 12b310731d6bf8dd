/**
 * A flow as apps write it, and the short words they write it with.
 */
import {
  type Action,
  actions,
  CtState,
  type FieldInput,
  type FieldName,
  match,
  type Match,
  type MatchInput,
  type NatAction,
  Port,
  subfield,
} from '../openflow/index.ts';
import { Meter, SAMPLE_COLLECTOR_SET, Table, type TableName } from './pipeline.ts';

export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly actions: readonly Action[];
  /** The table that the packet goes on to, if any; a later one. */
  readonly next: number | undefined;
  readonly cookie: bigint;
  /** Seconds after which OVS removes the flow by itself; 0 for never. */
  readonly hardTimeout: number;
}

/** What is done, and the table that the packet then goes on to. */
export type Then = readonly [actions: readonly Action[], next?: TableName];

export const drop: Then = [[]];

/** Collects flows that share a cookie. */
export class FlowList {
  readonly flows: Flow[];
  readonly #cookie: bigint;

  constructor(cookie: bigint, flows: Flow[] = []) {
    this.#cookie = cookie;
    this.flows = flows;
  }

  /** The same list, for flows of another object. */
  under(cookie: bigint): FlowList {
    return new FlowList(cookie, this.flows);
  }

  add(table: TableName, priority: number, fields: MatchInput, then: Then, hardTimeout = 0): this {
    const [list, next] = then;
    this.flows.push({
      table: Table[table],
      priority,
      match: match(fields),
      actions: list,
      next: next === undefined ? undefined : Table[next],
      cookie: this.#cookie,
      hardTimeout,
    });
    return this;
  }
}

export const ETH_IPV4 = 0x0800;
export const ETH_IPV6 = 0x86dd;
export const ETH_ARP = 0x0806;
export const ETH_RARP = 0x8035;
export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;

/** Match on the EtherType of each IP version. */
export const ip = { 4: { eth_type: ETH_IPV4 }, 6: { eth_type: ETH_IPV6 } } as const;

/** A TCP segment that opens a connection: SYN without ACK. */
export const TCP_OPENS = { value: 0x002, mask: 0x012 } as const;
/** A TCP segment that takes a connection further: ACK without SYN and RST. */
export const TCP_GOES_ON = { value: 0x010, mask: 0x016 } as const;
/** FIN or RST, of which a match can name but one. */
export const TCP_FIN = { value: 0x001, mask: 0x001 } as const;
export const TCP_RST = { value: 0x004, mask: 0x004 } as const;

const ctFlags = {
  new: CtState.NEW,
  est: CtState.EST,
  rel: CtState.REL,
  rpl: CtState.RPL,
  inv: CtState.INV,
  trk: CtState.TRK,
  snat: CtState.SNAT,
  dnat: CtState.DNAT,
} as const;

/** `ctState('trk', 'est')` wants those bits; `ctState('trk', '-inv')` wants the first and not the second. */
export function ctState(...wanted: readonly (keyof typeof ctFlags | `-${keyof typeof ctFlags}`)[]) {
  let value = 0;
  let mask = 0;
  for (const flag of wanted) {
    const positive = !flag.startsWith('-');
    const bit = ctFlags[(positive ? flag : flag.slice(1)) as keyof typeof ctFlags];
    mask |= bit;
    if (positive) value |= bit;
  }
  return { ct_state: { value, mask } };
}

export const output = (port: number): Action => actions.output(port);
/** As a learning switch would. */
export const switched: Action = actions.output(Port.NORMAL);
export const outputInPort: Action = actions.output(Port.IN_PORT);
export const decTtl: Action = actions.decTtl();
/** By name, or by number for those of interfaces. */
export const meter = (which: keyof typeof Meter | number): Action =>
  actions.meter(typeof which === 'number' ? which : Meter[which]);

export function set<N extends FieldName>(name: N, value: FieldInput<N>): Action {
  return actions.setField(name, value);
}

/** Copies `bits` bits from bit `srcStart` of one field to bit `dstStart` of another. */
export function copy(
  src: FieldName,
  srcStart: number,
  dst: FieldName,
  dstStart: number,
  bits: number,
): Action {
  return actions.copyField(subfield(src, srcStart, bits), subfield(dst, dstStart, bits));
}

/** Goes through another table, which may be an earlier one, and comes back. */
export const resubmit = (table: TableName): Action => actions.resubmit(Table[table]);

/**
 * Does this to the packet, which is then again what it was, and goes on whatever became of it there. Before a meter in it there
 * has to be a `checkPacketLarger`: OVS translates what follows that apart, and else drops at the meter what comes after, too.
 */
export const apart = (list: readonly Action[]): Action => ({ type: 'clone', actions: [...list] });

export interface CtOptions {
  /** A zone, or the register that holds it in its low 16 bits. */
  readonly zone: number | FieldName;
  readonly commit?: boolean;
  /** Translates; `{}` applies the translation that the connection has already. */
  readonly nat?: { readonly src?: string; readonly dst?: string };
  /** The table that the packet goes on to once it has been looked up. */
  readonly table?: TableName;
  /** Done to the connection when it is committed. */
  readonly exec?: readonly Action[];
}

export function ct({ zone, commit, nat, table, exec }: CtOptions): Action {
  return actions.ct({
    commit: commit ?? false,
    zone: typeof zone === 'number' ? zone : subfield(zone, 0, 16),
    ...(table === undefined ? {} : { table: Table[table] }),
    actions: [...(nat === undefined ? [] : [natAction(nat)]), ...(exec ?? [])],
  });
}

function natAction({ src, dst }: { readonly src?: string; readonly dst?: string }): NatAction {
  const address = src ?? dst;
  if (address === undefined) return actions.nat();
  return actions.nat(
    src === undefined ? 'dst' : 'src',
    address.includes(':') ? { ipv6Min: address } : { ipv4Min: address },
  );
}

/** Sets bit 0 of a register when the frame, Ethernet header included, is longer than `bytes`. */
export const checkPacketLarger = (bytes: number, register: FieldName): Action =>
  actions.checkPktLarger(bytes, register, 0);

/** Sends the beginning of the packet to the controller, at the rate that a meter allows. */
export function packetIn(reason: number, meterName: keyof typeof Meter): Action {
  return actions.controller({
    maxLen: PACKET_IN_BYTES,
    userdata: Uint8Array.of(reason),
    meterId: Meter[meterName],
  });
}

/** One of `of` packets, by chance, is told to the collector, under the bridge's observation domain and the counter's number. */
export const sample = (of: number, domain: number, counter: number): Action => ({
  type: 'sample',
  probability: Math.round(0xffff / of),
  collectorSetId: SAMPLE_COLLECTOR_SET,
  obsDomainId: domain,
  obsPointId: counter,
});

/** Enough for the largest quotation in an ICMPv6 error (RFC 4443, section 3.2) and its Ethernet header. */
const PACKET_IN_BYTES = 1294;
