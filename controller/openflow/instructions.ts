/** Instructions (OpenFlow 1.5.1, section 7.2.5). Unknown and non-canonical ones are kept as bytes. */
import { decodeActions } from './actions/decode.ts';
import { encodeActions } from './actions/encode.ts';
import type { Action } from './actions/types.ts';
import { OpenFlowBadLengthError, OpenFlowBadValueError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export type Instruction =
  | { readonly type: 'goto_table'; readonly table: number }
  | { readonly type: 'write_metadata'; readonly metadata: bigint; readonly mask: bigint }
  | { readonly type: 'write_actions' | 'apply_actions'; readonly actions: readonly Action[] }
  | { readonly type: 'clear_actions' }
  /** Of OpenFlow 1.3 and 1.4; 1.5 has an action instead. */
  | { readonly type: 'meter'; readonly meterId: number }
  | {
      readonly type: 'stat_trigger';
      readonly flags: number;
      /** The OXS list of thresholds, `struct ofp_stats` without its padding. */
      readonly thresholds: Uint8Array;
    }
  | { readonly type: 'raw'; readonly bytes: Uint8Array };

/** Reads instructions up to `end`. Throws `OPENFLOW_BAD_LENGTH` where one does not fit. */
export function decodeInstructions(r: Reader, end: number): Instruction[] {
  if (r.position >= end) return [];
  // V8 makes room for 17 in an array that begins empty, and most lists hold one.
  const instructions = [decodeFramed(r, end)];
  while (r.position < end) instructions.push(decodeFramed(r, end));
  return instructions;
}

function decodeFramed(r: Reader, end: number): Instruction {
  const start = r.position;
  if (end - start < 8) {
    throw new OpenFlowBadLengthError(
      'instruction',
      r.offset,
      `an instruction needs 8 bytes, ${end - start} are left`,
    );
  }
  const type = r.u16();
  const length = r.u16();
  if (length < 8 || (length & 7) !== 0 || start + length > end) {
    throw new OpenFlowBadLengthError(
      'instruction',
      start - r.origin,
      `a length of ${length} is not a multiple of 8 within the ${end - start} bytes left`,
    );
  }
  const stop = start + length;
  const instruction = decodeInstruction(r, type, length, stop);
  if (instruction === undefined) return { type: 'raw', bytes: r.copyRange(start, stop) };
  r.position = stop;
  return instruction;
}

function decodeInstruction(r: Reader, type: number, length: number, end: number): Instruction | undefined {
  switch (type) {
    case 1: {
      if (length !== 8) return undefined;
      const table = r.u8();
      return r.zeros(3) ? { type: 'goto_table', table } : undefined;
    }
    case 2:
      return length === 24 && r.zeros(4)
        ? { type: 'write_metadata', metadata: r.u64(), mask: r.u64() }
        : undefined;
    case 3:
      return r.zeros(4) ? { type: 'write_actions', actions: decodeActions(r, end) } : undefined;
    case 4:
      return r.zeros(4) ? { type: 'apply_actions', actions: decodeActions(r, end) } : undefined;
    case 5:
      return length === 8 && r.zeros(4) ? { type: 'clear_actions' } : undefined;
    case 6:
      return length === 8 ? { type: 'meter', meterId: r.u32() } : undefined;
    case 7: {
      const flags = r.u32();
      if (end - r.position < 8 || r.u16() !== 0) return undefined;
      const size = r.u16();
      if (size < 4 || end - r.position !== ((size + 7) & ~7) - 4) return undefined;
      const thresholds = r.copy(size - 4);
      return r.zeros(end - r.position) ? { type: 'stat_trigger', flags, thresholds } : undefined;
    }
    default:
      return undefined;
  }
}

export function encodeInstructions(w: Writer, instructions: readonly Instruction[]): void {
  for (let i = 0; i < instructions.length; i++) encodeInstruction(w, instructions[i]!);
}

function encodeInstruction(w: Writer, instruction: Instruction): void {
  const start = w.position;
  switch (instruction.type) {
    case 'apply_actions':
    case 'write_actions':
      w.word(instruction.type === 'apply_actions' ? 4 << 16 : 3 << 16);
      w.word(0);
      encodeActions(w, instruction.actions);
      w.length16(start + 2, start, instruction.type);
      return;
    case 'goto_table':
      w.u16(1, 'instruction');
      w.u16(8, 'instruction');
      w.u8(instruction.table, 'goto_table.table');
      w.zeros(3);
      return;
    case 'write_metadata':
      w.u16(2, 'instruction');
      w.u16(24, 'instruction');
      w.zeros(4);
      w.u64(instruction.metadata, 'write_metadata.metadata');
      w.u64(instruction.mask, 'write_metadata.mask');
      return;
    case 'clear_actions':
      w.u16(5, 'instruction');
      w.u16(8, 'instruction');
      w.zeros(4);
      return;
    case 'meter':
      w.u16(6, 'instruction');
      w.u16(8, 'instruction');
      w.u32(instruction.meterId, 'meter.meterId');
      return;
    case 'stat_trigger': {
      w.u16(7, 'instruction');
      w.u16(0, 'instruction');
      w.u32(instruction.flags, 'stat_trigger.flags');
      w.u16(0, 'stat_trigger');
      w.u16(4 + instruction.thresholds.length, 'stat_trigger.thresholds');
      w.raw(instruction.thresholds);
      w.pad8(start);
      w.length16(start + 2, start, 'stat_trigger');
      return;
    }
    case 'raw': {
      const { bytes } = instruction;
      if (bytes.length < 8 || (bytes.length & 7) !== 0 || bytes[2]! * 256 + bytes[3]! !== bytes.length) {
        throw new OpenFlowBadValueError(
          'raw instruction',
          w.position,
          `${bytes.length} bytes are not one instruction: its length must be a multiple of 8 and stand in bytes 2 and 3`,
        );
      }
      w.raw(bytes);
      return;
    }
    default: {
      const unknown: never = instruction;
      throw new OpenFlowBadValueError(
        'instruction',
        w.position,
        `no such instruction: ${JSON.stringify(unknown)}`,
      );
    }
  }
}
