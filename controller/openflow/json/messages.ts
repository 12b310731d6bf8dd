/** Shapes of all messages. */
import type { ErrorName } from '../error-names.ts';
import type { Message } from '../message.ts';
import type {
  AsyncConfig,
  CtTuple,
  EthernetFeatures,
  ErrorMessage,
  GroupBucket,
  GroupModCommand,
  MeterBand,
  PortDesc,
  SelectionMethod,
  TableDesc,
  TlvMap,
} from '../messages/types.ts';
import type {
  FlowDesc,
  FlowMonitor,
  FlowStatsEntry,
  FlowUpdate,
  GroupDesc,
  GroupStats,
  MeterDesc,
  MeterStats,
  PortStats,
  QueueDesc,
  QueueStats,
  RawEntry,
  TableFeatures,
  TableStats,
} from '../multipart/types.ts';
import {
  AsyncTypes,
  BundleControls,
  FlowModCommands,
  FlowMonitorCommands,
  FlowRemovedReasons,
  FlowStatsReasons,
  GroupTypes,
  MeterModCommands,
  PacketInFormats,
  PacketInReasons,
  PortReasons,
  RoleReasons,
  Roles,
  TableReasons,
  TlvTableCommands,
} from '../names.ts';
import { actions, duration, flowStats, instructions, match } from './elements.ts';
import {
  address,
  boolean,
  bytes,
  keyed,
  lazy,
  list,
  listOf,
  mac,
  names,
  object,
  oneOf,
  optional,
  tagged,
  text,
  u16,
  u32,
  u64,
  u8,
  uint,
  type ObjectShape,
  type Shape,
} from './shape.ts';

const xid = optional(u32);
const part = { xid, more: optional(boolean) };

const port: ObjectShape<PortDesc> = object<PortDesc>({
  portNo: u32,
  hwAddr: mac,
  name: text(16),
  config: u32,
  state: u32,
  ethernet: optional(
    object<EthernetFeatures>({
      curr: u32,
      advertised: u32,
      supported: u32,
      peer: u32,
      currSpeed: u32,
      maxSpeed: u32,
    }),
  ),
  others: optional(bytes('properties')),
});

const bucket = object<GroupBucket>({
  bucketId: u32,
  actions,
  weight: optional(u16),
  watchPort: optional(u32),
  watchGroup: optional(u32),
  others: optional(bytes('properties')),
});

const selectionMethod = object<SelectionMethod>({ method: text(16), param: u64, fields: match });

const band: Shape<MeterBand> = tagged<MeterBand>()('type', {
  drop: object({ rate: u32, burstSize: u32 }),
  dscp_remark: object({ rate: u32, burstSize: u32, precLevel: u8 }),
  raw: object({ bytes: bytes('band') }),
});

const tableDesc = object<TableDesc>({ table: u8, config: u32, properties: bytes('properties') });

const tuple = object<CtTuple>({
  src: optional(address),
  dst: optional(address),
  srcPort: optional(u16),
  dstPort: optional(u16),
  icmpId: optional(u16),
  icmpType: optional(u8),
  icmpCode: optional(u8),
  others: optional(bytes('properties')),
});

const tlvMaps = list(object<TlvMap>({ optionClass: u16, optionType: u8, optionLen: u8, index: u16 }));

/** Entries of a list, or their bytes where they are not canonical. */
const entries = <T>(shape: ObjectShape<T>): Shape<readonly (T | RawEntry)[]> =>
  list(keyed('raw', object<RawEntry>({ raw: bytes('entry') }), shape));

const counters = list(object({ packetCount: u64, byteCount: u64 }));

const flowDesc = object<FlowDesc>({
  table: u8,
  priority: u16,
  idleTimeout: u16,
  hardTimeout: u16,
  flags: u16,
  importance: u16,
  cookie: u64,
  match,
  stats: flowStats,
  instructions,
});

const flowStatsEntry = object<FlowStatsEntry>({
  table: u8,
  reason: names(FlowStatsReasons),
  priority: u16,
  match,
  stats: flowStats,
});

const portStats = object<PortStats>({
  portNo: u32,
  duration,
  rxPackets: u64,
  txPackets: u64,
  rxBytes: u64,
  txBytes: u64,
  rxDropped: u64,
  txDropped: u64,
  rxErrors: u64,
  txErrors: u64,
  ethernet: optional(object({ rxFrameErr: u64, rxOverErr: u64, rxCrcErr: u64, collisions: u64 })),
  others: optional(bytes('properties')),
});

const fullUpdate = object({
  table: u8,
  reason: u8,
  idleTimeout: u16,
  hardTimeout: u16,
  priority: u16,
  cookie: u64,
  match,
  instructions,
});

const noMembers = object<object>({});

const flowUpdate: Shape<FlowUpdate> = tagged<FlowUpdate>()('event', {
  initial: fullUpdate,
  added: fullUpdate,
  removed: fullUpdate,
  modified: fullUpdate,
  abbrev: object({ abbrevXid: u32 }),
  paused: noMembers,
  resumed: noMembers,
});

