/**
 * Byte streams to and from OVSDB peers: Unix sockets, TCP and TLS, either end opening them.
 *
 * TLS is OVS's kind: both ends show a certificate, and each checks that the other's was issued by the CA. As
 * in OVS, host names are not compared unless asked for, since the certificates of ovs-pki carry none.
 */
import { readFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../errors.ts';
import type { Cancel } from '../clock.ts';
import { ovsdb as limits } from '../limits.ts';
import { OvsdbConfigurationError, OvsdbConnectError } from './errors.ts';
import { formatRemote, type ActiveRemote, type PassiveRemote } from './remote.ts';

/** Files in PEM, as for OVS's `--private-key`, `--certificate` and `--ca-cert`. */
export interface TlsOptions {
  readonly privateKey: string;
  readonly certificate: string;
  readonly caCertificate: string;
  /** Whether an active end compares the peer's certificate with the host's name. Off, as in OVS. */
  readonly verifyHostname?: boolean;
}

/** @throws {OvsdbConfigurationError} when a file cannot be read. */
function secureContext(tls: TlsOptions | undefined, remote: string): SecureContextOptions {
  if (tls === undefined) {
    throw new OvsdbConfigurationError(
      `${remote} needs a private key, a certificate and a CA certificate; give them as tls`,
    );
  }
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw new OvsdbConfigurationError(`cannot read ${file} for ${remote}: ${messageOf(cause)}`, { cause });
    }
  };
  return {
    key: read(tls.privateKey),
    cert: read(tls.certificate),
    ca: read(tls.caCertificate),
    minVersion: 'TLSv1.2',
  };
}

/**
 * Opens a stream to `remote`. `done` is called once, with a stream that is ready or with the reason why not;
 * the result gives up, after which it is not called.
 */
export function dial(
  remote: ActiveRemote,
  tls: TlsOptions | undefined,
  done: (outcome: Duplex | OvsdbConnectError | OvsdbConfigurationError) => void,
): Cancel {
  const name = formatRemote(remote);
  let socket: Socket;
  let ready: string;
  try {
    if (remote.kind === 'unix') {
      socket = connectSocket({ path: remote.path });
      ready = 'connect';
    } else if (remote.kind === 'tcp') {
      socket = connectSocket({ host: remote.host, port: remote.port, noDelay: true });
      ready = 'connect';
    } else {
      const strict = tls?.verifyHostname === true;
      socket = connectTls({
        host: remote.host,
        port: remote.port,
        ...secureContext(tls, name),
        ...(strict ? {} : { checkServerIdentity: () => undefined }),
      });
      socket.setNoDelay(true);
      ready = 'secureConnect';
    }
  } catch (error) {
    const failure =
      error instanceof OvsdbConfigurationError
        ? error
        : new OvsdbConfigurationError(`cannot connect to ${name}: ${messageOf(error)}`, { cause: error });
    queueMicrotask(() => done(failure));
    return () => undefined;
  }
  const failed = (cause: Error) => {
    settle();
    socket.destroy();
    done(new OvsdbConnectError(`cannot connect to ${name}: ${cause.message}`, { cause }));
  };
  const closed = () => failed(new Error('the peer closed the connection while it was being opened'));
  const opened = () => {
    settle();
    done(socket);
  };
  const settle = () => {
    socket.off('error', failed);
    socket.off('close', closed);
    socket.off(ready, opened);
  };
  socket.on('error', failed);
  socket.on('close', closed);
  socket.on(ready, opened);
  return () => {
    settle();
    socket.on('error', () => undefined);
    socket.destroy();
  };
}

export interface StreamListener {
  /** Where it listens, with the port that the system chose if 0 was asked for. */
  readonly address: PassiveRemote;
  /** Stops accepting. Streams that were accepted are not touched. */
  close(): void;
}

/**
 * Listens at `remote` and hands on each stream once it is ready, that is after the TLS handshake.
 *
 * @throws {OvsdbConnectError} when the address is taken or forbidden; {OvsdbConfigurationError}.
 */
export function listenStreams(
  remote: PassiveRemote,
  tls: TlsOptions | undefined,
  onStream: (stream: Duplex, peer: string) => void,
  onRefused: (peer: string, error: OvsdbConnectError) => void,
): Promise<StreamListener> {
  const name = formatRemote(remote);
  const accept = (socket: Socket) => onStream(socket, peerOf(socket, name));
  return new Promise((resolve, reject) => {
    let server: Server;
    if (remote.kind === 'pssl') {
      const secure = createTlsServer({
        ...secureContext(tls, name),
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: limits.connectTimeout,
      });
      secure.on('secureConnection', accept);
      secure.on('tlsClientError', (cause, socket) => {
        const peer = peerOf(socket, name);
        socket.destroy();
        onRefused(
          peer,
          new OvsdbConnectError(`${peer} failed the TLS handshake: ${cause.message}`, { cause }),
        );
      });
      server = secure;
    } else {
      server = createServer(accept);
    }
    server.maxConnections = limits.incomingSessions;
    server.once('error', (cause) =>
      reject(new OvsdbConnectError(`cannot listen on ${name}: ${cause.message}`, { cause })),
    );
    const listening = () => {
      server.on('error', () => undefined);
      const bound = server.address();
      const address =
        remote.kind !== 'punix' && typeof bound === 'object' && bound !== null
          ? { ...remote, port: bound.port }
          : remote;
      resolve({ address, close: () => server.close() });
    };
    if (remote.kind === 'punix') server.listen({ path: remote.path }, listening);
    else server.listen({ host: remote.host, port: remote.port }, listening);
  });
}

/** Unix sockets have no names for those who connect. */
function peerOf(socket: Socket, listener: string): string {
  const { remoteAddress: host, remotePort: port } = socket;
  if (host === undefined || port === undefined) return `a peer of ${listener}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
