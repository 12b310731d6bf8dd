/**
 * One copy of a guest's memory: asks libvirt for it, looks how it goes, and gives QEMU the orders that steering.ts
 * finds right.
 *
 *     perform ──► libvirt's migrate, for as long as it takes
 *        └─ look ──► sample ──► steering ──► orders ──► libvirt, or the service (`onOrder`)
 */
import { asError } from '../../controller/errors.ts';
import type { Clock } from '../../controller/clock.ts';
import type { GuestMigration, Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { DomainRef } from '../../controller/libvirt/index.ts';
import { migration as limits } from '../../controller/limits.ts';
import type { GuestName } from '../../controller/network/names.ts';
import { MigrationAbortedError } from './errors.ts';
import {
  beginCopies,
  beginSteering,
  letSwitch,
  type Order,
  type Sample,
  steer,
  type Steered,
  type Steering,
  taken,
  type Terms,
} from './steering.ts';
import { migrateWithStorage } from './storage.ts';

export interface CopyOptions {
  readonly guest: GuestName;
  readonly hypervisor: Pick<
    Hypervisor,
    | 'find'
    | 'maxDowntime'
    | 'setMaxDowntime'
    | 'maxSpeed'
    | 'setMaxSpeed'
    | 'startPostCopy'
    | 'jobStats'
    | 'migrate'
    | 'abort'
    | 'imageDirectories'
  >;
  readonly destination: Pick<Hypervisor, 'admitImages'>;
  readonly clock: Clock;
  readonly terms: Terms;
  readonly migrate: GuestMigration;
  /** Called with each order, after libvirt has taken it where it is libvirt's. */
  readonly onOrder: (order: Order) => void;
  readonly packetsPerSecond: () => number | undefined;
  /** Called now and then while memory is copied. */
  readonly onLook: (at: number) => void;
  readonly onError: (error: Error) => void;
}

export class Copy {
  readonly #options: CopyOptions;
  #steering: Steering | undefined;
  #domain: DomainRef | undefined;
  #aborted = false;
  #staged = false;
  #ended = false;
  /** Nothing more is asked or ordered: libvirtd has no ear for it while it switches over. */
  #over = false;
  /** Ends soon after it is over. */
  #looking: Promise<void> | undefined;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  /** Resolves when libvirt says that the guest has moved; throws its reason when it has not. */
  async perform(): Promise<void> {
    const { guest, hypervisor, destination, terms, migrate } = this.#options;
    const domain = await hypervisor.find(guest);
    this.#domain = domain;
    const [downtimeMs, mibps] = await Promise.all([
      hypervisor.maxDowntime(domain),
      hypervisor.maxSpeed(domain),
    ]);
    try {
      await this.#obey(beginSteering(terms));
      if (this.#isAborted()) throw new MigrationAbortedError(guest);
      this.#looking = this.#look(domain);
      await migrateWithStorage(domain, hypervisor, destination, migrate);
    } catch (error) {
      this.#over = true;
      // An order that is on its way comes first.
      await this.#looking;
      // The guest stays, and so would the limits that it was copied under.
      await Promise.all([
        hypervisor.setMaxDowntime(domain, downtimeMs).catch(this.#report),
        hypervisor.setMaxSpeed(domain, mibps).catch(this.#report),
      ]);
      throw this.#isAborted() ? new MigrationAbortedError(guest) : error;
    } finally {
      this.#over = true;
      this.#ended = true;
      await this.#looking;
    }
  }

  /** The flows of the next step wait at every anchor. */
  staged(): void {
    this.#staged = true;
  }

  /** Copying to both is in force, and may go on until then. */
  async letSwitch(until: number): Promise<void> {
    if (this.#steering === undefined || this.#over) return;
    await this.#obey(letSwitch(this.#steering, until));
  }

  /** The source has stopped the guest. */
  stopped(): void {
    this.#over = true;
  }

  /** It was somebody's pause. */
  async goesOn(): Promise<void> {
    if (!this.#over || this.#ended || this.#domain === undefined) return;
    this.#over = false;
    // The pause may have been so short that the last look has not noticed it.
    const before = this.#looking;
    const domain = this.#domain;
    this.#looking = (async () => {
      await before;
      await this.#look(domain);
    })();
    await this.#looking;
  }

  /** Gives it up, as soon as libvirt has a job that can be given up. */
  async abort(): Promise<void> {
    this.#aborted = true;
    if (this.#domain !== undefined) await this.#options.hypervisor.abort(this.#domain);
  }

  async #look(domain: DomainRef): Promise<void> {
    const { hypervisor, clock, terms, packetsPerSecond, onLook } = this.#options;
    // Said once, however long it lasts.
    let failed = false;
    while (!this.#over) {
      try {
        const stats = await hypervisor.jobStats(domain);
        if (this.#isOver()) return;
        if (this.#aborted && stats !== undefined) await hypervisor.abort(domain);
        const { memoryIteration: pass, memoryRemaining: remaining, memoryBps } = stats ?? {};
        if (pass !== undefined && pass > 0 && remaining !== undefined && this.#steering !== undefined) {
          const sample: Sample = {
            at: clock.now(),
            pass,
            remaining,
            bytesPerSecond: memoryBps ?? 0,
            staged: this.#staged,
            packetsPerSecond: packetsPerSecond(),
          };
          onLook(sample.at);
          await this.#obey(steer(this.#steering, terms, sample));
        }
        failed = false;
      } catch (error) {
        if (!failed && !this.#isOver()) this.#report(error);
        failed = true;
      }
      if (await this.#copiesBegan()) continue;
      const close = this.#steering?.mode === 'approach' || this.#steering?.scaledUntil !== undefined;
      const interval = failed
        ? limits.failedLookInterval
        : close
          ? limits.closeLookInterval
          : limits.lookInterval;
      await new Promise<void>((resolve) => clock.after(interval, resolve));
    }
  }

  /** Begins copying to both when it is time to, if it is to begin at all; meanwhile nothing is looked at. */
  async #copiesBegan(): Promise<boolean> {
    const { clock } = this.#options;
    const copyAt = this.#steering?.copyAt;
    if (copyAt === undefined) return false;
    const wait = Math.max(0, copyAt - clock.now());
    await new Promise<void>((resolve) => clock.after(wait, resolve));
    if (this.#steering !== undefined && !this.#over) await this.#obey(beginCopies(this.#steering));
    return true;
  }

  /** Asked anew after each wait. */
  #isOver(): boolean {
    return this.#over;
  }

  #isAborted(): boolean {
    return this.#aborted;
  }

  async #obey({ steering, orders }: Steered): Promise<void> {
    this.#steering = steering;
    await Promise.all(
      orders.map(async (order) => {
        await this.#send(order);
        this.#options.onOrder(order);
      }),
    );
    this.#steering = taken(this.#steering, this.#options.clock.now());
  }

  async #send(order: Order): Promise<void> {
    const { hypervisor } = this.#options;
    const domain = this.#domain!;
    switch (order.type) {
      case 'downtime':
        return hypervisor.setMaxDowntime(domain, order.ms);
      case 'speed':
        return hypervisor.setMaxSpeed(domain, order.mibps);
      case 'start-post-copy':
        return hypervisor.startPostCopy(domain);
      default:
        return;
    }
  }

  readonly #report = (error: unknown): void => {
    this.#options.onError(asError(error));
  };
}