const bare = object({ xid });
const echo = object({ xid, data: bytes('any') });
const switchConfig = object({ xid, flags: u16, missSendLen: u16 });
const role = object({ xid, role: names(Roles), shortId: u16, generationId: u64 });
const asyncConfig = object({
  xid,
  masks: list(object<AsyncConfig['masks'][number]>({ type: names(AsyncTypes), mask: u32 })),
  others: optional(bytes('properties')),
});
const nxPacketIn = object({
  xid,
  packet: optional(bytes('any')),
  fullLen: optional(u32),
  bufferId: optional(u32),
  table: optional(u8),
  cookie: optional(u64),
  reason: optional(names(PacketInReasons)),
  metadata: optional(match),
  continuation: optional(bytes('any')),
  userdata: optional(bytes('any')),
  others: optional(bytes('properties')),
});
const plainRequest = object(part);
const flowRequest = object({
  ...part,
  table: u8,
  outPort: u32,
  outGroup: u32,
  cookie: u64,
  cookieMask: u64,
  match,
});
const portRequest = object({ ...part, portNo: u32 });
const queueRequest = object({ ...part, portNo: u32, queueId: u32 });
const groupRequest = object({ ...part, groupId: u32 });
const meterRequest = object({ ...part, meterId: u32 });
const tableFeatures = object({
  ...part,
  tables: entries(
    object<TableFeatures>({
      table: u8,
      command: u8,
      features: u32,
      name: text(32),
      metadataMatch: u64,
      metadataWrite: u64,
      capabilities: u32,
      maxEntries: u32,
      properties: bytes('properties'),
    }),
  ),
});
const otherMultipart = object({ ...part, multipartType: u16, body: bytes('body') });
const groupModCommand = oneOf<GroupModCommand>(
  'add',
  'modify',
  'delete',
  'insert_bucket',
  'remove_bucket',
  'add_or_modify',
);
const errorCode = { kind: 'errorCode' } as Shape<ErrorName | Exclude<ErrorMessage['error'], string>>;

