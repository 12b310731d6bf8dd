/**
 * JSON-RPC over one byte stream, from its opening to its end, in both directions.
 *
 * What it keeps true: messages are handled one after the other in the order of their arrival, each to its end
 * (a reply's callback runs before the next notification is looked at); every request ends exactly once; the
 * peer's echo requests are answered; what a peer that does not read makes us keep is bounded. The connection
 * ends once, for one reason, and never comes back: reconnecting is the client's affair.
 */
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../clock.ts';
import { ArcticTernError } from '../errors.ts';
import { ovsdb as limits } from '../limits.ts';
import {
  OvsdbBacklogError,
  OvsdbClosedError,
  OvsdbDisconnectedError,
  OvsdbInactiveError,
  OvsdbProtocolError,
  OvsdbRequestError,
  OvsdbTimeoutError,
} from './errors.ts';
import { JsonSplitter } from './json-splitter.ts';
import { classify, describeError, type RpcMessage } from './rpc-message.ts';

/** Who hears of what arrives. */
export interface RpcHandlers {
  readonly onNotification: (method: string, params: readonly unknown[]) => void;
  /** Bytes arrived. */
  readonly onActivity?: () => void;
  /** The connection ended. Called once, after every open request has failed. */
  readonly onEnd: (error: ArcticTernError) => void;
}

export interface RpcConnectionOptions extends RpcHandlers {
  readonly clock: Clock;
  /** Whom errors should name as the peer, such as `tcp:192.0.2.1:6640`. */
  readonly peer: string;
  readonly outboxBytes?: number;
}

/** How a request ended. */
export type Reply =
  { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: ArcticTernError };

export interface SendOptions {
  /** Milliseconds to wait for the reply. */
  readonly timeout?: number;
}

interface Pending {
  readonly method: string;
  readonly done: (reply: Reply) => void;
  readonly cancelTimer: Cancel;
  sent: boolean;
}

export class RpcConnection {
  readonly peer: string;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  #handlers: RpcHandlers;
  readonly #splitter = new JsonSplitter();
  readonly #pending = new Map<number, Pending>();
  /** Requests that gave up waiting: their late replies are expected, and dropped. */
  readonly #abandoned = new Set<number>();
  readonly #outboxBytes: number;
  #outbox: { readonly text: string; readonly bytes: number; readonly pending: Pending | undefined }[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #nextId = 1;
  #end: ArcticTernError | undefined;

