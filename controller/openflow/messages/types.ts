/**
 * The messages of OpenFlow 1.5 and Nicira's, as plain immutable objects. Members carry the names of the
 * specification in camel case; `xid` is there on everything decoded and optional on what is to be encoded.
 */
import type { Action } from '../actions/types.ts';
import type { ErrorName } from '../error-names.ts';
import type { FlowStats } from '../flow-stats.ts';
import type { Instruction } from '../instructions.ts';
import type { Match } from '../match.ts';
import type {
  AsyncType,
  BundleControl,
  FlowModCommand,
  FlowRemovedReason,
  GroupType,
  MeterModCommand,
  PacketInFormat,
  PacketInReason,
  PortReason,
  Role,
  RoleReason,
  TableReason,
  TlvTableCommand,
} from '../names.ts';

interface Common {
  readonly xid?: number | undefined;
}

export interface Hello extends Common {
  readonly type: 'hello';
  /** Version in the header; 1.5 if absent. */
  readonly version?: number | undefined;
  /** Versions of the version bitmap, ascending wire numbers (6 is 1.5); absent without a bitmap. */
  readonly versions?: readonly number[] | undefined;
  /** Elements that are not a version bitmap of one word. */
  readonly others?: Uint8Array | undefined;
}

export interface ErrorMessage extends Common {
  readonly type: 'error';
  /** Version in the header; 1.5 if absent. */
  readonly version?: number | undefined;
  /** OVS's name of type and code, or their numbers where there is none. */
  readonly error:
    ErrorName | { readonly type: number; readonly code: number; readonly experimenter?: number | undefined };
  /** At least the first 64 bytes of what was refused, header included; or text, for a failed hello. */
  readonly data: Uint8Array;
}

export interface Echo extends Common {
  readonly type: 'echo_request' | 'echo_reply';
  readonly data: Uint8Array;
}

/** Messages without a body. */
export interface Bare extends Common {
  readonly type:
    | 'features_request'
    | 'get_config_request'
    | 'barrier_request'
    | 'barrier_reply'
    | 'get_async_request'
    | 'nx_flow_age'
    | 'nx_tlv_table_request';
}

/** A message of an experimenter that is not known, or of a type of Nicira's that is not. */
export interface ExperimenterMessage extends Common {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly expType: number;
  readonly data: Uint8Array;
}

/** A message of a type that is not known, or not canonical: its body as bytes. */
export interface RawMessage extends Common {
  readonly type: 'raw';
  readonly messageType: number;
  readonly body: Uint8Array;
}

export interface FeaturesReply extends Common {
  readonly type: 'features_reply';
  readonly datapathId: bigint;
  readonly nBuffers: number;
  readonly nTables: number;
  readonly auxiliaryId: number;
  readonly capabilities: number;
  readonly reserved: number;
}

export interface SwitchConfig extends Common {
  readonly type: 'get_config_reply' | 'set_config';
  readonly flags: number;
  readonly missSendLen: number;
}

export interface PacketIn extends Common {
  readonly type: 'packet_in';
  readonly bufferId: number;
  readonly totalLen: number;
  readonly reason: PacketInReason;
  readonly table: number;
  readonly cookie: bigint;
  readonly match: Match;
  readonly data: Uint8Array;
}

/**
 * Nicira's extensible packet-in; `nx_resume` sends one with a continuation back. Absent members were not sent.
 */
