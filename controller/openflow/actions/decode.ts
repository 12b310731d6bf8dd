/**
 * Bytes → actions. What is inside a well-framed action but not known, or not as OVS writes it, makes the whole
 * action `raw`: its bytes are kept. A frame that lies (too short, not a multiple of 8, longer than what holds
 * it) throws `OPENFLOW_BAD_LENGTH`.
 */
import { NX_EXPERIMENTER } from '../constants.ts';
import { OpenFlowBadLengthError } from '../errors.ts';
import { openflow } from '../../limits.ts';
import { decodeOxm, decodeOxmHeader } from '../match.ts';
import {
  BundleAlgorithms,
  HashFields,
  MultipathAlgorithms,
  PacketInReasons,
  SampleDirections,
} from '../names.ts';
import type { Reader } from '../reader.ts';
import { decodeNxmHeader, decodePaddedHeader, type Subfield } from '../subfield.ts';
import { decodeController2 } from './controller2.ts';
import { decodeLearn } from './learn.ts';
import { decodeNat } from './nat.ts';
import type { Action, EncapProperty, PlainAction } from './types.ts';

const EXPERIMENTER = 0xffff;

/** Reads actions up to `end`. */
export function decodeActions(r: Reader, end: number, depth = 0): Action[] {
  const actions: Action[] = [];
  while (r.position < end) {
    const start = r.position;
    if (end - start < 8) {
      throw new OpenFlowBadLengthError(
        'action',
        r.offset,
        `an action needs 8 bytes, ${end - start} are left`,
      );
    }
    const type = r.u16();
    const length = r.u16();
    if (length < 8 || (length & 7) !== 0 || start + length > end) {
      throw new OpenFlowBadLengthError(
        'action',
        start - r.origin,
        `a length of ${length} is not a multiple of 8 within the ${end - start} bytes left`,
      );
    }
    const stop = start + length;
    const action =
      type === EXPERIMENTER ? decodeNicira(r, start, stop, depth) : decodeStandard(r, type, length, stop);
    if (action !== undefined) {
      r.position = stop;
      actions.push(action);
    } else {
      actions.push({ type: 'raw', bytes: r.copyRange(start, stop) });
    }
  }
  return actions;
}

function plain(r: Reader, type: PlainAction['type'], length: number, size: number): Action | undefined {
  return length === size && r.zeros(size === 8 ? 4 : 6) ? { type } : undefined;
}

function decodeStandard(r: Reader, type: number, length: number, end: number): Action | undefined {
  switch (type) {
    case 0: {
      if (length !== 16) return undefined;
      const port = r.u32();
      const maxLen = r.u16();
      return r.zeros(6) ? { type: 'output', port, maxLen } : undefined;
    }
    case 25: {
      const { field, value, mask } = decodeOxm(r, end, 'set_field');
      if (field.isRaw || end - r.position > 7 || !r.zeros(end - r.position)) return undefined;
      return { type: 'set_field', field, value, mask };
    }
    case 11:
      return plain(r, 'copy_ttl_out', length, 8);
    case 12:
      return plain(r, 'copy_ttl_in', length, 8);
    case 15:
    case 23: {
      if (length !== 8) return undefined;
      const ttl = r.u8();
      return r.zeros(3) ? { type: type === 15 ? 'set_mpls_ttl' : 'set_nw_ttl', ttl } : undefined;
    }
    case 16:
      return plain(r, 'dec_mpls_ttl', length, 8);
    case 17:
      return ethertype(r, 'push_vlan', length);
    case 18:
      return plain(r, 'pop_vlan', length, 8);
    case 19:
      return ethertype(r, 'push_mpls', length);
    case 20:
      return ethertype(r, 'pop_mpls', length);
    case 21:
      return length === 8 ? { type: 'set_queue', queueId: r.u32() } : undefined;
    case 22:
      return length === 8 ? { type: 'group', groupId: r.u32() } : undefined;
    case 24:
      return plain(r, 'dec_nw_ttl', length, 8);
    case 26:
      return ethertype(r, 'push_pbb', length);
    case 27:
      return plain(r, 'pop_pbb', length, 8);
    case 28: {
      if (length < 16) return undefined;
      const bits = r.u16();
      const srcStart = r.u16();
      const dstStart = r.u16();
      if (r.u16() !== 0) return undefined;
      return copyField(r, end, 'copy_field', bits, srcStart, dstStart);
    }
    case 29:
      return length === 8 ? { type: 'meter', meterId: r.u32() } : undefined;
    default:
      return undefined;
  }
}

