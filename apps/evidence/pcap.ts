/**
 * Reads capture files of libpcap's classic format (draft-ietf-opsawg-pcap): both byte orders, stamps in
 * microseconds or nanoseconds. A run that was killed leaves its last record cut short: what is whole is read, and
 * the rest is told.
 *
 *     file   : magic 4 | version 2+2 | zone 4 | accuracy 4 | snapshot length 4 | link type 4
 *     record : seconds 4 | fraction 4 | captured length 4 | length 4 | bytes
 */
import { NotACaptureError } from './errors.ts';

export interface CaptureFile {
  /** LINKTYPE_ number of all records. */
  readonly linkType: number;
  readonly frames: readonly CapturedFrame[];
  /** Bytes at the end that are no whole record; 0 when the file ends as it should. */
  readonly leftOver: number;
}

export interface CapturedFrame {
  /** Milliseconds since `origin`, to the file's precision. */
  readonly ms: number;
  /** As on the wire; `bytes` may be shorter. */
  readonly length: number;
  /** A view into the file. */
  readonly bytes: Buffer;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** MAXIMUM_SNAPLEN of libpcap: a longer record is a broken one. */
const LONGEST = 262_144;

/**
 * `origin` is in whole milliseconds since the Unix epoch: stamps relative to it keep their nanoseconds, which a
 * double of the whole would not. Throws `EVIDENCE_NOT_A_CAPTURE`.
 */
export function readCapture(file: Buffer, origin: number, name = 'capture'): CaptureFile {
  if (file.length < FILE_HEADER) throw new NotACaptureError(name, `it has ${file.length} bytes only`);
  const format = formatOf(file);
  if (format === undefined)
    throw new NotACaptureError(name, `it begins with 0x${file.toString('hex', 0, 4)}`);
  const { u32, perMs } = format;
  const frames: CapturedFrame[] = [];
  const originSeconds = Math.floor(origin / 1000);
  const originMs = origin - originSeconds * 1000;
  let at = FILE_HEADER;
  while (at + RECORD_HEADER <= file.length) {
    const captured = u32(at + 8);
    if (captured > LONGEST || at + RECORD_HEADER + captured > file.length) break;
    frames.push({
      ms: (u32(at) - originSeconds) * 1000 - originMs + u32(at + 4) / perMs,
      length: u32(at + 12),
      bytes: file.subarray(at + RECORD_HEADER, at + RECORD_HEADER + captured),
    });
    at += RECORD_HEADER + captured;
  }
  return { linkType: u32(20) & 0xffff, frames, leftOver: file.length - at };
}

function formatOf(file: Buffer): { u32: (at: number) => number; perMs: number } | undefined {
  for (const u32 of [(at: number) => file.readUInt32LE(at), (at: number) => file.readUInt32BE(at)]) {
    const magic = u32(0);
    if (magic === NANOSECONDS) return { u32, perMs: 1_000_000 };
    if (magic === MICROSECONDS) return { u32, perMs: 1_000 };
  }
  return undefined;
}
