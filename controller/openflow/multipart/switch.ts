/** Multipart bodies about the switch itself, its tables, ports and queues. */
import type { Duration } from '../flow-stats.ts';
import { decodeText, encodeText } from '../fixed-text.ts';
import { decodeTableDesc, encodeTableDesc } from '../messages/port-table.ts';
import { exactly } from '../messages/session.ts';
import { beginProperty } from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { decodeEntries, decodeFixed, encodeEntries } from './entries.ts';
import type {
  DescReply,
  PortStats,
  QueueDesc,
  QueueStats,
  RawEntry,
  TableDescReply,
  TableFeatures,
  TableStats,
} from './types.ts';

const DESC_LENGTH = 1056;

export function decodeDesc(r: Reader): DescReply | undefined {
  exactly(r, DESC_LENGTH, 'desc_reply');
  const manufacturer = decodeText(r, 256);
  const hardware = manufacturer === undefined ? undefined : decodeText(r, 256);
  const software = hardware === undefined ? undefined : decodeText(r, 256);
  const serialNumber = software === undefined ? undefined : decodeText(r, 32);
  const datapath = serialNumber === undefined ? undefined : decodeText(r, 256);
  if (
    manufacturer === undefined ||
    hardware === undefined ||
    software === undefined ||
    serialNumber === undefined ||
    datapath === undefined
  ) {
    return undefined;
  }
  return { type: 'desc_reply', manufacturer, hardware, software, serialNumber, datapath };
}

export function encodeDesc(w: Writer, desc: DescReply): void {
  encodeText(w, desc.manufacturer, 256, 'desc.manufacturer');
  encodeText(w, desc.hardware, 256, 'desc.hardware');
  encodeText(w, desc.software, 256, 'desc.software');
  encodeText(w, desc.serialNumber, 32, 'desc.serialNumber');
  encodeText(w, desc.datapath, 256, 'desc.datapath');
}

export const decodeTableStats = (r: Reader) =>
  decodeFixed(r, 'table_stats', 24, (reader): TableStats | undefined => {
    const table = reader.u8();
    if (!reader.zeros(3)) return undefined;
    return { table, activeCount: reader.u32(), lookupCount: reader.u64(), matchedCount: reader.u64() };
  });

export const encodeTableStats = (w: Writer, tables: readonly (TableStats | RawEntry)[]) =>
  encodeEntries(w, tables, (writer, stats) => {
    writer.u8(stats.table, 'table_stats.table');
    writer.zeros(3);
    writer.u32(stats.activeCount, 'table_stats.activeCount');
    writer.u64(stats.lookupCount, 'table_stats.lookupCount');
    writer.u64(stats.matchedCount, 'table_stats.matchedCount');
  });

export const decodeTableDescs = (r: Reader) => decodeEntries(r, 'table_desc', 0, 8, decodeTableDesc);

export const encodeTableDescs = (w: Writer, tables: TableDescReply['tables']) =>
  encodeEntries(w, tables, encodeTableDesc);

function decodeTableFeaturesEntry(r: Reader, end: number): TableFeatures | undefined {
  r.skip(2);
  const table = r.u8();
  const command = r.u8();
  const features = r.u32();
  const name = decodeText(r, 32);
  if (name === undefined) return undefined;
  return {
    table,
    command,
    features,
    name,
    metadataMatch: r.u64(),
    metadataWrite: r.u64(),
    capabilities: r.u32(),
    maxEntries: r.u32(),
    properties: r.copyRange(r.position, end),
  };
}

export const decodeTableFeatures = (r: Reader) =>
  decodeEntries(r, 'table_features', 0, 64, decodeTableFeaturesEntry);

export const encodeTableFeatures = (w: Writer, tables: readonly (TableFeatures | RawEntry)[]) =>
  encodeEntries(w, tables, (writer, table) => {
    const start = writer.position;
    writer.u16(0, 'table_features');
    writer.u8(table.table, 'table_features.table');
    writer.u8(table.command, 'table_features.command');
    writer.u32(table.features, 'table_features.features');
    encodeText(writer, table.name, 32, 'table_features.name');
    writer.u64(table.metadataMatch, 'table_features.metadataMatch');
    writer.u64(table.metadataWrite, 'table_features.metadataWrite');
    writer.u32(table.capabilities, 'table_features.capabilities');
    writer.u32(table.maxEntries, 'table_features.maxEntries');
    writer.raw(table.properties);
    writer.length16(start, start, 'table_features');
  });

/** Seconds and nanoseconds, 32 bits each. */
export function decodeDuration(r: Reader): Duration {
  return { seconds: r.u32(), nanoseconds: r.u32() };
}

export function encodeDuration(w: Writer, duration: Duration, what: string): void {
  w.u32(duration.seconds, what);
  w.u32(duration.nanoseconds, what);
}

const ETHERNET = 0;
const ETHERNET_LENGTH = 40;

