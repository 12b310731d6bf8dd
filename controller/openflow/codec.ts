/**
 * Whole messages: bytes ↔ objects.
 *
 * For every input that decodes, encoding gives the same bytes again: what is not known, or not written as the
 * specification and OVS write it (padding that is not zero, an odd length), is kept as bytes in the smallest
 * element that encloses it. A length that lies throws instead, as nothing behind it can be trusted.
 */
import { MessageType, NiciraType, NX_EXPERIMENTER, OFP_HEADER_LENGTH, OFP_VERSION } from './constants.ts';
import {
  OpenFlowBadLengthError,
  OpenFlowBadValueError,
  OpenFlowBadVersionError,
  OpenFlowTruncatedError,
} from './errors.ts';
import { openflow } from '../limits.ts';
import { BundleControls } from './names.ts';
import * as flow from './messages/flow.ts';
import * as groupMeter from './messages/group-meter.ts';
import * as nicira from './messages/nicira.ts';
import * as packet from './messages/packet.ts';
import * as portTable from './messages/port-table.ts';
import * as session from './messages/session.ts';
import type { BundleAddMessage, Message, Received, RequestForward } from './message.ts';
import type { Bare, BundleControlMessage } from './messages/types.ts';
import { decodeMultipart, encodeMultipart, isMultipartReply } from './multipart/codec.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

const reader = new Reader();

/**
 * Decodes one whole message, header included: all of `bytes`, or what lies from `start` up to `end` in them. Only
 * hello and error may be of another version than 1.5.
 *
 * Throws `OPENFLOW_TRUNCATED`, `OPENFLOW_BAD_LENGTH`, `OPENFLOW_BAD_VERSION`.
 */
export function decode(bytes: Uint8Array, start = 0, end: number = bytes.length): Received {
  reader.start(bytes, start, end);
  return decodeMessage(reader, 0);
}

/** Reads the message that fills the reader up to its end. */
function decodeMessage(r: Reader, depth: number): Received {
  const start = r.position;
  r.need(OFP_HEADER_LENGTH, 'header');
  const version = r.u8();
  const type = r.u8();
  const length = r.u16();
  const xid = r.u32();
  if (length < OFP_HEADER_LENGTH) {
    throw new OpenFlowBadLengthError(
      'header',
      start - r.origin + 2,
      `a message of ${length} bytes has no header`,
    );
  }
  if (length > r.end - start) {
    throw new OpenFlowTruncatedError(
      'header',
      start - r.origin + 2,
      `a length of ${length} is announced, ${r.end - start} bytes are there`,
    );
  }
  if (length < r.end - start) {
    throw new OpenFlowBadLengthError(
      'header',
      start - r.origin + 2,
      `a length of ${length} is announced, ${r.end - start} bytes are there; split the stream first`,
    );
  }
  if (version !== OFP_VERSION && type !== MessageType.HELLO && type !== MessageType.ERROR) {
    throw new OpenFlowBadVersionError(
      'header',
      start - r.origin,
      `version ${version} of a message of type ${type}; this library speaks ${OFP_VERSION} (OpenFlow 1.5)`,
    );
  }
  const body = r.position;
  const message = decodeBody(r, type, version, xid, depth);
  if (message === undefined || r.position !== r.end) {
    return { type: 'raw', xid, messageType: type, body: r.copyRange(body, r.end) };
  }
  return message as Received;
}

function bare(r: Reader, xid: number, type: Bare['type']): Bare {
  session.exactly(r, 0, type);
  return { type, xid };
}

