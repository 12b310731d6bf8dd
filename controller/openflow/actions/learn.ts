/**
 * `learn` (NXAST_LEARN and NXAST_LEARN2): a flow that a packet adds. After the fixed part come flow-mod specs:
 * a header of source, destination and number of bits, then the source (a field, or a constant padded in front
 * to 16 bits), then the destination. Specs end where the action does, or with a header of zero.
 */
import { OpenFlowBadValueError } from '../errors.ts';
import { decodeOxmHeader, encodeOxmHeader } from '../match.ts';
import type { Reader } from '../reader.ts';
import { decodeNxmHeader, encodeNxmHeader, oneBit, type Subfield } from '../subfield.ts';
import type { Writer } from '../writer.ts';
import { LearnFlag, type LearnAction, type LearnSource, type LearnSpec } from './types.ts';

const N_BITS = 0x3ff;
const SRC_IMMEDIATE = 1 << 13;
const DST_LOAD = 1 << 11;
const DST_OUTPUT = 2 << 11;
const DST = 3 << 11;
const KNOWN = N_BITS | SRC_IMMEDIATE | DST;
const FIXED = 32;
const FIXED2 = 40;

const immediateBytes = (bits: number) => 2 * Math.ceil(bits / 16);

function decodeSubfield(r: Reader, end: number, bits: number): Subfield | undefined {
  if (r.position + 6 > end) return undefined;
  const field = decodeNxmHeader(r);
  const start = r.u16();
  return field === undefined ? undefined : { field, start, bits };
}

function decodeImmediate(r: Reader, end: number, bits: number): bigint | undefined {
  const count = immediateBytes(bits);
  if (r.position + count > end) return undefined;
  let value = 0n;
  for (let i = 0; i < count; i += 2) value = (value << 16n) | BigInt(r.u16());
  return value >> BigInt(bits) === 0n ? value : undefined;
}

function decodeSpec(r: Reader, end: number, header: number): LearnSpec | undefined {
  const bits = header & N_BITS;
  if ((header & ~KNOWN) !== 0 || bits === 0) return undefined;
  let src: LearnSource;
  if ((header & SRC_IMMEDIATE) === 0) {
    const field = decodeSubfield(r, end, bits);
    if (field === undefined) return undefined;
    if ((header & DST) === DST_OUTPUT) return { type: 'output', src: field };
    src = field;
  } else {
    const immediate = decodeImmediate(r, end, bits);
    if (immediate === undefined) return undefined;
    src = { immediate };
  }
  if ((header & DST) > DST_LOAD) return undefined;
  const dst = decodeSubfield(r, end, bits);
  if (dst === undefined) return undefined;
  return { type: (header & DST) === DST_LOAD ? 'load' : 'match', src, dst };
}

/** The cursor is behind the subtype. Gives undefined where the action is not canonical. */
export function decodeLearn(r: Reader, start: number, end: number, second: boolean): LearnAction | undefined {
  if (end - start < (second ? FIXED2 : FIXED)) return undefined;
  const idleTimeout = r.u16();
  const hardTimeout = r.u16();
  const priority = r.u16();
  const cookie = r.u64();
  const flags = r.u16();
  const table = r.u8();
  if (r.u8() !== 0) return undefined;
  const finIdleTimeout = r.u16();
  const finHardTimeout = r.u16();
  let limit: LearnAction['limit'];
  if (second) {
    const max = r.u32();
    const resultStart = r.u16();
    if (r.u16() !== 0) return undefined;
    if ((flags & LearnFlag.WRITE_RESULT) !== 0) {
      const field = decodeOxmHeader(r, end);
      if (field === undefined) return undefined;
      limit = { max, result: { field, start: resultStart, bits: 1 } };
    } else {
      if (resultStart !== 0) return undefined;
      limit = { max };
    }
  } else if ((flags & LearnFlag.WRITE_RESULT) !== 0) {
    return undefined;
  }
  const specs: LearnSpec[] = [];
  while (r.position + 2 <= end) {
    const header = r.u16();
    if (header === 0) {
      r.position -= 2;
      break;
    }
    const spec = decodeSpec(r, end, header);
    if (spec === undefined) return undefined;
    specs.push(spec);
  }
  if (end - r.position >= 8 || !r.zeros(end - r.position)) return undefined;
  const learn: LearnAction = {
    type: 'learn',
    idleTimeout,
    hardTimeout,
    priority,
    cookie,
    flags,
    table,
    finIdleTimeout,
    finHardTimeout,
    specs,
  };
  return limit === undefined ? learn : { ...learn, limit };
}

function encodeSubfield(w: Writer, { field, start }: Subfield): void {
  encodeNxmHeader(w, field);
  w.u16(start, 'learn.spec.start');
}

function encodeImmediate(w: Writer, value: bigint, bits: number): void {
  if (typeof value !== 'bigint' || value < 0n || value >> BigInt(bits) !== 0n) {
    throw new OpenFlowBadValueError(
      'learn.spec.immediate',
      w.position,
      `${String(value)} does not fit in ${bits} bits`,
    );
  }
  for (let shift = (immediateBytes(bits) - 2) * 8; shift >= 0; shift -= 16) {
    w.u16(Number((value >> BigInt(shift)) & 0xffffn), 'learn.spec.immediate');
  }
}

function encodeSpec(w: Writer, spec: LearnSpec): void {
  const bits = spec.type === 'output' ? spec.src.bits : spec.dst.bits;
  if (!Number.isInteger(bits) || bits < 1 || bits > N_BITS) {
    throw new OpenFlowBadValueError('learn.spec.bits', w.position, `${bits} is not 1 to ${N_BITS}`);
  }
  const destination = spec.type === 'output' ? DST_OUTPUT : spec.type === 'load' ? DST_LOAD : 0;
  const immediate = 'immediate' in spec.src;
  if (!immediate && spec.src.bits !== bits) {
    throw new OpenFlowBadValueError('learn.spec', w.position, `${spec.src.bits} bits cannot go into ${bits}`);
  }
  w.u16(bits | destination | (immediate ? SRC_IMMEDIATE : 0), 'learn.spec');
  if ('immediate' in spec.src) encodeImmediate(w, spec.src.immediate, bits);
  else encodeSubfield(w, spec.src);
  if (spec.type !== 'output') encodeSubfield(w, spec.dst);
}

/** Writes what follows the subtype, up to the padding. */
export function encodeLearn(w: Writer, learn: LearnAction): void {
  const result = learn.limit?.result;
  if (((learn.flags & LearnFlag.WRITE_RESULT) !== 0) !== (result !== undefined)) {
    throw new OpenFlowBadValueError('learn.flags', w.position, 'WRITE_RESULT and limit.result go together');
  }
  w.u16(learn.idleTimeout, 'learn.idleTimeout');
  w.u16(learn.hardTimeout, 'learn.hardTimeout');
  w.u16(learn.priority, 'learn.priority');
  w.u64(learn.cookie, 'learn.cookie');
  w.u16(learn.flags, 'learn.flags');
  w.u8(learn.table, 'learn.table');
  w.u8(0, 'learn');
  w.u16(learn.finIdleTimeout, 'learn.finIdleTimeout');
  w.u16(learn.finHardTimeout, 'learn.finHardTimeout');
  if (learn.limit !== undefined) {
    w.u32(learn.limit.max, 'learn.limit.max');
    w.u16(result?.start ?? 0, 'learn.limit.result');
    w.zeros(2);
    if (result !== undefined) {
      oneBit(w, result, 'learn.limit.result');
      encodeOxmHeader(w, result.field);
    }
  }
  for (const spec of learn.specs) encodeSpec(w, spec);
}
