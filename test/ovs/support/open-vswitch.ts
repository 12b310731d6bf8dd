/**
 * A real Open vSwitch for tests, and the sessions that its bridges open with us.
 *
 * The daemons are those of `apps/bench/open-vswitch.ts`: their own directory and network namespace, killed
 * when this process ends.
 */
import type { Server } from 'node:net';
import { systemClock } from '../../../controller/clock.ts';
import type { Message } from '../../../controller/openflow/index.ts';
import { SwitchSession } from '../../../controller/switches/session.ts';
import { OpenVSwitch } from '../../../apps/bench/open-vswitch.ts';

export { OpenVSwitch };

/** Takes up the sessions of a bridge, one after the other. */
export class BridgeSessions {
  readonly messages: Message[] = [];
  readonly #server: Server;
  readonly #closed = new Set<SwitchSession>();
  #latest: SwitchSession | undefined;
  #arrived: (() => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(ovs: OpenVSwitch): Promise<BridgeSessions> {
    const sessions: BridgeSessions = new BridgeSessions(
      await ovs.controller((socket) => {
        const handlers = {
          onMessage: (message: Message) => sessions.messages.push(message),
          onClosed: (_: unknown, session: SwitchSession) => sessions.#closed.add(session),
        };
        SwitchSession.open(socket, systemClock, handlers).then(
          (session) => {
            sessions.#latest = session;
            sessions.#arrived?.();
          },
          // A bridge that is being set up connects, hangs up and connects again.
          () => undefined,
        );
      }),
    );
    return sessions;
  }

  /** The session of now; waits for one. */
  async current(): Promise<SwitchSession> {
    while (this.#latest === undefined || this.#closed.has(this.#latest)) {
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
    return this.#latest;
  }

  /** Resolves when the session has ended. */
  async ended(session: SwitchSession): Promise<void> {
    while (!this.#closed.has(session)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  close(): void {
    this.#server.close();
    this.#latest?.close();
  }
}
