/**
 * May this guest move there? Decided from the network state alone, before anything is touched.
 */
import { isMoving } from '../../controller/network/migration.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import {
  AlreadyMovingError,
  AlreadyThereError,
  GuestNotRunningError,
  HostUnreachableError,
  NoRoomError,
  UnknownGuestError,
  UnknownHostError,
} from './errors.ts';

/** Where the guest is now. Throws the reason why it cannot move to `to`. */
export function checkMigration(state: NetworkState, guestName: GuestName, to: HostName): { from: HostName } {
  const guest = state.guests.get(guestName);
  if (guest === undefined) throw new UnknownGuestError(guestName, state.guests.keys());
  const host = state.hosts.get(to);
  if (host === undefined) throw new UnknownHostError(to, state.hosts.keys());

  const current = state.migrations.get(guestName);
  if (current !== undefined && isMoving(current)) {
    throw new AlreadyMovingError(guestName, current.to, current.phase);
  }
  const from = state.placements.get(guestName);
  if (from === undefined) throw new GuestNotRunningError(guestName);
  if (from === to) throw new AlreadyThereError(guestName, to);
  if (!state.bridges.has(to))
    throw new HostUnreachableError(to, 'its bridge is not connected to the controller');
  const hypervisor = state.hypervisors.get(from);
  if (hypervisor?.reachable !== true) {
    const what = hypervisor === undefined ? 'has not answered yet' : 'does not answer';
    throw new HostUnreachableError(from, `the libvirtd there ${what}`);
  }

  const there = occupants(state, to).filter((name) => name !== guestName);
  if (there.length >= host.capacity.guests) {
    throw new NoRoomError(guestName, to, `it holds ${there.length} of ${host.capacity.guests} guests`);
  }
  const used = there.reduce((sum, name) => sum + (state.guests.get(name)?.memoryMiB ?? 0), 0);
  if (used + guest.memoryMiB > host.capacity.memoryMiB) {
    throw new NoRoomError(
      guestName,
      to,
      `${guest.memoryMiB} MiB wanted, ${host.capacity.memoryMiB - used} of ${host.capacity.memoryMiB} MiB free`,
    );
  }
  return { from };
}

/** Guests that are on the host or on their way to it. */
export function occupants(state: NetworkState, host: HostName): GuestName[] {
  const names = new Set<GuestName>();
  for (const [guest, where] of state.placements) if (where === host) names.add(guest);
  for (const [guest, migration] of state.migrations) {
    if (migration.to === host && isMoving(migration)) names.add(guest);
  }
  return [...names];
}
