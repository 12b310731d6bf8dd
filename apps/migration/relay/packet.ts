/**
 * What happens to packets that leave a host by its uplink, for the gateway to route.
 */
import type { GuestInterface } from '../../../controller/network/model.ts';
import type { Family } from '../../../controller/network/relay.ts';
import type { Action, MatchInput } from '../../../controller/openflow/index.ts';
import { decTtl, ip, set } from '../../../controller/switches/flow.ts';

export const ipOf = { ipv4: ip[4], ipv6: ip[6] } as const;

export const outOfUplink = (nic: GuestInterface, gateway: string, uplink: Action): readonly Action[] => [
  decTtl,
  set('eth_src', nic.mac),
  set('eth_dst', gateway),
  uplink,
];

export const setSource = (family: Family, address: string): Action =>
  family === 'ipv4' ? set('ip_src', address) : set('ipv6_src', address);

export const setDestination = (family: Family, address: string): Action =>
  family === 'ipv4' ? set('ip_dst', address) : set('ipv6_dst', address);

export const from = (family: Family, address: string): MatchInput =>
  family === 'ipv4' ? { ...ipOf.ipv4, ip_src: address } : { ...ipOf.ipv6, ipv6_src: address };

export const to = (family: Family, address: string): MatchInput =>
  family === 'ipv4' ? { ...ipOf.ipv4, ip_dst: address } : { ...ipOf.ipv6, ipv6_dst: address };