export const message: Shape<Message> = tagged<Message>()('type', {
  hello: object({
    xid,
    version: optional(u8),
    versions: optional(list(uint(5))),
    others: optional(bytes('hello')),
  }),
  error: object({ xid, version: optional(u8), error: errorCode, data: bytes('any') }),
  echo_request: echo,
  echo_reply: echo,
  features_request: bare,
  get_config_request: bare,
  barrier_request: bare,
  barrier_reply: bare,
  get_async_request: bare,
  nx_flow_age: bare,
  nx_tlv_table_request: bare,
  experimenter: object({ xid, experimenter: u32, expType: u32, data: bytes('body') }),
  raw: object({ xid, messageType: u8, body: bytes('body') }),
  features_reply: object({
    xid,
    datapathId: u64,
    nBuffers: u32,
    nTables: u8,
    auxiliaryId: u8,
    capabilities: u32,
    reserved: u32,
  }),
  get_config_reply: switchConfig,
  set_config: switchConfig,
  packet_in: object({
    xid,
    bufferId: u32,
    totalLen: u16,
    reason: names(PacketInReasons),
    table: u8,
    cookie: u64,
    match,
    data: bytes('any'),
  }),
  nx_packet_in2: nxPacketIn,
  nx_resume: nxPacketIn,
  packet_out: object({ xid, bufferId: u32, match, actions, data: bytes('any') }),
  flow_mod: object({
    xid,
    cookie: u64,
    cookieMask: u64,
    table: u8,
    command: names(FlowModCommands),
    idleTimeout: u16,
    hardTimeout: u16,
    priority: u16,
    bufferId: u32,
    outPort: u32,
    outGroup: u32,
    flags: u16,
    importance: u16,
    match,
    instructions,
  }),
  flow_removed: object({
    xid,
    table: u8,
    reason: names(FlowRemovedReasons),
    priority: u16,
    idleTimeout: u16,
    hardTimeout: u16,
    cookie: u64,
    match,
    stats: flowStats,
  }),
  group_mod: object({
    xid,
    command: groupModCommand,
    groupType: names(GroupTypes),
    groupId: u32,
    commandBucketId: u32,
    buckets: list(bucket),
    selectionMethod: optional(selectionMethod),
    others: optional(bytes('properties')),
  }),
  meter_mod: object({ xid, command: names(MeterModCommands), flags: u16, meterId: u32, bands: list(band) }),
  port_status: object({ xid, reason: names(PortReasons), port }),
  port_mod: object({
    xid,
    portNo: u32,
    hwAddr: mac,
    config: u32,
    mask: u32,
    advertise: optional(u32),
    others: optional(bytes('properties')),
  }),
  table_mod: object({ xid, table: u8, config: u32, properties: bytes('properties') }),
  table_status: object({ xid, reason: names(TableReasons), desc: tableDesc }),
  role_request: role,
  role_reply: role,
  role_status: object({
    xid,
    role: names(Roles),
    reason: names(RoleReasons),
    generationId: u64,
    properties: bytes('properties'),
  }),
  get_async_reply: asyncConfig,
  set_async: asyncConfig,
  requestforward: object({ xid, request: lazy(() => message) }),
  bundle_control: object({
    xid,
    bundleId: u32,
    control: names(BundleControls),
    flags: u16,
    properties: bytes('properties'),
  }),
  bundle_add_message: object({
    xid,
    bundleId: u32,
    flags: u16,
    message: lazy(() => message),
    properties: bytes('properties'),
  }),
  nx_set_controller_id: object({ xid, controllerId: u16 }),
  nx_set_packet_in_format: object({ xid, format: names(PacketInFormats) }),
  nx_flow_mod_table_id: object({ xid, set: boolean }),
  nx_ct_flush_zone: object({ xid, zone: u16 }),
  nx_ct_flush: object({
    xid,
    ipProto: u8,
    orig: optional(tuple),
    reply: optional(tuple),
    zone: optional(u16),
    others: optional(bytes('properties')),
  }),
  nx_tlv_table_mod: object({ xid, command: names(TlvTableCommands), maps: tlvMaps }),
  nx_tlv_table_reply: object({ xid, maxOptionSpace: u32, maxFields: u16, maps: tlvMaps }),
  desc_request: plainRequest,
  table_stats_request: plainRequest,
  group_features_request: plainRequest,
  meter_features_request: plainRequest,
  table_desc_request: plainRequest,
  ipfix_bridge_request: plainRequest,
  ipfix_flow_request: plainRequest,
  desc_reply: object({
    ...part,
    manufacturer: text(256),
    hardware: text(256),
    software: text(256),
    serialNumber: text(32),
    datapath: text(256),
  }),
  flow_desc_request: flowRequest,
  flow_stats_request: flowRequest,
  aggregate_stats_request: flowRequest,
  flow_desc_reply: object({ ...part, flows: entries(flowDesc) }),
  flow_stats_reply: object({ ...part, flows: entries(flowStatsEntry) }),
  aggregate_stats_reply: object({ ...part, stats: flowStats }),
  table_stats_reply: object({
    ...part,
    tables: entries(object<TableStats>({ table: u8, activeCount: u32, lookupCount: u64, matchedCount: u64 })),
  }),
  port_stats_request: portRequest,
  port_desc_request: portRequest,
  port_stats_reply: object({ ...part, ports: entries(portStats) }),
  port_desc_reply: object({ ...part, ports: entries(port) }),
  queue_stats_request: queueRequest,
  queue_desc_request: queueRequest,
  queue_stats_reply: object({
    ...part,
    queues: entries(
      object<QueueStats>({
        portNo: u32,
        queueId: u32,
        txBytes: u64,
        txPackets: u64,
        txErrors: u64,
        duration,
        properties: bytes('properties'),
      }),
    ),
  }),
  queue_desc_reply: object({
    ...part,
    queues: entries(object<QueueDesc>({ portNo: u32, queueId: u32, properties: bytes('properties') })),
  }),
  group_stats_request: groupRequest,
  group_desc_request: groupRequest,
  group_stats_reply: object({
    ...part,
    groups: entries(
      object<GroupStats>({
        groupId: u32,
        refCount: u32,
        packetCount: u64,
        byteCount: u64,
        duration,
        buckets: counters,
      }),
    ),
  }),
  group_desc_reply: object({
    ...part,
    groups: entries(
      object<GroupDesc>({
        groupType: names(GroupTypes),
        groupId: u32,
        buckets: list(bucket),
        selectionMethod: optional(selectionMethod),
        others: optional(bytes('properties')),
      }),
    ),
  }),
  group_features_reply: object({
    ...part,
    types: u32,
    capabilities: u32,
    maxGroups: listOf(4, u32),
    actions: listOf(4, u32),
  }),
  meter_stats_request: meterRequest,
  meter_desc_request: meterRequest,
  meter_stats_reply: object({
    ...part,
    meters: entries(
      object<MeterStats>({
        meterId: u32,
        flowCount: u32,
        packetInCount: u64,
        byteInCount: u64,
        duration,
        bands: counters,
      }),
    ),
  }),
  meter_desc_reply: object({
    ...part,
    meters: entries(object<MeterDesc>({ flags: u16, meterId: u32, bands: list(band) })),
  }),
  meter_features_reply: object({
    ...part,
    maxMeter: u32,
    bandTypes: u32,
    capabilities: u32,
    maxBands: u8,
    maxColor: u8,
    features: optional(u32),
  }),
  table_desc_reply: object({ ...part, tables: entries(tableDesc) }),
  table_features_request: tableFeatures,
  table_features_reply: tableFeatures,
  flow_monitor_request: object({
    ...part,
    monitors: list(
      object<FlowMonitor>({
        monitorId: u32,
        outPort: u32,
        outGroup: u32,
        flags: u16,
        table: u8,
        command: names(FlowMonitorCommands),
        match,
      }),
    ),
  }),
  flow_monitor_reply: object({
    ...part,
    updates: list(keyed('raw', object<RawEntry>({ raw: bytes('entry') }), flowUpdate)),
  }),
  multipart_request: otherMultipart,
  multipart_reply: otherMultipart,
});
