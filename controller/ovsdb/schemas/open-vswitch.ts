/**
 * The OVSDB schema Open_vSwitch, version 8.3.1: generated, do not edit. See ovsdb/generate.ts.
 */
import { column, type DatabaseSchema, type Uuid } from '../schema.ts';

export interface OpenVSwitchRow {
  readonly _uuid: Uuid<'Open_vSwitch'>;
  readonly datapaths: ReadonlyMap<string, Uuid<'Datapath'>>;
  readonly bridges: ReadonlySet<Uuid<'Bridge'>>;
  readonly manager_options: ReadonlySet<Uuid<'Manager'>>;
  readonly ssl: Uuid<'SSL'> | null;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
  readonly next_cfg: number;
  readonly cur_cfg: number;
  /** Ephemeral. */
  readonly statistics: ReadonlyMap<string, string>;
  readonly ovs_version: string | null;
  readonly db_version: string | null;
  readonly system_type: string | null;
  readonly system_version: string | null;
  readonly datapath_types: ReadonlySet<string>;
  readonly iface_types: ReadonlySet<string>;
  readonly dpdk_initialized: boolean;
  readonly dpdk_version: string | null;
}

export interface BridgeRow {
  readonly _uuid: Uuid<'Bridge'>;
  readonly name: string;
  readonly datapath_type: string;
  readonly datapath_version: string;
  /** Ephemeral. */
  readonly datapath_id: string | null;
  readonly stp_enable: boolean;
  readonly rstp_enable: boolean;
  readonly mcast_snooping_enable: boolean;
  readonly ports: ReadonlySet<Uuid<'Port'>>;
  readonly mirrors: ReadonlySet<Uuid<'Mirror'>>;
  readonly netflow: Uuid<'NetFlow'> | null;
  readonly sflow: Uuid<'sFlow'> | null;
  readonly ipfix: Uuid<'IPFIX'> | null;
  readonly controller: ReadonlySet<Uuid<'Controller'>>;
  readonly protocols: ReadonlySet<
    'OpenFlow10' | 'OpenFlow11' | 'OpenFlow12' | 'OpenFlow13' | 'OpenFlow14' | 'OpenFlow15'
  >;
  readonly fail_mode: 'standalone' | 'secure' | null;
  /** Ephemeral. */
  readonly status: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly rstp_status: ReadonlyMap<string, string>;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
  /** 0 to 4095. At most 4096. */
  readonly flood_vlans: ReadonlySet<number>;
  /** 0 to 254. */
  readonly flow_tables: ReadonlyMap<number, Uuid<'Flow_Table'>>;
  readonly auto_attach: Uuid<'AutoAttach'> | null;
}

