/**
 * Rows of the store about migrations. Pure.
 */
import { DEFAULT_MAX_BLACKOUT_MS } from '../../limits.ts';
import type { Migration, Wishes } from '../migration.ts';
import { byPlanned } from './by-planned.ts';
import type { MigrationRow } from './schema.ts';

export function migrationRow(migration: Migration): Omit<MigrationRow, '_uuid'> {
  const { id, guest, from, to, strategy, admit, relay, origin, phase, entered, reason } = migration;
  const { leased = {}, wishes = {}, maxBlackoutMs, blackoutMs, copyMs, warning } = migration;
  return {
    id,
    guest,
    from,
    to,
    strategy,
    admit,
    relay: relay ?? null,
    origin,
    phase,
    entered: new Map(Object.entries(entered)),
    reason: reason ?? null,
    wishes: wishRow(wishes),
    leased: new Map(Object.entries(leased).map(([nic, index]) => [Number(nic), index])),
    max_blackout_ms: maxBlackoutMs,
    blackout_ms: blackoutMs ?? null,
    copy_ms: copyMs ?? null,
    warning: warning ?? null,
  };
}

/** In the order in which they were planned. */
export function migrationsOf(rows: readonly MigrationRow[]): Migration[] {
  return rows.map(migrationOf).sort(byPlanned);
}

function migrationOf(row: MigrationRow): Migration {
  return {
    id: row.id,
    guest: row.guest,
    from: row.from,
    to: row.to,
    strategy: row.strategy,
    admit: row.admit,
    ...(row.relay === null ? {} : { relay: row.relay }),
    origin: row.origin,
    phase: row.phase,
    entered: Object.fromEntries(row.entered),
    ...(row.wishes.size === 0 ? {} : { wishes: wishesOf(row.wishes) }),
    ...(row.leased.size === 0 ? {} : { leased: Object.fromEntries(row.leased) }),
    ...(row.phase === 'relaying' ? { performed: true as const } : {}),
    ...(row.reason === null ? {} : { reason: row.reason }),
    // Rows that an earlier version wrote know no limit.
    maxBlackoutMs: row.max_blackout_ms ?? DEFAULT_MAX_BLACKOUT_MS,
    ...(row.blackout_ms === null ? {} : { blackoutMs: row.blackout_ms }),
    ...(row.copy_ms === null ? {} : { copyMs: row.copy_ms }),
    ...(row.warning === null ? {} : { warning: row.warning }),
  };
}

/** Numbers as they are, and 1 for what is wished. */
function wishRow({ bandwidthMiBps, autoConverge, postCopy, copyStorage }: Wishes): Map<string, number> {
  const row = new Map<string, number>();
  if (bandwidthMiBps !== undefined) row.set('bandwidth', bandwidthMiBps);
  if (autoConverge === true) row.set('auto-converge', 1);
  if (postCopy === true) row.set('post-copy', 1);
  if (copyStorage !== undefined) row.set(`copy-storage-${copyStorage}`, 1);
  return row;
}

function wishesOf(row: ReadonlyMap<string, number>): Wishes {
  const bandwidthMiBps = row.get('bandwidth');
  return {
    ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }),
    ...(row.has('auto-converge') ? { autoConverge: true } : {}),
    ...(row.has('post-copy') ? { postCopy: true } : {}),
    ...(row.has('copy-storage-all') ? { copyStorage: 'all' } : {}),
    ...(row.has('copy-storage-inc') ? { copyStorage: 'inc' } : {}),
  };
}
