/** Groups with their buckets, and meters with their bands. */
import { decodeActions } from '../actions/decode.ts';
import { encodeActions } from '../actions/encode.ts';
import { OpenFlowBadLengthError, OpenFlowBadValueError } from '../errors.ts';
import { decodeText, encodeText } from '../fixed-text.ts';
import { decodeOxmList, encodeOxmList } from '../match.ts';
import { GroupTypes, MeterModCommands, NameSet } from '../names.ts';
import {
  beginProperty,
  endProperty,
  finishProperty,
  putU16Property,
  putU32Property,
  u16Property,
  u32Property,
} from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type {
  GroupBucket,
  GroupMod,
  GroupModCommand,
  MeterBand,
  MeterMod,
  SelectionMethod,
} from './types.ts';

const WEIGHT = 0;
const WATCH_PORT = 1;
const WATCH_GROUP = 2;

type BucketDraft = { -readonly [K in keyof GroupBucket]: GroupBucket[K] };

function decodeBucket(r: Reader, end: number, bucket: BucketDraft): void {
  let last = -1;
  while (r.position < end) {
    const head = beginProperty(r, end, 'bucket');
    const weight = head.type === WEIGHT && last < WEIGHT ? u16Property(r, head) : undefined;
    const watch =
      (head.type === WATCH_PORT || head.type === WATCH_GROUP) && last < head.type
        ? u32Property(r, head)
        : undefined;
    if (weight !== undefined) bucket.weight = weight;
    else if (watch !== undefined && head.type === WATCH_PORT) bucket.watchPort = watch;
    else if (watch !== undefined) bucket.watchGroup = watch;
    else {
      bucket.others = r.copyRange(head.start, end);
      return;
    }
    last = head.type;
  }
}

/** Reads buckets up to `end`. Throws `OPENFLOW_BAD_LENGTH` where one does not fit. */
export function decodeBuckets(r: Reader, end: number): GroupBucket[] {
  const buckets: GroupBucket[] = [];
  while (r.position < end) {
    const start = r.position;
    if (end - start < 8) {
      throw new OpenFlowBadLengthError('bucket', r.offset, `a bucket needs 8 bytes, ${end - start} are left`);
    }
    const length = r.u16();
    const actionsLength = r.u16();
    const bucketId = r.u32();
    if (start + length > end || 8 + actionsLength > length) {
      throw new OpenFlowBadLengthError(
        'bucket',
        start - r.origin,
        `${length} bytes with ${actionsLength} of actions do not fit in the ${end - start} left`,
      );
    }
    const actions = decodeActions(r, r.position + actionsLength);
    const bucket: BucketDraft = { bucketId, actions };
    decodeBucket(r, start + length, bucket);
    buckets.push(bucket);
  }
  return buckets;
}

export function encodeBuckets(w: Writer, buckets: readonly GroupBucket[]): void {
  for (const bucket of buckets) {
    const start = w.position;
    w.u32(0, 'bucket');
    w.u32(bucket.bucketId, 'bucket.bucketId');
    encodeActions(w, bucket.actions);
    w.length16(start + 2, start + 8, 'bucket.actions');
    if (bucket.weight !== undefined) putU16Property(w, WEIGHT, bucket.weight, 'bucket.weight');
    if (bucket.watchPort !== undefined) putU32Property(w, WATCH_PORT, bucket.watchPort, 'bucket.watchPort');
    if (bucket.watchGroup !== undefined)
      putU32Property(w, WATCH_GROUP, bucket.watchGroup, 'bucket.watchGroup');
    if (bucket.others !== undefined) w.raw(bucket.others);
    w.length16(start, start, 'bucket');
  }
}

const EXPERIMENTER = 0xffff;
const NETRONOME = 0x0000154d;
const SELECTION_METHOD = 1;

export interface GroupProperties {
  selectionMethod?: SelectionMethod | undefined;
  others?: Uint8Array | undefined;
}

function decodeSelectionMethod(r: Reader, start: number, end: number): SelectionMethod | undefined {
  if (end - start < 40 || r.u32() !== NETRONOME || r.u32() !== SELECTION_METHOD || r.u32() !== 0)
    return undefined;
  const method = decodeText(r, 16);
  const param = r.u64();
  return method === undefined
    ? undefined
    : { method, param, fields: decodeOxmList(r, end, 'selection_method.fields') };
}

/** Reads the properties of a group up to `end`. */
export function decodeGroupProperties(r: Reader, end: number): GroupProperties {
  const properties: GroupProperties = {};
  while (r.position < end) {
    const head = beginProperty(r, end, 'group.properties');
    const method =
      head.type === EXPERIMENTER && properties.selectionMethod === undefined
        ? decodeSelectionMethod(r, head.start, head.end)
        : undefined;
    if (method === undefined || !endProperty(r, head)) {
      properties.others = r.copyRange(head.start, end);
      return properties;
    }
    properties.selectionMethod = method;
  }
  return properties;
}

