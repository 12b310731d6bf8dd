/**
 * Flows in the form in which they are compared and sent: which flow it is (table, priority, match) and what it
 * does, each as the bytes that go on the wire.
 *
 * Both come from encoded bytes, of what apps want and of what a switch reports alike, with a match's fields in
 * one order, so that two flows are the same exactly when OVS would say so. A flow is encoded once, however
 * often it is compared or sent. The bytes are kept in strings of one character a byte: those can be keys of a
 * map, and cost less than a typed array each.
 *
 *     key    table u8, priority u16, ofp_match with its padding
 *     body   cookie u64, hard timeout u16, instructions
 */
import {
  decode,
  fieldByName,
  type FlowDesc,
  formatFlowMod,
  Group,
  type Instruction,
  type Match,
  type MatchField,
  MessageType,
  NO_BUFFER,
  OFP_VERSION,
  Port,
  Writer,
} from '../openflow/index.ts';
import { encodeInstructions } from '../openflow/instructions.ts';
import { encodeMatch } from '../openflow/match.ts';
import type { Flow } from './flow.ts';
import type { Block } from './program.ts';

export interface CompiledFlow {
  /** Identity: two flows with the same key replace each other. */
  readonly key: string;
  /** All else that tells two flows with one key apart. */
  readonly body: string;
}

const MATCH_IN_KEY = 3;
const COOKIE_BYTES = 8;
const INSTRUCTIONS_IN_BODY = 10;

const compiled = new WeakMap<Block, readonly CompiledFlow[]>();
const scratch = new Writer();
let scratchBuffer = Buffer.from(scratch.bytes.buffer);

/** The block's flows, in its order. */
export function compileBlock(block: Block): readonly CompiledFlow[] {
  let result = compiled.get(block);
  if (result === undefined) {
    result = block.flows.map(compileFlow);
    compiled.set(block, result);
  }
  return result;
}

export function compileFlow(flow: Flow): CompiledFlow {
  const { table, priority, match, cookie, hardTimeout } = flow;
  return comparable(table, priority, match, instructionsOf(flow), cookie, hardTimeout);
}

export function instructionsOf({ actions, next }: Flow): readonly Instruction[] {
  const instructions: Instruction[] = [];
  if (actions.length > 0) instructions.push({ type: 'apply_actions', actions });
  if (next !== undefined) instructions.push({ type: 'goto_table', table: next });
  return instructions;
}

export function fromSwitch(flow: FlowDesc): CompiledFlow {
  const match = flow.match.some(isRegisterPair) ? flow.match.flatMap(splitRegisterPair) : flow.match;
  return comparable(flow.table, flow.priority, match, flow.instructions, flow.cookie, flow.hardTimeout);
}

/** Appends the FLOW_MOD that puts the flow there, over whatever has its key. */
export function encodeAdd(w: Writer, { key, body }: CompiledFlow, xid: number): void {
  const start = beginFlowMod(w, xid);
  writeBytes(w, body, 0, COOKIE_BYTES);
  w.u64(0n, 'flow_mod');
  writeBytes(w, key, 0, 1);
  w.u8(ADD, 'flow_mod');
  w.u16(0, 'flow_mod');
  writeBytes(w, body, COOKIE_BYTES, INSTRUCTIONS_IN_BODY);
  endFlowMod(w, key);
  writeBytes(w, body, INSTRUCTIONS_IN_BODY, body.length);
  w.length16(start + 2, start, 'flow_mod');
}

/** Appends the FLOW_MOD that takes exactly this flow away, and only if it still has its cookie. */
export function encodeDelete(w: Writer, { key, body }: CompiledFlow, xid: number): void {
  const start = beginFlowMod(w, xid);
  writeBytes(w, body, 0, COOKIE_BYTES);
  w.u64(0xffff_ffff_ffff_ffffn, 'flow_mod');
  writeBytes(w, key, 0, 1);
  w.u8(DELETE_STRICT, 'flow_mod');
  w.u32(0, 'flow_mod');
  endFlowMod(w, key);
  w.length16(start + 2, start, 'flow_mod');
}

