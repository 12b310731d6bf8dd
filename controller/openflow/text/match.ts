/**
 * Matches as Open vSwitch prints them: `tcp,nw_dst=10.0.0.0/8,tp_dst=80`.
 *
 * OVS does not print OXM fields one by one but what they say about a packet: one register half of a 64-bit one,
 * one VLAN tag of its id and priority. So the fields are first laid over each other, then printed in OVS's order.
 */
import { DEFAULT_PRIORITY } from '../constants.ts';
import type { FieldValue, OxmField } from '../fields.ts';
import type { Match } from '../match.ts';
import {
  alternateHex,
  bytesToBigint,
  CT_STATE_BITS,
  formatFieldValue,
  formatFlags,
  formatFragment,
  formatIpv4Masked,
  formatIpv6Masked,
  formatMacMasked,
  formatPacketType,
  formatPort,
  formatPort16,
  hex,
  hexDigits,
  TCP_FLAG_BITS,
  TUNNEL_FLAG_BITS,
} from './values.ts';

interface Bits {
  value: bigint;
  mask: bigint;
}

const ETH_IP = 0x0800;
const ETH_IPV6 = 0x86dd;
const ETH_ARP = 0x0806;
const ETH_RARP = 0x8035;
const ETH_NSH = 0x894f;
const U16 = 0xffffn;
const U32 = 0xffffffffn;
const U64 = 0xffffffffffffffffn;
const VLAN_CFI = 0x1000;

/** What a match says about packets, by OVS's own names. */
class View {
  readonly fields = new Map<string, Bits>();
  /** What has no place in OVS's order: metadata of tunnels, fields OVS does not have, raw OXMs. */
  readonly tunMetadata: string[] = [];
  readonly others: string[] = [];

  overlay(name: string, value: bigint, mask: bigint): void {
    const bits = this.fields.get(name);
    if (bits === undefined) {
      this.fields.set(name, { value: value & mask, mask });
    } else {
      bits.value |= value & mask;
      bits.mask |= mask;
    }
  }

  value(name: string): number {
    return Number(this.fields.get(name)?.value ?? 0n);
  }

  mask(name: string): number {
    return Number(this.fields.get(name)?.mask ?? 0n);
  }
}

/** Registers are kept in 32 bits each; wider ones are several, the first being the most significant. */
function overlayRegisters(view: View, first: number, count: number, value: bigint, mask: bigint): void {
  for (let i = 0; i < count; i++) {
    const shift = BigInt((count - 1 - i) * 32);
    view.overlay(`reg${first + i}`, (value >> shift) & U32, (mask >> shift) & U32);
  }
}

function overlayField(view: View, field: OxmField, value: FieldValue, mask: FieldValue | undefined): void {
  if (value instanceof Uint8Array) {
    if (field.isRaw) view.others.push(`oxm(0x${hexDigits(value)})`);
    else view.tunMetadata.push(tunMetadata(field, value, mask instanceof Uint8Array ? mask : undefined));
    return;
  }
  const v = BigInt(value);
  const m =
    mask === undefined || mask instanceof Uint8Array ? (1n << BigInt(field.length * 8)) - 1n : BigInt(mask);
  const { name } = field;
  const family = /^(x{0,2})reg([0-9]+)$/.exec(name);
  if (family !== null) {
    const count = 2 ** family[1]!.length;
    overlayRegisters(view, Number(family[2]) * count, count, v, m);
    return;
  }
  switch (name) {
    case 'vlan_vid':
      view.overlay('vlan_tci', v, m & 0x1fffn);
      return;
    case 'vlan_pcp':
      view.overlay('vlan_tci', (v << 13n) | BigInt(VLAN_CFI), 0xf000n);
      return;
    case 'tun_flags':
      view.overlay(name, v, m & 1n);
      return;
    case 'nxm_in_port':
      view.overlay('in_port', v >= 0xff00n ? v + 0xffff0000n : v, U32);
      return;
    case 'ip_dscp':
      view.overlay('nw_tos', v << 2n, 0xfcn);
      return;
    case 'nw_tos':
      view.overlay('nw_tos', v, 0xfcn);
      return;
    case 'nw_ecn':
      view.overlay('nw_tos', v, 3n);
      return;
    case 'arp_op':
      view.overlay('nw_proto', v, U16);
      return;
    case 'arp_spa':
    case 'ip_src':
      view.overlay('nw_src', v, m);
      return;
    case 'arp_tpa':
    case 'ip_dst':
      view.overlay('nw_dst', v, m);
      return;
    case 'nd_sll':
      view.overlay('arp_sha', v, m);
      return;
    case 'nd_tll':
      view.overlay('arp_tha', v, m);
      return;
    case 'tcp_src':
    case 'udp_src':
    case 'sctp_src':
      view.overlay('tp_src', v, m);
      return;
    case 'tcp_dst':
    case 'udp_dst':
    case 'sctp_dst':
      view.overlay('tp_dst', v, m);
      return;
    case 'icmp_type':
    case 'icmpv6_type':
      view.overlay('tp_src', v, U16);
      return;
    case 'icmp_code':
    case 'icmpv6_code':
      view.overlay('tp_dst', v, U16);
      return;
    case 'in_phy_port':
    case 'pbb_isid':
    case 'pbb_uca':
    case 'ipv6_exthdr':
      view.others.push(`${name}=${formatFieldValue(field, value, mask)}`);
      return;
    default:
      view.overlay(name, v, m);
  }
}

