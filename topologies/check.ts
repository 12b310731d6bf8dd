/**
 * What must hold between the parts of a topology: references lead somewhere, addresses are in their subnets
 * and in nobody else's, and hosts have room for their guests.
 */
import { addresses } from './checks/addresses.ts';
import { capacity, management } from './checks/capacity.ts';
import { experiments } from './checks/experiment.ts';
import { identities, names } from './checks/names.ts';
import { naming } from './checks/naming.ts';
import type { Problem } from './checks/problem.ts';
import { references } from './checks/references.ts';
import { subnets } from './checks/subnets.ts';
import { translation } from './checks/translation.ts';
import type { Topology } from './schema.ts';

/** The first problem in the order of the file's parts, or undefined. */
export function check(topology: Topology): Problem | undefined {
  const rules = [
    names,
    references,
    translation,
    subnets,
    naming,
    addresses,
    identities,
    capacity,
    management,
    experiments,
  ];
  for (const rule of rules) {
    for (const problem of rule(topology)) return problem;
  }
  return undefined;
}
