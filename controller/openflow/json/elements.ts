/** Shapes of what messages are made of: matches, actions, instructions, statistics. */
import type { Action, EncapProperty, LearnAction, LearnSource, LearnSpec } from '../actions/types.ts';
import type { FieldValue, OxmField } from '../fields.ts';
import type { Duration, FlowStats } from '../flow-stats.ts';
import type { Instruction } from '../instructions.ts';
import type { MatchField } from '../match.ts';
import {
  BundleAlgorithms,
  HashFields,
  MultipathAlgorithms,
  PacketInReasons,
  SampleDirections,
} from '../names.ts';
import type { Subfield } from '../subfield.ts';
import {
  big,
  boolean,
  bytes,
  ipv4,
  ipv6,
  keyed,
  lazy,
  list,
  names,
  numberOr,
  object,
  oneOf,
  optional,
  tagged,
  u16,
  u32,
  u64,
  u8,
  type Shape,
} from './shape.ts';

export const field: Shape<OxmField> = { kind: 'field' };
const value: Shape<FieldValue> = { kind: 'value' };

export const match: Shape<readonly MatchField[]> = list(
  object<MatchField>({ field, value, mask: optional(value) }),
);

export const subfield: Shape<Subfield> = object<Subfield>({ field, start: u16, bits: u16 });

const learnSource: Shape<LearnSource> = keyed(
  'immediate',
  object<{ readonly immediate: bigint }>({ immediate: big(1023) }),
  subfield,
);

const learnSpec: Shape<LearnSpec> = tagged<LearnSpec>()('type', {
  match: object({ src: learnSource, dst: subfield }),
  load: object({ src: learnSource, dst: subfield }),
  output: object({ src: subfield }),
});

const encapProperty: Shape<EncapProperty> = tagged<EncapProperty>()('type', {
  nsh_md_type: object({ mdType: u8 }),
  nsh_tlv: object({ tlvClass: u16, tlvType: u8, value: bytes('any') }),
});

export const actions: Shape<readonly Action[]> = list(lazy(() => action));

const none = object<object>({});
const ethertype = object({ ethertype: u16 });
const ttl = object({ ttl: u8 });
const setField = object({ field, value, mask: optional(value) });
const copyField = object({ src: subfield, dst: subfield });
const outputReg = object({ src: subfield, maxLen: u16 });
const stack = object({ subfield });
const sample = object({
  probability: u16,
  collectorSetId: u32,
  obsDomainId: u32,
  obsPointId: u32,
  samplingPort: optional(u16),
  direction: optional(names(SampleDirections)),
});

export const action: Shape<Action> = tagged<Action>()('type', {
  output: object({ port: u32, maxLen: u16 }),
  copy_ttl_out: none,
  copy_ttl_in: none,
  dec_mpls_ttl: none,
  pop_vlan: none,
  dec_nw_ttl: none,
  pop_pbb: none,
  pop_queue: none,
  exit: none,
  ct_clear: none,
  dec_nsh_ttl: none,
  debug_slow: none,
  debug_recirc: none,
  set_mpls_ttl: ttl,
  set_nw_ttl: ttl,
  push_vlan: ethertype,
  push_mpls: ethertype,
  pop_mpls: ethertype,
  push_pbb: ethertype,
  set_queue: object({ queueId: u32 }),
  group: object({ groupId: u32 }),
  meter: object({ meterId: u32 }),
  set_field: setField,
  reg_load2: setField,
  copy_field: copyField,
  reg_move: copyField,
  reg_load: object({ dst: subfield, value: u64 }),
  resubmit: object({ inPort: u16 }),
  resubmit_table: object({ inPort: u16, table: u8, ct: boolean }),
  set_tunnel: object({ tunId: u32 }),
  set_tunnel64: object({ tunId: u64 }),
  note: object({ note: bytes('note') }),
  multipath: object({
    fields: names(HashFields),
    basis: u16,
    algorithm: names(MultipathAlgorithms),
    maxLink: u16,
    arg: u32,
    dst: subfield,
  }),
  bundle: object({
    fields: names(HashFields),
    basis: u16,
    algorithm: names(BundleAlgorithms),
    members: list(u16),
    dst: optional(subfield),
  }),
  output_reg: outputReg,
  output_reg2: outputReg,
  output_trunc: object({ port: u16, maxLen: u32 }),
  learn: object({
    idleTimeout: u16,
    hardTimeout: u16,
    priority: u16,
    cookie: u64,
    flags: u16,
    table: u8,
    finIdleTimeout: u16,
    finHardTimeout: u16,
    specs: list(learnSpec),
    limit: optional(object<NonNullable<LearnAction['limit']>>({ max: u32, result: optional(subfield) })),
  }),
  fin_timeout: object({ idleTimeout: u16, hardTimeout: u16 }),
  controller: object({ maxLen: u16, controllerId: u16, reason: names(PacketInReasons) }),
  controller2: object({
    maxLen: optional(u16),
    controllerId: optional(u16),
    reason: optional(names(PacketInReasons)),
    userdata: optional(bytes('any')),
    pause: optional(boolean),
    meterId: optional(u32),
    others: optional(bytes('properties')),
  }),
  nx_write_metadata: object({ metadata: u64, mask: u64 }),
  dec_ttl_cnt_ids: object({ controllers: list(u16) }),
  stack_push: stack,
  stack_pop: stack,
  sample,
  sample2: sample,
  sample3: sample,
  conjunction: object({ id: u32, clause: u8, clauses: u8 }),
  ct: object({
    commit: boolean,
    force: boolean,
    zone: numberOr(16, subfield),
    table: u8,
    alg: u16,
    actions,
  }),
  nat: object({
    manip: oneOf('none', 'src', 'dst'),
    persistent: boolean,
    hash: boolean,
    random: boolean,
    ipv4Min: optional(ipv4),
    ipv4Max: optional(ipv4),
    ipv6Min: optional(ipv6),
    ipv6Max: optional(ipv6),
    portMin: optional(u16),
    portMax: optional(u16),
  }),
  clone: object({ actions }),
  encap: object({ packetType: u32, headerSize: u16, properties: list(encapProperty) }),
  decap: object({ packetType: u32 }),
  check_pkt_larger: object({ pktLen: u16, dst: subfield }),
  delete_field: object({ field }),
  raw: object({ bytes: bytes('action') }),
});

const actionList = object({ actions });

export const instruction: Shape<Instruction> = tagged<Instruction>()('type', {
  goto_table: object({ table: u8 }),
  write_metadata: object({ metadata: u64, mask: u64 }),
  write_actions: actionList,
  apply_actions: actionList,
  clear_actions: none,
  meter: object({ meterId: u32 }),
  stat_trigger: object({ flags: u32, thresholds: bytes('stats') }),
  raw: object({ bytes: bytes('instruction') }),
});

export const instructions = list(instruction);

export const duration: Shape<Duration> = object<Duration>({ seconds: u32, nanoseconds: u32 });

export const flowStats: Shape<FlowStats> = object<FlowStats>({
  duration: optional(duration),
  idleTime: optional(duration),
  packetCount: optional(u64),
  byteCount: optional(u64),
  flowCount: optional(u32),
  others: optional(bytes('stats')),
});
