/** Flow modifications, and what a switch says when a flow goes. */
import { decodeFlowStats, encodeFlowStats } from '../flow-stats.ts';
import { decodeInstructions, encodeInstructions } from '../instructions.ts';
import { decodeMatch, encodeMatch } from '../match.ts';
import { FlowModCommands, FlowRemovedReasons } from '../names.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import { exactly } from './session.ts';
import type { FlowMod, FlowRemoved } from './types.ts';

export function decodeFlowMod(r: Reader, xid: number): FlowMod | undefined {
  r.need(40, 'flow_mod');
  const cookie = r.u64();
  const cookieMask = r.u64();
  const table = r.u8();
  const command = FlowModCommands.name(r.u8());
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const priority = r.u16();
  const bufferId = r.u32();
  const outPort = r.u32();
  const outGroup = r.u32();
  const flags = r.u16();
  const importance = r.u16();
  const match = decodeMatch(r, 'flow_mod.match');
  if (match === undefined || command === undefined) return undefined;
  const instructions = decodeInstructions(r, r.end);
  return {
    type: 'flow_mod',
    xid,
    cookie,
    cookieMask,
    table,
    command,
    idleTimeout,
    hardTimeout,
    priority,
    bufferId,
    outPort,
    outGroup,
    flags,
    importance,
    match,
    instructions,
  };
}

export function encodeFlowMod(w: Writer, message: FlowMod): void {
  const at = w.take(40);
  w.setU64(at, message.cookie, 'flow_mod.cookie');
  w.setU64(at + 8, message.cookieMask, 'flow_mod.cookieMask');
  w.setU8(at + 16, message.table, 'flow_mod.table');
  w.setU8(at + 17, FlowModCommands.number(message.command, w, 'flow_mod.command'), 'flow_mod.command');
  w.setU16(at + 18, message.idleTimeout, 'flow_mod.idleTimeout');
  w.setU16(at + 20, message.hardTimeout, 'flow_mod.hardTimeout');
  w.setU16(at + 22, message.priority, 'flow_mod.priority');
  w.setU32(at + 24, message.bufferId, 'flow_mod.bufferId');
  w.setU32(at + 28, message.outPort, 'flow_mod.outPort');
  w.setU32(at + 32, message.outGroup, 'flow_mod.outGroup');
  w.setU16(at + 36, message.flags, 'flow_mod.flags');
  w.setU16(at + 38, message.importance, 'flow_mod.importance');
  encodeMatch(w, message.match);
  encodeInstructions(w, message.instructions);
}

export function decodeFlowRemoved(r: Reader, xid: number): FlowRemoved | undefined {
  r.need(16, 'flow_removed');
  const table = r.u8();
  const reason = FlowRemovedReasons.name(r.u8());
  const priority = r.u16();
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const cookie = r.u64();
  const match = decodeMatch(r, 'flow_removed.match');
  if (match === undefined || reason === undefined) return undefined;
  const stats = decodeFlowStats(r, 'flow_removed.stats');
  if (stats === undefined) return undefined;
  exactly(r, 0, 'flow_removed');
  return {
    type: 'flow_removed',
    xid,
    table,
    reason,
    priority,
    idleTimeout,
    hardTimeout,
    cookie,
    match,
    stats,
  };
}

export function encodeFlowRemoved(w: Writer, message: FlowRemoved): void {
  w.u8(message.table, 'flow_removed.table');
  w.u8(FlowRemovedReasons.number(message.reason, w, 'flow_removed.reason'), 'flow_removed.reason');
  w.u16(message.priority, 'flow_removed.priority');
  w.u16(message.idleTimeout, 'flow_removed.idleTimeout');
  w.u16(message.hardTimeout, 'flow_removed.hardTimeout');
  w.u64(message.cookie, 'flow_removed.cookie');
  encodeMatch(w, message.match);
  encodeFlowStats(w, message.stats);
}