  constructor(stream: Duplex, options: RpcConnectionOptions) {
    this.peer = options.peer;
    this.#stream = stream;
    this.#clock = options.clock;
    this.#handlers = options;
    this.#outboxBytes = options.outboxBytes ?? limits.outboxBytes;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => this.#drain());
    stream.on('error', (cause) =>
      this.close(
        new OvsdbDisconnectedError(`the connection to ${this.peer} broke: ${cause.message}`, false, {
          cause,
        }),
      ),
    );
    stream.on('end', () =>
      this.close(new OvsdbDisconnectedError(`${this.peer} closed the connection`, false)),
    );
    stream.on('close', () =>
      this.close(new OvsdbDisconnectedError(`the connection to ${this.peer} was closed`, false)),
    );
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Resolves when the stream has let go of its descriptor. */
  get closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.closed) resolve();
      else this.#stream.once('close', resolve);
    });
  }

  /** Another one hears of what arrives from now on. */
  handOver(handlers: RpcHandlers): void {
    this.#handlers = handlers;
  }

  /**
   * Sends a request and calls `done` with its end, in order with all other messages. Use it where a
   * notification right behind the reply must find the reply handled; elsewhere use `request`.
   *
   * @returns the request's id, for `forget`.
   */
  send(method: string, params: unknown, done: (reply: Reply) => void, options: SendOptions = {}): number {
    const id = this.#nextId++;
    const fail = (error: ArcticTernError): number => {
      queueMicrotask(() => done({ ok: false, error }));
      return id;
    };
    if (this.#end !== undefined) {
      return fail(
        new OvsdbDisconnectedError(`cannot send ${method}: the connection to ${this.peer} is closed`, false, {
          cause: this.#end,
        }),
      );
    }
    if (this.#pending.size >= limits.pendingRequests) {
      return fail(
        new OvsdbBacklogError(
          `cannot send ${method}: ${this.#pending.size} requests already wait for ${this.peer}; wait for some to end`,
        ),
      );
    }
    const timeout = options.timeout ?? limits.requestTimeout;
    const pending: Pending = {
      method,
      done,
      sent: false,
      cancelTimer: this.#clock.after(timeout, () => {
        this.#pending.delete(id);
        this.#abandoned.add(id);
        const error = new OvsdbTimeoutError(`${this.peer} did not answer ${method} within ${timeout} ms`);
        done({ ok: false, error });
      }),
    };
    const text = JSON.stringify({ method, params, id });
    const refused = this.#enqueue(text, pending);
    if (refused !== undefined) {
      pending.cancelTimer();
      return fail(refused);
    }
    this.#pending.set(id, pending);
    return id;
  }

  /**
   * Sends a request; resolves with its result.
   *
   * @throws {OvsdbRequestError} the server's own refusal; {OvsdbTimeoutError}, {OvsdbDisconnectedError},
   *   {OvsdbBacklogError}.
   */
  request(method: string, params: unknown, options: SendOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.send(method, params, (reply) => (reply.ok ? resolve(reply.result) : reject(reply.error)), options);
    });
  }

  /** Stops waiting for the reply to request `id`; its `done` is not called any more. */
  forget(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.cancelTimer();
    this.#pending.delete(id);
    this.#abandoned.add(id);
  }

  /** Sends a notification; a refusal for lack of room ends the connection, for it cannot be reported otherwise. */
  notify(method: string, params: unknown): void {
    if (this.#end !== undefined) return;
    const refused = this.#enqueue(JSON.stringify({ method, params, id: null }), undefined);
    if (refused !== undefined) this.close(refused);
  }

  /** Asks for a sign of life. Any byte that arrives is one; so nobody waits for this reply in particular. */
  probe(): void {
    if (this.#end !== undefined) return;
    // A string, as ids of our requests are numbers.
    const refused = this.#enqueue('{"method":"echo","params":[],"id":"echo"}', undefined);
    if (refused !== undefined) this.close(refused);
  }

  /** Ends the connection: requests that still wait fail with `OvsdbDisconnectedError`, cause `error`. */
  close(
    error: ArcticTernError = new OvsdbClosedError(`the connection to ${this.peer} was closed by its owner`),
  ): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    // After an error of ours nothing of what is buffered matters; else let the last bytes (a `cancel`) leave.
    if (error instanceof OvsdbClosedError && !this.#blocked) {
      this.#stream.end();
      const cancel = this.#clock.after(limits.closeTimeout, () => this.#stream.destroy());
      this.#stream.once('close', cancel);
      this.#stream.resume();
    } else {
      this.#stream.destroy();
    }
    this.#outbox = [];
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { method, done, cancelTimer, sent } of waiting) {
      cancelTimer();
      done({
        ok: false,
        error: new OvsdbDisconnectedError(
          `the connection to ${this.peer} ended before ${method} was answered: ${error.message}`,
          sent,
          { cause: error },
        ),
      });
    }
    this.#handlers.onEnd(error);
  }

  /** Ends the connection because the peer answered no probe. */
  closeInactive(silence: number): void {
    this.close(
      new OvsdbInactiveError(
        `${this.peer} sent nothing for ${Math.round(silence)} ms, not even an answer to an echo`,
      ),
    );
  }

  #enqueue(text: string, pending: Pending | undefined): OvsdbBacklogError | undefined {
    if (!this.#blocked && this.#outbox.length === 0) {
      this.#write(text, pending);
      return undefined;
    }
    const bytes = Buffer.byteLength(text);
    const waiting = this.#waitingBytes + this.#stream.writableLength;
    if (waiting + bytes > this.#outboxBytes) {
      return new OvsdbBacklogError(
        `${this.peer} does not read: ${waiting} bytes wait for it and ${this.#outboxBytes} may`,
      );
    }
    this.#outbox.push({ text, bytes, pending });
    this.#waitingBytes += bytes;
    return undefined;
  }

  #write(text: string, pending: Pending | undefined): void {
    if (pending !== undefined) pending.sent = true;
    this.#blocked = !this.#stream.write(text);
  }

  #drain(): void {
    this.#blocked = false;
    let written = 0;
    for (const { text, bytes, pending } of this.#outbox) {
      written++;
      this.#waitingBytes -= bytes;
      this.#write(text, pending);
      // `#write` sets it, which the compiler cannot see.
      if (this.#blocked as boolean) break;
    }
    this.#outbox.splice(0, written);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#handlers.onActivity?.();
    try {
      this.#splitter.push(chunk, (value) => {
        if (this.#end === undefined) this.#handle(classify(value));
      });
    } catch (error) {
      if (error instanceof ArcticTernError) {
        this.close(error);
        return;
      }
      this.close(new OvsdbProtocolError(`a message of ${this.peer} could not be handled`, { cause: error }));
      throw error;
    }
  }

  #handle(message: RpcMessage): void {
    switch (message.kind) {
      case 'notification':
        this.#handlers.onNotification(message.method, message.params);
        return;
      case 'request':
        this.#answer(message.id, message.method, message.params);
        return;
      case 'result':
      case 'error': {
        const pending = this.#take(message.id);
        if (pending === undefined) return;
        if (message.kind === 'result') {
          pending.done({ ok: true, result: message.result });
        } else {
          const { error, details } = describeError(message.error);
          pending.done({ ok: false, error: new OvsdbRequestError(pending.method, error, details) });
        }
      }
    }
  }

  #take(id: unknown): Pending | undefined {
    if (id === 'echo') return undefined;
    const number = typeof id === 'number' ? id : NaN;
    const pending = this.#pending.get(number);
    if (pending === undefined) {
      if (this.#abandoned.delete(number)) return undefined;
      throw new OvsdbProtocolError(
        `${this.peer} answered request ${JSON.stringify(id)}, which was not asked`,
      );
    }
    pending.cancelTimer();
    this.#pending.delete(number);
    return pending;
  }

  #answer(id: unknown, method: string, params: readonly unknown[]): void {
    const reply =
      method === 'echo'
        ? { id, result: params, error: null }
        : {
            id,
            result: null,
            error: { error: 'unknown method', details: `this end of OVSDB answers echo only` },
          };
    const refused = this.#enqueue(JSON.stringify(reply), undefined);
    if (refused !== undefined) this.close(refused);
  }
}
