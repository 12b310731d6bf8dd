/**
 * What is named is there: sites, hosts, linked nodes; each pair of sites and each site's edge once.
 */
import type { Topology } from '../schema.ts';
import { duplicate, type Problem, unknown } from './problem.ts';

export function* references(topology: Topology): Generator<Problem> {
  const lab = topology.lab;
  const sited = [
    ...Object.entries(topology.hosts).map(([name, it]) => ({ path: ['hosts', name, 'site'], site: it.site })),
    ...Object.entries(topology.edges).map(([name, it]) => ({ path: ['edges', name, 'site'], site: it.site })),
    ...(['clients', 'attackers'] as const).flatMap((section) =>
      Object.entries(lab?.[section] ?? {}).map(([name, it]) => ({
        path: ['lab', section, name, 'site'],
        site: it.site,
      })),
    ),
    ...(lab?.wan.pairs ?? []).flatMap(({ between }, i) =>
      between.map((site, j) => ({ path: ['lab', 'wan', 'pairs', i, 'between', j], site })),
    ),
    ...Object.entries(lab?.nat ?? {}).flatMap(([site, { behind }]) => [
      { path: ['lab', 'nat', site], site },
      { path: ['lab', 'nat', site, 'behind'], site: behind },
    ]),
  ];
  for (const { path, site } of sited) {
    if (!(site in topology.sites)) yield unknown(path, 'site', site, Object.keys(topology.sites));
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    if (!(guest.host in topology.hosts)) {
      yield unknown(['guests', name, 'host'], 'host', guest.host, Object.keys(topology.hosts));
    }
  }
  const linked = { ...topology.hosts, ...topology.edges, ...lab?.clients, ...lab?.attackers };
  for (const name of Object.keys(lab?.links ?? {})) {
    if (!(name in linked))
      yield unknown(['lab', 'links', name], 'host, edge, client or attacker', name, Object.keys(linked));
  }
  const edges = new Map<string, string>();
  for (const [name, { site }] of Object.entries(topology.edges)) {
    const before = edges.get(site);
    if (before !== undefined) {
      yield duplicate(
        ['edges', name, 'site'],
        `edges.${name}.site is ${site}, which has the edge ${before} already`,
      );
    }
    edges.set(site, name);
  }
  for (const [i, { between }] of (lab?.wan.pairs ?? []).entries()) {
    const first = lab!.wan.pairs.findIndex((it) => between.every((site) => it.between.includes(site)));
    if (between[0] === between[1] || first !== i) {
      yield duplicate(
        ['lab', 'wan', 'pairs', i, 'between'],
        `lab.wan.pairs[${i}].between is ${between.join(', ')}: expected two different sites, each pair once`,
      );
    }
  }
}
