/**
 * The actions of OpenFlow 1.5.1 (section 7.2.6) and of Nicira as Open vSwitch 3.1 knows them, one object shape
 * per wire format. Names are the wire formats' own: where OVS has several formats for one thing (`resubmit`,
 * `sample`), each has its own type, so that decoding and encoding are inverse.
 *
 * Ports are 32-bit numbers in standard actions and 16-bit numbers in Nicira's (see `Port` and `Port16`).
 */
import type { FieldValue, OxmField } from '../fields.ts';
import type {
  BundleAlgorithm,
  HashField,
  MultipathAlgorithm,
  PacketInReason,
  SampleDirection,
} from '../names.ts';
import type { Subfield } from '../subfield.ts';

export interface OutputAction {
  readonly type: 'output';
  readonly port: number;
  /** Bytes sent to the controller; meaningless for other ports. */
  readonly maxLen: number;
}

/** Actions without arguments. */
export interface PlainAction {
  readonly type:
    | 'copy_ttl_out'
    | 'copy_ttl_in'
    | 'dec_mpls_ttl'
    | 'pop_vlan'
    | 'dec_nw_ttl'
    | 'pop_pbb'
    | 'pop_queue'
    | 'exit'
    | 'ct_clear'
    | 'dec_nsh_ttl'
    | 'debug_slow'
    | 'debug_recirc';
}

export interface SetTtlAction {
  readonly type: 'set_mpls_ttl' | 'set_nw_ttl';
  readonly ttl: number;
}

export interface EthertypeAction {
  readonly type: 'push_vlan' | 'push_mpls' | 'pop_mpls' | 'push_pbb';
  readonly ethertype: number;
}

export interface SetQueueAction {
  readonly type: 'set_queue';
  readonly queueId: number;
}

export interface GroupAction {
  readonly type: 'group';
  readonly groupId: number;
}

export interface MeterAction {
  readonly type: 'meter';
  readonly meterId: number;
}

/** `set_field` (1.5: with mask), and Nicira's `reg_load2` of the same shape. */
export interface SetFieldAction {
  readonly type: 'set_field' | 'reg_load2';
  readonly field: OxmField;
  readonly value: FieldValue;
  readonly mask?: FieldValue | undefined;
}

/** `copy_field`, and Nicira's `reg_move`. Both ranges have the same number of bits. */
export interface CopyFieldAction {
  readonly type: 'copy_field' | 'reg_move';
  readonly src: Subfield;
  readonly dst: Subfield;
}

export interface RegLoadAction {
  readonly type: 'reg_load';
  readonly dst: Subfield;
  readonly value: bigint;
}

/** Looks the packet up in its table again, as if it came from `inPort`. */
export interface ResubmitAction {
  readonly type: 'resubmit';
  readonly inPort: number;
}

/** `ct` swaps in the connection's original tuple for the look-up. Table 255 is the current one. */
export interface ResubmitTableAction {
  readonly type: 'resubmit_table';
  readonly inPort: number;
  readonly table: number;
  readonly ct: boolean;
}

export interface SetTunnelAction {
  readonly type: 'set_tunnel';
  readonly tunId: number;
}

export interface SetTunnel64Action {
  readonly type: 'set_tunnel64';
  readonly tunId: bigint;
}

/** Bytes without effect; on the wire their number is 6 more than a multiple of 8. */
export interface NoteAction {
  readonly type: 'note';
  readonly note: Uint8Array;
}

export interface MultipathAction {
  readonly type: 'multipath';
  readonly fields: HashField;
  readonly basis: number;
  readonly algorithm: MultipathAlgorithm;
  /** One less than the number of links. */
  readonly maxLink: number;
  readonly arg: number;
  readonly dst: Subfield;
}

/** `dst` makes it `bundle_load`. */
export interface BundleAction {
  readonly type: 'bundle';
  readonly fields: HashField;
  readonly basis: number;
  readonly algorithm: BundleAlgorithm;
  readonly members: readonly number[];
  readonly dst?: Subfield | undefined;
}

/** Output to the port that a field holds. `output_reg2` can name experimenter fields. */
export interface OutputRegAction {
  readonly type: 'output_reg' | 'output_reg2';
  readonly src: Subfield;
  readonly maxLen: number;
}

export interface OutputTruncAction {
  readonly type: 'output_trunc';
  readonly port: number;
  readonly maxLen: number;
}

/** Where a learned flow's match, load or output takes its bits from: a field of the packet, or a constant. */
export type LearnSource = Subfield | { readonly immediate: bigint };

export type LearnSpec =
  | { readonly type: 'match' | 'load'; readonly src: LearnSource; readonly dst: Subfield }
  | { readonly type: 'output'; readonly src: Subfield };

export interface LearnAction {
  readonly type: 'learn';
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly cookie: bigint;
  /** Bits of LearnFlag. */
  readonly flags: number;
  readonly table: number;
  readonly finIdleTimeout: number;
  readonly finHardTimeout: number;
  readonly specs: readonly LearnSpec[];
  /** Members of the second format (`NXAST_LEARN2`), present together or not at all. */
  readonly limit?: { readonly max: number; readonly result?: Subfield | undefined } | undefined;
}

