/**
 * A lock of an OVSDB server (RFC 7047, 4.1.8): held by at most one connection, given in the order of asking,
 * lost with the connection and asked for again on the next.
 *
 * It excludes clients of one server only: the members of a cluster do not share their locks. For what must
 * hold in a cluster, compare and swap a row.
 */
import type { Cancel } from '../clock.ts';
import type { ArcticTernError } from '../errors.ts';
import type { Attachment } from './attachment.ts';
import type { Lock, LockEvents } from './contracts.ts';
import { Emitter } from './emitter.ts';
import { OvsdbClosedError, OvsdbProtocolError, OvsdbRequestError } from './errors.ts';
import type { RpcConnection } from './rpc-connection.ts';
import { toError } from './to-error.ts';

export class ServerLock implements Attachment, Lock {
  readonly name: string;
  readonly #events = new Emitter<LockEvents & { closed: undefined }>();
  readonly #onClosed: () => void;
  #steal: boolean;
  #held = false;
  #closed = false;
  #refusal: ArcticTernError | undefined;
  #connection: RpcConnection | undefined;

  constructor(name: string, steal: boolean, onClosed: () => void) {
    this.name = name;
    this.#steal = steal;
    this.#onClosed = onClosed;
  }

  get held(): boolean {
    return this.#held;
  }

  on<K extends keyof LockEvents>(event: K, listener: (event: LockEvents[K]) => void): Cancel {
    return this.#events.on(event, listener);
  }

  acquired({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(toError(signal.reason));
        return;
      }
      if (this.#closed) {
        reject(this.#closedError());
        return;
      }
      if (this.#refusal !== undefined) {
        reject(this.#refusal);
        return;
      }
      if (this.#held) {
        resolve();
        return;
      }
      const settle = (act: () => void) => () => {
        for (const cancel of cancels) cancel();
        act();
      };
      const aborted = settle(() => reject(toError(signal?.reason)));
      const cancels: Cancel[] = [
        this.#events.on('locked', settle(resolve)),
        this.#events.on('refused', ({ error }) => settle(() => reject(error))()),
        this.#events.on(
          'closed',
          settle(() => reject(this.#closedError())),
        ),
        () => signal?.removeEventListener('abort', aborted),
      ];
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  attach(connection: RpcConnection): void {
    this.#connection = connection;
    const method = this.#steal ? 'steal' : 'lock';
    connection.send(method, [this.name], (reply) => {
      if (connection.ended || this.#connection !== connection) return;
      if (!reply.ok) {
        if (!(reply.error instanceof OvsdbRequestError)) {
          connection.close(reply.error);
          return;
        }
        this.#refusal = reply.error;
        this.#events.emit('refused', { error: reply.error });
        return;
      }
      const { result } = reply;
      if (typeof result !== 'object' || result === null || !('locked' in result)) {
        connection.close(
          new OvsdbProtocolError(`the reply to ${method} does not say whether ${this.name} is locked`),
        );
        return;
      }
      // Two clients that both stole again on each reconnection would never leave it to one another.
      this.#steal = false;
      if (result.locked === true) this.#gain();
    });
  }

  detach(): void {
    this.#connection = undefined;
    this.#lose('disconnected');
  }

  notify(method: string, params: readonly unknown[]): boolean {
    if (params[0] !== this.name) return false;
    if (method === 'locked') this.#gain();
    else if (method === 'stolen') this.#lose('stolen');
    else return false;
    return true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const connection = this.#connection;
    this.#closed = true;
    this.#held = false;
    this.#connection = undefined;
    this.#onClosed();
    this.#events.emit('closed', undefined);
    if (connection === undefined || connection.ended || this.#refusal !== undefined) return;
    try {
      await connection.request('unlock', [this.name]);
    } catch {
      // The connection ended, and the lock with it.
    }
  }

  release(): Promise<void> {
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #gain(): void {
    if (this.#held) return;
    this.#held = true;
    this.#events.emit('locked', undefined);
  }

  #lose(reason: 'stolen' | 'disconnected'): void {
    if (!this.#held) return;
    this.#held = false;
    this.#events.emit('lost', { reason });
  }

  #closedError(): OvsdbClosedError {
    return new OvsdbClosedError(`lock ${this.name} was released`);
  }
}
