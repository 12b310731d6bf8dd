/** Actions as Open vSwitch prints them. */
import type {
  Action,
  CtAction,
  EncapProperty,
  LearnAction,
  LearnSpec,
  NatAction,
  SampleAction,
} from '../actions/types.ts';
import { LearnFlag } from '../actions/types.ts';
import { CT_RECIRC_NONE, DEFAULT_PRIORITY, NO_MAX_LEN, Port, Port16 } from '../constants.ts';
import { nxmField } from '../fields.ts';
import type { Subfield } from '../subfield.ts';
import {
  alternateHex,
  bytesToBigint,
  dottedHex,
  formatFieldValue,
  formatPort,
  formatPort16,
  hexDigits,
} from './values.ts';

/** `drop` for none. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? 'drop' : actions.map(formatAction).join(',');
}

/** `NXM_NX_REG0[0..15]`, `[3]` for one bit, `[]` for the whole field. */
export function formatSubfield({ field, start, bits }: Subfield): string {
  const name = nxmField(field).oxmName;
  if (start === 0 && bits === field.bits) return `${name}[]`;
  return bits === 1 ? `${name}[${start}]` : `${name}[${start}..${start + bits - 1}]`;
}

const wideHex = (value: number) => `0x${value.toString(16).padStart(4, '0')}`;

export function formatAction(action: Action): string {
  switch (action.type) {
    case 'output': {
      const name = formatPort(action.port);
      if (action.port === Port.CONTROLLER) return `${name}:${action.maxLen}`;
      return action.port < Port.MAX ? `output:${name}` : name;
    }
    case 'copy_ttl_out':
    case 'copy_ttl_in':
    case 'dec_mpls_ttl':
    case 'pop_vlan':
    case 'pop_pbb':
    case 'pop_queue':
    case 'exit':
    case 'ct_clear':
    case 'dec_nsh_ttl':
    case 'debug_slow':
    case 'debug_recirc':
      return action.type;
    case 'dec_nw_ttl':
      return 'dec_ttl';
    case 'set_mpls_ttl':
      return `set_mpls_ttl(${action.ttl})`;
    case 'set_nw_ttl':
      return `mod_nw_ttl:${action.ttl}`;
    case 'push_vlan':
    case 'push_pbb':
      return `${action.type}:${alternateHex(action.ethertype)}`;
    case 'push_mpls':
    case 'pop_mpls':
      return `${action.type}:${wideHex(action.ethertype)}`;
    case 'set_queue':
      return `set_queue:${action.queueId}`;
    case 'group':
      return `group:${action.groupId}`;
    case 'meter':
      return `meter:${action.meterId}`;
    case 'set_field':
    case 'reg_load2':
      return `set_field:${formatFieldValue(action.field, action.value, action.mask)}->${action.field.shown}`;
    case 'copy_field':
    case 'reg_move':
      return `move:${formatSubfield(action.src)}->${formatSubfield(action.dst)}`;
    case 'reg_load':
      return `load:${alternateHex(action.value)}->${formatSubfield(action.dst)}`;
    case 'resubmit':
      return action.inPort === Port16.IN_PORT ? 'resubmit(,)' : `resubmit:${formatPort16(action.inPort)}`;
    case 'resubmit_table': {
      const port = action.inPort === Port16.IN_PORT ? '' : formatPort16(action.inPort);
      if (port !== '' && action.table === 255) return `resubmit:${port}`;
      return `resubmit(${port},${action.table === 255 ? '' : action.table}${action.ct ? ',ct' : ''})`;
    }
    case 'set_tunnel':
      return `set_tunnel:${alternateHex(action.tunId)}`;
    case 'set_tunnel64':
      return `set_tunnel64:${alternateHex(action.tunId)}`;
    case 'note':
      return `note:${dottedHex(action.note)}`;
    case 'multipath':
      return `multipath(${action.fields},${action.basis},${action.algorithm},${action.maxLink + 1},${action.arg},${formatSubfield(action.dst)})`;
    case 'bundle': {
      const load = action.dst === undefined ? '' : `${formatSubfield(action.dst)},`;
      const members = action.members.map(formatPort16).join(',');
      return `${load === '' ? 'bundle' : 'bundle_load'}(${action.fields},${action.basis},${action.algorithm},ofport,${load}members:${members})`;
    }
    case 'output_reg':
    case 'output_reg2':
      return `output:${formatSubfield(action.src)}`;
    case 'output_trunc':
      return `output(port=${formatPort16(action.port)},max_len=${action.maxLen})`;
    case 'learn':
      return formatLearn(action);
    case 'fin_timeout': {
      const parts = [];
      if (action.idleTimeout !== 0) parts.push(`idle_timeout=${action.idleTimeout}`);
      if (action.hardTimeout !== 0) parts.push(`hard_timeout=${action.hardTimeout}`);
      return `fin_timeout(${parts.join(',')})`;
    }
    case 'controller':
    case 'controller2':
      return formatController(action);
    case 'nx_write_metadata':
      return formatWriteMetadata(action.metadata, action.mask);
    case 'dec_ttl_cnt_ids':
      return `dec_ttl(${action.controllers.join(',')})`;
    case 'stack_push':
      return `push:${formatSubfield(action.subfield)}`;
    case 'stack_pop':
      return `pop:${formatSubfield(action.subfield)}`;
    case 'sample':
    case 'sample2':
    case 'sample3':
      return formatSample(action);
    case 'conjunction':
      return `conjunction(${action.id},${action.clause + 1}/${action.clauses})`;
    case 'ct':
      return formatCt(action);
    case 'nat':
      return formatNat(action);
    case 'clone':
      return `clone(${formatActions(action.actions)})`;
    case 'encap': {
      const properties = action.properties.map(formatEncapProperty).join(',');
      return `encap(${packetTypeWord(action.packetType)}${properties === '' ? '' : `(${properties})`})`;
    }
    case 'decap':
      if (action.packetType === USE_NEXT_PROTO) return 'decap()';
      return `decap(packet_type(ns=${action.packetType >>> 16},type=${alternateHex(action.packetType & 0xffff)}))`;
    case 'check_pkt_larger':
      return `check_pkt_larger(${action.pktLen})->${formatSubfield(action.dst)}`;
    case 'delete_field':
      return `delete_field:${action.field.shown}`;
    case 'raw':
      return `raw(0x${hexDigits(action.bytes)})`;
  }
}

