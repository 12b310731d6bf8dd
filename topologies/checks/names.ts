/**
 * Every node has a name of its own, and no guest has the identity of another.
 */
import { NAME_SERVER } from '../naming.ts';
import { pathText } from '../path-text.ts';
import type { Topology } from '../schema.ts';
import { duplicate, type Problem } from './problem.ts';

/** Names that a lab gives to nodes of its own. */
const RESERVED = new Set(['management', 'wan', 'netem-probe', NAME_SERVER]);

export function* names(topology: Topology): Generator<Problem> {
  const sections = {
    hosts: topology.hosts,
    edges: topology.edges,
    clients: topology.lab?.clients ?? {},
    attackers: topology.lab?.attackers ?? {},
    nat: topology.lab?.nat ?? {},
  };
  const ofLab: readonly string[] = ['clients', 'attackers', 'nat'];
  const taken = new Map<string, string>();
  for (const [section, members] of Object.entries(sections)) {
    const base = ofLab.includes(section) ? ['lab', section] : [section];
    for (const name of Object.keys(members)) {
      const path = [...base, name];
      const before = taken.get(name);
      if (before !== undefined) {
        yield duplicate(path, `${path.join('.')} has the name of ${before}; every node needs its own`);
      }
      if (RESERVED.has(name) || name.startsWith('router-')) {
        yield duplicate(path, `${path.join('.')} has a name that the lab needs for itself; choose another`);
      }
      taken.set(name, path.join('.'));
    }
  }
}

export function* identities(topology: Topology): Generator<Problem> {
  for (const field of ['mac', 'uuid', 'interfaceId'] as const) {
    const taken = new Map<string, string>();
    const owners = Object.entries(topology.guests).flatMap(([name, guest]) =>
      field === 'uuid'
        ? [{ name, path: ['guests', name, field], value: guest.uuid }]
        : guest.interfaces.map((nic) => ({
            name,
            path: ['guests', name, ...nic.path, field],
            value: nic[field],
          })),
    );
    for (const { name, path, value } of owners) {
      if (value === undefined) continue;
      const before = taken.get(value);
      if (before !== undefined) {
        yield duplicate(path, `${pathText(path)} is ${value}, which guest ${before} has already`);
      }
      taken.set(value, name);
    }
  }
}
