/** Closed sets of names for small numbers: index is the number on the wire, `undefined` a number not assigned. */
import { OpenFlowBadValueError } from './errors.ts';
import type { Writer } from './writer.ts';

export class NameSet<N extends string> {
  readonly names: readonly N[];
  private readonly byNumber: readonly (N | undefined)[];
  /** Of each name. Sets are small: comparing names is quicker than looking one up. */
  private readonly numbers: readonly number[];

  constructor(byNumber: readonly (N | undefined)[]) {
    this.byNumber = byNumber;
    this.names = byNumber.filter((name) => name !== undefined);
    this.numbers = byNumber.flatMap((name, number) => (name === undefined ? [] : [number]));
  }

  /** The name of a number, if it has one. */
  name(number: number): N | undefined {
    return this.byNumber[number];
  }

  /** The number of a name. Throws `OPENFLOW_BAD_VALUE` for a name not in the set. */
  number(name: N, w: Writer, what: string): number {
    const { names, numbers } = this;
    for (let i = 0; i < names.length; i++) if (names[i] === name) return numbers[i]!;
    throw new OpenFlowBadValueError(what, w.position, `${name} is not one of ${names.join(', ')}`);
  }
}

export type NameOf<S> = S extends NameSet<infer N> ? N : never;

export const FlowModCommands = new NameSet(['add', 'modify', 'modify_strict', 'delete', 'delete_strict']);
export const PacketInReasons = new NameSet([
  'no_match',
  'action',
  'invalid_ttl',
  'action_set',
  'group',
  'packet_out',
]);
export const FlowRemovedReasons = new NameSet([
  'idle_timeout',
  'hard_timeout',
  'delete',
  'group_delete',
  'meter_delete',
  'eviction',
]);
export const PortReasons = new NameSet(['add', 'delete', 'modify']);
export const GroupTypes = new NameSet(['all', 'select', 'indirect', 'fast_failover']);
export const MeterModCommands = new NameSet(['add', 'modify', 'delete']);
export const Roles = new NameSet(['nochange', 'equal', 'primary', 'secondary']);
export const RoleReasons = new NameSet(['primary_request', 'config', 'experimenter']);
export const TableReasons = new NameSet([undefined, undefined, undefined, 'vacancy_down', 'vacancy_up']);
export const BundleControls = new NameSet([
  'open_request',
  'open_reply',
  'close_request',
  'close_reply',
  'commit_request',
  'commit_reply',
  'discard_request',
  'discard_reply',
]);
export const FlowMonitorCommands = new NameSet(['add', 'modify', 'delete']);
export const FlowStatsReasons = new NameSet(['stats_request', 'stat_trigger']);
/** Properties of the asynchronous configuration (`enum ofp_async_config_prop_type`), section 7.3.10. */
export const AsyncTypes = new NameSet([
  'packet_in_secondary',
  'packet_in_primary',
  'port_status_secondary',
  'port_status_primary',
  'flow_removed_secondary',
  'flow_removed_primary',
  'role_status_secondary',
  'role_status_primary',
  'table_status_secondary',
  'table_status_primary',
  'requestforward_secondary',
  'requestforward_primary',
  'flow_stats_secondary',
  'flow_stats_primary',
  'cont_status_secondary',
  'cont_status_primary',
]);
/** `enum nx_hash_fields`. */
export const HashFields = new NameSet([
  'eth_src',
  'symmetric_l4',
  'symmetric_l3l4',
  'symmetric_l3l4+udp',
  'nw_src',
  'nw_dst',
  'symmetric_l3',
]);
export const MultipathAlgorithms = new NameSet(['modulo_n', 'hash_threshold', 'hrw', 'iter_hash']);
export const BundleAlgorithms = new NameSet(['active_backup', 'hrw']);
export const SampleDirections = new NameSet(['default', 'ingress', 'egress']);
export const PacketInFormats = new NameSet(['standard', 'nxt_packet_in', 'nxt_packet_in2']);
export const TlvTableCommands = new NameSet(['add', 'delete', 'clear']);

export type FlowModCommand = NameOf<typeof FlowModCommands>;
export type PacketInReason = NameOf<typeof PacketInReasons>;
export type FlowRemovedReason = NameOf<typeof FlowRemovedReasons>;
export type PortReason = NameOf<typeof PortReasons>;
export type GroupType = NameOf<typeof GroupTypes>;
export type MeterModCommand = NameOf<typeof MeterModCommands>;
export type Role = NameOf<typeof Roles>;
export type RoleReason = NameOf<typeof RoleReasons>;
export type TableReason = NameOf<typeof TableReasons>;
export type BundleControl = NameOf<typeof BundleControls>;
export type FlowMonitorCommand = NameOf<typeof FlowMonitorCommands>;
export type FlowStatsReason = NameOf<typeof FlowStatsReasons>;
export type AsyncType = NameOf<typeof AsyncTypes>;
export type HashField = NameOf<typeof HashFields>;
export type MultipathAlgorithm = NameOf<typeof MultipathAlgorithms>;
export type BundleAlgorithm = NameOf<typeof BundleAlgorithms>;
export type SampleDirection = NameOf<typeof SampleDirections>;
export type PacketInFormat = NameOf<typeof PacketInFormats>;
export type TlvTableCommand = NameOf<typeof TlvTableCommands>;
