/**
 * The packet-ins that emulated switches send, ready to be written.
 *
 * Each comes from one of `MACS` stations and goes to another; one in eight goes to a station that never speaks.
 * So a learning switch that knows all stations answers seven with a flow mod and one with a packet-out. Every
 * packet is buffered in the switch, as far as it says: one answer is enough for each.
 */
import { encode, match } from '../../controller/openflow/index.ts';

const MACS = 1_024;
const PORTS = 8;
/** Packet-ins in the ring before it repeats; a multiple of `MACS`. */
export const RING = 4_096;

/** `RING` packet-ins and, after them, the first `extra` again, so that any run of that many is contiguous. */
export function packetInRing(extra: number): { readonly bytes: Uint8Array; readonly each: number } {
  const messages = Array.from({ length: RING + extra }, (_, i) => packetIn(i % RING));
  const each = messages[0]!.length;
  const bytes = new Uint8Array(messages.length * each);
  for (const [i, message] of messages.entries()) bytes.set(message, i * each);
  return { bytes, each };
}

function packetIn(i: number): Uint8Array {
  const source = i % MACS;
  const silent = i % 8 === 7;
  const destination = silent ? MACS + (i % 256) : (source * 7 + 3 + Math.floor(i / MACS)) % MACS;
  const data = frame(source, destination);
  return encode(
    {
      type: 'packet_in',
      bufferId: i,
      totalLen: data.length,
      reason: 'no_match',
      table: 0,
      cookie: 0n,
      match: match({ in_port: 1 + (source % PORTS) }),
      data,
    },
    i,
  );
}

/** An Ethernet frame of 60 bytes, with a UDP datagram in it. */
function frame(source: number, destination: number): Uint8Array {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  station(view, 0, destination);
  station(view, 6, source);
  view.setUint16(12, 0x0800);
  bytes.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0], 14);
  view.setUint32(26, 0x0a00_0000 + source);
  view.setUint32(30, 0x0a00_0000 + destination);
  view.setUint16(34, 1_024 + (source & 0xff));
  view.setUint16(36, 53);
  view.setUint16(38, 26);
  return bytes;
}

/** Locally administered: 02:00:00:00:xx:xx. */
function station(view: DataView, at: number, number: number): void {
  view.setUint16(at, 0x0200);
  view.setUint32(at + 2, number);
}
