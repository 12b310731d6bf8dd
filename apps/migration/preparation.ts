/**
 * What a migration waits for before it is begun: its turn, bridges and daemons, the store.
 */
import { migration as limits } from '../../controller/limits.ts';
import { isMoving, type Migration } from '../../controller/network/migration.ts';
import type { Guest } from '../../controller/network/model.ts';
import { relayZone } from '../../controller/switches/pipeline.ts';
import { HostUnreachableError } from './errors.ts';
import type { MigrationServiceParts } from './parts.ts';
import { lacking } from './readiness.ts';
import { Turns } from './turns.ts';

type Parts = Pick<MigrationServiceParts, 'network' | 'fabric' | 'clock' | 'saved'>;

export class Preparation {
  readonly #parts: Parts;
  readonly #turns = new Turns(limits.copiesAtATime);
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * It is the migration's turn, what it needs is there, the store knows of it, and the destination remembers nothing of an
   * earlier visit. What somebody else began does not wait.
   */
  async prepare(guest: Guest, migration: Migration): Promise<void> {
    const { fabric, saved } = this.#parts;
    const { id, from, to, origin } = migration;
    if (origin === 'controller') {
      await this.#turns.take(id, [from, to]);
      await this.#readiness(migration);
    }
    await Promise.all([
      saved(),
      ...guest.interfaces.map((nic) => fabric.flushZone(to, relayZone(nic.number))),
    ]);
  }

  /** Whatever is asked for, or goes on unasked, counts; what has ended does not, and makes room. */
  note(migration: Migration): void {
    if (!isMoving(migration)) this.#turns.end(migration.id);
    else if (migration.phase !== 'planned') this.#turns.join(migration.id, [migration.from, migration.to]);
  }

  /** Nothing is waited for any more; what waits never settles. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Resolves when bridges and daemons are there, or may be done without; throws what is missing after a while. Settles never
   * when the migration is given up meanwhile.
   */
  #readiness(migration: Migration): Promise<void> {
    const { network, fabric, clock } = this.#parts;
    const end = clock.now() + limits.readyPatience;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const current = network.state.migrations.get(migration.guest);
        if (this.#closed || current?.id !== migration.id || current.phase !== 'planned') return;
        const missing = lacking(network.state, migration, (host) => fabric.ready(host));
        if (missing.length > 0 && clock.now() < end) {
          clock.after(limits.readyInterval, look);
          return;
        }
        const needed = missing.find((one) => one.needed);
        if (needed === undefined) resolve();
        else
          reject(
            new HostUnreachableError(needed.host, `${needed.what}, for ${limits.readyPatience / 1000} s`),
          );
      };
      look();
    });
  }
}
