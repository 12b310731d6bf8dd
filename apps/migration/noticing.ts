/**
 * What a change of the network's state means to migrations: ports that appear and go. Pure.
 */
import { isUnderWay } from '../../controller/network/migration.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import type { MigrationEvent } from './machine.ts';
import { isAttached } from './switchover.ts';

export type News =
  | { readonly guest: GuestName; readonly event: MigrationEvent }
  /** Somebody else has begun to migrate the guest. */
  | { readonly guest: GuestName; readonly from: HostName; readonly to: HostName };

export function newsOf(state: NetworkState, before: NetworkState): News[] {
  if (state.bridges === before.bridges && state.migrations === before.migrations) return [];
  const news: News[] = [];
  for (const guest of state.guests.values()) {
    const migration = state.migrations.get(guest.name);
    if (migration !== undefined && isUnderWay(migration.phase)) {
      const attached = isAttached(state, guest, migration.to);
      if (attached && migration.phase === 'preparing') {
        news.push({ guest: guest.name, event: { type: 'attached' } });
      }
      if (migration.origin === 'noticed' && !attached && isAttached(before, guest, migration.to)) {
        const reason = 'the destination gave the guest up';
        news.push({ guest: guest.name, event: { type: 'refused', reason } });
      }
      continue;
    }
    const placement = state.placements.get(guest.name);
    if (placement === undefined || state.bridges === before.bridges) continue;
    for (const host of state.hosts.keys()) {
      if (host === placement || isAttached(before, guest, host) || !isAttached(state, guest, host)) continue;
      news.push({ guest: guest.name, from: placement, to: host });
    }
  }
  return news;
}
