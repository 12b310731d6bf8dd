/**
 * The WAN: a link between the routers of any two sites, and the addresses at its ends.
 */
import { addressAt, formatAddress, parsePrefix, type Version } from '../../../controller/network/address.ts';
import type { SiteDescription } from '../../../controller/network/description.ts';
import type { Context } from './context.ts';

/** Sites whose routers know each other; the others are behind one of them. */
export function routedSites({ network, lab }: Context): readonly SiteDescription[] {
  return network.sites.filter(({ name }) => !(name in lab.nat));
}

/** The names of any two of them, in an order that stays. */
export function routedPairs(context: Context): [string, string][] {
  const names = routedSites(context).map(({ name }) => name);
  return names.flatMap((a, i) => names.slice(i + 1).map((b): [string, string] => [a, b]));
}

/** The two addresses of the WAN link between two sites' routers, `site`'s own first. */
export function wanAddresses(
  context: Context,
  site: string,
  other: string,
  version: Version,
): [string, string] {
  const { wan } = context.lab;
  const prefix = parsePrefix(version === 4 ? wan.prefix : wan.prefix6)!;
  const order = routedPairs(context);
  const index = order.findIndex((pair) => pair.includes(site) && pair.includes(other));
  const [first, second] = [2 * index, 2 * index + 1].map((offset) =>
    formatAddress(addressAt(prefix, offset)),
  );
  return order[index]![0] === site ? [first!, second!] : [second!, first!];
}
