/**
 * libvirt's connection URIs, as far as a daemon can be reached without a helper program:
 * `driver[+transport]://[host][:port]/path[?parameters]` (libvirt.org/uri.html).
 *
 * Parsed strictly: a part that would be ignored might be one that somebody relies upon.
 */
import { LibvirtUriError } from './errors.ts';

export type Endpoint =
  | { readonly transport: 'unix'; readonly path: string }
  | { readonly transport: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly transport: 'tls';
      readonly host: string;
      readonly port: number;
      /** A directory with cacert.pem, clientcert.pem and clientkey.pem (`pkipath`). */
      readonly pkiPath: string | undefined;
      /** Whether the daemon's certificate is checked (`no_verify`). */
      readonly verify: boolean;
    };

export interface LibvirtUri {
  readonly endpoint: Endpoint;
  /** What the daemon itself is asked to open: `qemu:///system`. */
  readonly name: string;
  /** The URI as it was given. */
  readonly text: string;
}

const TCP_PORT = 16_509;
const TLS_PORT = 16_514;
const SOCKET = '/run/libvirt/libvirt-sock';

const SHAPE =
  /^(?<driver>[a-z][a-z0-9]*)(?:\+(?<transport>[a-z0-9]+))?:\/\/(?<user>[^@/?#]*@)?(?<host>\[[^\]/?#]*\]|[^:/?#]*)(?::(?<port>[^/?#]*))?(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const IPV6 = /^\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\]$/;

const known: Readonly<Record<Endpoint['transport'], readonly string[]>> = {
  unix: ['socket', 'mode'],
  tcp: [],
  tls: ['pkipath', 'no_verify'],
};

/** @throws LibvirtUriError for anything that cannot be understood to the letter. */
export function parseLibvirtUri(text: string): LibvirtUri {
  const groups = SHAPE.exec(text)?.groups;
  if (groups === undefined) {
    throw new LibvirtUriError(text, 'it does not look like driver+transport://host:port/path');
  }
  const driver = groups.driver!;
  const path = groups.path ?? '';
  if (groups.user !== undefined) {
    throw new LibvirtUriError(
      text,
      'a user name has a meaning for ssh only, which this client does not speak',
    );
  }
  if (driver === 'qemu' && path !== '/system' && path !== '/session') {
    throw new LibvirtUriError(text, `a qemu URI ends in /system or /session, not in '${path}'`);
  }
  const transport = transportOf(text, groups.transport, groups.host!);
  const parameters = parametersOf(text, transport, groups.query);
  return {
    endpoint: endpointOf(text, transport, groups, path, parameters),
    name: `${driver}://${path}`,
    text,
  };
}

function transportOf(text: string, given: string | undefined, host: string): Endpoint['transport'] {
  switch (given) {
    case undefined:
      return host === '' ? 'unix' : 'tls';
    case 'unix':
    case 'tcp':
    case 'tls':
      return given;
    default:
      throw new LibvirtUriError(
        text,
        `the transport '${given}' is none of unix, tcp, tls; to go over ssh, forward the daemon's socket and give its path`,
      );
  }
}

function parametersOf(
  text: string,
  transport: Endpoint['transport'],
  query: string | undefined,
): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of (query ?? '').split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!known[transport].includes(name)) {
      throw new LibvirtUriError(text, `the parameter '${name}' is not one that ${transport} takes here`);
    }
    if (parameters.has(name)) throw new LibvirtUriError(text, `the parameter '${name}' is given twice`);
    try {
      parameters.set(name, decodeURIComponent(equals < 0 ? '' : part.slice(equals + 1)));
    } catch (error) {
      throw new LibvirtUriError(text, `the parameter '${name}' is badly escaped (${String(error)})`);
    }
  }
  return parameters;
}

function endpointOf(
  text: string,
  transport: Endpoint['transport'],
  groups: Readonly<Record<string, string | undefined>>,
  path: string,
  parameters: ReadonlyMap<string, string>,
): Endpoint {
  switch (transport) {
    case 'unix':
      if (groups.host !== '' || groups.port !== undefined) {
        throw new LibvirtUriError(text, 'a unix socket has no host and no port');
      }
      return { transport, path: socketOf(text, path, parameters) };
    case 'tcp':
      return { transport, host: hostOf(text, groups.host!), port: portOf(text, groups.port, TCP_PORT) };
    case 'tls':
      return {
        transport,
        host: hostOf(text, groups.host!),
        port: portOf(text, groups.port, TLS_PORT),
        pkiPath: parameters.get('pkipath'),
        verify: !switchOf(text, 'no_verify', parameters.get('no_verify')),
      };
  }
}

function socketOf(text: string, path: string, parameters: ReadonlyMap<string, string>): string {
  const mode = parameters.get('mode') ?? 'legacy';
  const socket = parameters.get('socket');
  if (mode !== 'legacy' && mode !== 'direct') {
    throw new LibvirtUriError(text, `the mode '${mode}' is neither legacy (libvirtd) nor direct (virtqemud)`);
  }
  if (socket !== undefined) {
    if (!socket.startsWith('/'))
      throw new LibvirtUriError(text, `the socket '${socket}' is not an absolute path`);
    return socket;
  }
  if (path === '/session') {
    throw new LibvirtUriError(text, "a session daemon's socket differs by user: add ?socket= and its path");
  }
  if (mode === 'legacy') return SOCKET;
  const driver = text.slice(0, /[+:]/.exec(text)!.index);
  return `/run/libvirt/virt${driver}d-sock`;
}

function hostOf(text: string, host: string): string {
  const ipv6 = IPV6.exec(host)?.[1];
  if (ipv6 !== undefined) return ipv6;
  if (host === '') throw new LibvirtUriError(text, 'it names no host');
  if (!HOST_NAME.test(host)) throw new LibvirtUriError(text, `'${host}' is not a host name or an address`);
  return host;
}

function portOf(text: string, port: string | undefined, otherwise: number): number {
  if (port === undefined) return otherwise;
  const number = Number(port);
  if (!/^[0-9]{1,5}$/.test(port) || number < 1 || number > 65_535) {
    throw new LibvirtUriError(text, `'${port}' is not a port from 1 to 65535`);
  }
  return number;
}

function switchOf(text: string, name: string, value: string | undefined): boolean {
  if (value === undefined || value === '0') return false;
  if (value === '1') return true;
  throw new LibvirtUriError(text, `the parameter '${name}' is 0 or 1, not '${value}'`);
}
