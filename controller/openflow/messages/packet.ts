/** Packets on their way between switch and controller. */
import { decodeActions } from '../actions/decode.ts';
import { encodeActions } from '../actions/encode.ts';
import { OpenFlowBadLengthError } from '../errors.ts';
import { decodeMatch, decodeOxmList, encodeMatch, encodeOxmList } from '../match.ts';
import { PacketInReasons } from '../names.ts';
import {
  beginProperty,
  bytesProperty,
  endProperty,
  finishProperty,
  putBytesProperty,
  putU32Property,
  putU64Property,
  putU8Property,
  startProperty,
  u32Property,
  u64Property,
  u8Property,
  type PropertyHead,
} from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { NxPacketIn, PacketIn, PacketOut } from './types.ts';

export function decodePacketIn(r: Reader, xid: number): PacketIn | undefined {
  r.need(16, 'packet_in');
  const bufferId = r.u32();
  const totalLen = r.u16();
  const reason = PacketInReasons.name(r.u8());
  const table = r.u8();
  const cookie = r.u64();
  const match = decodeMatch(r, 'packet_in.match');
  if (match === undefined || reason === undefined) return undefined;
  r.need(2, 'packet_in');
  if (r.u16() !== 0) return undefined;
  const data = r.copyRange(r.position, r.end);
  return { type: 'packet_in', xid, bufferId, totalLen, reason, table, cookie, match, data };
}

export function encodePacketIn(w: Writer, message: PacketIn): void {
  w.u32(message.bufferId, 'packet_in.bufferId');
  w.u16(message.totalLen, 'packet_in.totalLen');
  w.u8(PacketInReasons.number(message.reason, w, 'packet_in.reason'), 'packet_in.reason');
  w.u8(message.table, 'packet_in.table');
  w.u64(message.cookie, 'packet_in.cookie');
  encodeMatch(w, message.match);
  w.zeros(2);
  w.raw(message.data);
}

export function decodePacketOut(r: Reader, xid: number): PacketOut | undefined {
  r.need(8, 'packet_out');
  const bufferId = r.u32();
  const actionsLength = r.u16();
  if (r.u16() !== 0) return undefined;
  const match = decodeMatch(r, 'packet_out.match');
  if (match === undefined) return undefined;
  if (r.position + actionsLength > r.end) {
    throw new OpenFlowBadLengthError(
      'packet_out.actions',
      r.offset,
      `${actionsLength} bytes of actions do not fit in the ${r.end - r.position} left`,
    );
  }
  const actions = decodeActions(r, r.position + actionsLength);
  return { type: 'packet_out', xid, bufferId, match, actions, data: r.copyRange(r.position, r.end) };
}

export function encodePacketOut(w: Writer, message: PacketOut): void {
  w.u32(message.bufferId, 'packet_out.bufferId');
  const lengthAt = w.position;
  w.u16(0, 'packet_out');
  w.zeros(2);
  encodeMatch(w, message.match);
  const start = w.position;
  encodeActions(w, message.actions);
  w.length16(lengthAt, start, 'packet_out.actions');
  w.raw(message.data);
}

const PACKET = 0;
const FULL_LEN = 1;
const BUFFER_ID = 2;
const TABLE_ID = 3;
const COOKIE = 4;
const REASON = 5;
const METADATA = 6;
const USERDATA = 7;
const CONTINUATION = 8;
/** Place of each property in the order in which OVS writes them: the continuation before the user data. */
const PLACE = [0, 1, 2, 3, 4, 5, 6, 8, 7];

type Draft = { -readonly [K in keyof NxPacketIn]: NxPacketIn[K] };

function take(r: Reader, head: PropertyHead, draft: Draft): boolean {
  switch (head.type) {
    case PACKET:
      return (draft.packet = bytesProperty(r, head)) !== undefined;
    case FULL_LEN:
      return (draft.fullLen = u32Property(r, head)) !== undefined;
    case BUFFER_ID:
      return (draft.bufferId = u32Property(r, head)) !== undefined;
    case TABLE_ID:
      return (draft.table = u8Property(r, head)) !== undefined;
    case COOKIE:
      return (draft.cookie = u64Property(r, head)) !== undefined;
    case REASON: {
      const reason = u8Property(r, head);
      return reason !== undefined && (draft.reason = PacketInReasons.name(reason)) !== undefined;
    }
    case METADATA:
      draft.metadata = decodeOxmList(r, head.end, 'packet_in2.metadata');
      return endProperty(r, head);
    case USERDATA:
      return (draft.userdata = bytesProperty(r, head)) !== undefined;
    case CONTINUATION:
      return (draft.continuation = bytesProperty(r, head)) !== undefined;
    default:
      return false;
  }
}

export function decodeNxPacketIn(r: Reader, xid: number, type: NxPacketIn['type']): NxPacketIn {
  const draft: Draft = { type, xid };
  let last = -1;
  while (r.position < r.end) {
    const head = beginProperty(r, r.end, type);
    const place = PLACE[head.type] ?? -1;
    const trial: Draft = { type };
    if (place <= last || !take(r, head, trial)) {
      draft.others = r.copyRange(head.start, r.end);
      break;
    }
    Object.assign(draft, trial);
    last = place;
  }
  return draft;
}

export function encodeNxPacketIn(w: Writer, message: NxPacketIn): void {
  const { type } = message;
  if (message.packet !== undefined) putBytesProperty(w, PACKET, message.packet, `${type}.packet`);
  if (message.fullLen !== undefined) putU32Property(w, FULL_LEN, message.fullLen, `${type}.fullLen`);
  if (message.bufferId !== undefined) putU32Property(w, BUFFER_ID, message.bufferId, `${type}.bufferId`);
  if (message.table !== undefined) putU8Property(w, TABLE_ID, message.table, `${type}.table`);
  if (message.cookie !== undefined) putU64Property(w, COOKIE, message.cookie, `${type}.cookie`);
  if (message.reason !== undefined) {
    putU8Property(w, REASON, PacketInReasons.number(message.reason, w, `${type}.reason`), `${type}.reason`);
  }
  if (message.metadata !== undefined) {
    const start = startProperty(w, METADATA, `${type}.metadata`);
    encodeOxmList(w, message.metadata);
    finishProperty(w, start, `${type}.metadata`);
  }
  if (message.continuation !== undefined) {
    putBytesProperty(w, CONTINUATION, message.continuation, `${type}.continuation`);
  }
  if (message.userdata !== undefined) putBytesProperty(w, USERDATA, message.userdata, `${type}.userdata`);
  if (message.others !== undefined) w.raw(message.others);
}
