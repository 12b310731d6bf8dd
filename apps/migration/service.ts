/**
 * Carries migrations out: hears what libvirt, OVS and users say, asks the state machine, and does what it
 * answers. What an event means is in hearing.ts and noticing.ts, what follows in machine.ts, plan.ts, switchover.ts and
 * steering.ts; copy.ts and staging.ts act.
 *
 * A migration begun by somebody else looks the same from the moment when the guest's port appears at another
 * host; only the call to libvirt is not ours, and so it is not steered. Neither is one that an earlier controller
 * began. How those end, follower.ts finds out.
 */
import { asError, messageOf } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import type { Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import {
  LibvirtClosedError,
  LibvirtKeepaliveError,
  type LibvirtEvent,
} from '../../controller/libvirt/index.ts';
import { DEFAULT_MAX_BLACKOUT_MS, migration as limits } from '../../controller/limits.ts';
import { migrationChanged, placed } from '../../controller/network/changes.ts';
import {
  isMoving,
  isUnderWay,
  type Migration,
  type Strategy,
  type Wishes,
} from '../../controller/network/migration.ts';
import type {
  Admit,
  DomainState,
  Guest,
  GuestName,
  HostName,
  NetworkState,
} from '../../controller/network/model.ts';
import type { RelayMode } from '../../controller/network/relay.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { relayZone } from '../../controller/switches/pipeline.ts';
import type { Moment } from '../events.ts';
import { announce } from '../routing/announce.ts';
import type { Conclusion } from './conclusion.ts';
import { copyAddress } from './copy-address.ts';
import { Copy } from './copy.ts';
import { HostUnreachableError, MigrationAbortedError } from './errors.ts';
import { Follower } from './follower.ts';
import { meaning } from './hearing.ts';
import { type MigrationAction, type MigrationEvent, step } from './machine.ts';
import { newsOf } from './noticing.ts';
import { PacketRate } from './packet-rate.ts';
import { checkMigration } from './plan.ts';
import { lacking } from './readiness.ts';
import { MigrationRecord, type Stamps } from './record.ts';
import { Staging } from './staging.ts';
import type { Order } from './steering.ts';
import {
  isAttached,
  newAnchors,
  prepared,
  switchedBack,
  switchedOver,
  unprepared,
  withLeases,
  withoutLeases,
} from './switchover.ts';
import { foresee, longestLeadMs } from './tap-queue.ts';
import { Turns } from './turns.ts';
import { warmings } from './warming.ts';

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

export interface MigrationServiceParts {
  readonly network: Network;
  readonly fabric: Fabric;
  readonly hypervisors: ReadonlyMap<HostName, Hypervisor>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Resolves when the store has all that was decided so far. */
  readonly saved: () => Promise<void>;
  readonly onError: (error: Error, guest: GuestName) => void;
  /** What a migration could not keep to; it is in its record, too. */
  readonly onWarning: (guest: GuestName, warning: string) => void;
  /** Something worth a line in the timeline. */
  readonly onMoment: (moment: Moment, at: number) => void;
}

/** What is at hand of a migration besides what the model holds. */
interface Running extends Stamps {
  readonly staging: Staging;
  copy: Copy | undefined;
  /** No copies any more, or never: the next step is the switchover itself. */
  single: boolean;
  /** It was said whether the destination's queue will do. */
  foreseen: boolean;
  /** Set while the guest's announcement is waited for. */
  cancelWait: Cancel | undefined;
}

export class MigrationService {
  readonly #parts: MigrationServiceParts;
  readonly #record: MigrationRecord;
  readonly #running = new Map<GuestName, Running>();
  readonly #follower: Follower;
  readonly #turns = new Turns(limits.copiesAtATime);
  #closed = false;

  constructor(parts: MigrationServiceParts) {
    this.#parts = parts;
    this.#record = new MigrationRecord(parts);
    this.#follower = new Follower({
      ...parts,
      onConclusion: (migration, conclusion) => this.#concluded(migration, conclusion),
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
      this.#running.set(guest, this.#atHand(migration));
      this.#noteTurn(migration);
      if (phase === 'failed') this.#watch(guest, this.#return(migration));
      else this.#follower.follow(migration, isOurs(migration), isOurs(migration));
    }
  }

  /** The bridge holds its flows, for the first time or again: what was staged there is not. */
  bridgeReady(): void {
    const { state } = this.#parts.network;
    for (const migration of state.migrations.values()) {
      const guest = state.guests.get(migration.guest);
      if (guest === undefined || !this.#copying(migration) || !isAttached(state, guest, migration.to))
        continue;
      const running = this.#running.get(migration.guest);
      if (running?.copyingSince === undefined) this.#watch(migration.guest, this.#stage(migration));
    }
  }

  close(): void {
    this.#follower.close();
    this.#closed = true;
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
      if (event.event === 'RESUME') this.#watch(guest, running?.copy?.goesOn());
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
    this.#running.set(guestName, { ...this.#atHand(migration), single: single(migration) });
    network.update((state) =>
      migrationChanged(migration)(withLeases(state, guest, to, migration.relay, edgesOnly)),
    );
    if (origin === 'noticed') this.#follower.follow(migration, false);
    this.#begin(migration);
    return migration;
  }

  #begin(migration: Migration): void {
    const { guest, id } = migration;
    this.#prepare(this.#parts.network.state.guests.get(guest)!, migration).then(
      () => this.#event(guest, { type: 'begun' }, id),
      (error: unknown) => this.#event(guest, { type: 'refused', reason: messageOf(error) }, id),
    );
  }

  #atHand({ guest, from }: Migration): Running {
    const { fabric, clock, onMoment } = this.#parts;
    return {
      staging: new Staging(fabric, clock, onMoment),
      rate: new PacketRate(fabric, from, this.#guest(guest), clock),
      copy: undefined,
      copyingSince: undefined,
      leadMs: 0,
      single: true,
      foreseen: false,
      stoppedAt: undefined,
      resumedAt: undefined,
      cancelWait: undefined,
    };
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
    this.#running.set(guest, { ...this.#atHand(migration), single: single(migration) });
    if (migration.phase === 'planned') this.#begin(migration);
    else this.#act(migration, 'copy', undefined);
    return true;
  }

  /**
   * It is the migration's turn, what it needs is there, the store knows of it, and the destination remembers nothing of an
   * earlier visit. What somebody else began does not wait.
   */
  async #prepare(guest: Guest, migration: Migration): Promise<void> {
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

  /** Whatever is asked for, or goes on unasked, counts; what has ended does not, and makes room. */
  #noteTurn(migration: Migration): void {
    if (!isMoving(migration)) this.#turns.end(migration.id);
    else if (migration.phase !== 'planned') this.#turns.join(migration.id, [migration.from, migration.to]);
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
      ? this.#running.get(guest)?.staging.switchOver(next, this.#guest(guest))
      : undefined;
    network.update((state) => {
      const changed = migrationChanged(next)(state);
      return actions.reduce((after, action) => deliveredAfter(after, next, action), changed);
    });
    if (next.phase !== migration.phase) {
      onMoment({ kind: 'phase', guest, migration: next.id, phase: next.phase }, now);
    }
    for (const action of actions) this.#act(next, action, committing);
    this.#noteTurn(next);
  }

  #act(migration: Migration, action: MigrationAction, committing: Promise<boolean> | undefined): void {
    const { guest, id } = migration;
    const running = this.#running.get(guest);
    const { clock } = this.#parts;
    switch (action) {
      case 'copy':
        this.#copy(migration).then(
          () => this.#event(guest, { type: 'performed' }, id),
          (error: unknown) => {
            // The answer is lost, not the migration.
            if (isConnectionLost(error)) this.#follower.follow(migration, true);
            else this.#event(guest, { type: 'refused', reason: messageOf(error) }, id);
          },
        );
        return;
      case 'stage':
        this.#watch(guest, this.#stage(migration));
        return;
      case 'copy-to-both':
        this.#watch(guest, this.#copyToBoth(migration));
        return;
      case 'let-switch': {
        if (running === undefined) return;
        const since = running.copyingSince ?? clock.now();
        const lead = longestLeadMs(running.rate.packetsPerSecond, migration.maxBlackoutMs);
        running.copy?.letSwitch(since + lead);
        return;
      }
      case 'stop-copying':
        this.#record.warn(
          migration,
          'the guest did not switch over while the destination could hold copies for it: packets may be lost; ' +
            'allow a longer blackout, or more bandwidth',
        );
        this.#endCopies(running);
        this.#watch(guest, this.#stage(migration));
        return;
      case 'return':
        this.#watch(guest, this.#return(migration));
        return;
      case 'announce':
        running?.cancelWait?.();
        announce(this.#parts.network.state, this.#parts.fabric, guest);
        return;
      case 'await-announcement':
        if (running === undefined || running.cancelWait !== undefined) return;
        running.cancelWait = clock.after(limits.announcementPatience, () =>
          this.#event(guest, { type: 'unannounced' }, id),
        );
        return;
      case 'redirect':
        this.#watch(guest, this.#redirected(migration, committing));
        if (
          migration.strategy === 'bicast' &&
          running?.single === false &&
          running.copyingSince === undefined
        ) {
          this.#record.warn(
            migration,
            'the guest switched over before copies went to the destination, as with `redirect`: packets may be lost',
          );
        }
        return;
      case 'undo':
        this.#endCopies(running);
        this.#watch(guest, running?.copy?.goesOn());
        return;
    }
  }

  async #copy(migration: Migration): Promise<void> {
    const { guest, from, to, strategy, maxBlackoutMs, wishes = {} } = migration;
    const { network, hypervisors, clock, onError } = this.#parts;
    const destination = network.state.hosts.get(to)!;
    const running = this.#running.get(guest)!;
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
      onLook: (at) => this.#watch(guest, this.#count(migration, running, at)),
      onError: (error) => onError(error, guest),
    });
    await running.copy.perform();
  }

  async #count(migration: Migration, running: Running, at: number): Promise<void> {
    await running.rate.count(at);
    const { packetsPerSecond } = running.rate;
    if (packetsPerSecond === undefined || running.foreseen) return;
    running.foreseen = true;
    this.#record.warn(migration, foresee(packetsPerSecond, migration.maxBlackoutMs, migration.strategy));
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
        this.#event(guest, { type: order.type }, id);
        return;
      case 'not-converging':
        this.#record.warn(
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
    const running = this.#running.get(migration.guest);
    if (running === undefined) return;
    this.#warm(migration);
    // Before its announcement nothing is sent to a guest that moves by `rarp`.
    if (migration.strategy !== 'rarp') await this.#setUpGates(migration);
    if (!(await running.staging.stage(migration, () => switchedOver(network.state, migration)))) return;
    if (!this.#copying(migration)) {
      running.staging.discard();
      return;
    }
    running.copy?.staged();
    this.#event(migration.guest, { type: 'staged' }, migration.id);
  }

  /** Where a gate leaks there are none: the switchover goes by commits alone. */
  async #setUpGates(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    if (!fabric.metersHold()) return;
    network.update((state) => prepared(state, migration));
    await fabric.settled();
    if (!fabric.metersHold() && this.#copying(migration)) {
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
    const running = this.#running.get(guest)!;
    const since = clock.now();
    if (!(await running.staging.copyToBoth(migration, this.#guest(guest)))) return;
    running.copyingSince = since;
    onMoment({ kind: 'copying-to-both', guest, migration: id }, clock.now());
    this.#event(guest, { type: 'copied-to-both' }, id);
  }

  #guest(name: GuestName): Pick<Guest, 'interfaces'> {
    return this.#parts.network.state.guests.get(name) ?? { interfaces: [] };
  }

  async #redirected(migration: Migration, committing: Promise<boolean> | undefined): Promise<void> {
    const { clock, onMoment } = this.#parts;
    const { guest, id } = migration;
    const acknowledged = await committing;
    if (acknowledged === true) onMoment({ kind: 'redirected', guest, migration: id }, clock.now());
    if (acknowledged === false) {
      this.#record.warn(
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

  /** It is still this migration's, and the guest has not been stopped. */
  #copying({ guest, id }: Migration): boolean {
    const current = this.#parts.network.state.migrations.get(guest);
    return current?.id === id && (current.phase === 'preparing' || current.phase === 'copying');
  }

  async #return(migration: Migration): Promise<void> {
    const { network, fabric } = this.#parts;
    const running = this.#running.get(migration.guest);
    running?.cancelWait?.();
    running?.staging.discard();
    await fabric.settled();
    network.update((state) => withoutLeases(state, migration));
    this.#event(migration.guest, { type: 'returned' }, migration.id);
    // It may run elsewhere after all, or not at all: then it is not in the way of what libvirt says of it.
    for (const { host, reachable, domains } of network.state.hypervisors.values()) {
      if (reachable && domains.get(migration.guest) === 'running')
        network.update(placed(migration.guest, host));
    }
  }

  #watch(guest: GuestName, doing: Promise<void> | undefined): void {
    doing?.catch((error: unknown) => this.#parts.onError(asError(error), guest));
  }
}

const isOurs = ({ origin }: Migration): boolean => origin === 'controller';

/** Copies go to the destination first, unless the strategy knows none or QEMU is not ours to steer. */
const single = ({ strategy, origin }: Migration): boolean => strategy !== 'bicast' || origin === 'noticed';

/** The call may have been heard, and whatever came of it goes on. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof LibvirtClosedError || error instanceof LibvirtKeepaliveError;
}

/** Where traffic goes after an action. */
function deliveredAfter(state: NetworkState, migration: Migration, action: MigrationAction): NetworkState {
  switch (action) {
    case 'redirect':
      return switchedOver(state, migration);
    case 'return':
    case 'undo':
    case 'stop-copying':
      return switchedBack(state, migration);
    default:
      return state;
  }
}