function tunMetadata(field: OxmField, value: Uint8Array, mask: Uint8Array | undefined): string {
  if (mask?.every((byte) => byte === 0) === true) return field.name;
  const shown = alternateHex(bytesToBigint(value));
  if (mask === undefined || mask.every((byte) => byte === 0xff)) return `${field.name}=${shown}`;
  return `${field.name}=${shown}/${alternateHex(bytesToBigint(mask))}`;
}

class Printer {
  readonly parts: string[] = [];
  private readonly view: View;

  constructor(view: View) {
    this.view = view;
  }

  private put(name: string, key: string, format: (bits: Bits) => string): void {
    const bits = this.view.fields.get(key);
    if (bits !== undefined && bits.mask !== 0n) this.parts.push(`${name}=${format(bits)}`);
  }

  text(text: string): void {
    this.parts.push(text);
  }

  /** `%#x`, with the mask unless it is all ones. */
  hex(key: string, full: bigint): void {
    this.put(
      key,
      key,
      ({ value, mask }) => alternateHex(value) + (mask === full ? '' : `/${alternateHex(mask)}`),
    );
  }

  /** Decimal where matched exactly, else both in hex of at least `width` digits. */
  decimal(name: string, full: bigint, width = 1, key = name): void {
    const wide = (n: bigint) => `0x${n.toString(16).padStart(width, '0')}`;
    this.put(name, key, ({ value, mask }) =>
      mask === full ? String(value) : `${wide(value)}/${wide(mask)}`,
    );
  }

  exact(name: string, format: (value: number) => string, key = name): void {
    this.put(name, key, ({ value }) => format(Number(value)));
  }

  ipv4(name: string, key = name): void {
    this.put(name, key, ({ value, mask }) => formatIpv4Masked(Number(value), Number(mask)));
  }

  ipv6(name: string, key = name): void {
    this.put(name, key, ({ value, mask }) => formatIpv6Masked(value, mask));
  }

  mac(name: string, key = name): void {
    this.put(name, key, ({ value, mask }) => formatMacMasked(Number(value), Number(mask)));
  }

  flags(name: string, bits: readonly string[], full: number): void {
    this.put(name, name, ({ value, mask }) => formatFlags(bits, Number(value), Number(mask) & full, full));
  }

  hexOrMasked(name: string): void {
    this.put(name, name, ({ value, mask }) => hex(value) + (mask === U32 ? '' : `/${hex(mask)}`));
  }
}

/** The word for an Ethernet type and IP protocol, and what it says that need not be said again. */
function protocolWord(view: View, ethType: number): { word: string; saysProtocol: boolean } | undefined {
  const proto = view.mask('nw_proto') === 0 ? undefined : view.value('nw_proto');
  const byProto = (names: Readonly<Record<number, string>>, none: string) => {
    const word = proto === undefined ? undefined : names[proto];
    return { word: word ?? none, saysProtocol: word !== undefined };
  };
  switch (ethType) {
    case ETH_IP:
      return byProto({ 1: 'icmp', 6: 'tcp', 17: 'udp', 132: 'sctp' }, 'ip');
    case ETH_IPV6:
      return byProto({ 58: 'icmp6', 6: 'tcp6', 17: 'udp6', 132: 'sctp6' }, 'ipv6');
    case ETH_ARP:
      return { word: 'arp', saysProtocol: false };
    case ETH_RARP:
      return { word: 'rarp', saysProtocol: false };
    case 0x8847:
      return { word: 'mpls', saysProtocol: false };
    case 0x8848:
      return { word: 'mplsm', saysProtocol: false };
    default:
      return undefined;
  }
}

