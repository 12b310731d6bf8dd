/** Dispatch over multipart types. What is not known or not canonical as a whole is left to the caller to keep. */
import { MultipartType, NX_EXPERIMENTER } from '../constants.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import { decodeFlowStats, encodeFlowStats } from '../flow-stats.ts';
import { decodePort, encodePort } from '../messages/port-table.ts';
import { exactly } from '../messages/session.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { decodeEntries, encodeEntries } from './entries.ts';
import * as flows from './flows.ts';
import * as groups from './groups-meters.ts';
import * as sw from './switch.ts';
import type { MultipartMessage, PlainRequest } from './types.ts';

const MORE = 1;
const IPFIX_BRIDGE = 3;
const IPFIX_FLOW = 4;

/** Reads a multipart message behind its OpenFlow header; undefined where it is not canonical. */
export function decodeMultipart(r: Reader, xid: number, reply: boolean): MultipartMessage | undefined {
  r.need(8, 'multipart');
  const type = r.u16();
  const flags = r.u16();
  if (r.u32() !== 0 || flags > MORE) return undefined;
  const message = reply ? decodeReply(r, type) : decodeRequest(r, type);
  if (message === undefined || r.position !== r.end) return undefined;
  return flags === MORE ? { ...message, xid, more: true } : { ...message, xid };
}

function plain(r: Reader, type: PlainRequest['type']): PlainRequest {
  exactly(r, 0, type);
  return { type };
}

/** A 32-bit identifier and four zero bytes; undefined where they are not zero. */
function identifier(r: Reader, what: string): number | undefined {
  exactly(r, 8, what);
  const id = r.u32();
  return r.u32() === 0 ? id : undefined;
}

function other(
  r: Reader,
  type: 'multipart_request' | 'multipart_reply',
  multipartType: number,
): MultipartMessage {
  return { type, multipartType, body: r.copyRange(r.position, r.end) };
}

function decodeRequest(r: Reader, type: number): MultipartMessage | undefined {
  switch (type) {
    case MultipartType.DESC:
      return plain(r, 'desc_request');
    case MultipartType.FLOW_DESC:
      return flows.decodeFlowRequest(r, 'flow_desc_request');
    case MultipartType.AGGREGATE_STATS:
      return flows.decodeFlowRequest(r, 'aggregate_stats_request');
    case MultipartType.FLOW_STATS:
      return flows.decodeFlowRequest(r, 'flow_stats_request');
    case MultipartType.TABLE_STATS:
      return plain(r, 'table_stats_request');
    case MultipartType.PORT_STATS:
    case MultipartType.PORT_DESC: {
      const name = type === MultipartType.PORT_STATS ? 'port_stats_request' : 'port_desc_request';
      const portNo = identifier(r, name);
      return portNo === undefined ? undefined : { type: name, portNo };
    }
    case MultipartType.QUEUE_STATS:
    case MultipartType.QUEUE_DESC: {
      const name = type === MultipartType.QUEUE_STATS ? 'queue_stats_request' : 'queue_desc_request';
      exactly(r, 8, name);
      return { type: name, portNo: r.u32(), queueId: r.u32() };
    }
    case MultipartType.GROUP_STATS:
    case MultipartType.GROUP_DESC: {
      const name = type === MultipartType.GROUP_STATS ? 'group_stats_request' : 'group_desc_request';
      const groupId = identifier(r, name);
      return groupId === undefined ? undefined : { type: name, groupId };
    }
    case MultipartType.GROUP_FEATURES:
      return plain(r, 'group_features_request');
    case MultipartType.METER_STATS:
    case MultipartType.METER_DESC: {
      const name = type === MultipartType.METER_STATS ? 'meter_stats_request' : 'meter_desc_request';
      const meterId = identifier(r, name);
      return meterId === undefined ? undefined : { type: name, meterId };
    }
    case MultipartType.METER_FEATURES:
      return plain(r, 'meter_features_request');
    case MultipartType.TABLE_FEATURES:
      return { type: 'table_features_request', tables: sw.decodeTableFeatures(r) };
    case MultipartType.TABLE_DESC:
      return plain(r, 'table_desc_request');
    case MultipartType.FLOW_MONITOR: {
      const monitors = flows.decodeFlowMonitors(r);
      return monitors === undefined ? undefined : { type: 'flow_monitor_request', monitors };
    }
    case MultipartType.EXPERIMENTER: {
      if (r.end - r.position === 8) {
        const start = r.position;
        const nicira = r.u32() === NX_EXPERIMENTER;
        const subtype = r.u32();
        if (nicira && subtype === IPFIX_BRIDGE) return { type: 'ipfix_bridge_request' };
        if (nicira && subtype === IPFIX_FLOW) return { type: 'ipfix_flow_request' };
        r.position = start;
      }
      return other(r, 'multipart_request', type);
    }
    default:
      return other(r, 'multipart_request', type);
  }
}