function decodeBody(
  r: Reader,
  type: number,
  version: number,
  xid: number,
  depth: number,
): Message | undefined {
  switch (type) {
    case MessageType.HELLO:
      return session.decodeHello(r, xid, version);
    case MessageType.ERROR:
      return session.decodeError(r, xid, version);
    case MessageType.ECHO_REQUEST:
      return { type: 'echo_request', xid, data: r.copyRange(r.position, r.end) };
    case MessageType.ECHO_REPLY:
      return { type: 'echo_reply', xid, data: r.copyRange(r.position, r.end) };
    case MessageType.EXPERIMENTER:
      return decodeExperimenter(r, xid);
    case MessageType.FEATURES_REQUEST:
      return bare(r, xid, 'features_request');
    case MessageType.FEATURES_REPLY:
      return session.decodeFeaturesReply(r, xid);
    case MessageType.GET_CONFIG_REQUEST:
      return bare(r, xid, 'get_config_request');
    case MessageType.GET_CONFIG_REPLY:
      return session.decodeSwitchConfig(r, xid, 'get_config_reply');
    case MessageType.SET_CONFIG:
      return session.decodeSwitchConfig(r, xid, 'set_config');
    case MessageType.PACKET_IN:
      return packet.decodePacketIn(r, xid);
    case MessageType.FLOW_REMOVED:
      return flow.decodeFlowRemoved(r, xid);
    case MessageType.PORT_STATUS:
      return portTable.decodePortStatus(r, xid);
    case MessageType.PACKET_OUT:
      return packet.decodePacketOut(r, xid);
    case MessageType.FLOW_MOD:
      return flow.decodeFlowMod(r, xid);
    case MessageType.GROUP_MOD:
      return groupMeter.decodeGroupMod(r, xid);
    case MessageType.PORT_MOD:
      return portTable.decodePortMod(r, xid);
    case MessageType.TABLE_MOD:
      return portTable.decodeTableMod(r, xid);
    case MessageType.MULTIPART_REQUEST:
      return decodeMultipart(r, xid, false);
    case MessageType.MULTIPART_REPLY:
      return decodeMultipart(r, xid, true);
    case MessageType.BARRIER_REQUEST:
      return bare(r, xid, 'barrier_request');
    case MessageType.BARRIER_REPLY:
      return bare(r, xid, 'barrier_reply');
    case MessageType.ROLE_REQUEST:
      return session.decodeRole(r, xid, 'role_request');
    case MessageType.ROLE_REPLY:
      return session.decodeRole(r, xid, 'role_reply');
    case MessageType.GET_ASYNC_REQUEST:
      return bare(r, xid, 'get_async_request');
    case MessageType.GET_ASYNC_REPLY:
      return session.decodeAsyncConfig(r, xid, 'get_async_reply');
    case MessageType.SET_ASYNC:
      return session.decodeAsyncConfig(r, xid, 'set_async');
    case MessageType.METER_MOD:
      return groupMeter.decodeMeterMod(r, xid);
    case MessageType.ROLE_STATUS:
      return session.decodeRoleStatus(r, xid);
    case MessageType.TABLE_STATUS:
      return portTable.decodeTableStatus(r, xid);
    case MessageType.REQUESTFORWARD:
      return depth < openflow.maxNesting ? decodeRequestForward(r, xid, depth) : undefined;
    case MessageType.BUNDLE_CONTROL:
      return decodeBundleControl(r, xid);
    case MessageType.BUNDLE_ADD_MESSAGE:
      return depth < openflow.maxNesting ? decodeBundleAdd(r, xid, depth) : undefined;
    default:
      return undefined;
  }
}

function decodeExperimenter(r: Reader, xid: number): Message | undefined {
  r.need(8, 'experimenter');
  const experimenter = r.u32();
  const expType = r.u32();
  if (experimenter === NX_EXPERIMENTER) {
    switch (expType) {
      case NiciraType.PACKET_IN2:
        return packet.decodeNxPacketIn(r, xid, 'nx_packet_in2');
      case NiciraType.RESUME:
        return packet.decodeNxPacketIn(r, xid, 'nx_resume');
      case NiciraType.SET_CONTROLLER_ID:
        return nicira.decodeSetControllerId(r, xid);
      case NiciraType.SET_PACKET_IN_FORMAT:
        return nicira.decodeSetPacketInFormat(r, xid);
      case NiciraType.FLOW_MOD_TABLE_ID:
        return nicira.decodeFlowModTableId(r, xid);
      case NiciraType.FLOW_AGE:
        return bare(r, xid, 'nx_flow_age');
      case NiciraType.CT_FLUSH_ZONE:
        return nicira.decodeCtFlushZone(r, xid);
      case NiciraType.CT_FLUSH:
        return nicira.decodeCtFlush(r, xid);
      case NiciraType.TLV_TABLE_MOD:
        return nicira.decodeTlvTableMod(r, xid);
      case NiciraType.TLV_TABLE_REQUEST:
        return bare(r, xid, 'nx_tlv_table_request');
      case NiciraType.TLV_TABLE_REPLY:
        return nicira.decodeTlvTableReply(r, xid);
    }
  }
  return { type: 'experimenter', xid, experimenter, expType, data: r.copyRange(r.position, r.end) };
}

function decodeBundleControl(r: Reader, xid: number): BundleControlMessage | undefined {
  r.need(8, 'bundle_control');
  const bundleId = r.u32();
  const control = BundleControls.name(r.u16());
  const flags = r.u16();
  if (control === undefined) return undefined;
  return {
    type: 'bundle_control',
    xid,
    bundleId,
    control,
    flags,
    properties: r.copyRange(r.position, r.end),
  };
}

/**
 * A message within a message. Gives undefined, the cursor anywhere, where the inner header cannot be read as one
 * of 1.5's (the outer message is then kept as bytes).
 */
