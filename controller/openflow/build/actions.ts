/**
 * Actions from readable input: `actions.output(3)`, `actions.ct({ commit: true, zone: 7 })`. Each gives the plain
 * object that the codec takes, with OVS's defaults filled in and fields in the identity OVS uses there.
 */
import type {
  Action,
  BundleAction,
  CheckPktLargerAction,
  CloneAction,
  ConjunctionAction,
  Controller2Action,
  CopyFieldAction,
  CtAction,
  DeleteFieldAction,
  EthertypeAction,
  GroupAction,
  LearnAction,
  LearnSource,
  LearnSpec,
  MeterAction,
  MultipathAction,
  NatAction,
  NoteAction,
  OutputAction,
  OutputRegAction,
  OutputTruncAction,
  PlainAction,
  ResubmitTableAction,
  SetFieldAction,
  SetQueueAction,
  SetTtlAction,
  StackAction,
} from '../actions/types.ts';
import { CT_RECIRC_NONE, DEFAULT_PRIORITY, NO_MAX_LEN, Port, Port16 } from '../constants.ts';
import { OpenFlowBadValueError } from '../errors.ts';
import { fieldByName, nxmField, type FieldName } from '../fields.ts';
import { subfield, type Subfield } from '../subfield.ts';
import { fieldEntry, type FieldInput } from './match.ts';

/** A whole field by name, or a range of one. */
export type SubfieldInput = FieldName | Subfield;

const range = (input: SubfieldInput): Subfield => (typeof input === 'string' ? subfield(input) : input);

function range15(input: SubfieldInput): Subfield {
  const given = range(input);
  return { field: fieldByName(given.field.name), start: given.start, bits: given.bits };
}

const plain = (type: PlainAction['type']): PlainAction => ({ type });

export type CtInput = Partial<Omit<CtAction, 'type' | 'zone'>> & {
  readonly zone?: number | SubfieldInput | undefined;
};
export type NatInput = Partial<Omit<NatAction, 'type' | 'manip'>>;
export type LearnSpecInput =
  | {
      readonly type: 'match' | 'load';
      readonly src: SubfieldInput | { readonly immediate: bigint };
      readonly dst: SubfieldInput;
    }
  | { readonly type: 'output'; readonly src: SubfieldInput };
export type LearnInput = Partial<Omit<LearnAction, 'type' | 'specs' | 'table'>> & {
  readonly table: number;
  readonly specs: readonly LearnSpecInput[];
};

function learnSpec(spec: LearnSpecInput): LearnSpec {
  if (spec.type === 'output') return { type: 'output', src: range(spec.src) };
  const src: LearnSource =
    typeof spec.src === 'object' && 'immediate' in spec.src ? spec.src : range(spec.src);
  return { type: spec.type, src, dst: range(spec.dst) };
}

