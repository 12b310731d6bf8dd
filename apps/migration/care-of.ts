/**
 * Which care-of addresses a guest's interface gets at a host that it visits: those it holds there already, else
 * those that it held there a short while ago, else the lowest that nobody holds or may still be taken to hold.
 */
import { isIPv6 } from 'node:net';
import type {
  Addresses,
  Anchor,
  GuestInterface,
  Host,
  NetworkState,
  Subnet,
} from '../../controller/network/model.ts';
import { HOME_ANCHOR, MAX_ANCHOR_INDEX } from '../../controller/network/model.ts';
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

  const taken = takenAddresses(state);
  const own = [...state.quarantine].filter(([, held]) => held.interface === nic.number).map(([one]) => one);
  const addresses: { -readonly [K in keyof Addresses]: Addresses[K] } = {};
  for (const subnet of state.subnets.values()) {
    if (subnet.site !== host.site || subnet.careOf === undefined) continue;
    if (subnet.family === 4 && nic.home.ipv4 !== undefined && addresses.ipv4 === undefined) {
      addresses.ipv4 = own.find((one) => isIn(one, subnet)) ?? lowestFree(subnet, subnet.careOf, taken);
    }
    if (subnet.family === 6 && nic.home.ipv6 !== undefined && addresses.ipv6 === undefined) {
      addresses.ipv6 = own.find((one) => isIn(one, subnet)) ?? lowestFree(subnet, subnet.careOf, taken);
    }
  }
  return { index: freeIndex(anchors, nic), host: host.name, addresses, admit: 'all' };
}

/** Addresses that somebody has, as far as the controller can know, in canonical text. */
function takenAddresses(state: NetworkState): ReadonlySet<string> {
  const taken = new Set<string>();
  const take = (...list: readonly (string | undefined)[]): void => {
    for (const one of list) if (one !== undefined) taken.add(canonical(one));
  };
  for (const list of state.anchors.values()) {
    for (const { addresses } of list) take(addresses.ipv4, addresses.ipv6);
  }
  take(...state.quarantine.keys());
  for (const { interfaces } of state.guests.values()) {
    for (const { home } of interfaces) take(home.ipv4, home.ipv6);
  }
  for (const { gateway } of state.subnets.values()) take(gateway);
  for (const { underlay } of state.hosts.values()) take(underlay);
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
