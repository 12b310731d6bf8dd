/**
 * A server on a Unix socket that does what a test tells it, right or wrong: it answers by methods that the
 * test gives, sends what the test sends, falls silent, lies and hangs up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonSplitter } from '../../../controller/ovsdb/json-splitter.ts';

export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Gives the result of a request; `silence` sends none. Throw a `Refusal` to send an error. */
export type Method = (params: readonly unknown[], peer: ScriptedPeer, id: unknown) => unknown;

export const silence = Symbol('silence');

export class Refusal extends Error {
  readonly json: unknown;

  constructor(json: unknown) {
    super('refusal');
    this.json = json;
  }
}

/** One client's connection, seen from the server. */
export class ScriptedPeer {
  readonly socket: Socket;
  readonly received: Message[] = [];

  constructor(socket: Socket, methods: () => Readonly<Record<string, Method>>) {
    this.socket = socket;
    const splitter = new JsonSplitter();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      splitter.push(chunk, (value) => {
        const message = value as Message;
        this.received.push(message);
        if (message.method !== undefined) this.#answer(message.method, message, methods());
      });
    });
  }

  send(message: unknown): void {
    if (!this.socket.destroyed) this.socket.write(JSON.stringify(message));
  }

  notify(method: string, ...params: unknown[]): void {
    this.send({ id: null, method, params });
  }

  /** How often a method was asked for. */
  count(method: string): number {
    return this.received.filter((message) => message.method === method).length;
  }

  #answer(name: string, { id, params = [] }: Message, methods: Readonly<Record<string, Method>>): void {
    const method = methods[name];
    try {
      const result = method === undefined ? refuse('unknown method') : method(params, this, id);
      if (result !== silence && id !== null && id !== undefined) this.send({ id, result, error: null });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (id !== null) this.send({ id, result: null, error: error.json });
    }
  }
}

export function refuse(error: string, details?: string): never {
  throw new Refusal(details === undefined ? error : { error, details });
}

export class ScriptedServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'scripted-'));
  readonly peers: ScriptedPeer[] = [];
  methods: Record<string, Method>;
  #server: Server | undefined;

  constructor(methods: Record<string, Method> = {}) {
    this.methods = { echo: (params) => params, ...methods };
  }

  get remote(): string {
    return `unix:${join(this.directory, 'sock')}`;
  }

  /** The connection that came last. */
  get peer(): ScriptedPeer {
    return this.peers.at(-1)!;
  }

  async listen(): Promise<this> {
    const server = createServer((socket) => this.peers.push(new ScriptedPeer(socket, () => this.methods)));
    await new Promise<void>((resolve) => server.listen(join(this.directory, 'sock'), resolve));
    this.#server = server;
    return this;
  }

  /** Hangs up on everybody and stops listening. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { socket } of this.peers) socket.destroy();
    await closed;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
