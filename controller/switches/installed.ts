/**
 * Flows in the form in which they are compared and sent: which flow it is (table, priority, match) and what it
 * does, each as the bytes that go on the wire.
 *
 * Both come from encoded bytes, of what apps want and of what a switch reports alike, with a match's fields in
 * one order, so that two flows are the same exactly when OVS would say so. A flow is encoded once, when it is
 * first compared or sent. The bytes are kept in strings of one character a byte: those can be keys of a map,
 * and cost less than a typed array each.
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
  type OxmField,
  Port,
  Writer,
} from '../openflow/index.ts';
import { encodeInstructions } from '../openflow/instructions.ts';
import { encodeMatch } from '../openflow/match.ts';
import type { Flow } from './flow.ts';
import { COOKIE_PREFIX_MASK } from './pipeline.ts';
import { areTraced, type Block } from './program.ts';

export class CompiledFlow {
  #source: Flow | (() => Flow) | undefined;
  #key = '';
  #body = '';

  /** What an app wants; made when it is first compared or sent, if it is not there yet. */
  static of(flow: Flow | (() => Flow)): CompiledFlow {
    const one = new CompiledFlow();
    one.#source = flow;
    return one;
  }

  /** What a switch reports. */
  static fromSwitch({ table, priority, match, instructions, cookie, hardTimeout }: FlowDesc): CompiledFlow {
    const one = new CompiledFlow();
    one.#encode(table, priority, splitRegisterPairs(match), instructions, cookie, hardTimeout);
    return one;
  }

  /** Identity: two flows with the same key replace each other. */
  get key(): string {
    this.#compile();
    return this.#key;
  }

  /** All else that tells two flows with one key apart. */
  get body(): string {
    this.#compile();
    return this.#body;
  }

  #compile(): void {
    if (this.#source === undefined) return;
    const flow = typeof this.#source === 'function' ? this.#source() : this.#source;
    const { table, priority, match, cookie, hardTimeout } = flow;
    this.#encode(table, priority, match, instructionsOf(flow), cookie, hardTimeout);
    this.#source = undefined;
  }

  #encode(
    table: number,
    priority: number,
    match: Match,
    instructions: readonly Instruction[],
    cookie: bigint,
    hardTimeout: number,
  ): void {
    scratch.reset();
    scratch.u8(table, 'flow.table');
    scratch.u16(priority, 'flow.priority');
    encodeMatch(scratch, inOrder(match) ? match : [...match].sort((a, b) => a.field.order - b.field.order));
    const keyEnd = scratch.position;
    scratch.u64(cookie, 'flow.cookie');
    scratch.u16(hardTimeout, 'flow.hardTimeout');
    encodeInstructions(scratch, instructions);
    if (scratchBuffer.buffer !== scratch.bytes.buffer) scratchBuffer = Buffer.from(scratch.bytes.buffer);
    this.#key = scratchBuffer.toString('latin1', 0, keyEnd);
    this.#body = scratchBuffer.toString('latin1', keyEnd, scratch.position);
  }
}

const MATCH_IN_KEY = 3;
const COOKIE_BYTES = 8;
const INSTRUCTIONS_IN_BODY = 10;

/** By the flows themselves: bridges may share a block's. */
const compiled = new WeakMap<Iterable<Flow>, readonly CompiledFlow[]>();
const scratch = new Writer();
let scratchBuffer = Buffer.from(scratch.bytes.buffer);

/** The block's flows, in its order. */
export function compileBlock(block: Block): readonly CompiledFlow[] {
  let result = compiled.get(block.flows);
  if (result === undefined) {
    result = Array.from(block.flows, (flow) => CompiledFlow.of(flow));
    compiled.set(block.flows, result);
  }
  return result;
}

/** What changes on the switch from one value of a block to the next. */
export interface CompiledChange {
  /** As they were; empty when nothing but `fresh` changes. */
  readonly before: readonly CompiledFlow[];
  readonly after: readonly CompiledFlow[];
  /** New for sure: not to be looked for in `before`. */
  readonly fresh: readonly CompiledFlow[];
}

