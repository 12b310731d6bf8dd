/**
 * Takes down what a move leaves, when nobody uses it any more: reads relays' counters now and then, gives drained
 * care-of anchors back, ends the migrations they came from, and tidies up after guests that are gone. One that is
 * started again where it was, away from home, gets care-of addresses anew.
 *
 * What is asked costs O(bridges that relay): one question each, answered with the relay flows alone. The
 * decisions are in drain.ts and departures.ts.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import { drain as limits } from '../../controller/limits.ts';
import {
  earlierChanged,
  earlierForgotten,
  migrationChanged,
  quarantinePassed,
  released,
} from '../../controller/network/changes.ts';
import { isMoving, type Migration } from '../../controller/network/migration.ts';
import { HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName, InterfaceNumber, SwitchName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import {
  anchorZone,
  cookieOwner,
  relayCookie,
  relayZone,
  sourceZone,
} from '../../controller/switches/pipeline.ts';
import { readFlows } from '../../controller/switches/read-flows.ts';
import type { Moment } from '../events.ts';
import { absentGuests, departed, visitorsWithoutLease } from './departures.ts';
import {
  type Activity,
  advance,
  bridgesOf,
  type Count,
  hasDrained,
  mayGo,
  type Reading,
  type RelayingAnchor,
  relayKey,
  type RelayKey,
  relayingAnchors,
  undrained,
} from './drain.ts';
import { AlreadyMovingError, AnchorStaysError, NoSuchAnchorError, UnknownGuestError } from './errors.ts';
import { step } from './machine.ts';
import { withLeases } from './switchover.ts';

export interface DrainParts {
  readonly network: Network;
  readonly fabric: Pick<Fabric, 'session' | 'flushZone'>;
  readonly clock: Clock;
  readonly onMoment: (moment: Moment, at: number) => void;
  readonly onError: (error: Error, guest: GuestName) => void;
}

/** What a relay has carried, and when it goes if it carries nothing more. */
export interface RelayReport extends Count {
  /** Clock time since which nothing has passed. */
  readonly idleSince: number;
  /** Clock time at which the anchor goes; undefined for the home anchor, which stays. */
  readonly goesAt: number | undefined;
}

/** The bits of a cookie that say that its flow is a relay's. */
const KIND_MASK = 0xffff_ffff_0000_0000n;

