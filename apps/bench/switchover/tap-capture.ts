/**
 * A capture of the destination's TAP: tcpdump in the host, from the moment when libvirt has made the device; and the
 * probe's datagrams in it, known by their numbers.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../../topologies/lab/lab.ts';
import type { LabProcess } from '../../../topologies/lab/process.ts';
import { ECHO_MAGIC } from '../../../topologies/probes/udp-echo-format.ts';
import type { TapDatagram } from './figures.ts';

const POLL_MS = 50;
const SNAPLEN = 64;
/** libpcap's classic file, little-endian, stamps in nanoseconds. */
const NANOSECOND_MAGIC = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Ethernet, IPv4 without options, UDP. */
const PORTS = 14 + 20;
const PAYLOAD = PORTS + 8;

/** Resolves when the capture of the host's only TAP, which is about to appear, has begun. */
export async function captureTap(
  lab: Lab,
  host: string,
  port: number,
  file: string,
  signal: AbortSignal,
): Promise<LabProcess> {
  let device: string | undefined;
  while (device === undefined) {
    signal.throwIfAborted();
    const links = await lab.run(host, ['ip', '-o', 'link', 'show']);
    device = /^\d+: (vnet\d+):/m.exec(links)?.[1];
    if (device === undefined) await sleep(POLL_MS);
  }
  const process = lab.exec(host, [
    ...['tcpdump', '-n', '-U', '-Z', 'root', '-i', device, '-s', String(SNAPLEN), '-B', '8192'],
    ...['--time-stamp-precision', 'nano', '-w', file, 'udp', 'port', String(port)],
  ]);
  await Promise.race([process.firstErrorLine(/listening on/), process.exit]);
  return process;
}

export function readTap(file: string, port: number): TapDatagram[] {
  return datagrams(readFileSync(file), port);
}

/** What is whole in the file. */
export function datagrams(bytes: Buffer, port: number): TapDatagram[] {
  if (bytes.length < FILE_HEADER || bytes.readUInt32LE(0) !== NANOSECOND_MAGIC) return [];
  const found: TapDatagram[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= bytes.length;) {
    const captured = bytes.readUInt32LE(at + 8);
    const frame = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + captured);
    if (frame.length < captured) break;
    if (captured >= PAYLOAD + 8 && frame.readUInt32BE(PAYLOAD) === ECHO_MAGIC) {
      found.push({
        at: bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1e6,
        n: frame.readUInt32BE(PAYLOAD + 4),
        toGuest: frame.readUInt16BE(PORTS + 2) === port,
      });
    }
    at += RECORD_HEADER + captured;
  }
  return found;
}
