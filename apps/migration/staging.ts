/**
 * Flows that wait in open bundles at every anchor, so that at the moment itself only a commit travels.
 */
import type { Clock } from '../../controller/clock.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { HostName, NetworkState } from '../../controller/network/model.ts';
import type { Fabric, StagedSwitchover } from '../../controller/switches/fabric.ts';
import type { Moment } from '../events.ts';

export class Staging {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #onMoment: (moment: Moment, at: number) => void;
  #staged: StagedSwitchover | undefined;
  /** The latest attempt: an earlier one that ends later is void. */
  #attempt = 0;

  constructor(fabric: Fabric, clock: Clock, onMoment: (moment: Moment, at: number) => void) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#onMoment = onMoment;
  }

  /** Stages the step to what `after` gives; false when another attempt, or a discard, came in between. */
  async stage(migration: Migration, after: () => NetworkState): Promise<boolean> {
    const attempt = ++this.#attempt;
    await this.#fabric.settled();
    const staged = await this.#fabric.stage(after());
    if (attempt !== this.#attempt) {
      staged.discard();
      return false;
    }
    this.#staged?.discard();
    this.#staged = staged;
    for (const host of staged.hosts) this.#say('staged', migration, host);
    return true;
  }

  /** Sends the commits before it returns; undefined when nothing is staged. Has every bridge acknowledged its own? */
  commit(migration: Migration): Promise<boolean> | undefined {
    const staged = this.#staged;
    this.#staged = undefined;
    this.#attempt++;
    if (staged === undefined) return undefined;
    // Stamped before, told after: a switch may have committed before this process runs again.
    const at = this.#clock.now();
    const acknowledged = staged.commit((host) => this.#say('commit-acknowledged', migration, host));
    for (const host of staged.hosts) this.#say('commit-sent', migration, host, at);
    return acknowledged;
  }

  discard(): void {
    this.#attempt++;
    this.#staged?.discard();
    this.#staged = undefined;
  }

  #say(
    kind: 'staged' | 'commit-sent' | 'commit-acknowledged',
    { guest, id }: Migration,
    host: HostName,
    at = this.#clock.now(),
  ): void {
    this.#onMoment({ kind, guest, migration: id, host }, at);
  }
}
