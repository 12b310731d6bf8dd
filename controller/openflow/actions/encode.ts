/** Actions → bytes. */
import { NX_EXPERIMENTER } from '../constants.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import { encodeOxm, encodeOxmHeader, refuseRaw } from '../match.ts';
import {
  BundleAlgorithms,
  HashFields,
  MultipathAlgorithms,
  PacketInReasons,
  SampleDirections,
} from '../names.ts';
import { encodeNxmHeader, encodeOfsNbits, encodePaddedHeader, oneBit } from '../subfield.ts';
import type { Writer } from '../writer.ts';
import { encodeController2 } from './controller2.ts';
import { encodeLearn } from './learn.ts';
import { encodeNat } from './nat.ts';
import type {
  Action,
  BundleAction,
  CopyFieldAction,
  CtAction,
  EncapAction,
  MultipathAction,
  OutputAction,
  RawAction,
  SampleAction,
  SetFieldAction,
} from './types.ts';

export function encodeActions(w: Writer, actions: readonly Action[]): void {
  for (let i = 0; i < actions.length; i++) encodeAction(w, actions[i]!);
}

/** Header of a standard action of known length. */
function standard(w: Writer, type: number, length: number): void {
  w.word((type << 16) | length);
}

/** Header of a Nicira action; `finish` fills the length in where it is not known (0). */
function nicira(w: Writer, subtype: number, length: number): void {
  w.word((0xffff << 16) | length);
  w.word(NX_EXPERIMENTER);
  w.u16(subtype, 'action');
}

/** Pads the action that began at `start` and fills its length in. */
function finish(w: Writer, start: number): void {
  w.pad8(start);
  w.length16(start + 2, start, 'action');
}

function encodeOutput(w: Writer, { port, maxLen }: OutputAction): void {
  const at = w.take(10);
  w.setWord(at, 16);
  w.setU32(at + 4, port, 'output.port');
  w.setU16(at + 8, maxLen, 'output.maxLen');
  w.zeros(6);
}

function encodeSetField(w: Writer, { field, value, mask }: SetFieldAction): void {
  const start = w.position;
  refuseRaw(w, field);
  standard(w, 25, 0);
  encodeOxm(w, field, value, mask);
  finish(w, start);
}

