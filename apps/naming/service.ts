/**
 * Keeps the guests' names at the name server as new clients need them.
 *
 * Each name has an update under way or none, and goes in again when something else is wanted by then. So the server
 * hears of changed names only, of each in order, and what it has in the end is what was wanted last. What it had before
 * the controller began is not asked for: each name is set once, which changes nothing where it was right.
 *
 * What concerns the server (away, another key) is said once, holds all names, and is tried with one of them until it
 * is over; what concerns a name is said once for that name. Both back off.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import { DnsRefusedError } from '../../controller/dns/errors.ts';
import type { NameUpdate } from '../../controller/dns/message.ts';
import { dns as limits } from '../../controller/limits.ts';
import type { Guest, NetworkState } from '../../controller/network/model.ts';
import type { GuestName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Moment } from '../events.ts';
import { addressesForNewClients } from './addresses.ts';

export interface NamingOptions {
  readonly network: Network;
  readonly zone: string;
  /** Seconds. */
  readonly ttl: number;
  /** Throws why it could not be done. */
  readonly update: (update: NameUpdate) => Promise<void>;
  readonly clock: Clock;
  readonly onMoment: (moment: Moment, at: number) => void;
  /** With the guest whose name it concerns, if it is not all of them. */
  readonly onError: (error: Error, guest: GuestName | undefined) => void;
  /** After that. */
  readonly onRecovered: () => void;
}

/** What is known of a guest's name. */
export interface NameReport {
  readonly name: string;
  /** What the server last acknowledged; undefined before it has, and while it is not known whether it did. */
  readonly published: readonly string[] | undefined;
  /** What it should say; undefined while nothing is known that is better than what it says. */
  readonly wanted: readonly string[] | undefined;
  /** Why it does not say so yet. */
  readonly problem: string | undefined;
}

interface Entry {
  readonly guest: GuestName;
  readonly name: string;
  published: readonly string[] | undefined;
  wanted: readonly string[] | undefined;
  busy: boolean;
  /** Attempts in a row that this name alone was refused. */
  refusals: number;
  problem: Error | undefined;
  cancelRetry: Cancel | undefined;
}

export class NamingService {
  readonly #options: NamingOptions;
  readonly #entries = new Map<GuestName, Entry>();
  /** Those that wait to be sent, the longest first. */
  readonly #queue = new Set<Entry>();
  #unfollow: () => void = () => undefined;
  #busy = 0;
  /** Attempts in a row that failed for all names alike. */
  #failures = 0;
  #failure: Error | undefined;
  #cancelPause: Cancel | undefined;
  #closed = false;

