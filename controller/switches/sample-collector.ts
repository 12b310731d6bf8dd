/**
 * Where bridges send their samples: a UDP socket that takes IPFIX from switches that have an OpenFlow session with us,
 * and from nobody else. Nothing waits and nothing is kept but templates; what the kernel has no room for is lost, and
 * samples are samples.
 */
import { createSocket, type Socket } from 'node:dgram';
import { asError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { decodeMessage, type FlowRecord, type Templates } from '../ipfix/index.ts';
import { samples as limits } from '../limits.ts';

export interface CollectorHandlers {
  /** May this address send samples? */
  readonly accepts: (address: string) => boolean;
  /** `domain` is what the flow's `sample` action names: which bridge it is of. */
  readonly onRecord: (record: FlowRecord, domain: number) => void;
  /** A message that cannot be read; told once in a while for each address. */
  readonly onFault: (address: string, error: Error) => void;
  /** The socket itself has failed. */
  readonly onError: (error: Error) => void;
}

export class SampleCollector {
  readonly #clock: Clock;
  readonly #handlers: CollectorHandlers;
  readonly #templates = new Map<string, Templates>();
  readonly #toldFaults = new Map<string, number>();
  #socket: Socket | undefined;

  constructor(clock: Clock, handlers: CollectorHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Listens; the port that it got, when 0 was asked for. */
  async listen(port: number, address: string): Promise<number> {
    const socket = createSocket({
      type: address.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: limits.receiveBytes,
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', failed);
      socket.bind(port, address, () => {
        socket.off('error', failed);
        resolve();
      });
    });
    socket.on('error', (error) => this.#handlers.onError(error));
    socket.on('message', (bytes, peer) => this.receive(bytes, peer.address));
    // Alone it is no reason to go on.
    socket.unref();
    this.#socket = socket;
    return socket.address().port;
  }

  /** One message, as it came. */
  receive(bytes: Uint8Array, from: string): void {
    const address = from.startsWith('::ffff:') ? from.slice('::ffff:'.length) : from;
    if (!this.#handlers.accepts(address)) return;
    let templates = this.#templates.get(address);
    if (templates === undefined) {
      templates = new Map();
      this.#templates.set(address, templates);
    }
    try {
      const { domain, records } = decodeMessage(bytes, templates);
      for (const record of records) this.#handlers.onRecord(record, domain);
    } catch (error) {
      this.#fault(address, asError(error));
    }
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #fault(address: string, error: Error): void {
    const now = this.#clock.now();
    const told = this.#toldFaults.get(address);
    if (told !== undefined && now - told < limits.faultInterval) return;
    this.#toldFaults.set(address, now);
    this.#handlers.onFault(address, error);
  }
}