function encodeAction(w: Writer, action: Action): void {
  const start = w.position;
  switch (action.type) {
    case 'output':
      encodeOutput(w, action);
      return;
    case 'set_field':
      encodeSetField(w, action);
      return;
    case 'ct':
      encodeCt(w, action);
      return;
    case 'nat':
      nicira(w, 36, 0);
      encodeNat(w, action);
      finish(w, start);
      return;
    case 'resubmit_table':
      nicira(w, action.ct ? 44 : 14, 16);
      w.u16(action.inPort, 'resubmit_table.inPort');
      w.u8(action.table, 'resubmit_table.table');
      w.zeros(3);
      return;
    case 'copy_field':
      standard(w, 28, 0);
      w.u16(bitsOf(w, action), 'copy_field.bits');
      w.u16(action.src.start, 'copy_field.src.start');
      w.u16(action.dst.start, 'copy_field.dst.start');
      w.zeros(2);
      encodeOxmHeader(w, action.src.field);
      encodeOxmHeader(w, action.dst.field);
      finish(w, start);
      return;
    case 'reg_move':
      nicira(w, 6, 0);
      w.u16(bitsOf(w, action), 'reg_move.bits');
      w.u16(action.src.start, 'reg_move.src.start');
      w.u16(action.dst.start, 'reg_move.dst.start');
      encodeOxmHeader(w, action.src.field);
      encodeOxmHeader(w, action.dst.field);
      finish(w, start);
      return;
    case 'learn':
      nicira(w, action.limit === undefined ? 16 : 45, 0);
      encodeLearn(w, action);
      finish(w, start);
      return;
    case 'conjunction':
      nicira(w, 34, 16);
      w.u8(action.clause, 'conjunction.clause');
      w.u8(action.clauses, 'conjunction.clauses');
      w.u32(action.id, 'conjunction.id');
      return;
    case 'controller2':
      nicira(w, 37, 0);
      encodeController2(w, action);
      finish(w, start);
      return;
    case 'copy_ttl_out':
      plain(w, 11);
      return;
    case 'copy_ttl_in':
      plain(w, 12);
      return;
    case 'set_mpls_ttl':
    case 'set_nw_ttl':
      standard(w, action.type === 'set_mpls_ttl' ? 15 : 23, 8);
      w.u8(action.ttl, 'ttl');
      w.zeros(3);
      return;
    case 'dec_mpls_ttl':
      plain(w, 16);
      return;
    case 'push_vlan':
      ethertype(w, 17, action.ethertype);
      return;
    case 'pop_vlan':
      plain(w, 18);
      return;
    case 'push_mpls':
      ethertype(w, 19, action.ethertype);
      return;
    case 'pop_mpls':
      ethertype(w, 20, action.ethertype);
      return;
    case 'set_queue':
      standard(w, 21, 8);
      w.u32(action.queueId, 'set_queue.queueId');
      return;
    case 'group':
      standard(w, 22, 8);
      w.u32(action.groupId, 'group.groupId');
      return;
    case 'dec_nw_ttl':
      plain(w, 24);
      return;
    case 'push_pbb':
      ethertype(w, 26, action.ethertype);
      return;
    case 'pop_pbb':
      plain(w, 27);
      return;
    case 'meter':
      standard(w, 29, 8);
      w.u32(action.meterId, 'meter.meterId');
      return;
    case 'resubmit':
      nicira(w, 1, 16);
      w.u16(action.inPort, 'resubmit.inPort');
      w.zeros(4);
      return;
    case 'set_tunnel':
      nicira(w, 2, 16);
      w.zeros(2);
      w.u32(action.tunId, 'set_tunnel.tunId');
      return;
    case 'set_tunnel64':
      nicira(w, 9, 24);
      w.zeros(6);
      w.u64(action.tunId, 'set_tunnel64.tunId');
      return;
    case 'pop_queue':
      plainNicira(w, 5);
      return;
    case 'reg_load':
      nicira(w, 7, 24);
      encodeOfsNbits(w, action.dst);
      encodeNxmHeader(w, action.dst.field);
      w.u64(action.value, 'reg_load.value');
      return;
    case 'reg_load2':
      refuseRaw(w, action.field);
      nicira(w, 33, 0);
      w.zeros(6);
      encodeOxm(w, action.field, action.value, action.mask);
      finish(w, start);
      return;
    case 'note':
      nicira(w, 8, 0);
      w.raw(action.note);
      finish(w, start);
      return;
    case 'multipath':
      encodeMultipath(w, action);
      return;
    case 'bundle':
      encodeBundle(w, action);
      return;
    case 'output_reg':
      nicira(w, 15, 24);
      encodeOfsNbits(w, action.src);
      encodeNxmHeader(w, action.src.field);
      w.u16(action.maxLen, 'output_reg.maxLen');
      w.zeros(6);
      return;
    case 'output_reg2':
      nicira(w, 32, 24);
      encodeOfsNbits(w, action.src);
      w.u16(action.maxLen, 'output_reg2.maxLen');
      encodePaddedHeader(w, action.src.field, 10);
      return;
    case 'exit':
      plainNicira(w, 17);
      return;
    case 'fin_timeout':
      nicira(w, 19, 16);
      w.u16(action.idleTimeout, 'fin_timeout.idleTimeout');
      w.u16(action.hardTimeout, 'fin_timeout.hardTimeout');
      w.zeros(2);
      return;
    case 'controller':
      nicira(w, 20, 16);
      w.u16(action.maxLen, 'controller.maxLen');
      w.u16(action.controllerId, 'controller.controllerId');
      w.u8(PacketInReasons.number(action.reason, w, 'controller.reason'), 'controller.reason');
      w.zeros(1);
      return;
    case 'dec_ttl_cnt_ids':
      nicira(w, 21, 0);
      w.u16(action.controllers.length, 'dec_ttl_cnt_ids.controllers');
      w.zeros(4);
      for (const id of action.controllers) w.u16(id, 'dec_ttl_cnt_ids.controllers');
      finish(w, start);
      return;
    case 'nx_write_metadata':
      nicira(w, 22, 32);
      w.zeros(6);
      w.u64(action.metadata, 'nx_write_metadata.metadata');
      w.u64(action.mask, 'nx_write_metadata.mask');
      return;
    case 'stack_push':
    case 'stack_pop':
      nicira(w, action.type === 'stack_push' ? 27 : 28, 24);
      w.u16(action.subfield.start, 'stack.start');
      encodeOxmHeader(w, action.subfield.field);
      w.u16(action.subfield.bits, 'stack.bits');
      w.zeros(24 - (w.position - start));
      return;
    case 'sample':
    case 'sample2':
    case 'sample3':
      encodeSample(w, action);
      return;
    case 'output_trunc':
      nicira(w, 39, 16);
      w.u16(action.port, 'output_trunc.port');
      w.u32(action.maxLen, 'output_trunc.maxLen');
      return;
    case 'clone':
      nicira(w, 42, 0);
      w.zeros(6);
      encodeActions(w, action.actions);
      finish(w, start);
      return;
    case 'ct_clear':
      plainNicira(w, 43);
      return;
    case 'encap':
      encodeEncap(w, action);
      return;
    case 'decap':
      nicira(w, 47, 16);
      w.zeros(2);
      w.u32(action.packetType, 'decap.packetType');
      return;
    case 'dec_nsh_ttl':
      plainNicira(w, 48);
      return;
    case 'check_pkt_larger':
      oneBit(w, action.dst, 'check_pkt_larger.dst');
      nicira(w, 49, 24);
      w.u16(action.pktLen, 'check_pkt_larger.pktLen');
      w.u16(action.dst.start, 'check_pkt_larger.dst.start');
      encodePaddedHeader(w, action.dst.field, 10);
      return;
    case 'delete_field':
      nicira(w, 50, 24);
      encodePaddedHeader(w, action.field, 14);
      return;
    case 'debug_slow':
      plainNicira(w, 254);
      return;
    case 'debug_recirc':
      plainNicira(w, 255);
      return;
    case 'raw':
      encodeRaw(w, action);
      return;
    default: {
      const unknown: never = action;
      throw new OpenFlowBadValueError('action', w.position, `no such action: ${JSON.stringify(unknown)}`);
    }
  }
}

