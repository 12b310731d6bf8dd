/**
 * The steps by which the network's state changes. Each gives back the same value when nothing changes.
 */
import type { DefencePolicy } from './defence-policy.ts';
import type { Blocklist } from './blocklist.ts';
import { type Flight, hasLanded } from './flight.ts';
import { flight as limits } from '../limits.ts';
import { bounded } from './history.ts';
import { hasEnded, isUnderWay, type Migration } from './migration.ts';
import { type Anchor, HOME_ANCHOR } from './anchor.ts';
import type { AdmissionLimit, Bridge, DomainState, NetworkState } from './model.ts';
import type { GuestName, HostName, InterfaceNumber, Prefix, SwitchName } from './names.ts';

type Change = (state: NetworkState) => NetworkState;

/** A bridge as OVSDB tells of it, or that it is gone. What else is known of the bridge is kept. */
export function bridgeSeen(host: SwitchName, bridge: Omit<Bridge, 'graceUntil'> | undefined): Change {
  return (state) => {
    if (bridge === undefined) {
      return state.bridges.has(host) ? { ...state, bridges: without(state.bridges, host) } : state;
    }
    const graceUntil = state.bridges.get(host)?.graceUntil ?? 0;
    return { ...state, bridges: put(state.bridges, host, { ...bridge, graceUntil }) };
  };
}

export function graceSet(host: SwitchName, until: number): Change {
  return (state) => {
    const bridge = state.bridges.get(host);
    if (bridge === undefined || bridge.graceUntil === until) return state;
    return { ...state, bridges: put(state.bridges, host, { ...bridge, graceUntil: until }) };
  };
}

export function gatewayAnswered(prefix: Prefix, mac: string): Change {
  return (state) =>
    state.gateways.get(prefix) === mac ? state : { ...state, gateways: put(state.gateways, prefix, mac) };
}

/** All domains of a host, after its libvirtd was reached. */
export function hypervisorSeen(host: HostName, domains: ReadonlyMap<GuestName, DomainState>): Change {
  return (state) => {
    const known = state.hypervisors.get(host);
    const same = known?.reachable === true && sameEntries(known.domains, domains);
    const seen = same
      ? state
      : { ...state, hypervisors: put(state.hypervisors, host, { host, reachable: true, domains }) };
    return [...domains].reduce(
      (next, [guest, domain]) => (domain === 'running' ? placed(guest, host)(next) : next),
      seen,
    );
  };
}

export function hypervisorLost(host: HostName): Change {
  return (state) => {
    const known = state.hypervisors.get(host);
    if (known?.reachable === false) return state;
    const lost = { host, reachable: false, domains: known?.domains ?? new Map<GuestName, DomainState>() };
    return { ...state, hypervisors: put(state.hypervisors, host, lost) };
  };
}

/** A domain has changed its state; one that has gone is `undefined`. */
export function domainChanged(host: HostName, guest: GuestName, domain: DomainState | undefined): Change {
  return (state) => {
    const known = state.hypervisors.get(host);
    if (known === undefined) return state;
    const domains = domain === undefined ? without(known.domains, guest) : put(known.domains, guest, domain);
    const next = sameEntries(known.domains, domains)
      ? state
      : { ...state, hypervisors: put(state.hypervisors, host, { ...known, domains }) };
    if (domain === 'running') return placed(guest, host)(next);
    const stopped = domain === undefined || domain === 'shutoff' || domain === 'saved';
    if (stopped && state.placements.get(guest) === host) {
      return gone(guest)(next);
    }
    return next;
  };
}

/**
 * The guest runs at the host. While a migration is under way the migration alone says where traffic goes.
 * A guest seen for the first time gets its home anchor.
 */
export function placed(guestName: GuestName, host: HostName): Change {
  return (state) => {
    const guest = state.guests.get(guestName);
    const site = state.hosts.get(host)?.site;
    if (guest === undefined || site === undefined) return state;
    const migration = state.migrations.get(guestName);
    if (migration !== undefined && isUnderWay(migration.phase)) return state;
    let next = state;
    for (const nic of guest.interfaces) {
      const known = state.anchors.get(nic.number)?.some(({ index }) => index === HOME_ANCHOR) ?? false;
      if (known || site !== nic.homeSite) continue;
      next = anchored(nic.number, { index: HOME_ANCHOR, host, addresses: nic.home, admit: 'all' })(next);
    }
    if (next.placements.get(guestName) === host) return next;
    return { ...next, placements: put(next.placements, guestName, host) };
  };
}

/** The guest is defended like this from now on; as declared with `undefined`. */
export function defended(guest: GuestName, policy: DefencePolicy | undefined): Change {
  return (state) => {
    if (!state.guests.has(guest) || state.policies.get(guest) === policy) return state;
    const policies =
      policy === undefined ? without(state.policies, guest) : put(state.policies, guest, policy);
    return { ...state, policies };
  };
}

/** A flight is new, or further than it was. The oldest that have ended are forgotten when there are too many. */
export function flightChanged(flight: Flight): Change {
  return (state) => {
    if (state.flights.get(flight.id) === flight) return state;
    const flights = new Map(state.flights).set(flight.id, flight);
    for (const [id, one] of flights) {
      if (flights.size <= limits.kept) break;
      if (hasLanded(one)) flights.delete(id);
    }
    return { ...state, flights };
  };
}

/** The guest runs nowhere. Its home anchor waits for it. */
export function gone(guest: GuestName): Change {
  return (state) => {
    const migration = state.migrations.get(guest);
    if (migration !== undefined && isUnderWay(migration.phase)) return state;
    if (!state.placements.has(guest)) return state;
    return { ...state, placements: without(state.placements, guest) };
  };
}

