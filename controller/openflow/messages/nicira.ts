/** Nicira's messages: controller identity, packet-in format, conntrack flushing, the tunnel option table. */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../addresses.ts';
import { PacketInFormats, TlvTableCommands } from '../names.ts';
import {
  beginProperty,
  endProperty,
  finishProperty,
  putU16Property,
  putU8Property,
  startProperty,
  u16Property,
  u8Property,
  type PropertyHead,
} from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { exactly } from './session.ts';
import type {
  CtTuple,
  NxCtFlush,
  NxCtFlushZone,
  NxFlowModTableId,
  NxSetControllerId,
  NxSetPacketInFormat,
  NxTlvTableMod,
  NxTlvTableReply,
  TlvMap,
} from './types.ts';

export function decodeSetControllerId(r: Reader, xid: number): NxSetControllerId | undefined {
  exactly(r, 8, 'nx_set_controller_id');
  return r.zeros(6) ? { type: 'nx_set_controller_id', xid, controllerId: r.u16() } : undefined;
}

export function encodeSetControllerId(w: Writer, message: NxSetControllerId): void {
  w.zeros(6);
  w.u16(message.controllerId, 'nx_set_controller_id.controllerId');
}

export function decodeSetPacketInFormat(r: Reader, xid: number): NxSetPacketInFormat | undefined {
  exactly(r, 4, 'nx_set_packet_in_format');
  const format = PacketInFormats.name(r.u32());
  return format === undefined ? undefined : { type: 'nx_set_packet_in_format', xid, format };
}

export function encodeSetPacketInFormat(w: Writer, message: NxSetPacketInFormat): void {
  const what = 'nx_set_packet_in_format.format';
  w.u32(PacketInFormats.number(message.format, w, what), what);
}

export function decodeFlowModTableId(r: Reader, xid: number): NxFlowModTableId | undefined {
  exactly(r, 8, 'nx_flow_mod_table_id');
  const set = r.u8();
  return set <= 1 && r.zeros(7) ? { type: 'nx_flow_mod_table_id', xid, set: set === 1 } : undefined;
}

export function encodeFlowModTableId(w: Writer, message: NxFlowModTableId): void {
  w.u8(message.set ? 1 : 0, 'nx_flow_mod_table_id.set');
  w.zeros(7);
}

export function decodeCtFlushZone(r: Reader, xid: number): NxCtFlushZone | undefined {
  exactly(r, 8, 'nx_ct_flush_zone');
  return r.zeros(6) ? { type: 'nx_ct_flush_zone', xid, zone: r.u16() } : undefined;
}

export function encodeCtFlushZone(w: Writer, message: NxCtFlushZone): void {
  w.zeros(6);
  w.u16(message.zone, 'nx_ct_flush_zone.zone');
}

const ORIG = 0;
const REPLY = 1;
const ZONE = 2;
const T_SRC = 0;
const T_DST = 1;
const T_SRC_PORT = 2;
const T_DST_PORT = 3;
const T_ICMP_ID = 4;
const T_ICMP_TYPE = 5;
const T_ICMP_CODE = 6;
const MAPPED = 0xffffn;

function addressProperty(r: Reader, head: PropertyHead): string | undefined {
  if (head.end - head.start !== 20) return undefined;
  const value = r.u128();
  if (!endProperty(r, head)) return undefined;
  return value >> 32n === MAPPED ? formatIpv4(Number(value & 0xffffffffn)) : formatIpv6(value);
}

function putAddressProperty(w: Writer, type: number, address: string, what: string): void {
  const start = startProperty(w, type, what);
  const value = address.includes(':') ? parseIpv6(address) : (MAPPED << 32n) | BigInt(parseIpv4(address));
  w.u128(value, what);
  finishProperty(w, start, what);
}

type TupleDraft = { -readonly [K in keyof CtTuple]: CtTuple[K] };

function takeTuple(r: Reader, head: PropertyHead, tuple: TupleDraft): boolean {
  switch (head.type) {
    case T_SRC:
      return (tuple.src = addressProperty(r, head)) !== undefined;
    case T_DST:
      return (tuple.dst = addressProperty(r, head)) !== undefined;
    case T_SRC_PORT:
      return (tuple.srcPort = u16Property(r, head)) !== undefined;
    case T_DST_PORT:
      return (tuple.dstPort = u16Property(r, head)) !== undefined;
    case T_ICMP_ID:
      return (tuple.icmpId = u16Property(r, head)) !== undefined;
    case T_ICMP_TYPE:
      return (tuple.icmpType = u8Property(r, head)) !== undefined;
    case T_ICMP_CODE:
      return (tuple.icmpCode = u8Property(r, head)) !== undefined;
    default:
      return false;
  }
}

/** A nested property: four zero bytes, then properties up to the end. */
function decodeTuple(r: Reader, head: PropertyHead): CtTuple | undefined {
  if (head.end - head.start < 8 || head.end !== head.next || !r.zeros(4)) return undefined;
  const tuple: TupleDraft = {};
  let last = -1;
  while (r.position < head.end) {
    const inner = beginProperty(r, head.end, 'nx_ct_flush.tuple');
    const trial: TupleDraft = {};
    if (inner.type <= last || !takeTuple(r, inner, trial)) {
      tuple.others = r.copyRange(inner.start, head.end);
      break;
    }
    Object.assign(tuple, trial);
    last = inner.type;
  }
  return tuple;
}