function decodeReply(r: Reader, type: number): MultipartMessage | undefined {
  switch (type) {
    case MultipartType.DESC:
      return sw.decodeDesc(r);
    case MultipartType.FLOW_DESC:
      return { type: 'flow_desc_reply', flows: flows.decodeFlowDescs(r) };
    case MultipartType.FLOW_STATS:
      return { type: 'flow_stats_reply', flows: flows.decodeFlowStatsEntries(r) };
    case MultipartType.AGGREGATE_STATS: {
      const stats = decodeFlowStats(r, 'aggregate_stats_reply');
      return stats === undefined ? undefined : { type: 'aggregate_stats_reply', stats };
    }
    case MultipartType.TABLE_STATS:
      return { type: 'table_stats_reply', tables: sw.decodeTableStats(r) };
    case MultipartType.PORT_STATS:
      return { type: 'port_stats_reply', ports: sw.decodePortStats(r) };
    case MultipartType.PORT_DESC:
      return { type: 'port_desc_reply', ports: decodeEntries(r, 'port_desc', 4, 40, decodePort) };
    case MultipartType.QUEUE_STATS:
      return { type: 'queue_stats_reply', queues: sw.decodeQueueStats(r) };
    case MultipartType.QUEUE_DESC:
      return { type: 'queue_desc_reply', queues: sw.decodeQueueDescs(r) };
    case MultipartType.GROUP_STATS:
      return { type: 'group_stats_reply', groups: groups.decodeGroupStats(r) };
    case MultipartType.GROUP_DESC:
      return { type: 'group_desc_reply', groups: groups.decodeGroupDescs(r) };
    case MultipartType.GROUP_FEATURES:
      return groups.decodeGroupFeatures(r);
    case MultipartType.METER_STATS:
      return { type: 'meter_stats_reply', meters: groups.decodeMeterStats(r) };
    case MultipartType.METER_DESC:
      return { type: 'meter_desc_reply', meters: groups.decodeMeterDescs(r) };
    case MultipartType.METER_FEATURES:
      return groups.decodeMeterFeatures(r);
    case MultipartType.TABLE_FEATURES:
      return { type: 'table_features_reply', tables: sw.decodeTableFeatures(r) };
    case MultipartType.TABLE_DESC:
      return { type: 'table_desc_reply', tables: sw.decodeTableDescs(r) };
    case MultipartType.FLOW_MONITOR:
      return { type: 'flow_monitor_reply', updates: flows.decodeFlowUpdates(r) };
    default:
      return other(r, 'multipart_reply', type);
  }
}

/** Wire type of each message, and whether it is a reply. */
const WIRE: Readonly<Record<MultipartMessage['type'], readonly [number, boolean]>> = {
  desc_request: [MultipartType.DESC, false],
  desc_reply: [MultipartType.DESC, true],
  flow_desc_request: [MultipartType.FLOW_DESC, false],
  flow_desc_reply: [MultipartType.FLOW_DESC, true],
  flow_stats_request: [MultipartType.FLOW_STATS, false],
  flow_stats_reply: [MultipartType.FLOW_STATS, true],
  aggregate_stats_request: [MultipartType.AGGREGATE_STATS, false],
  aggregate_stats_reply: [MultipartType.AGGREGATE_STATS, true],
  table_stats_request: [MultipartType.TABLE_STATS, false],
  table_stats_reply: [MultipartType.TABLE_STATS, true],
  port_stats_request: [MultipartType.PORT_STATS, false],
  port_stats_reply: [MultipartType.PORT_STATS, true],
  queue_stats_request: [MultipartType.QUEUE_STATS, false],
  queue_stats_reply: [MultipartType.QUEUE_STATS, true],
  group_stats_request: [MultipartType.GROUP_STATS, false],
  group_stats_reply: [MultipartType.GROUP_STATS, true],
  group_desc_request: [MultipartType.GROUP_DESC, false],
  group_desc_reply: [MultipartType.GROUP_DESC, true],
  group_features_request: [MultipartType.GROUP_FEATURES, false],
  group_features_reply: [MultipartType.GROUP_FEATURES, true],
  meter_stats_request: [MultipartType.METER_STATS, false],
  meter_stats_reply: [MultipartType.METER_STATS, true],
  meter_desc_request: [MultipartType.METER_DESC, false],
  meter_desc_reply: [MultipartType.METER_DESC, true],
  meter_features_request: [MultipartType.METER_FEATURES, false],
  meter_features_reply: [MultipartType.METER_FEATURES, true],
  table_features_request: [MultipartType.TABLE_FEATURES, false],
  table_features_reply: [MultipartType.TABLE_FEATURES, true],
  port_desc_request: [MultipartType.PORT_DESC, false],
  port_desc_reply: [MultipartType.PORT_DESC, true],
  table_desc_request: [MultipartType.TABLE_DESC, false],
  table_desc_reply: [MultipartType.TABLE_DESC, true],
  queue_desc_request: [MultipartType.QUEUE_DESC, false],
  queue_desc_reply: [MultipartType.QUEUE_DESC, true],
  flow_monitor_request: [MultipartType.FLOW_MONITOR, false],
  flow_monitor_reply: [MultipartType.FLOW_MONITOR, true],
  ipfix_bridge_request: [MultipartType.EXPERIMENTER, false],
  ipfix_flow_request: [MultipartType.EXPERIMENTER, false],
  multipart_request: [0, false],
  multipart_reply: [0, true],
};