/** Traffic to the guest is delivered at the host from now on, whoever runs it. */
export function delivered(guest: GuestName, host: HostName): Change {
  return (state) =>
    state.placements.get(guest) === host
      ? state
      : { ...state, placements: put(state.placements, guest, host) };
}

/** Whatever is delivered to the guest goes to this host as well, as far as gates let it; to no other with `undefined`. */
export function copied(guest: GuestName, host: HostName | undefined): Change {
  return (state) => {
    if (state.copies.get(guest) === host) return state;
    const copies = host === undefined ? without(state.copies, guest) : put(state.copies, guest, host);
    return { ...state, copies };
  };
}

/** The interface has this anchor, instead of one with the same index. */
export function anchored(nic: InterfaceNumber, anchor: Anchor): Change {
  return (state) => {
    const anchors = state.anchors.get(nic) ?? [];
    if (anchors.includes(anchor)) return state;
    const others = anchors.filter(({ index }) => index !== anchor.index);
    const all = [...others, anchor].sort((a, b) => a.index - b.index);
    const { ipv4, ipv6 } = anchor.addresses;
    const quarantine = [ipv4, ipv6].reduce(
      (rest, address) => (address === undefined ? rest : without(rest, address)),
      state.quarantine,
    );
    return { ...state, anchors: put(state.anchors, nic, all), quarantine };
  };
}

/** The interface has given the anchor up; nobody else gets its addresses before `until`. */
export function released(nic: InterfaceNumber, index: number, until: number): Change {
  return (state) => {
    const anchor = state.anchors.get(nic)?.find((one) => one.index === index);
    if (anchor === undefined) return state;
    const quarantine = new Map(state.quarantine);
    for (const address of [anchor.addresses.ipv4, anchor.addresses.ipv6]) {
      if (address !== undefined) quarantine.set(address, { interface: nic, until });
    }
    return unanchored(nic, index)({ ...state, quarantine });
  };
}

/** Addresses whose quarantine has passed are anybody's. */
export function quarantinePassed(now: number): Change {
  return (state) => {
    const kept = [...state.quarantine].filter(([, { until }]) => until > now);
    return kept.length === state.quarantine.size ? state : { ...state, quarantine: new Map(kept) };
  };
}

/** A migration that has ended while a later one of the same guest may be under way. */
export function earlierChanged(migration: Migration): Change {
  return (state) =>
    state.earlier.has(migration.id)
      ? noted({ ...state, earlier: put(state.earlier, migration.id, migration) }, migration)
      : state;
}

/** Earlier migrations that have ended, and been noted as ended, are of no more concern. */
export function earlierForgotten(): Change {
  return (state) => {
    const kept = [...state.earlier].filter(([, { phase }]) => !hasEnded(phase));
    return kept.length === state.earlier.size ? state : { ...state, earlier: new Map(kept) };
  };
}

export function unanchored(nic: InterfaceNumber, index: number): Change {
  return (state) => {
    const anchors = state.anchors.get(nic) ?? [];
    const rest = anchors.filter((anchor) => anchor.index !== index);
    return rest.length === anchors.length ? state : { ...state, anchors: put(state.anchors, nic, rest) };
  };
}

export function migrationChanged(migration: Migration): Change {
  return (state) => {
    const known = state.migrations.get(migration.guest);
    if (known === migration) return state;
    if (
      known !== undefined &&
      known.id !== migration.id &&
      !hasEnded(known.phase) &&
      known.phase !== 'relaying'
    ) {
      return state;
    }
    const earlier =
      known !== undefined && known.id !== migration.id && !hasEnded(known.phase)
        ? put(state.earlier, known.id, known)
        : state.earlier;
    const migrations = put(state.migrations, migration.guest, migration);
    return noted({ ...state, earlier, migrations }, migration);
  };
}

/** The migration is in the history as it is now. */
function noted(state: NetworkState, migration: Migration): NetworkState {
  return { ...state, history: bounded(put(state.history, migration.id, migration), state) };
}

/** The guest is let have no more new connections than this; undefined for what its policy says. */
export function admissionLimited(guest: GuestName, limit: AdmissionLimit | undefined): Change {
  return (state) => {
    if (isSameLimit(state.admissionLimits.get(guest), limit)) return state;
    const limits =
      limit === undefined ? without(state.admissionLimits, guest) : put(state.admissionLimits, guest, limit);
    return { ...state, admissionLimits: limits };
  };
}

function isSameLimit(one: AdmissionLimit | undefined, other: AdmissionLimit | undefined): boolean {
  if (!sameEntries(one?.verdicts ?? noVerdicts, other?.verdicts ?? noVerdicts)) return false;
  if (one?.perSecond !== other?.perSecond || one?.at?.size !== other?.at?.size) return false;
  if (one?.known?.length !== other?.known?.length) return false;
  if (one?.known?.some((prefix, i) => prefix !== other?.known?.[i]) === true) return false;
  return [...(one?.at ?? [])].every((edge) => other?.at?.has(edge) === true);
}

const noVerdicts: NonNullable<AdmissionLimit['verdicts']> = new Map();

/** The blocklist changes as `change` says. */
export function blocklistChanged(change: (blocklist: Blocklist) => Blocklist): Change {
  return (state) => {
    const blocklist = change(state.blocklist);
    return blocklist === state.blocklist ? state : { ...state, blocklist };
  };
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function sameEntries<K, V>(one: ReadonlyMap<K, V>, other: ReadonlyMap<K, V>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
