/**
 * Namespaces for a test, and what happens in them: commands, sockets, frames. Nothing of it is seen outside,
 * and nothing is left of it when the test ends, in whatever way.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { echoRequest } from './frames.ts';

interface Answer {
  readonly id?: number;
  readonly ok?: unknown;
  readonly error?: string;
  readonly socket?: number;
  readonly event?: string;
  readonly data?: string;
  readonly address?: string;
  readonly port?: number;
  readonly stream?: number;
}

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: Error) => void;
}

const IPV4_HEADER = 20;
const ICMP_HEADER = 8;

/** How long something that should happen is waited for. */
const PATIENCE = 5_000;

export class Room {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #inboxes = new Map<number, Inbox>();
  #nextId = 1;
  #ready!: () => void;

  static async open(): Promise<Room> {
    const room = new Room();
    await new Promise<void>((resolve, reject) => {
      room.#ready = resolve;
      room.#child.once('exit', (code) => reject(new Error(`the room ended with ${code}`)));
    });
    return room;
  }

  private constructor() {
    const file = fileURLToPath(new URL('room.py', import.meta.url));
    this.#child = spawn('setpriv', [
      ...['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--pid', '--fork', '--kill-child'],
      ...['--mount-proc', '/usr/bin/python3', file],
    ]);
    this.#child.stderr.pipe(process.stderr);
    createInterface(this.#child.stdout).on('line', (line) => this.#heard(JSON.parse(line) as Answer));
  }

  /** A command to its end, in a namespace or outside of all; what it wrote. Throws when it fails. */
  async run(namespace: string | undefined, argv: readonly string[], input = ''): Promise<string> {
    const done = (await this.#ask('run', {
      ...(namespace === undefined ? {} : { ns: namespace }),
      argv,
      input,
    })) as { status: number; stdout: string; stderr: string };
    if (done.status !== 0) {
      throw new Error(`${argv.join(' ')} in ${namespace ?? 'the room'}: ${done.stderr}${done.stdout}`);
    }
    return done.stdout;
  }

  async udp(namespace: string, address: string, port = 0): Promise<Datagrams> {
    return new Datagrams(this, await this.#open('udp', { ns: namespace, address, port }));
  }

  async icmp(namespace: string, address: string): Promise<Pings> {
    return new Pings(
      this,
      await this.#open('icmp', { ns: namespace, address }),
      address.includes(':') ? 6 : 4,
    );
  }

  async listen(namespace: string, address: string, port: number): Promise<Listener> {
    return new Listener(this, await this.#open('listen', { ns: namespace, address, port }));
  }

  async connect(
    namespace: string,
    from: string,
    address: string,
    port: number,
    seconds = 3,
    fromPort = 0,
  ): Promise<Stream> {
    const question = { ns: namespace, from, fromPort, address, port, timeout: seconds };
    return new Stream(this, await this.#open('connect', question));
  }

  async tap(namespace: string, interfaceName: string): Promise<Tap> {
    return new Tap(this, await this.#open('tap', { ns: namespace, interface: interfaceName }));
  }

  ask(op: string, socket: Inbox, more: object = {}): Promise<unknown> {
    return this.#ask(op, { socket: socket.socket, ...more });
  }

  inbox(socket: number): Inbox {
    let inbox = this.#inboxes.get(socket);
    if (inbox === undefined) {
      inbox = new Inbox(socket);
      this.#inboxes.set(socket, inbox);
    }
    return inbox;
  }

  forget(inbox: Inbox): void {
    this.#inboxes.delete(inbox.socket);
  }

  /** Ends all sockets. */
  async reset(): Promise<void> {
    await this.#ask('reset', {});
    this.#inboxes.clear();
  }

  async close(): Promise<void> {
    this.#child.removeAllListeners('exit');
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await ended;
  }

  async #open(op: string, question: object): Promise<Inbox> {
    return this.inbox((await this.#ask(op, question)) as number);
  }

  #ask(op: string, question: object): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#child.stdin.write(`${JSON.stringify({ id, op, ...question })}\n`);
    });
  }

  #heard(answer: Answer): void {
    if (answer.id !== undefined) {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.done(answer.ok);
      else waiting?.failed(new Error(answer.error));
      return;
    }
    if (answer.event === 'ready') this.#ready();
    else if (answer.socket !== undefined) this.inbox(answer.socket).put(answer);
  }
}

/** What has arrived at a socket and nobody has taken yet. */
class Inbox {
  readonly socket: number;
  /** Takes everything, in place of those who wait. */
  listener: ((item: Answer) => void) | undefined;
  readonly #items: Answer[] = [];
  #waiting: (() => void) | undefined;

  constructor(socket: number) {
    this.socket = socket;
  }

  put(item: Answer): void {
    if (this.listener !== undefined) {
      this.listener(item);
      return;
    }
    this.#items.push(item);
    this.#waiting?.();
  }

  /** The first that `wanted` makes something of; what came before it is forgotten. */
  async take<T>(what: string, wanted: (item: Answer) => T | undefined, patience = PATIENCE): Promise<T> {
    const deadline = performance.now() + patience;
    for (;;) {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
        const found = wanted(item);
        if (found !== undefined) return found;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not within ${patience} ms: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#waiting = undefined;
    }
  }

  /** All that is there and that `wanted` makes something of. */
  all<T>(wanted: (item: Answer) => T | undefined): T[] {
    return this.#items.splice(0).flatMap((item) => wanted(item) ?? []);
  }
}

