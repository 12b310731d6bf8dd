/**
 * Flows in the form in which they are compared: which flow it is (table, priority, match) and what it does.
 *
 * Both come from encoded bytes, of what apps want and of what a switch reports alike, with a match's fields in
 * one order, so that two flows are the same exactly when OVS would say so.
 */
import {
  fieldByName,
  type FlowDesc,
  type FlowMod,
  type Instruction,
  type Match,
  type MatchField,
  NO_BUFFER,
  Port,
  Group,
  Writer,
} from '../openflow/index.ts';
import { encodeInstructions } from '../openflow/instructions.ts';
import { encodeMatch } from '../openflow/match.ts';
import type { Flow } from './flow.ts';

export interface CompiledFlow {
  /** Identity: two flows with the same key replace each other. */
  readonly key: string;
  /** All else that tells two flows with one key apart. */
  readonly body: string;
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
  readonly cookie: bigint;
  readonly hardTimeout: number;
}

const compiled = new WeakMap<Flow, CompiledFlow>();
const scratch = new Writer();

export function compileFlow(flow: Flow): CompiledFlow {
  let result = compiled.get(flow);
  if (result === undefined) {
    const instructions: Instruction[] = [];
    if (flow.actions.length > 0) instructions.push({ type: 'apply_actions', actions: flow.actions });
    if (flow.next !== undefined) instructions.push({ type: 'goto_table', table: flow.next });
    result = comparable(flow.table, flow.priority, flow.match, instructions, flow.cookie, flow.hardTimeout);
    compiled.set(flow, result);
  }
  return result;
}

export function fromSwitch(flow: FlowDesc): CompiledFlow {
  const match = flow.match.flatMap(splitRegisterPair);
  return comparable(flow.table, flow.priority, match, flow.instructions, flow.cookie, flow.hardTimeout);
}

const XREG = /^xreg([0-7])$/;
const LOW_HALF = 0xffff_ffffn;

/** OVS reports two registers as one field of twice the width (OpenFlow 1.5's packet registers). */
function splitRegisterPair(entry: MatchField): MatchField[] {
  const pair = XREG.exec(entry.field.name);
  if (pair === null || typeof entry.value !== 'bigint') return [entry];
  const { value } = entry;
  const mask = typeof entry.mask === 'bigint' ? entry.mask : 0xffff_ffff_ffff_ffffn;
  const first = 2 * Number(pair[1]);
  return [half(first, value >> 32n, mask >> 32n), half(first + 1, value & LOW_HALF, mask & LOW_HALF)].filter(
    (one) => one !== undefined,
  );
}

function half(register: number, value: bigint, mask: bigint): MatchField | undefined {
  if (mask === 0n) return undefined;
  const field = fieldByName(`reg${register}`);
  return mask === LOW_HALF
    ? { field, value: Number(value) }
    : { field, value: Number(value), mask: Number(mask) };
}

function comparable(
  table: number,
  priority: number,
  match: Match,
  instructions: readonly Instruction[],
  cookie: bigint,
  hardTimeout: number,
): CompiledFlow {
  const ordered = inOrder(match) ? match : [...match].sort((a, b) => a.field.order - b.field.order);
  scratch.reset();
  encodeMatch(scratch, ordered);
  const matchEnd = scratch.position;
  encodeInstructions(scratch, instructions);
  const bytes = Buffer.from(scratch.bytes.buffer, 0, scratch.position);
  return {
    key: `${table}/${priority}/${bytes.toString('latin1', 0, matchEnd)}`,
    body: `${cookie}/${hardTimeout}/${bytes.toString('latin1', matchEnd)}`,
    table,
    priority,
    match: ordered,
    instructions,
    cookie,
    hardTimeout,
  };
}

function inOrder(match: Match): boolean {
  for (let i = 1; i < match.length; i++) if (match[i - 1]!.field.order > match[i]!.field.order) return false;
  return true;
}

const common = {
  type: 'flow_mod',
  idleTimeout: 0,
  bufferId: NO_BUFFER,
  outPort: Port.ANY,
  outGroup: Group.ANY,
  flags: 0,
  importance: 0,
} as const;

/** Puts the flow there, over whatever has its key. */
export function addFlowMod(flow: CompiledFlow): FlowMod {
  const { cookie, table, priority, hardTimeout, match, instructions } = flow;
  return {
    ...common,
    command: 'add',
    cookie,
    cookieMask: 0n,
    table,
    priority,
    hardTimeout,
    match,
    instructions,
  };
}

/** Takes exactly this flow away, and only if it still has its cookie. */
export function deleteFlowMod(flow: CompiledFlow): FlowMod {
  const { cookie, table, priority, match } = flow;
  return {
    ...common,
    command: 'delete_strict',
    cookie,
    cookieMask: 0xffff_ffff_ffff_ffffn,
    table,
    priority,
    hardTimeout: 0,
    match,
    instructions: [],
  };
}