function encodeTuple(w: Writer, type: number, tuple: CtTuple): void {
  const what = 'nx_ct_flush.tuple';
  const start = startProperty(w, type, what);
  w.zeros(4);
  if (tuple.src !== undefined) putAddressProperty(w, T_SRC, tuple.src, `${what}.src`);
  if (tuple.dst !== undefined) putAddressProperty(w, T_DST, tuple.dst, `${what}.dst`);
  if (tuple.srcPort !== undefined) putU16Property(w, T_SRC_PORT, tuple.srcPort, `${what}.srcPort`);
  if (tuple.dstPort !== undefined) putU16Property(w, T_DST_PORT, tuple.dstPort, `${what}.dstPort`);
  if (tuple.icmpId !== undefined) putU16Property(w, T_ICMP_ID, tuple.icmpId, `${what}.icmpId`);
  if (tuple.icmpType !== undefined) putU8Property(w, T_ICMP_TYPE, tuple.icmpType, `${what}.icmpType`);
  if (tuple.icmpCode !== undefined) putU8Property(w, T_ICMP_CODE, tuple.icmpCode, `${what}.icmpCode`);
  if (tuple.others !== undefined) w.raw(tuple.others);
  finishProperty(w, start, what);
}

export function decodeCtFlush(r: Reader, xid: number): NxCtFlush | undefined {
  r.need(8, 'nx_ct_flush');
  const ipProto = r.u8();
  if (!r.zeros(7)) return undefined;
  const message: { -readonly [K in keyof NxCtFlush]: NxCtFlush[K] } = { type: 'nx_ct_flush', xid, ipProto };
  let last = -1;
  while (r.position < r.end) {
    const head = beginProperty(r, r.end, 'nx_ct_flush');
    let taken = false;
    if (head.type > last && (head.type === ORIG || head.type === REPLY)) {
      const tuple = decodeTuple(r, head);
      taken = tuple !== undefined;
      if (head.type === ORIG) message.orig = tuple;
      else message.reply = tuple;
    } else if (head.type > last && head.type === ZONE) {
      message.zone = u16Property(r, head);
      taken = message.zone !== undefined;
    }
    if (!taken) {
      message.others = r.copyRange(head.start, r.end);
      break;
    }
    last = head.type;
  }
  return message;
}

export function encodeCtFlush(w: Writer, message: NxCtFlush): void {
  w.u8(message.ipProto, 'nx_ct_flush.ipProto');
  w.zeros(7);
  if (message.orig !== undefined) encodeTuple(w, ORIG, message.orig);
  if (message.reply !== undefined) encodeTuple(w, REPLY, message.reply);
  if (message.zone !== undefined) putU16Property(w, ZONE, message.zone, 'nx_ct_flush.zone');
  if (message.others !== undefined) w.raw(message.others);
}

function decodeTlvMaps(r: Reader, what: string): TlvMap[] | undefined {
  const maps: TlvMap[] = [];
  while (r.position < r.end) {
    r.need(8, what);
    const map = { optionClass: r.u16(), optionType: r.u8(), optionLen: r.u8(), index: r.u16() };
    if (r.u16() !== 0) return undefined;
    maps.push(map);
  }
  return maps;
}

function encodeTlvMaps(w: Writer, maps: readonly TlvMap[]): void {
  for (const map of maps) {
    w.u16(map.optionClass, 'tlv_map.optionClass');
    w.u8(map.optionType, 'tlv_map.optionType');
    w.u8(map.optionLen, 'tlv_map.optionLen');
    w.u16(map.index, 'tlv_map.index');
    w.zeros(2);
  }
}

export function decodeTlvTableMod(r: Reader, xid: number): NxTlvTableMod | undefined {
  r.need(8, 'nx_tlv_table_mod');
  const command = TlvTableCommands.name(r.u16());
  if (command === undefined || !r.zeros(6)) return undefined;
  const maps = decodeTlvMaps(r, 'nx_tlv_table_mod.maps');
  return maps === undefined ? undefined : { type: 'nx_tlv_table_mod', xid, command, maps };
}

export function encodeTlvTableMod(w: Writer, message: NxTlvTableMod): void {
  w.u16(TlvTableCommands.number(message.command, w, 'nx_tlv_table_mod.command'), 'nx_tlv_table_mod.command');
  w.zeros(6);
  encodeTlvMaps(w, message.maps);
}

export function decodeTlvTableReply(r: Reader, xid: number): NxTlvTableReply | undefined {
  r.need(16, 'nx_tlv_table_reply');
  const maxOptionSpace = r.u32();
  const maxFields = r.u16();
  if (!r.zeros(10)) return undefined;
  const maps = decodeTlvMaps(r, 'nx_tlv_table_reply.maps');
  return maps === undefined
    ? undefined
    : { type: 'nx_tlv_table_reply', xid, maxOptionSpace, maxFields, maps };
}

export function encodeTlvTableReply(w: Writer, message: NxTlvTableReply): void {
  w.u32(message.maxOptionSpace, 'nx_tlv_table_reply.maxOptionSpace');
  w.u16(message.maxFields, 'nx_tlv_table_reply.maxFields');
  w.zeros(10);
  encodeTlvMaps(w, message.maps);
}
