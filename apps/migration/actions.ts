/**
 * Does what the state machine answers: copies by libvirt, stages and commits by the switches, and says what came of it,
 * which is an event again.
 */
import { asError, messageOf } from '../../controller/errors.ts';
import { LibvirtClosedError, LibvirtKeepaliveError } from '../../controller/libvirt/index.ts';
import { migration as limits } from '../../controller/limits.ts';
import { placed } from '../../controller/network/changes.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { GuestName } from '../../controller/network/names.ts';
import { announce } from '../routing/announce.ts';
import { copyAddress } from './copy-address.ts';
import { Copy } from './copy.ts';
import type { MigrationAction, MigrationEvent } from './machine.ts';
import type { MigrationServiceParts } from './parts.ts';
import type { MigrationRecord } from './record.ts';
import { guestOf, isCopying, type Running } from './running.ts';
import type { Order } from './steering.ts';
import { prepared, switchedOver, unprepared, withoutLeases } from './switchover.ts';
import { foresee, longestLeadMs } from './tap-queue.ts';
import { warmings } from './warming.ts';

export interface ActionParts extends Pick<
  MigrationServiceParts,
  'network' | 'fabric' | 'hypervisors' | 'clock' | 'onError' | 'onMoment'
> {
  readonly record: MigrationRecord;
  readonly running: ReadonlyMap<GuestName, Running>;
  /** What has come of it, if it is still the guest's migration. */
  readonly event: (guest: GuestName, event: MigrationEvent, id: string) => void;
  /** The connection broke before libvirt's answer: whether it moves on, others have to find out. */
  readonly answerLost: (migration: Migration) => void;
}