  constructor(options: NamingOptions) {
    this.#options = options;
    for (const { name: guest, dnsName } of options.network.state.guests.values()) {
      if (dnsName === undefined) continue;
      this.#entries.set(guest, {
        ...{ guest, name: dnsName, published: undefined, wanted: undefined, busy: false },
        ...{ refusals: 0, problem: undefined, cancelRetry: undefined },
      });
    }
  }

  start(): void {
    const { network } = this.#options;
    this.#unfollow = network.follow((next, before) => this.#look(next, before));
    this.#look(network.state);
  }

  /** Names stay as they are. */
  close(): void {
    this.#closed = true;
    this.#unfollow();
    this.#cancelPause?.();
    for (const { cancelRetry } of this.#entries.values()) cancelRetry?.();
  }

  /** Undefined for a guest without a name. */
  report(guest: GuestName): NameReport | undefined {
    const entry = this.#entries.get(guest);
    if (entry === undefined) return undefined;
    const { name, published, wanted, problem } = entry;
    const isPending = wanted !== undefined && !same(wanted, published);
    return { name, published, wanted, problem: isPending ? (problem ?? this.#failure)?.message : undefined };
  }

  #look(state: NetworkState, before?: NetworkState): void {
    if (before !== undefined && !moves(state, before)) return;
    for (const entry of this.#entries.values()) {
      const guest = state.guests.get(entry.guest)!;
      if (before !== undefined && !concerns(guest, state, before)) continue;
      const wanted = addressesForNewClients(state, guest);
      if (wanted === undefined || same(wanted, entry.wanted)) continue;
      entry.wanted = wanted;
      entry.cancelRetry?.();
      this.#queue.add(entry);
    }
    this.#send();
  }

  /** As many as may be under way at a time; one, while the server is in trouble. */
  #send(): void {
    const most = this.#failure === undefined ? limits.atATime : 1;
    if (this.#closed || this.#cancelPause !== undefined) return;
    for (const entry of this.#queue) {
      if (this.#busy >= most) return;
      // What is under way comes back here when it has ended.
      if (entry.busy) continue;
      this.#queue.delete(entry);
      if (entry.wanted === undefined || same(entry.wanted, entry.published)) entry.problem = undefined;
      else void this.#publish(entry, entry.wanted);
    }
  }

  async #publish(entry: Entry, addresses: readonly string[]): Promise<void> {
    const { zone, ttl, update } = this.#options;
    const { name } = entry;
    this.#busy++;
    entry.busy = true;
    try {
      await update({ zone, name, addresses, ttl });
      this.#published(entry, addresses);
    } catch (error) {
      this.#failed(entry, asError(error));
    }
    this.#busy--;
    entry.busy = false;
    this.#send();
  }

  #published(entry: Entry, addresses: readonly string[]): void {
    const { clock, onMoment } = this.#options;
    entry.published = addresses;
    entry.refusals = 0;
    entry.problem = undefined;
    this.#answered();
    if (this.#closed) return;
    const { guest, name } = entry;
    onMoment({ kind: 'name-published', guest, name, addresses: [...addresses] }, clock.now());
  }

  #failed(entry: Entry, error: Error): void {
    if (this.#closed) return;
    const { clock, onError } = this.#options;
    if (concernsNameAlone(error)) {
      this.#answered();
      if (entry.problem === undefined) onError(error, entry.guest);
      entry.problem = error;
      entry.cancelRetry = clock.after(backoff(entry.refusals++), () => {
        this.#queue.add(entry);
        this.#send();
      });
      return;
    }
    // Whether the server did it before it failed, nobody knows.
    entry.published = undefined;
    this.#queue.add(entry);
    // Others that were under way fail with it.
    if (this.#cancelPause !== undefined) return;
    if (this.#failure === undefined) onError(error, undefined);
    this.#failure = error;
    this.#cancelPause = clock.after(backoff(this.#failures++), () => {
      this.#cancelPause = undefined;
      this.#send();
    });
  }

  #answered(): void {
    if (this.#failure !== undefined && !this.#closed) this.#options.onRecovered();
    this.#failure = undefined;
    this.#failures = 0;
  }
}

/** A policy may be about single names; whatever else a server answers is about the zone, or the key. */
const concernsNameAlone = (error: Error): boolean =>
  error instanceof DnsRefusedError && (error.rcode === 'REFUSED' || error.rcode === 'NOTZONE');

const moves = (state: NetworkState, before: NetworkState): boolean =>
  state.placements !== before.placements ||
  state.anchors !== before.anchors ||
  state.migrations !== before.migrations;

/** Something that a guest's addresses depend on is another value. */
const concerns = ({ name, interfaces }: Guest, state: NetworkState, before: NetworkState): boolean =>
  state.placements.get(name) !== before.placements.get(name) ||
  state.migrations.get(name) !== before.migrations.get(name) ||
  interfaces.some(({ number }) => state.anchors.get(number) !== before.anchors.get(number));

const backoff = (failures: number): number =>
  Math.min(limits.retryMaximum, limits.retryMinimum * 2 ** Math.min(failures, 16));

function same(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((address, i) => address === other[i]);
}