export class Drain {
  readonly #parts: DrainParts;
  #activities = new Map<RelayKey, Activity>();
  /** Since when each guest has been seen nowhere. */
  #absentSince = new Map<GuestName, number>();
  /** Guests of which it was said that there is no address for them. */
  readonly #told = new Set<GuestName>();
  #timer: Cancel | undefined;
  #closed = false;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.();
  }

  /** Undefined for an anchor that does not relay, or has not been looked at yet. */
  report(nic: InterfaceNumber, index: number): RelayReport | undefined {
    const activity = this.#activities.get(relayKey(nic, index));
    if (activity === undefined) return undefined;
    const { packets, bytes, movedAt } = activity;
    const goesAt = index === HOME_ANCHOR ? undefined : movedAt + this.#parts.network.state.drain.idle;
    return { packets, bytes, idleSince: movedAt, goesAt };
  }

  /**
   * Gives care-of anchors up at once, used or not: the guest's at `host`, or all that relay. The connections that
   * were born there end. Throws the reason why it cannot.
   */
  async release(guestName: GuestName, host?: HostName): Promise<void> {
    const { network } = this.#parts;
    const { state } = network;
    if (!state.guests.has(guestName)) throw new UnknownGuestError(guestName, state.guests.keys());
    const migration = state.migrations.get(guestName);
    if (migration !== undefined && isMoving(migration)) {
      throw new AlreadyMovingError(guestName, migration.to, migration.phase);
    }
    const relays = relayingAnchors(state).filter(({ guest }) => guest === guestName);
    const going = relays.filter(
      ({ anchor }) => mayGo(anchor) && (host === undefined || anchor.host === host),
    );
    if (going.length === 0) {
      if (host !== undefined && relays.some(({ anchor }) => anchor.host === host)) {
        throw new AnchorStaysError(guestName, host);
      }
      throw new NoSuchAnchorError(
        guestName,
        host,
        relays.filter(({ anchor }) => mayGo(anchor)).map(({ anchor }) => anchor.host),
      );
    }
    await this.#letGo(going);
    this.#endMigrations(this.#parts.clock.now());
  }

  /** One look at everything; the timer does this again and again. */
  async look(): Promise<void> {
    const { network, clock } = this.#parts;
    const relays = relayingAnchors(network.state);
    const readings = await this.#read(relays);
    const now = clock.now();
    const { state } = network;
    const activities = new Map<RelayKey, Activity>();
    for (const relay of relayingAnchors(state)) {
      const key = relayKey(relay.nic.number, relay.anchor.index);
      const activity = advance(this.#activities.get(key), key, bridgesOf(relay), readings, now);
      activities.set(key, isOnTheMove(state, relay.guest) ? { ...activity, movedAt: now } : activity);
    }
    this.#activities = activities;

    const drained = relayingAnchors(state).filter(
      ({ nic, anchor }) => mayGo(anchor) && this.#isSilent(nic.number, anchor.index, now),
    );
    if (drained.length > 0) await this.#letGo(drained);
    this.#endMigrations(now);
    await this.#sayGoodbye(now);
    for (const guest of visitorsWithoutLease(network.state)) this.#lease(guest);
    network.update(quarantinePassed(now));
    network.update(earlierForgotten());
  }

  #schedule(): void {
    if (this.#closed) return;
    const { network, clock, onError } = this.#parts;
    const wait = Math.min(limits.lookMost, Math.max(limits.lookLeast, network.state.drain.idle / 4));
    this.#timer = clock.after(wait, () => {
      this.look()
        .catch((error: unknown) => onError(asError(error), 'all'))
        .finally(() => this.#schedule());
    });
  }

  /** Every bridge that may have relayed something since the last look. */
  async #read(relays: readonly RelayingAnchor[]): Promise<ReadonlyMap<SwitchName, Reading>> {
    const { fabric } = this.#parts;
    const bridges = new Set(relays.flatMap(bridgesOf));
    const readings = await Promise.all(
      [...bridges].map(async (bridge): Promise<[SwitchName, Reading]> => {
        const session = fabric.session(bridge);
        if (session === undefined) return [bridge, undefined];
        try {
          const flows = await readFlows(session, { cookie: relayCookie(0, 0), mask: KIND_MASK });
          const counts = new Map<RelayKey, Count>();
          for (const { cookie, stats } of flows) {
            const number = cookieOwner(cookie)?.number ?? 0;
            const key = relayKey(number & 0xffff, (number >>> 16) & 0xff);
            const before = counts.get(key) ?? { packets: 0, bytes: 0 };
            counts.set(key, {
              packets: before.packets + Number(stats.packetCount ?? 0n),
              bytes: before.bytes + Number(stats.byteCount ?? 0n),
            });
          }
          return [bridge, counts];
        } catch {
          // The session ended meanwhile, and says so itself.
          return [bridge, undefined];
        }
      }),
    );
    return new Map(readings);
  }

  #isSilent(nic: InterfaceNumber, index: number, now: number): boolean {
    const activity = this.#activities.get(relayKey(nic, index));
    return activity !== undefined && now - activity.movedAt >= this.#parts.network.state.drain.idle;
  }

  async #letGo(relays: readonly RelayingAnchor[]): Promise<void> {
    const { network, clock, onMoment } = this.#parts;
    const now = clock.now();
    network.update((state) => {
      const until = now + state.drain.quarantine;
      return relays.reduce((next, { nic, anchor }) => released(nic.number, anchor.index, until)(next), state);
    });
    for (const { guest, nic, anchor } of relays) {
      this.#activities.delete(relayKey(nic.number, anchor.index));
      onMoment({ kind: 'released', guest, host: anchor.host }, now);
    }
    await this.#forgetConnections(relays);
  }

  /** Conntrack at an anchor that has gone knows connections that nobody will continue. */
  async #forgetConnections(
    relays: readonly Pick<RelayingAnchor, 'guest' | 'nic' | 'anchor'>[],
  ): Promise<void> {
    const { fabric, onError } = this.#parts;
    await Promise.all(
      relays.flatMap(({ guest, nic, anchor }) =>
        [anchorZone(nic.number), relayZone(nic.number), sourceZone(nic.number)].map(async (zone) => {
          if (fabric.session(anchor.host) === undefined) return;
          try {
            await fabric.flushZone(anchor.host, zone);
          } catch (error) {
            onError(asError(error), guest);
          }
        }),
      ),
    );
  }

  #endMigrations(now: number): void {
    const { network, onMoment } = this.#parts;
    const isSilent = (nic: InterfaceNumber, index: number): boolean => this.#isSilent(nic, index, now);
    for (const migration of undrained(network.state)) {
      if (!hasDrained(network.state, migration, isSilent)) continue;
      const { migration: ended } = step(migration, { type: 'drained' }, now);
      network.update((state) => changed(state, ended));
      onMoment({ kind: 'phase', guest: ended.guest, migration: ended.id, phase: ended.phase }, now);
    }
  }

  #lease(guestName: GuestName): void {
    const { network, onError } = this.#parts;
    const guest = network.state.guests.get(guestName)!;
    const host = network.state.placements.get(guestName)!;
    try {
      network.update((state) => withLeases(state, guest, host));
      this.#told.delete(guestName);
    } catch (error) {
      // Said once: the next look tries again.
      if (!this.#told.has(guestName)) onError(asError(error), guestName);
      this.#told.add(guestName);
    }
  }

  /** Tidies up after guests that have been gone for a while. */
  async #sayGoodbye(now: number): Promise<void> {
    const { network, onMoment } = this.#parts;
    const absentSince = new Map<GuestName, number>();
    const left: ReturnType<typeof careOfAnchors> = [];
    for (const guest of absentGuests(network.state)) {
      const since = this.#absentSince.get(guest) ?? now;
      absentSince.set(guest, since);
      if (now - since < limits.absence) continue;
      left.push(...careOfAnchors(network.state, guest));
      network.update(departed(guest, now));
    }
    this.#absentSince = absentSince;
    for (const { guest, anchor } of left) onMoment({ kind: 'released', guest, host: anchor.host }, now);
    // Last: while the switches are waited for, any of the guests may be started again.
    await this.#forgetConnections(left);
  }
}

function changed(state: NetworkState, migration: Migration): NetworkState {
  return state.earlier.has(migration.id)
    ? earlierChanged(migration)(state)
    : migrationChanged(migration)(state);
}

function isOnTheMove(state: NetworkState, guest: GuestName): boolean {
  const migration = state.migrations.get(guest);
  return migration !== undefined && isMoving(migration);
}

function careOfAnchors(
  state: NetworkState,
  guest: GuestName,
): Pick<RelayingAnchor, 'guest' | 'nic' | 'anchor'>[] {
  return (state.guests.get(guest)?.interfaces ?? []).flatMap((nic) =>
    (state.anchors.get(nic.number) ?? []).filter(mayGo).map((anchor) => ({ guest, nic, anchor })),
  );
}
