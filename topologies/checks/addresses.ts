/**
 * Every station has an address of its site's subnets that nobody else has.
 */
import { formatAddress, parseAddress, parsePrefix } from '../../controller/network/address.ts';
import { nameServerSite } from '../naming.ts';
import { pathText } from '../path-text.ts';
import type { Topology } from '../schema.ts';
import { duplicate, outside, type Problem } from './problem.ts';

/** Everything that has an address, in a site's subnets. */
function* stations(
  topology: Topology,
): Generator<{ path: readonly PropertyKey[]; site: string; text: string }> {
  for (const kind of ['hosts', 'edges'] as const) {
    const switches: Readonly<Record<string, Topology['hosts' | 'edges'][string]>> = topology[kind];
    for (const [name, { site, underlay }] of Object.entries(switches)) {
      yield { path: [kind, name, 'underlay'], site, text: underlay };
    }
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    const site = topology.hosts[guest.host]!.site;
    for (const { path, addresses: list } of guest.interfaces) {
      for (const [i, text] of list.entries()) {
        yield { path: ['guests', name, ...path, 'addresses', i], site, text };
      }
    }
  }
  for (const [name, { behind, address }] of Object.entries(topology.lab?.nat ?? {})) {
    yield { path: ['lab', 'nat', name, 'address'], site: behind, text: address };
  }
  for (const section of ['clients', 'attackers'] as const) {
    for (const [name, station] of Object.entries(topology.lab?.[section] ?? {})) {
      for (const [i, text] of station.addresses.entries()) {
        yield { path: ['lab', section, name, 'addresses', i], site: station.site, text };
      }
    }
  }
  const { dns, lab } = topology;
  const site = nameServerSite(topology);
  if (lab !== undefined && dns !== undefined && site !== undefined) {
    yield { path: ['dns', 'server'], site, text: dns.server.address };
  }
}

export function* addresses(topology: Topology): Generator<Problem> {
  const taken = new Map<string, string>();
  for (const [site, { subnets: list }] of Object.entries(topology.sites)) {
    for (const [i, { gateway }] of list.entries()) {
      taken.set(formatAddress(parseAddress(gateway)!), `sites.${site}.subnets[${i}].gateway`);
    }
  }
  for (const { path, site, text } of stations(topology)) {
    const list = topology.sites[site]!.subnets;
    yield* outside(
      path,
      text,
      list.map(({ prefix }) => parsePrefix(prefix)!),
      site,
    );
    const address = parseAddress(text)!;
    const key = formatAddress(address);
    const before = taken.get(key);
    if (before !== undefined) {
      yield duplicate(
        path,
        `${pathText(path)} is ${text}, which ${before} has already: expected a free address`,
      );
    }
    taken.set(key, pathText(path));
    const pool = list.find(({ careOf }) => {
      if (!careOf) return false;
      const [first, last] = [parseAddress(careOf.first)!, parseAddress(careOf.last)!];
      return address.version === first.version && address.value >= first.value && address.value <= last.value;
    });
    if (pool) {
      yield duplicate(
        path,
        `${pathText(path)} is ${text}, which is in the care-of range of site ${site}: expected an address outside it`,
      );
    }
  }
  for (const [name, guest] of Object.entries(topology.guests)) {
    for (const { path: of, addresses: list } of guest.interfaces) {
      const path = ['guests', name, ...of, 'addresses'];
      const versions = list.map((text) => parseAddress(text)!.version);
      if (new Set(versions).size !== versions.length) {
        yield {
          code: 'TOPOLOGY_DUPLICATE',
          path,
          sentence: `${pathText(path)}: expected at most one IPv4 and one IPv6 address`,
        };
      }
    }
  }
}
