/**
 * What the captures saw of one connection: its packets at the client, and at the TAP of the guest on each host.
 *
 * A connection is known by its two ends. On its way addresses may be rewritten (a guest sees its home address
 * whatever the client called it), the client's port rarely is: so at a TAP a flow of the guest belongs to the
 * connection when the client's address and port are the same or, with nothing else that fits, the port alone.
 */
import { echoNumber } from '../../topologies/probes/echo-message.ts';
import { type Packet, TcpFlag } from './packet.ts';

export type Protocol = 'tcp' | 'udp' | 'icmp';

export interface TracePacket {
  /** Milliseconds since the run's origin. */
  readonly ms: number;
  /** Where it was seen: a client, or the host whose TAP it was. */
  readonly node: string;
  readonly toGuest: boolean;
  /**
   * By which it is known again elsewhere, and which its answer has, too: the number of a message; for TCP the
   * offset of its first byte in the stream. Null for a packet that carries none.
   */
  readonly n: number | null;
  /** Bytes of payload. */
  readonly length: number;
  readonly flags: number;
  /** TCP: the offset up to which its sender has all of the other direction; otherwise null. */
  readonly acked: number | null;
  /** TCP: it carries data that was seen here before, in the same direction. */
  readonly resent: boolean;
}

export interface Ends {
  readonly protocol: Protocol;
  readonly client: string;
  readonly guest: string;
  /** TCP, UDP: the client's port; ICMP: its identifier. */
  readonly key: number;
  /** The guest's port; 0 for ICMP. */
  readonly service: number;
}

export type Carried = Extract<Packet, { kind: Protocol }>;

export const isCarried = (packet: Packet): packet is Carried =>
  packet.kind === 'tcp' || packet.kind === 'udp' || packet.kind === 'icmp';

/** The ends of a packet, given which way it goes. */
export function endsOf(packet: Carried, toGuest: boolean): Ends {
  const [client, guest] = toGuest ? [packet.from, packet.to] : [packet.to, packet.from];
  return {
    protocol: packet.kind,
    client: client.address,
    guest: guest.address,
    key: packet.kind === 'icmp' ? packet.identifier : client.port,
    service: guest.port,
  };
}

export const sameEnds = (a: Ends, b: Ends): boolean =>
  a.protocol === b.protocol &&
  a.key === b.key &&
  a.service === b.service &&
  a.client === b.client &&
  a.guest === b.guest;

export interface Seen {
  readonly packet: Carried;
  readonly node: string;
  readonly toGuest: boolean;
}

/** The sequence numbers of the first bytes: with them, offsets are the same wherever the connection is seen. */
export interface Beginnings {
  readonly toGuest?: number | undefined;
  readonly fromGuest?: number | undefined;
}

/** One connection's packets, in the order of their stamps. A stream without a known beginning begins at 0. */
export function trace(packets: readonly Seen[], known: Beginnings = {}): TracePacket[] {
  const ordered = [...packets].sort((a, b) => a.packet.ms - b.packet.ms);
  const there = new Stream(known.toGuest);
  const back = new Stream(known.fromGuest);
  return ordered.map(({ packet, node, toGuest }) => {
    const { ms, length } = packet;
    if (packet.kind !== 'tcp') {
      return { ms, node, toGuest, n: messageNumber(packet), length, flags: 0, acked: null, resent: false };
    }
    const [own, other] = toGuest ? [there, back] : [back, there];
    const sent = own.send(packet.seq, length, packet.flags);
    return {
      ms,
      node,
      toGuest,
      n: length > 0 ? sent.offset : null,
      length,
      flags: packet.flags,
      acked: (packet.flags & TcpFlag.ack) === 0 ? null : other.offsetOf(packet.ack),
      resent: sent.resent,
    };
  });
}

/** Of a TCP connection whose SYNs are among the packets. */
export function beginnings(packets: readonly Seen[]): Beginnings {
  const first = (direction: boolean): number | undefined => {
    for (const { packet, toGuest } of packets) {
      if (toGuest !== direction || packet.kind !== 'tcp' || (packet.flags & TcpFlag.syn) === 0) continue;
      return (packet.seq + 1) >>> 0;
    }
    return undefined;
  };
  return { toGuest: first(true), fromGuest: first(false) };
}

/** mininet/icmp.py: ten letters, and the number in 64 bits. */
const ICMP_ECHO = 'arctictern';

function messageNumber(packet: Exclude<Carried, { kind: 'tcp' }>): number | null {
  const { payload } = packet;
  if (packet.kind === 'udp') return echoNumber('udp', payload) ?? null;
  const isOurs = payload.length >= 18 && payload.toString('latin1', 0, ICMP_ECHO.length) === ICMP_ECHO;
  return isOurs ? Number(payload.readBigUInt64BE(ICMP_ECHO.length)) : packet.sequence;
}

/**
 * One direction of a TCP connection: sequence numbers (32 bits, RFC 9293 section 3.4) as offsets from its first
 * byte, and what of it was sent before.
 */
class Stream {
  #base: number | undefined;
  /** The offset after the last byte that was sent so far. */
  #end = 0;
  /** Stretches below `#end` that were never seen, as [from, to): another path may have carried them. */
  #holes: [number, number][] = [];

  constructor(base: number | undefined) {
    this.#base = base;
  }

  send(seq: number, length: number, flags: number): { offset: number; resent: boolean } {
    const first = (flags & TcpFlag.syn) === 0 ? seq : (seq + 1) >>> 0;
    this.#base ??= first;
    const offset = this.offsetOf(first) ?? 0;
    if (length === 0) return { offset, resent: false };
    const to = offset + length;
    let fresh = Math.max(0, to - Math.max(offset, this.#end));
    if (offset > this.#end) this.#holes.push([this.#end, offset]);
    this.#holes = this.#holes.flatMap(([from, until]) => {
      const [left, right] = [Math.max(from, offset), Math.min(until, to)];
      if (left >= right) return [[from, until]];
      fresh += right - left;
      const rest: [number, number][] = [
        [from, left],
        [right, until],
      ];
      return rest.filter(([a, b]) => a < b);
    });
    this.#end = Math.max(this.#end, to);
    return { offset, resent: fresh < length };
  }

  /** Null before the first segment of this direction; offsets may be near any multiple of 2^32. */
  offsetOf(seq: number): number | null {
    if (this.#base === undefined) return null;
    const expected = (this.#base + this.#end) >>> 0;
    return this.#end + ((seq - expected) | 0);
  }
}
