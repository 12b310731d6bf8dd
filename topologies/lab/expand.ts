/**
 * From a topology to a lab plan.
 *
 *      root namespace --- management (a bridge) --- hosts and edges
 *
 *      host: taps - br-int =patch= br-ex - uplink --.
 *                                                    lan (a bridge) [router of the site] wan-B ~~~ wan-A [router]
 *      client: eth0 --------------------------------'
 *
 * A name server is linked as a client is, and to the management network, too. With an edge at the site, its br-int takes
 * the place of `lan`, and only its br-ex is linked to the router. Any two routers have a link of their own, so that a packet
 * is delayed once on its way. The router of a site behind a NAT has one link instead, `outside`, as a station of the site
 * that it is behind.
 */
import { addressAt, formatAddress, parsePrefix } from '../../controller/network/address.ts';
import { NAME_SERVER } from '../naming.ts';
import { networkOf } from '../network.ts';
import type { Topology } from '../schema.ts';
import { LabNotDescribed } from './errors.ts';
import { type Context, ends, routerOf } from './expand/context.ts';
import { guestPlan } from './expand/guests.ts';
import { hostNode } from './expand/hosts.ts';
import { managementLinks, siteLinks, wanLinks } from './expand/links.ts';
import type { ExpandOptions } from './expand/options.ts';
import { managementNode, routerNode } from './expand/routers.ts';
import { nameServerNodes, stationNode } from './expand/stations.ts';
import { edgeNode } from './expand/switches.ts';
import { interfaceName } from './identity.ts';
import { MANAGEMENT } from './management.ts';
import type { LabPlan } from './plan.ts';

/** Throws `LabNotDescribed` when the topology has no `lab`, or says nothing that a lab could be made of. */
export function expand(topology: Topology, options: ExpandOptions): LabPlan {
  const lab = topology.lab;
  if (!lab) throw new LabNotDescribed(topology.name);
  const runDirectory = `${options.runRoot ?? '/run/arctictern'}/${topology.name}`;
  const network = networkOf(topology);
  const context: Context = { topology, lab, network, runDirectory, options };
  const management = parsePrefix(lab.management)!;
  return {
    name: topology.name,
    runDirectory,
    management: {
      node: MANAGEMENT,
      prefix: lab.management,
      rootInterface: interfaceName('at-', topology.name),
      rootAddress: `${formatAddress(addressAt(management, 1))}/${management.length}`,
    },
    hosts: hostsFile(context),
    delay: options.delay ?? 'auto',
    nodes: [
      managementNode(context),
      ...network.sites.map((site) => routerNode(context, site)),
      ...network.hosts.map((host) => hostNode(context, host)),
      ...network.edges.map((edge) => edgeNode(context, edge)),
      ...nameServerNodes(context),
      ...Object.keys(lab.clients).map((name) => stationNode(context, name, 'client')),
      ...Object.keys(lab.attackers).map((name) => stationNode(context, name, 'attacker')),
    ],
    links: [...managementLinks(context), ...siteLinks(context), ...wanLinks(context)],
    guests: network.guests.map((guest) => guestPlan(context, guest)),
    network,
  };
}

function hostsFile({ topology, network, lab }: Context): string {
  const named = [
    ...[...network.hosts, ...network.edges].map(({ name, underlay }) => [underlay, name]),
    ...Object.entries(ends(lab)).map(([name, { addresses }]) => [addresses[0]!, name]),
    ...network.guests.map(({ name, interfaces }) => [interfaces[0]!.addresses[0]!, name]),
    ...network.sites.map(({ name, subnets }) => [subnets[0]!.gateway, routerOf(name)]),
    ...(topology.dns === undefined ? [] : [[topology.dns.server.address, NAME_SERVER]]),
  ];
  return ['127.0.0.1 localhost', '::1 localhost', ...named.map((words) => words.join(' ')), ''].join('\n');
}
