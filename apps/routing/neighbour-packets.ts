/**
 * Questions for a gateway's MAC address, and what the answers say.
 *
 * ARP asks as a probe does (RFC 5227, section 2.1.1): from no address, so nobody's cache is touched and the
 * bridge needs no address in the subnet. Neighbour discovery (RFC 4861, section 4.3) asks from the link-local
 * address that belongs to the bridge's MAC address.
 */
import {
  formatIpv4,
  formatIpv6,
  formatMac,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../../controller/openflow/index.ts';
import { ones } from './checksum.ts';

export interface NeighbourAnswer {
  readonly address: string;
  readonly mac: string;
}

/** An Ethernet frame that asks for `target`. */
export function arpProbe(mac: string, target: string): Uint8Array {
  const frame = new Uint8Array(42);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  putMac(view, 6, parseMac(mac));
  view.setUint16(12, 0x0806);
  view.setUint16(14, 1);
  view.setUint16(16, 0x0800);
  view.setUint8(18, 6);
  view.setUint8(19, 4);
  view.setUint16(20, 1);
  putMac(view, 22, parseMac(mac));
  view.setUint32(38, parseIpv4(target));
  return frame;
}

/** A gratuitous ARP request (RFC 5944, section 4.6): tells the subnet's switches where `address` is now. */
export function arpAnnouncement(mac: string, address: string): Uint8Array {
  const frame = arpProbe(mac, address);
  new DataView(frame.buffer).setUint32(28, parseIpv4(address));
  return frame;
}

/** An Ethernet frame that solicits `target`. */
export function neighbourSolicitation(mac: string, target: string): Uint8Array {
  const wanted = parseIpv6(target);
  const group = 0xff00_0000n | (wanted & 0xff_ffffn);
  const to = { mac: 0x3333_0000_0000 + Number(group), address: (0xff02n << 112n) | (1n << 32n) | group };
  return neighbourDiscovery(135, 0, { mac, address: linkLocal(mac) }, to, wanted);
}

/** An unsolicited advertisement (RFC 4861, section 7.2.6): tells the subnet's switches where `address` is now. */
export function neighbourAnnouncement(mac: string, address: string): Uint8Array {
  const target = parseIpv6(address);
  const allNodes = { mac: 0x3333_0000_0001, address: (0xff02n << 112n) | 1n };
  return neighbourDiscovery(136, 0x2000_0000, { mac, address: target }, allNodes, target);
}

/** Type, flags, target, and `from`'s link-layer address as source or target option. */
function neighbourDiscovery(
  type: 135 | 136,
  flags: number,
  from: { readonly mac: string; readonly address: bigint },
  to: { readonly mac: number; readonly address: bigint },
  target: bigint,
): Uint8Array {
  const frame = new Uint8Array(14 + 40 + 32);
  const view = new DataView(frame.buffer);
  putMac(view, 0, to.mac);
  putMac(view, 6, parseMac(from.mac));
  view.setUint16(12, 0x86dd);
  view.setUint32(14, 0x6000_0000);
  view.setUint16(18, 32);
  view.setUint8(20, 58);
  view.setUint8(21, 255);
  putIpv6(view, 22, from.address);
  putIpv6(view, 38, to.address);
  view.setUint8(54, type);
  view.setUint32(58, flags);
  putIpv6(view, 62, target);
  view.setUint8(78, type === 135 ? 1 : 2);
  view.setUint8(79, 1);
  putMac(view, 80, parseMac(from.mac));
  const pseudo = ones(frame, 22, 32) + 32 + 58;
  view.setUint16(56, ~ones(frame, 54, 32, pseudo) & 0xffff);
  return frame;
}

/** Who answered, and with which MAC address; undefined when the frame is no such answer. */
export function readNeighbourAnswer(frame: Uint8Array): NeighbourAnswer | undefined {
  if (frame.length < 42) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const etherType = view.getUint16(12);
  if (etherType === 0x0806 && view.getUint16(20) === 2) {
    return { address: formatIpv4(view.getUint32(28)), mac: getMac(view, 22) };
  }
  if (etherType === 0x86dd && frame.length >= 78 && view.getUint8(20) === 58 && view.getUint8(54) === 136) {
    const target = (view.getBigUint64(62) << 64n) | view.getBigUint64(70);
    const hasOption = frame.length >= 86 && view.getUint8(78) === 2 && view.getUint8(79) === 1;
    return { address: formatIpv6(target), mac: getMac(view, hasOption ? 80 : 6) };
  }
  return undefined;
}

/** RFC 4291, appendix A. */
function linkLocal(mac: string): bigint {
  const value = BigInt(parseMac(mac));
  const high = (value >> 24n) ^ 0x02_0000n;
  return (0xfe80n << 112n) | (high << 40n) | (0xfffen << 24n) | (value & 0xff_ffffn);
}

function putMac(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, Math.floor(value / 2 ** 32));
  view.setUint32(offset + 2, value % 2 ** 32);
}

function getMac(view: DataView, offset: number): string {
  return formatMac(view.getUint16(offset) * 2 ** 32 + view.getUint32(offset + 2));
}

function putIpv6(view: DataView, offset: number, value: bigint): void {
  view.setBigUint64(offset, value >> 64n);
  view.setBigUint64(offset + 8, value & 0xffff_ffff_ffff_ffffn);
}
