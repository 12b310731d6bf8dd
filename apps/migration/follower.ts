/**
 * Follows migrations whose end nobody will tell us: asks the source's daemon for the job, now and then, and hands on
 * what conclusion.ts makes of it, until the service says that there is nothing to follow any more.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import type { Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { DomainRef } from '../../controller/libvirt/index.ts';
import { migration as limits } from '../../controller/limits.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import { conclude, type Conclusion, type Facts, seen } from './conclusion.ts';

export interface FollowerParts {
  readonly network: Network;
  readonly hypervisors: ReadonlyMap<HostName, Hypervisor>;
  readonly clock: Clock;
  /** It stood for as long as it had to; false: it is to stand for longer. */
  readonly onConclusion: (migration: Migration, conclusion: Conclusion) => boolean;
  readonly onError: (error: Error, guest: GuestName) => void;
}

/** Of a copy's speed, in libvirt's words. */
const NO_LIMIT = 0;

interface Following {
  readonly id: string;
  readonly mayAsk: boolean;
  /** Sets QEMU free that was steered by whoever made the call; undefined when nobody did, or once done. */
  release: boolean;
  domain: DomainRef | undefined;
  /** The conclusion of the last look, and since when it has been that. */
  last: { readonly text: string; readonly since: number } | undefined;
}

export class Follower {
  readonly #parts: FollowerParts;
  readonly #followed = new Map<GuestName, Following>();
  #timer: Cancel | undefined;
  #closed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /**
   * From now on. `steered`: QEMU waits for orders that nobody gives any more. `mayAsk`: nobody knows whether libvirt was
   * asked.
   */
  follow({ guest, id }: Migration, steered: boolean, mayAsk = false): void {
    this.#followed.set(guest, { id, mayAsk, release: steered, domain: undefined, last: undefined });
    this.#schedule();
  }

  /** Somebody will tell us how it ends. */
  leave(guest: GuestName): void {
    this.#followed.delete(guest);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed || this.#followed.size === 0) return;
    this.#timer = this.#parts.clock.after(limits.followInterval, () => {
      void Promise.all([...this.#followed].map(([guest, one]) => this.#look(guest, one))).finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    });
  }

  async #look(guest: GuestName, following: Following): Promise<void> {
    const { network, clock, onConclusion, onError } = this.#parts;
    const migration = network.state.migrations.get(guest);
    if (migration?.id !== following.id || hasNothingToCome(migration)) {
      if (this.#followed.get(guest) === following) this.#followed.delete(guest);
      return;
    }
    try {
      const job = await this.#job(migration, following);
      const current = network.state.migrations.get(guest);
      if (current?.id !== following.id || this.#followed.get(guest) !== following) return;
      const facts: Facts = {
        source: seen(network.state, guest, migration.from),
        destination: seen(network.state, guest, migration.to),
        job,
      };
      const found = conclude(current.phase, facts, following.mayAsk);
      if (found === undefined) {
        following.last = undefined;
        return;
      }
      const text = JSON.stringify(found);
      const now = clock.now();
      if (following.last?.text !== text) following.last = { text, since: now };
      if (now - following.last.since < found.patience) return;
      if (onConclusion(current, found)) following.last = undefined;
    } catch (error) {
      onError(asError(error), guest);
    }
  }

  async #job(
    { guest, from, strategy, maxBlackoutMs }: Migration,
    following: Following,
  ): Promise<Facts['job']> {
    const hypervisor = this.#parts.hypervisors.get(from);
    const { state } = this.#parts.network;
    const there = seen(state, guest, from);
    if (hypervisor === undefined || there === 'unknown') return 'unknown';
    if (there === 'absent') return 'none';
    try {
      following.domain ??= await hypervisor.find(guest);
      if ((await hypervisor.jobStats(following.domain)) === undefined) return 'none';
      if (following.release) {
        await hypervisor.setMaxDowntime(following.domain, maxBlackoutMs);
        // Near its end the copy may have been slowed down for this strategy; how fast it was to be is not known any more.
        if (strategy === 'bicast') await hypervisor.setMaxSpeed(following.domain, NO_LIMIT);
        following.release = false;
      }
      return 'running';
    } catch {
      // It went, or its daemon did, which says so itself; or the daemon has no ear while it switches over.
      following.domain = undefined;
      return 'unknown';
    }
  }
}

function hasNothingToCome({ phase, performed }: Migration): boolean {
  return (
    phase === 'failed' ||
    phase === 'rolled-back' ||
    phase === 'drained' ||
    (phase === 'relaying' && performed === true)
  );
}