function ethertype(
  r: Reader,
  type: 'push_vlan' | 'push_mpls' | 'pop_mpls' | 'push_pbb',
  length: number,
): Action | undefined {
  if (length !== 8) return undefined;
  const value = r.u16();
  return r.u16() === 0 ? { type, ethertype: value } : undefined;
}

function copyField(
  r: Reader,
  end: number,
  type: 'copy_field' | 'reg_move',
  bits: number,
  srcStart: number,
  dstStart: number,
): Action | undefined {
  const src = decodeOxmHeader(r, end);
  if (src === undefined) return undefined;
  const dst = decodeOxmHeader(r, end);
  if (dst === undefined || end - r.position > 7 || !r.zeros(end - r.position)) return undefined;
  return {
    type,
    src: { field: src, start: srcStart, bits },
    dst: { field: dst, start: dstStart, bits },
  };
}

/** `ofs_nbits` and the range it gives of a field that comes later. */
function range(ofsNbits: number, field: Subfield['field'] | undefined): Subfield | undefined {
  return field === undefined ? undefined : { field, start: ofsNbits >>> 6, bits: (ofsNbits & 63) + 1 };
}

function decodeNicira(r: Reader, start: number, end: number, depth: number): Action | undefined {
  const length = end - start;
  if (r.u32() !== NX_EXPERIMENTER || length < 16) return undefined;
  const subtype = r.u16();
  switch (subtype) {
    case 1: {
      if (length !== 16) return undefined;
      const inPort = r.u16();
      return r.zeros(4) ? { type: 'resubmit', inPort } : undefined;
    }
    case 2:
      return length === 16 && r.u16() === 0 ? { type: 'set_tunnel', tunId: r.u32() } : undefined;
    case 5:
      return plain(r, 'pop_queue', length, 16);
    case 6: {
      const bits = r.u16();
      const srcStart = r.u16();
      const dstStart = r.u16();
      return copyField(r, end, 'reg_move', bits, srcStart, dstStart);
    }
    case 7: {
      if (length !== 24) return undefined;
      const ofsNbits = r.u16();
      const dst = range(ofsNbits, decodeNxmHeader(r));
      return dst === undefined ? undefined : { type: 'reg_load', dst, value: r.u64() };
    }
    case 8:
      return { type: 'note', note: r.copy(length - 10) };
    case 9:
      return length === 24 && r.zeros(6) ? { type: 'set_tunnel64', tunId: r.u64() } : undefined;
    case 10:
      return length === 32 ? decodeMultipath(r) : undefined;
    case 12:
    case 13:
      return length >= 32 ? decodeBundle(r, end, subtype === 13) : undefined;
    case 14:
    case 44: {
      if (length !== 16) return undefined;
      const inPort = r.u16();
      const table = r.u8();
      return r.zeros(3) ? { type: 'resubmit_table', inPort, table, ct: subtype === 44 } : undefined;
    }
    case 15: {
      if (length !== 24) return undefined;
      const ofsNbits = r.u16();
      const src = range(ofsNbits, decodeNxmHeader(r));
      const maxLen = r.u16();
      return src !== undefined && r.zeros(6) ? { type: 'output_reg', src, maxLen } : undefined;
    }
    case 16:
    case 45:
      return decodeLearn(r, start, end, subtype === 45);
    case 17:
      return plain(r, 'exit', length, 16);
    case 19: {
      if (length !== 16) return undefined;
      const idleTimeout = r.u16();
      const hardTimeout = r.u16();
      return r.u16() === 0 ? { type: 'fin_timeout', idleTimeout, hardTimeout } : undefined;
    }
    case 20: {
      if (length !== 16) return undefined;
      const maxLen = r.u16();
      const controllerId = r.u16();
      const reason = PacketInReasons.name(r.u8());
      return reason !== undefined && r.u8() === 0
        ? { type: 'controller', maxLen, controllerId, reason }
        : undefined;
    }
    case 21:
      return decodeDecTtlIds(r, end);
    case 22:
      return length === 32 && r.zeros(6)
        ? { type: 'nx_write_metadata', metadata: r.u64(), mask: r.u64() }
        : undefined;
    case 27:
    case 28: {
      if (length !== 24) return undefined;
      const first = r.u16();
      const field = decodeOxmHeader(r, end - 2);
      if (field === undefined) return undefined;
      const bits = r.u16();
      if (!r.zeros(end - r.position)) return undefined;
      return { type: subtype === 27 ? 'stack_push' : 'stack_pop', subfield: { field, start: first, bits } };
    }
    case 29:
    case 38:
    case 41:
      return length === (subtype === 29 ? 24 : 32) ? decodeSample(r, subtype) : undefined;
    case 32: {
      if (length !== 24) return undefined;
      const ofsNbits = r.u16();
      const maxLen = r.u16();
      const src = range(ofsNbits, decodePaddedHeader(r, end));
      return src === undefined ? undefined : { type: 'output_reg2', src, maxLen };
    }
    case 33: {
      if (!r.zeros(6)) return undefined;
      const { field, value, mask } = decodeOxm(r, end, 'reg_load2');
      if (field.isRaw || end - r.position > 7 || !r.zeros(end - r.position)) return undefined;
      return { type: 'reg_load2', field, value, mask };
    }
    case 34: {
      if (length !== 16) return undefined;
      const clause = r.u8();
      const clauses = r.u8();
      return { type: 'conjunction', id: r.u32(), clause, clauses };
    }
    case 35:
      return length >= 24 && depth < openflow.maxNesting ? decodeCt(r, end, depth) : undefined;
    case 36:
      return decodeNat(r, end);
    case 37:
      return decodeController2(r, end);
    case 39:
      return length === 16 ? { type: 'output_trunc', port: r.u16(), maxLen: r.u32() } : undefined;
    case 42: {
      if (depth >= openflow.maxNesting || !r.zeros(6)) return undefined;
      return { type: 'clone', actions: decodeActions(r, end, depth + 1) };
    }
    case 43:
      return plain(r, 'ct_clear', length, 16);
    case 46:
      return decodeEncap(r, end);
    case 47:
      return length === 16 && r.u16() === 0 ? { type: 'decap', packetType: r.u32() } : undefined;
    case 48:
      return plain(r, 'dec_nsh_ttl', length, 16);
    case 49: {
      if (length !== 24) return undefined;
      const pktLen = r.u16();
      const first = r.u16();
      const field = decodePaddedHeader(r, end);
      return field === undefined
        ? undefined
        : { type: 'check_pkt_larger', pktLen, dst: { field, start: first, bits: 1 } };
    }
    case 50: {
      if (length !== 24) return undefined;
      const field = decodePaddedHeader(r, end);
      return field === undefined ? undefined : { type: 'delete_field', field };
    }
    case 254:
      return plain(r, 'debug_slow', length, 16);
    case 255:
      return plain(r, 'debug_recirc', length, 16);
    default:
      return undefined;
  }
}

