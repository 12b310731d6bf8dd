/**
 * The node that holds the management network, and a router for each site.
 */
import { parsePrefix } from '../../../controller/network/address.ts';
import type { SiteDescription } from '../../../controller/network/description.ts';
import { macOf } from '../identity.ts';
import { managedNodes, MANAGEMENT } from '../management.ts';
import type { NodePlan, StepPlan } from '../plan.ts';
import { addAddress, addressing } from './addressing.ts';
import {
  type Context,
  edgeOf,
  type Lab,
  OUTSIDE,
  routerOf,
  stationsOf,
  step,
  sysctl,
  usesV6,
} from './context.ts';
import { routedSites, wanAddresses } from './wan.ts';

export function managementNode(context: Context): NodePlan {
  const ports = ['root', ...managedNodes(context.topology).map((name) => `m-${name}`)];
  return {
    name: MANAGEMENT,
    kind: 'management',
    directories: [],
    files: [],
    start: [
      sysctl(context, false),
      step('create the bridge', 'ip', 'link', 'add', 'hub', 'type', 'bridge'),
      ...ports.map((port) => step(`attach ${port}`, 'ip', 'link', 'set', port, 'master', 'hub', 'up')),
      step('bridge up', 'ip', 'link', 'set', 'hub', 'up'),
    ],
  };
}

export function routerNode(context: Context, site: SiteDescription): NodePlan {
  const { lab } = context;
  const edge = edgeOf(context, site.name);
  const members = edge ? [edge.name] : stationsOf(context, site.name);
  const nat = lab.nat[site.name];
  const gateways = site.subnets.map(({ prefix, gateway }) => `${gateway}/${parsePrefix(prefix)!.length}`);
  const others = nat ? [] : routedSites(context).filter((other) => other.name !== site.name);
  return {
    name: routerOf(site.name),
    kind: 'router',
    directories: [],
    files: [],
    start: [
      sysctl(context, true),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('create the LAN', 'ip', 'link', 'add', 'lan', 'type', 'bridge'),
      step(
        'name the LAN',
        'ip',
        'link',
        'set',
        'lan',
        'address',
        macOf('02', context.topology.name, site.name, 'lan'),
      ),
      ...members.map((member) =>
        step(`attach ${member}`, 'ip', 'link', 'set', `lan-${member}`, 'master', 'lan', 'up'),
      ),
      step('LAN up', 'ip', 'link', 'set', 'lan', 'up'),
      ...gateways.map((gateway) => addAddress(gateway, 'lan')),
      ...(nat ? natSteps(context, nat) : []),
      ...others.flatMap((other) => {
        const interfaceName = `wan-${other.name}`;
        return (usesV6(context) ? ([4, 6] as const) : ([4] as const)).flatMap((version) => {
          const [near, far] = wanAddresses(context, site.name, other.name, version);
          return [
            addAddress(`${near}/${version === 4 ? 31 : 127}`, interfaceName),
            step(`${interfaceName} up`, 'ip', 'link', 'set', interfaceName, 'up'),
            ...other.subnets
              .filter(({ prefix }) => parsePrefix(prefix)!.version === version)
              .map(({ prefix }) => step(`route to ${prefix}`, 'ip', 'route', 'add', prefix, 'via', far)),
          ];
        });
      }),
    ],
  };
}

/** A station of the site outside, which translates all that leaves to its own address there. */
function natSteps(context: Context, { behind, address }: Lab['nat'][string]): StepPlan[] {
  return [
    step('outside up', 'ip', 'link', 'set', OUTSIDE, 'up'),
    ...addressing(context, behind, [address], OUTSIDE),
    step('create the NAT', 'nft', 'add table ip nat'),
    step('hook the NAT', 'nft', 'add chain ip nat out { type nat hook postrouting priority srcnat; }'),
    step('translate', 'nft', `add rule ip nat out oifname ${OUTSIDE} snat to ${address}`),
  ];
}
