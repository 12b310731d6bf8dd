/**
 * The name server can hold the names that guests are to have, and a lab can build it.
 */
import { dnsNameOf, nameServerSite } from '../naming.ts';
import { pathText } from '../path-text.ts';
import type { Topology } from '../schema.ts';
import { duplicate, type Problem } from './problem.ts';

/** Names of guests are in the zone, each once; a lab has a place for its name server. */
export function* naming(topology: Topology): Generator<Problem> {
  const { dns, guests, lab } = topology;
  if (dns === undefined) {
    for (const [name, { dnsName }] of Object.entries(guests)) {
      if (dnsName === undefined) continue;
      const path = ['guests', name, 'dnsName'];
      const sentence = `${pathText(path)} is ${dnsName}, and the file has no \`dns\`: say there which server and zone`;
      yield { code: 'TOPOLOGY_REFERENCE', path, sentence };
    }
    return;
  }
  const taken = new Map<string, string>();
  for (const guest of Object.keys(guests)) {
    const path = ['guests', guest, 'dnsName'];
    const name = dnsNameOf(topology, guest)!;
    if (name !== dns.zone && !name.endsWith(`.${dns.zone}`)) {
      const sentence = `${pathText(path)} is ${name}: expected a name in the zone ${dns.zone}`;
      yield { code: 'TOPOLOGY_OUTSIDE', path, sentence };
    }
    const before = taken.get(name);
    if (before !== undefined) {
      yield duplicate(path, `${pathText(path)} is ${name}, which guest ${before} has already`);
    }
    taken.set(name, guest);
  }
  if (lab === undefined) {
    if (dns.key !== undefined) return;
    const sentence = 'dns.key is missing: expected the name and the secret of the key that signs updates';
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'key'], sentence };
    return;
  }
  const { address, port } = dns.server;
  if (nameServerSite(topology) === undefined) {
    const sentence = `dns.server is ${address}: expected an address in a subnet of a site, where the lab can put its name server`;
    yield { code: 'TOPOLOGY_OUTSIDE', path: ['dns', 'server'], sentence };
  }
  if (port !== 53) {
    const sentence = `dns.server has port ${port}: expected none, since resolvers in a lab ask at port 53`;
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'server'], sentence };
  }
  if (dns.key?.secretFile !== undefined) {
    const sentence =
      'dns.key.secretFile: expected no key, since a lab makes one, or its secret, since its name server needs that, too';
    yield { code: 'TOPOLOGY_FIELD', path: ['dns', 'key', 'secretFile'], sentence };
  }
}