export const actions = {
  /** `maxLen` matters for Port.CONTROLLER only. */
  output: (port: number, maxLen: number = port === Port.CONTROLLER ? NO_MAX_LEN : 0): OutputAction => ({
    type: 'output',
    port,
    maxLen,
  }),
  outputReg: (src: SubfieldInput, maxLen: number = NO_MAX_LEN): OutputRegAction => {
    const from = range(src);
    return { type: from.field.experimenter === 0 ? 'output_reg' : 'output_reg2', src: from, maxLen };
  },
  outputTrunc: (port: number, maxLen: number): OutputTruncAction => ({ type: 'output_trunc', port, maxLen }),
  /** `setField('ip_dst', '10.0.0.1')`; with a mask, only those bits are set. */
  setField: <N extends FieldName>(name: N, input: FieldInput<N>): SetFieldAction => {
    const field = fieldByName(name);
    if (!field.writable) throw new OpenFlowBadValueError(field.name, -1, 'it is read-only');
    const entry = fieldEntry(field, input);
    if (entry === undefined)
      throw new OpenFlowBadValueError(field.name, -1, 'the mask selects no bit to set');
    return { type: 'set_field', field, value: entry.value, mask: entry.mask };
  },
  /** Copies bits; both ranges must be of one size. OVS prints it as `move`. */
  copyField: (src: SubfieldInput, dst: SubfieldInput): CopyFieldAction => ({
    type: 'copy_field',
    src: range15(src),
    dst: range15(dst),
  }),
  group: (groupId: number): GroupAction => ({ type: 'group', groupId }),
  meter: (meterId: number): MeterAction => ({ type: 'meter', meterId }),
  setQueue: (queueId: number): SetQueueAction => ({ type: 'set_queue', queueId }),
  popQueue: (): PlainAction => plain('pop_queue'),
  pushVlan: (ethertype = 0x8100): EthertypeAction => ({ type: 'push_vlan', ethertype }),
  popVlan: (): PlainAction => plain('pop_vlan'),
  pushMpls: (ethertype = 0x8847): EthertypeAction => ({ type: 'push_mpls', ethertype }),
  popMpls: (ethertype: number): EthertypeAction => ({ type: 'pop_mpls', ethertype }),
  setMplsTtl: (ttl: number): SetTtlAction => ({ type: 'set_mpls_ttl', ttl }),
  decMplsTtl: (): PlainAction => plain('dec_mpls_ttl'),
  setNwTtl: (ttl: number): SetTtlAction => ({ type: 'set_nw_ttl', ttl }),
  decTtl: (): PlainAction => plain('dec_nw_ttl'),
  copyTtlIn: (): PlainAction => plain('copy_ttl_in'),
  copyTtlOut: (): PlainAction => plain('copy_ttl_out'),
  /** Looks the packet up in a table, then goes on with the next action. */
  resubmit: (
    table: number,
    options: { readonly inPort?: number; readonly ct?: boolean } = {},
  ): ResubmitTableAction => ({
    type: 'resubmit_table',
    inPort: options.inPort ?? Port16.IN_PORT,
    table,
    ct: options.ct ?? false,
  }),
  ct: (options: CtInput = {}): CtAction => ({
    type: 'ct',
    commit: options.commit ?? false,
    force: options.force ?? false,
    zone:
      typeof options.zone === 'number' || options.zone === undefined
        ? (options.zone ?? 0)
        : range(options.zone),
    table: options.table ?? CT_RECIRC_NONE,
    alg: options.alg ?? 0,
    actions: options.actions ?? [],
  }),
  ctClear: (): PlainAction => plain('ct_clear'),
  /** Without a manipulation, the connection's own NAT is applied. */
  nat: (manip: NatAction['manip'] = 'none', options: NatInput = {}): NatAction => ({
    type: 'nat',
    manip,
    persistent: false,
    hash: false,
    random: false,
    ...options,
  }),
  learn: (input: LearnInput): LearnAction => ({
    type: 'learn',
    idleTimeout: input.idleTimeout ?? 0,
    hardTimeout: input.hardTimeout ?? 0,
    priority: input.priority ?? DEFAULT_PRIORITY,
    cookie: input.cookie ?? 0n,
    flags: input.flags ?? 0,
    table: input.table,
    finIdleTimeout: input.finIdleTimeout ?? 0,
    finHardTimeout: input.finHardTimeout ?? 0,
    specs: input.specs.map(learnSpec),
    ...(input.limit === undefined ? {} : { limit: input.limit }),
  }),
  /** `clause` counts from 1, as OVS prints it. */
  conjunction: (id: number, clause: number, clauses: number): ConjunctionAction => ({
    type: 'conjunction',
    id,
    clause: clause - 1,
    clauses,
  }),
  controller: (options: Omit<Controller2Action, 'type' | 'others'> = {}): Controller2Action => ({
    type: 'controller2',
    ...options,
  }),
  checkPktLarger: (pktLen: number, field: FieldName, bit: number): CheckPktLargerAction => ({
    type: 'check_pkt_larger',
    pktLen,
    dst: subfield(field, bit, 1),
  }),
  push: (field: SubfieldInput): StackAction => ({ type: 'stack_push', subfield: range(field) }),
  pop: (field: SubfieldInput): StackAction => ({ type: 'stack_pop', subfield: range(field) }),
  clone: (...list: readonly Action[]): CloneAction => ({ type: 'clone', actions: list }),
  deleteField: (name: FieldName): DeleteFieldAction => ({ type: 'delete_field', field: nxmField(name) }),
  multipath: (
    options: Omit<MultipathAction, 'type' | 'dst'> & { readonly dst: SubfieldInput },
  ): MultipathAction => ({
    ...options,
    type: 'multipath',
    dst: range(options.dst),
  }),
  bundle: (
    options: Omit<BundleAction, 'type' | 'dst'> & { readonly dst?: SubfieldInput | undefined },
  ): BundleAction => {
    const { dst, ...rest } = options;
    return { ...rest, type: 'bundle', ...(dst === undefined ? {} : { dst: range(dst) }) };
  },
  note: (note: Uint8Array): NoteAction => ({ type: 'note', note }),
  exit: (): PlainAction => plain('exit'),
} as const;
