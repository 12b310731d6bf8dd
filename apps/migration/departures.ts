/**
 * Guests that are gone, what they leave, and what they need when they come back elsewhere: pure.
 *
 * A guest that was stopped has no connections any more, whoever stopped it and whether the controller saw it. It
 * is gone only when every libvirtd is reachable and none runs it: while one is away, the guest may be there. A
 * guest that was saved to a file will go on where it was, with its connections.
 */
import {
  anchored,
  earlierChanged,
  gone,
  migrationChanged,
  released,
} from '../../controller/network/changes.ts';
import { isMoving } from '../../controller/network/migration.ts';
import { type Anchor, HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName } from '../../controller/network/names.ts';
import { step } from './machine.ts';

/** Guests that run nowhere, and have something that a guest that runs nowhere does not need. */
export function absentGuests(state: NetworkState): GuestName[] {
  for (const host of state.hosts.keys()) if (state.hypervisors.get(host)?.reachable !== true) return [];
  return [...state.guests.values()].flatMap(({ name, interfaces }) => {
    const migration = state.migrations.get(name);
    if (migration !== undefined && isMoving(migration)) return [];
    for (const { domains } of state.hypervisors.values()) {
      const domain = domains.get(name);
      if (domain !== undefined && domain !== 'shutoff') return [];
    }
    const leases = interfaces.some(({ number }) =>
      state.anchors.get(number)?.some(({ index }) => index !== HOME_ANCHOR),
    );
    return leases || state.placements.has(name) || migration?.phase === 'relaying' ? [name] : [];
  });
}

/** Guests that run away from home, do not move, and hold no anchor where they are: they were started there. */
export function visitorsWithoutLease(state: NetworkState): GuestName[] {
  return [...state.placements].flatMap(([name, host]) => {
    const site = state.hosts.get(host)?.site;
    const migration = state.migrations.get(name);
    if (migration !== undefined && isMoving(migration)) return [];
    const lacks = (state.guests.get(name)?.interfaces ?? []).some(({ number, homeSite }) => {
      const anchors = state.anchors.get(number) ?? [];
      const hasHome = anchors.some(({ index }) => index === HOME_ANCHOR);
      return homeSite !== site && hasHome && !anchors.some((anchor) => anchor.host === host);
    });
    return lacks ? [name] : [];
  });
}

/** Its care-of anchors are given back, and its migrations are over. Its home anchor waits for it. */
export function departed(guestName: GuestName, now: number) {
  return (state: NetworkState): NetworkState => {
    const guest = state.guests.get(guestName);
    if (guest === undefined) return state;
    const until = now + state.drain.quarantine;
    let next = gone(guestName)(state);
    for (const { number } of guest.interfaces) {
      for (const anchor of state.anchors.get(number) ?? []) {
        if (anchor.index !== HOME_ANCHOR) next = released(number, anchor.index, until)(next);
        // What was leased for its ways to relay is free again.
        else if (anchor.relays !== undefined) next = anchored(number, withoutRelays(anchor))(next);
      }
    }
    for (const migration of state.earlier.values()) {
      if (migration.guest !== guestName) continue;
      next = earlierChanged(step(migration, { type: 'drained' }, now).migration)(next);
    }
    const last = state.migrations.get(guestName);
    return last === undefined ? next : migrationChanged(step(last, { type: 'drained' }, now).migration)(next);
  };
}

function withoutRelays({ index, host, addresses, admit }: Anchor): Anchor {
  return { index, host, addresses, admit };
}
