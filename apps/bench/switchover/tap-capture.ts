/**
 * A capture of the destination's TAP: tcpdump in the host, from the moment when libvirt has made the device; and the
 * probe's datagrams in it, known by their numbers.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../../topologies/lab/lab.ts';
import type { LabProcess } from '../../../topologies/lab/process.ts';
import { echoNumber } from '../../../topologies/probes/echo-message.ts';
import { readPacket } from '../../evidence/packet.ts';
import { readCapture } from '../../evidence/pcap.ts';
import type { TapDatagram } from './figures.ts';

const POLL_MS = 50;
const SNAPLEN = 64;

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
  const { frames, linkType } = readCapture(bytes, 0, 'the capture of the TAP');
  return frames.flatMap((frame) => {
    const packet = readPacket(frame, linkType);
    if (packet?.kind !== 'udp') return [];
    const n = echoNumber('udp', packet.payload);
    return n === undefined ? [] : [{ at: packet.ms, n, toGuest: packet.to.port === port }];
  });
}
