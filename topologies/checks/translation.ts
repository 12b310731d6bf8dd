/**
 * A site behind a NAT is one that the lab can build.
 */
import { parseAddress, parsePrefix } from '../../controller/network/address.ts';
import { pathText } from '../path-text.ts';
import type { Topology } from '../schema.ts';
import type { Problem } from './problem.ts';

/** A site behind a NAT has IPv4 alone, and nobody reaches what is in it from outside. */
export function* translation({ lab, hosts, sites }: Topology): Generator<Problem> {
  const nat = lab?.nat ?? {};
  const wrong = (path: readonly PropertyKey[], sentence: string): Problem => ({
    code: 'TOPOLOGY_FIELD',
    path,
    sentence: `${pathText(path)} ${sentence}`,
  });
  for (const [site, { behind, address }] of Object.entries(nat)) {
    const path = ['lab', 'nat', site];
    if (behind in nat) {
      yield wrong([...path, 'behind'], `is ${behind}, which is behind a NAT itself: choose another site`);
    }
    if (parseAddress(address)!.version !== 4)
      yield wrong([...path, 'address'], `is ${address}: expected an IPv4 address`);
    if (sites[site]!.subnets.some(({ prefix }) => parsePrefix(prefix)!.version !== 4)) {
      yield wrong(path, 'has an IPv6 subnet: a site behind a NAT has IPv4 alone');
    }
    const host = Object.keys(hosts).find((name) => hosts[name]!.site === site);
    if (host !== undefined)
      yield wrong(path, `has the host ${host}, which nobody would reach: put it at another site`);
  }
}