/** Whether a multipart message is a reply. */
export function isMultipartReply(message: MultipartMessage): boolean {
  return WIRE[message.type][1];
}

/** Writes a multipart message behind its OpenFlow header. */
export function encodeMultipart(w: Writer, message: MultipartMessage): void {
  const wire = WIRE[message.type] as (typeof WIRE)[MultipartMessage['type']] | undefined;
  if (wire === undefined)
    throw new OpenFlowBadValueError('message.type', w.position, `there is no message ${message.type}`);
  w.u16('multipartType' in message ? message.multipartType : wire[0], 'multipart.type');
  w.u16(message.more === true ? MORE : 0, 'multipart.flags');
  w.zeros(4);
  encodeBody(w, message);
}

function encodeBody(w: Writer, message: MultipartMessage): void {
  switch (message.type) {
    case 'desc_request':
    case 'table_stats_request':
    case 'group_features_request':
    case 'meter_features_request':
    case 'table_desc_request':
      return;
    case 'ipfix_bridge_request':
    case 'ipfix_flow_request':
      w.u32(NX_EXPERIMENTER, 'ipfix');
      w.u32(message.type === 'ipfix_bridge_request' ? IPFIX_BRIDGE : IPFIX_FLOW, 'ipfix');
      return;
    case 'desc_reply':
      sw.encodeDesc(w, message);
      return;
    case 'flow_desc_request':
    case 'flow_stats_request':
    case 'aggregate_stats_request':
      flows.encodeFlowRequest(w, message);
      return;
    case 'flow_desc_reply':
      flows.encodeFlowDescs(w, message.flows);
      return;
    case 'flow_stats_reply':
      flows.encodeFlowStatsEntries(w, message.flows);
      return;
    case 'aggregate_stats_reply':
      encodeFlowStats(w, message.stats);
      return;
    case 'table_stats_reply':
      sw.encodeTableStats(w, message.tables);
      return;
    case 'port_stats_request':
    case 'port_desc_request':
      w.u32(message.portNo, 'port_request.portNo');
      w.zeros(4);
      return;
    case 'port_stats_reply':
      sw.encodePortStats(w, message.ports);
      return;
    case 'port_desc_reply':
      encodeEntries(w, message.ports, encodePort);
      return;
    case 'queue_stats_request':
    case 'queue_desc_request':
      w.u32(message.portNo, 'queue_request.portNo');
      w.u32(message.queueId, 'queue_request.queueId');
      return;
    case 'queue_stats_reply':
      sw.encodeQueueStats(w, message.queues);
      return;
    case 'queue_desc_reply':
      sw.encodeQueueDescs(w, message.queues);
      return;
    case 'group_stats_request':
    case 'group_desc_request':
      w.u32(message.groupId, 'group_request.groupId');
      w.zeros(4);
      return;
    case 'group_stats_reply':
      groups.encodeGroupStats(w, message.groups);
      return;
    case 'group_desc_reply':
      groups.encodeGroupDescs(w, message.groups);
      return;
    case 'group_features_reply':
      groups.encodeGroupFeatures(w, message);
      return;
    case 'meter_stats_request':
    case 'meter_desc_request':
      w.u32(message.meterId, 'meter_request.meterId');
      w.zeros(4);
      return;
    case 'meter_stats_reply':
      groups.encodeMeterStats(w, message.meters);
      return;
    case 'meter_desc_reply':
      groups.encodeMeterDescs(w, message.meters);
      return;
    case 'meter_features_reply':
      groups.encodeMeterFeatures(w, message);
      return;
    case 'table_features_request':
    case 'table_features_reply':
      sw.encodeTableFeatures(w, message.tables);
      return;
    case 'table_desc_reply':
      sw.encodeTableDescs(w, message.tables);
      return;
    case 'flow_monitor_request':
      flows.encodeFlowMonitors(w, message.monitors);
      return;
    case 'flow_monitor_reply':
      flows.encodeFlowUpdates(w, message.updates);
      return;
    case 'multipart_request':
    case 'multipart_reply':
      w.raw(message.body);
  }
}
