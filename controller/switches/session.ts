/**
 * One OpenFlow connection with one switch, from its HELLO to its end.
 *
 * Keeps true: messages are handled in the order they came in; what is sent while a piece of the stream is
 * handled leaves in one write; a request ends with its answer, an error that names it, or the end of the
 * connection; a switch that is silent for too long is asked, and dropped when it does not answer.
 */
import type { Socket } from 'node:net';
import { asError } from '../errors.ts';
import type { Cancel, Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import {
  decode,
  encodeInto,
  type ErrorMessage,
  type FeaturesReply,
  type Message,
  MessageSplitter,
  type MessageTemplate,
  OFP_VERSION,
  PacketInView,
  Writer,
} from '../openflow/index.ts';
import {
  SwitchClosedError,
  SwitchRefusedError,
  SwitchStalledError,
  SwitchTimeoutError,
  SwitchVersionError,
} from './errors.ts';

export interface SessionHandlers {
  /** Anything that answers no request: packet-ins, port status, errors of messages sent without waiting. */
  readonly onMessage: (message: Message, session: SwitchSession) => void;
  /**
   * Takes packet-ins as they lie in the stream, for programs that answer many; without it they come to
   * `onMessage`. The view is open until this returns. (Nicira's packet-ins come to `onMessage` either way.)
   */
  readonly onPacketIn?: (packet: PacketInView, session: SwitchSession) => void;
  readonly onClosed: (reason: Error | undefined, session: SwitchSession) => void;
}

interface Pending {
  readonly doing: string;
  readonly onPart: (part: Message) => void;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  readonly cancelTimeout: Cancel;
}

/** Errors whose xid is in the range belong to the watcher. */
interface Watch {
  readonly first: number;
  readonly last: number;
  readonly onError: (error: ErrorMessage) => void;
}

export class SwitchSession {
  readonly peer: string;
  /** The address that the switch connects from. */
  readonly address: string;
  /** 16 hex digits. */
  datapathId = '';
  features!: FeaturesReply;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #handlers: SessionHandlers;
  readonly #stream = new MessageSplitter();
  readonly #packetIn = new PacketInView();
  #out = new Writer();
  /** What was handed to the socket last; a view costs as much as a small message. */
  #leaving = Buffer.alloc(0);
  /** What `#leaving` is a view of. */
  #memory: ArrayBuffer | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #watches = new Set<Watch>();
  #nextXid = 1;
  #reading = false;
  #flushScheduled = false;
  #closed: Error | undefined;
  /** The switch has said something since it was last looked at. */
  #heard = true;
  /** When the switch was asked whether it lives; undefined while it need not be. */
  #asked: number | undefined;
  #probe: Cancel;
  #helloArrived: (() => void) | undefined;

  /** Exchanges HELLO and FEATURES. Throws when the peer is no OpenFlow 1.5 switch or does not answer in time. */
  static async open(socket: Socket, clock: Clock, handlers: SessionHandlers): Promise<SwitchSession> {
    const session = new SwitchSession(socket, clock, handlers);
    try {
      await session.#handshake();
    } catch (error) {
      session.close(error instanceof Error ? error : undefined);
      throw error;
    }
    return session;
  }

  private constructor(socket: Socket, clock: Clock, handlers: SessionHandlers) {
    this.#socket = socket;
    this.#clock = clock;
    this.#handlers = handlers;
    this.address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    this.peer = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#probe = clock.after(limits.echoInterval, () => this.#checkAlive());
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.close(error));
    socket.on('close', () => this.close());
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Sends without waiting for an answer; returns the xid. Leaves with the next flush, at the end of this turn. */
  send(message: Message): number {
    const xid = message.xid ?? this.allocateXids(1);
    encodeInto(this.#out, message, xid);
    this.#scheduleFlush();
    return xid;
  }

  /** As `send`, of a message that is encoded but for some numbers. */
  sendTemplate<Name extends string>(template: MessageTemplate<Name>): number {
    const xid = this.allocateXids(1);
    template.appendTo(this.#out, xid);
    this.#scheduleFlush();
    return xid;
  }

  /** Lets `write` append messages of any number, encoded already, to what leaves with the next flush. */
  compose(write: (out: Writer) => void): void {
    const start = this.#out.position;
    try {
      write(this.#out);
    } catch (error) {
      this.#out.position = start;
      throw error;
    }
    this.#scheduleFlush();
  }

  /** A run of `count` xids that nothing else uses; the first one. */
  allocateXids(count: number): number {
    if (this.#nextXid + count > 0x7fff_ffff) this.#nextXid = 1;
    const first = this.#nextXid;
    this.#nextXid += count;
    return first;
  }

  /** Hands everything to the socket now; for what must not wait for the end of the turn. */
  flush(): void {
    this.#flushScheduled = false;
    if (this.#out.position === 0) return;
    if (this.#closed !== undefined) {
      this.#out.reset();
      return;
    }
    this.#socket.write(this.#written());
    const waiting = this.#socket.writableLength;
    // Mostly the kernel has taken all of it by now. If not, the socket still reads from that buffer.
    if (waiting === 0) this.#out.reset();
    else this.#out = new Writer(this.#out.bytes.length);
    if (waiting > limits.outboxBytes) this.close(new SwitchStalledError(this.peer, waiting));
  }

  /** Resolves when the socket has taken most of what was handed to it. */
  async drained(): Promise<void> {
    this.flush();
    while (this.#socket.writableNeedDrain && this.#closed === undefined) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#socket.off('drain', done);
          this.#socket.off('close', done);
          resolve();
        };
        this.#socket.once('drain', done);
        this.#socket.once('close', done);
      });
    }
  }

  /** Sends and waits for the answer with the same xid. `doing` says what for, in errors. */
  async request(message: Message, doing: string, timeout: number = limits.requestTimeout): Promise<Message> {
    let answer: Message | undefined;
    await this.requestEach(message, doing, (part) => (answer = part), timeout);
    return answer!;
  }

  /** Sends a multipart request and waits for all its parts. */
  async requestAll(
    message: Message,
    doing: string,
    timeout: number = limits.multipartTimeout,
  ): Promise<Message[]> {
    const parts: Message[] = [];
    await this.requestEach(message, doing, (part) => parts.push(part), timeout);
    return parts;
  }

  /** Sends a multipart request, hands out each part as it arrives, and resolves after the last. */
  requestEach(
    message: Message,
    doing: string,
    onPart: (part: Message) => void,
    timeout: number = limits.multipartTimeout,
  ): Promise<void> {
    if (this.#closed !== undefined)
      return Promise.reject(new SwitchClosedError(this.peer, doing, this.#closed));
    return new Promise((done, failed) => {
      const xid = this.send(message);
      const cancelTimeout = this.#clock.after(timeout, () => {
        this.close(new SwitchTimeoutError(this.peer, doing, timeout));
      });
      this.#pending.set(xid, { doing, onPart, done, failed, cancelTimeout });
    });
  }

  /** Resolves when the switch has processed all that was sent before. */
  async barrier(doing: string, timeout: number = limits.barrierTimeout): Promise<void> {
    await this.request({ type: 'barrier_request' }, doing, timeout);
  }

  /** Calls `onError` for errors about messages whose xid is one of `count` from `first`; returns the end of it. */
  watchErrors(first: number, count: number, onError: (error: ErrorMessage) => void): Cancel {
    const watch: Watch = { first, last: first + count - 1, onError };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  close(reason?: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason ?? new SwitchClosedError(this.peer, 'idle');
    this.#probe();
    this.#socket.destroy();
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.failed(reason ?? new SwitchClosedError(this.peer, pending.doing));
    }
    this.#pending.clear();
    this.#helloArrived?.();
    this.#handlers.onClosed(reason, this);
  }

  async #handshake(): Promise<void> {
    const hello = new Promise<void>((resolve) => (this.#helloArrived = resolve));
    this.send({ type: 'hello', versions: [OFP_VERSION] });
    this.flush();
    const cancel = this.#clock.after(limits.handshakeTimeout, () =>
      this.close(new SwitchTimeoutError(this.peer, 'saying hello', limits.handshakeTimeout)),
    );
    await hello;
    cancel();
    if (this.#closed !== undefined) throw this.#closed;
    const features = await this.request({ type: 'features_request' }, 'telling its features');
    if (features.type !== 'features_reply') {
      throw new SwitchVersionError(this.peer, `an answer of type ${features.type} to a features request`);
    }
    this.features = features;
    this.datapathId = features.datapathId.toString(16).padStart(16, '0');
  }

  #read(chunk: Buffer): void {
    this.#heard = true;
    this.#reading = true;
    try {
      this.#stream.scan(chunk, this.#deliver);
    } catch (error) {
      this.close(asError(error));
    } finally {
      this.#reading = false;
      this.flush();
    }
  }

  readonly #deliver = (bytes: Uint8Array, start: number, end: number): void => {
    if (this.#closed !== undefined) return;
    const { onPacketIn } = this.#handlers;
    if (onPacketIn === undefined || !this.#packetIn.open(bytes, start, end)) {
      this.#handle(decode(bytes, start, end));
      return;
    }
    try {
      onPacketIn(this.#packetIn, this);
    } finally {
      this.#packetIn.close();
    }
  };

  #handle(message: Message): void {
    switch (message.type) {
      case 'echo_request':
        this.send({ type: 'echo_reply', data: message.data, xid: message.xid });
        return;
      case 'hello': {
        const { versions, version = OFP_VERSION } = message;
        // Without a list, both sides speak the lower of the two versions.
        if (!(versions?.includes(OFP_VERSION) ?? version >= OFP_VERSION)) {
          const offered = (versions ?? [version]).join(', ');
          this.close(new SwitchVersionError(this.peer, `wire versions ${offered}`));
          return;
        }
        this.#helloArrived?.();
        this.#helloArrived = undefined;
        return;
      }
      case 'error':
        this.#handleError(message);
        return;
      default:
        this.#handleAnswer(message);
    }
  }

  #handleError(message: ErrorMessage): void {
    const xid = message.xid ?? 0;
    const pending = this.#pending.get(xid);
    if (pending !== undefined) {
      this.#pending.delete(xid);
      pending.cancelTimeout();
      pending.failed(new SwitchRefusedError(this.peer, pending.doing, message));
      return;
    }
    for (const watch of this.#watches) {
      if (xid >= watch.first && xid <= watch.last) {
        watch.onError(message);
        return;
      }
    }
    this.#handlers.onMessage(message, this);
  }

  #handleAnswer(message: Message): void {
    const xid = message.xid ?? 0;
    const pending = isAsynchronous(message) ? undefined : this.#pending.get(xid);
    if (pending === undefined) {
      this.#handlers.onMessage(message, this);
      return;
    }
    pending.onPart(message);
    if ('more' in message && message.more === true) return;
    this.#pending.delete(xid);
    pending.cancelTimeout();
    pending.done();
  }

  /** What is to leave, as a Buffer, which the socket takes as it is; answers are mostly of few sizes. */
  #written(): Buffer {
    const { view, position } = this.#out;
    if (this.#leaving.length !== position || this.#memory !== view.buffer) {
      this.#memory = view.buffer;
      this.#leaving = Buffer.from(view.buffer, 0, position);
    }
    return this.#leaving;
  }

  #scheduleFlush(): void {
    if (this.#out.position > limits.flushAt) this.flush();
    if (this.#reading || this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flushIfScheduled);
  }

  readonly #flushIfScheduled = (): void => {
    if (this.#flushScheduled) this.flush();
  };

  /**
   * Asks a switch that has been silent for an interval, and drops one that does not answer: only ever after
   * it was asked, so that our own having been asleep is not held against it.
   */
  #checkAlive(): void {
    if (this.#heard) {
      this.#heard = false;
      this.#asked = undefined;
    } else if (this.#asked === undefined) {
      this.#asked = this.#clock.now();
      this.send({ type: 'echo_request', data: NOTHING });
    } else {
      this.close(new SwitchTimeoutError(this.peer, 'idle', Math.round(this.#clock.now() - this.#asked)));
      return;
    }
    const wait = this.#asked === undefined ? limits.echoInterval : limits.echoTimeout;
    this.#probe = this.#clock.after(wait, () => this.#checkAlive());
  }
}

const NOTHING = new Uint8Array(0);

/** Messages that a switch sends by itself; their xids are its own. */
function isAsynchronous(message: Message): boolean {
  return (
    message.type === 'packet_in' ||
    message.type === 'nx_packet_in2' ||
    message.type === 'port_status' ||
    message.type === 'flow_removed' ||
    message.type === 'role_status' ||
    message.type === 'table_status'
  );
}
