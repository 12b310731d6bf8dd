/**
 * Multipart messages (OpenFlow 1.5.1, section 7.3.5), one type per request and reply. `more` says that further
 * messages of the same transaction follow. Entries that are well framed but not canonical are `{ raw }`.
 */
import type { FlowStats, Duration } from '../flow-stats.ts';
import type { Instruction } from '../instructions.ts';
import type { Match } from '../match.ts';
import type { FlowMonitorCommand, FlowStatsReason, GroupType } from '../names.ts';
import type { GroupBucket, MeterBand, PortDesc, SelectionMethod, TableDesc } from '../messages/types.ts';

interface Part {
  readonly xid?: number | undefined;
  /** Absent means false. */
  readonly more?: boolean | undefined;
}

export interface RawEntry {
  readonly raw: Uint8Array;
}

/** Requests without a body. */
export interface PlainRequest extends Part {
  readonly type:
    | 'desc_request'
    | 'table_stats_request'
    | 'group_features_request'
    | 'meter_features_request'
    | 'table_desc_request'
    | 'ipfix_bridge_request'
    | 'ipfix_flow_request';
}

export interface DescReply extends Part {
  readonly type: 'desc_reply';
  readonly manufacturer: string;
  readonly hardware: string;
  readonly software: string;
  readonly serialNumber: string;
  readonly datapath: string;
}

/** Which flows to report: `flow_desc_request` is what OVS answers with flows and their statistics. */
export interface FlowRequest extends Part {
  readonly type: 'flow_desc_request' | 'flow_stats_request' | 'aggregate_stats_request';
  readonly table: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly match: Match;
}

export interface FlowDesc {
  readonly table: number;
  readonly priority: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly flags: number;
  readonly importance: number;
  readonly cookie: bigint;
  readonly match: Match;
  readonly stats: FlowStats;
  readonly instructions: readonly Instruction[];
}

export interface FlowDescReply extends Part {
  readonly type: 'flow_desc_reply';
  readonly flows: readonly (FlowDesc | RawEntry)[];
}

export interface FlowStatsEntry {
  readonly table: number;
  readonly reason: FlowStatsReason;
  readonly priority: number;
  readonly match: Match;
  readonly stats: FlowStats;
}

export interface FlowStatsReply extends Part {
  readonly type: 'flow_stats_reply';
  readonly flows: readonly (FlowStatsEntry | RawEntry)[];
}

export interface AggregateStatsReply extends Part {
  readonly type: 'aggregate_stats_reply';
  readonly stats: FlowStats;
}

export interface TableStats {
  readonly table: number;
  readonly activeCount: number;
  readonly lookupCount: bigint;
  readonly matchedCount: bigint;
}

export interface TableStatsReply extends Part {
  readonly type: 'table_stats_reply';
  readonly tables: readonly (TableStats | RawEntry)[];
}

export interface PortRequest extends Part {
  readonly type: 'port_stats_request' | 'port_desc_request';
  /** Port.ANY for all. */
  readonly portNo: number;
}