export interface PortRow {
  readonly _uuid: Uuid<'Port'>;
  readonly name: string;
  readonly interfaces: ReadonlySet<Uuid<'Interface'>>;
  /** 0 to 4095. At most 4096. */
  readonly trunks: ReadonlySet<number>;
  /** 0 to 4095. At most 4096. */
  readonly cvlans: ReadonlySet<number>;
  /** 0 to 4095. */
  readonly tag: number | null;
  readonly vlan_mode: 'trunk' | 'access' | 'native-tagged' | 'native-untagged' | 'dot1q-tunnel' | null;
  readonly qos: Uuid<'QoS'> | null;
  readonly mac: string | null;
  readonly bond_mode: 'balance-tcp' | 'balance-slb' | 'active-backup' | null;
  readonly lacp: 'active' | 'passive' | 'off' | null;
  readonly bond_updelay: number;
  readonly bond_downdelay: number;
  readonly bond_active_slave: string | null;
  readonly bond_fake_iface: boolean;
  readonly fake_bridge: boolean;
  /** Ephemeral. */
  readonly status: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly rstp_status: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly rstp_statistics: ReadonlyMap<string, number>;
  /** Ephemeral. */
  readonly statistics: ReadonlyMap<string, number>;
  readonly protected: boolean;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface InterfaceRow {
  readonly _uuid: Uuid<'Interface'>;
  readonly name: string;
  readonly type: string;
  readonly options: ReadonlyMap<string, string>;
  /** 0 or more. */
  readonly ingress_policing_rate: number;
  /** 0 or more. */
  readonly ingress_policing_burst: number;
  /** 0 or more. */
  readonly ingress_policing_kpkts_rate: number;
  /** 0 or more. */
  readonly ingress_policing_kpkts_burst: number;
  /** Ephemeral. */
  readonly mac_in_use: string | null;
  readonly mac: string | null;
  /** 0 to 4294967295. Ephemeral. */
  readonly ifindex: number | null;
  readonly external_ids: ReadonlyMap<string, string>;
  readonly ofport: number | null;
  /** 1 to 65279. */
  readonly ofport_request: number | null;
  readonly bfd: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly bfd_status: ReadonlyMap<string, string>;
  readonly cfm_mpid: number | null;
  /** Ephemeral. */
  readonly cfm_remote_mpids: ReadonlySet<number>;
  readonly cfm_flap_count: number | null;
  /** Ephemeral. */
  readonly cfm_fault: boolean | null;
  /** Ephemeral. */
  readonly cfm_fault_status: ReadonlySet<string>;
  /** Ephemeral. */
  readonly cfm_remote_opstate: 'up' | 'down' | null;
  /** 0 to 100. Ephemeral. */
  readonly cfm_health: number | null;
  /** Ephemeral. */
  readonly lacp_current: boolean | null;
  readonly lldp: ReadonlyMap<string, string>;
  readonly other_config: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly statistics: ReadonlyMap<string, number>;
  /** Ephemeral. */
  readonly status: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly admin_state: 'up' | 'down' | null;
  /** Ephemeral. */
  readonly link_state: 'up' | 'down' | null;
  /** Ephemeral. */
  readonly link_resets: number | null;
  /** Ephemeral. */
  readonly link_speed: number | null;
  /** Ephemeral. */
  readonly duplex: 'half' | 'full' | null;
  /** Ephemeral. */
  readonly mtu: number | null;
  /** 1 or more. */
  readonly mtu_request: number | null;
  readonly error: string | null;
}

export interface FlowTableRow {
  readonly _uuid: Uuid<'Flow_Table'>;
  readonly name: string | null;
  /** 0 or more. */
  readonly flow_limit: number | null;
  readonly overflow_policy: 'refuse' | 'evict' | null;
  readonly groups: ReadonlySet<string>;
  /** At most 3. */
  readonly prefixes: ReadonlySet<string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface QoSRow {
  readonly _uuid: Uuid<'QoS'>;
  readonly type: string;
  /** 0 to 4294967295. */
  readonly queues: ReadonlyMap<number, Uuid<'Queue'>>;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface QueueRow {
  readonly _uuid: Uuid<'Queue'>;
  /** 0 to 63. */
  readonly dscp: number | null;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface MirrorRow {
  readonly _uuid: Uuid<'Mirror'>;
  readonly name: string;
  readonly select_all: boolean;
  readonly select_src_port: ReadonlySet<Uuid<'Port'>>;
  readonly select_dst_port: ReadonlySet<Uuid<'Port'>>;
  /** 0 to 4095. At most 4096. */
  readonly select_vlan: ReadonlySet<number>;
  readonly output_port: Uuid<'Port'> | null;
  /** 1 to 4095. */
  readonly output_vlan: number | null;
  /** 14 to 65535. */
  readonly snaplen: number | null;
  /** Ephemeral. */
  readonly statistics: ReadonlyMap<string, number>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface NetFlowRow {
  readonly _uuid: Uuid<'NetFlow'>;
  readonly targets: ReadonlySet<string>;
  /** 0 to 255. */
  readonly engine_type: number | null;
  /** 0 to 255. */
  readonly engine_id: number | null;
  readonly add_id_to_interface: boolean;
  /** -1 or more. */
  readonly active_timeout: number;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface SFlowRow {
  readonly _uuid: Uuid<'sFlow'>;
  readonly targets: ReadonlySet<string>;
  readonly sampling: number | null;
  readonly polling: number | null;
  readonly header: number | null;
  readonly agent: string | null;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface IPFIXRow {
  readonly _uuid: Uuid<'IPFIX'>;
  readonly targets: ReadonlySet<string>;
  /** 1 to 4294967295. */
  readonly sampling: number | null;
  /** 0 to 4294967295. */
  readonly obs_domain_id: number | null;
  /** 0 to 4294967295. */
  readonly obs_point_id: number | null;
  /** 0 to 4200. */
  readonly cache_active_timeout: number | null;
  /** 0 to 4294967295. */
  readonly cache_max_flows: number | null;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface FlowSampleCollectorSetRow {
  readonly _uuid: Uuid<'Flow_Sample_Collector_Set'>;
  /** 0 to 4294967295. */
  readonly id: number;
  readonly bridge: Uuid<'Bridge'>;
  readonly ipfix: Uuid<'IPFIX'> | null;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface ControllerRow {
  readonly _uuid: Uuid<'Controller'>;
  readonly type: 'primary' | 'service' | null;
  readonly target: string;
  /** 1000 or more. */
  readonly max_backoff: number | null;
  readonly inactivity_probe: number | null;
  readonly connection_mode: 'in-band' | 'out-of-band' | null;
  readonly local_ip: string | null;
  readonly local_netmask: string | null;
  readonly local_gateway: string | null;
  readonly enable_async_messages: boolean | null;
  /** 1 to 512. */
  readonly controller_queue_size: number | null;
  /** 100 or more. */
  readonly controller_rate_limit: number | null;
  /** 25 or more. */
  readonly controller_burst_limit: number | null;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly is_connected: boolean;
  /** Ephemeral. */
  readonly role: 'other' | 'master' | 'slave' | null;
  /** Ephemeral. */
  readonly status: ReadonlyMap<string, string>;
}

export interface ManagerRow {
  readonly _uuid: Uuid<'Manager'>;
  readonly target: string;
  /** 1000 or more. */
  readonly max_backoff: number | null;
  readonly inactivity_probe: number | null;
  readonly connection_mode: 'in-band' | 'out-of-band' | null;
  readonly other_config: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
  /** Ephemeral. */
  readonly is_connected: boolean;
  /** Ephemeral. */
  readonly status: ReadonlyMap<string, string>;
}

export interface DatapathRow {
  readonly _uuid: Uuid<'Datapath'>;
  readonly datapath_version: string;
  /** 0 to 65535. */
  readonly ct_zones: ReadonlyMap<number, Uuid<'CT_Zone'>>;
  readonly capabilities: ReadonlyMap<string, string>;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface CTZoneRow {
  readonly _uuid: Uuid<'CT_Zone'>;
  readonly timeout_policy: Uuid<'CT_Timeout_Policy'> | null;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface CTTimeoutPolicyRow {
  readonly _uuid: Uuid<'CT_Timeout_Policy'>;
  /** 0 to 4294967295. */
  readonly timeouts: ReadonlyMap<
    | 'tcp_syn_sent'
    | 'tcp_syn_recv'
    | 'tcp_established'
    | 'tcp_fin_wait'
    | 'tcp_close_wait'
    | 'tcp_last_ack'
    | 'tcp_time_wait'
    | 'tcp_close'
    | 'tcp_syn_sent2'
    | 'tcp_retransmit'
    | 'tcp_unack'
    | 'udp_first'
    | 'udp_single'
    | 'udp_multiple'
    | 'icmp_first'
    | 'icmp_reply',
    number
  >;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface SSLRow {
  readonly _uuid: Uuid<'SSL'>;
  readonly private_key: string;
  readonly certificate: string;
  readonly ca_cert: string;
  readonly bootstrap_ca_cert: boolean;
  readonly external_ids: ReadonlyMap<string, string>;
}

export interface AutoAttachRow {
  readonly _uuid: Uuid<'AutoAttach'>;
  readonly system_name: string;
  readonly system_description: string;
  /** 0 to 16777215. 0 to 4095. */
  readonly mappings: ReadonlyMap<number, number>;
}

/** What the compiler knows of Open_vSwitch: the rows of each table, and columns that never change. */
export type OpenVSwitchTables = {
  Open_vSwitch: { readonly row: OpenVSwitchRow; readonly immutable: never };
  Bridge: { readonly row: BridgeRow; readonly immutable: 'name' };
  Port: { readonly row: PortRow; readonly immutable: 'name' };
  Interface: { readonly row: InterfaceRow; readonly immutable: 'name' };
  Flow_Table: { readonly row: FlowTableRow; readonly immutable: never };
  QoS: { readonly row: QoSRow; readonly immutable: never };
  Queue: { readonly row: QueueRow; readonly immutable: never };
  Mirror: { readonly row: MirrorRow; readonly immutable: never };
  NetFlow: { readonly row: NetFlowRow; readonly immutable: never };
  sFlow: { readonly row: SFlowRow; readonly immutable: never };
  IPFIX: { readonly row: IPFIXRow; readonly immutable: never };
  Flow_Sample_Collector_Set: { readonly row: FlowSampleCollectorSetRow; readonly immutable: never };
  Controller: { readonly row: ControllerRow; readonly immutable: never };
  Manager: { readonly row: ManagerRow; readonly immutable: never };
  Datapath: { readonly row: DatapathRow; readonly immutable: never };
  CT_Zone: { readonly row: CTZoneRow; readonly immutable: never };
  CT_Timeout_Policy: { readonly row: CTTimeoutPolicyRow; readonly immutable: never };
  SSL: { readonly row: SSLRow; readonly immutable: never };
  AutoAttach: { readonly row: AutoAttachRow; readonly immutable: never };
};

export const openVSwitch: DatabaseSchema<OpenVSwitchTables> = {
  name: 'Open_vSwitch',
  version: '8.3.1',
  tables: {
    Open_vSwitch: {
      columns: {
        datapaths: column(
          { type: 'string' },
          { value: { type: 'uuid', refTable: 'Datapath', refType: 'strong' }, min: 0, max: 'unlimited' },
        ),
        bridges: column(
          { type: 'uuid', refTable: 'Bridge', refType: 'strong' },
          { min: 0, max: 'unlimited' },
        ),
        manager_options: column(
          { type: 'uuid', refTable: 'Manager', refType: 'strong' },
          { min: 0, max: 'unlimited' },
        ),
        ssl: column({ type: 'uuid', refTable: 'SSL', refType: 'strong' }, { min: 0 }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        next_cfg: column({ type: 'integer' }),
        cur_cfg: column({ type: 'integer' }),
        statistics: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        ovs_version: column({ type: 'string' }, { min: 0 }),
        db_version: column({ type: 'string' }, { min: 0 }),
        system_type: column({ type: 'string' }, { min: 0 }),
        system_version: column({ type: 'string' }, { min: 0 }),
        datapath_types: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
        iface_types: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
        dpdk_initialized: column({ type: 'boolean' }),
        dpdk_version: column({ type: 'string' }, { min: 0 }),
      },
      isRoot: true,
      indexes: [],
      maxRows: 1,
    },
    Bridge: {
      columns: {
        name: column({ type: 'string' }, { mutable: false }),
        datapath_type: column({ type: 'string' }),
        datapath_version: column({ type: 'string' }),
        datapath_id: column({ type: 'string' }, { min: 0, ephemeral: true }),
        stp_enable: column({ type: 'boolean' }),
        rstp_enable: column({ type: 'boolean' }),
        mcast_snooping_enable: column({ type: 'boolean' }),
        ports: column({ type: 'uuid', refTable: 'Port', refType: 'strong' }, { min: 0, max: 'unlimited' }),
        mirrors: column(
          { type: 'uuid', refTable: 'Mirror', refType: 'strong' },
          { min: 0, max: 'unlimited' },
        ),
        netflow: column({ type: 'uuid', refTable: 'NetFlow', refType: 'strong' }, { min: 0 }),
        sflow: column({ type: 'uuid', refTable: 'sFlow', refType: 'strong' }, { min: 0 }),
        ipfix: column({ type: 'uuid', refTable: 'IPFIX', refType: 'strong' }, { min: 0 }),
        controller: column(
          { type: 'uuid', refTable: 'Controller', refType: 'strong' },
          { min: 0, max: 'unlimited' },
        ),
        protocols: column(
          {
            type: 'string',
            enum: ['OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'],
          },
          { min: 0, max: 'unlimited' },
        ),
        fail_mode: column({ type: 'string', enum: ['standalone', 'secure'] }, { min: 0 }),
        status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        rstp_status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        flood_vlans: column({ type: 'integer', minInteger: 0, maxInteger: 4095 }, { min: 0, max: 4096 }),
        flow_tables: column(
          { type: 'integer', minInteger: 0, maxInteger: 254 },
          { value: { type: 'uuid', refTable: 'Flow_Table', refType: 'strong' }, min: 0, max: 'unlimited' },
        ),
        auto_attach: column({ type: 'uuid', refTable: 'AutoAttach', refType: 'strong' }, { min: 0 }),
      },
      isRoot: false,
      indexes: [['name']],
    },
    Port: {
      columns: {
        name: column({ type: 'string' }, { mutable: false }),
        interfaces: column({ type: 'uuid', refTable: 'Interface', refType: 'strong' }, { max: 'unlimited' }),
        trunks: column({ type: 'integer', minInteger: 0, maxInteger: 4095 }, { min: 0, max: 4096 }),
        cvlans: column({ type: 'integer', minInteger: 0, maxInteger: 4095 }, { min: 0, max: 4096 }),
        tag: column({ type: 'integer', minInteger: 0, maxInteger: 4095 }, { min: 0 }),
        vlan_mode: column(
          { type: 'string', enum: ['trunk', 'access', 'native-tagged', 'native-untagged', 'dot1q-tunnel'] },
          { min: 0 },
        ),
        qos: column({ type: 'uuid', refTable: 'QoS', refType: 'strong' }, { min: 0 }),
        mac: column({ type: 'string' }, { min: 0 }),
        bond_mode: column(
          { type: 'string', enum: ['balance-tcp', 'balance-slb', 'active-backup'] },
          { min: 0 },
        ),
        lacp: column({ type: 'string', enum: ['active', 'passive', 'off'] }, { min: 0 }),
        bond_updelay: column({ type: 'integer' }),
        bond_downdelay: column({ type: 'integer' }),
        bond_active_slave: column({ type: 'string' }, { min: 0 }),
        bond_fake_iface: column({ type: 'boolean' }),
        fake_bridge: column({ type: 'boolean' }),
        status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        rstp_status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        rstp_statistics: column(
          { type: 'string' },
          { value: { type: 'integer' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        statistics: column(
          { type: 'string' },
          { value: { type: 'integer' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        protected: column({ type: 'boolean' }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [['name']],
    },
    Interface: {
      columns: {
        name: column({ type: 'string' }, { mutable: false }),
        type: column({ type: 'string' }),
        options: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        ingress_policing_rate: column({ type: 'integer', minInteger: 0 }),
        ingress_policing_burst: column({ type: 'integer', minInteger: 0 }),
        ingress_policing_kpkts_rate: column({ type: 'integer', minInteger: 0 }),
        ingress_policing_kpkts_burst: column({ type: 'integer', minInteger: 0 }),
        mac_in_use: column({ type: 'string' }, { min: 0, ephemeral: true }),
        mac: column({ type: 'string' }, { min: 0 }),
        ifindex: column(
          { type: 'integer', minInteger: 0, maxInteger: 4294967295 },
          { min: 0, ephemeral: true },
        ),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        ofport: column({ type: 'integer' }, { min: 0 }),
        ofport_request: column({ type: 'integer', minInteger: 1, maxInteger: 65279 }, { min: 0 }),
        bfd: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        bfd_status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        cfm_mpid: column({ type: 'integer' }, { min: 0 }),
        cfm_remote_mpids: column({ type: 'integer' }, { min: 0, max: 'unlimited', ephemeral: true }),
        cfm_flap_count: column({ type: 'integer' }, { min: 0 }),
        cfm_fault: column({ type: 'boolean' }, { min: 0, ephemeral: true }),
        cfm_fault_status: column({ type: 'string' }, { min: 0, max: 'unlimited', ephemeral: true }),
        cfm_remote_opstate: column({ type: 'string', enum: ['up', 'down'] }, { min: 0, ephemeral: true }),
        cfm_health: column({ type: 'integer', minInteger: 0, maxInteger: 100 }, { min: 0, ephemeral: true }),
        lacp_current: column({ type: 'boolean' }, { min: 0, ephemeral: true }),
        lldp: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        statistics: column(
          { type: 'string' },
          { value: { type: 'integer' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        admin_state: column({ type: 'string', enum: ['up', 'down'] }, { min: 0, ephemeral: true }),
        link_state: column({ type: 'string', enum: ['up', 'down'] }, { min: 0, ephemeral: true }),
        link_resets: column({ type: 'integer' }, { min: 0, ephemeral: true }),
        link_speed: column({ type: 'integer' }, { min: 0, ephemeral: true }),
        duplex: column({ type: 'string', enum: ['half', 'full'] }, { min: 0, ephemeral: true }),
        mtu: column({ type: 'integer' }, { min: 0, ephemeral: true }),
        mtu_request: column({ type: 'integer', minInteger: 1 }, { min: 0 }),
        error: column({ type: 'string' }, { min: 0 }),
      },
      isRoot: false,
      indexes: [['name']],
    },
    Flow_Table: {
      columns: {
        name: column({ type: 'string' }, { min: 0 }),
        flow_limit: column({ type: 'integer', minInteger: 0 }, { min: 0 }),
        overflow_policy: column({ type: 'string', enum: ['refuse', 'evict'] }, { min: 0 }),
        groups: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
        prefixes: column({ type: 'string' }, { min: 0, max: 3 }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    QoS: {
      columns: {
        type: column({ type: 'string' }),
        queues: column(
          { type: 'integer', minInteger: 0, maxInteger: 4294967295 },
          { value: { type: 'uuid', refTable: 'Queue', refType: 'strong' }, min: 0, max: 'unlimited' },
        ),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [],
    },
    Queue: {
      columns: {
        dscp: column({ type: 'integer', minInteger: 0, maxInteger: 63 }, { min: 0 }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [],
    },
    Mirror: {
      columns: {
        name: column({ type: 'string' }),
        select_all: column({ type: 'boolean' }),
        select_src_port: column(
          { type: 'uuid', refTable: 'Port', refType: 'weak' },
          { min: 0, max: 'unlimited' },
        ),
        select_dst_port: column(
          { type: 'uuid', refTable: 'Port', refType: 'weak' },
          { min: 0, max: 'unlimited' },
        ),
        select_vlan: column({ type: 'integer', minInteger: 0, maxInteger: 4095 }, { min: 0, max: 4096 }),
        output_port: column({ type: 'uuid', refTable: 'Port', refType: 'weak' }, { min: 0 }),
        output_vlan: column({ type: 'integer', minInteger: 1, maxInteger: 4095 }, { min: 0 }),
        snaplen: column({ type: 'integer', minInteger: 14, maxInteger: 65535 }, { min: 0 }),
        statistics: column(
          { type: 'string' },
          { value: { type: 'integer' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    NetFlow: {
      columns: {
        targets: column({ type: 'string' }, { max: 'unlimited' }),
        engine_type: column({ type: 'integer', minInteger: 0, maxInteger: 255 }, { min: 0 }),
        engine_id: column({ type: 'integer', minInteger: 0, maxInteger: 255 }, { min: 0 }),
        add_id_to_interface: column({ type: 'boolean' }),
        active_timeout: column({ type: 'integer', minInteger: -1 }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    sFlow: {
      columns: {
        targets: column({ type: 'string' }, { max: 'unlimited' }),
        sampling: column({ type: 'integer' }, { min: 0 }),
        polling: column({ type: 'integer' }, { min: 0 }),
        header: column({ type: 'integer' }, { min: 0 }),
        agent: column({ type: 'string' }, { min: 0 }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    IPFIX: {
      columns: {
        targets: column({ type: 'string' }, { min: 0, max: 'unlimited' }),
        sampling: column({ type: 'integer', minInteger: 1, maxInteger: 4294967295 }, { min: 0 }),
        obs_domain_id: column({ type: 'integer', minInteger: 0, maxInteger: 4294967295 }, { min: 0 }),
        obs_point_id: column({ type: 'integer', minInteger: 0, maxInteger: 4294967295 }, { min: 0 }),
        cache_active_timeout: column({ type: 'integer', minInteger: 0, maxInteger: 4200 }, { min: 0 }),
        cache_max_flows: column({ type: 'integer', minInteger: 0, maxInteger: 4294967295 }, { min: 0 }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    Flow_Sample_Collector_Set: {
      columns: {
        id: column({ type: 'integer', minInteger: 0, maxInteger: 4294967295 }),
        bridge: column({ type: 'uuid', refTable: 'Bridge', refType: 'strong' }),
        ipfix: column({ type: 'uuid', refTable: 'IPFIX', refType: 'strong' }, { min: 0 }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: true,
      indexes: [['id', 'bridge']],
    },
    Controller: {
      columns: {
        type: column({ type: 'string', enum: ['primary', 'service'] }, { min: 0 }),
        target: column({ type: 'string' }),
        max_backoff: column({ type: 'integer', minInteger: 1000 }, { min: 0 }),
        inactivity_probe: column({ type: 'integer' }, { min: 0 }),
        connection_mode: column({ type: 'string', enum: ['in-band', 'out-of-band'] }, { min: 0 }),
        local_ip: column({ type: 'string' }, { min: 0 }),
        local_netmask: column({ type: 'string' }, { min: 0 }),
        local_gateway: column({ type: 'string' }, { min: 0 }),
        enable_async_messages: column({ type: 'boolean' }, { min: 0 }),
        controller_queue_size: column({ type: 'integer', minInteger: 1, maxInteger: 512 }, { min: 0 }),
        controller_rate_limit: column({ type: 'integer', minInteger: 100 }, { min: 0 }),
        controller_burst_limit: column({ type: 'integer', minInteger: 25 }, { min: 0 }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        is_connected: column({ type: 'boolean' }, { ephemeral: true }),
        role: column({ type: 'string', enum: ['other', 'master', 'slave'] }, { min: 0, ephemeral: true }),
        status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
      },
      isRoot: false,
      indexes: [],
    },
    Manager: {
      columns: {
        target: column({ type: 'string' }),
        max_backoff: column({ type: 'integer', minInteger: 1000 }, { min: 0 }),
        inactivity_probe: column({ type: 'integer' }, { min: 0 }),
        connection_mode: column({ type: 'string', enum: ['in-band', 'out-of-band'] }, { min: 0 }),
        other_config: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        is_connected: column({ type: 'boolean' }, { ephemeral: true }),
        status: column(
          { type: 'string' },
          { value: { type: 'string' }, min: 0, max: 'unlimited', ephemeral: true },
        ),
      },
      isRoot: false,
      indexes: [['target']],
    },
    Datapath: {
      columns: {
        datapath_version: column({ type: 'string' }),
        ct_zones: column(
          { type: 'integer', minInteger: 0, maxInteger: 65535 },
          { value: { type: 'uuid', refTable: 'CT_Zone', refType: 'strong' }, min: 0, max: 'unlimited' },
        ),
        capabilities: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    CT_Zone: {
      columns: {
        timeout_policy: column(
          { type: 'uuid', refTable: 'CT_Timeout_Policy', refType: 'strong' },
          { min: 0 },
        ),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    CT_Timeout_Policy: {
      columns: {
        timeouts: column(
          {
            type: 'string',
            enum: [
              'tcp_syn_sent',
              'tcp_syn_recv',
              'tcp_established',
              'tcp_fin_wait',
              'tcp_close_wait',
              'tcp_last_ack',
              'tcp_time_wait',
              'tcp_close',
              'tcp_syn_sent2',
              'tcp_retransmit',
              'tcp_unack',
              'udp_first',
              'udp_single',
              'udp_multiple',
              'icmp_first',
              'icmp_reply',
            ],
          },
          { value: { type: 'integer', minInteger: 0, maxInteger: 4294967295 }, min: 0, max: 'unlimited' },
        ),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
    },
    SSL: {
      columns: {
        private_key: column({ type: 'string' }),
        certificate: column({ type: 'string' }),
        ca_cert: column({ type: 'string' }),
        bootstrap_ca_cert: column({ type: 'boolean' }),
        external_ids: column({ type: 'string' }, { value: { type: 'string' }, min: 0, max: 'unlimited' }),
      },
      isRoot: false,
      indexes: [],
      maxRows: 1,
    },
    AutoAttach: {
      columns: {
        system_name: column({ type: 'string' }),
        system_description: column({ type: 'string' }),
        mappings: column(
          { type: 'integer', minInteger: 0, maxInteger: 16777215 },
          { value: { type: 'integer', minInteger: 0, maxInteger: 4095 }, min: 0, max: 'unlimited' },
        ),
      },
      isRoot: false,
      indexes: [],
    },
  },
};
