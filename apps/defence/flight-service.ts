/**
 * Moves guests under attack: asks what is to be done (decide.ts) and where to (planner.ts), begins the migration, and
 * looks whether it helped (flight.ts). What a flight has come to is in the network's state, and so in the store.
 *
 * It looks when verdicts change, and, as long as one lasts or a flight is not over, a few times a second.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import { flight as limits } from '../../controller/limits.ts';
import { flightChanged } from '../../controller/network/changes.ts';
import { saidPolicy } from '../../controller/network/defence-policy.ts';
import { type Flight, type FlightId, hasLanded } from '../../controller/network/flight.ts';
import { isMoving } from '../../controller/network/migration.ts';
import type { GuestName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import type { Moment } from '../events.ts';
import type { MigrationService } from '../migration/service.ts';
import { ArrivalMeter } from './arrivals.ts';
import { decide, type Decision, type HonestTraffic, reaching, suffers } from './decide.ts';
import { type FlightEvent, step, tooSoon, verified } from './flight.ts';
import { planFlight } from './planner.ts';
import { isActive, type VerdictFeed, type VerdictId } from './verdict.ts';

export interface FlightOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly verdicts: VerdictFeed;
  readonly migrations: Pick<MigrationService, 'begin'>;
  readonly fabric: Pick<Fabric, 'packets'>;
  /** Clock time since which what a verdict names is filtered; undefined while nothing is. */
  readonly filteredSince: (verdict: VerdictId) => number | undefined;
  readonly honest: (guest: GuestName) => HonestTraffic;
  readonly newId: () => FlightId;
  readonly onMoment: (moment: Moment, at: number) => void;
  readonly onError: (error: Error, guest: GuestName) => void;
}

/** What is at hand of a flight that is not over, besides what the model holds. */
interface UnderWay {
  readonly id: FlightId;
  /** What is usual, as it was before the attack; undefined when an earlier controller began the flight. */
  readonly usual: number | undefined;
  meter: ArrivalMeter | undefined;
  reading: boolean;
}

interface Withheld {
  readonly at: number;
  readonly for: 'time' | 'place';
}

export class FlightService {
  readonly #options: FlightOptions;
  readonly #underWay = new Map<GuestName, UnderWay>();
  /** Since when the honest traffic of guests suffers at every look. */
  readonly #suffering = new Map<GuestName, number>();
  /** What was last said of guests that should move and do not. */
  readonly #withheld = new Map<GuestName, Withheld>();
  readonly #unfollow: readonly (() => void)[];
  #timer: Cancel | undefined;
  #closed = false;

