/** Messages with the defaults of `ovs-ofctl` filled in. */
import { DEFAULT_PRIORITY, Group, NO_BUFFER, OFP_VERSION, Port, Table } from '../constants.ts';
import type { Instruction } from '../instructions.ts';
import type { Match } from '../match.ts';
import type { Action } from '../actions/types.ts';
import type { BundleControl } from '../names.ts';
import type { FlowRequest } from '../multipart/types.ts';
import type { BundleAddMessage, Message } from '../message.ts';
import type { BundleControlMessage, FlowMod, Hello, PacketOut } from '../messages/types.ts';

/** Adds a flow to table 0 unless told otherwise. */
export function flowMod(input: Partial<Omit<FlowMod, 'type'>>): FlowMod {
  return {
    type: 'flow_mod',
    xid: input.xid,
    cookie: input.cookie ?? 0n,
    cookieMask: input.cookieMask ?? 0n,
    table: input.table ?? 0,
    command: input.command ?? 'add',
    idleTimeout: input.idleTimeout ?? 0,
    hardTimeout: input.hardTimeout ?? 0,
    priority: input.priority ?? DEFAULT_PRIORITY,
    bufferId: input.bufferId ?? NO_BUFFER,
    outPort: input.outPort ?? Port.ANY,
    outGroup: input.outGroup ?? Group.ANY,
    flags: input.flags ?? 0,
    importance: input.importance ?? 0,
    match: input.match ?? [],
    instructions: input.instructions ?? [],
  };
}

/** A hello that offers OpenFlow 1.5 only. */
export function hello(versions: readonly number[] = [OFP_VERSION]): Hello {
  return { type: 'hello', versions };
}

export function packetOut(input: {
  readonly match: Match;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
  readonly bufferId?: number;
}): PacketOut {
  return { type: 'packet_out', bufferId: NO_BUFFER, ...input };
}

/** All flows of all tables, unless told otherwise; OVS answers with `flow_desc_reply`. */
export function flowDescRequest(input: Partial<Omit<FlowRequest, 'type'>> = {}): FlowRequest {
  return {
    type: 'flow_desc_request',
    table: Table.ALL,
    outPort: Port.ANY,
    outGroup: Group.ANY,
    cookie: 0n,
    cookieMask: 0n,
    match: [],
    ...input,
  };
}

export function bundleControl(bundleId: number, control: BundleControl, flags: number): BundleControlMessage {
  return { type: 'bundle_control', bundleId, control, flags, properties: new Uint8Array(0) };
}

export function bundleAdd(bundleId: number, flags: number, message: Message): BundleAddMessage {
  return { type: 'bundle_add_message', bundleId, flags, message, properties: new Uint8Array(0) };
}

export const instructions = {
  apply: (...list: readonly Action[]): Instruction => ({ type: 'apply_actions', actions: list }),
  write: (...list: readonly Action[]): Instruction => ({ type: 'write_actions', actions: list }),
  clear: (): Instruction => ({ type: 'clear_actions' }),
  gotoTable: (table: number): Instruction => ({ type: 'goto_table', table }),
  writeMetadata: (metadata: bigint, mask = 0xffffffffffffffffn): Instruction => ({
    type: 'write_metadata',
    metadata,
    mask,
  }),
} as const;
