/**
 * The answer to a packet that does not fit a tunnel: ICMP "fragmentation needed" (RFC 792, RFC 1191) or
 * ICMPv6 "packet too big" (RFC 4443, section 3.2), sent back out of the port that the packet came in by.
 *
 * A packet to a care-of address has been translated when its size is checked; what is quoted in the answer
 * is the packet as its sender knows it.
 */
import { parseIpv4, parseIpv6 } from '../../controller/openflow/index.ts';
import { ones } from './checksum.ts';

const ETHERNET = 14;
/** RFC 792 asks for the header and 8 bytes; Linux's TCP is content with them. RFC 4443: no more than 1,280 in all. */
const QUOTED_BYTES = { 4: 20 + 8, 6: 40 + 8 } as const;

export interface TooLarge {
  /** The packet as the datapath gave it, from the Ethernet header on; it may be cut short. */
  readonly frame: Uint8Array;
  /** The largest IP packet that would have fitted, in bytes. */
  readonly mtu: number;
  /** Whose name the answer is in: the host's own address, of the packet's family. */
  readonly from: string;
  /** The destination before translation, where it was translated. */
  readonly originalDestination?: string;
}

/**
 * An Ethernet frame, or undefined when there is no such answer to give: not IP, itself an ICMP error, or, for
 * IPv4, to a group or a fragment other than the first (RFC 1122, section 3.2.2).
 */
export function answerTooLarge(packet: TooLarge): Uint8Array | undefined {
  const { frame } = packet;
  if (frame.length < ETHERNET + QUOTED_BYTES[4]) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const etherType = view.getUint16(12);
  if (etherType === 0x0800 && !packet.from.includes(':')) return answer4(packet, view);
  if (etherType === 0x86dd && packet.from.includes(':')) return answer6(packet, view);
  return undefined;
}

function answer4(
  { frame, mtu, from, originalDestination }: TooLarge,
  view: DataView,
): Uint8Array | undefined {
  const headerLength = (view.getUint8(ETHERNET) & 0xf) * 4;
  const quoted = headerLength + 8;
  const toGroup = (frame[0]! & 1) === 1;
  const fragmentOffset = view.getUint16(ETHERNET + 6) & 0x1fff;
  if (toGroup || fragmentOffset !== 0) return undefined;
  if (headerLength < 20 || frame.length < ETHERNET + quoted) return undefined;
  if (view.getUint8(ETHERNET + 9) === 1 && isIcmpError(view.getUint8(ETHERNET + headerLength)))
    return undefined;

  const answer = new Uint8Array(ETHERNET + 20 + 8 + quoted);
  const out = new DataView(answer.buffer);
  swapEthernet(frame, answer);
  const inner = ETHERNET + 28;
  answer.set(frame.subarray(ETHERNET, ETHERNET + quoted), inner);
  if (originalDestination !== undefined) {
    out.setUint32(inner + 16, parseIpv4(originalDestination));
    out.setUint16(inner + 10, 0);
    out.setUint16(inner + 10, ~ones(answer, inner, headerLength) & 0xffff);
  }
  out.setUint8(ETHERNET, 0x45);
  out.setUint16(ETHERNET + 2, 28 + quoted);
  out.setUint8(ETHERNET + 8, 64);
  out.setUint8(ETHERNET + 9, 1);
  out.setUint32(ETHERNET + 12, parseIpv4(from));
  out.setUint32(ETHERNET + 16, view.getUint32(ETHERNET + 12));
  out.setUint16(ETHERNET + 10, ~ones(answer, ETHERNET, 20) & 0xffff);
  out.setUint8(ETHERNET + 20, 3);
  out.setUint8(ETHERNET + 21, 4);
  out.setUint16(ETHERNET + 26, mtu);
  out.setUint16(ETHERNET + 22, ~ones(answer, ETHERNET + 20, 8 + quoted) & 0xffff);
  return answer;
}

function answer6(
  { frame, mtu, from, originalDestination }: TooLarge,
  view: DataView,
): Uint8Array | undefined {
  const quoted = Math.min(frame.length - ETHERNET, 1280 - 48);
  if (quoted < QUOTED_BYTES[6]) return undefined;
  if (view.getUint8(ETHERNET + 6) === 58 && view.getUint8(ETHERNET + 40) < 128) return undefined;

  const answer = new Uint8Array(ETHERNET + 40 + 8 + quoted);
  const out = new DataView(answer.buffer);
  swapEthernet(frame, answer);
  const inner = ETHERNET + 48;
  answer.set(frame.subarray(ETHERNET, ETHERNET + quoted), inner);
  if (originalDestination !== undefined) putIpv6(out, inner + 24, parseIpv6(originalDestination));
  out.setUint32(ETHERNET, 0x6000_0000);
  out.setUint16(ETHERNET + 4, 8 + quoted);
  out.setUint8(ETHERNET + 6, 58);
  out.setUint8(ETHERNET + 7, 64);
  putIpv6(out, ETHERNET + 8, parseIpv6(from));
  answer.set(frame.subarray(ETHERNET + 8, ETHERNET + 24), ETHERNET + 24);
  out.setUint8(ETHERNET + 40, 2);
  out.setUint32(ETHERNET + 44, mtu);
  const pseudo = ones(answer, ETHERNET + 8, 32) + 8 + quoted + 58;
  out.setUint16(ETHERNET + 42, ~ones(answer, ETHERNET + 40, 8 + quoted, pseudo) & 0xffff);
  return answer;
}

/** RFC 1122, section 3.2.2: no ICMP error about an ICMP error. */
function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}

function swapEthernet(from: Uint8Array, to: Uint8Array): void {
  to.set(from.subarray(6, 12), 0);
  to.set(from.subarray(0, 6), 6);
  to.set(from.subarray(12, 14), 12);
}

function putIpv6(view: DataView, offset: number, value: bigint): void {
  view.setBigUint64(offset, value >> 64n);
  view.setBigUint64(offset + 8, value & 0xffff_ffff_ffff_ffffn);
}
