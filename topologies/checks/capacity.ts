/**
 * Hosts have room for their guests, and the lab's own subnets for its nodes.
 */
import { bitsOf, formatPrefix, parsePrefix, type Prefix } from '../../controller/network/address.ts';
import type { Topology } from '../schema.ts';
import type { Problem } from './problem.ts';

export function* capacity(topology: Topology): Generator<Problem> {
  for (const [name, { capacity: room }] of Object.entries(topology.hosts)) {
    const guests = Object.values(topology.guests).filter(({ host }) => host === name);
    const memory = guests.reduce((sum, guest) => sum + guest.memory, 0);
    if (guests.length > room.guests || memory > room.memory) {
      yield {
        code: 'TOPOLOGY_CAPACITY',
        path: ['hosts', name, 'capacity'],
        sentence:
          `hosts.${name}.capacity is ${room.guests} guests and ${room.memory} MiB, ` +
          `but ${guests.length} guests with ${memory} MiB start there`,
      };
    }
  }
}

export function* management(topology: Topology): Generator<Problem> {
  if (!topology.lab) return;
  const { management: text, wan } = topology.lab;
  const room = (path: string[], prefix: Prefix, needed: number): Problem | undefined => {
    const size = 1n << BigInt(bitsOf(prefix.version) - prefix.length);
    if (BigInt(needed) <= size) return undefined;
    const sentence = `${path.join('.')} is ${formatPrefix(prefix)}: expected a subnet of at least ${needed} addresses`;
    return { code: 'TOPOLOGY_CAPACITY', path, sentence };
  };
  const sites = Object.keys(topology.sites).length;
  const switches = Object.keys(topology.hosts).length + Object.keys(topology.edges).length;
  const nodes = switches + (topology.dns === undefined ? 0 : 1);
  const problems = [
    room(['lab', 'management'], parsePrefix(text)!, nodes + 12),
    room(['lab', 'wan', 'prefix'], parsePrefix(wan.prefix)!, sites * (sites - 1)),
    room(['lab', 'wan', 'prefix6'], parsePrefix(wan.prefix6)!, sites * (sites - 1)),
  ];
  for (const problem of problems) if (problem) yield problem;
  const versions = { prefix: 4, prefix6: 6 } as const;
  for (const field of ['prefix', 'prefix6'] as const) {
    if (parsePrefix(wan[field])!.version !== versions[field]) {
      yield {
        code: 'TOPOLOGY_FIELD',
        path: ['lab', 'wan', field],
        sentence: `lab.wan.${field} is ${wan[field]}: expected an IPv${versions[field]} subnet`,
      };
    }
  }
}
