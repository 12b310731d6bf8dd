/**
 * One RPC connection: calls out, replies in whatever order, events in between, keepalives both ways.
 *
 * What it keeps true:
 * - Every call ends: with its reply, with the daemon's error, with its own timeout, or with the connection.
 * - No more than `requestsInFlight` calls are with the daemon at once; the others wait here, in order. libvirtd
 *   stops reading a connection that has too many, and then it would not see our keepalives either.
 * - A call that was given up keeps its place until its reply comes. When every place is lost so, the daemon is
 *   stuck and the connection ends.
 * - A reply answers a call that was made: same serial, program and procedure. Anything else ends the connection,
 *   since a stream whose sense is lost is worth nothing. A reply that comes after its call was given up is dropped.
 * - After the end nothing is delivered any more, and `closed` has resolved with the reason.
 */
import type { Duplex } from 'node:stream';
import { asError, messageOf } from '../errors.ts';
import type { Cancel, Clock } from '../clock.ts';
import { libvirt as limits } from '../limits.ts';
import {
  LibvirtBusyError,
  LibvirtCallError,
  LibvirtClosedError,
  LibvirtKeepaliveError,
  LibvirtProtocolError,
  LibvirtTimeoutError,
} from './errors.ts';
import { heard, keepaliveProcedures, keepaliveStep } from './keepalive.ts';
import type { KeepaliveConfig, KeepaliveState } from './keepalive.ts';
import {
  encodeMessage,
  messageStatus,
  messageTypes,
  MessageSplitter,
  PROGRAM_VERSION,
  programs,
} from './message.ts';
import type { Message, MessageHeader } from './message.ts';
import { readRemoteError } from './procedures.ts';
import type { Procedure } from './procedures.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

/** Why a connection ended. */
export type ConnectionEnd = LibvirtClosedError | LibvirtProtocolError | LibvirtKeepaliveError;

export interface RpcOptions {
  readonly clock: Clock;
  /** How the daemon is named in errors. */
  readonly peer: string;
  /** Receives each event message, while its payload is valid: read it at once. */
  readonly onEvent: (header: MessageHeader, payload: Uint8Array, receivedAt: number) => void;
  readonly requestsInFlight?: number | undefined;
}

export interface CallOptions<Result> {
  /** How long to wait for the reply, in ms; `undefined` waits for as long as the connection lives. */
  readonly timeoutMs?: number | undefined;
  /** What the call is about, for errors: a domain's name. */
  readonly about?: string | undefined;
  /** Called with the result before any message that follows it is looked at. */
  readonly onReply?: ((result: Result) => void) | undefined;
}

interface PendingCall {
  readonly name: string;
  readonly program: number;
  readonly procedure: number;
  readonly about: string | undefined;
  /** Reads and hands on the result; absent once the call was given up. */
  settle: ((reply: Message) => void) | undefined;
  readonly fail: (error: Error) => void;
  readonly frame: (serial: number) => Buffer;
}

const MAX_SERIAL = 0xffff_ffff;

export class RpcConnection {
  /** Resolves with the reason when the connection has ended. Never rejects. */
  readonly closed: Promise<ConnectionEnd>;

  private readonly stream: Duplex;
  private readonly options: RpcOptions;
  private readonly inFlightMax: number;
  private readonly splitter = new MessageSplitter();
  private readonly writer = new XdrWriter();
  /** With the daemon, by serial; those given up included, until their reply comes. */
  private readonly inFlight = new Map<number, PendingCall>();
  /** Not sent yet. A Set keeps the order and lets a timeout take one out of the middle. */
  private readonly queue = new Set<PendingCall>();
  private nextSerial = 0;
  private abandoned = 0;
  private keepalive: KeepaliveState;
  private keepaliveTimer: Cancel | undefined;
  private end: ConnectionEnd | undefined;
  private readonly resolveClosed: (end: ConnectionEnd) => void;