const USE_NEXT_PROTO = 0xfffe;

export function formatWriteMetadata(metadata: bigint, mask: bigint): string {
  const suffix = mask === 0xffffffffffffffffn ? '' : `/${alternateHex(mask)}`;
  return `write_metadata:${alternateHex(metadata)}${suffix}`;
}

type AnyController = Extract<Action, { type: 'controller' | 'controller2' }>;

function formatController(action: AnyController): string {
  const reason = action.reason ?? 'action';
  const maxLen = action.maxLen ?? NO_MAX_LEN;
  const id = action.controllerId ?? 0;
  const extended = action.type === 'controller2' ? action : undefined;
  const parts: string[] = [];
  if (reason !== 'action') parts.push(`reason=${reason}`);
  if (maxLen !== NO_MAX_LEN) parts.push(`max_len=${maxLen}`);
  if (id !== 0) parts.push(`id=${id}`);
  const plain = reason === 'action' && id === 0;
  const userdata = extended?.userdata;
  if (userdata !== undefined && userdata.length > 0) parts.push(`userdata=${dottedHex(userdata)}`);
  if (extended?.pause === true) parts.push('pause');
  const meterId = extended?.meterId;
  if (meterId !== undefined && meterId !== 0xffffffff) parts.push(`meter_id=${meterId}`);
  const others = extended?.others;
  if (others !== undefined) parts.push(`raw(0x${hexDigits(others)})`);
  if (plain && parts.length === (maxLen === NO_MAX_LEN ? 0 : 1)) return `CONTROLLER:${maxLen}`;
  return `controller(${parts.join(',')})`;
}

function formatSample(action: SampleAction): string {
  let text = `sample(probability=${action.probability},collector_set_id=${action.collectorSetId},obs_domain_id=${action.obsDomainId},obs_point_id=${action.obsPointId}`;
  if (action.samplingPort !== undefined && action.samplingPort !== Port16.ANY) {
    text += `,sampling_port=${formatPort16(action.samplingPort)}`;
  }
  if (action.direction === 'ingress' || action.direction === 'egress') text += `,${action.direction}`;
  return `${text})`;
}

const ALGS: Readonly<Record<number, string>> = { 21: 'ftp', 69: 'tftp' };

function formatCt(ct: CtAction): string {
  const parts: string[] = [];
  if (ct.commit) parts.push('commit');
  if (ct.force) parts.push('force');
  if (ct.table !== CT_RECIRC_NONE) parts.push(`table=${ct.table}`);
  if (typeof ct.zone !== 'number') parts.push(`zone=${formatSubfield(ct.zone)}`);
  else if (ct.zone !== 0) parts.push(`zone=${ct.zone}`);
  const [first, ...rest] = ct.actions;
  const nat = first?.type === 'nat' ? first : undefined;
  if (nat !== undefined) parts.push(formatNat(nat));
  const others = nat === undefined ? ct.actions : rest;
  if (others.length > 0) parts.push(`exec(${formatActions(others)})`);
  if (ct.alg !== 0) parts.push(`alg=${ALGS[ct.alg] ?? ct.alg}`);
  return `ct(${parts.join(',')})`;
}

