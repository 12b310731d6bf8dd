/** Capture files and packets for tests, built from nothing but what the formats say. */

/** A classic pcap file; `stamp` is [seconds, fraction]. */
export function pcap(
  records: readonly { stamp: readonly [number, number]; bytes: Buffer; length?: number }[],
  { magic = 0xa1b23c4d, bigEndian = false, linkType = 1 } = {},
): Buffer {
  const u32 = (...values: readonly number[]): Buffer => {
    const out = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) {
      if (bigEndian) out.writeUInt32BE(value, i * 4);
      else out.writeUInt32LE(value, i * 4);
    }
    return out;
  };
  const version = bigEndian ? Buffer.from([0, 2, 0, 4]) : Buffer.from([2, 0, 4, 0]);
  return Buffer.concat([
    u32(magic),
    version,
    u32(0, 0, 160, linkType),
    ...records.flatMap(({ stamp, bytes, length }) => [
      u32(...stamp, bytes.length, length ?? bytes.length),
      bytes,
    ]),
  ]);
}

export const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

const CLIENT = '0a 00 00 09';
const GUEST = '0a 01 00 64';

const u16 = (value: number): string => value.toString(16).padStart(4, '0');
const u32 = (value: number): string => value.toString(16).padStart(8, '0');

function ip(protocol: string, payload: string, toGuest: boolean): Buffer {
  const body = hex(payload);
  const [from, to] = toGuest ? [CLIENT, GUEST] : [GUEST, CLIENT];
  return Buffer.concat([
    hex(`4500 ${u16(20 + body.length)} 0000 0000 40 ${protocol} 0000 ${from} ${to}`),
    body,
  ]);
}

export function ethernet(etherType: string, payload: Buffer): Buffer {
  return Buffer.concat([hex(`02 00 00 00 00 01 02 00 00 00 00 02 ${etherType}`), payload]);
}

/** Linux "cooked" version 2. */
export function cooked(etherType: string, payload: Buffer, index: number, out: boolean): Buffer {
  return Buffer.concat([
    hex(`${etherType} 0000 ${u32(index)} 0001 ${out ? '04' : '00'} 06 02 00 00 00 00 02 0000`),
    payload,
  ]);
}

export interface Segment {
  readonly toGuest: boolean;
  readonly seq: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly data?: string;
  readonly port?: number;
}

/** 10.0.0.9:PORT ↔ 10.1.0.100:7 */
export function tcp({ toGuest, seq, ack = 0, flags = 0x10, data = '', port = 4000 }: Segment): Buffer {
  const [from, to] = toGuest ? [port, 7] : [7, port];
  const header = `${u16(from)} ${u16(to)} ${u32(seq)} ${u32(ack)} 50 ${flags.toString(16).padStart(2, '0')} 0100 0000 0000`;
  return ip('06', header + Buffer.from(data).toString('hex'), toGuest);
}

/** What the udp-echo probe sends, and gets back. */
export function udp(toGuest: boolean, number: number, port = 4000): Buffer {
  const [from, to] = toGuest ? [port, 7] : [7, port];
  return ip('11', `${u16(from)} ${u16(to)} 0018 0000 41545545 ${u32(number)} 00000000 00000000`, toGuest);
}

/** What mininet/icmp.py sends, and gets back. */
export function echo(toGuest: boolean, number: number, identifier = 77): Buffer {
  const data = Buffer.from('arctictern').toString('hex');
  return ip(
    '01',
    `${toGuest ? '08' : '00'} 00 0000 ${u16(identifier)} ${u16(number & 0xffff)} ${data} 00000000 ${u32(number)}`,
    toGuest,
  );
}
