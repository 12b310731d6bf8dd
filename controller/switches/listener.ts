/**
 * Where switches connect to.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { asError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { type SessionHandlers, SwitchSession } from './session.ts';

export interface ListenerHandlers extends SessionHandlers {
  readonly onSwitch: (session: SwitchSession) => void;
  /** A peer that connected and proved to be no OpenFlow 1.5 switch. */
  readonly onRefused: (peer: string, error: Error) => void;
}

export class SwitchListener {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #handlers: ListenerHandlers;
  readonly #sockets = new Set<Socket>();

  constructor(clock: Clock, handlers: ListenerHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const peer = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    SwitchSession.open(socket, this.#clock, this.#handlers).then(
      (session) => this.#handlers.onSwitch(session),
      (error: unknown) => this.#handlers.onRefused(peer, asError(error)),
    );
  }
}
