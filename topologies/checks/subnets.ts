/**
 * Subnets of their own, with their gateways and care-of ranges in them.
 */
import { formatPrefix, overlap, parsePrefix, type Prefix } from '../../controller/network/address.ts';
import type { Topology } from '../schema.ts';
import { outside, type Problem } from './problem.ts';

interface Subnet {
  readonly path: readonly PropertyKey[];
  readonly text: string;
  readonly prefix: Prefix;
}

function subnetsOf(topology: Topology): Subnet[] {
  const own = Object.entries(topology.sites).flatMap(([site, { subnets: list }]) =>
    list.map((subnet, i) => ({
      path: ['sites', site, 'subnets', i, 'prefix'],
      text: `sites.${site}.subnets[${i}].prefix`,
      prefix: parsePrefix(subnet.prefix)!,
    })),
  );
  if (!topology.lab) return own;
  const { management: mgmt, wan } = topology.lab;
  const extra = (path: string[], text: string): Subnet => ({
    path,
    text: path.join('.'),
    prefix: parsePrefix(text)!,
  });
  return [
    ...own,
    extra(['lab', 'management'], mgmt),
    extra(['lab', 'wan', 'prefix'], wan.prefix),
    extra(['lab', 'wan', 'prefix6'], wan.prefix6),
  ];
}

export function* subnets(topology: Topology): Generator<Problem> {
  const all = subnetsOf(topology);
  for (const [i, subnet] of all.entries()) {
    const other = all.slice(0, i).find((it) => overlap(it.prefix, subnet.prefix));
    if (other) {
      yield {
        code: 'TOPOLOGY_OVERLAP',
        path: subnet.path,
        sentence:
          `${subnet.text} is ${formatPrefix(subnet.prefix)}, which overlaps ` +
          `${formatPrefix(other.prefix)} (${other.text}): expected a subnet of its own`,
      };
    }
  }
  for (const [site, { subnets: list }] of Object.entries(topology.sites)) {
    for (const [i, { prefix, gateway, careOf }] of list.entries()) {
      const base = ['sites', site, 'subnets', i];
      const inside = parsePrefix(prefix)!;
      yield* outside([...base, 'gateway'], gateway, [inside]);
      if (careOf) {
        yield* outside([...base, 'careOf'], careOf.first, [inside]);
        yield* outside([...base, 'careOf'], careOf.last, [inside]);
      }
    }
  }
}
