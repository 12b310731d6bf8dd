/**
 * The migrations that are remembered, by id, oldest first: the newest, and older ones that still matter. Pure.
 */
import { migration as limits } from '../limits.ts';
import type { Migration } from './migration.ts';
import type { Flight, FlightId } from './flight.ts';
import type { GuestName } from './names.ts';

export type MigrationHistory = ReadonlyMap<string, Migration>;

/** What refers to migrations; see `NetworkState`. */
interface Referring {
  readonly migrations: ReadonlyMap<GuestName, Migration>;
  readonly earlier: ReadonlyMap<string, Migration>;
  readonly flights: ReadonlyMap<FlightId, Flight>;
}

/**
 * Without the oldest, where there are too many. The present or last migration of each guest stays whatever its age, and so
 * do those whose anchor may still relay, and those that a flight refers to.
 */
export function bounded(
  history: MigrationHistory,
  { migrations, earlier, flights }: Referring,
): MigrationHistory {
  if (history.size <= limits.kept) return history;
  const held = new Set(earlier.keys());
  for (const { id } of migrations.values()) held.add(id);
  for (const { migration } of flights.values()) if (migration !== undefined) held.add(migration);
  const kept = new Map(history);
  for (const id of history.keys()) {
    if (kept.size <= limits.kept) break;
    if (!held.has(id)) kept.delete(id);
  }
  return kept;
}
