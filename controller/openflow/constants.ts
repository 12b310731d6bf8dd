/** Numbers of OpenFlow 1.5.1 (ONF TS-025) and of Nicira's extensions, under their own names. */

export const OFP_VERSION = 0x06;
export const OFP_HEADER_LENGTH = 8;
export const OFP_MAX_LENGTH = 0xffff;

export const NX_EXPERIMENTER = 0x00002320;
export const ONF_EXPERIMENTER = 0x4f4e4600;

/** `enum ofp_type`, section 7.1.1. */
export const MessageType = {
  HELLO: 0,
  ERROR: 1,
  ECHO_REQUEST: 2,
  ECHO_REPLY: 3,
  EXPERIMENTER: 4,
  FEATURES_REQUEST: 5,
  FEATURES_REPLY: 6,
  GET_CONFIG_REQUEST: 7,
  GET_CONFIG_REPLY: 8,
  SET_CONFIG: 9,
  PACKET_IN: 10,
  FLOW_REMOVED: 11,
  PORT_STATUS: 12,
  PACKET_OUT: 13,
  FLOW_MOD: 14,
  GROUP_MOD: 15,
  PORT_MOD: 16,
  TABLE_MOD: 17,
  MULTIPART_REQUEST: 18,
  MULTIPART_REPLY: 19,
  BARRIER_REQUEST: 20,
  BARRIER_REPLY: 21,
  ROLE_REQUEST: 24,
  ROLE_REPLY: 25,
  GET_ASYNC_REQUEST: 26,
  GET_ASYNC_REPLY: 27,
  SET_ASYNC: 28,
  METER_MOD: 29,
  ROLE_STATUS: 30,
  TABLE_STATUS: 31,
  REQUESTFORWARD: 32,
  BUNDLE_CONTROL: 33,
  BUNDLE_ADD_MESSAGE: 34,
  CONTROLLER_STATUS: 35,
} as const;

/** `enum ofp_multipart_type`, section 7.3.5. */
export const MultipartType = {
  DESC: 0,
  FLOW_DESC: 1,
  AGGREGATE_STATS: 2,
  TABLE_STATS: 3,
  PORT_STATS: 4,
  QUEUE_STATS: 5,
  GROUP_STATS: 6,
  GROUP_DESC: 7,
  GROUP_FEATURES: 8,
  METER_STATS: 9,
  METER_DESC: 10,
  METER_FEATURES: 11,
  TABLE_FEATURES: 12,
  PORT_DESC: 13,
  TABLE_DESC: 14,
  QUEUE_DESC: 15,
  FLOW_MONITOR: 16,
  FLOW_STATS: 17,
  BUNDLE_FEATURES: 18,
  EXPERIMENTER: 0xffff,
} as const;

/** Subtypes of Nicira's messages (`NXT_*`, OVS `ofp-msgs.h`). */
export const NiciraType = {
  SET_FLOW_FORMAT: 12,
  FLOW_MOD_TABLE_ID: 15,
  SET_PACKET_IN_FORMAT: 16,
  FLOW_AGE: 18,
  SET_CONTROLLER_ID: 20,
  TLV_TABLE_MOD: 24,
  TLV_TABLE_REQUEST: 25,
  TLV_TABLE_REPLY: 26,
  RESUME: 28,
  CT_FLUSH_ZONE: 29,
  PACKET_IN2: 30,
  CT_FLUSH: 32,
} as const;

/** Reserved ports (`enum ofp_port_no`, section 7.2.1). */
export const Port = {
  MAX: 0xffffff00,
  UNSET: 0xfffffff7,
  IN_PORT: 0xfffffff8,
  TABLE: 0xfffffff9,
  NORMAL: 0xfffffffa,
  FLOOD: 0xfffffffb,
  ALL: 0xfffffffc,
  CONTROLLER: 0xfffffffd,
  LOCAL: 0xfffffffe,
  ANY: 0xffffffff,
} as const;

/** The same ports where an old structure has only 16 bits for them (Nicira's actions). */
export const Port16 = {
  MAX: 0xff00,
  UNSET: 0xfff7,
  IN_PORT: 0xfff8,
  TABLE: 0xfff9,
  NORMAL: 0xfffa,
  FLOOD: 0xfffb,
  ALL: 0xfffc,
  CONTROLLER: 0xfffd,
  LOCAL: 0xfffe,
  ANY: 0xffff,
} as const;

export const Group = { MAX: 0xffffff00, ALL: 0xfffffffc, ANY: 0xffffffff } as const;

export const Bucket = {
  MAX: 0xffffff00,
  FIRST: 0xfffffffd,
  LAST: 0xfffffffe,
  ALL: 0xffffffff,
} as const;

export const Meter = {
  MAX: 0xffff0000,
  SLOWPATH: 0xfffffffd,
  CONTROLLER: 0xfffffffe,
  ALL: 0xffffffff,
} as const;

export const Queue = { ALL: 0xffffffff } as const;

export const Table = { MAX: 0xfe, ALL: 0xff } as const;

export const NO_BUFFER = 0xffffffff;
/** `max_len` that sends the whole packet to the controller (`OFPCML_NO_BUFFER`). */
export const NO_MAX_LEN = 0xffff;
export const DEFAULT_PRIORITY = 0x8000;
/** The bit of `vlan_vid` that says that there is a VLAN tag (`OFPVID_PRESENT`). */
export const VLAN_PRESENT = 0x1000;
/** `recirc_table` of a `ct` action that does not recirculate (`NX_CT_RECIRC_NONE`). */
export const CT_RECIRC_NONE = 0xff;

/** `enum ofp_flow_mod_flags`. */
export const FlowModFlag = {
  SEND_FLOW_REM: 1,
  CHECK_OVERLAP: 2,
  RESET_COUNTS: 4,
  NO_PKT_COUNTS: 8,
  NO_BYT_COUNTS: 16,
} as const;

/** `enum ofp_bundle_flags`. */
export const BundleFlag = { ATOMIC: 1, ORDERED: 2, TIME: 4 } as const;

/** `enum ofp_meter_flags`. */
export const MeterFlag = { KBPS: 1, PKTPS: 2, BURST: 4, STATS: 8 } as const;

/** `enum ofp_config_flags`. */
export const ConfigFlag = { FRAG_DROP: 1, FRAG_REASM: 2, FRAG_NX_MATCH: 3 } as const;

/** `enum ofp_port_config`. */
export const PortConfig = { PORT_DOWN: 1, NO_RECV: 4, NO_FWD: 32, NO_PACKET_IN: 64 } as const;

/** `enum ofp_port_state`. */
export const PortState = { LINK_DOWN: 1, BLOCKED: 2, LIVE: 4 } as const;

/** `enum ofp_flow_monitor_flags`. */
export const FlowMonitorFlag = {
  INITIAL: 1,
  ADD: 2,
  REMOVED: 4,
  MODIFY: 8,
  INSTRUCTIONS: 16,
  NO_ABBREV: 32,
  ONLY_OWN: 64,
} as const;

/** Bits of `ct_state` (OVS `ovs-fields(7)`, `CS_*`). */
export const CtState = {
  NEW: 0x01,
  EST: 0x02,
  REL: 0x04,
  RPL: 0x08,
  INV: 0x10,
  TRK: 0x20,
  SNAT: 0x40,
  DNAT: 0x80,
} as const;
