/**
 * What a captured frame is, as far as evidence needs it: who sends to whom, and the numbers by which a packet is
 * known again elsewhere. Frames are cut short by their capture; what is not there is not read.
 *
 * Link types: Ethernet (1), and Linux "cooked" version 2 (276), which captures of many interfaces have: it names
 * the interface, and whether the frame went out of it.
 */
import { formatAddress } from '../../controller/network/address.ts';
import type { CapturedFrame } from './pcap.ts';

export const LinkType = { ethernet: 1, linuxSll2: 276 } as const;

const EtherType = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, rarp: 0x8035, ipv6: 0x86dd } as const;
const Protocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
/** `sll2_pkttype`: the frame was sent by this machine. */
const OUTGOING = 4;
const GENEVE_PORT = 6081;
const GENEVE_HEADER = 8;

export interface Endpoint {
  readonly address: string;
  /** Of TCP and UDP; 0 for ICMP. */
  readonly port: number;
}

interface Common {
  readonly ms: number;
  /** Interface index and direction, where the capture tells. `out` of a TAP is towards the guest. */
  readonly link?: { readonly index: number; readonly out: boolean };
  /** Geneve's network identifier, when this came in a tunnel. */
  readonly tunnel?: number;
}

export type Packet = Common & (Announcement | TcpSegment | UdpDatagram | IcmpEcho);

/** A RARP request, a gratuitous ARP or an unsolicited neighbour advertisement: somebody says where it is. */
export interface Announcement {
  readonly kind: 'rarp' | 'gratuitous-arp' | 'neighbour-advertisement';
  readonly mac: string;
  /** The address that is announced; RARP has none. */
  readonly address?: string;
}

export const isAnnouncement = (packet: Packet): packet is Common & Announcement =>
  packet.kind === 'rarp' || packet.kind === 'gratuitous-arp' || packet.kind === 'neighbour-advertisement';

interface Addressed {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** The part of the payload that was captured. */
  readonly payload: Buffer;
  /** All of the payload. */
  readonly length: number;
}

export interface TcpSegment extends Addressed {
  readonly kind: 'tcp';
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
}

export interface UdpDatagram extends Addressed {
  readonly kind: 'udp';
}

export interface IcmpEcho extends Addressed {
  readonly kind: 'icmp';
  readonly type: 'request' | 'reply';
  readonly identifier: number;
  readonly sequence: number;
}