function plain(w: Writer, type: number): void {
  standard(w, type, 8);
  w.zeros(4);
}

function plainNicira(w: Writer, subtype: number): void {
  nicira(w, subtype, 16);
  w.zeros(6);
}

function ethertype(w: Writer, type: number, value: number): void {
  standard(w, type, 8);
  w.u16(value, 'ethertype');
  w.zeros(2);
}

function bitsOf(w: Writer, { type, src, dst }: CopyFieldAction): number {
  if (src.bits !== dst.bits) {
    throw new OpenFlowBadValueError(type, w.position, `${src.bits} bits cannot be copied into ${dst.bits}`);
  }
  return dst.bits;
}

function encodeMultipath(w: Writer, action: MultipathAction): void {
  nicira(w, 10, 32);
  w.u16(HashFields.number(action.fields, w, 'multipath.fields'), 'multipath.fields');
  w.u16(action.basis, 'multipath.basis');
  w.zeros(2);
  w.u16(MultipathAlgorithms.number(action.algorithm, w, 'multipath.algorithm'), 'multipath.algorithm');
  w.u16(action.maxLink, 'multipath.maxLink');
  w.u32(action.arg, 'multipath.arg');
  w.zeros(2);
  encodeOfsNbits(w, action.dst);
  encodeNxmHeader(w, action.dst.field);
}

