/**
 * Flows that wait in open bundles at every anchor, and gates, so that at the moment itself only the turning of meters and a
 * commit travel.
 */
import type { Clock } from '../../controller/clock.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { Guest, NetworkState } from '../../controller/network/model.ts';
import type { SwitchName } from '../../controller/network/names.ts';
import type { Fabric, StagedSwitchover } from '../../controller/switches/fabric.ts';
import type { Moment } from '../events.ts';
import { type GatePosition, gateRates } from './gates.ts';

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

  /** Lets packets go to both hosts. Sent before it returns; are there gates, and has every bridge acknowledged it? */
  async copyToBoth(migration: Migration, guest: Pick<Guest, 'interfaces'>): Promise<boolean> {
    const { acknowledged, switches, tell } = this.#turn(migration, guest, 'both');
    tell();
    return (await acknowledged) && switches.length > 0;
  }

  /**
   * Turns the gates and sends the commits before it returns; undefined when nothing is staged. Has every bridge
   * acknowledged its commit?
   */
  switchOver(migration: Migration, guest: Pick<Guest, 'interfaces'>): Promise<boolean> | undefined {
    const { tell } = this.#turn(migration, guest, 'after');
    const staged = this.#staged;
    this.#staged = undefined;
    this.#attempt++;
    // Stamped before, told after: a switch may have committed before this process runs again.
    const at = this.#clock.now();
    const acknowledged = staged?.commit((host) => this.#say('commit-acknowledged', migration, host));
    tell();
    for (const host of staged?.hosts ?? []) this.#say('commit-sent', migration, host, at);
    return acknowledged;
  }

  discard(): void {
    this.#attempt++;
    this.#staged?.discard();
    this.#staged = undefined;
  }

  #turn(
    migration: Migration,
    { interfaces }: Pick<Guest, 'interfaces'>,
    position: GatePosition,
  ): { acknowledged: Promise<boolean>; switches: readonly SwitchName[]; tell: () => void } {
    const at = this.#clock.now();
    const numbers = interfaces.map(({ number }) => number);
    const { switches, acknowledged } = this.#fabric.turn(gateRates(numbers, position));
    const { guest, id } = migration;
    const tell = (): void => {
      for (const host of switches)
        this.#onMoment({ kind: 'gates-turned', guest, migration: id, host, position }, at);
    };
    return { acknowledged, switches, tell };
  }

  #say(
    kind: 'staged' | 'commit-sent' | 'commit-acknowledged',
    { guest, id }: Migration,
    host: SwitchName,
    at = this.#clock.now(),
  ): void {
    this.#onMoment({ kind, guest, migration: id, host }, at);
  }
}