export const TcpFlag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** Undefined for what is of no interest, or not whole enough to tell. */
export function readPacket(frame: CapturedFrame, linkType: number): Packet | undefined {
  const { ms, bytes } = frame;
  try {
    switch (linkType) {
      case LinkType.ethernet:
        return ethernet(bytes, { ms });
      case LinkType.linuxSll2: {
        const link = { index: bytes.readUInt32BE(4), out: bytes[10] === OUTGOING };
        return network(bytes.readUInt16BE(0), bytes.subarray(20), { ms, link });
      }
      default:
        return undefined;
    }
  } catch (error) {
    // A read beyond the end: the capture cut the frame too short.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function ethernet(bytes: Buffer, common: Common): Packet | undefined {
  const type = bytes.readUInt16BE(12);
  if (type === EtherType.vlan) return network(bytes.readUInt16BE(16), bytes.subarray(18), common);
  return network(type, bytes.subarray(14), common);
}

function network(etherType: number, bytes: Buffer, common: Common): Packet | undefined {
  switch (etherType) {
    case EtherType.arp:
    case EtherType.rarp:
      return arp(etherType, bytes, common);
    case EtherType.ipv4: {
      const header = (bytes.readUInt8(0) & 15) * 4;
      if ((bytes.readUInt16BE(6) & 0x1fff) !== 0) return undefined; // a later fragment
      const payload = bytes.subarray(header);
      const length = bytes.readUInt16BE(2) - header;
      const [from, to] = [ipv4(bytes, 12), ipv4(bytes, 16)];
      return transport(bytes.readUInt8(9), payload, length, from, to, common);
    }
    case EtherType.ipv6: {
      const [from, to] = [ipv6(bytes, 8), ipv6(bytes, 24)];
      return transport(bytes.readUInt8(6), bytes.subarray(40), bytes.readUInt16BE(4), from, to, common);
    }
    default:
      return undefined;
  }
}

/** RFC 826, RFC 903: hardware and protocol addresses of sender and target. */
function arp(etherType: number, bytes: Buffer, common: Common): Packet | undefined {
  const mac = macAt(bytes, 8);
  if (etherType === EtherType.rarp) return { ...common, kind: 'rarp', mac };
  const [sender, target] = [ipv4(bytes, 14), ipv4(bytes, 24)];
  return sender === target ? { ...common, kind: 'gratuitous-arp', mac, address: sender } : undefined;
}

function transport(
  protocol: number,
  bytes: Buffer,
  length: number,
  from: string,
  to: string,
  common: Common,
): Packet | undefined {
  const between = (source: number, destination: number) => ({
    from: { address: from, port: source },
    to: { address: to, port: destination },
  });
  switch (protocol) {
    case Protocol.tcp: {
      const header = (bytes.readUInt8(12) >> 4) * 4;
      return {
        ...common,
        kind: 'tcp',
        ...between(bytes.readUInt16BE(0), bytes.readUInt16BE(2)),
        seq: bytes.readUInt32BE(4),
        ack: bytes.readUInt32BE(8),
        flags: bytes.readUInt8(13),
        payload: bytes.subarray(header, length),
        length: length - header,
      };
    }
    case Protocol.udp: {
      const [source, destination] = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
      if (destination === GENEVE_PORT && common.tunnel === undefined)
        return geneve(bytes.subarray(8), common);
      return {
        ...common,
        kind: 'udp',
        ...between(source, destination),
        payload: bytes.subarray(8, length),
        length: length - 8,
      };
    }
    case Protocol.icmp:
    case Protocol.icmpv6:
      return icmp(protocol, bytes, length, between(0, 0), common);
    default:
      return undefined;
  }
}

/** RFC 792, RFC 4443 section 4, RFC 4861 section 4.4. */
function icmp(
  protocol: number,
  bytes: Buffer,
  length: number,
  between: { from: Endpoint; to: Endpoint },
  common: Common,
): Packet | undefined {
  const type = bytes.readUInt8(0);
  const [request, reply] = protocol === Protocol.icmp ? [8, 0] : [128, 129];
  if (protocol === Protocol.icmpv6 && type === 136) {
    const isSolicited = (bytes.readUInt8(4) & 0x40) !== 0;
    if (isSolicited) return undefined;
    return {
      ...common,
      kind: 'neighbour-advertisement',
      mac: bytes.length >= 32 ? macAt(bytes, 26) : '',
      address: ipv6(bytes, 8),
    };
  }
  if (type !== request && type !== reply) return undefined;
  return {
    ...common,
    kind: 'icmp',
    ...between,
    type: type === request ? 'request' : 'reply',
    identifier: bytes.readUInt16BE(4),
    sequence: bytes.readUInt16BE(6),
    payload: bytes.subarray(8, length),
    length: length - 8,
  };
}

/** RFC 8926, section 3.4. */
function geneve(bytes: Buffer, common: Common): Packet | undefined {
  const options = (bytes.readUInt8(0) & 0x3f) * 4;
  return ethernet(bytes.subarray(GENEVE_HEADER + options), { ...common, tunnel: bytes.readUIntBE(4, 3) });
}

function ipv4(bytes: Buffer, at: number): string {
  return `${bytes.readUInt8(at)}.${bytes.readUInt8(at + 1)}.${bytes.readUInt8(at + 2)}.${bytes.readUInt8(at + 3)}`;
}

function ipv6(bytes: Buffer, at: number): string {
  return formatAddress({
    version: 6,
    value: (bytes.readBigUInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8),
  });
}

function macAt(bytes: Buffer, at: number): string {
  bytes.readUInt8(at + 5);
  return bytes.toString('hex', at, at + 6).replace(/..(?=.)/g, '$&:');
}