function printConntrack(p: Printer, view: View): void {
  const state = view.fields.get('ct_state');
  if (state !== undefined && (state.mask & 0xffn) !== 0n) {
    p.text(
      `ct_state=${formatFlags(CT_STATE_BITS, Number(state.value & 0xffn), Number(state.mask & 0xffn), 0xff)}`,
    );
  }
  p.decimal('ct_zone', U16);
  p.hex('ct_mark', U32);
  const label = view.fields.get('ct_label');
  if (label !== undefined && label.mask !== 0n) {
    p.text(
      `ct_label=${alternateHex(label.value)}${label.mask === (1n << 128n) - 1n ? '' : `/${alternateHex(label.mask)}`}`,
    );
  }
  p.ipv4('ct_nw_src');
  p.ipv6('ct_ipv6_src');
  p.ipv4('ct_nw_dst');
  p.ipv6('ct_ipv6_dst');
  if (view.mask('ct_nw_proto') !== 0) {
    p.exact('ct_nw_proto', String);
    p.decimal('ct_tp_src', U16);
    p.decimal('ct_tp_dst', U16);
  }
}

function printTunnel(p: Printer, view: View): void {
  p.hex('tun_id', U64);
  p.ipv4('tun_src');
  p.ipv4('tun_dst');
  p.ipv6('tun_ipv6_src');
  p.ipv6('tun_ipv6_dst');
  p.decimal('tun_gbp_id', U16);
  p.exact('tun_gbp_flags', alternateHex);
  p.exact('tun_erspan_ver', String);
  const version = view.value('tun_erspan_ver');
  if (version === 1) p.exact('tun_erspan_idx', alternateHex);
  if (version === 2) {
    p.exact('tun_erspan_dir', String);
    p.exact('tun_erspan_hwid', alternateHex);
  }
  p.exact('gtpu_flags', alternateHex, 'tun_gtpu_flags');
  p.exact('gtpu_msgtype', String, 'tun_gtpu_msgtype');
  p.flags('tun_flags', TUNNEL_FLAG_BITS, 0xf);
  for (const text of view.tunMetadata) p.text(text);
}

function printVlan(p: Printer, view: View): void {
  const mask = view.mask('vlan_tci');
  if (mask === 0) return;
  const tci = view.value('vlan_tci');
  const vidMask = mask & 0xfff;
  const pcpMask = mask & 0xe000;
  const wide = (n: number) => `0x${n.toString(16).padStart(4, '0')}`;
  const whole =
    (mask & tci & VLAN_CFI) !== 0 &&
    (vidMask === 0 || vidMask === 0xfff) &&
    (pcpMask === 0 || pcpMask === 0xe000) &&
    (vidMask | pcpMask) !== 0;
  if (whole) {
    if (vidMask !== 0) p.text(`dl_vlan=${tci & 0xfff}`);
    if (pcpMask !== 0) p.text(`dl_vlan_pcp=${tci >>> 13}`);
  } else {
    p.text(`vlan_tci=${wide(tci)}${mask === 0xffff ? '' : `/${wide(mask)}`}`);
  }
}

const NSH_BYTE_FIELDS = ['nsh_flags', 'nsh_ttl', 'nsh_mdtype', 'nsh_np'];

function printNsh(p: Printer, view: View): void {
  for (const name of NSH_BYTE_FIELDS) p.decimal(name, 0xffn, 2);
  p.hexOrMasked('nsh_spi');
  p.decimal('nsh_si', 0xffn, 2);
  if (view.mask('nsh_mdtype') === 0xff && view.value('nsh_mdtype') === 1) {
    for (const name of ['nsh_c1', 'nsh_c2', 'nsh_c3', 'nsh_c4']) p.hexOrMasked(name);
  }
}

