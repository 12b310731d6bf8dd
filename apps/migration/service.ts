/**
 * Carries migrations out: hears what libvirt, OVS and users say, asks the state machine, and does what it
 * answers. The decisions are in machine.ts, plan.ts and switchover.ts.
 *
 * A migration begun by somebody else looks the same from the moment when the guest's port appears at another
 * host; only the call to libvirt is not ours.
 */
import type { Clock } from '../../controller/clock.ts';
import type { CopyStorage, Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { LibvirtEvent, LifecycleEvent } from '../../controller/libvirt/index.ts';
import { migrationChanged, placed, unanchored } from '../../controller/network/changes.ts';
import { isUnderWay, type Migration, type Strategy } from '../../controller/network/migration.ts';
import type {
  Admit,
  Anchor,
  DomainState,
  Guest,
  GuestName,
  HostName,
  NetworkState,
} from '../../controller/network/model.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric, StagedSwitchover } from '../../controller/switches/fabric.ts';
import { relayZone } from '../../controller/switches/pipeline.ts';
import type { Moment } from '../events.ts';
import { announce } from '../routing/announce.ts';
import { copyGuest } from './copy.ts';
import { type MigrationAction, type MigrationEvent, step } from './machine.ts';
import { checkMigration } from './plan.ts';
import { isAttached, newAnchors, switchedBack, switchedOver, withLeases } from './switchover.ts';

export interface MigrationOptions {
  readonly strategy?: Strategy;
  readonly admit?: Admit;
  /** The most that the copy may take of the network, in MiB/s. */
  readonly bandwidthMiBps?: number;
  readonly copyStorage?: CopyStorage;
}

export interface MigrationServiceParts {
  readonly network: Network;
  readonly fabric: Fabric;
  readonly hypervisors: ReadonlyMap<HostName, Hypervisor>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Resolves when the store has all that was decided so far. */
  readonly saved: () => Promise<void>;
  readonly onError: (error: Error, guest: GuestName) => void;
  /** Something worth a line in the timeline. */
  readonly onMoment: (moment: Moment, at: number) => void;
}

/** What is at hand of a migration besides what the model holds. */
interface Running {
  readonly options: MigrationOptions;
  staged: StagedSwitchover | undefined;
  staging: boolean;
  /** Care-of anchors that this migration has leased. */
  leased: readonly { nic: number; anchor: Anchor }[];
  stoppedAt: number | undefined;
  resumedAt: number | undefined;
}

export class MigrationService {
  readonly #parts: MigrationServiceParts;
  readonly #running = new Map<GuestName, Running>();

  constructor(parts: MigrationServiceParts) {
    this.#parts = parts;
    parts.network.follow((state, before) => this.#follow(state, before));
  }

  /** Begins a migration; throws the reason why it cannot begin. What becomes of it shows in the network's state. */
  begin(guest: GuestName, to: HostName, options: MigrationOptions = {}): Migration {
    const { from } = checkMigration(this.#parts.network.state, guest, to);
    return this.#plan(guest, from, to, 'controller', options);
  }

  /** Gives a migration up that has not switched over yet; it is then rolled back. */
  async abort(guest: GuestName): Promise<void> {
    const migration = this.#parts.network.state.migrations.get(guest);
    if (migration === undefined || !isUnderWay(migration.phase)) return;
    await this.#parts.hypervisors.get(migration.from)?.abort(guest);
  }

  /** An event of one host's libvirtd. */
  heard(event: LibvirtEvent, host: HostName): void {
    const guest = event.domain.name;
    const migration = this.#parts.network.state.migrations.get(guest);
    if (migration === undefined) return;
    switch (event.kind) {
      case 'lifecycle':
        this.#lifecycle(migration, event, host);
        return;
      case 'monitor':
        this.#stamp(migration, event.event, event.qemuTime, host);
        return;
      case 'migration-iteration':
        this.#parts.onMoment(
          { kind: 'iteration', guest, migration: migration.id, host, iteration: event.iteration },
          event.receivedAt,
        );
        return;
      default:
        return;
    }
  }

  /** All domains of a host, after its libvirtd was reached again: events may have been missed. */
  resynced(host: HostName, domains: ReadonlyMap<GuestName, DomainState>): void {
    for (const migration of this.#parts.network.state.migrations.values()) {
      if (!isUnderWay(migration.phase)) continue;
      const domain = domains.get(migration.guest);
      if (host === migration.to && domain === 'running') {
        this.#event(migration.guest, { type: 'resumed-at-destination' });
      } else if (host === migration.from && domain === 'running' && migration.phase === 'switching') {
        this.#event(migration.guest, { type: 'resumed-at-source' });
      }
    }
  }

  #plan(
    guestName: GuestName,
    from: HostName,
    to: HostName,
    origin: Migration['origin'],
    options: MigrationOptions,
  ): Migration {
    const { network, clock, newId } = this.#parts;
    const guest = network.state.guests.get(guestName)!;
    const now = clock.now();
    const migration: Migration = {
      id: newId(),
      guest: guestName,
      from,
      to,
      strategy: options.strategy ?? 'redirect',
      admit: options.admit ?? 'all',
      origin,
      phase: 'planned',
      entered: { planned: now },
    };
    const running: Running = {
      options,
      staged: undefined,
      staging: false,
      leased: [],
      stoppedAt: undefined,
      resumedAt: undefined,
    };
    const leased = withLeases(network.state, guest, to);
    running.leased = newAnchors(network.state, leased, guest);
    this.#running.set(guestName, running);
    network.update((state) => migrationChanged(migration)(withLeases(state, guest, to)));
    this.#prepare(guest, to).then(
      () => this.#event(guestName, { type: 'begun' }, migration.id),
      (error: unknown) => this.#event(guestName, { type: 'refused', reason: messageOf(error) }, migration.id),
    );
    return migration;
  }

  /** The store knows of the migration, and the destination remembers nothing of an earlier visit. */
  async #prepare(guest: Guest, to: HostName): Promise<void> {
    const { fabric, saved } = this.#parts;
    await Promise.all([
      saved(),
      ...guest.interfaces.map((nic) => fabric.flushZone(to, relayZone(nic.number))),
    ]);
  }

  #follow(state: NetworkState, before: NetworkState): void {
    if (state.bridges === before.bridges && state.migrations === before.migrations) return;
    for (const guest of state.guests.values()) {
      const migration = state.migrations.get(guest.name);
      if (migration !== undefined && isUnderWay(migration.phase)) {
        const attached = isAttached(state, guest, migration.to);
        if (attached && migration.phase === 'preparing') this.#event(guest.name, { type: 'attached' });
        if (migration.origin === 'noticed' && !attached && isAttached(before, guest, migration.to)) {
          this.#event(guest.name, { type: 'refused', reason: 'the destination gave the guest up' });
        }
        continue;
      }
      const placement = state.placements.get(guest.name);
      if (placement === undefined || state.bridges === before.bridges) continue;
      for (const host of state.hosts.keys()) {
        if (host === placement || isAttached(before, guest, host) || !isAttached(state, guest, host))
          continue;
        this.#parts.onMoment({ kind: 'noticed', guest: guest.name, host }, this.#parts.clock.now());
        this.#plan(guest.name, placement, host, 'noticed', {});
      }
    }
  }

  #lifecycle(migration: Migration, { event, detail, receivedAt }: LifecycleEvent, host: HostName): void {
    const { guest, from, to, id } = migration;
    if (host !== from && host !== to) return;
    this.#parts.onMoment({ kind: 'libvirt', guest, migration: id, host, event, detail }, receivedAt);
    if (host === from) {
      if (event === 'suspended' && detail === 'migrated') this.#event(guest, { type: 'suspended' });
      if (event === 'suspended' && detail === 'paused') this.#event(guest, { type: 'paused' });
      if (event === 'resumed' && detail === 'migrated') this.#event(guest, { type: 'resumed-at-source' });
      if (event === 'stopped' && detail === 'migrated') this.#event(guest, { type: 'performed' });
    } else {
      if (event === 'resumed') this.#event(guest, { type: 'resumed-at-destination' });
    }
  }

  /** QEMU's own stamps: the blackout is from its STOP at the source to its RESUME at the destination. */
  #stamp(migration: Migration, event: string, at: number, host: HostName): void {
    const running = this.#running.get(migration.guest);
    if (running === undefined) return;
    if (event === 'STOP' && host === migration.from) {
      running.stoppedAt = at;
      // libvirt tells what the stop was for some milliseconds later; meanwhile packets would be lost.
      if (migration.phase === 'copying') this.#event(migration.guest, { type: 'suspended' });
    } else if (event === 'RESUME' && host === migration.to) {
      running.resumedAt = at;
    } else {
      return;
    }
    this.#parts.onMoment({ kind: 'qemu', guest: migration.guest, migration: migration.id, host, event }, at);
    const { stoppedAt, resumedAt } = running;
    if (stoppedAt === undefined || resumedAt === undefined) return;
    this.#parts.network.update((state) => {
      const current = state.migrations.get(migration.guest);
      if (current?.id !== migration.id) return state;
      return migrationChanged({ ...current, blackoutMs: resumedAt - stoppedAt })(state);
    });
  }

  /** With an `id`, only if that is still the guest's migration: what was begun for an earlier one may end late. */
  #event(guest: GuestName, event: MigrationEvent, id?: string): void {
    const { network, clock, onMoment } = this.#parts;
    const migration = network.state.migrations.get(guest);
    if (migration === undefined || (id !== undefined && migration.id !== id)) return;
    const now = clock.now();
    const { migration: next, actions } = step(migration, event, now);
    if (next === migration && actions.length === 0) return;
    if (next.phase !== migration.phase) {
      onMoment({ kind: 'phase', guest, migration: next.id, phase: next.phase }, now);
    }

    // The commit of a staged switchover leaves before anything else is thought about.
    const redirecting = actions.includes('redirect') ? this.#redirect(next) : undefined;
    network.update((state) => {
      const changed = migrationChanged(next)(state);
      if (actions.includes('redirect')) return switchedOver(changed, next);
      if (actions.includes('return') || actions.includes('undo')) return switchedBack(changed, next);
      return changed;
    });
    if (redirecting !== undefined) this.#watch(guest, redirecting);
    for (const action of actions) this.#act(next, action);
  }

  #act(migration: Migration, action: MigrationAction): void {
    const { guest } = migration;
    switch (action) {
      case 'copy':
        this.#copy(migration).then(
          () => this.#event(guest, { type: 'performed' }, migration.id),
          (error: unknown) => this.#event(guest, { type: 'refused', reason: messageOf(error) }, migration.id),
        );
        return;
      case 'stage':
        this.#watch(guest, this.#stage(migration));
        return;
      case 'return':
        this.#watch(guest, this.#return(migration));
        return;
      case 'announce':
        announce(this.#parts.network.state, this.#parts.fabric, guest);
        return;
      case 'redirect':
      case 'undo':
        return;
    }
  }

  async #copy({ guest, from, to }: Migration): Promise<void> {
    const { network, hypervisors } = this.#parts;
    const destination = network.state.hosts.get(to)!;
    const { bandwidthMiBps: bandwidth, copyStorage } = this.#running.get(guest)?.options ?? {};
    await copyGuest(guest, hypervisors.get(from)!, hypervisors.get(to)!, {
      copyStorage,
      destination: destination.migration,
      uri: `tcp://${destination.underlay.includes(':') ? `[${destination.underlay}]` : destination.underlay}`,
      listenAddress: destination.underlay,
      ...(bandwidth === undefined ? {} : { bandwidth }),
    });
  }

  async #stage(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    const running = this.#running.get(migration.guest);
    if (running === undefined || running.staging) return;
    running.staging = true;
    let staged: StagedSwitchover;
    try {
      await fabric.settled();
      staged = await fabric.stage(switchedOver(network.state, migration));
    } finally {
      running.staging = false;
    }
    const current = network.state.migrations.get(migration.guest);
    if (current?.id !== migration.id || !isUnderWay(current.phase) || current.phase === 'switching') {
      staged.discard();
      return;
    }
    running.staged?.discard();
    running.staged = staged;
    this.#event(migration.guest, { type: 'staged' }, migration.id);
  }

  #redirect({ guest, id }: Migration): Promise<void> | undefined {
    const running = this.#running.get(guest);
    const staged = running?.staged;
    if (running === undefined || staged === undefined) return undefined;
    running.staged = undefined;
    const { onMoment, clock } = this.#parts;
    return staged.commit().then(() => onMoment({ kind: 'redirected', guest, migration: id }, clock.now()));
  }

  async #return(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    const running = this.#running.get(migration.guest);
    running?.staged?.discard();
    await fabric.settled();
    network.update((state) => {
      const released = (running?.leased ?? []).reduce(
        (next, { nic, anchor }) => unanchored(nic, anchor.index)(next),
        state,
      );
      return released;
    });
    this.#event(migration.guest, { type: 'returned' }, migration.id);
    network.update(placed(migration.guest, migration.from));
  }

  #watch(guest: GuestName, doing: Promise<void>): void {
    doing.catch((error: unknown) =>
      this.#parts.onError(error instanceof Error ? error : new Error(String(error)), guest),
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