  /** Takes over `stream`, which is open and has not been read from. */
  constructor(stream: Duplex, options: RpcOptions) {
    this.stream = stream;
    this.options = options;
    this.inFlightMax = options.requestsInFlight ?? limits.requestsInFlight;
    this.keepalive = heard(options.clock.now());
    let resolveClosed!: (end: ConnectionEnd) => void;
    this.closed = new Promise((resolve) => (resolveClosed = resolve));
    this.resolveClosed = resolveClosed;

    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    stream.on('error', (error: Error) => this.finish(this.closedError('network', error.message, error)));
    stream.on('end', () => this.finish(this.closedError('peer', 'the daemon hung up')));
    stream.on('close', () => this.finish(this.closedError('peer', 'the connection is gone')));
    stream.resume();
  }

  get isOpen(): boolean {
    return this.end === undefined;
  }

  /**
   * Makes a call and waits for its reply.
   * @throws LibvirtCallError when the daemon says no.
   * @throws LibvirtTimeoutError after `timeoutMs`; the daemon may carry the call out nevertheless.
   * @throws LibvirtBusyError when too many calls are waiting already.
   * @throws ConnectionEnd when the connection has ended, or ends first.
   */
  call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    options: CallOptions<Result> = {},
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) {
        reject(this.end);
        return;
      }
      if (this.queue.size >= limits.queuedCallsMax) {
        reject(
          new LibvirtBusyError(
            `${procedure.name} at ${this.options.peer}: ${this.queue.size} calls are waiting already; wait for some`,
          ),
        );
        return;
      }
      const cancel =
        options.timeoutMs === undefined
          ? undefined
          : this.options.clock.after(options.timeoutMs, () => this.giveUp(call, options.timeoutMs!));
      const call: PendingCall = {
        name: procedure.name,
        program: procedure.program,
        procedure: procedure.number,
        about: options.about,
        frame: (serial) =>
          encodeMessage(
            this.writer,
            {
              program: procedure.program,
              version: PROGRAM_VERSION,
              procedure: procedure.number,
              type: messageTypes.call,
              serial,
              status: messageStatus.ok,
            },
            (writer) => procedure.write(writer, args),
          ),
        settle: (reply) => {
          cancel?.();
          try {
            const result = this.readReply(procedure, options.about, reply);
            options.onReply?.(result);
            resolve(result);
          } catch (error) {
            reject(asError(error));
          }
        },
        fail: (error) => {
          cancel?.();
          reject(error);
        },
      };
      this.queue.add(call);
      this.sendQueued();
    });
  }

  /** From now on, pings a daemon that is silent and ends the connection when it answers nothing. */
  startKeepalive(config: KeepaliveConfig): void {
    this.keepaliveTimer?.();
    this.keepalive = heard(this.options.clock.now());
    this.keepaliveTimer = this.options.clock.after(config.intervalMs, () => this.checkKeepalive(config));
  }

  /** Ends the connection at once. Calls under way fail with a `LibvirtClosedError`. */
  close(): void {
    this.finish(this.closedError('us', 'it was closed here'));
  }

  private sendQueued(): void {
    for (const call of this.queue) {
      if (this.inFlight.size >= this.inFlightMax || this.end !== undefined) return;
      this.queue.delete(call);
      let frame: Buffer;
      try {
        frame = call.frame(this.nextSerial);
      } catch (error) {
        call.fail(error as Error);
        continue;
      }
      this.inFlight.set(this.nextSerial, call);
      this.nextSerial = this.nextSerial === MAX_SERIAL ? 0 : this.nextSerial + 1;
      this.stream.write(frame);
    }
  }

  private giveUp(call: PendingCall, timeoutMs: number): void {
    const waiting = this.queue.delete(call);
    call.fail(
      new LibvirtTimeoutError(
        `${call.name}${call.about === undefined ? '' : ` on '${call.about}'`} at ${this.options.peer}: no reply within ` +
          `${timeoutMs} ms; ${waiting ? 'it was not sent, as earlier calls are still under way' : 'the daemon may still carry it out'}`,
      ),
    );
    if (waiting) return;
    call.settle = undefined;
    this.abandoned += 1;
    if (this.abandoned >= this.inFlightMax) {
      this.finish(
        this.closedError(
          'us',
          `all ${this.abandoned} calls that were with the daemon went unanswered: it is stuck, or too slow`,
        ),
      );
    }
  }

  private receive(chunk: Buffer): void {
    const now = this.options.clock.now();
    try {
      for (const message of this.splitter.push(chunk)) {
        this.keepalive = heard(now);
        this.dispatch(message, now);
        if (this.end !== undefined) return;
      }
    } catch (error) {
      this.finish(
        new LibvirtProtocolError(`${this.options.peer}: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    }
  }

  private dispatch(message: Message, now: number): void {
    const { header } = message;
    if (header.version !== PROGRAM_VERSION) {
      throw new LibvirtProtocolError(`a message of version ${header.version}, where libvirt has 1 only`);
    }
    if (header.program === programs.keepalive) {
      this.dispatchKeepalive(header);
      return;
    }
    switch (header.type) {
      case messageTypes.reply:
        this.dispatchReply(message);
        return;
      case messageTypes.message:
        this.options.onEvent(header, message.payload, now);
        return;
      default:
        throw new LibvirtProtocolError(`a message of type ${header.type}, for which we did not ask`);
    }
  }

  private dispatchKeepalive(header: MessageHeader): void {
    if (header.type !== messageTypes.message) {
      throw new LibvirtProtocolError(`a keepalive of type ${header.type}, where libvirt sends messages`);
    }
    if (header.procedure === keepaliveProcedures.ping) this.sendKeepalive(keepaliveProcedures.pong);
  }

  private dispatchReply(message: Message): void {
    const { header } = message;
    const call = this.inFlight.get(header.serial);
    if (call === undefined) {
      throw new LibvirtProtocolError(
        `a reply with the serial ${header.serial}, where no such call is under way`,
      );
    }
    if (call.program !== header.program || call.procedure !== header.procedure) {
      throw new LibvirtProtocolError(
        `the reply with the serial ${header.serial} is for procedure ${header.procedure} of program ` +
          `0x${header.program.toString(16)}, where ${call.name} was called`,
      );
    }
    this.inFlight.delete(header.serial);
    if (call.settle === undefined) this.abandoned -= 1;
    else call.settle(message);
    this.sendQueued();
  }

  private readReply<Args, Result>(
    procedure: Procedure<Args, Result>,
    about: string | undefined,
    { header, payload }: Message,
  ): Result {
    const reader = new XdrReader(payload, `the reply to ${procedure.name} from ${this.options.peer}`);
    switch (header.status) {
      case messageStatus.ok: {
        const result = procedure.read(reader);
        reader.end();
        return result;
      }
      case messageStatus.error: {
        const error = readRemoteError(reader);
        reader.end();
        throw new LibvirtCallError(procedure.name, about, this.options.peer, error);
      }
      default:
        throw new LibvirtProtocolError(
          `the reply to ${procedure.name} from ${this.options.peer} has the status ${header.status}, which none has`,
        );
    }
  }

  private checkKeepalive(config: KeepaliveConfig): void {
    const step = keepaliveStep(config, this.keepalive, this.options.clock.now());
    if (step.action === 'dead') {
      this.finish(
        new LibvirtKeepaliveError(
          `${this.options.peer}: silent for ${Math.round(step.silentMs)} ms, ${config.count} pings included; ` +
            'the host or the network between is down, or the daemon hangs',
        ),
      );
      return;
    }
    this.keepalive = step.state;
    if (step.action === 'ping') this.sendKeepalive(keepaliveProcedures.ping);
    this.keepaliveTimer = this.options.clock.after(step.waitMs, () => this.checkKeepalive(config));
  }

  private sendKeepalive(procedure: number): void {
    if (this.end !== undefined) return;
    this.stream.write(
      encodeMessage(this.writer, {
        program: programs.keepalive,
        version: PROGRAM_VERSION,
        procedure,
        type: messageTypes.message,
        serial: 0,
        status: messageStatus.ok,
      }),
    );
  }

  private closedError(by: 'us' | 'peer' | 'network', problem: string, cause?: Error): LibvirtClosedError {
    return new LibvirtClosedError(
      `the connection to libvirt at ${this.options.peer} is closed: ${problem}`,
      by,
      cause === undefined ? undefined : { cause },
    );
  }

  private finish(end: ConnectionEnd): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.keepaliveTimer?.();
    this.stream.destroy();
    const calls = [...this.inFlight.values(), ...this.queue];
    this.inFlight.clear();
    this.queue.clear();
    for (const call of calls) call.fail(end);
    this.resolveClosed(end);
  }
}
