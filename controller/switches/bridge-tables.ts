/**
 * What a host's OVSDB is asked for: the tables and columns that tell of its bridge, and that are set there.
 */
import type { OpenVSwitchTables, Replica, SelectedRows } from '../ovsdb/index.ts';

export const selection = {
  Open_vSwitch: { columns: ['bridges', 'datapaths', 'ovs_version', 'other_config', 'next_cfg', 'cur_cfg'] },
  Bridge: {
    columns: [
      ...['name', 'ports', 'controller', 'fail_mode', 'protocols', 'datapath_id', 'datapath_type'],
      'flow_tables',
    ],
  },
  Port: { columns: ['name', 'interfaces'] },
  Interface: { columns: ['name', 'ofport', 'external_ids', 'mac_in_use', 'type'] },
  Flow_Table: { columns: ['prefixes', 'external_ids'] },
  Controller: { columns: ['target', 'external_ids'] },
  IPFIX: { columns: ['targets', 'external_ids'] },
  Flow_Sample_Collector_Set: { columns: ['id', 'bridge', 'ipfix'] },
  Datapath: { columns: ['capabilities', 'ct_zones'] },
  CT_Zone: { columns: ['timeout_policy', 'external_ids'] },
  CT_Timeout_Policy: { columns: ['timeouts', 'external_ids'] },
} as const;

export type BridgeTables = Pick<Replica<SelectedRows<OpenVSwitchTables, typeof selection>>, 'table'>;