export const LearnFlag = { SEND_FLOW_REM: 1, DELETE_LEARNED: 2, WRITE_RESULT: 4 } as const;

export interface FinTimeoutAction {
  readonly type: 'fin_timeout';
  readonly idleTimeout: number;
  readonly hardTimeout: number;
}

export interface ControllerAction {
  readonly type: 'controller';
  readonly maxLen: number;
  readonly controllerId: number;
  readonly reason: PacketInReason;
}

/** The extensible form: absent members have OVS's defaults (everything, id 0, reason `action`). */
export interface Controller2Action {
  readonly type: 'controller2';
  readonly maxLen?: number | undefined;
  readonly controllerId?: number | undefined;
  readonly reason?: PacketInReason | undefined;
  readonly userdata?: Uint8Array | undefined;
  readonly pause?: boolean | undefined;
  readonly meterId?: number | undefined;
  /** Properties from the first on that is not one of these, in OVS's order. */
  readonly others?: Uint8Array | undefined;
}

export interface WriteMetadataAction {
  readonly type: 'nx_write_metadata';
  readonly metadata: bigint;
  readonly mask: bigint;
}

export interface DecTtlIdsAction {
  readonly type: 'dec_ttl_cnt_ids';
  readonly controllers: readonly number[];
}

export interface StackAction {
  readonly type: 'stack_push' | 'stack_pop';
  readonly subfield: Subfield;
}

/** `samplingPort` and `direction` belong to the later formats `sample2` and `sample3`. */
export interface SampleAction {
  readonly type: 'sample' | 'sample2' | 'sample3';
  readonly probability: number;
  readonly collectorSetId: number;
  readonly obsDomainId: number;
  readonly obsPointId: number;
  readonly samplingPort?: number | undefined;
  readonly direction?: SampleDirection | undefined;
}

/** On the wire the clause counts from 0; OVS prints it from 1. */
export interface ConjunctionAction {
  readonly type: 'conjunction';
  readonly id: number;
  readonly clause: number;
  readonly clauses: number;
}

export interface CtAction {
  readonly type: 'ct';
  readonly commit: boolean;
  readonly force: boolean;
  readonly zone: number | Subfield;
  /** Table to recirculate to; CT_RECIRC_NONE for none. */
  readonly table: number;
  /** Port of an application level gateway, e.g. 21 for FTP; 0 for none. */
  readonly alg: number;
  readonly actions: readonly Action[];
}

/** Only within `ct`. Addresses are text. */
export interface NatAction {
  readonly type: 'nat';
  readonly manip: 'none' | 'src' | 'dst';
  readonly persistent: boolean;
  readonly hash: boolean;
  readonly random: boolean;
  readonly ipv4Min?: string | undefined;
  readonly ipv4Max?: string | undefined;
  readonly ipv6Min?: string | undefined;
  readonly ipv6Max?: string | undefined;
  readonly portMin?: number | undefined;
  readonly portMax?: number | undefined;
}

export interface CloneAction {
  readonly type: 'clone';
  readonly actions: readonly Action[];
}

export type EncapProperty =
  | { readonly type: 'nsh_md_type'; readonly mdType: number }
  | {
      readonly type: 'nsh_tlv';
      readonly tlvClass: number;
      readonly tlvType: number;
      readonly value: Uint8Array;
    };

export interface EncapAction {
  readonly type: 'encap';
  /** Namespace in the upper, type in the lower 16 bits. */
  readonly packetType: number;
  readonly headerSize: number;
  readonly properties: readonly EncapProperty[];
}

export interface DecapAction {
  readonly type: 'decap';
  readonly packetType: number;
}

export interface CheckPktLargerAction {
  readonly type: 'check_pkt_larger';
  readonly pktLen: number;
  readonly dst: Subfield;
}

export interface DeleteFieldAction {
  readonly type: 'delete_field';
  readonly field: OxmField;
}

/** A whole action that is not known, or not canonical. */
export interface RawAction {
  readonly type: 'raw';
  readonly bytes: Uint8Array;
}

export type Action =
  | OutputAction
  | PlainAction
  | SetTtlAction
  | EthertypeAction
  | SetQueueAction
  | GroupAction
  | MeterAction
  | SetFieldAction
  | CopyFieldAction
  | RegLoadAction
  | ResubmitAction
  | ResubmitTableAction
  | SetTunnelAction
  | SetTunnel64Action
  | NoteAction
  | MultipathAction
  | BundleAction
  | OutputRegAction
  | OutputTruncAction
  | LearnAction
  | FinTimeoutAction
  | ControllerAction
  | Controller2Action
  | WriteMetadataAction
  | DecTtlIdsAction
  | StackAction
  | SampleAction
  | ConjunctionAction
  | CtAction
  | NatAction
  | CloneAction
  | EncapAction
  | DecapAction
  | CheckPktLargerAction
  | DeleteFieldAction
  | RawAction;
