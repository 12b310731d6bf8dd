/**
 * One message to a name server and its answer, by TCP: a connection each (RFC 7766).
 *
 * TCP because an update is rare, and has to arrive while the links may be full of an attack: lost segments are sent
 * again within milliseconds of each other, an answer of any length fits, and nobody who does not see the traffic can
 * forge one. It costs a round trip.
 */
import { connect } from 'node:net';
import type { Clock } from '../clock.ts';
import { dns as limits } from '../limits.ts';
import { DnsMessageError, DnsUnreachableError } from './errors.ts';

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.53`, or with the port where that is not the usual one. */
export function serverText({ address, port }: NameServer): string {
  if (port === 53) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The answer's bytes. Throws `DnsUnreachableError`, or `DnsMessageError` when the answer is empty. */
export function exchange(server: NameServer, message: Buffer, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    const end = (act: () => void): void => {
      cancel();
      socket.destroy();
      act();
    };
    const unreachable = (reason: string, cause?: Error): void =>
      end(() => reject(new DnsUnreachableError(serverText(server), reason, { cause })));
    const cancel = clock.after(limits.answerTimeout, () =>
      unreachable(`no answer within ${limits.answerTimeout / 1_000} s`),
    );
    let received: Buffer = Buffer.alloc(0);
    socket.once('error', (error) => unreachable(error.message, error));
    socket.once('end', () => unreachable('it closed the connection without an answer'));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const length = received.readUInt16BE(0);
      if (length === 0) end(() => reject(new DnsMessageError('it is empty')));
      else if (received.length >= 2 + length) end(() => resolve(received.subarray(2, 2 + length)));
    });
  });
}