export interface NxPacketIn extends Common {
  readonly type: 'nx_packet_in2' | 'nx_resume';
  readonly packet?: Uint8Array | undefined;
  /** Length of the whole packet, where `packet` is only its beginning. */
  readonly fullLen?: number | undefined;
  readonly bufferId?: number | undefined;
  readonly table?: number | undefined;
  readonly cookie?: bigint | undefined;
  readonly reason?: PacketInReason | undefined;
  /** Metadata fields of the packet, exactly as the switch reports them. */
  readonly metadata?: Match | undefined;
  /** What the switch wants back in `nx_resume`, unchanged. */
  readonly continuation?: Uint8Array | undefined;
  /** From the `controller2` action. */
  readonly userdata?: Uint8Array | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface PacketOut extends Common {
  readonly type: 'packet_out';
  readonly bufferId: number;
  /** Pipeline fields of the packet; `in_port` at least. */
  readonly match: Match;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

export interface FlowMod extends Common {
  readonly type: 'flow_mod';
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly table: number;
  readonly command: FlowModCommand;
  /** Seconds; 0 for never. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly bufferId: number;
  readonly outPort: number;
  readonly outGroup: number;
  /** Bits of FlowModFlag. */
  readonly flags: number;
  readonly importance: number;
  readonly match: Match;
  readonly instructions: readonly Instruction[];
}

export interface FlowRemoved extends Common {
  readonly type: 'flow_removed';
  readonly table: number;
  readonly reason: FlowRemovedReason;
  readonly priority: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly cookie: bigint;
  readonly match: Match;
  readonly stats: FlowStats;
}

export interface GroupBucket {
  readonly bucketId: number;
  readonly actions: readonly Action[];
  readonly weight?: number | undefined;
  readonly watchPort?: number | undefined;
  readonly watchGroup?: number | undefined;
  readonly others?: Uint8Array | undefined;
}

/** Netronome's selection method of select groups, as OVS has it. */
export interface SelectionMethod {
  /** `hash` or `dp_hash`. */
  readonly method: string;
  readonly param: bigint;
  /** Fields hashed; the values are masks. */
  readonly fields: Match;
}

export type GroupModCommand =
  'add' | 'modify' | 'delete' | 'insert_bucket' | 'remove_bucket' | 'add_or_modify';

export interface GroupMod extends Common {
  readonly type: 'group_mod';
  readonly command: GroupModCommand;
  readonly groupType: GroupType;
  readonly groupId: number;
  /** Where to insert, what to remove. */
  readonly commandBucketId: number;
  readonly buckets: readonly GroupBucket[];
  readonly selectionMethod?: SelectionMethod | undefined;
  readonly others?: Uint8Array | undefined;
}

export type MeterBand =
  | { readonly type: 'drop'; readonly rate: number; readonly burstSize: number }
  | {
      readonly type: 'dscp_remark';
      readonly rate: number;
      readonly burstSize: number;
      readonly precLevel: number;
    }
  | { readonly type: 'raw'; readonly bytes: Uint8Array };

export interface MeterMod extends Common {
  readonly type: 'meter_mod';
  readonly command: MeterModCommand;
  /** Bits of MeterFlag. */
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

export interface PortDesc {
  readonly portNo: number;
  /** MAC address as text. */
  readonly hwAddr: string;
  readonly name: string;
  /** Bits of PortConfig and PortState. */
  readonly config: number;
  readonly state: number;
  readonly ethernet?: EthernetFeatures | undefined;
  readonly others?: Uint8Array | undefined;
}

/** Bits of `enum ofp_port_features`; speeds in kb/s. */
export interface EthernetFeatures {
  readonly curr: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  readonly currSpeed: number;
  readonly maxSpeed: number;
}

export interface PortStatus extends Common {
  readonly type: 'port_status';
  readonly reason: PortReason;
  readonly port: PortDesc;
}

export interface PortMod extends Common {
  readonly type: 'port_mod';
  readonly portNo: number;
  readonly hwAddr: string;
  readonly config: number;
  readonly mask: number;
  /** Features to advertise, of the Ethernet property. */
  readonly advertise?: number | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface TableMod extends Common {
  readonly type: 'table_mod';
  readonly table: number;
  readonly config: number;
  readonly properties: Uint8Array;
}

export interface TableDesc {
  readonly table: number;
  readonly config: number;
  readonly properties: Uint8Array;
}

export interface TableStatus extends Common {
  readonly type: 'table_status';
  readonly reason: TableReason;
  readonly desc: TableDesc;
}

export interface RoleMessage extends Common {
  readonly type: 'role_request' | 'role_reply';
  readonly role: Role;
  readonly shortId: number;
  readonly generationId: bigint;
}

export interface RoleStatus extends Common {
  readonly type: 'role_status';
  readonly role: Role;
  readonly reason: RoleReason;
  readonly generationId: bigint;
  readonly properties: Uint8Array;
}

export interface AsyncConfig extends Common {
  readonly type: 'get_async_reply' | 'set_async';
  /** Bit n of a mask lets messages of reason n through. */
  readonly masks: readonly { readonly type: AsyncType; readonly mask: number }[];
  readonly others?: Uint8Array | undefined;
}

export interface BundleControlMessage extends Common {
  readonly type: 'bundle_control';
  readonly bundleId: number;
  readonly control: BundleControl;
  /** Bits of BundleFlag. */
  readonly flags: number;
  readonly properties: Uint8Array;
}

export interface NxSetControllerId extends Common {
  readonly type: 'nx_set_controller_id';
  readonly controllerId: number;
}

export interface NxSetPacketInFormat extends Common {
  readonly type: 'nx_set_packet_in_format';
  readonly format: PacketInFormat;
}

export interface NxFlowModTableId extends Common {
  readonly type: 'nx_flow_mod_table_id';
  readonly set: boolean;
}

export interface NxCtFlushZone extends Common {
  readonly type: 'nx_ct_flush_zone';
  readonly zone: number;
}

/** Addresses are text; an IPv4 address stands for its IPv6-mapped form on the wire. */
export interface CtTuple {
  readonly src?: string | undefined;
  readonly dst?: string | undefined;
  readonly srcPort?: number | undefined;
  readonly dstPort?: number | undefined;
  readonly icmpId?: number | undefined;
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  readonly others?: Uint8Array | undefined;
}

/** Forgets the connections that match all that is given. */
export interface NxCtFlush extends Common {
  readonly type: 'nx_ct_flush';
  /** 0 for any. */
  readonly ipProto: number;
  readonly orig?: CtTuple | undefined;
  readonly reply?: CtTuple | undefined;
  readonly zone?: number | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface TlvMap {
  readonly optionClass: number;
  readonly optionType: number;
  /** Bytes; a multiple of 4. */
  readonly optionLen: number;
  /** The n of tun_metadata<n>. */
  readonly index: number;
}

export interface NxTlvTableMod extends Common {
  readonly type: 'nx_tlv_table_mod';
  readonly command: TlvTableCommand;
  readonly maps: readonly TlvMap[];
}

export interface NxTlvTableReply extends Common {
  readonly type: 'nx_tlv_table_reply';
  readonly maxOptionSpace: number;
  readonly maxFields: number;
  readonly maps: readonly TlvMap[];
}