export function encodeGroupProperties(w: Writer, { selectionMethod, others }: GroupProperties): void {
  if (selectionMethod !== undefined) {
    const start = w.position;
    w.u16(EXPERIMENTER, 'selectionMethod');
    w.u16(0, 'selectionMethod');
    w.u32(NETRONOME, 'selectionMethod');
    w.u32(SELECTION_METHOD, 'selectionMethod');
    w.u32(0, 'selectionMethod');
    encodeText(w, selectionMethod.method, 16, 'selectionMethod.method');
    w.u64(selectionMethod.param, 'selectionMethod.param');
    encodeOxmList(w, selectionMethod.fields);
    finishProperty(w, start, 'selectionMethod');
  }
  if (others !== undefined) w.raw(others);
}

const Commands = new NameSet<GroupModCommand>([
  'add',
  'modify',
  'delete',
  'insert_bucket',
  undefined,
  'remove_bucket',
]);
/** OVS's own: add the group, or modify the one that is there. */
const ADD_OR_MODIFY = 0x8000;

export function decodeGroupMod(r: Reader, xid: number): GroupMod | undefined {
  r.need(16, 'group_mod');
  const number = r.u16();
  const command = number === ADD_OR_MODIFY ? 'add_or_modify' : Commands.name(number);
  const groupType = GroupTypes.name(r.u8());
  const pad = r.u8();
  const groupId = r.u32();
  const bucketsLength = r.u16();
  if (command === undefined || groupType === undefined || r.u16() !== 0 || pad !== 0) return undefined;
  const commandBucketId = r.u32();
  if (r.position + bucketsLength > r.end) {
    throw new OpenFlowBadLengthError(
      'group_mod.buckets',
      r.offset,
      `${bucketsLength} bytes of buckets do not fit in the ${r.end - r.position} left`,
    );
  }
  const buckets = decodeBuckets(r, r.position + bucketsLength);
  const properties = decodeGroupProperties(r, r.end);
  return { type: 'group_mod', xid, command, groupType, groupId, commandBucketId, buckets, ...properties };
}

export function encodeGroupMod(w: Writer, message: GroupMod): void {
  w.u16(
    message.command === 'add_or_modify'
      ? ADD_OR_MODIFY
      : Commands.number(message.command, w, 'group_mod.command'),
    'group_mod.command',
  );
  w.u8(GroupTypes.number(message.groupType, w, 'group_mod.groupType'), 'group_mod.groupType');
  w.zeros(1);
  w.u32(message.groupId, 'group_mod.groupId');
  const lengthAt = w.position;
  w.u32(0, 'group_mod');
  w.u32(message.commandBucketId, 'group_mod.commandBucketId');
  const start = w.position;
  encodeBuckets(w, message.buckets);
  w.length16(lengthAt, start, 'group_mod.buckets');
  encodeGroupProperties(w, message);
}

/** Reads meter bands up to `end`. */
export function decodeBands(r: Reader, end: number): MeterBand[] {
  const bands: MeterBand[] = [];
  while (r.position < end) {
    const start = r.position;
    if (end - start < 12) {
      throw new OpenFlowBadLengthError(
        'meter band',
        r.offset,
        `a band needs 12 bytes, ${end - start} are left`,
      );
    }
    const type = r.u16();
    const length = r.u16();
    if (length < 12 || start + length > end) {
      throw new OpenFlowBadLengthError(
        'meter band',
        start - r.origin,
        `a band of ${length} bytes does not fit in the ${end - start} left`,
      );
    }
    const rate = r.u32();
    const burstSize = r.u32();
    if (type === 1 && length === 16 && r.zeros(4)) {
      bands.push({ type: 'drop', rate, burstSize });
      continue;
    }
    if (type === 2 && length === 16) {
      const precLevel = r.u8();
      if (r.zeros(3)) {
        bands.push({ type: 'dscp_remark', rate, burstSize, precLevel });
        continue;
      }
    }
    bands.push({ type: 'raw', bytes: r.copyRange(start, start + length) });
  }
  return bands;
}

export function encodeBands(w: Writer, bands: readonly MeterBand[]): void {
  for (const band of bands) {
    if (band.type === 'raw') {
      const { bytes } = band;
      if (bytes.length < 12 || bytes[2]! * 256 + bytes[3]! !== bytes.length) {
        throw new OpenFlowBadValueError(
          'raw meter band',
          w.position,
          'its length must stand in bytes 2 and 3',
        );
      }
      w.raw(bytes);
      continue;
    }
    w.u16(band.type === 'drop' ? 1 : 2, 'meter band');
    w.u16(16, 'meter band');
    w.u32(band.rate, 'band.rate');
    w.u32(band.burstSize, 'band.burstSize');
    if (band.type === 'drop') {
      w.zeros(4);
    } else {
      w.u8(band.precLevel, 'band.precLevel');
      w.zeros(3);
    }
  }
}

export function decodeMeterMod(r: Reader, xid: number): MeterMod | undefined {
  r.need(8, 'meter_mod');
  const command = MeterModCommands.name(r.u16());
  const flags = r.u16();
  const meterId = r.u32();
  if (command === undefined) return undefined;
  return { type: 'meter_mod', xid, command, flags, meterId, bands: decodeBands(r, r.end) };
}

export function encodeMeterMod(w: Writer, message: MeterMod): void {
  w.u16(MeterModCommands.number(message.command, w, 'meter_mod.command'), 'meter_mod.command');
  w.u16(message.flags, 'meter_mod.flags');
  w.u32(message.meterId, 'meter_mod.meterId');
  encodeBands(w, message.bands);
}
