/** Instructions and flows as `ovs-ofctl dump-flows --no-stats --no-names` prints them. */
import { FlowModFlag, NO_BUFFER, Port } from '../constants.ts';
import type { Instruction } from '../instructions.ts';
import type { FlowDesc } from '../multipart/types.ts';
import type { FlowMod } from '../messages/types.ts';
import { formatActions, formatWriteMetadata } from './actions.ts';
import { formatMatch } from './match.ts';
import { formatPort, hexDigits } from './values.ts';

/** OVS's order, whatever order they come in. */
const ORDER: readonly Instruction['type'][] = [
  'meter',
  'apply_actions',
  'clear_actions',
  'write_actions',
  'write_metadata',
  'stat_trigger',
  'goto_table',
  'raw',
];

function formatInstruction(instruction: Instruction): string {
  switch (instruction.type) {
    case 'meter':
      return `meter:${instruction.meterId}`;
    case 'apply_actions':
      return instruction.actions.length === 0 ? '' : formatActions(instruction.actions);
    case 'clear_actions':
      return 'clear_actions';
    case 'write_actions':
      return `write_actions(${formatActions(instruction.actions)})`;
    case 'write_metadata':
      return formatWriteMetadata(instruction.metadata, instruction.mask);
    case 'goto_table':
      return `goto_table:${instruction.table}`;
    case 'stat_trigger':
      return `stat_trigger(flags=${instruction.flags},0x${hexDigits(instruction.thresholds)})`;
    case 'raw':
      return `raw(0x${hexDigits(instruction.bytes)})`;
  }
}

/** What follows `actions=`. */
export function formatInstructions(instructions: readonly Instruction[]): string {
  const text = [...instructions]
    .sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))
    .map(formatInstruction)
    .filter((part) => part !== '')
    .join(',');
  return text === '' ? 'drop' : text;
}

const FLAG_WORDS: readonly (readonly [number, string])[] = [
  [FlowModFlag.SEND_FLOW_REM, 'send_flow_rem '],
  [FlowModFlag.CHECK_OVERLAP, 'check_overlap '],
  [FlowModFlag.RESET_COUNTS, 'reset_counts '],
  [FlowModFlag.NO_PKT_COUNTS, 'no_packet_counts '],
  [FlowModFlag.NO_BYT_COUNTS, 'no_byte_counts '],
];

function formatFlowFlags(flags: number): string {
  return FLAG_WORDS.map(([flag, word]) => ((flags & flag) === 0 ? '' : word)).join('');
}

/** The members that a flow on a switch and a flow-mod that adds it have in common. */
export type FormattableFlow = Pick<
  FlowDesc,
  | 'table'
  | 'priority'
  | 'idleTimeout'
  | 'hardTimeout'
  | 'flags'
  | 'importance'
  | 'cookie'
  | 'match'
  | 'instructions'
>;

/** One flow, e.g. `cookie=0x1, table=3, priority=10,tcp,tp_dst=80 actions=output:2`. */
export function formatFlow(flow: FormattableFlow): string {
  let text = '';
  if (flow.cookie !== 0n) text += `cookie=0x${flow.cookie.toString(16)}, `;
  if (flow.table !== 0) text += `table=${flow.table}, `;
  if (flow.idleTimeout !== 0) text += `idle_timeout=${flow.idleTimeout}, `;
  if (flow.hardTimeout !== 0) text += `hard_timeout=${flow.hardTimeout}, `;
  text += formatFlowFlags(flow.flags);
  if (flow.importance !== 0) text += `importance=${flow.importance}, `;
  const match = formatMatch(flow.match, flow.priority);
  if (match !== '') text += `${match} `;
  return `${text}actions=${formatInstructions(flow.instructions)}`;
}

/** What OVS keeps for a flow-mod that leaves cookies alone. */
const NO_COOKIE = 0xffffffffffffffffn;

const COMMAND_WORDS = {
  add: 'ADD',
  modify: 'MOD',
  modify_strict: 'MOD_STRICT',
  delete: 'DEL',
  delete_strict: 'DEL_STRICT',
} as const;

/** A flow-mod as `ovs-ofctl ofp-print` shows it behind the header. */
export function formatFlowMod(mod: FlowMod): string {
  let text: string = COMMAND_WORDS[mod.command];
  if (mod.table !== 0) text += ` table:${mod.table}`;
  const match = formatMatch(mod.match, mod.priority);
  text += match === '' ? ' ' : ` ${match} `;
  const adds = mod.command === 'add';
  if (adds && mod.cookie !== 0n && mod.cookie !== NO_COOKIE) text += `cookie:0x${mod.cookie.toString(16)} `;
  if (!adds && mod.cookieMask !== 0n)
    text += `cookie:0x${mod.cookie.toString(16)}/0x${mod.cookieMask.toString(16)} `;
  if (mod.idleTimeout !== 0) text += `idle:${mod.idleTimeout} `;
  if (mod.hardTimeout !== 0) text += `hard:${mod.hardTimeout} `;
  if (adds && mod.importance !== 0) text += `importance:${mod.importance} `;
  if (mod.bufferId !== NO_BUFFER) text += `buf:0x${mod.bufferId.toString(16)} `;
  if (mod.outPort !== Port.ANY) text += `out_port:${formatPort(mod.outPort)} `;
  text += formatFlowFlags(mod.flags);
  return `${text}actions=${formatInstructions(mod.instructions)}`;
}