function addressRange(nat: NatAction): string | undefined {
  if (nat.ipv4Min !== undefined) {
    const same = nat.ipv4Max === undefined || nat.ipv4Max === nat.ipv4Min || nat.ipv4Max === '0.0.0.0';
    return same ? nat.ipv4Min : `${nat.ipv4Min}-${nat.ipv4Max}`;
  }
  if (nat.ipv6Min === undefined) return undefined;
  const bracket = (address: string) =>
    nat.portMin === undefined || nat.portMin === 0 ? address : `[${address}]`;
  const same = nat.ipv6Max === undefined || nat.ipv6Max === nat.ipv6Min || nat.ipv6Max === '::';
  return same ? bracket(nat.ipv6Min) : `${bracket(nat.ipv6Min)}-${bracket(nat.ipv6Max)}`;
}

function formatNat(nat: NatAction): string {
  if (nat.manip === 'none') return 'nat';
  let text: string = nat.manip;
  const range = addressRange(nat);
  if (range !== undefined) text += `=${range}`;
  if (nat.portMin !== undefined && nat.portMin !== 0) {
    text += `:${nat.portMin}`;
    if (nat.portMax !== undefined && nat.portMax !== 0 && nat.portMax !== nat.portMin)
      text += `-${nat.portMax}`;
  }
  if (nat.persistent) text += ',persistent';
  if (nat.hash) text += ',hash';
  if (nat.random) text += ',random';
  return `nat(${text})`;
}

const PACKET_TYPES: Readonly<Record<number, string>> = {
  0: 'ethernet',
  0x1894f: 'nsh',
  0x18847: 'mpls',
  0x18848: 'mpls_mc',
};

const packetTypeWord = (packetType: number) => PACKET_TYPES[packetType] ?? 'UNKNOWN';

function formatEncapProperty(property: EncapProperty): string {
  if (property.type === 'nsh_md_type') return `md_type=${property.mdType}`;
  return `tlv(${wideHex(property.tlvClass)},${property.tlvType},${alternateHex(bytesToBigint(property.value))})`;
}

function formatLearnSpec(spec: LearnSpec): string {
  if (spec.type === 'output') return `output:${formatSubfield(spec.src)}`;
  const { src, dst } = spec;
  const immediate = 'immediate' in src;
  if (spec.type === 'load')
    return `load:${immediate ? alternateHex(src.immediate) : formatSubfield(src)}->${formatSubfield(dst)}`;
  if (immediate) {
    if (dst.start === 0 && dst.bits === dst.field.bits && dst.field.kind !== 'bytes') {
      const value = dst.field.kind === 'bigint' ? src.immediate : Number(src.immediate);
      return `${dst.field.shown}=${formatFieldValue(dst.field, value)}`;
    }
    return `${formatSubfield(dst)}=${alternateHex(src.immediate)}`;
  }
  const same = nxmField(src.field) === nxmField(dst.field) && src.start === dst.start;
  return same ? formatSubfield(dst) : `${formatSubfield(dst)}=${formatSubfield(src)}`;
}

function formatLearn(learn: LearnAction): string {
  const parts = [`table=${learn.table}`];
  if (learn.idleTimeout !== 0) parts.push(`idle_timeout=${learn.idleTimeout}`);
  if (learn.hardTimeout !== 0) parts.push(`hard_timeout=${learn.hardTimeout}`);
  if (learn.finIdleTimeout !== 0) parts.push(`fin_idle_timeout=${learn.finIdleTimeout}`);
  if (learn.finHardTimeout !== 0) parts.push(`fin_hard_timeout=${learn.finHardTimeout}`);
  if (learn.priority !== DEFAULT_PRIORITY) parts.push(`priority=${learn.priority}`);
  if ((learn.flags & LearnFlag.SEND_FLOW_REM) !== 0) parts.push('send_flow_rem');
  if ((learn.flags & LearnFlag.DELETE_LEARNED) !== 0) parts.push('delete_learned');
  if (learn.cookie !== 0n) parts.push(`cookie=${alternateHex(learn.cookie)}`);
  if (learn.limit !== undefined && learn.limit.max !== 0) parts.push(`limit=${learn.limit.max}`);
  if (learn.limit?.result !== undefined) parts.push(`result_dst=${formatSubfield(learn.limit.result)}`);
  for (const spec of learn.specs) parts.push(formatLearnSpec(spec));
  return `learn(${parts.join(',')})`;
}
