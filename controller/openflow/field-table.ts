/**
 * Every match and metadata field that Open vSwitch 3.1 knows, declared once. Types, codec, text, JSON and
 * validation are all derived from this table (fields.ts does it).
 *
 * A row is one field as OVS's ovs-fields(7) documents it. `wire` lists its OXM or NXM identities, oldest
 * first: the first is what Nicira's actions refer to the field by, the last is what OpenFlow 1.5 uses. Rows
 * stand in the order in which a switch wants them in a match: what a field requires comes before it.
 *
 * A row with a `count` is a family: `reg` with count 16 stands for reg0 to reg15, numbered upwards from the
 * wire identity given.
 */

/** How a value is shown, in text and in JSON. */
export type Display =
  | 'decimal'
  | 'hexadecimal'
  | 'ethernet'
  | 'ipv4'
  | 'ipv6'
  | 'port'
  | 'frag'
  | 'tunnel_flags'
  | 'tcp_flags'
  | 'ct_state'
  | 'packet_type';

/** What must be matched exactly before a field means anything. */
export type Prerequisite =
  | 'none'
  | 'ethernet'
  | 'vlan'
  | 'mpls'
  | 'arp'
  | 'nsh'
  | 'ipv4'
  | 'ipv6'
  | 'ip'
  | 'tcp'
  | 'udp'
  | 'sctp'
  | 'icmpv4'
  | 'icmpv6'
  | 'nd'
  | 'nd_solicit'
  | 'nd_advert'
  | 'ct';

/** One wire identity: the header's name, OXM class (with experimenter where the class is 0xffff), field number. */
export interface WireId {
  readonly name: string;
  readonly class: number;
  readonly number: number;
  readonly experimenter: number;
}

export interface FieldRow {
  readonly name: string;
  /** Other names that mean the same, OVS's and OpenFlow's. */
  readonly aliases: readonly string[];
  /** The name OVS prints where it differs from `name`. */
  readonly shown?: string;
  /** Bytes on the wire (the longest, for fields of variable length). */
  readonly bytes: number;
  /** Bits that mean something. */
  readonly bits: number;
  readonly variable?: true;
  readonly maskable: boolean;
  readonly display: Display;
  readonly requires: Prerequisite;
  readonly writable: boolean;
  readonly count?: number;
  readonly wire: readonly WireId[];
}

const EXPERIMENTER_CLASS = 0xffff;
const wireId = (name: string, oxmClass: number, number: number, experimenter = 0): WireId => ({
  name,
  class: oxmClass,
  number,
  experimenter,
});
const nxm0 = (number: number, name: string) => wireId(`NXM_OF_${name}`, 0x0000, number);
const nxm1 = (number: number, name: string) => wireId(`NXM_NX_${name}`, 0x0001, number);
const oxm = (number: number, name: string) => wireId(`OXM_OF_${name}`, 0x8000, number);
const pktReg = (number: number, name: string) => wireId(`OXM_OF_${name}`, 0x8001, number);
const ericsson = (number: number, name: string) => wireId(`ERICOXM_OF_${name}`, 0x1000, number);
const onf = (number: number, name: string) =>
  wireId(`ONFOXM_ET_${name}`, EXPERIMENTER_CLASS, number, 0x4f4e4600);
const nicira = (number: number, name: string) =>
  wireId(`NXOXM_ET_${name}`, EXPERIMENTER_CLASS, number, 0x00002320);
const nsh = (number: number, name: string) =>
  wireId(`NXOXM_NSH_${name}`, EXPERIMENTER_CLASS, number, 0x005ad650);

const READ_WRITE = { maskable: true, writable: true } as const;
const WRITE_EXACT = { maskable: false, writable: true } as const;
const READ_MASKED = { maskable: true, writable: false } as const;
const READ_EXACT = { maskable: false, writable: false } as const;

