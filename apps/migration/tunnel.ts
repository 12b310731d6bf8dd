/**
 * Into a tunnel: the actions that give a packet its key and its far end.
 */
import type { Host } from '../../controller/network/model.ts';
import type { Action } from '../../controller/openflow/index.ts';
import { checkPacketLarger, copy, set } from '../../controller/switches/flow.ts';
import {
  ETHERNET_HEADER,
  Register,
  tunnelKey,
  TUNNEL_OVERHEAD,
  TunnelKey,
} from '../../controller/switches/pipeline.ts';

type Direction = 'to-guest' | 'from-guest';

/** Key and far end; the caller outputs. */
export function tunnelTo(interfaceNumber: number, anchor: number, direction: Direction, to: Host): Action[] {
  return [
    set('tun_id', BigInt(tunnelKey(interfaceNumber, anchor, direction))),
    setTunnelDestination(to.underlay),
  ];
}

/** The same, and marks what does not fit; the caller goes on to `relay`. */
export function relayTo(
  interfaceNumber: number,
  anchor: number,
  direction: Direction,
  to: Host,
  mtu: number,
): Action[] {
  return [checkFits(to, mtu), ...tunnelTo(interfaceNumber, anchor, direction, to)];
}

/** On to another host with the anchor that the packet came through. */
export function forwardTo(interfaceNumber: number, to: Host, mtu: number): Action[] {
  const { offset, bits } = TunnelKey.anchor;
  return [
    checkFits(to, mtu),
    set('tun_id', BigInt(tunnelKey(interfaceNumber, 0, 'to-guest'))),
    copy(Register.anchor, 0, 'tun_id', offset, bits),
    setTunnelDestination(to.underlay),
  ];
}

function checkFits(to: Host, mtu: number): Action {
  const overhead = to.underlay.includes(':') ? TUNNEL_OVERHEAD[6] : TUNNEL_OVERHEAD[4];
  return checkPacketLarger(mtu - overhead + ETHERNET_HEADER, Register.tooLarge);
}

function setTunnelDestination(underlay: string): Action {
  return underlay.includes(':') ? set('tun_ipv6_dst', underlay) : set('tun_dst', underlay);
}