/** By the later flows, then by the earlier: bridges share what they share of a block, as long as both live. */
const changes = new WeakMap<Iterable<Flow>, WeakMap<object, CompiledChange>>();
const NOTHING_BEFORE = {};

/** From `before`, which may be missing, to `block`. */
export function compileChange(block: Block, before: Block | undefined): CompiledChange {
  const traced = areTraced(block.flows) ? block.flows : undefined;
  if (traced === undefined) return wholly(block, before);
  const key = before?.flows ?? NOTHING_BEFORE;
  let known = changes.get(traced);
  let change = known?.get(key);
  if (change !== undefined) return change;
  const traces = traced.since(before?.flows);
  if (traces === undefined) return wholly(block, before);
  const compile = (flow: Flow | (() => Flow)): CompiledFlow => CompiledFlow.of(flow);
  change = {
    before: traces.before.map(compile),
    after: traces.after.map(compile),
    fresh: traces.fresh.map(compile),
  };
  known ??= new WeakMap();
  changes.set(traced, known.set(key, change));
  return change;
}

function wholly(block: Block, before: Block | undefined): CompiledChange {
  return {
    before: before === undefined ? [] : compileBlock(before),
    after: compileBlock(block),
    fresh: [],
  };
}

export function instructionsOf({ actions, next }: Flow): readonly Instruction[] {
  const instructions: Instruction[] = [];
  if (actions.length > 0) instructions.push({ type: 'apply_actions', actions });
  if (next !== undefined) instructions.push({ type: 'goto_table', table: next });
  return instructions;
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

/**
 * Appends the FLOW_MOD that takes exactly this flow away, and only if it is ours. Its whole cookie is not asked for:
 * OVS would look for it among all flows of that cookie, one by one, instead of by its match.
 */
export function encodeDelete(w: Writer, { key, body }: CompiledFlow, xid: number): void {
  const start = beginFlowMod(w, xid);
  writeBytes(w, body, 0, COOKIE_BYTES);
  w.u64(COOKIE_PREFIX_MASK, 'flow_mod');
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

/** By packet register (OpenFlow 1.5.1, section 7.2.3.10): the two registers that it consists of, high half first. */
const halves = new Map(
  ([0, 1, 2, 3, 4, 5, 6, 7] as const).map((n) => [
    fieldByName(`xreg${n}`),
    [fieldByName(`reg${2 * n}`), fieldByName(`reg${2 * n + 1}`)] as const,
  ]),
);

/** OVS reports two registers as one field of twice the width, also when only one of them is matched. */
function splitRegisterPairs(match: Match): Match {
  let split: MatchField[] | undefined;
  for (let i = 0; i < match.length; i++) {
    const entry = match[i]!;
    const pair = entry.field.length === 8 ? halves.get(entry.field) : undefined;
    if (pair !== undefined) {
      split ??= match.slice(0, i);
      pushHalves(split, pair, entry);
    } else {
      split?.push(entry);
    }
  }
  return split ?? match;
}

const WORD = 0x1_0000_0000n;

function pushHalves(
  match: MatchField[],
  [high, low]: readonly [OxmField, OxmField],
  entry: MatchField,
): void {
  const value = entry.value as bigint;
  const mask = (entry.mask ?? 0xffff_ffff_ffff_ffffn) as bigint;
  const highMask = Number(mask / WORD);
  const lowMask = Number(mask % WORD);
  if (highMask !== 0) match.push(half(high, Number(value / WORD), highMask));
  if (lowMask !== 0) match.push(half(low, Number(value % WORD), lowMask));
}

function half(field: OxmField, value: number, mask: number): MatchField {
  return { field, value, mask: mask === 0xffff_ffff ? undefined : mask };
}

function inOrder(match: Match): boolean {
  for (let i = 1; i < match.length; i++) if (match[i - 1]!.field.order > match[i]!.field.order) return false;
  return true;
}
