/**
 * A libvirtd without domains of its own: it speaks the RPC protocol on a unix socket and does with each call what
 * the test says, lies included. Without a word from the test it lets clients in and answers their pings.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeMessage,
  messageTypes,
  MessageSplitter,
  programs,
} from '../../../controller/libvirt/message.ts';
import type { Message, MessageHeader } from '../../../controller/libvirt/message.ts';
import { procedures } from '../../../controller/libvirt/procedures.ts';
import { XdrReader, XdrWriter } from '../../../controller/libvirt/xdr.ts';

export type ProcedureName = keyof typeof procedures;
type Write = (writer: XdrWriter) => void;

/** One call that a client made. */
export interface FakeCall {
  readonly connection: FakeConnection;
  readonly header: MessageHeader;
  readonly args: XdrReader;
  reply(write?: Write): void;
  fail(code: number, message: string, domain?: number): void;
}

export type Handler = (call: FakeCall) => void;

const TEXT_MAX = 1_000_000;
const FROM_QEMU = 10;
const LEVEL_ERROR = 2;

export class FakeConnection {
  /** Calls received, by name, in order. */
  readonly calls: string[] = [];
  pings = 0;
  pongs = 0;
  answersPings = true;
  private readonly writer = new XdrWriter();
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(header: MessageHeader, write?: Write): void {
    this.socket.write(encodeMessage(this.writer, header, write));
  }

  sendEvent(procedure: number, write: Write, program: number = programs.remote): void {
    this.send({ program, version: 1, procedure, type: messageTypes.message, serial: 0, status: 0 }, write);
  }

  sendPing(): void {
    this.sendEvent(1, () => undefined, programs.keepalive);
  }
}

export class FakeLibvirtd {
  readonly uri: string;
  readonly connections: FakeConnection[] = [];
  private readonly handlers = new Map<string, { name: string; handler: Handler | undefined }>();
  private readonly waiting = new Set<() => void>();
  private readonly server: Server;
  private readonly directory: string;

  private constructor(server: Server, directory: string, socket: string) {
    this.server = server;
    this.directory = directory;
    this.uri = `qemu+unix:///system?socket=${socket}`;
    for (const [name, { program, number }] of Object.entries(procedures)) {
      this.handlers.set(`${program}:${number}`, { name, handler: undefined });
    }
    this.on('authList', (call) => call.reply((w) => w.array([0], 20, (x, v) => x.int(v))));
    this.on('connectSupportsFeature', (call) => call.reply((w) => w.int(1)));
    this.on('connectOpen', (call) => call.reply());
    this.on('connectClose', (call) => call.reply());
  }

  static async start(): Promise<FakeLibvirtd> {
    const directory = await mkdtemp(join(tmpdir(), 'fake-libvirtd-'));
    const socket = join(directory, 'sock');
    const server = createServer();
    const fake = new FakeLibvirtd(server, directory, socket);
    server.on('connection', (client) => fake.accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
    return fake;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const { socket } of this.connections) socket.destroy();
    await closed;
    await rm(this.directory, { recursive: true });
  }

  /** What to do with a procedure's calls from here on. */
  on(name: ProcedureName, handler: Handler): void {
    const { program, number } = procedures[name];
    this.handlers.get(`${program}:${number}`)!.handler = handler;
  }

  /** The newest connection. */
  get last(): FakeConnection {
    return this.connections.at(-1)!;
  }

  /** Resolves when `condition` holds; it is looked at whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private accept(socket: Socket): void {
    const connection = new FakeConnection(socket);
    const splitter = new MessageSplitter();
    this.connections.push(connection);
    socket.on('error', () => undefined);
    socket.on('close', () => this.stir());
    socket.on('data', (chunk) => {
      for (const message of splitter.push(chunk)) this.dispatch(connection, message);
      this.stir();
    });
    this.stir();
  }

  private dispatch(connection: FakeConnection, { header, payload }: Message): void {
    if (header.program === programs.keepalive) {
      if (header.procedure === 2) connection.pongs += 1;
      else {
        connection.pings += 1;
        if (connection.answersPings) connection.sendEvent(2, () => undefined, programs.keepalive);
      }
      return;
    }
    const known = this.handlers.get(`${header.program}:${header.procedure}`);
    connection.calls.push(known?.name ?? `${header.program}:${header.procedure}`);
    const reply = { ...header, type: messageTypes.reply };
    known?.handler?.({
      connection,
      header,
      args: new XdrReader(Uint8Array.from(payload), 'a call'),
      reply: (write) => connection.send({ ...reply, status: 0 }, write),
      fail: (code, text, domain = FROM_QEMU) =>
        connection.send({ ...reply, status: 1 }, (w) => writeError(w, code, domain, text)),
    });
  }

  private stir(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

function writeError(writer: XdrWriter, code: number, domain: number, message: string): void {
  writer.int(code);
  writer.int(domain);
  writer.optional(message, (w, text) => w.string(text, TEXT_MAX));
  writer.int(LEVEL_ERROR);
  writer.bool(false);
  writer.bool(false);
  writer.bool(false);
  writer.bool(false);
  writer.int(0);
  writer.int(0);
  writer.bool(false);
}
