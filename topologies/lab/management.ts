/**
 * The addresses of a lab's management network.
 */
import { addressAt, formatAddress, parsePrefix } from '../../controller/network/address.ts';
import { NAME_SERVER } from '../naming.ts';
import type { Topology } from '../schema.ts';

export const MANAGEMENT = 'management';

export function managementAddress(topology: Topology, node: string): string {
  const management = parsePrefix(topology.lab?.management ?? '198.18.0.0/24')!;
  return formatAddress(addressAt(management, 11 + managedNodes(topology).indexOf(node)));
}

/** The nodes that a lab's controller reaches, in the order of their management addresses. */
export function managedNodes({ hosts, edges, dns }: Topology): string[] {
  return [...Object.keys(hosts), ...Object.keys(edges), ...(dns === undefined ? [] : [NAME_SERVER])];
}