function printNetwork(p: Printer, view: View, ethType: number): void {
  const arp = ethType === ETH_ARP || ethType === ETH_RARP;
  if (ethType === ETH_IPV6) {
    p.ipv6('ipv6_src');
    p.ipv6('ipv6_dst');
    const label = view.fields.get('ipv6_label');
    if (label !== undefined && label.mask !== 0n) {
      const wide = (n: bigint) => `0x${n.toString(16).padStart(5, '0')}`;
      p.text(`ipv6_label=${wide(label.value)}${label.mask === U32 ? '' : `/${wide(label.mask)}`}`);
    }
  } else if (arp) {
    p.ipv4('arp_spa', 'nw_src');
    p.ipv4('arp_tpa', 'nw_dst');
  } else if (ethType === ETH_NSH) {
    printNsh(p, view);
  } else {
    p.ipv4('nw_src');
    p.ipv4('nw_dst');
  }
}

function printNetworkRest(p: Printer, view: View): void {
  if ((view.mask('nw_tos') & 0xfc) !== 0) p.text(`nw_tos=${view.value('nw_tos') & 0xfc}`);
  if ((view.mask('nw_tos') & 3) !== 0) p.text(`nw_ecn=${view.value('nw_tos') & 3}`);
  p.exact('nw_ttl', String);
  p.exact('mpls_label', String);
  p.exact('mpls_tc', String);
  p.exact('mpls_ttl', String);
  p.exact('mpls_bos', String);
  const frag = view.mask('ip_frag') & 3;
  if (frag !== 0) p.text(`nw_frag=${formatFragment(view.value('ip_frag'), frag)}`);
}

function printTransport(p: Printer, view: View, ethType: number): void {
  const proto = view.value('nw_proto');
  if (ethType === ETH_IP && proto === 1) {
    p.decimal('icmp_type', U16, 1, 'tp_src');
    p.decimal('icmp_code', U16, 1, 'tp_dst');
  } else if (ethType === ETH_IPV6 && proto === 58) {
    p.decimal('icmp_type', U16, 1, 'tp_src');
    p.decimal('icmp_code', U16, 1, 'tp_dst');
    p.ipv6('nd_target');
    p.mac('nd_sll', 'arp_sha');
    p.mac('nd_tll', 'arp_tha');
    p.exact('nd_reserved', String);
    p.exact('nd_options_type', String);
  } else {
    p.decimal('tp_src', U16);
    p.decimal('tp_dst', U16);
  }
  if ((ethType === ETH_IP || ethType === ETH_IPV6) && proto === 6) p.flags('tcp_flags', TCP_FLAG_BITS, 0xfff);
}

/**
 * A match in OVS's syntax, as `ovs-ofctl dump-flows --no-names` prints it; the priority comes first where it is
 * not the default. OXMs that are not understood come last, as `oxm(0x…)`.
 */
export function formatMatch(match: Match, priority: number = DEFAULT_PRIORITY): string {
  const view = new View();
  for (const { field, value, mask } of match) overlayField(view, field, value, mask);
  const p = new Printer(view);
  if (priority !== DEFAULT_PRIORITY) p.text(`priority=${priority}`);
  p.hex('pkt_mark', U32);
  p.hex('recirc_id', U32);
  p.hex('dp_hash', U32);
  p.exact('conj_id', String);
  p.exact('actset_output', formatPort);
  printConntrack(p, view);
  let ethType = view.value('eth_type');
  const packetType = view.value('packet_type');
  if (view.mask('packet_type') !== 0 && packetType !== 0) {
    p.text(formatPacketType(packetType, view.mask('packet_type')));
    if (packetType >>> 16 === 1) ethType = packetType & 0xffff;
  }
  const word = view.mask('eth_type') === 0 ? undefined : protocolWord(view, ethType);
  if (word !== undefined) p.text(word.word);
  for (let i = 0; i < 16; i++) p.hex(`reg${i}`, U32);
  printTunnel(p, view);
  p.hex('metadata', U64);
  p.exact('in_port', (port) => (port >= 0xffffff00 ? formatPort16(port - 0xffff0000) : String(port)));
  printVlan(p, view);
  p.mac('dl_src', 'eth_src');
  p.mac('dl_dst', 'eth_dst');
  if (word === undefined) p.exact('dl_type', (type) => `0x${type.toString(16).padStart(4, '0')}`, 'eth_type');
  printNetwork(p, view, ethType);
  const arp = ethType === ETH_ARP || ethType === ETH_RARP;
  if (word?.saysProtocol !== true) p.exact(arp ? 'arp_op' : 'nw_proto', String, 'nw_proto');
  if (arp) {
    p.mac('arp_sha');
    p.mac('arp_tha');
  }
  printNetworkRest(p, view);
  printTransport(p, view, ethType);
  for (const text of view.others) p.text(text);
  return p.parts.join(',');
}
