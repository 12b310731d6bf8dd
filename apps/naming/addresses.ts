/**
 * The addresses that new clients should use for a guest. Pure.
 *
 * At home its home addresses; elsewhere the care-of addresses of where it is. Where a visited site offers none of a
 * family, the home address, as long as the home anchor still relays what is new. While it is between two hosts, and
 * while it runs nowhere, nothing is known that is better than what has been published.
 */
import type { Migration } from '../../controller/network/migration.ts';
import { HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { Guest, GuestInterface, Host, NetworkState } from '../../controller/network/model.ts';
import type { Addresses } from '../../controller/network/names.ts';

/** IPv4 first; undefined when what has been published should stay. */
export function addressesForNewClients(state: NetworkState, guest: Guest): readonly string[] | undefined {
  const host = state.hosts.get(state.placements.get(guest.name) ?? '');
  if (host === undefined || isBetween(state.migrations.get(guest.name))) return undefined;
  const each = guest.interfaces.map((nic) => ofInterface(state, nic, host));
  const addresses = (['ipv4', 'ipv6'] as const).flatMap((family) => each.flatMap((one) => one[family] ?? []));
  // A name without an address helps nobody.
  return addresses.length === 0 ? undefined : addresses;
}

/** Stopped at the source, and not yet known to run at the destination, or back at the source. */
function isBetween(migration: Migration | undefined): boolean {
  return migration?.phase === 'switching' || migration?.phase === 'failed';
}

function ofInterface(state: NetworkState, nic: GuestInterface, host: Host): Addresses {
  if (host.site === nic.homeSite) return nic.home;
  const anchors = state.anchors.get(nic.number) ?? [];
  const careOf = anchors.find((anchor) => anchor.host === host.name && anchor.index !== HOME_ANCHOR);
  const home = anchors.find(({ index }) => index === HOME_ANCHOR);
  return { ...(home?.admit === 'all' ? nic.home : {}), ...careOf?.addresses };
}