function decodeInner(r: Reader, depth: number): Message | undefined {
  const start = r.position;
  const outerEnd = r.end;
  if (outerEnd - start < OFP_HEADER_LENGTH) return undefined;
  const version = r.u8();
  r.skip(1);
  const length = r.u16();
  if (version !== OFP_VERSION) return undefined;
  if (length < OFP_HEADER_LENGTH || start + length > outerEnd) {
    throw new OpenFlowBadLengthError(
      'inner header',
      start - r.origin + 2,
      `a message of ${length} bytes does not fit in the ${outerEnd - start} left`,
    );
  }
  r.position = start;
  r.end = start + length;
  const message = decodeMessage(r, depth + 1);
  r.end = outerEnd;
  return message;
}

function decodeBundleAdd(r: Reader, xid: number, depth: number): BundleAddMessage | undefined {
  r.need(8, 'bundle_add_message');
  const bundleId = r.u32();
  const pad = r.u16();
  const flags = r.u16();
  if (pad !== 0) return undefined;
  const message = decodeInner(r, depth);
  if (message === undefined) return undefined;
  return {
    type: 'bundle_add_message',
    xid,
    bundleId,
    flags,
    message,
    properties: r.copyRange(r.position, r.end),
  };
}

function decodeRequestForward(r: Reader, xid: number, depth: number): RequestForward | undefined {
  const request = decodeInner(r, depth);
  return request === undefined ? undefined : { type: 'requestforward', xid, request };
}

/**
 * Appends a message to a writer. `xid` is the transaction id; without one the message's own is used, or 0.
 *
 * Throws `OPENFLOW_BAD_VALUE` where a member does not fit its field and `OPENFLOW_BAD_LENGTH` where the message
 * does not fit in 65,535 bytes; the writer is then as it was before.
 */
export function encodeInto(w: Writer, message: Message, xid: number = message.xid ?? 0): void {
  const start = w.position;
  try {
    encodeMessage(w, message, xid);
  } catch (error) {
    w.position = start;
    throw error;
  }
}

const SLAB = 65536;
/** Room left in a slab below which a new one is begun, so that most messages need no growing. */
const ROOM = 4096;
let slab = new Writer(0);

/**
 * Encodes a message into fresh bytes that nobody else writes to. (They are a part of a larger ArrayBuffer.)
 * Throws like `encodeInto`.
 */
export function encode(message: Message, xid: number = message.xid ?? 0): Uint8Array<ArrayBuffer> {
  if (slab.bytes.length - slab.position < ROOM) slab = new Writer(SLAB);
  const w = slab;
  const start = w.position;
  encodeInto(w, message, xid);
  return new Uint8Array(w.view.buffer, start, w.position - start);
}

function encodeMessage(w: Writer, message: Message, xid: number): void {
  const start = w.position;
  const version = message.type === 'hello' || message.type === 'error' ? message.version : undefined;
  const at = w.take(8);
  w.setU8(at, version ?? OFP_VERSION, 'header.version');
  w.setU32(at + 4, xid, 'header.xid');
  const type = encodeBody(w, message, xid);
  // Only now: writing the body may have moved the writer's view.
  w.view.setUint8(start + 1, type);
  w.length16(start + 2, start, message.type);
}

function experimenterHeader(w: Writer, expType: number): number {
  w.u32(NX_EXPERIMENTER, 'experimenter');
  w.u32(expType, 'experimenter');
  return MessageType.EXPERIMENTER;
}

