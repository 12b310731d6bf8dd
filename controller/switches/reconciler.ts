/**
 * Keeps one bridge's flows equal to its program.
 *
 * What is installed is known, not assumed: it is read back from the switch whenever a session begins, and
 * afterwards follows what the switch has acknowledged. The difference goes out as one bundle. Flows whose
 * cookie is not ours are never looked at. A session that ends changes nothing on the switch; the next one
 * reads back and repairs.
 *
 * A switchover may be staged: its difference waits in an open bundle. Whatever else changes meanwhile goes
 * around it; when it touches the same flows, the stage is void and the switchover is sent as a whole.
 */
import type { Clock } from '../clock.ts';
import type { FlowMod } from '../openflow/index.ts';
import { type OpenBundle, openBundle } from './bundle.ts';
import { against, between, type Difference, isEmpty } from './diff.ts';
import { addFlowMod, type CompiledFlow, deleteFlowMod, fromSwitch } from './installed.ts';
import { installMeters } from './meters.ts';
import { COOKIE_PREFIX, COOKIE_PREFIX_MASK } from './pipeline.ts';
import { emptyProgram, type Program } from './program.ts';
import { readFlows } from './read-flows.ts';
import type { SwitchSession } from './session.ts';

export interface Staged {
  /** Sends the commit before it returns; resolves when the switch has acknowledged it. */
  commit(): Promise<void>;
  discard(): void;
}

export interface ReadBack {
  /** Flows of ours that were there when the session began. */
  readonly found: number;
  /** Flows put or removed to repair the difference. */
  readonly repaired: number;
}

export class Reconciler {
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  #session: SwitchSession | undefined;
  /** What the switch has acknowledged; undefined before it was read back. */
  #installed: Map<string, CompiledFlow> | undefined;
  /** The program that `#installed` follows, once everything sent is acknowledged. */
  #sent: Program = emptyProgram;
  #wanted: Program = emptyProgram;
  #running: Promise<void> | undefined;
  #stage:
    | { readonly program: Program; readonly keys: ReadonlySet<string>; bundle: OpenBundle | undefined }
    | undefined;

  constructor(clock: Clock, onError: (error: Error) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  get wanted(): Program {
    return this.#wanted;
  }

  /**
   * Takes up a session: reads back what is installed. `choose` is called with the number of our flows that were
   * found and sets the program; then the difference is repaired.
   */
  async attach(session: SwitchSession, choose: (found: number) => void): Promise<ReadBack> {
    this.detach();
    await installMeters(session);
    const installed = new Map<string, CompiledFlow>();
    for (const flow of await readFlows(session, { cookie: COOKIE_PREFIX << 48n, mask: COOKIE_PREFIX_MASK })) {
      const one = fromSwitch(flow);
      installed.set(one.key, one);
    }
    this.#session = session;
    const found = installed.size;
    choose(found);
    this.#installed = installed;
    const difference = against(installed, this.#wanted);
    const target = this.#wanted;
    await this.#apply(difference);
    this.#sent = target;
    this.#kick();
    return { found, repaired: difference.put.length + difference.remove.length };
  }

  detach(): void {
    this.#session = undefined;
    this.#installed = undefined;
    this.#stage = undefined;
  }

  /** What the bridge should hold from now on. */
  setProgram(program: Program): void {
    this.#wanted = program;
    this.#kick();
  }

  /** Resolves when the switch holds what was wanted when this was called, or something later. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Prepares the step to `program`, which is to follow the present one. Throws when the switch refuses it. */
  async stage(program: Program): Promise<Staged> {
    await this.settled();
    const session = this.#session;
    const difference = between(this.#sent, program);
    const keys = new Set([...difference.put, ...difference.remove].map((flow) => flow.key));
    const bundle =
      session === undefined || isEmpty(difference)
        ? undefined
        : await openBundle(session, flowMods(difference), this.#clock);
    const stage = { program, keys, bundle };
    this.#stage = stage;

    return {
      commit: async () => {
        const current = this.#stage === stage;
        this.#stage = undefined;
        this.#wanted = program;
        if (!current || bundle === undefined || this.#running !== undefined) {
          if (current) bundle?.discard();
          this.#kick();
          await this.settled();
          return;
        }
        const committed = bundle.commit();
        this.#running = committed.then(
          () => {
            this.#acknowledge(difference);
            this.#sent = program;
          },
          (error: unknown) => this.#report(error),
        );
        await this.#running;
        this.#running = undefined;
        this.#kick();
        await this.settled();
      },
      discard: () => {
        if (this.#stage !== stage) return;
        this.#stage = undefined;
        bundle?.discard();
      },
    };
  }

  #kick(): void {
    if (this.#running !== undefined || this.#session === undefined || this.#installed === undefined) return;
    if (this.#sent === this.#wanted) return;
    this.#running = this.#run().then(
      () => {
        this.#running = undefined;
        this.#kick();
      },
      (error: unknown) => {
        this.#running = undefined;
        this.#report(error);
      },
    );
  }

  async #run(): Promise<void> {
    const target = this.#wanted;
    const difference = between(this.#sent, target);
    this.#voidStageIfTouched(difference);
    await this.#apply(difference);
    this.#sent = target;
  }

  async #apply(difference: Difference): Promise<void> {
    const session = this.#session;
    if (session === undefined || isEmpty(difference)) return;
    const bundle = await openBundle(session, flowMods(difference), this.#clock);
    await bundle.commit();
    this.#acknowledge(difference);
  }

  #acknowledge({ put, remove }: Difference): void {
    for (const flow of remove) this.#installed?.delete(flow.key);
    for (const flow of put) this.#installed?.set(flow.key, flow);
  }

  #voidStageIfTouched({ put, remove }: Difference): void {
    const stage = this.#stage;
    if (stage === undefined) return;
    const touched = [...put, ...remove].some((flow) => stage.keys.has(flow.key));
    if (!touched) return;
    this.#stage = undefined;
    stage.bundle?.discard();
  }

  #report(error: unknown): void {
    this.#onError(error instanceof Error ? error : new Error(String(error)));
  }
}

function flowMods({ put, remove }: Difference): FlowMod[] {
  return [...remove.map(deleteFlowMod), ...put.map(addFlowMod)];
}
