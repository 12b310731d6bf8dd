/**
 * Frames as the tests send and expect them, put together here and not by what is tested.
 */
const bytes = (hex: string): number[] => hex.match(/../g)!.map((pair) => parseInt(pair, 16));
const macBytes = (mac: string): number[] => bytes(mac.replaceAll(':', ''));
const ipv4Bytes = (address: string): number[] => address.split('.').map(Number);
const word = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

function checksum(data: readonly number[]): number[] {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i]! << 8) + (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return word(~sum & 0xffff);
}

export interface Ipv4 {
  readonly from: string;
  readonly to: string;
  readonly ethFrom: string;
  readonly ethTo: string;
  /** 802.1Q. */
  readonly vlan?: number;
}

/** UDP without a checksum. */
export function udp4(
  { from, to, ethFrom, ethTo, vlan }: Ipv4,
  ports: [number, number],
  text: string,
): Uint8Array {
  const payload = [...Buffer.from(text)];
  const udp = [...ports.flatMap(word), ...word(8 + payload.length), 0, 0, ...payload];
  const header = [
    0x45,
    0,
    ...word(20 + udp.length),
    0,
    0,
    0x40,
    0,
    64,
    17,
    0,
    0,
    ...ipv4Bytes(from),
    ...ipv4Bytes(to),
  ];
  header.splice(10, 2, ...checksum(header));
  const tag = vlan === undefined ? [] : [0x81, 0x00, ...word(vlan)];
  return Uint8Array.from([...macBytes(ethTo), ...macBytes(ethFrom), ...tag, 0x08, 0x00, ...header, ...udp]);
}

/** A TCP segment of no data. */
export function tcp4(
  { from, to, ethFrom, ethTo }: Ipv4,
  ports: [number, number],
  segment: { readonly flags: number; readonly sequence: number; readonly acknowledges: number },
): Uint8Array {
  const long = (value: number): number[] => [...word(value >>> 16), ...word(value & 0xffff)];
  const { flags, sequence, acknowledges } = segment;
  const tcp = [
    ...ports.flatMap(word),
    ...long(sequence),
    ...long(acknowledges),
    0x50,
    flags,
    0xff,
    0xff,
    0,
    0,
    0,
    0,
  ];
  const addresses = [...ipv4Bytes(from), ...ipv4Bytes(to)];
  tcp.splice(16, 2, ...checksum([...addresses, 0, 6, ...word(tcp.length), ...tcp]));
  const header = [0x45, 0, ...word(20 + tcp.length), 0, 0, 0x40, 0, 64, 6, 0, 0, ...addresses];
  header.splice(10, 2, ...checksum(header));
  return Uint8Array.from([...macBytes(ethTo), ...macBytes(ethFrom), 0x08, 0x00, ...header, ...tcp]);
}

/** An ICMP or ICMPv6 echo request; the kernel fills in ICMPv6's checksum, which covers addresses as well. */
export function echoRequest(version: 4 | 6, identifier: number, text: string): Uint8Array {
  const message = [version === 4 ? 8 : 128, 0, 0, 0, ...word(identifier), 0, 1, ...Buffer.from(text)];
  if (version === 4) message.splice(2, 2, ...checksum(message));
  return Uint8Array.from(message);
}

/** An ARP request. */
export function arp(ethFrom: string, sender: { mac: string; ipv4: string }, target: string): Uint8Array {
  const start = [...macBytes('ff:ff:ff:ff:ff:ff'), ...macBytes(ethFrom), 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1];
  const rest = [...macBytes(sender.mac), ...ipv4Bytes(sender.ipv4), 0, 0, 0, 0, 0, 0, ...ipv4Bytes(target)];
  return Uint8Array.from([...start, ...rest]);
}

/** The text of a UDP datagram over IPv4 or IPv6, if the frame is one. */
export function udpText(frame: Buffer): string | undefined {
  const type = frame.readUInt16BE(12);
  if (type === 0x0800 && frame[23] === 17) return frame.subarray(42).toString();
  if (type === 0x86dd && frame[20] === 17) return frame.subarray(62).toString();
  return undefined;
}

/** The TCP flags of a segment over IPv4, if the frame is one. */
export const tcpFlags4 = (frame: Buffer): number | undefined =>
  frame.readUInt16BE(12) === 0x0800 && frame[23] === 6 ? frame[47] : undefined;
export const sourceMac = (frame: Buffer): string => frame.toString('hex', 6, 12).match(/../g)!.join(':');
export const isArp = (frame: Buffer): boolean => frame.readUInt16BE(12) === 0x0806;
export const icmpType4 = (frame: Buffer): number | undefined =>
  frame.readUInt16BE(12) === 0x0800 && frame[23] === 1 ? frame[34] : undefined;
export const icmpType6 = (frame: Buffer): number | undefined =>
  frame.readUInt16BE(12) === 0x86dd && frame[20] === 58 ? frame[54] : undefined;

export function ipv4At(frame: Buffer, offset: number): string {
  return [...frame.subarray(offset, offset + 4)].join('.');
}
