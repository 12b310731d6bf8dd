/**
 * ARP and neighbour discovery, answered in the datapath for an address that somebody else has: RFC 826; RFC 4861,
 * sections 4.3, 4.4 and 7.2; RFC 4862, section 5.4.
 */
import { isIPv4 } from 'node:net';
import type { MatchInput } from '../../controller/openflow/index.ts';
import {
  copy,
  type FlowList,
  ETH_ARP,
  ICMPV6,
  ip,
  meter,
  resubmit,
  set,
} from '../../controller/switches/flow.ts';
import { Register } from '../../controller/switches/pipeline.ts';

const ARP_REQUEST = 1;
export const ARP_REPLY = 2;
export const ND_SOLICIT = 135;
export const ND_ADVERT = 136;
const TARGET_LINK_LAYER_ADDRESS = 2;
const ALL_NODES = { ipv6: 'ff02::1', ethernet: '33:33:00:00:00:01' } as const;
export const UNSPECIFIED = '::';
/** The hop limit of neighbour discovery (RFC 4861, section 7.1): a router that passes it on would have lowered it. */
const HOP_LIMIT = 255;
const ON_LINK = { [Register.onLink]: 1 };
/** Flags of a neighbour advertisement (RFC 4861, section 4.4). */
export const NdFlag = { router: 0x8000_0000, solicited: 0x4000_0000, override: 0x2000_0000 } as const;

/**
 * Neighbour discovery that came by a router is dropped: anybody may send it, from forged sources. What is looked up in the
 * flows that name a source or a target has to carry the mark that is set here. OVS looks at registers first, so no other
 * packet's megaflow is made for its source alone.
 */
export function onLinkAlone(list: FlowList): void {
  for (const icmpv6_type of [ND_SOLICIT, ND_ADVERT]) {
    const nd = { ...ip[6], ip_proto: ICMPV6, icmpv6_type };
    list.add('neighbour', 200, { [Register.onLink]: 0, ...nd }, [[], 'onLink']);
  }
  list.add('onLink', 100, { ...ip[6], nw_ttl: HOP_LIMIT }, [
    [set(Register.onLink, 1), resubmit('neighbour')],
  ]);
}

/** An address that the bridge holds, or answers for: whoever asks is told, and whoever claims it. */
export function addressAnswers(list: FlowList, address: string, mac: string): void {
  if (isIPv4(address)) {
    answerArp(list, 100, {}, address, mac);
  } else {
    answerNd(list, 100, {}, address, mac, 0);
    denyNd(list, 110, address, mac);
  }
}

export type Asked = Pick<MatchInput, 'reg0' | 'reg1'>;

export function answerArp(
  list: FlowList,
  priority: number,
  asked: Asked,
  address: string,
  mac: string,
): void {
  list.add('neighbour', priority, { ...asked, eth_type: ETH_ARP, arp_op: ARP_REQUEST, arp_tpa: address }, [
    [
      copy('eth_src', 0, 'eth_dst', 0, 48),
      set('eth_src', mac),
      set('arp_op', ARP_REPLY),
      copy('arp_sha', 0, 'arp_tha', 0, 48),
      copy('arp_spa', 0, 'arp_tpa', 0, 32),
      set('arp_sha', mac),
      set('arp_spa', address),
    ],
    'answer',
  ]);
}

/**
 * RFC 4861, section 7.2.4. The datapath rewrites the solicitation's source link-layer address option into a
 * target one; that is done in user space, hence the meter.
 */
export function answerNd(
  list: FlowList,
  priority: number,
  asked: Asked,
  address: string,
  mac: string,
  flags: number,
): void {
  const nd = { ...ON_LINK, ...ip[6], ip_proto: ICMPV6 };
  list.add('neighbour', priority, { ...asked, ...nd, icmpv6_type: ND_SOLICIT, nd_target: address }, [
    [
      meter('neighbour'),
      copy('eth_src', 0, 'eth_dst', 0, 48),
      set('eth_src', mac),
      copy('ipv6_src', 0, 'ipv6_dst', 0, 128),
      set('ipv6_src', address),
      set('icmpv6_type', ND_ADVERT),
    ],
    'neighbourReply',
  ]);
  list.add('neighbourReply', priority, { ...asked, ...nd, icmpv6_type: ND_ADVERT, nd_target: address }, [
    [
      set('nd_options_type', TARGET_LINK_LAYER_ADDRESS),
      set('nd_reserved', flags + NdFlag.solicited + NdFlag.override),
      set('nd_tll', mac),
    ],
    'answer',
  ]);
}

/** Somebody wants to use the address (RFC 4862, section 5.4.3): all are told whose it is, unsolicited. */
function denyNd(list: FlowList, priority: number, address: string, mac: string): void {
  const nd = { ...ON_LINK, ...ip[6], ip_proto: ICMPV6, nd_target: address };
  list.add('neighbour', priority, { ...nd, icmpv6_type: ND_SOLICIT, ipv6_src: UNSPECIFIED }, [
    [
      meter('neighbour'),
      set('eth_dst', ALL_NODES.ethernet),
      set('eth_src', mac),
      set('ipv6_dst', ALL_NODES.ipv6),
      set('ipv6_src', address),
      set('icmpv6_type', ND_ADVERT),
    ],
    'neighbourReply',
  ]);
  list.add('neighbourReply', priority, { ...nd, icmpv6_type: ND_ADVERT, ipv6_dst: ALL_NODES.ipv6 }, [
    [set('nd_reserved', NdFlag.override)],
    'answer',
  ]);
}
