/** Multipart bodies about flows: descriptions, statistics, aggregates, monitors. */
import { decodeFlowStats, encodeFlowStats } from '../flow-stats.ts';
import { decodeInstructions, encodeInstructions } from '../instructions.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import { decodeMatch, encodeMatch } from '../match.ts';
import { FlowMonitorCommands, FlowStatsReasons } from '../names.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { decodeEntries, encodeEntries } from './entries.ts';
import type { FlowDesc, FlowMonitor, FlowRequest, FlowStatsEntry, FlowUpdate, RawEntry } from './types.ts';

export function decodeFlowRequest(r: Reader, type: FlowRequest['type']): FlowRequest | undefined {
  r.need(32, type);
  const table = r.u8();
  const pad1 = r.zeros(3);
  const outPort = r.u32();
  const outGroup = r.u32();
  const pad2 = r.zeros(4);
  const cookie = r.u64();
  const cookieMask = r.u64();
  const match = decodeMatch(r, type);
  if (!pad1 || !pad2 || match === undefined) return undefined;
  return { type, table, outPort, outGroup, cookie, cookieMask, match };
}

export function encodeFlowRequest(w: Writer, request: FlowRequest): void {
  w.u8(request.table, 'flow_request.table');
  w.zeros(3);
  w.u32(request.outPort, 'flow_request.outPort');
  w.u32(request.outGroup, 'flow_request.outGroup');
  w.zeros(4);
  w.u64(request.cookie, 'flow_request.cookie');
  w.u64(request.cookieMask, 'flow_request.cookieMask');
  encodeMatch(w, request.match);
}

function decodeFlowDesc(r: Reader, end: number): FlowDesc | undefined {
  r.skip(2);
  const pad1 = r.u16();
  const table = r.u8();
  const pad2 = r.u8();
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const flags = r.u16();
  const importance = r.u16();
  const cookie = r.u64();
  const match = decodeMatch(r, 'flow_desc.match');
  if ((pad1 | pad2) !== 0 || match === undefined) return undefined;
  const stats = decodeFlowStats(r, 'flow_desc.stats');
  if (stats === undefined) return undefined;
  const instructions = decodeInstructions(r, end);
  return { table, priority, idleTimeout, hardTimeout, flags, importance, cookie, match, stats, instructions };
}

export const decodeFlowDescs = (r: Reader) => decodeEntries(r, 'flow_desc', 0, 32, decodeFlowDesc);

function encodeFlowDesc(w: Writer, flow: FlowDesc): void {
  const start = w.position;
  w.u32(0, 'flow_desc');
  w.u8(flow.table, 'flow_desc.table');
  w.zeros(1);
  w.u16(flow.priority, 'flow_desc.priority');
  w.u16(flow.idleTimeout, 'flow_desc.idleTimeout');
  w.u16(flow.hardTimeout, 'flow_desc.hardTimeout');
  w.u16(flow.flags, 'flow_desc.flags');
  w.u16(flow.importance, 'flow_desc.importance');
  w.u64(flow.cookie, 'flow_desc.cookie');
  encodeMatch(w, flow.match);
  encodeFlowStats(w, flow.stats);
  encodeInstructions(w, flow.instructions);
  w.length16(start, start, 'flow_desc');
}

export const encodeFlowDescs = (w: Writer, flows: readonly (FlowDesc | RawEntry)[]) =>
  encodeEntries(w, flows, encodeFlowDesc);

function decodeFlowStatsEntry(r: Reader): FlowStatsEntry | undefined {
  r.skip(2);
  const pad = r.u16();
  const table = r.u8();
  const reason = FlowStatsReasons.name(r.u8());
  const priority = r.u16();
  const match = decodeMatch(r, 'flow_stats.match');
  if (pad !== 0 || reason === undefined || match === undefined) return undefined;
  const stats = decodeFlowStats(r, 'flow_stats.stats');
  return stats === undefined ? undefined : { table, reason, priority, match, stats };
}

export const decodeFlowStatsEntries = (r: Reader) =>
  decodeEntries(r, 'flow_stats', 0, 16, decodeFlowStatsEntry);