export class Actions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /** `committing`: the commit of the switchover, when it has left already; resolves to whether all bridges acknowledged it. */
  act(migration: Migration, action: MigrationAction, committing: Promise<boolean> | undefined): void {
    const { guest, id } = migration;
    const running = this.#parts.running.get(guest);
    const { clock } = this.#parts;
    switch (action) {
      case 'copy':
        this.#copy(migration).then(
          () => this.#parts.event(guest, { type: 'performed' }, id),
          (error: unknown) => {
            // The answer is lost, not the migration.
            if (isConnectionLost(error)) this.#parts.answerLost(migration);
            else this.#parts.event(guest, { type: 'refused', reason: messageOf(error) }, id);
          },
        );
        return;
      case 'stage':
        this.watch(guest, this.#stage(migration));
        return;
      case 'copy-to-both':
        this.watch(guest, this.#copyToBoth(migration));
        return;
      case 'let-switch': {
        if (running === undefined) return;
        const since = running.copyingSince ?? clock.now();
        const lead = longestLeadMs(running.rate.packetsPerSecond, migration.maxBlackoutMs);
        this.watch(guest, running.copy?.letSwitch(since + lead));
        return;
      }
      case 'stop-copying':
        this.#parts.record.warn(
          migration,
          'the guest did not switch over while the destination could hold copies for it: packets may be lost; ' +
            'allow a longer blackout, or more bandwidth',
        );
        this.#endCopies(running);
        this.watch(guest, this.#stage(migration));
        return;
      case 'return':
        this.watch(guest, this.#return(migration));
        return;
      case 'announce':
        running?.cancelWait?.();
        announce(this.#parts.network.state, this.#parts.fabric, guest);
        return;
      case 'await-announcement':
        if (running === undefined || running.cancelWait !== undefined) return;
        running.cancelWait = clock.after(limits.announcementPatience, () =>
          this.#parts.event(guest, { type: 'unannounced' }, id),
        );
        return;
      case 'redirect':
        this.watch(guest, this.#redirected(migration, committing));
        if (
          migration.strategy === 'bicast' &&
          running?.single === false &&
          running.copyingSince === undefined
        ) {
          this.#parts.record.warn(
            migration,
            'the guest switched over before copies went to the destination, as with `redirect`: packets may be lost',
          );
        }
        return;
      case 'undo':
        this.#endCopies(running);
        this.watch(guest, running?.copy?.goesOn());
        return;
    }
  }

  /** What goes wrong is told. */
  watch(guest: GuestName, doing: Promise<void> | undefined): void {
    doing?.catch((error: unknown) => this.#parts.onError(asError(error), guest));
  }

  async #copy(migration: Migration): Promise<void> {
    const { guest, from, to, strategy, maxBlackoutMs, wishes = {} } = migration;
    const { network, hypervisors, clock, onError } = this.#parts;
    const destination = network.state.hosts.get(to)!;
    const running = this.#parts.running.get(guest)!;
    const { bandwidthMiBps, autoConverge, postCopy, copyStorage } = wishes;
    running.copy = new Copy({
      guest,
      hypervisor: hypervisors.get(from)!,
      destination: hypervisors.get(to)!,
      clock,
      terms: { strategy, maxBlackoutMs, bandwidthMiBps, postCopy: postCopy === true },
      migrate: {
        destination: destination.migration,
        ...copyAddress(destination),
        flags: { autoConverge, postcopy: postCopy },
        copyStorage,
        ...(bandwidthMiBps === undefined ? {} : { bandwidth: bandwidthMiBps }),
      },
      onOrder: (order) => this.#ordered(migration, order),
      packetsPerSecond: () => running.rate.packetsPerSecond,
      onLook: (at) => this.watch(guest, this.#count(migration, running, at)),
      onError: (error) => onError(error, guest),
    });
    await running.copy.perform();
  }

  async #count(migration: Migration, running: Running, at: number): Promise<void> {
    await running.rate.count(at);
    const { packetsPerSecond } = running.rate;
    if (packetsPerSecond === undefined || running.foreseen) return;
    running.foreseen = true;
    this.#parts.record.warn(
      migration,
      foresee(packetsPerSecond, migration.maxBlackoutMs, migration.strategy),
    );
  }

  #ordered(migration: Migration, order: Order): void {
    const { guest, id, from: host, maxBlackoutMs } = migration;
    switch (order.type) {
      case 'downtime':
        this.#parts.onMoment(
          { kind: 'downtime-set', guest, migration: id, host, ms: order.ms },
          this.#parts.clock.now(),
        );
        return;
      case 'copy-to-both':
      case 'stop-copying':
        this.#parts.event(guest, { type: order.type }, id);
        return;
      case 'not-converging':
        this.#parts.record.warn(
          migration,
          `the guest dirties its memory faster than it can be copied with a blackout of ${maxBlackoutMs} ms: ` +
            'abort it, then allow a longer blackout (--max-blackout), more bandwidth (--bandwidth), or try ' +
            '--auto-converge or --post-copy',
        );
        return;
      default:
        return;
    }
  }

  /** The switchover, or, with `bicast`, first the copying to both. */
  async #stage(migration: Migration): Promise<void> {
    const { network } = this.#parts;
    const running = this.#parts.running.get(migration.guest);
    if (running === undefined) return;
    this.#warm(migration);
    // Before its announcement nothing is sent to a guest that moves by `rarp`.
    if (migration.strategy !== 'rarp') await this.#setUpGates(migration);
    if (!(await running.staging.stage(migration, () => switchedOver(network.state, migration)))) return;
    if (!isCopying(this.#parts.network.state, migration)) {
      running.staging.discard();
      return;
    }
    running.copy?.staged();
    this.#parts.event(migration.guest, { type: 'staged' }, migration.id);
  }

  /** Where a gate leaks there are none: the switchover goes by commits alone. */
  async #setUpGates(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    if (!fabric.metersHold()) return;
    network.update((state) => prepared(state, migration));
    await fabric.settled();
    if (!fabric.metersHold() && isCopying(this.#parts.network.state, migration)) {
      network.update((state) => unprepared(state, migration));
    }
  }

  #endCopies(running: Running | undefined): void {
    if (running === undefined) return;
    running.copyingSince = undefined;
    running.single = true;
  }

  async #copyToBoth(migration: Migration): Promise<void> {
    const { clock, onMoment } = this.#parts;
    const { guest, id } = migration;
    const running = this.#parts.running.get(guest)!;
    const since = clock.now();
    if (!(await running.staging.copyToBoth(migration, guestOf(this.#parts.network.state, guest)))) return;
    running.copyingSince = since;
    onMoment({ kind: 'copying-to-both', guest, migration: id }, clock.now());
    this.#parts.event(guest, { type: 'copied-to-both' }, id);
  }

  async #redirected(migration: Migration, committing: Promise<boolean> | undefined): Promise<void> {
    const { clock, onMoment } = this.#parts;
    const { guest, id } = migration;
    const acknowledged = await committing;
    if (acknowledged === true) onMoment({ kind: 'redirected', guest, migration: id }, clock.now());
    if (acknowledged === false) {
      this.#parts.record.warn(
        migration,
        'a bridge has not acknowledged the switchover, and gets it later: packets may be lost',
      );
    }
  }

  #warm(migration: Migration): void {
    const { network, fabric } = this.#parts;
    for (const { host, actions, frame } of warmings(network.state, migration)) {
      fabric.packetThrough(host, actions, frame);
    }
  }

  async #return(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    const running = this.#parts.running.get(migration.guest);
    running?.cancelWait?.();
    running?.staging.discard();
    await fabric.settled();
    network.update((state) => withoutLeases(state, migration));
    this.#parts.event(migration.guest, { type: 'returned' }, migration.id);
    // It may run elsewhere after all, or not at all: then it is not in the way of what libvirt says of it.
    for (const { host, reachable, domains } of network.state.hypervisors.values()) {
      if (reachable && domains.get(migration.guest) === 'running')
        network.update(placed(migration.guest, host));
    }
  }
}

/** The call may have been heard, and whatever came of it goes on. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof LibvirtClosedError || error instanceof LibvirtKeepaliveError;
}