function decodeMultipath(r: Reader): Action | undefined {
  const fields = HashFields.name(r.u16());
  const basis = r.u16();
  const pad0 = r.u16();
  const algorithm = MultipathAlgorithms.name(r.u16());
  const maxLink = r.u16();
  const arg = r.u32();
  const pad1 = r.u16();
  const ofsNbits = r.u16();
  const dst = range(ofsNbits, decodeNxmHeader(r));
  if (fields === undefined || algorithm === undefined || dst === undefined || (pad0 | pad1) !== 0)
    return undefined;
  return { type: 'multipath', fields, basis, algorithm, maxLink, arg, dst };
}

const NXM_OF_IN_PORT = 2;

function decodeBundle(r: Reader, end: number, load: boolean): Action | undefined {
  const algorithm = BundleAlgorithms.name(r.u16());
  const fields = HashFields.name(r.u16());
  const basis = r.u16();
  const memberType = r.u32();
  const count = r.u16();
  const ofsNbits = r.u16();
  const dst = load ? range(ofsNbits, decodeNxmHeader(r)) : undefined;
  if (load ? dst === undefined : ofsNbits !== 0 || r.u32() !== 0) return undefined;
  if (algorithm === undefined || fields === undefined || memberType !== NXM_OF_IN_PORT || !r.zeros(4))
    return undefined;
  if (end - r.position !== ((count * 2 + 7) & ~7)) return undefined;
  const members: number[] = [];
  for (let i = 0; i < count; i++) members.push(r.u16());
  if (!r.zeros(end - r.position)) return undefined;
  const bundle = { type: 'bundle', fields, basis, algorithm, members } as const;
  return dst === undefined ? bundle : { ...bundle, dst };
}

