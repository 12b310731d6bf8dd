/**
 * OVS's connection methods (ovsdb(7), "Connection Methods"): text in, a discriminated union out, strictly.
 *
 * An active method says where to connect to, a passive one (its name begins with `p`) where to listen. Where
 * the port is left out it is 6640, the one that IANA gave OVSDB.
 */
import { OvsdbConfigurationError } from './errors.ts';
import { isUuid } from './uuid.ts';

export type ActiveRemote =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number };

export type PassiveRemote =
  | { readonly kind: 'punix'; readonly path: string }
  /** `host` is the local address to bind; without one, all IPv4 addresses, as in OVS. */
  | { readonly kind: 'ptcp' | 'pssl'; readonly port: number; readonly host: string };

export type Remote = ActiveRemote | PassiveRemote;

/** The port that IANA assigned to OVSDB. */
export const ovsdbPort = 6640;

/** Bytes that fit in `sun_path`, less the terminating zero (unix(7)). */
const longestSocketPath = 107;

/**
 * Reads one connection method.
 *
 * @throws {OvsdbConfigurationError} saying what is wrong with which part.
 */
export function parseRemote(text: string): Remote {
  const colon = text.indexOf(':');
  const method = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  switch (method) {
    case 'unix':
    case 'punix':
      return { kind: method, path: socketPath(rest, text) };
    case 'tcp':
    case 'ssl': {
      const { host, tail } = splitHost(rest, text);
      if (host === '') throw bad(text, `it names no host; write ${method}:HOST:PORT`);
      return { kind: method, host, port: portNumber(tail, text, 1) };
    }
    case 'ptcp':
    case 'pssl': {
      const colonAfterPort = rest.indexOf(':');
      const port = colonAfterPort < 0 ? rest : rest.slice(0, colonAfterPort);
      const { host, tail } = splitHost(colonAfterPort < 0 ? '' : rest.slice(colonAfterPort + 1), text);
      if (tail !== undefined) throw bad(text, 'something follows the address');
      return { kind: method, port: portNumber(port, text, 0), host: host === '' ? '0.0.0.0' : host };
    }
    default:
      throw bad(text, 'it must begin with unix:, tcp:, ssl:, punix:, ptcp: or pssl:');
  }
}

/** Where a client may find its database: one server, or the members of a cluster. */
export interface Remotes {
  readonly remotes: readonly ActiveRemote[];
  /** The cluster's uuid, when the list says it as `cid:UUID`. */
  readonly cid: string | undefined;
}

/**
 * Reads active methods, as a list or as a text with commas between them, and `cid:UUID` among them.
 *
 * @throws {OvsdbConfigurationError}
 */
export function parseActiveRemotes(texts: string | readonly string[]): Remotes {
  const list = typeof texts === 'string' ? texts.split(',').map((each) => each.trim()) : texts;
  const remotes: ActiveRemote[] = [];
  let cid: string | undefined;
  for (const text of list) {
    if (text.startsWith('cid:')) {
      const name = text.slice('cid:'.length).toLowerCase();
      if (!isUuid(name)) throw bad(text, 'a cluster is named by its uuid');
      if (cid !== undefined && cid !== name) throw bad(text, 'another cluster is named beside it');
      cid = name;
      continue;
    }
    const remote = parseRemote(text);
    if (!isActive(remote)) throw bad(text, 'it listens; to connect, use unix:, tcp: or ssl:');
    remotes.push(remote);
  }
  if (remotes.length === 0)
    throw new OvsdbConfigurationError('no OVSDB remote was given; give one such as unix:PATH');
  return { remotes, cid };
}

/** Reads one passive method. */
export function parsePassiveRemote(text: string): PassiveRemote {
  const remote = parseRemote(text);
  if (isActive(remote)) throw bad(text, 'it connects; to listen, use punix:, ptcp: or pssl:');
  return remote;
}

export function isActive(remote: Remote): remote is ActiveRemote {
  return remote.kind === 'unix' || remote.kind === 'tcp' || remote.kind === 'ssl';
}

/** The method as OVS writes it; `parseRemote` of the result is `remote` again. */
export function formatRemote(remote: Remote): string {
  switch (remote.kind) {
    case 'unix':
    case 'punix':
      return `${remote.kind}:${remote.path}`;
    case 'tcp':
    case 'ssl':
      return `${remote.kind}:${bracketed(remote.host)}:${remote.port}`;
    case 'ptcp':
    case 'pssl':
      return `${remote.kind}:${remote.port}:${bracketed(remote.host)}`;
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function socketPath(path: string, text: string): string {
  if (path === '') throw bad(text, 'it names no socket');
  if (path.includes('\0')) throw bad(text, 'the path contains a zero byte');
  const length = Buffer.byteLength(path);
  if (length > longestSocketPath) {
    throw bad(
      text,
      `its path has ${length} bytes and a socket's may have ${longestSocketPath}; use a shorter one`,
    );
  }
  return path;
}

/** Splits `HOST[:REST]`, where an IPv6 address stands in brackets. */
function splitHost(rest: string, text: string): { host: string; tail: string | undefined } {
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']');
    if (end < 0) throw bad(text, 'the bracket of its IPv6 address is not closed');
    const host = rest.slice(1, end);
    const after = rest.slice(end + 1);
    if (!/^[0-9a-fA-F:.]+(%[^%\s]+)?$/.test(host)) throw bad(text, `[${host}] is no IPv6 address`);
    if (after === '') return { host, tail: undefined };
    if (!after.startsWith(':')) throw bad(text, 'something follows the bracket that is no port');
    return { host, tail: after.slice(1) };
  }
  const colon = rest.indexOf(':');
  const host = colon < 0 ? rest : rest.slice(0, colon);
  const tail = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tail?.includes(':')) throw bad(text, 'an IPv6 address must stand in brackets');
  if (!/^[A-Za-z0-9._-]*$/.test(host)) throw bad(text, `"${host}" is no host name or address`);
  return { host, tail };
}

function portNumber(text: string | undefined, whole: string, least: number): number {
  if (text === undefined || text === '') return ovsdbPort;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port >= least && port <= 65535)) throw bad(whole, `"${text}" is no port; use ${least} to 65535`);
  return port;
}

function bad(text: string, why: string): OvsdbConfigurationError {
  return new OvsdbConfigurationError(`cannot use "${text}" as an OVSDB connection method: ${why}`);
}
