/** Multipart bodies about groups and meters. */
import {
  decodeBands,
  decodeBuckets,
  decodeGroupProperties,
  encodeBands,
  encodeBuckets,
  encodeGroupProperties,
} from '../messages/group-meter.ts';
import { exactly } from '../messages/session.ts';
import { OpenFlowBadLengthError, OpenFlowBadValueError } from '../errors.ts';
import { GroupTypes } from '../names.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { decodeEntries, encodeEntries } from './entries.ts';
import { decodeDuration, encodeDuration } from './switch.ts';
import type {
  GroupDesc,
  GroupFeaturesReply,
  GroupStats,
  MeterDesc,
  MeterFeaturesReply,
  MeterStats,
  RawEntry,
} from './types.ts';

interface Counters {
  readonly packetCount: bigint;
  readonly byteCount: bigint;
}

function decodeCounters(r: Reader, end: number): Counters[] | undefined {
  if (((end - r.position) & 15) !== 0) return undefined;
  const counters: Counters[] = [];
  while (r.position < end) counters.push({ packetCount: r.u64(), byteCount: r.u64() });
  return counters;
}

function encodeCounters(w: Writer, counters: readonly Counters[], what: string): void {
  for (const { packetCount, byteCount } of counters) {
    w.u64(packetCount, what);
    w.u64(byteCount, what);
  }
}

export const decodeGroupStats = (r: Reader) =>
  decodeEntries(r, 'group_stats', 0, 40, (reader, end): GroupStats | undefined => {
    reader.skip(2);
    const pad1 = reader.u16();
    const groupId = reader.u32();
    const refCount = reader.u32();
    const pad2 = reader.u32();
    if ((pad1 | pad2) !== 0) return undefined;
    const packetCount = reader.u64();
    const byteCount = reader.u64();
    const duration = decodeDuration(reader);
    const buckets = decodeCounters(reader, end);
    return buckets === undefined
      ? undefined
      : { groupId, refCount, packetCount, byteCount, duration, buckets };
  });

export const encodeGroupStats = (w: Writer, groups: readonly (GroupStats | RawEntry)[]) =>
  encodeEntries(w, groups, (writer, stats) => {
    const start = writer.position;
    writer.u32(0, 'group_stats');
    writer.u32(stats.groupId, 'group_stats.groupId');
    writer.u32(stats.refCount, 'group_stats.refCount');
    writer.zeros(4);
    writer.u64(stats.packetCount, 'group_stats.packetCount');
    writer.u64(stats.byteCount, 'group_stats.byteCount');
    encodeDuration(writer, stats.duration, 'group_stats.duration');
    encodeCounters(writer, stats.buckets, 'group_stats.buckets');
    writer.length16(start, start, 'group_stats');
  });

export const decodeGroupDescs = (r: Reader) =>
  decodeEntries(r, 'group_desc', 0, 16, (reader, end): GroupDesc | undefined => {
    reader.skip(2);
    const groupType = GroupTypes.name(reader.u8());
    const pad = reader.u8();
    const groupId = reader.u32();
    const bucketsLength = reader.u16();
    if (groupType === undefined || pad !== 0 || !reader.zeros(6)) return undefined;
    if (reader.position + bucketsLength > end) {
      throw new OpenFlowBadLengthError(
        'group_desc.buckets',
        reader.offset,
        `${bucketsLength} bytes of buckets do not fit in the ${end - reader.position} left`,
      );
    }
    const buckets = decodeBuckets(reader, reader.position + bucketsLength);
    return { groupType, groupId, buckets, ...decodeGroupProperties(reader, end) };
  });

export const encodeGroupDescs = (w: Writer, groups: readonly (GroupDesc | RawEntry)[]) =>
  encodeEntries(w, groups, (writer, desc) => {
    const start = writer.position;
    writer.u16(0, 'group_desc');
    writer.u8(GroupTypes.number(desc.groupType, writer, 'group_desc.groupType'), 'group_desc.groupType');
    writer.zeros(1);
    writer.u32(desc.groupId, 'group_desc.groupId');
    writer.u16(0, 'group_desc');
    writer.zeros(6);
    const bucketsStart = writer.position;
    encodeBuckets(writer, desc.buckets);
    writer.length16(start + 8, bucketsStart, 'group_desc.buckets');
    encodeGroupProperties(writer, desc);
    writer.length16(start, start, 'group_desc');
  });

const four = (r: Reader) => [r.u32(), r.u32(), r.u32(), r.u32()];

