/**
 * What the network's state is to be once a guest's traffic is delivered at another host. Pure.
 */
import { anchored, copied, delivered, unanchored } from '../../controller/network/changes.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { RelayMode } from '../../controller/network/relay.ts';
import type { Admit, Anchor } from '../../controller/network/anchor.ts';
import type { Guest, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import { leaseCareOf, leaseRelays } from './care-of.ts';
import type { MigrationAction } from './machine.ts';

/**
 * With the care-of addresses that a visit needs, if the host is not at the guest's home, and with every anchor's
 * way to relay there. `edgesOnly`: what no edge covers is relayed through a tunnel, whatever the way.
 */
export function withLeases(
  state: NetworkState,
  guest: Guest,
  hostName: HostName,
  relay: RelayMode = 'tunnel',
  edgesOnly?: true,
): NetworkState {
  const host = state.hosts.get(hostName);
  if (host === undefined) return state;
  return guest.interfaces.reduce((next, nic) => {
    const visiting =
      nic.homeSite === host.site ? next : anchored(nic.number, leaseCareOf(next, nic, host))(next);
    return leaseRelays(visiting, nic, host, relay, edgesOnly).reduce(
      (relaying, anchor) => anchored(nic.number, anchor)(relaying),
      visiting,
    );
  }, state);
}

/** Without what a migration that failed had leased: its anchors, and the ways to relay to where it went. */
export function withoutLeases(state: NetworkState, { guest, to, leased = {} }: Migration): NetworkState {
  const interfaces = state.guests.get(guest)?.interfaces ?? [];
  const unleased = Object.entries(leased).reduce(
    (next, [nic, index]) => unanchored(Number(nic), index)(next),
    state,
  );
  return interfaces.reduce(
    (next, { number }) =>
      (next.anchors.get(number) ?? []).reduce((after, anchor) => {
        const held = anchor.relays ?? [];
        const relays = held.filter(({ host }) => host !== to);
        return relays.length === held.length ? after : anchored(number, { ...anchor, relays })(after);
      }, next),
    unleased,
  );
}

/** While the switchover is prepared: what is delivered at the source goes to the destination, too, as far as gates let it. */
export function prepared(state: NetworkState, { guest, to }: Migration): NetworkState {
  return copied(guest, to)(state);
}

/** Without gates. */
export function unprepared(state: NetworkState, { guest }: Migration): NetworkState {
  return copied(guest, undefined)(state);
}

/**
 * From the switchover on: traffic is delivered at the destination, and the anchor that the guest leaves admits
 * what the migration was asked to let it admit.
 */
export function switchedOver(state: NetworkState, { guest, from, to, admit }: Migration): NetworkState {
  return delivered(guest, to)(copied(guest, undefined)(admitting(state, guest, from, admit)));
}

/** The way back: traffic is delivered at the source again, which admits everything as before. */
export function switchedBack(state: NetworkState, { guest, from }: Migration): NetworkState {
  return delivered(guest, from)(copied(guest, undefined)(admitting(state, guest, from, 'all')));
}

function admitting(state: NetworkState, guestName: GuestName, host: HostName, admit: Admit): NetworkState {
  const interfaces = state.guests.get(guestName)?.interfaces ?? [];
  return interfaces.reduce((next, { number }) => {
    const anchor = next.anchors.get(number)?.find((one) => one.host === host);
    return anchor === undefined || anchor.admit === admit
      ? next
      : anchored(number, { ...anchor, admit })(next);
  }, state);
}

/** The anchors that `after` has and `before` has not. */
export function newAnchors(
  before: NetworkState,
  after: NetworkState,
  guest: Guest,
): { nic: number; anchor: Anchor }[] {
  return guest.interfaces.flatMap((nic) =>
    (after.anchors.get(nic.number) ?? [])
      .filter(({ index }) => before.anchors.get(nic.number)?.some((one) => one.index === index) !== true)
      .map((anchor) => ({ nic: nic.number, anchor })),
  );
}

/** Every interface of the guest has its port on the host's bridge. */
export function isAttached(state: NetworkState, guest: Guest, host: HostName): boolean {
  const ports = [...(state.bridges.get(host)?.ports.values() ?? [])];
  return guest.interfaces.every((nic) => ports.some((port) => port.attachedMac === nic.mac));
}

/** Where traffic goes after an action. */
export function deliveredAfter(
  state: NetworkState,
  migration: Migration,
  action: MigrationAction,
): NetworkState {
  switch (action) {
    case 'redirect':
      return switchedOver(state, migration);
    case 'return':
    case 'undo':
    case 'stop-copying':
      return switchedBack(state, migration);
    default:
      return state;
  }
}
