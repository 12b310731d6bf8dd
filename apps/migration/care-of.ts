/**
 * Which addresses a guest's interface gets at a host that it visits: those it holds there already, else those that it
 * held there a short while ago, else the lowest that nobody holds or may still be taken to hold. A care-of address is
 * for new connections; relay addresses are for old ones, where the anchors relay by rewriting: one for each anchor and
 * for each kind of who sends there, so that the wire tells them apart.
 */
import { isIPv6 } from 'node:net';
import type { Anchor } from '../../controller/network/anchor.ts';
import type { GuestInterface, Host, NetworkState, Subnet } from '../../controller/network/model.ts';
import type { Addresses } from '../../controller/network/names.ts';
import type { Relay, RelayMode } from '../../controller/network/relay.ts';
import { HOME_ANCHOR, MAX_ANCHOR_INDEX } from '../../controller/network/anchor.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../controller/openflow/index.ts';
import { CareOfPoolExhaustedError, TooManyAnchorsError } from './errors.ts';

/**
 * The anchor that the interface has at the host, or else a new one. A site that offers no range for a family
 * that the guest speaks gives it no care-of address of that family: it has only its old connections then.
 * Throws when a range is exhausted.
 */
export function leaseCareOf(state: NetworkState, nic: GuestInterface, host: Host): Anchor {
  const anchors = state.anchors.get(nic.number) ?? [];
  const held = anchors.find((anchor) => anchor.host === host.name && anchor.index !== HOME_ANCHOR);
  if (held !== undefined) return held;

  const own = [...state.quarantine].filter(([, kept]) => kept.interface === nic.number).map(([one]) => one);
  const addresses = lease(state, host, nic.home, takenAddresses(state), own);
  return { index: freeIndex(anchors, nic), host: host.name, addresses, admit: 'all' };
}

/**
 * The interface's anchors, each with its way to relay to the host. Ways to hosts that the guest neither is at nor
 * goes to are forgotten. Throws when a range is exhausted.
 *
 * Between hosts of one site there are tunnels only: rewriting would send packets back to where they came from. With
 * `edgesOnly` the anchors themselves have tunnels only, too, so that what they relay leaves no site with another's address.
 */
export function leaseRelays(
  state: NetworkState,
  nic: GuestInterface,
  host: Host,
  mode: RelayMode,
  edgesOnly?: true,
): readonly Anchor[] {
  const anchors = state.anchors.get(nic.number) ?? [];
  const present = state.placements.get(nic.guest);
  const taken = takenAddresses(state);
  const edges = state.edges.size > 0;
  return anchors.map((anchor) => {
    const held = anchor.relays ?? [];
    const kept = held.filter((relay) => relay.host === present && relay.host !== host.name);
    const there = held.find((relay) => relay.host === host.name && relay.mode === mode);
    const sameSite = state.hosts.get(anchor.host)?.site === host.site;
    const relays = mode === 'tunnel' || sameSite ? kept : [...kept, there ?? wayTo(anchor, mode)];
    return sameRelays(held, relays) ? anchor : { ...anchor, relays };
  });

  function wayTo({ addresses }: Anchor, how: Relay['mode']): Relay {
    if (how === 'direct') return { host: host.name, mode: how, edge: {}, anchor: {} };
    const edge = edges ? lease(state, host, addresses, taken) : {};
    const anchor = edgesOnly === true ? {} : lease(state, host, addresses, taken);
    return { host: host.name, mode: how, edge, anchor };
  }
}

function sameRelays(one: readonly Relay[], other: readonly Relay[]): boolean {
  return one.length === other.length && one.every((relay, i) => relay === other[i]);
}

/** An address of the host's site for each family that `wanted` has, where the site offers a range. */
function lease(
  state: NetworkState,
  host: Host,
  wanted: Addresses,
  taken: Set<string>,
  preferred: readonly string[] = [],
): Addresses {
  const addresses: { -readonly [K in keyof Addresses]: Addresses[K] } = {};
  for (const subnet of state.subnets.values()) {
    if (subnet.site !== host.site || subnet.careOf === undefined) continue;
    const family = subnet.family === 4 ? 'ipv4' : 'ipv6';
    if (wanted[family] === undefined || addresses[family] !== undefined) continue;
    const address = preferred.find((one) => isIn(one, subnet)) ?? lowestFree(subnet, subnet.careOf, taken);
    taken.add(address);
    addresses[family] = address;
  }
  return addresses;
}

/** Addresses that somebody has, as far as the controller can know, in canonical text. */
function takenAddresses(state: NetworkState): Set<string> {
  const taken = new Set<string>();
  const take = (...list: readonly (string | undefined)[]): void => {
    for (const one of list) if (one !== undefined) taken.add(canonical(one));
  };
  for (const list of state.anchors.values()) {
    for (const { addresses, relays } of list) {
      take(addresses.ipv4, addresses.ipv6);
      for (const { edge, anchor } of relays ?? []) take(edge.ipv4, edge.ipv6, anchor.ipv4, anchor.ipv6);
    }
  }
  take(...state.quarantine.keys());
  for (const { interfaces } of state.guests.values()) {
    for (const { home } of interfaces) take(home.ipv4, home.ipv6);
  }
  for (const { gateway } of state.subnets.values()) take(gateway);
  for (const { underlay } of [...state.hosts.values(), ...state.edges.values()]) take(underlay);
  return taken;
}

/** Is the address, in canonical text, one of those that the subnet offers? */
function isIn(address: string, { family, careOf }: Subnet): boolean {
  if (careOf === undefined || isIPv6(address) !== (family === 6)) return false;
  const value = family === 4 ? BigInt(parseIpv4(address)) : parseIpv6(address);
  const [first, last] =
    family === 4
      ? [BigInt(parseIpv4(careOf.first)), BigInt(parseIpv4(careOf.last))]
      : [parseIpv6(careOf.first), parseIpv6(careOf.last)];
  return value >= first && value <= last;
}

const canonical = (address: string): string => (isIPv6(address) ? formatIpv6(parseIpv6(address)) : address);

function lowestFree(
  subnet: Subnet,
  range: { first: string; last: string },
  taken: ReadonlySet<string>,
): string {
  const four = subnet.family === 4;
  const last = four ? BigInt(parseIpv4(range.last)) : parseIpv6(range.last);
  for (let value = four ? BigInt(parseIpv4(range.first)) : parseIpv6(range.first); value <= last; value++) {
    const text = four ? formatIpv4(Number(value)) : formatIpv6(value);
    if (!taken.has(text)) return text;
  }
  throw new CareOfPoolExhaustedError(subnet.prefix);
}

function freeIndex(anchors: readonly Anchor[], nic: GuestInterface): number {
  const used = new Set(anchors.map((anchor) => anchor.index));
  for (let index = HOME_ANCHOR + 1; index <= MAX_ANCHOR_INDEX; index++) if (!used.has(index)) return index;
  throw new TooManyAnchorsError(nic.guest);
}
