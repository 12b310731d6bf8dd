/**
 * Flow statistics: `struct ofp_stats`, a list of OXS fields (OpenFlow 1.5.1, section 7.2.4). Read into named
 * members as long as they come in OVS's order; from the first on that does not, bytes are kept in `others`.
 */
import { OpenFlowBadLengthError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface FlowStats {
  /** How long the flow has been installed. */
  readonly duration?: Duration | undefined;
  /** How long no packet has hit it. */
  readonly idleTime?: Duration | undefined;
  readonly packetCount?: bigint | undefined;
  readonly byteCount?: bigint | undefined;
  readonly flowCount?: number | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface Duration {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const OXS = (field: number, length: number) => ((0x8002 << 16) | (field << 9) | length) >>> 0;
const DURATION = OXS(0, 8);
const IDLE_TIME = OXS(1, 8);
const FLOW_COUNT = OXS(3, 4);
const PACKET_COUNT = OXS(4, 8);
const BYTE_COUNT = OXS(5, 8);
const ORDER = [DURATION, IDLE_TIME, PACKET_COUNT, BYTE_COUNT, FLOW_COUNT];

type Draft = { -readonly [K in keyof FlowStats]: FlowStats[K] };

/** Reads an `ofp_stats` with its padding; undefined where that is not canonical. */
export function decodeFlowStats(r: Reader, what: string): FlowStats | undefined {
  const start = r.position;
  r.need(4, what);
  const reserved = r.u16();
  const length = r.u16();
  const end = start + length;
  const padded = start + ((length + 7) & ~7);
  if (length < 4 || padded > r.end) {
    throw new OpenFlowBadLengthError(
      what,
      start - r.origin,
      `statistics of ${length} bytes do not fit in the ${r.end - start} left`,
    );
  }
  if (reserved !== 0) return undefined;
  const stats: Draft = {};
  let last = -1;
  while (r.position < end) {
    const at = r.position;
    const place = end - at < 4 ? -1 : ORDER.indexOf(r.u32(), last + 1);
    const size = place === 4 ? 4 : 8;
    if (place < 0 || r.position + size > end) {
      stats.others = r.copyRange(at, end);
      break;
    }
    last = place;
    if (place === 0) stats.duration = { seconds: r.u32(), nanoseconds: r.u32() };
    else if (place === 1) stats.idleTime = { seconds: r.u32(), nanoseconds: r.u32() };
    else if (place === 2) stats.packetCount = r.u64();
    else if (place === 3) stats.byteCount = r.u64();
    else stats.flowCount = r.u32();
  }
  return r.zeros(padded - end) ? stats : undefined;
}

function encodeDuration(w: Writer, header: number, duration: Duration, what: string): void {
  w.u32(header, what);
  w.u32(duration.seconds, what);
  w.u32(duration.nanoseconds, what);
}

export function encodeFlowStats(w: Writer, stats: FlowStats): void {
  const start = w.position;
  w.u32(0, 'stats');
  if (stats.duration !== undefined) encodeDuration(w, DURATION, stats.duration, 'stats.duration');
  if (stats.idleTime !== undefined) encodeDuration(w, IDLE_TIME, stats.idleTime, 'stats.idleTime');
  if (stats.packetCount !== undefined) {
    w.u32(PACKET_COUNT, 'stats');
    w.u64(stats.packetCount, 'stats.packetCount');
  }
  if (stats.byteCount !== undefined) {
    w.u32(BYTE_COUNT, 'stats');
    w.u64(stats.byteCount, 'stats.byteCount');
  }
  if (stats.flowCount !== undefined) {
    w.u32(FLOW_COUNT, 'stats');
    w.u32(stats.flowCount, 'stats.flowCount');
  }
  if (stats.others !== undefined) w.raw(stats.others);
  w.length16(start + 2, start, 'stats');
  w.pad8(start);
}