export function decodeGroupFeatures(r: Reader): GroupFeaturesReply {
  exactly(r, 40, 'group_features_reply');
  return {
    type: 'group_features_reply',
    types: r.u32(),
    capabilities: r.u32(),
    maxGroups: four(r),
    actions: four(r),
  };
}

export function encodeGroupFeatures(w: Writer, features: GroupFeaturesReply): void {
  if (features.maxGroups.length !== 4 || features.actions.length !== 4) {
    throw new OpenFlowBadValueError('group_features', w.position, 'there are four group types');
  }
  w.u32(features.types, 'group_features.types');
  w.u32(features.capabilities, 'group_features.capabilities');
  for (const count of features.maxGroups) w.u32(count, 'group_features.maxGroups');
  for (const bitmap of features.actions) w.u32(bitmap, 'group_features.actions');
}

export const decodeMeterStats = (r: Reader) =>
  decodeEntries(r, 'meter_stats', 4, 40, (reader, end): MeterStats | undefined => {
    const meterId = reader.u32();
    reader.skip(2);
    if (!reader.zeros(6)) return undefined;
    const flowCount = reader.u32();
    const packetInCount = reader.u64();
    const byteInCount = reader.u64();
    const duration = decodeDuration(reader);
    const bands = decodeCounters(reader, end);
    return bands === undefined
      ? undefined
      : { meterId, flowCount, packetInCount, byteInCount, duration, bands };
  });

export const encodeMeterStats = (w: Writer, meters: readonly (MeterStats | RawEntry)[]) =>
  encodeEntries(w, meters, (writer, stats) => {
    const start = writer.position;
    writer.u32(stats.meterId, 'meter_stats.meterId');
    writer.u16(0, 'meter_stats');
    writer.zeros(6);
    writer.u32(stats.flowCount, 'meter_stats.flowCount');
    writer.u64(stats.packetInCount, 'meter_stats.packetInCount');
    writer.u64(stats.byteInCount, 'meter_stats.byteInCount');
    encodeDuration(writer, stats.duration, 'meter_stats.duration');
    encodeCounters(writer, stats.bands, 'meter_stats.bands');
    writer.length16(start + 4, start, 'meter_stats');
  });

export const decodeMeterDescs = (r: Reader) =>
  decodeEntries(r, 'meter_desc', 0, 8, (reader, end): MeterDesc => {
    reader.skip(2);
    return { flags: reader.u16(), meterId: reader.u32(), bands: decodeBands(reader, end) };
  });

export const encodeMeterDescs = (w: Writer, meters: readonly (MeterDesc | RawEntry)[]) =>
  encodeEntries(w, meters, (writer, desc) => {
    const start = writer.position;
    writer.u16(0, 'meter_desc');
    writer.u16(desc.flags, 'meter_desc.flags');
    writer.u32(desc.meterId, 'meter_desc.meterId');
    encodeBands(writer, desc.bands);
    writer.length16(start, start, 'meter_desc');
  });

const METER_FEATURES_13 = 16;
const METER_FEATURES_15 = 24;

/** 1.5 has a `features` bitmap behind what 1.3 defined; OVS leaves it out. */
export function decodeMeterFeatures(r: Reader): MeterFeaturesReply | undefined {
  const length = r.end - r.position;
  if (length !== METER_FEATURES_13) exactly(r, METER_FEATURES_15, 'meter_features_reply');
  const maxMeter = r.u32();
  const bandTypes = r.u32();
  const capabilities = r.u32();
  const maxBands = r.u8();
  const maxColor = r.u8();
  if (r.u16() !== 0) return undefined;
  const reply = {
    type: 'meter_features_reply',
    maxMeter,
    bandTypes,
    capabilities,
    maxBands,
    maxColor,
  } as const;
  if (length === METER_FEATURES_13) return reply;
  const features = r.u32();
  return r.u32() === 0 ? { ...reply, features } : undefined;
}

export function encodeMeterFeatures(w: Writer, reply: MeterFeaturesReply): void {
  w.u32(reply.maxMeter, 'meter_features.maxMeter');
  w.u32(reply.bandTypes, 'meter_features.bandTypes');
  w.u32(reply.capabilities, 'meter_features.capabilities');
  w.u8(reply.maxBands, 'meter_features.maxBands');
  w.u8(reply.maxColor, 'meter_features.maxColor');
  w.zeros(2);
  if (reply.features !== undefined) {
    w.u32(reply.features, 'meter_features.features');
    w.zeros(4);
  }
}
