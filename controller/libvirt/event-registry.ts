/**
 * Who wants which events on a connection.
 *
 * libvirt gives each registration a number, its callback ID, in the reply to it, and may send the first events of
 * it before that reply. So while a registration is under way, events of an unknown ID are kept until the reply
 * tells whose they are; otherwise they are leftovers of a registration that was cancelled, and are dropped.
 */
import { libvirt as limits } from '../limits.ts';
import { LibvirtProtocolError } from './errors.ts';
import { eventReader, isConnectionClosedEvent, readCloseReason } from './events.ts';
import type { HypervisorCloseReason, LibvirtEvent } from './events.ts';
import type { MessageHeader } from './message.ts';
import { deliver } from './subscriptions.ts';
import { XdrReader } from './xdr.ts';

type Listener = (event: LibvirtEvent) => void;

interface EarlyEvent {
  readonly key: string;
  readonly event: LibvirtEvent;
}

/** A registration under way. */
export interface Registration {
  /** The daemon took it and calls it `callbackId`: its events go to the listener from here on. */
  complete(callbackId: number): void;
  /** It is not under way any more, whether taken or refused. */
  end(): void;
}

export class EventRegistry {
  onHypervisorClosed: ((reason: HypervisorCloseReason) => void) | undefined;

  private readonly listeners = new Map<string, Listener>();
  private underWay = 0;
  private early: EarlyEvent[] = [];

  /** @throws XdrTruncatedError, XdrLengthError or XdrValueError for an event that cannot be read. */
  receive(header: MessageHeader, payload: Uint8Array, receivedAt: number): void {
    const what = `the event ${header.procedure} of program 0x${header.program.toString(16)}`;
    const reader = new XdrReader(payload, what);
    if (isConnectionClosedEvent(header.program, header.procedure)) {
      const reason = readCloseReason(reader);
      reader.end();
      if (this.onHypervisorClosed !== undefined) deliver(this.onHypervisorClosed, reason);
      return;
    }
    const read = eventReader(header.program, header.procedure);
    if (read === undefined) return;
    const { callbackId, event } = read(reader, receivedAt);
    reader.end();
    const key = registrationKey(header.program, callbackId);
    const listener = this.listeners.get(key);
    if (listener !== undefined) deliver(listener, event);
    else if (this.underWay > 0) this.keepEarly({ key, event });
  }

  begin(program: number, listener: Listener): Registration {
    this.underWay += 1;
    return {
      complete: (callbackId) => {
        const key = registrationKey(program, callbackId);
        this.listeners.set(key, listener);
        const mine = this.early.filter((early) => early.key === key);
        this.early = this.early.filter((early) => early.key !== key);
        for (const { event } of mine) deliver(listener, event);
      },
      end: () => {
        this.underWay -= 1;
        if (this.underWay === 0) this.early = [];
      },
    };
  }

  remove(program: number, callbackId: number): void {
    this.listeners.delete(registrationKey(program, callbackId));
  }

  clear(): void {
    this.listeners.clear();
    this.early = [];
    this.onHypervisorClosed = undefined;
  }

  private keepEarly(early: EarlyEvent): void {
    if (this.early.length >= limits.earlyEventsMax) {
      throw new LibvirtProtocolError(
        `${limits.earlyEventsMax} events came for registrations that the daemon has not confirmed`,
      );
    }
    this.early.push(early);
  }
}

function registrationKey(program: number, callbackId: number): string {
  return `${program}:${callbackId}`;
}
