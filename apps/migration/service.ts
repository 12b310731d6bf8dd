/**
 * Carries migrations out: hears what libvirt, OVS and users say, asks the state machine, and has it done what that
 * answers. What an event means is in hearing.ts and noticing.ts, what follows in machine.ts, plan.ts, switchover.ts and
 * steering.ts; what is waited for before in preparation.ts; actions.ts acts, by copy.ts and staging.ts.
 *
 * A migration begun by somebody else looks the same from the moment when the guest's port appears at another
 * host; only the call to libvirt is not ours, and so it is not steered. Neither is one that an earlier controller
 * began. How those end, follower.ts finds out.
 */
import { messageOf } from '../../controller/errors.ts';
import type { LibvirtEvent } from '../../controller/libvirt/index.ts';
import { DEFAULT_MAX_BLACKOUT_MS } from '../../controller/limits.ts';
import { migrationChanged } from '../../controller/network/changes.ts';
import {
  isMoving,
  isUnderWay,
  type Migration,
  type Strategy,
  type Wishes,
} from '../../controller/network/migration.ts';
import type { Admit } from '../../controller/network/anchor.ts';
import type { DomainState, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import type { RelayMode } from '../../controller/network/relay.ts';
import { Actions } from './actions.ts';
import type { Conclusion } from './conclusion.ts';
import { MigrationAbortedError } from './errors.ts';
import { Follower } from './follower.ts';
import { meaning } from './hearing.ts';
import { type MigrationEvent, step } from './machine.ts';
import { newsOf } from './noticing.ts';
import type { MigrationServiceParts } from './parts.ts';
import { checkMigration } from './plan.ts';
import { Preparation } from './preparation.ts';
import { MigrationRecord } from './record.ts';
import { atHand, guestOf, isCopying, type Running, single } from './running.ts';
import { deliveredAfter, isAttached, newAnchors, withLeases } from './switchover.ts';

/** Which strategy measures best: no packet is sent twice, and few are lost. See `make bench-switchover`. */
export const DEFAULT_STRATEGY: Strategy = 'redirect';

export interface MigrationOptions extends Wishes {
  readonly strategy?: Strategy;
  readonly admit?: Admit;
  readonly relay?: RelayMode;
  /** With `rewrite`: what no edge covers goes through a tunnel. */
  readonly edgesOnly?: true;
  /** The longest blackout that it may cause by what memory is left to copy. */
  readonly maxBlackoutMs?: number;
}

export class MigrationService {
  readonly #parts: MigrationServiceParts;
  readonly #record: MigrationRecord;
  readonly #running = new Map<GuestName, Running>();
  readonly #follower: Follower;
  readonly #preparation: Preparation;
  readonly #actions: Actions;

  constructor(parts: MigrationServiceParts) {
    this.#parts = parts;
    this.#record = new MigrationRecord(parts);
    this.#follower = new Follower({
      ...parts,
      onConclusion: (migration, conclusion) => this.#concluded(migration, conclusion),
    });
    this.#preparation = new Preparation(parts);
    this.#actions = new Actions({
      ...parts,
      record: this.#record,
      running: this.#running,
      event: (guest, event, id) => this.#event(guest, event, id),
      answerLost: (migration) => this.#follower.follow(migration, true),
    });
    parts.network.follow((state, before) => this.#follow(state, before));
  }

  /** Begins a migration; throws the reason why it cannot begin. What becomes of it shows in the network's state. */
  begin(guest: GuestName, to: HostName, options: MigrationOptions = {}): Migration {
    const { from } = checkMigration(this.#parts.network.state, guest, to);
    return this.#plan(guest, from, to, 'controller', options);
  }

  /** Takes up the migrations that an earlier controller left; each ends as what libvirt says of it demands. */
  adopt(): void {
    for (const migration of this.#parts.network.state.migrations.values()) {
      const { guest, phase } = migration;
      if (!isUnderWay(phase) && phase !== 'failed') continue;
      this.#running.set(guest, atHand(migration, this.#parts));
      this.#preparation.note(migration);
      if (phase === 'failed') this.#actions.act(migration, 'return', undefined);
      else this.#follower.follow(migration, isOurs(migration), isOurs(migration));
    }
  }

  /** The bridge holds its flows, for the first time or again: what was staged there is not. */
  bridgeReady(): void {
    const { state } = this.#parts.network;
    for (const migration of state.migrations.values()) {
      const guest = state.guests.get(migration.guest);
      if (guest === undefined || !isCopying(state, migration) || !isAttached(state, guest, migration.to))
        continue;
      const running = this.#running.get(migration.guest);
      if (running?.copyingSince === undefined) this.#actions.act(migration, 'stage', undefined);
    }
  }

  close(): void {
    this.#follower.close();
    this.#preparation.close();
    for (const { cancelWait } of this.#running.values()) cancelWait?.();
  }

  /** Gives a migration up that has not switched over yet; it is then rolled back. */
  async abort(guest: GuestName): Promise<void> {
    const migration = this.#parts.network.state.migrations.get(guest);
    if (migration === undefined || !isUnderWay(migration.phase)) return;
    const copy = this.#running.get(guest)?.copy;
    if (copy !== undefined) return copy.abort();
    if (migration.phase === 'planned' && migration.origin === 'controller') {
      this.#event(guest, { type: 'refused', reason: new MigrationAbortedError(guest).message }, migration.id);
      return;
    }
    const hypervisor = this.#parts.hypervisors.get(migration.from);
    if (hypervisor !== undefined) await hypervisor.abort(await hypervisor.find(guest));
  }

  /** An event of one host's libvirtd. */
  heard(event: LibvirtEvent, host: HostName): void {
    const guest = event.domain.name;
    const migration = this.#parts.network.state.migrations.get(guest);
    if (migration === undefined || (host !== migration.from && host !== migration.to)) return;
    const running = this.#running.get(guest);
    if (event.kind === 'monitor' && host === migration.from) {
      if (event.event === 'STOP') running?.copy?.stopped();
      if (event.event === 'RESUME') this.#actions.watch(guest, running?.copy?.goesOn());
    }
    const means = meaning(event, host, migration);
    if (means !== undefined) this.#event(guest, means);
    this.#record.tell(migration, event, host);
    if (event.kind === 'monitor' && running !== undefined) {
      this.#record.stamp(migration, running, event.event, event.qemuTime, host);
    }
  }

  /** A guest's own announcement came from its port at the host. */
  announced(guest: GuestName, host: HostName): void {
    const migration = this.#parts.network.state.migrations.get(guest);
    if (migration?.to === host) this.#event(guest, { type: 'announced' }, migration.id);
  }

  /**
   * All domains of a host, after its libvirtd was reached again: events may have been missed. To be called before the
   * network's state says where they run.
   */
  resynced(host: HostName, domains: ReadonlyMap<GuestName, DomainState>): void {
    this.#noticeArrivals(host, domains);
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

  /** Guests that somebody has moved here while nobody looked. */
  #noticeArrivals(host: HostName, domains: ReadonlyMap<GuestName, DomainState>): void {
    const { network, clock, onMoment } = this.#parts;
    for (const [guest, domain] of domains) {
      const from = network.state.placements.get(guest);
      const migration = network.state.migrations.get(guest);
      if (domain !== 'running' || from === undefined || from === host) continue;
      if (!network.state.guests.has(guest) || (migration !== undefined && isMoving(migration))) continue;
      onMoment({ kind: 'noticed', guest, host }, clock.now());
      this.#plan(guest, from, host, 'noticed', {});
      this.#event(guest, { type: 'resumed-at-destination' });
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
    const { strategy, admit, relay, edgesOnly, maxBlackoutMs, ...wishes } = options;
    const prepared = withLeases(network.state, guest, to, relay, edgesOnly);
    const leased = newAnchors(network.state, prepared, guest);
    const migration: Migration = {
      id: newId(),
      guest: guestName,
      from,
      to,
      strategy: strategy ?? DEFAULT_STRATEGY,
      admit: admit ?? 'all',
      relay: relay ?? 'tunnel',
      maxBlackoutMs: maxBlackoutMs ?? DEFAULT_MAX_BLACKOUT_MS,
      origin,
      phase: 'planned',
      entered: { planned: now },
      wishes,
      leased: Object.fromEntries(leased.map(({ nic, anchor }) => [nic, anchor.index])),
    };
    this.#running.get(guestName)?.cancelWait?.();
    this.#running.set(guestName, { ...atHand(migration, this.#parts), single: single(migration) });
    network.update((state) =>
      migrationChanged(migration)(withLeases(state, guest, to, migration.relay, edgesOnly)),
    );
    if (origin === 'noticed') this.#follower.follow(migration, false);
    this.#begin(migration);
    return migration;
  }

  #begin(migration: Migration): void {
    const { guest, id } = migration;
    this.#preparation.prepare(this.#parts.network.state.guests.get(guest)!, migration).then(
      () => this.#event(guest, { type: 'begun' }, id),
      (error: unknown) => this.#event(guest, { type: 'refused', reason: messageOf(error) }, id),
    );
  }

  /** What the follower has found out; false when it is too early for it. */
  #concluded(migration: Migration, conclusion: Conclusion): boolean {
    const { guest, id, to } = migration;
    if (conclusion.type === 'event') {
      this.#event(guest, conclusion.event, id);
      return true;
    }
    if (!this.#parts.fabric.ready(to)) return false;
    this.#follower.leave(guest);
    this.#running.set(guest, { ...atHand(migration, this.#parts), single: single(migration) });
    if (migration.phase === 'planned') this.#begin(migration);
    else this.#actions.act(migration, 'copy', undefined);
    return true;
  }

  #follow(state: NetworkState, before: NetworkState): void {
    for (const news of newsOf(state, before)) {
      if ('event' in news) {
        this.#event(news.guest, news.event);
        continue;
      }
      const { guest, from, to } = news;
      this.#parts.onMoment({ kind: 'noticed', guest, host: to }, this.#parts.clock.now());
      this.#plan(guest, from, to, 'noticed', {});
    }
  }

  /** With an `id`, only if that is still the guest's migration: what was begun for an earlier one may end late. */
  #event(guest: GuestName, event: MigrationEvent, id?: string): void {
    const { network, clock, onMoment } = this.#parts;
    const migration = network.state.migrations.get(guest);
    if (migration === undefined || (id !== undefined && migration.id !== id)) return;
    const now = clock.now();
    const { migration: next, actions } = step(migration, event, now);
    if (next === migration && actions.length === 0) return;

    // Gates are turned, and the commit of what is staged leaves, before anything else is thought about.
    const committing = actions.includes('redirect')
      ? this.#running.get(guest)?.staging.switchOver(next, guestOf(network.state, guest))
      : undefined;
    network.update((state) => {
      const changed = migrationChanged(next)(state);
      return actions.reduce((after, action) => deliveredAfter(after, next, action), changed);
    });
    if (next.phase !== migration.phase) {
      onMoment({ kind: 'phase', guest, migration: next.id, phase: next.phase }, now);
    }
    for (const action of actions) this.#actions.act(next, action, committing);
    this.#preparation.note(next);
  }
}

const isOurs = ({ origin }: Migration): boolean => origin === 'controller';