/** What one of the two functions above encodes, for people. */
export function describeFlowMod(encodeMod: typeof encodeAdd, flow: CompiledFlow): string {
  const w = new Writer();
  encodeMod(w, flow, 0);
  const mod = decode(w.written());
  return mod.type === 'flow_mod' ? formatFlowMod(mod) : mod.type;
}

/** `enum ofp_flow_mod_command`, OpenFlow 1.5.1, section 7.3.4.3. */
const ADD = 0;
const DELETE_STRICT = 4;

function beginFlowMod(w: Writer, xid: number): number {
  const start = w.position;
  w.u8(OFP_VERSION, 'flow_mod');
  w.u8(MessageType.FLOW_MOD, 'flow_mod');
  w.u16(0, 'flow_mod');
  w.u32(xid, 'flow_mod');
  return start;
}

/** From the priority to the match. */
function endFlowMod(w: Writer, key: string): void {
  writeBytes(w, key, 1, MATCH_IN_KEY);
  w.u32(NO_BUFFER, 'flow_mod');
  w.u32(Port.ANY, 'flow_mod');
  w.u32(Group.ANY, 'flow_mod');
  w.u32(0, 'flow_mod');
  writeBytes(w, key, MATCH_IN_KEY, key.length);
}

function writeBytes(w: Writer, text: string, from: number, to: number): void {
  const at = w.position - from;
  // Makes room; every byte of it is written below.
  w.zeros(to - from);
  const { bytes } = w;
  for (let i = from; i < to; i++) bytes[at + i] = text.charCodeAt(i);
}

const XREG = /^xreg([0-7])$/;
const LOW_HALF = 0xffff_ffffn;

function isRegisterPair({ field }: MatchField): boolean {
  return field.length === 8 && XREG.test(field.name);
}

/** OVS reports two registers as one field of twice the width (OpenFlow 1.5's packet registers). */
function splitRegisterPair(entry: MatchField): MatchField[] {
  const pair = XREG.exec(entry.field.name);
  if (pair === null || typeof entry.value !== 'bigint') return [entry];
  const { value } = entry;
  const mask = typeof entry.mask === 'bigint' ? entry.mask : 0xffff_ffff_ffff_ffffn;
  const first = 2 * Number(pair[1]);
  return [
    half(first, value >> 32n, mask >> 32n),
    half(first + 1, value & LOW_HALF, mask & LOW_HALF),
  ].filter((one) => one !== undefined);
}

function half(register: number, value: bigint, mask: bigint): MatchField | undefined {
  if (mask === 0n) return undefined;
  const field = fieldByName(`reg${register}`);
  return mask === LOW_HALF ? { field, value: Number(value) } : { field, value: Number(value), mask: Number(mask) };
}

function comparable(
  table: number,
  priority: number,
  match: Match,
  instructions: readonly Instruction[],
  cookie: bigint,
  hardTimeout: number,
): CompiledFlow {
  scratch.reset();
  scratch.u8(table, 'flow.table');
  scratch.u16(priority, 'flow.priority');
  encodeMatch(scratch, inOrder(match) ? match : [...match].sort((a, b) => a.field.order - b.field.order));
  const keyEnd = scratch.position;
  scratch.u64(cookie, 'flow.cookie');
  scratch.u16(hardTimeout, 'flow.hardTimeout');
  encodeInstructions(scratch, instructions);
  if (scratchBuffer.buffer !== scratch.bytes.buffer) scratchBuffer = Buffer.from(scratch.bytes.buffer);
  return {
    key: scratchBuffer.toString('latin1', 0, keyEnd),
    body: scratchBuffer.toString('latin1', keyEnd, scratch.position),
  };
}

function inOrder(match: Match): boolean {
  for (let i = 1; i < match.length; i++) if (match[i - 1]!.field.order > match[i]!.field.order) return false;
  return true;
}
