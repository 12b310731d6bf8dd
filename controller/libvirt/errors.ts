/**
 * Everything that can go wrong between us and a libvirt daemon, by name.
 *
 * `LibvirtCallError` is the daemon saying no; every other error is about the conversation itself. After a
 * `LibvirtProtocolError`, a `LibvirtKeepaliveError` or a `LibvirtClosedError` the connection is gone.
 */
import { ArcticTernError } from '../errors.ts';
import { errorDomainName, errorLevelName, errorNumberName } from './error-names.ts';
import type { ErrorDomainName, ErrorLevel, ErrorNumberName } from './error-names.ts';

/** A libvirt connection URI that cannot be used. Thrown when the URI is parsed, before anything is opened. */
export class LibvirtUriError extends ArcticTernError {
  readonly code = 'LIBVIRT_URI';
  readonly uri: string;

  constructor(uri: string, problem: string) {
    super(`cannot use the libvirt URI '${uri}': ${problem}`);
    this.uri = uri;
  }
}

/** The daemon could not be reached: no socket, refused, name unknown, or TLS failed on either side. */
export class LibvirtConnectError extends ArcticTernError {
  readonly code = 'LIBVIRT_CONNECT';

  constructor(peer: string, problem: string, options?: ErrorOptions) {
    super(`cannot connect to libvirt at ${peer}: ${problem}`, options);
  }
}

/** The daemon demands an authentication that this client cannot give. */
export class LibvirtAuthError extends ArcticTernError {
  readonly code = 'LIBVIRT_AUTH';

  constructor(peer: string, problem: string, options?: ErrorOptions) {
    super(`libvirt at ${peer} does not let us in: ${problem}`, options);
  }
}

/** The peer broke the RPC protocol (virnetprotocol.x). The connection is closed, as its bytes mean nothing now. */
export class LibvirtProtocolError extends ArcticTernError {
  readonly code = 'LIBVIRT_PROTOCOL';
}

/** A payload ends before the value being read does, or goes on after the last one. */
export class XdrTruncatedError extends ArcticTernError {
  readonly code = 'LIBVIRT_XDR_TRUNCATED';
}

/** A length in a payload, or of a value to be sent, is beyond what the protocol allows. */
export class XdrLengthError extends ArcticTernError {
  readonly code = 'LIBVIRT_XDR_LENGTH';
}

/** A value that its type does not have: a boolean of 7, padding that is not zero, an unknown union arm. */
export class XdrValueError extends ArcticTernError {
  readonly code = 'LIBVIRT_XDR_VALUE';
}

/** An argument of ours that cannot be sent: an unknown flag, a malformed UUID. Nothing was sent. */
export class LibvirtArgumentError extends ArcticTernError {
  readonly code = 'LIBVIRT_ARGUMENT';
}

/** A call whose reply did not come in time. The daemon may still carry it out. */
export class LibvirtTimeoutError extends ArcticTernError {
  readonly code = 'LIBVIRT_TIMEOUT';
}

/** More calls were asked for than may wait on one connection. Nothing was sent. */
export class LibvirtBusyError extends ArcticTernError {
  readonly code = 'LIBVIRT_BUSY';
}

/** The daemon went silent: it answered none of our keepalive pings. */
export class LibvirtKeepaliveError extends ArcticTernError {
  readonly code = 'LIBVIRT_KEEPALIVE';
}

/** The connection is closed: by the daemon, by the network, or by us. */
export class LibvirtClosedError extends ArcticTernError {
  readonly code = 'LIBVIRT_CLOSED';
  /** Who ended it: `us` by `close()`, the `peer` by hanging up, or the `network` by an error of the socket. */
  readonly by: 'us' | 'peer' | 'network';

  constructor(message: string, by: 'us' | 'peer' | 'network', options?: ErrorOptions) {
    super(message, options);
    this.by = by;
  }
}

/** A domain XML document that cannot be read, or an edit that does not fit it. */
export class DomainXmlError extends ArcticTernError {
  readonly code = 'LIBVIRT_DOMAIN_XML';
}

/** What libvirt says in a `remote_error` (virnetprotocol.x), with the numbers that libvirt uses. */
export interface RemoteError {
  readonly number: number;
  readonly domain: number;
  readonly level: number;
  readonly message: string | undefined;
}

/** The daemon carried a call out and it failed. Says which call, on which domain, and libvirt's own reasons. */
export class LibvirtCallError extends ArcticTernError {
  readonly code = 'LIBVIRT_CALL';
  /** libvirt's error code by its name in virterror.h, such as `VIR_ERR_NO_DOMAIN`. */
  readonly errorName: ErrorNumberName;
  readonly errorNumber: number;
  /** The part of libvirt that it comes from, such as `VIR_FROM_QEMU`. */
  readonly from: ErrorDomainName;
  readonly level: ErrorLevel;
  /** libvirt's message alone. */
  readonly libvirtMessage: string;
  /** The procedure, by libvirt's name, such as `domain_suspend`. */
  readonly procedure: string;
  /** What it was asked for, as far as the call names it: a domain's name, as a rule. */
  readonly about: string | undefined;

  constructor(procedure: string, about: string | undefined, peer: string, error: RemoteError) {
    const errorName = errorNumberName(error.number);
    const from = errorDomainName(error.domain);
    const libvirtMessage = error.message ?? 'no message';
    super(
      `${procedure}${about === undefined ? '' : ` on '${about}'`} at ${peer}: ${libvirtMessage} (${errorName}, ${from})`,
    );
    this.errorName = errorName;
    this.errorNumber = error.number;
    this.from = from;
    this.level = errorLevelName(error.level);
    this.libvirtMessage = libvirtMessage;
    this.procedure = procedure;
    this.about = about;
  }
}

/** Whether an error is the daemon's own, with that code: `isLibvirtError(e, 'VIR_ERR_NO_DOMAIN')`. */
export function isLibvirtError(error: unknown, name: ErrorNumberName): error is LibvirtCallError {
  return error instanceof LibvirtCallError && error.errorName === name;
}