export interface PortStats {
  readonly portNo: number;
  readonly duration: Duration;
  readonly rxPackets: bigint;
  readonly txPackets: bigint;
  readonly rxBytes: bigint;
  readonly txBytes: bigint;
  readonly rxDropped: bigint;
  readonly txDropped: bigint;
  readonly rxErrors: bigint;
  readonly txErrors: bigint;
  readonly ethernet?:
    | {
        readonly rxFrameErr: bigint;
        readonly rxOverErr: bigint;
        readonly rxCrcErr: bigint;
        readonly collisions: bigint;
      }
    | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface PortStatsReply extends Part {
  readonly type: 'port_stats_reply';
  readonly ports: readonly (PortStats | RawEntry)[];
}

export interface PortDescReply extends Part {
  readonly type: 'port_desc_reply';
  readonly ports: readonly (PortDesc | RawEntry)[];
}

export interface QueueRequest extends Part {
  readonly type: 'queue_stats_request' | 'queue_desc_request';
  readonly portNo: number;
  readonly queueId: number;
}

export interface QueueStats {
  readonly portNo: number;
  readonly queueId: number;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrors: bigint;
  readonly duration: Duration;
  readonly properties: Uint8Array;
}

export interface QueueStatsReply extends Part {
  readonly type: 'queue_stats_reply';
  readonly queues: readonly (QueueStats | RawEntry)[];
}

export interface QueueDesc {
  readonly portNo: number;
  readonly queueId: number;
  readonly properties: Uint8Array;
}

export interface QueueDescReply extends Part {
  readonly type: 'queue_desc_reply';
  readonly queues: readonly (QueueDesc | RawEntry)[];
}

export interface GroupRequest extends Part {
  readonly type: 'group_stats_request' | 'group_desc_request';
  /** Group.ALL for all. */
  readonly groupId: number;
}

export interface GroupStats {
  readonly groupId: number;
  readonly refCount: number;
  readonly packetCount: bigint;
  readonly byteCount: bigint;
  readonly duration: Duration;
  readonly buckets: readonly { readonly packetCount: bigint; readonly byteCount: bigint }[];
}

export interface GroupStatsReply extends Part {
  readonly type: 'group_stats_reply';
  readonly groups: readonly (GroupStats | RawEntry)[];
}

export interface GroupDesc {
  readonly groupType: GroupType;
  readonly groupId: number;
  readonly buckets: readonly GroupBucket[];
  readonly selectionMethod?: SelectionMethod | undefined;
  readonly others?: Uint8Array | undefined;
}

export interface GroupDescReply extends Part {
  readonly type: 'group_desc_reply';
  readonly groups: readonly (GroupDesc | RawEntry)[];
}

export interface GroupFeaturesReply extends Part {
  readonly type: 'group_features_reply';
  readonly types: number;
  readonly capabilities: number;
  /** One each for all, select, indirect, fast failover. */
  readonly maxGroups: readonly number[];
  readonly actions: readonly number[];
}

export interface MeterRequest extends Part {
  readonly type: 'meter_stats_request' | 'meter_desc_request';
  /** Meter.ALL for all. */
  readonly meterId: number;
}

export interface MeterStats {
  readonly meterId: number;
  readonly flowCount: number;
  readonly packetInCount: bigint;
  readonly byteInCount: bigint;
  readonly duration: Duration;
  readonly bands: readonly { readonly packetCount: bigint; readonly byteCount: bigint }[];
}

export interface MeterStatsReply extends Part {
  readonly type: 'meter_stats_reply';
  readonly meters: readonly (MeterStats | RawEntry)[];
}

export interface MeterDesc {
  readonly flags: number;
  readonly meterId: number;
  readonly bands: readonly MeterBand[];
}

export interface MeterDescReply extends Part {
  readonly type: 'meter_desc_reply';
  readonly meters: readonly (MeterDesc | RawEntry)[];
}

export interface MeterFeaturesReply extends Part {
  readonly type: 'meter_features_reply';
  readonly maxMeter: number;
  readonly bandTypes: number;
  readonly capabilities: number;
  readonly maxBands: number;
  readonly maxColor: number;
  /** Of 1.5 only; OVS does not send it. */
  readonly features?: number | undefined;
}

export interface TableDescReply extends Part {
  readonly type: 'table_desc_reply';
  readonly tables: readonly (TableDesc | RawEntry)[];
}

export interface TableFeatures {
  readonly table: number;
  /** `enum ofp_table_features_command`. */
  readonly command: number;
  readonly features: number;
  readonly name: string;
  readonly metadataMatch: bigint;
  readonly metadataWrite: bigint;
  readonly capabilities: number;
  readonly maxEntries: number;
  readonly properties: Uint8Array;
}

export interface TableFeaturesMessage extends Part {
  readonly type: 'table_features_request' | 'table_features_reply';
  readonly tables: readonly (TableFeatures | RawEntry)[];
}

export interface FlowMonitorRequest extends Part {
  readonly type: 'flow_monitor_request';
  readonly monitors: readonly FlowMonitor[];
}

export interface FlowMonitor {
  readonly monitorId: number;
  readonly outPort: number;
  readonly outGroup: number;
  /** Bits of FlowMonitorFlag. */
  readonly flags: number;
  readonly table: number;
  readonly command: FlowMonitorCommand;
  readonly match: Match;
}

export type FlowUpdate =
  | {
      readonly event: 'initial' | 'added' | 'removed' | 'modified';
      readonly table: number;
      /** `enum ofp_flow_removed_reason` for `removed`, else 0. */
      readonly reason: number;
      readonly idleTimeout: number;
      readonly hardTimeout: number;
      readonly priority: number;
      readonly cookie: bigint;
      readonly match: Match;
      readonly instructions: readonly Instruction[];
    }
  | { readonly event: 'abbrev'; readonly abbrevXid: number }
  | { readonly event: 'paused' | 'resumed' };

export interface FlowMonitorReply extends Part {
  readonly type: 'flow_monitor_reply';
  readonly updates: readonly (FlowUpdate | RawEntry)[];
}

/** A multipart message of a type that is not known. */
export interface MultipartOther extends Part {
  readonly type: 'multipart_request' | 'multipart_reply';
  readonly multipartType: number;
  readonly body: Uint8Array;
}

export type MultipartMessage =
  | PlainRequest
  | DescReply
  | FlowRequest
  | FlowDescReply
  | FlowStatsReply
  | AggregateStatsReply
  | TableStatsReply
  | PortRequest
  | PortStatsReply
  | PortDescReply
  | QueueRequest
  | QueueStatsReply
  | QueueDescReply
  | GroupRequest
  | GroupStatsReply
  | GroupDescReply
  | GroupFeaturesReply
  | MeterRequest
  | MeterStatsReply
  | MeterDescReply
  | MeterFeaturesReply
  | TableDescReply
  | TableFeaturesMessage
  | FlowMonitorRequest
  | FlowMonitorReply
  | MultipartOther;