function decodePortStatsEntry(r: Reader, end: number): PortStats | undefined {
  r.skip(2);
  if (r.u16() !== 0) return undefined;
  const stats: { -readonly [K in keyof PortStats]: PortStats[K] } = {
    portNo: r.u32(),
    duration: decodeDuration(r),
    rxPackets: r.u64(),
    txPackets: r.u64(),
    rxBytes: r.u64(),
    txBytes: r.u64(),
    rxDropped: r.u64(),
    txDropped: r.u64(),
    rxErrors: r.u64(),
    txErrors: r.u64(),
  };
  while (r.position < end) {
    const head = beginProperty(r, end, 'port_stats.properties');
    if (
      head.type === ETHERNET &&
      stats.ethernet === undefined &&
      head.end - head.start === ETHERNET_LENGTH &&
      r.u32() === 0
    ) {
      stats.ethernet = { rxFrameErr: r.u64(), rxOverErr: r.u64(), rxCrcErr: r.u64(), collisions: r.u64() };
    } else {
      stats.others = r.copyRange(head.start, end);
    }
  }
  return stats;
}

export const decodePortStats = (r: Reader) => decodeEntries(r, 'port_stats', 0, 80, decodePortStatsEntry);

function encodePortStatsEntry(w: Writer, stats: PortStats): void {
  const start = w.position;
  w.u32(0, 'port_stats');
  w.u32(stats.portNo, 'port_stats.portNo');
  encodeDuration(w, stats.duration, 'port_stats.duration');
  w.u64(stats.rxPackets, 'port_stats.rxPackets');
  w.u64(stats.txPackets, 'port_stats.txPackets');
  w.u64(stats.rxBytes, 'port_stats.rxBytes');
  w.u64(stats.txBytes, 'port_stats.txBytes');
  w.u64(stats.rxDropped, 'port_stats.rxDropped');
  w.u64(stats.txDropped, 'port_stats.txDropped');
  w.u64(stats.rxErrors, 'port_stats.rxErrors');
  w.u64(stats.txErrors, 'port_stats.txErrors');
  if (stats.ethernet !== undefined) {
    w.u16(ETHERNET, 'port_stats.ethernet');
    w.u16(ETHERNET_LENGTH, 'port_stats.ethernet');
    w.zeros(4);
    w.u64(stats.ethernet.rxFrameErr, 'port_stats.ethernet.rxFrameErr');
    w.u64(stats.ethernet.rxOverErr, 'port_stats.ethernet.rxOverErr');
    w.u64(stats.ethernet.rxCrcErr, 'port_stats.ethernet.rxCrcErr');
    w.u64(stats.ethernet.collisions, 'port_stats.ethernet.collisions');
  }
  if (stats.others !== undefined) w.raw(stats.others);
  w.length16(start, start, 'port_stats');
}

export const encodePortStats = (w: Writer, ports: readonly (PortStats | RawEntry)[]) =>
  encodeEntries(w, ports, encodePortStatsEntry);

export const decodeQueueStats = (r: Reader) =>
  decodeEntries(r, 'queue_stats', 0, 48, (reader, end): QueueStats | undefined => {
    reader.skip(2);
    if (!reader.zeros(6)) return undefined;
    return {
      portNo: reader.u32(),
      queueId: reader.u32(),
      txBytes: reader.u64(),
      txPackets: reader.u64(),
      txErrors: reader.u64(),
      duration: decodeDuration(reader),
      properties: reader.copyRange(reader.position, end),
    };
  });

export const encodeQueueStats = (w: Writer, queues: readonly (QueueStats | RawEntry)[]) =>
  encodeEntries(w, queues, (writer, stats) => {
    const start = writer.position;
    writer.u16(0, 'queue_stats');
    writer.zeros(6);
    writer.u32(stats.portNo, 'queue_stats.portNo');
    writer.u32(stats.queueId, 'queue_stats.queueId');
    writer.u64(stats.txBytes, 'queue_stats.txBytes');
    writer.u64(stats.txPackets, 'queue_stats.txPackets');
    writer.u64(stats.txErrors, 'queue_stats.txErrors');
    encodeDuration(writer, stats.duration, 'queue_stats.duration');
    writer.raw(stats.properties);
    writer.length16(start, start, 'queue_stats');
  });

export const decodeQueueDescs = (r: Reader) =>
  decodeEntries(r, 'queue_desc', 8, 16, (reader, end): QueueDesc | undefined => {
    const portNo = reader.u32();
    const queueId = reader.u32();
    reader.skip(2);
    if (!reader.zeros(6)) return undefined;
    return { portNo, queueId, properties: reader.copyRange(reader.position, end) };
  });

export const encodeQueueDescs = (w: Writer, queues: readonly (QueueDesc | RawEntry)[]) =>
  encodeEntries(w, queues, (writer, desc) => {
    const start = writer.position;
    writer.u32(desc.portNo, 'queue_desc.portNo');
    writer.u32(desc.queueId, 'queue_desc.queueId');
    writer.u16(0, 'queue_desc');
    writer.zeros(6);
    writer.raw(desc.properties);
    writer.length16(start + 8, start, 'queue_desc');
  });