function encodeBundle(w: Writer, action: BundleAction): void {
  const start = w.position;
  nicira(w, action.dst === undefined ? 12 : 13, 0);
  w.u16(BundleAlgorithms.number(action.algorithm, w, 'bundle.algorithm'), 'bundle.algorithm');
  w.u16(HashFields.number(action.fields, w, 'bundle.fields'), 'bundle.fields');
  w.u16(action.basis, 'bundle.basis');
  w.u32(2, 'bundle.memberType');
  w.u16(action.members.length, 'bundle.members');
  if (action.dst === undefined) {
    w.zeros(6);
  } else {
    encodeOfsNbits(w, action.dst);
    encodeNxmHeader(w, action.dst.field);
  }
  w.zeros(4);
  for (const member of action.members) w.u16(member, 'bundle.members');
  finish(w, start);
}

function encodeSample(w: Writer, action: SampleAction): void {
  const { type } = action;
  const first = type === 'sample';
  if (
    (action.samplingPort === undefined) !== first ||
    (action.direction === undefined) === (type === 'sample3')
  ) {
    throw new OpenFlowBadValueError(
      type,
      w.position,
      'sample2 has a samplingPort, sample3 a samplingPort and a direction, sample neither',
    );
  }
  nicira(w, first ? 29 : type === 'sample2' ? 38 : 41, first ? 24 : 32);
  w.u16(action.probability, 'sample.probability');
  w.u32(action.collectorSetId, 'sample.collectorSetId');
  w.u32(action.obsDomainId, 'sample.obsDomainId');
  w.u32(action.obsPointId, 'sample.obsPointId');
  if (action.samplingPort === undefined) return;
  w.u16(action.samplingPort, 'sample.samplingPort');
  w.u8(
    action.direction === undefined ? 0 : SampleDirections.number(action.direction, w, 'sample.direction'),
    'sample.direction',
  );
  w.zeros(5);
}

function encodeCt(w: Writer, action: CtAction): void {
  const start = w.position;
  nicira(w, 35, 0);
  w.u16((action.commit ? 1 : 0) | (action.force ? 2 : 0), 'ct.flags');
  if (typeof action.zone === 'number') {
    w.u32(0, 'ct.zone');
    w.u16(action.zone, 'ct.zone');
  } else {
    encodeNxmHeader(w, action.zone.field);
    encodeOfsNbits(w, action.zone);
  }
  w.u8(action.table, 'ct.table');
  w.zeros(3);
  w.u16(action.alg, 'ct.alg');
  encodeActions(w, action.actions);
  finish(w, start);
}

function encodeEncap(w: Writer, action: EncapAction): void {
  const start = w.position;
  nicira(w, 46, 0);
  w.u16(action.headerSize, 'encap.headerSize');
  w.u32(action.packetType, 'encap.packetType');
  for (const property of action.properties) {
    w.u16(4, 'encap.property');
    if (property.type === 'nsh_md_type') {
      w.u8(1, 'encap.property');
      w.u8(5, 'encap.property');
      w.u8(property.mdType, 'encap.mdType');
      w.zeros(3);
    } else {
      const padded = (property.value.length + 7) & ~7;
      w.u8(2, 'encap.property');
      w.u8(8 + padded, 'encap.property');
      w.u16(property.tlvClass, 'encap.tlvClass');
      w.u8(property.tlvType, 'encap.tlvType');
      w.u8(property.value.length, 'encap.value');
      w.raw(property.value);
      w.zeros(padded - property.value.length);
    }
  }
  finish(w, start);
}

function encodeRaw(w: Writer, { bytes }: RawAction): void {
  const length = bytes.length;
  if (length < 8 || (length & 7) !== 0 || bytes[2]! * 256 + bytes[3]! !== length) {
    throw new OpenFlowBadValueError(
      'raw action',
      w.position,
      `${length} bytes are not one action: its length must be a multiple of 8 and stand in bytes 2 and 3`,
    );
  }
  w.raw(bytes);
}