abstract class Opened {
  protected readonly room: Room;
  protected readonly inbox: Inbox;

  constructor(room: Room, inbox: Inbox) {
    this.room = room;
    this.inbox = inbox;
  }

  async close(): Promise<void> {
    await this.room.ask('close', this.inbox);
    this.room.forget(this.inbox);
  }
}

export interface Datagram {
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

const hex = (data: string | Uint8Array): string => Buffer.from(data).toString('hex');
const textOf = (item: Answer): string => Buffer.from(item.data ?? '', 'hex').toString();

/** A UDP socket. */
export class Datagrams extends Opened {
  async send(address: string, port: number, data: string | Uint8Array): Promise<void> {
    await this.room.ask('send', this.inbox, { address, port, data: hex(data) });
  }

  receive(text: string): Promise<Datagram> {
    return this.inbox.take(`the datagram "${text}"`, (item) =>
      item.event === 'datagram' && textOf(item) === text
        ? { text, address: item.address ?? '', port: item.port ?? 0 }
        : undefined,
    );
  }

  /** Hands out every datagram as it comes, from now on. */
  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.inbox.listener = (item) => {
      if (item.event === 'datagram') listener(Buffer.from(item.data ?? '', 'hex'));
    };
  }

  /** What has arrived and was not taken. */
  arrived(): string[] {
    return this.inbox.all((item) => (item.event === 'datagram' ? textOf(item) : undefined));
  }

  /** The error that an ICMP message has put on the socket. */
  failure(): Promise<string> {
    return this.inbox.take('an error', (item) => item.error);
  }
}

/** ICMP or ICMPv6 echo. The kernel of whoever is asked answers. */
export class Pings extends Opened {
  readonly #version: 4 | 6;

  constructor(room: Room, inbox: Inbox, version: 4 | 6) {
    super(room, inbox);
    this.#version = version;
  }

  /** An echo request with this text. */
  async request(address: string, identifier: number, text: string): Promise<void> {
    const message = echoRequest(this.#version, identifier, text);
    await this.room.ask('send', this.inbox, { address, port: 0, data: hex(message) });
  }

  /** Waits for the answer; who it is from. */
  async reply(identifier: number, text: string): Promise<string> {
    return this.inbox.take(`the echo of "${text}"`, (item) => {
      const message = Buffer.from(item.data ?? '', 'hex').subarray(this.#version === 4 ? IPV4_HEADER : 0);
      const isReply =
        message[0] === (this.#version === 4 ? 0 : 129) && message.readUInt16BE(4) === identifier;
      return isReply && message.subarray(ICMP_HEADER).toString() === text ? item.address : undefined;
    });
  }
}

/** A TCP socket that listens. */
export class Listener extends Opened {
  async accept(): Promise<{ readonly stream: Stream; readonly address: string; readonly port: number }> {
    return this.inbox.take('a connection', (item) =>
      item.stream === undefined
        ? undefined
        : {
            stream: new Stream(this.room, this.room.inbox(item.stream)),
            address: item.address ?? '',
            port: item.port ?? 0,
          },
    );
  }
}

/** A TCP connection. */
export class Stream extends Opened {
  async write(data: string | Uint8Array): Promise<void> {
    await this.room.ask('write', this.inbox, { data: hex(data) });
  }

  /** Waits until `bytes` more have come; what they are. Throws when the connection ends before. */
  async read(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let length = 0;
    await this.inbox.take(`${bytes} bytes of a stream`, (item) => {
      if (item.event !== 'data')
        throw new Error(`the connection ended: ${item.error ?? 'closed by its peer'}`);
      const part = Buffer.from(item.data ?? '', 'hex');
      parts.push(part);
      length += part.length;
      return length >= bytes ? true : undefined;
    });
    return Buffer.concat(parts);
  }
}

/** All frames of an interface, seen from inside its namespace: `frame` is what came in. */
export class Tap extends Opened {
  async inject(frame: Uint8Array): Promise<void> {
    await this.room.ask('inject', this.inbox, { data: hex(frame) });
  }

  /** The first incoming frame that `wanted` accepts. */
  frame(what: string, wanted: (frame: Buffer) => boolean): Promise<Buffer> {
    return this.inbox.take(what, (item) => pick(item, 'frame', wanted));
  }

  /** Every incoming frame since the last look that `wanted` accepts. */
  frames(wanted: (frame: Buffer) => boolean): Buffer[] {
    return this.inbox.all((item) => pick(item, 'frame', wanted));
  }

  /** The texts that any frame since the last look, in or out, had in it. */
  passed(...texts: readonly string[]): string[] {
    const frames = this.inbox.all((item) =>
      item.event === 'frame' || item.event === 'sent' ? Buffer.from(item.data ?? '', 'hex') : undefined,
    );
    return texts.filter((text) => frames.some((frame) => frame.includes(text)));
  }

  /** Every outgoing frame since the last look that `wanted` accepts. */
  framesSent(wanted: (frame: Buffer) => boolean): Buffer[] {
    return this.inbox.all((item) => pick(item, 'sent', wanted));
  }
}

function pick(item: Answer, event: string, wanted: (frame: Buffer) => boolean): Buffer | undefined {
  if (item.event !== event) return undefined;
  const frame = Buffer.from(item.data ?? '', 'hex');
  return wanted(frame) ? frame : undefined;
}
