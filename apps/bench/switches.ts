/**
 * The controller's end of a benchmark's bridge: its sessions, and a reconciler that knows what it holds.
 */
import type { Server, Socket } from 'node:net';
import { systemClock } from '../../controller/clock.ts';
import type { Program } from '../../controller/switches/program.ts';
import { Reconciler } from '../../controller/switches/reconciler.ts';
import { SwitchSession } from '../../controller/switches/session.ts';
import type { OpenVSwitch } from './open-vswitch.ts';

/** The bridge's sessions as they come and go. */
export class Switches {
  readonly #server: Server;
  #session: SwitchSession | undefined;
  #arrived: (() => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(ovs: OpenVSwitch): Promise<Switches> {
    const switches = new Switches(await ovs.controller((socket) => switches.#accept(socket)));
    return switches;
  }

  /** A reconciler that has read the bridge back. */
  async attach(): Promise<ProgrammedBridge> {
    const reconciler = new Reconciler(systemClock, (error) => {
      throw error;
    });
    await reconciler.attach(await this.#current(), () => undefined);
    return new ProgrammedBridge(reconciler);
  }

  /** Milliseconds from a new session to the reconciler knowing that all `size` flows are as they should be. */
  async readBack({ reconciler }: ProgrammedBridge, size: number): Promise<number> {
    reconciler.detach();
    this.#session?.close();
    const session = await this.#current();
    const start = performance.now();
    const { found, repaired } = await reconciler.attach(session, () => undefined);
    const spent = performance.now() - start;
    if (found !== size || repaired !== 0) throw new Error(`found ${found} flows, repaired ${repaired}`);
    return spent;
  }

  close(): void {
    this.#server.close();
    this.#session?.close();
  }

  #accept(socket: Socket): void {
    const handlers = { onMessage: () => undefined, onClosed: () => undefined };
    SwitchSession.open(socket, systemClock, handlers).then(
      (session) => {
        this.#session = session;
        this.#arrived?.();
      },
      // A bridge that is being set up connects, hangs up and connects again.
      () => undefined,
    );
  }

  async #current(): Promise<SwitchSession> {
    while (this.#session === undefined || this.#session.closed) {
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
    return this.#session;
  }
}

export class ProgrammedBridge {
  readonly reconciler: Reconciler;

  constructor(reconciler: Reconciler) {
    this.reconciler = reconciler;
  }

  async put(program: Program): Promise<void> {
    this.reconciler.setProgram(program);
    await this.reconciler.settled();
  }
}