/** Writes the body and gives the type for the header. */
function encodeBody(w: Writer, message: Message, xid: number): number {
  switch (message.type) {
    case 'flow_mod':
      flow.encodeFlowMod(w, message);
      return MessageType.FLOW_MOD;
    case 'packet_in':
      packet.encodePacketIn(w, message);
      return MessageType.PACKET_IN;
    case 'packet_out':
      packet.encodePacketOut(w, message);
      return MessageType.PACKET_OUT;
    case 'bundle_add_message':
      w.u32(message.bundleId, 'bundle_add_message.bundleId');
      w.u16(0, 'bundle_add_message');
      w.u16(message.flags, 'bundle_add_message.flags');
      encodeMessage(w, message.message, message.message.xid ?? xid);
      w.raw(message.properties);
      return MessageType.BUNDLE_ADD_MESSAGE;
    case 'bundle_control':
      w.u32(message.bundleId, 'bundle_control.bundleId');
      w.u16(BundleControls.number(message.control, w, 'bundle_control.control'), 'bundle_control.control');
      w.u16(message.flags, 'bundle_control.flags');
      w.raw(message.properties);
      return MessageType.BUNDLE_CONTROL;
    case 'barrier_request':
      return MessageType.BARRIER_REQUEST;
    case 'barrier_reply':
      return MessageType.BARRIER_REPLY;
    case 'echo_request':
      w.raw(message.data);
      return MessageType.ECHO_REQUEST;
    case 'echo_reply':
      w.raw(message.data);
      return MessageType.ECHO_REPLY;
    case 'hello':
      session.encodeHello(w, message);
      return MessageType.HELLO;
    case 'error':
      session.encodeError(w, message);
      return MessageType.ERROR;
    case 'features_request':
      return MessageType.FEATURES_REQUEST;
    case 'features_reply':
      session.encodeFeaturesReply(w, message);
      return MessageType.FEATURES_REPLY;
    case 'get_config_request':
      return MessageType.GET_CONFIG_REQUEST;
    case 'get_config_reply':
      session.encodeSwitchConfig(w, message);
      return MessageType.GET_CONFIG_REPLY;
    case 'set_config':
      session.encodeSwitchConfig(w, message);
      return MessageType.SET_CONFIG;
    case 'flow_removed':
      flow.encodeFlowRemoved(w, message);
      return MessageType.FLOW_REMOVED;
    case 'port_status':
      portTable.encodePortStatus(w, message);
      return MessageType.PORT_STATUS;
    case 'group_mod':
      groupMeter.encodeGroupMod(w, message);
      return MessageType.GROUP_MOD;
    case 'port_mod':
      portTable.encodePortMod(w, message);
      return MessageType.PORT_MOD;
    case 'table_mod':
      portTable.encodeTableMod(w, message);
      return MessageType.TABLE_MOD;
    case 'role_request':
      session.encodeRole(w, message);
      return MessageType.ROLE_REQUEST;
    case 'role_reply':
      session.encodeRole(w, message);
      return MessageType.ROLE_REPLY;
    case 'get_async_request':
      return MessageType.GET_ASYNC_REQUEST;
    case 'get_async_reply':
      session.encodeAsyncConfig(w, message);
      return MessageType.GET_ASYNC_REPLY;
    case 'set_async':
      session.encodeAsyncConfig(w, message);
      return MessageType.SET_ASYNC;
    case 'meter_mod':
      groupMeter.encodeMeterMod(w, message);
      return MessageType.METER_MOD;
    case 'role_status':
      session.encodeRoleStatus(w, message);
      return MessageType.ROLE_STATUS;
    case 'table_status':
      portTable.encodeTableStatus(w, message);
      return MessageType.TABLE_STATUS;
    case 'requestforward':
      encodeMessage(w, message.request, message.request.xid ?? xid);
      return MessageType.REQUESTFORWARD;
    case 'nx_packet_in2':
      experimenterHeader(w, NiciraType.PACKET_IN2);
      packet.encodeNxPacketIn(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_resume':
      experimenterHeader(w, NiciraType.RESUME);
      packet.encodeNxPacketIn(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_set_controller_id':
      experimenterHeader(w, NiciraType.SET_CONTROLLER_ID);
      nicira.encodeSetControllerId(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_set_packet_in_format':
      experimenterHeader(w, NiciraType.SET_PACKET_IN_FORMAT);
      nicira.encodeSetPacketInFormat(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_flow_mod_table_id':
      experimenterHeader(w, NiciraType.FLOW_MOD_TABLE_ID);
      nicira.encodeFlowModTableId(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_flow_age':
      return experimenterHeader(w, NiciraType.FLOW_AGE);
    case 'nx_ct_flush_zone':
      experimenterHeader(w, NiciraType.CT_FLUSH_ZONE);
      nicira.encodeCtFlushZone(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_ct_flush':
      experimenterHeader(w, NiciraType.CT_FLUSH);
      nicira.encodeCtFlush(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_tlv_table_mod':
      experimenterHeader(w, NiciraType.TLV_TABLE_MOD);
      nicira.encodeTlvTableMod(w, message);
      return MessageType.EXPERIMENTER;
    case 'nx_tlv_table_request':
      return experimenterHeader(w, NiciraType.TLV_TABLE_REQUEST);
    case 'nx_tlv_table_reply':
      experimenterHeader(w, NiciraType.TLV_TABLE_REPLY);
      nicira.encodeTlvTableReply(w, message);
      return MessageType.EXPERIMENTER;
    case 'experimenter':
      w.u32(message.experimenter, 'experimenter.experimenter');
      w.u32(message.expType, 'experimenter.expType');
      w.raw(message.data);
      return MessageType.EXPERIMENTER;
    case 'raw':
      if ((message.messageType & 0xff) !== message.messageType) {
        throw new OpenFlowBadValueError(
          'raw.messageType',
          w.position,
          `${message.messageType} is not a message type`,
        );
      }
      w.raw(message.body);
      return message.messageType;
    default:
      encodeMultipart(w, message);
      return isMultipartReply(message) ? MessageType.MULTIPART_REPLY : MessageType.MULTIPART_REQUEST;
  }
}
