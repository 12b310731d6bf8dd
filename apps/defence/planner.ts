/**
 * Where a guest under attack should go. Pure: decided from the network's state, the verdicts and earlier flights.
 *
 * Only hosts at other sites count, since the attack comes to a subnet; with room, a bridge and a libvirtd that answer,
 * and addresses to lease. A site that the guest has fled from, or been attacked at, a while ago is left out, so
 * that it never goes back and forth; so is a host that it has just failed to reach. Of those that remain, the one at
 * the site with the fewest attacks lately, then with the least load.
 */
import { messageOf } from '../../controller/errors.ts';
import { flight as limits } from '../../controller/limits.ts';
import type { Flight } from '../../controller/network/flight.ts';
import type { Guest, Host, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName, SiteName } from '../../controller/network/names.ts';
import type { RelayMode } from '../../controller/network/relay.ts';
import { checkMigration, occupants } from '../migration/plan.ts';
import { withLeases } from '../migration/switchover.ts';
import { isActive, type Verdict, type Verdicts } from './verdict.ts';

/** How old connections are relayed after a flight; `edgesOnly`: what no edge covers goes through a tunnel. */
export interface WayOfFlight {
  readonly relay: RelayMode;
  readonly edgesOnly?: true;
}

export interface Destination {
  readonly from: HostName;
  readonly to: HostName;
  readonly way: WayOfFlight;
  /** Why there, in one sentence. */
  readonly choice: string;
}

export type Plan = Destination | { readonly none: string };

export function planFlight(state: NetworkState, guestName: GuestName, verdicts: Verdicts, now: number): Plan {
  const guest = state.guests.get(guestName);
  const from = state.placements.get(guestName);
  const site = from === undefined ? undefined : state.hosts.get(from)?.site;
  if (guest === undefined || from === undefined || site === undefined) return { none: 'it runs nowhere' };

  const way = wayOf(state);
  const candidates: Candidate[] = [];
  const refused: string[] = [];
  for (const host of state.hosts.values()) {
    if (host.name === from) continue;
    const against = reasonAgainst(state, guest, host, site, verdicts, way, now);
    if (against === undefined) candidates.push(candidateOf(state, host, verdicts, now));
    else refused.push(`${host.name} ${against}`);
  }
  const [best] = candidates.sort(
    (a, b) => a.attacks - b.attacks || a.load - b.load || (a.host.name < b.host.name ? -1 : 1),
  );
  if (best === undefined) {
    return { none: refused.length === 0 ? 'there is no other host' : `no host fits: ${refused.join('; ')}` };
  }
  return { from, to: best.host.name, way, choice: choiceText(best, candidates.length) };
}

/** Straight from the clients' edges where there are any that redirect; so the flooded way in is left out where it can be. */
function wayOf({ edges, bridges }: NetworkState): WayOfFlight {
  return [...edges.values()].some(({ name, redirect }) => redirect && bridges.has(name))
    ? { relay: 'rewrite', edgesOnly: true }
    : { relay: 'tunnel' };
}

interface Candidate {
  readonly host: Host;
  /** Attacks at its site lately, on whichever guest. */
  readonly attacks: number;
  /** 0 to 1: the share of its memory, or of its places, that is taken. */
  readonly load: number;
  readonly guests: number;
}

function candidateOf(state: NetworkState, host: Host, verdicts: Verdicts, now: number): Candidate {
  const there = occupants(state, host.name);
  const memory = there.reduce((sum, name) => sum + (state.guests.get(name)?.memoryMiB ?? 0), 0);
  return {
    host,
    attacks: [...verdicts.values()].filter((one) => isRecentAt(state, one, host.site, now)).length,
    load: Math.max(memory / host.capacity.memoryMiB, there.length / host.capacity.guests),
    guests: there.length,
  };
}

function choiceText({ host, attacks, guests }: Candidate, candidates: number): string {
  const attacked = attacks === 0 ? 'no attack' : `${attacks} ${attacks === 1 ? 'attack' : 'attacks'}`;
  const best = candidates === 1 ? 'the only host that fits' : `the best of ${candidates} hosts`;
  return `${host.name} is ${best}: ${guests} of ${host.capacity.guests} guests, ${attacked} lately at site ${host.site}`;
}

/** Undefined when the guest may go there. */
function reasonAgainst(
  state: NetworkState,
  guest: Guest,
  host: Host,
  site: SiteName,
  verdicts: Verdicts,
  way: WayOfFlight,
  now: number,
): string | undefined {
  if (host.site === site) return 'is at the site that is attacked';
  const attacked = lastAttacked(state, guest.name, host.site, verdicts, now);
  if (attacked !== undefined && now - attacked < limits.recent) {
    return `is at a site where it was attacked ${seconds(now - attacked)} ago`;
  }
  const failed = lastFailure(state.flights.values(), guest.name, host.name);
  if (failed !== undefined && now - failed < limits.retryAfter) {
    return `could not be reached ${seconds(now - failed)} ago`;
  }
  if (state.hypervisors.get(host.name)?.reachable !== true) return 'has no libvirtd that answers';
  try {
    checkMigration(state, guest.name, host.name);
    withLeases(state, guest, host.name, way.relay, way.edgesOnly);
  } catch (error) {
    return `cannot take it: ${messageOf(error)}`;
  }
  return undefined;
}

/** When the guest was last attacked at the site, or fled from it, as far as is known; undefined for never. */
function lastAttacked(
  state: NetworkState,
  guest: GuestName,
  site: SiteName,
  verdicts: Verdicts,
  now: number,
): number | undefined {
  const siteOf = (host: HostName): SiteName | undefined => state.hosts.get(host)?.site;
  const times = [
    ...[...verdicts.values()]
      .filter((one) => one.guest === guest && siteOf(one.host) === site)
      .map((one) => (isActive(one) ? now : (one.ended ?? now))),
    // Verdicts do not outlive the controller; flights do.
    ...[...state.flights.values()]
      .filter((one) => one.guest === guest && siteOf(one.from) === site)
      .map((one) => one.entered.planned ?? 0),
  ];
  return times.length === 0 ? undefined : Math.max(...times);
}

/** When a flight of the guest to the host last failed before it ran there. */
function lastFailure(flights: Iterable<Flight>, guest: GuestName, host: HostName): number | undefined {
  let last: number | undefined;
  for (const { guest: whose, to, entered } of flights) {
    if (whose === guest && to === host && entered.verifying === undefined) last = entered.failed ?? last;
  }
  return last;
}

function isRecentAt(state: NetworkState, verdict: Verdict, site: SiteName, now: number): boolean {
  if (state.hosts.get(verdict.host)?.site !== site) return false;
  return verdict.ended === undefined || now - verdict.ended < limits.recent;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