// prettier-ignore
export const FIELD_TABLE = [
  { name: 'packet_type', aliases: [], bytes: 4, bits: 32, ...READ_EXACT, display: 'packet_type', requires: 'none', wire: [oxm(44, 'PACKET_TYPE')] },
  { name: 'dp_hash', aliases: [], bytes: 4, bits: 32, ...READ_MASKED, display: 'hexadecimal', requires: 'none', wire: [nxm1(35, 'DP_HASH'), nicira(0, 'DP_HASH')] },
  { name: 'recirc_id', aliases: [], bytes: 4, bits: 32, ...READ_EXACT, display: 'decimal', requires: 'none', wire: [nxm1(36, 'RECIRC_ID')] },
  { name: 'conj_id', aliases: [], bytes: 4, bits: 32, ...READ_EXACT, display: 'decimal', requires: 'none', wire: [nxm1(37, 'CONJ_ID')] },
  { name: 'in_port', aliases: ['in_port_oxm'], shown: 'in_port_oxm', bytes: 4, bits: 32, ...WRITE_EXACT, display: 'port', requires: 'none', wire: [oxm(0, 'IN_PORT')] },
  { name: 'nxm_in_port', aliases: [], shown: 'in_port', bytes: 2, bits: 16, ...WRITE_EXACT, display: 'port', requires: 'none', wire: [nxm0(0, 'IN_PORT')] },
  { name: 'in_phy_port', aliases: [], bytes: 4, bits: 32, ...READ_EXACT, display: 'port', requires: 'none', wire: [oxm(1, 'IN_PHY_PORT')] },
  { name: 'actset_output', aliases: [], bytes: 4, bits: 32, ...READ_EXACT, display: 'port', requires: 'none', wire: [onf(43, 'ACTSET_OUTPUT'), oxm(43, 'ACTSET_OUTPUT')] },
  { name: 'eth_src', aliases: ['dl_src'], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'ethernet', wire: [nxm0(2, 'ETH_SRC'), oxm(4, 'ETH_SRC')] },
  { name: 'eth_dst', aliases: ['dl_dst'], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'ethernet', wire: [nxm0(1, 'ETH_DST'), oxm(3, 'ETH_DST')] },
  { name: 'eth_type', aliases: ['dl_type'], bytes: 2, bits: 16, ...READ_EXACT, display: 'hexadecimal', requires: 'ethernet', wire: [nxm0(3, 'ETH_TYPE'), oxm(5, 'ETH_TYPE')] },
  { name: 'vlan_tci', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'hexadecimal', requires: 'ethernet', wire: [nxm0(4, 'VLAN_TCI')] },
  { name: 'vlan_vid', aliases: [], bytes: 2, bits: 12, ...READ_WRITE, display: 'decimal', requires: 'ethernet', wire: [oxm(6, 'VLAN_VID')] },
  { name: 'vlan_pcp', aliases: [], bytes: 1, bits: 3, ...WRITE_EXACT, display: 'decimal', requires: 'vlan', wire: [oxm(7, 'VLAN_PCP')] },
  { name: 'mpls_tc', aliases: [], bytes: 1, bits: 3, ...WRITE_EXACT, display: 'decimal', requires: 'mpls', wire: [oxm(35, 'MPLS_TC')] },
  { name: 'mpls_bos', aliases: [], bytes: 1, bits: 1, ...READ_EXACT, display: 'decimal', requires: 'mpls', wire: [oxm(36, 'MPLS_BOS')] },
  { name: 'mpls_ttl', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'mpls', wire: [nxm1(30, 'MPLS_TTL')] },
  { name: 'mpls_label', aliases: [], bytes: 4, bits: 20, ...WRITE_EXACT, display: 'decimal', requires: 'mpls', wire: [oxm(34, 'MPLS_LABEL')] },
  { name: 'pbb_isid', aliases: [], bytes: 3, bits: 24, ...READ_WRITE, display: 'hexadecimal', requires: 'ethernet', wire: [oxm(37, 'PBB_ISID')] },
  { name: 'pbb_uca', aliases: [], bytes: 1, bits: 1, ...WRITE_EXACT, display: 'decimal', requires: 'ethernet', wire: [oxm(41, 'PBB_UCA')] },
  { name: 'ip_src', aliases: ['nw_src', 'ipv4_src'], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'ipv4', wire: [nxm0(7, 'IP_SRC'), oxm(11, 'IPV4_SRC')] },
  { name: 'ip_dst', aliases: ['nw_dst', 'ipv4_dst'], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'ipv4', wire: [nxm0(8, 'IP_DST'), oxm(12, 'IPV4_DST')] },
  { name: 'ipv6_src', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'ipv6', requires: 'ipv6', wire: [nxm1(19, 'IPV6_SRC'), oxm(26, 'IPV6_SRC')] },
  { name: 'ipv6_dst', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'ipv6', requires: 'ipv6', wire: [nxm1(20, 'IPV6_DST'), oxm(27, 'IPV6_DST')] },
  { name: 'ip_frag', aliases: ['nw_frag'], bytes: 1, bits: 2, ...READ_MASKED, display: 'frag', requires: 'ip', wire: [nxm1(26, 'IP_FRAG')] },
  { name: 'nw_tos', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'ip', wire: [nxm0(5, 'IP_TOS')] },
  { name: 'ip_dscp', aliases: [], bytes: 1, bits: 6, ...WRITE_EXACT, display: 'decimal', requires: 'ip', wire: [oxm(8, 'IP_DSCP')] },
  { name: 'nw_ecn', aliases: ['ip_ecn'], bytes: 1, bits: 2, ...WRITE_EXACT, display: 'decimal', requires: 'ip', wire: [nxm1(28, 'IP_ECN'), oxm(9, 'IP_ECN')] },
  { name: 'nw_ttl', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'ip', wire: [nxm1(29, 'IP_TTL')] },
  { name: 'ipv6_label', aliases: ['ipv6_flabel'], bytes: 4, bits: 20, ...READ_WRITE, display: 'hexadecimal', requires: 'ipv6', wire: [nxm1(27, 'IPV6_LABEL'), oxm(28, 'IPV6_FLABEL')] },
  { name: 'ipv6_exthdr', aliases: [], bytes: 2, bits: 9, ...READ_MASKED, display: 'hexadecimal', requires: 'ipv6', wire: [oxm(39, 'IPV6_EXTHDR')] },
  { name: 'nw_proto', aliases: ['ip_proto'], bytes: 1, bits: 8, ...READ_EXACT, display: 'decimal', requires: 'ip', wire: [nxm0(6, 'IP_PROTO'), oxm(10, 'IP_PROTO')] },
  { name: 'tcp_src', aliases: ['tp_src'], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'tcp', wire: [nxm0(9, 'TCP_SRC'), oxm(13, 'TCP_SRC')] },
  { name: 'tcp_dst', aliases: ['tp_dst'], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'tcp', wire: [nxm0(10, 'TCP_DST'), oxm(14, 'TCP_DST')] },
  { name: 'tcp_flags', aliases: [], bytes: 2, bits: 12, ...READ_MASKED, display: 'tcp_flags', requires: 'tcp', wire: [nxm1(34, 'TCP_FLAGS'), onf(42, 'TCP_FLAGS'), oxm(42, 'TCP_FLAGS')] },
  { name: 'udp_src', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'udp', wire: [nxm0(11, 'UDP_SRC'), oxm(15, 'UDP_SRC')] },
  { name: 'udp_dst', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'udp', wire: [nxm0(12, 'UDP_DST'), oxm(16, 'UDP_DST')] },
  { name: 'sctp_src', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'sctp', wire: [oxm(17, 'SCTP_SRC')] },
  { name: 'sctp_dst', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'sctp', wire: [oxm(18, 'SCTP_DST')] },
  { name: 'icmp_type', aliases: ['icmpv4_type'], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'icmpv4', wire: [nxm0(13, 'ICMP_TYPE'), oxm(19, 'ICMPV4_TYPE')] },
  { name: 'icmp_code', aliases: ['icmpv4_code'], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'icmpv4', wire: [nxm0(14, 'ICMP_CODE'), oxm(20, 'ICMPV4_CODE')] },
  { name: 'icmpv6_type', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'icmpv6', wire: [nxm1(21, 'ICMPV6_TYPE'), oxm(29, 'ICMPV6_TYPE')] },
  { name: 'icmpv6_code', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'icmpv6', wire: [nxm1(22, 'ICMPV6_CODE'), oxm(30, 'ICMPV6_CODE')] },
  { name: 'nd_reserved', aliases: [], bytes: 4, bits: 32, ...WRITE_EXACT, display: 'decimal', requires: 'nd', wire: [ericsson(1, 'ICMPV6_ND_RESERVED')] },
  { name: 'nd_target', aliases: ['ipv6_nd_target'], bytes: 16, bits: 128, ...READ_WRITE, display: 'ipv6', requires: 'nd', wire: [nxm1(23, 'ND_TARGET'), oxm(31, 'IPV6_ND_TARGET')] },
  { name: 'nd_options_type', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'nd', wire: [ericsson(2, 'ICMPV6_ND_OPTIONS_TYPE')] },
  { name: 'nd_sll', aliases: ['ipv6_nd_sll'], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'nd_solicit', wire: [nxm1(24, 'ND_SLL'), oxm(32, 'IPV6_ND_SLL')] },
  { name: 'nd_tll', aliases: ['ipv6_nd_tll'], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'nd_advert', wire: [nxm1(25, 'ND_TLL'), oxm(33, 'IPV6_ND_TLL')] },
  { name: 'arp_op', aliases: [], bytes: 2, bits: 16, ...WRITE_EXACT, display: 'decimal', requires: 'arp', wire: [nxm0(15, 'ARP_OP'), oxm(21, 'ARP_OP')] },
  { name: 'arp_spa', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'arp', wire: [nxm0(16, 'ARP_SPA'), oxm(22, 'ARP_SPA')] },
  { name: 'arp_tpa', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'arp', wire: [nxm0(17, 'ARP_TPA'), oxm(23, 'ARP_TPA')] },
  { name: 'arp_sha', aliases: [], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'arp', wire: [nxm1(17, 'ARP_SHA'), oxm(24, 'ARP_SHA')] },
  { name: 'arp_tha', aliases: [], bytes: 6, bits: 48, ...READ_WRITE, display: 'ethernet', requires: 'arp', wire: [nxm1(18, 'ARP_THA'), oxm(25, 'ARP_THA')] },
  { name: 'tun_id', aliases: ['tunnel_id'], bytes: 8, bits: 64, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nxm1(16, 'TUN_ID'), oxm(38, 'TUNNEL_ID')] },
  { name: 'tun_flags', aliases: [], bytes: 2, bits: 1, ...READ_WRITE, display: 'tunnel_flags', requires: 'none', wire: [nxm1(104, 'TUN_FLAGS')] },
  { name: 'tun_src', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'none', wire: [nxm1(31, 'TUN_IPV4_SRC')] },
  { name: 'tun_dst', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'ipv4', requires: 'none', wire: [nxm1(32, 'TUN_IPV4_DST')] },
  { name: 'tun_ipv6_src', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'ipv6', requires: 'none', wire: [nxm1(109, 'TUN_IPV6_SRC')] },
  { name: 'tun_ipv6_dst', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'ipv6', requires: 'none', wire: [nxm1(110, 'TUN_IPV6_DST')] },
  { name: 'tun_gbp_id', aliases: [], bytes: 2, bits: 16, ...READ_WRITE, display: 'decimal', requires: 'none', wire: [nxm1(38, 'TUN_GBP_ID')] },
  { name: 'tun_gbp_flags', aliases: [], bytes: 1, bits: 8, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nxm1(39, 'TUN_GBP_FLAGS')] },
  { name: 'tun_metadata', aliases: [], bytes: 124, bits: 992, variable: true, ...READ_WRITE, display: 'hexadecimal', requires: 'none', count: 64, wire: [nxm1(40, 'TUN_METADATA')] },
  { name: 'tun_erspan_idx', aliases: [], bytes: 4, bits: 20, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nicira(11, 'ERSPAN_IDX')] },
  { name: 'tun_erspan_ver', aliases: [], bytes: 1, bits: 4, ...READ_WRITE, display: 'decimal', requires: 'none', wire: [nicira(12, 'ERSPAN_VER')] },
  { name: 'tun_erspan_dir', aliases: [], bytes: 1, bits: 1, ...READ_WRITE, display: 'decimal', requires: 'none', wire: [nicira(13, 'ERSPAN_DIR')] },
  { name: 'tun_erspan_hwid', aliases: [], bytes: 1, bits: 6, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nicira(14, 'ERSPAN_HWID')] },
  { name: 'tun_gtpu_flags', aliases: [], bytes: 1, bits: 8, ...READ_MASKED, display: 'hexadecimal', requires: 'none', wire: [nicira(15, 'GTPU_FLAGS')] },
  { name: 'tun_gtpu_msgtype', aliases: [], bytes: 1, bits: 8, ...READ_MASKED, display: 'decimal', requires: 'none', wire: [nicira(16, 'GTPU_MSGTYPE')] },
  { name: 'nsh_flags', aliases: [], bytes: 1, bits: 8, ...READ_WRITE, display: 'decimal', requires: 'nsh', wire: [nsh(1, 'FLAGS')] },
  { name: 'nsh_ttl', aliases: [], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'nsh', wire: [nsh(10, 'TTL')] },
  { name: 'nsh_mdtype', aliases: [], bytes: 1, bits: 8, ...READ_EXACT, display: 'decimal', requires: 'nsh', wire: [nsh(2, 'MDTYPE')] },
  { name: 'nsh_np', aliases: [], bytes: 1, bits: 8, ...READ_EXACT, display: 'decimal', requires: 'nsh', wire: [nsh(3, 'NP')] },
  { name: 'nsh_spi', aliases: ['nsp'], bytes: 4, bits: 24, ...WRITE_EXACT, display: 'hexadecimal', requires: 'nsh', wire: [nsh(4, 'SPI')] },
  { name: 'nsh_si', aliases: ['nsi'], bytes: 1, bits: 8, ...WRITE_EXACT, display: 'decimal', requires: 'nsh', wire: [nsh(5, 'SI')] },
  { name: 'nsh_c1', aliases: ['nshc1'], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'nsh', wire: [nsh(6, 'C1')] },
  { name: 'nsh_c2', aliases: ['nshc2'], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'nsh', wire: [nsh(7, 'C2')] },
  { name: 'nsh_c3', aliases: ['nshc3'], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'nsh', wire: [nsh(8, 'C3')] },
  { name: 'nsh_c4', aliases: ['nshc4'], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'nsh', wire: [nsh(9, 'C4')] },
  { name: 'reg', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'none', count: 16, wire: [nxm1(0, 'REG')] },
  { name: 'xreg', aliases: [], bytes: 8, bits: 64, ...READ_WRITE, display: 'hexadecimal', requires: 'none', count: 8, wire: [pktReg(0, 'PKT_REG')] },
  { name: 'xxreg', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'hexadecimal', requires: 'none', count: 4, wire: [nxm1(111, 'XXREG')] },
  { name: 'pkt_mark', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nxm1(33, 'PKT_MARK')] },
  { name: 'ct_state', aliases: [], bytes: 4, bits: 32, ...READ_MASKED, display: 'ct_state', requires: 'none', wire: [nxm1(105, 'CT_STATE')] },
  { name: 'ct_zone', aliases: [], bytes: 2, bits: 16, ...READ_EXACT, display: 'hexadecimal', requires: 'none', wire: [nxm1(106, 'CT_ZONE')] },
  { name: 'ct_mark', aliases: [], bytes: 4, bits: 32, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nxm1(107, 'CT_MARK')] },
  { name: 'ct_label', aliases: [], bytes: 16, bits: 128, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [nxm1(108, 'CT_LABEL')] },
  { name: 'ct_nw_src', aliases: [], bytes: 4, bits: 32, ...READ_MASKED, display: 'ipv4', requires: 'ct', wire: [nxm1(120, 'CT_NW_SRC')] },
  { name: 'ct_ipv6_src', aliases: [], bytes: 16, bits: 128, ...READ_MASKED, display: 'ipv6', requires: 'ct', wire: [nxm1(122, 'CT_IPV6_SRC')] },
  { name: 'ct_nw_dst', aliases: [], bytes: 4, bits: 32, ...READ_MASKED, display: 'ipv4', requires: 'ct', wire: [nxm1(121, 'CT_NW_DST')] },
  { name: 'ct_ipv6_dst', aliases: [], bytes: 16, bits: 128, ...READ_MASKED, display: 'ipv6', requires: 'ct', wire: [nxm1(123, 'CT_IPV6_DST')] },
  { name: 'ct_nw_proto', aliases: [], bytes: 1, bits: 8, ...READ_EXACT, display: 'decimal', requires: 'ct', wire: [nxm1(119, 'CT_NW_PROTO')] },
  { name: 'ct_tp_src', aliases: [], bytes: 2, bits: 16, ...READ_MASKED, display: 'decimal', requires: 'ct', wire: [nxm1(124, 'CT_TP_SRC')] },
  { name: 'ct_tp_dst', aliases: [], bytes: 2, bits: 16, ...READ_MASKED, display: 'decimal', requires: 'ct', wire: [nxm1(125, 'CT_TP_DST')] },
  { name: 'metadata', aliases: [], bytes: 8, bits: 64, ...READ_WRITE, display: 'hexadecimal', requires: 'none', wire: [oxm(2, 'METADATA')] },
] as const satisfies readonly FieldRow[];
