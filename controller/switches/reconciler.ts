/**
 * Keeps one bridge's flows equal to its program.
 *
 * What the bridge holds is known, not assumed: it is read back whenever a session begins, and afterwards
 * follows what the switch has acknowledged. The difference goes out as one bundle. Flows whose cookie is not
 * ours are never looked at. A session that ends changes nothing on the switch; the next one reads back and
 * repairs. After a refusal the bridge is read back and repaired, too, at growing intervals.
 *
 * A switchover may be staged: its difference waits in an open bundle. Whatever else changes meanwhile goes
 * around it; when that touches the same flows or blocks, the stage is void and the switchover is sent as a whole.
 *
 *     setProgram ──► wanted ──between──► bundle ──acknowledged──► held
 *     attach ──► read back ──against────────┘                      ▲
 *     stage ──► bundle, held open ── commit ──acknowledged─────────┘
 */
import { asError } from '../errors.ts';
import type { Cancel, Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import { type OpenBundle, openBundle } from './bundle.ts';
import { inSlices } from '../slices.ts';
import { againstSteps, between, betweenSteps, type Difference, isEmpty } from './diff.ts';
import { MeterLeaksError, SwitchClosedError } from './errors.ts';
import { CompiledFlow } from './installed.ts';
import {
  isLeaking,
  type Meters,
  missingMeters,
  putMeters,
  readInterfaceMeters,
  removeMeters,
  turnMeters,
  wantedMeters,
} from './meters.ts';
import { COOKIE_PREFIX, COOKIE_PREFIX_MASK, SHUT } from './pipeline.ts';
import { emptyProgram, metersOf, type Program, rebase } from './program.ts';
import { readEachFlow } from './read-flows.ts';
import type { SwitchSession } from './session.ts';

export interface Staged {
  /**
   * Sends the commit before it returns. Resolves when the switch has acknowledged it, or, with false, when it has
   * not: the change then comes by a repair, or with the next session.
   */
  commit(): Promise<boolean>;
  discard(): void;
}

export interface ReadBack {
  /** Flows of ours that were there when the session began. */
  readonly found: number;
  /** Flows put or removed to repair the difference. */
  readonly repaired: number;
}

/** One session with the switch, and what is known of the switch through it. */
interface Link {
  readonly session: SwitchSession;
  /** What the switch holds; undefined when that has to be read back. */
  held: Program | undefined;
  /** The meters that the switch has, as far as it has acknowledged them. */
  meters: Map<number, number>;
  /** Those of them that nothing refers to any more, and since when. */
  readonly idleMeters: Map<number, number>;
  /** Set while some of these wait for their end. */
  cancelRemoval: Cancel | undefined;
  /** What waits for the first read-back; undefined after it. */
  arrival: Arrival | undefined;
  /** A change, or a read-back, is on its way. */
  busy: boolean;
  /** Commits of stages that are on their way. */
  commits: number;
  /** Consecutive changes that failed, and when the last one did. */
  failures: number;
  failedAt: number;
  /** Set while a repair is waited for. */
  cancelRepair: Cancel | undefined;
}

interface Arrival {
  chosen: boolean;
  readonly choose: (found: number) => void;
  readonly done: (readBack: ReadBack) => void;
  readonly failed: (error: unknown) => void;
}

interface Stage {
  /** What the switchover starts from, and what it leads to. */
  readonly from: Program;
  readonly to: Program;
  readonly difference: Difference;
  /** The flows that it touches. */
  readonly keys: ReadonlySet<string>;
  /** Undefined until the switch has taken it. */
  bundle: OpenBundle | undefined;
}

export class Reconciler {
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #onTheirWay = new Set<Promise<void>>();
  /** Those that can still be committed by their bundles. */
  readonly #stages = new Set<Stage>();
  /** Rates of meters that were turned to them, as long as the program has these meters. */
  readonly #turned = new Map<number, number>();
  #link: Link | undefined;
  #wanted: Program = emptyProgram;
  /** Stages that were ever committed. */
  #commits = 0;
  #leaking = false;

  constructor(clock: Clock, onError: (error: Error) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** A meter of this switch that was shut has let something pass. */
  get leaking(): boolean {
    return this.#leaking;
  }

  get wanted(): Program {
    return this.#wanted;
  }

  /**
   * Takes up a session: reads back what is installed. `choose` is called with the number of our flows that were
   * found and sets the program; then the difference is repaired. Resolves when the switch holds what it should,
   * after however many attempts; rejects when the session ends before that.
   */
  async attach(session: SwitchSession, choose: (found: number) => void): Promise<ReadBack> {
    this.detach();
    this.#leaking = false;
    return new Promise<ReadBack>((done, failed) => {
      this.#link = {
        session,
        held: undefined,
        meters: new Map(),
        idleMeters: new Map(),
        cancelRemoval: undefined,
        arrival: { chosen: false, choose, done, failed },
        busy: false,
        commits: 0,
        failures: 0,
        failedAt: 0,
        cancelRepair: undefined,
      };
      this.#kick();
    });
  }

  detach(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    link.cancelRepair?.();
    link.cancelRemoval?.();
    for (const stage of [...this.#stages]) this.#void(stage);
    link.arrival?.failed(new SwitchClosedError(link.session.peer, 'being read back'));
  }

  /** What the bridge should hold from now on. */
  setProgram(program: Program): void {
    this.#want(program);
    const link = this.#link;
    if (link?.cancelRepair !== undefined) {
      // Something else is wanted than what failed: that deserves a first attempt.
      link.failures = 1;
      this.#scheduleRepair(link);
    }
    this.#kick();
  }

  /**
   * Sets meters of the program to other rates than its own, as long as it has them: at once, whatever else is on its way.
   * Undefined when it has none of them; else all is sent when this returns, and it resolves when the switch has
   * acknowledged it, or, with false, when it has not.
   */
  turn(rates: Meters): Promise<boolean> | undefined {
    const wanted = metersOf(this.#wanted);
    const mine = new Map([...rates].filter(([meterId]) => wanted.has(meterId)));
    if (mine.size === 0) return undefined;
    for (const [meterId, rate] of mine) this.#turned.set(meterId, rate);
    const link = this.#link;
    const there = new Map([...mine].filter(([meterId]) => link?.meters.has(meterId)));
    if (link === undefined || there.size < mine.size) return Promise.resolve(false);
    for (const [meterId, rate] of there) link.meters.set(meterId, rate);
    return turnMeters(link.session, there).then(
      () => true,
      (error: unknown) => {
        this.#report(error);
        return false;
      },
    );
  }

  /** Resolves when nothing is on its way any more; a bridge that is connected then holds what is wanted, or has refused it. */
  async settled(): Promise<void> {
    while (this.#onTheirWay.size > 0) await Promise.all(this.#onTheirWay);
  }

  /** Prepares the step to `program`, which is to follow the present one. Throws when the switch refuses it. */
  async stage(program: Program): Promise<Staged> {
    await this.settled();
    const link = this.#link;
    const from = link?.held ?? this.#wanted;
    const difference = between(from, program);
    const keys = new Set([...difference.put, ...difference.remove].map(({ key }) => key));
    const stage: Stage = { from, to: program, difference, keys, bundle: undefined };
    if (link?.held !== undefined && !isEmpty(difference)) {
      this.#stages.add(stage);
      try {
        await this.#raiseMeters(link, program);
        const bundle = await openBundle(link.session, difference, this.#clock);
        if (this.#stages.has(stage)) stage.bundle = bundle;
        else bundle.discard();
      } catch (error) {
        this.#stages.delete(stage);
        throw error;
      }
    }
    return { commit: () => this.#commit(stage), discard: () => this.#void(stage) };
  }

  async #commit(stage: Stage): Promise<boolean> {
    const { from, to, difference, bundle } = stage;
    const link = this.#link;
    const live = this.#stages.delete(stage);
    const wanted = rebase(from, to, this.#wanted);
    if (!live || bundle === undefined || link === undefined) {
      this.setProgram(wanted);
      await this.settled();
      return link !== undefined && this.#link === link && link.held === this.#wanted;
    }
    const committed = bundle.commit();
    this.#commits++;
    this.#want(wanted);
    this.#voidTouched(difference, wanted);
    link.commits++;
    const acknowledged = committed.then(
      () => {
        link.commits--;
        if (link.held !== undefined) link.held = rebase(from, to, link.held);
        return true;
      },
      (error: unknown) => {
        link.commits--;
        this.#failed(link, error);
        return false;
      },
    );
    this.#track(acknowledged);
    return acknowledged;
  }

  #want(program: Program): void {
    this.#wanted = program;
    if (this.#turned.size === 0) return;
    const meters = metersOf(program);
    for (const meterId of this.#turned.keys()) if (!meters.has(meterId)) this.#turned.delete(meterId);
  }

  /** Begins whatever is to be done next, if nothing stands in its way. */
  #kick(): void {
    const link = this.#link;
    if (link === undefined || link.session.closed) return;
    if (link.busy || link.commits > 0 || link.cancelRepair !== undefined) return;
    if (link.held === this.#wanted) return;
    link.busy = true;
    this.#track(
      (link.held === undefined ? this.#repair(link) : this.#follow(link, link.held)).then(
        () => {
          link.busy = false;
          if (link.held !== undefined) link.failures = 0;
        },
        (error: unknown) => {
          link.busy = false;
          this.#failed(link, error);
        },
      ),
    );
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.then(() => {
      this.#onTheirWay.delete(tracked);
      this.#kick();
    });
    this.#onTheirWay.add(tracked);
  }

  async #follow(link: Link, from: Program): Promise<void> {
    const to = this.#wanted;
    const difference = await inSlices(betweenSteps(from, to), this.#clock);
    // A stage that was committed meanwhile has changed what it begins from: it is begun anew.
    if (isUnderCommit(link, from)) return;
    this.#voidTouched(difference, to);
    await this.#raiseMeters(link, to);
    await this.#apply(link, difference);
    if (link.held === undefined) return;
    link.held = rebase(from, to, link.held);
    this.#retireMeters(link, link.held);
  }

  async #repair(link: Link): Promise<void> {
    const { session, arrival } = link;
    const installed = await readInstalled(session);
    if (this.#link !== link) return;
    if (arrival?.chosen === false) {
      arrival.chosen = true;
      arrival.choose(installed.length);
    }
    const { to, difference } = await this.#toRepair(installed);
    this.#voidTouched(difference, to);
    link.meters = new Map();
    await this.#raiseMeters(link, to);
    await this.#apply(link, difference);
    for (const meterId of await readInterfaceMeters(session)) {
      if (!link.meters.has(meterId)) link.meters.set(meterId, NaN);
    }
    this.#retireMeters(link, to);
    link.held = to;
    link.arrival?.done({
      found: installed.length,
      repaired: difference.put.length + difference.remove.length,
    });
    link.arrival = undefined;
  }

  /** What has to change on what was read back. A stage that is committed meanwhile is part of it. */
  async #toRepair(installed: readonly CompiledFlow[]): Promise<{ to: Program; difference: Difference }> {
    for (;;) {
      const [to, commits] = [this.#wanted, this.#commits];
      const difference = await inSlices(againstSteps(installed, to), this.#clock);
      if (commits === this.#commits) return { to, difference };
    }
  }

  async #apply({ session }: Link, difference: Difference): Promise<void> {
    if (isEmpty(difference)) return;
    const bundle = await openBundle(session, difference, this.#clock);
    await bundle.commit();
  }

  /** Meters stand before the flows that refer to them. */
  async #raiseMeters({ session, meters, idleMeters }: Link, program: Program): Promise<void> {
    const wanted = new Map(wantedMeters(program));
    for (const meterId of wanted.keys()) idleMeters.delete(meterId);
    for (const [meterId, rate] of this.#turned) if (wanted.has(meterId)) wanted.set(meterId, rate);
    const missing = missingMeters(meters, wanted);
    await putMeters(session, missing);
    for (const [meterId, rate] of missing) meters.set(meterId, rate);
    const shut = [...missing].flatMap(([meterId, rate]) => (rate === SHUT ? [meterId] : []));
    if (shut.length === 0) return;
    this.#leaking = await isLeaking(session, shut);
    if (this.#leaking) this.#report(new MeterLeaksError(session.peer));
  }

  /**
   * Meters that neither the program nor a stage refers to go a while later. Until OVS's revalidators have come to them, its
   * megaflows still send packets through a meter whose flows are gone, and one that is not there lets all of them pass (OVS,
   * lib/dpif-netdev.c, `dp_netdev_run_meter`): a shut gate would be open for some milliseconds.
   */
  #retireMeters(link: Link, program: Program): void {
    const now = this.#clock.now();
    const wanted = this.#metersWanted(program);
    for (const meterId of link.meters.keys()) {
      if (wanted.some((one) => one.has(meterId))) link.idleMeters.delete(meterId);
      else if (!link.idleMeters.has(meterId)) link.idleMeters.set(meterId, now);
    }
    this.#scheduleRemoval(link);
  }

  #scheduleRemoval(link: Link): void {
    if (this.#link !== link || link.cancelRemoval !== undefined || link.idleMeters.size === 0) return;
    const due = Math.min(...link.idleMeters.values()) + limits.idleMeterLife;
    link.cancelRemoval = this.#clock.after(Math.max(0, due - this.#clock.now()), () => {
      link.cancelRemoval = undefined;
      this.#track(
        this.#removeIdleMeters(link).catch((error: unknown) => {
          // They go with the next read-back.
          if (!link.session.closed) this.#report(error);
        }),
      );
      this.#scheduleRemoval(link);
    });
  }

  /** Forgotten before it is asked for: who wants one of them again meanwhile puts it there anew, after that. */
  async #removeIdleMeters({ session, meters, idleMeters }: Link): Promise<void> {
    const dueSince = this.#clock.now() - limits.idleMeterLife;
    const wanted = this.#metersWanted();
    const due = [...idleMeters].flatMap(([meterId, since]) => (since <= dueSince ? [meterId] : []));
    for (const meterId of due) idleMeters.delete(meterId);
    const gone = due.filter((meterId) => !wanted.some((one) => one.has(meterId)));
    for (const meterId of gone) meters.delete(meterId);
    await removeMeters(session, gone);
  }

  #metersWanted(...more: readonly Program[]): Meters[] {
    return [...more, this.#wanted, ...[...this.#stages].map(({ to }) => to)].map(wantedMeters);
  }

  #failed(link: Link, error: unknown): void {
    link.held = undefined;
    if (link !== this.#link || link.session.closed) {
      if (link.arrival === undefined) this.#report(error);
      else link.arrival.failed(error);
      link.arrival = undefined;
      return;
    }
    this.#report(error);
    link.failures++;
    link.failedAt = this.#clock.now();
    this.#scheduleRepair(link);
  }

  #scheduleRepair(link: Link): void {
    link.cancelRepair?.();
    const delay = Math.min(limits.repairDelay * 2 ** (link.failures - 1), limits.repairDelayMaximum);
    const wait = Math.max(0, link.failedAt + delay - this.#clock.now());
    link.cancelRepair = this.#clock.after(wait, () => {
      link.cancelRepair = undefined;
      this.#kick();
    });
  }

  /** Stages that began from something else than what will now be there are void. */
  #voidTouched({ put, remove }: Difference, to: Program): void {
    for (const stage of [...this.#stages]) {
      const touched =
        put.some(({ key }) => stage.keys.has(key)) ||
        remove.some(({ key }) => stage.keys.has(key)) ||
        blocksDiffer(stage, to);
      if (touched) this.#void(stage);
    }
  }

  #void(stage: Stage): void {
    if (this.#stages.delete(stage)) stage.bundle?.discard();
  }

  #report(error: unknown): void {
    this.#onError(asError(error));
  }
}

/** A stage is being committed, or has been, since the bridge held `from`. */
const isUnderCommit = ({ held, commits }: Link, from: Program): boolean => held !== from || commits > 0;

async function readInstalled(session: SwitchSession): Promise<CompiledFlow[]> {
  const installed: CompiledFlow[] = [];
  await readEachFlow(session, { cookie: COOKIE_PREFIX << 48n, mask: COOKIE_PREFIX_MASK }, (flow) =>
    installed.push(CompiledFlow.fromSwitch(flow)),
  );
  return installed;
}

/** Is a block that the stage changes another one in `program` than what the stage begins from? */
function blocksDiffer({ from, to }: Stage, program: Program): boolean {
  for (const [key, block] of to) {
    const old = from.get(key);
    if (old !== block && program.get(key) !== old) return true;
  }
  for (const [key, block] of from) if (!to.has(key) && program.get(key) !== block) return true;
  return false;
}