export const encodeFlowStatsEntries = (w: Writer, flows: readonly (FlowStatsEntry | RawEntry)[]) =>
  encodeEntries(w, flows, (writer, flow) => {
    const start = writer.position;
    writer.u32(0, 'flow_stats');
    writer.u8(flow.table, 'flow_stats.table');
    writer.u8(FlowStatsReasons.number(flow.reason, writer, 'flow_stats.reason'), 'flow_stats.reason');
    writer.u16(flow.priority, 'flow_stats.priority');
    encodeMatch(writer, flow.match);
    encodeFlowStats(writer, flow.stats);
    writer.length16(start, start, 'flow_stats');
  });

/** Gives undefined where the request is not canonical as a whole. */
export function decodeFlowMonitors(r: Reader): FlowMonitor[] | undefined {
  const monitors: FlowMonitor[] = [];
  while (r.position < r.end) {
    r.need(24, 'flow_monitor_request');
    const monitorId = r.u32();
    const outPort = r.u32();
    const outGroup = r.u32();
    const flags = r.u16();
    const table = r.u8();
    const command = FlowMonitorCommands.name(r.u8());
    const match = decodeMatch(r, 'flow_monitor_request.match');
    if (command === undefined || match === undefined) return undefined;
    monitors.push({ monitorId, outPort, outGroup, flags, table, command, match });
  }
  return monitors;
}

export function encodeFlowMonitors(w: Writer, monitors: readonly FlowMonitor[]): void {
  for (const monitor of monitors) {
    w.u32(monitor.monitorId, 'flow_monitor.monitorId');
    w.u32(monitor.outPort, 'flow_monitor.outPort');
    w.u32(monitor.outGroup, 'flow_monitor.outGroup');
    w.u16(monitor.flags, 'flow_monitor.flags');
    w.u8(monitor.table, 'flow_monitor.table');
    w.u8(FlowMonitorCommands.number(monitor.command, w, 'flow_monitor.command'), 'flow_monitor.command');
    encodeMatch(w, monitor.match);
  }
}

const EVENTS = ['initial', 'added', 'removed', 'modified', 'abbrev', 'paused', 'resumed'] as const;

function decodeFlowUpdate(r: Reader, end: number): FlowUpdate | undefined {
  r.skip(2);
  const event = EVENTS[r.u16()];
  switch (event) {
    case 'initial':
    case 'added':
    case 'removed':
    case 'modified': {
      if (r.end - r.position < 28) return undefined;
      const table = r.u8();
      const reason = r.u8();
      const idleTimeout = r.u16();
      const hardTimeout = r.u16();
      const priority = r.u16();
      if (!r.zeros(4)) return undefined;
      const cookie = r.u64();
      const match = decodeMatch(r, 'flow_update.match');
      if (match === undefined) return undefined;
      const instructions = decodeInstructions(r, end);
      return { event, table, reason, idleTimeout, hardTimeout, priority, cookie, match, instructions };
    }
    case 'abbrev':
      return { event, abbrevXid: r.u32() };
    case 'paused':
    case 'resumed':
      return r.zeros(4) ? { event } : undefined;
    default:
      return undefined;
  }
}

export const decodeFlowUpdates = (r: Reader) => decodeEntries(r, 'flow_update', 0, 8, decodeFlowUpdate);

function encodeFlowUpdate(w: Writer, update: FlowUpdate): void {
  const start = w.position;
  const event = EVENTS.indexOf(update.event);
  if (event < 0)
    throw new OpenFlowBadValueError('flow_update.event', start, `${update.event} is not an event`);
  w.u16(0, 'flow_update');
  w.u16(event, 'flow_update.event');
  switch (update.event) {
    case 'abbrev':
      w.u32(update.abbrevXid, 'flow_update.abbrevXid');
      break;
    case 'paused':
    case 'resumed':
      w.zeros(4);
      break;
    default:
      w.u8(update.table, 'flow_update.table');
      w.u8(update.reason, 'flow_update.reason');
      w.u16(update.idleTimeout, 'flow_update.idleTimeout');
      w.u16(update.hardTimeout, 'flow_update.hardTimeout');
      w.u16(update.priority, 'flow_update.priority');
      w.zeros(4);
      w.u64(update.cookie, 'flow_update.cookie');
      encodeMatch(w, update.match);
      encodeInstructions(w, update.instructions);
  }
  w.length16(start, start, 'flow_update');
}

export const encodeFlowUpdates = (w: Writer, updates: readonly (FlowUpdate | RawEntry)[]) =>
  encodeEntries(w, updates, encodeFlowUpdate);
