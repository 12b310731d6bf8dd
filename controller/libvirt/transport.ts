/**
 * Opens the byte stream to a daemon: a unix socket, TCP, or TLS.
 *
 * With TLS the daemon looks at our certificate only after the handshake: it then sends one byte, 1, and the RPC
 * begins; or it hangs up. So a refusal looks like a connection that ends before that byte.
 */
import { readFile } from 'node:fs/promises';
import { connect as connectSocket, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '../clock.ts';
import { LibvirtConnectError } from './errors.ts';
import type { Endpoint } from './uri.ts';

/** PEM texts for TLS. What is not given comes from the URI's `pkipath`, and failing that from Node's own CAs. */
export interface TlsCredentials {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name that the daemon's certificate must carry, when it is not the URI's host. */
  readonly servername?: string;
}

export interface OpenOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly tls?: TlsCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TLS_VERIFIED = 1;

export function describeEndpoint(endpoint: Endpoint): string {
  switch (endpoint.transport) {
    case 'unix':
      return endpoint.path;
    case 'tcp':
    case 'tls':
      return `${endpoint.transport}:${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  }
}

/** @throws LibvirtConnectError when there is no way in, or none within `timeoutMs`. */
export async function openTransport(endpoint: Endpoint, options: OpenOptions): Promise<Socket> {
  const peer = describeEndpoint(endpoint);
  switch (endpoint.transport) {
    case 'unix':
      return ready(connectSocket({ path: endpoint.path }), 'connect', peer, options);
    case 'tcp':
      return ready(
        connectSocket({ host: endpoint.host, port: endpoint.port, noDelay: true }),
        'connect',
        peer,
        options,
      );
    case 'tls': {
      const credentials = await tlsCredentials(endpoint, options.tls, peer);
      return ready(
        connectTls({ ...credentials, host: endpoint.host, port: endpoint.port }),
        'verified',
        peer,
        options,
      );
    }
  }
}

async function tlsCredentials(
  endpoint: Extract<Endpoint, { transport: 'tls' }>,
  given: TlsCredentials | undefined,
  peer: string,
): Promise<ConnectionOptions> {
  const pki = endpoint.pkiPath;
  const file = async (name: string): Promise<Buffer | undefined> => {
    if (pki === undefined) return undefined;
    try {
      return await readFile(`${pki}/${name}`);
    } catch (error) {
      throw new LibvirtConnectError(peer, `${pki}/${name} cannot be read`, { cause: error });
    }
  };
  const [ca, cert, key] = await Promise.all([
    given?.ca ?? file('cacert.pem'),
    given?.cert ?? file('clientcert.pem'),
    given?.key ?? file('clientkey.pem'),
  ]);
  const servername = given?.servername ?? (isIP(endpoint.host) === 0 ? endpoint.host : undefined);
  return {
    rejectUnauthorized: endpoint.verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** Resolves with the socket, paused, once it may carry RPC. */
function ready(
  socket: Socket,
  until: 'connect' | 'verified',
  peer: string,
  { clock, timeoutMs, signal }: OpenOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (problem: string, cause?: Error): void => {
      stopListening();
      // What we give up on may still complain.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(new LibvirtConnectError(peer, problem, cause === undefined ? undefined : { cause }));
    };
    const succeed = (): void => {
      stopListening();
      socket.pause();
      resolve(socket);
    };
    const onError = (error: Error): void => fail(error.message, error);
    const onClose = (): void =>
      fail(until === 'connect' ? 'it hung up' : 'it hung up on our certificate; give one that its CA signed');
    const onReadable = (): void => {
      const byte = socket.read(1) as Buffer | null;
      if (byte === null) return;
      if (byte[0] === TLS_VERIFIED) succeed();
      else fail(`it answered our certificate with ${byte[0]!} where libvirt sends ${TLS_VERIFIED}`);
    };
    const onAbort = (): void => fail('it was called off here');
    const cancel = clock.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`));
    const stopListening = (): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose).off('connect', succeed).off('readable', onReadable);
    };
    socket.on('error', onError).on('close', onClose);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort);
    if (until === 'connect') socket.on('connect', succeed);
    else socket.on('readable', onReadable);
  });
}