  constructor(options: FlightOptions) {
    this.#options = options;
    const { network, verdicts } = options;
    this.#unfollow = [
      verdicts.follow(() => this.#look()),
      // Not from within a change: what is decided here changes the state, too.
      network.follow((next, before) => {
        if (next.migrations !== before.migrations && this.#underWay.size > 0) this.#wake(0);
      }),
    ];
  }

  /** Takes up what an earlier controller left. */
  start(): void {
    for (const flight of this.#options.network.state.flights.values()) {
      if (hasLanded(flight)) continue;
      this.#underWay.set(flight.guest, { id: flight.id, usual: undefined, meter: undefined, reading: false });
      if (flight.phase === 'planned') {
        this.#step(flight.guest, { type: 'failed', why: 'the controller ended before it began' });
      }
    }
    this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.();
    for (const unfollow of this.#unfollow) unfollow();
  }

  #wake(ms: number): void {
    this.#timer?.();
    this.#timer = this.#closed ? undefined : this.#options.clock.after(ms, () => this.#look());
  }

  #look(): void {
    const { verdicts, onError } = this.#options;
    const attacked = [...verdicts.verdicts.values()].filter(isActive).map(({ guest }) => guest);
    for (const guest of this.#suffering.keys()) {
      if (!attacked.includes(guest) || this.#underWay.has(guest)) this.#suffering.delete(guest);
    }
    for (const guest of new Set([...attacked, ...this.#underWay.keys()])) {
      try {
        if (this.#underWay.has(guest)) this.#follow(guest);
        else this.#decide(guest);
      } catch (error) {
        onError(asError(error), guest);
      }
    }
    if (attacked.length > 0 || this.#underWay.size > 0) this.#wake(limits.lookInterval);
  }

  // ── Before a flight ───────────────────────────────────────────────────────────────────────────────────────

  #decide(guest: GuestName): void {
    const { network, clock, verdicts } = this.#options;
    const { state } = network;
    const now = clock.now();
    const decision = this.#decision(guest, now);
    const migration = state.migrations.get(guest);
    if (decision.do !== 'move') {
      this.#withheld.delete(guest);
      return;
    }
    // Somebody moves it already; what comes of that will be seen.
    if (migration !== undefined && isMoving(migration)) return;
    const soon = tooSoon(state.flights.values(), guest, now);
    if (soon !== undefined) {
      this.#withhold(guest, 'time', `${decision.reason}; ${soon}`, now);
      return;
    }
    const plan = planFlight(state, guest, verdicts.verdicts, now);
    if ('none' in plan) {
      this.#withhold(guest, 'place', `${decision.reason}; ${plan.none}`, now);
      return;
    }
    this.#withheld.delete(guest);
    const { from, to, way, choice } = plan;
    const flight: Flight = {
      id: this.#options.newId(),
      guest,
      from,
      to,
      verdicts: decision.verdicts,
      reason: decision.reason,
      choice,
      phase: 'planned',
      why: `${decision.reason}; ${choice}`,
      leftBehind: 0,
      entered: { planned: now },
    };
    const usual = this.#options.honest(guest).usual;
    this.#underWay.set(guest, { id: flight.id, usual, meter: undefined, reading: false });
    network.update(flightChanged(flight));
    this.#tell(flight, now);
    try {
      const migration = this.#options.migrations.begin(guest, to, { admit: 'established', ...way });
      this.#step(guest, { type: 'begun', migration: migration.id, leftBehind: this.#suspects(flight) });
    } catch (error) {
      this.#step(guest, { type: 'failed', why: `it could not begin: ${asError(error).message}` });
    }
  }

  #decision(guest: GuestName, now: number): Decision {
    const { network, verdicts, filteredSince } = this.#options;
    const { state } = network;
    const honest = this.#options.honest(guest);
    if (!suffers(honest)) this.#suffering.delete(guest);
    else if (!this.#suffering.has(guest)) this.#suffering.set(guest, now);
    return decide(
      {
        mode: saidPolicy(state, guest)?.policy ?? 'off',
        verdicts: reaching(verdicts.verdicts, state, guest),
        filteredSince,
        isEdge: (name) => state.edges.has(name),
        honest,
        suffersSince: this.#suffering.get(guest),
      },
      now,
    );
  }

  /** Sources that are blocked for its verdicts in the first line: their connections are cut, and do not come along. */
  #suspects({ verdicts }: Flight): number {
    const blocks = [...this.#options.network.state.blocklist.blocks.values()];
    return blocks
      .filter(({ verdict, line }) => line === 'first' && verdict !== undefined && verdicts.includes(verdict))
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** Said when it is for want of something else than before, and again after a while. */
  #withhold(guest: GuestName, want: Withheld['for'], why: string, now: number): void {
    const { network, onMoment } = this.#options;
    const said = this.#withheld.get(guest);
    if (said?.for === want && now - said.at < limits.spacing) return;
    this.#withheld.set(guest, { at: now, for: want });
    onMoment({ kind: 'flight-withheld', guest, host: network.state.placements.get(guest) ?? '', why }, now);
  }

  // ── A flight ──────────────────────────────────────────────────────────────────────────────────────────────

  #follow(guest: GuestName): void {
    const { network } = this.#options;
    const underWay = this.#underWay.get(guest)!;
    const flight = network.state.flights.get(underWay.id);
    if (flight === undefined || hasLanded(flight)) {
      this.#underWay.delete(guest);
      return;
    }
    if (flight.phase === 'moving') this.#followMigration(flight);
    else if (flight.phase === 'verifying') this.#verify(flight, underWay);
  }

  #followMigration({ guest, migration: id, from }: Flight): void {
    const { state } = this.#options.network;
    const current = state.migrations.get(guest);
    const migration = current?.id === id ? current : id === undefined ? undefined : state.earlier.get(id);
    switch (migration?.phase) {
      case undefined:
        this.#step(guest, { type: 'failed', why: 'nothing is known of its migration any more' });
        return;
      case 'relaying':
      case 'drained':
        this.#step(guest, { type: 'arrived' });
        return;
      case 'failed':
      case 'rolled-back':
        this.#step(guest, {
          type: 'failed',
          why: `it stays at ${from}: ${migration.reason ?? 'its migration was given up'}`,
        });
        return;
      default:
        return;
    }
  }

  #verify(flight: Flight, underWay: UnderWay): void {
    const { network, fabric, clock, onError } = this.#options;
    const { guest: name, to } = flight;
    const guest = network.state.guests.get(name);
    if (guest === undefined || network.state.placements.get(name) !== to) {
      this.#step(name, { type: 'failed', why: `it is not at ${to} any more` });
      return;
    }
    if (underWay.reading) return;
    underWay.reading = true;
    underWay.meter ??= new ArrivalMeter(fabric, clock, to, guest);
    underWay.meter
      .read()
      .then((arrivals) => {
        const { state } = network;
        const now = clock.now();
        const current = state.flights.get(flight.id);
        if (this.#closed || current === undefined) return;
        const seen = {
          verdicts: reaching(this.#options.verdicts.verdicts, state, name),
          honest: { rate: arrivals?.arrives ?? 0, usual: underWay.usual },
          answers: arrivals?.answers ?? 0,
        };
        const event = verified(current, seen, now);
        if (event !== undefined) this.#step(name, event);
      })
      .catch((error: unknown) => onError(asError(error), name))
      .finally(() => {
        underWay.reading = false;
      });
  }

  #step(guest: GuestName, event: FlightEvent): void {
    const { network, clock } = this.#options;
    const id = this.#underWay.get(guest)?.id;
    const flight = id === undefined ? undefined : network.state.flights.get(id);
    if (flight === undefined) return;
    const now = clock.now();
    const next = step(flight, event, now);
    if (next === flight) return;
    network.update(flightChanged(next));
    this.#tell(next, now);
    if (hasLanded(next)) this.#underWay.delete(guest);
    this.#wake(0);
  }

  #tell({ id, guest, phase, from, to, migration, why }: Flight, at: number): void {
    this.#options.onMoment(
      { kind: 'flight', guest, flight: id, phase, from, to, migration: migration ?? null, why },
      at,
    );
  }
}