function decodeDecTtlIds(r: Reader, end: number): Action | undefined {
  const count = r.u16();
  if (!r.zeros(4) || end - r.position !== ((count * 2 + 7) & ~7)) return undefined;
  const controllers: number[] = [];
  for (let i = 0; i < count; i++) controllers.push(r.u16());
  return r.zeros(end - r.position) ? { type: 'dec_ttl_cnt_ids', controllers } : undefined;
}

function decodeSample(r: Reader, subtype: number): Action | undefined {
  const probability = r.u16();
  const collectorSetId = r.u32();
  const obsDomainId = r.u32();
  const obsPointId = r.u32();
  const common = { probability, collectorSetId, obsDomainId, obsPointId };
  if (subtype === 29) return { type: 'sample', ...common };
  const samplingPort = r.u16();
  if (subtype === 38) return r.zeros(6) ? { type: 'sample2', ...common, samplingPort } : undefined;
  const direction = SampleDirections.name(r.u8());
  return direction !== undefined && r.zeros(5)
    ? { type: 'sample3', ...common, samplingPort, direction }
    : undefined;
}

function decodeCt(r: Reader, end: number, depth: number): Action | undefined {
  const flags = r.u16();
  const zoneSource = r.u32();
  r.position -= 4;
  const zoneField = decodeNxmHeader(r);
  const zoneValue = r.u16();
  const table = r.u8();
  if (!r.zeros(3) || flags > 3) return undefined;
  const alg = r.u16();
  const zone = zoneSource === 0 ? zoneValue : range(zoneValue, zoneField);
  if (zone === undefined) return undefined;
  const actions = decodeActions(r, end, depth + 1);
  return { type: 'ct', commit: (flags & 1) !== 0, force: (flags & 2) !== 0, zone, table, alg, actions };
}

const NSH_CLASS = 4;

function decodeEncap(r: Reader, end: number): Action | undefined {
  const headerSize = r.u16();
  const packetType = r.u32();
  const properties: EncapProperty[] = [];
  while (r.position < end) {
    if (r.u16() !== NSH_CLASS) return undefined;
    const type = r.u8();
    const length = r.u8();
    if (type === 1) {
      const mdType = r.u8();
      if (length !== 5 || !r.zeros(3)) return undefined;
      properties.push({ type: 'nsh_md_type', mdType });
    } else if (type === 2) {
      const tlvClass = r.u16();
      const tlvType = r.u8();
      const size = r.u8();
      const padded = (size + 7) & ~7;
      if (length !== 8 + padded || r.position + padded > end) return undefined;
      const value = r.copy(size);
      if (!r.zeros(padded - size)) return undefined;
      properties.push({ type: 'nsh_tlv', tlvClass, tlvType, value });
    } else {
      return undefined;
    }
  }
  return { type: 'encap', packetType, headerSize, properties };
}
