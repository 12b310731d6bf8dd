/**
 * Begins a migration and follows it to its end.
 *
 * Events say when to look; what is shown comes from the migration itself. So nothing is missed when events are,
 * and a controller that restarts in the middle is waited for.
 */
import type { Clock } from '../../controller/clock.ts';
import { cli as limits } from '../../controller/limits.ts';
import type { MigrationObject, MigrationRequest } from '../api/objects.ts';
import type { ApiClient } from '../api/client.ts';
import { ApiSilentError, ApiUnreachableError } from '../api/client-errors.ts';
import { NoLongerWatchedError } from './errors.ts';
import { Wake } from './wake.ts';

export interface Watching {
  readonly clock: Clock;
  /** Ends the watching, not the migration. */
  readonly signal: AbortSignal;
  /** It has begun. */
  readonly onBegun: (migration: MigrationObject) => void;
  /** It may have changed. */
  readonly onState: (migration: MigrationObject) => void;
  /** The controller is away, and waited for; then that it is back. */
  readonly onAway: (away: boolean) => void;
}

/** Gives the migration as it ended. Throws what the API refuses, and `CLI_NO_LONGER_WATCHED`. */
export async function watchMigration(
  client: ApiClient,
  wish: MigrationRequest,
  watching: Watching,
): Promise<MigrationObject> {
  const wake = new Wake(watching.clock);
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
    wake.notify();
  };
  watching.signal.addEventListener('abort', interrupt);
  const following = followGuest(client, wish.guest, wake, stop.signal, watching.clock);
  try {
    const begun = await client.migrate(wish);
    watching.onBegun(begun);
    return await untilEnded(client, begun, wake, watching);
  } finally {
    watching.signal.removeEventListener('abort', interrupt);
    stop.abort();
    wake.notify();
    await following;
  }
}

/** Wakes at every event of the guest, and whenever some may have been missed. */
async function followGuest(
  client: ApiClient,
  guest: string,
  wake: Wake,
  signal: AbortSignal,
  clock: Clock,
): Promise<void> {
  const pause = new Wake(clock);
  signal.addEventListener('abort', () => pause.notify());
  while (!signal.aborted) {
    try {
      await client.follow(
        ({ subject }) => {
          if (subject === `guest ${guest}`) wake.notify();
        },
        () => wake.notify(),
        signal,
      );
    } catch {
      // Whatever is wrong, looking at the migration finds it, too, and tells it.
      wake.notify();
      await pause.wait(limits.reconnectInterval);
    }
  }
}

async function untilEnded(
  client: ApiClient,
  begun: MigrationObject,
  wake: Wake,
  { clock, signal, onState, onAway }: Watching,
): Promise<MigrationObject> {
  let seen = begun;
  let outcomeAt: number | undefined;
  let awaySince: number | undefined;
  for (;;) {
    onState(seen);
    const now = clock.now();
    if (seen.outcome !== null) outcomeAt ??= now;
    const patience = outcomeAt === undefined ? untilNextLook(seen) : outcomeAt + patienceWith(seen) - now;
    if (patience <= 0) return seen;
    await wake.wait(awaySince === undefined ? patience : limits.reconnectInterval);
    if (signal.aborted) throw new NoLongerWatchedError(begun.id);
    try {
      seen = await client.migration(begun.id);
      if (awaySince !== undefined) onAway(false);
      awaySince = undefined;
    } catch (error) {
      if (!(error instanceof ApiUnreachableError || error instanceof ApiSilentError)) throw error;
      if (awaySince === undefined) onAway(true);
      awaySince ??= clock.now();
      if (clock.now() - awaySince >= limits.reconnectPatience) throw error;
    }
  }
}

/** libvirt ends a migration at the source without an event, a second or two after the guest has resumed. */
function untilNextLook({ phase }: MigrationObject): number {
  return phase === 'relaying' ? limits.endInterval : limits.lookInterval;
}

/** How long a migration with an outcome is looked at for what may still come of it. */
function patienceWith({ outcome, blackoutMs }: MigrationObject): number {
  if (outcome === 'completed') return blackoutMs === null ? limits.blackoutPatience : 0;
  return outcome === 'failed' ? limits.rollbackPatience : 0;
}
