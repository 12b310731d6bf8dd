/**
 * Everything that can go wrong between us and an OVSDB server, each with a name and a code of its own.
 *
 * Three families: the connection (transport, framing, silence), the request as a whole, and one operation of a
 * transaction. The last carries the server's own `error` and `details` untouched (RFC 7047, 4.1.3 and 5.2).
 */
import { ArcticTernError } from '../errors.ts';

/** A connection method, TLS setting or other option that cannot be used as written. */
export class OvsdbConfigurationError extends ArcticTernError {
  readonly code = 'OVSDB_CONFIGURATION';
}

/** The transport could not be opened: refused, unreachable, no such socket, TLS failed, too slow. */
export class OvsdbConnectError extends ArcticTernError {
  readonly code = 'OVSDB_CONNECT';
}

/** The bytes that arrived are not a sequence of JSON texts within the limits; the connection is dropped. */
export class OvsdbFramingError extends ArcticTernError {
  readonly code = 'OVSDB_FRAMING';
}

/** JSON arrived that is no JSON-RPC 1.0 message, or one that answers nothing we asked; the connection is dropped. */
export class OvsdbProtocolError extends ArcticTernError {
  readonly code = 'OVSDB_PROTOCOL';
}

/** The peer answered no echo within the probe interval; the connection is dropped. */
export class OvsdbInactiveError extends ArcticTernError {
  readonly code = 'OVSDB_INACTIVE';
}

/** The connection ended: closed by the peer, reset, or dropped by us for the `cause`. */
export class OvsdbDisconnectedError extends ArcticTernError {
  readonly code = 'OVSDB_DISCONNECTED';
  /** Whether the request that fails with this error had been handed to the transport. */
  readonly sent: boolean;

  constructor(message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options);
    this.sent = sent;
  }
}

/** No connection was there in time, so nothing was sent. It is safe to try again. */
export class OvsdbNotConnectedError extends ArcticTernError {
  readonly code = 'OVSDB_NOT_CONNECTED';
}

/** The client, replica, lock or listener was closed by its owner. */
export class OvsdbClosedError extends ArcticTernError {
  readonly code = 'OVSDB_CLOSED';
}

/** The server is alive but not one that may be used: not the leader, cut off, stale, or without the database. */
export class OvsdbUnsuitableServerError extends ArcticTernError {
  readonly code = 'OVSDB_UNSUITABLE_SERVER';
}

/** Too much already waits for this peer to read or to answer; nothing was sent. */
export class OvsdbBacklogError extends ArcticTernError {
  readonly code = 'OVSDB_BACKLOG';
}

/**
 * No reply to a request came in time (the connection stays, a reply that comes later is dropped), or what was
 * waited for did not happen in time.
 */
export class OvsdbTimeoutError extends ArcticTernError {
  readonly code = 'OVSDB_TIMEOUT';
}

/** The server refused a request as a whole: the JSON-RPC `error` member was not null. */
export class OvsdbRequestError extends ArcticTernError {
  readonly code = 'OVSDB_REQUEST';
  readonly method: string;
  /** The server's short name of the error, such as `unknown database`. */
  readonly error: string;
  readonly details: string | undefined;

  constructor(method: string, error: string, details: string | undefined) {
    super(`${method} was refused by the server: ${error}${details === undefined ? '' : `: ${details}`}`);
    this.method = method;
    this.error = error;
    this.details = details;
  }
}

/** A value in an update or a reply is not of the type that the schema gives its column. */
export class OvsdbMalformedValueError extends ArcticTernError {
  readonly code = 'OVSDB_MALFORMED_VALUE';
}

/** A value that was to be written does not fit its column; nothing was sent. */
export class OvsdbInvalidValueError extends ArcticTernError {
  readonly code = 'OVSDB_INVALID_VALUE';
}

/** A database schema is not one in the sense of RFC 7047, section 3.2. */
export class OvsdbInvalidSchemaError extends ArcticTernError {
  readonly code = 'OVSDB_INVALID_SCHEMA';
}

/** The server's schema gives a column another type than the schema that the replica was asked for. */
export class OvsdbSchemaMismatchError extends ArcticTernError {
  readonly code = 'OVSDB_SCHEMA_MISMATCH';
}

/** The server cannot do what was asked, such as conditions on a server older than OVS 2.6. */
export class OvsdbUnsupportedError extends ArcticTernError {
  readonly code = 'OVSDB_UNSUPPORTED';
}

/** An update cannot follow from the contents held: the replica is read anew. */
export class OvsdbInconsistentError extends ArcticTernError {
  readonly code = 'OVSDB_INCONSISTENT';
}

/**
 * A transaction was sent and no answer will come: the connection dropped or the time ran out. It may or may
 * not have been committed. Read the affected rows before trying again, or make it a compare-and-swap.
 */
export class OvsdbOutcomeUnknownError extends ArcticTernError {
  readonly code = 'OVSDB_OUTCOME_UNKNOWN';
}

/** Which operation of a transaction failed. */
export interface FailedOperation {
  /** Its place in the transaction, from 0. */
  readonly index: number;
  readonly op: string;
  readonly table: string | undefined;
}

/**
 * One operation of a transaction failed, so none was committed. Subclasses name the common errors; this class
 * itself stands for any other.
 */
export class OvsdbOperationError extends ArcticTernError {
  readonly code: string = 'OVSDB_OPERATION';
  /** OVSDB's own name of the error. */
  readonly error: string;
  readonly details: string | undefined;
  /** Undefined when all operations passed and the commit itself was refused. */
  readonly operation: FailedOperation | undefined;

  constructor(error: string, details: string | undefined, operation: FailedOperation | undefined) {
    const where =
      operation === undefined
        ? 'commit of the transaction'
        : `operation ${operation.index} (${operation.op}${operation.table === undefined ? '' : ` on ${operation.table}`})`;
    super(`${where} failed: ${error}${details === undefined ? '' : `: ${details}`}`);
    this.error = error;
    this.details = details;
    this.operation = operation;
  }
}

/** `constraint violation`: a type, uniqueness or immutability rule of the schema would be broken. */
export class OvsdbConstraintViolationError extends OvsdbOperationError {
  override readonly code = 'OVSDB_CONSTRAINT_VIOLATION';
}

/** `referential integrity violation`: a strong reference would point to no row. */
export class OvsdbReferentialIntegrityError extends OvsdbOperationError {
  override readonly code = 'OVSDB_REFERENTIAL_INTEGRITY';
}

/** `timed out`: the condition of a `wait` did not come true in its time. */
export class OvsdbWaitTimedOutError extends OvsdbOperationError {
  override readonly code = 'OVSDB_WAIT_TIMED_OUT';
}

/** `not owner`: an `assert` names a lock that this connection does not hold. */
export class OvsdbNotOwnerError extends OvsdbOperationError {
  override readonly code = 'OVSDB_NOT_OWNER';
}

/** `aborted`: the transaction contains an `abort`. */
export class OvsdbAbortedError extends OvsdbOperationError {
  override readonly code = 'OVSDB_ABORTED';
}

/** `domain error`: a mutation divides by zero. */
export class OvsdbDomainError extends OvsdbOperationError {
  override readonly code = 'OVSDB_DOMAIN';
}

/** `range error`: the result of a mutation does not fit. */
export class OvsdbRangeError extends OvsdbOperationError {
  override readonly code = 'OVSDB_RANGE';
}

/** `duplicate uuid`: an `insert` names a row that exists. */
export class OvsdbDuplicateUuidError extends OvsdbOperationError {
  override readonly code = 'OVSDB_DUPLICATE_UUID';
}

/** `duplicate uuid-name`: two inserts of the transaction share a name. */
export class OvsdbDuplicateUuidNameError extends OvsdbOperationError {
  override readonly code = 'OVSDB_DUPLICATE_UUID_NAME';
}

/** `permission error`: role-based access control forbids it (OVS 2.8). */
export class OvsdbPermissionError extends OvsdbOperationError {
  override readonly code = 'OVSDB_PERMISSION';
}

/** `not allowed`: the server is a read-only copy of another. */
export class OvsdbReadOnlyError extends OvsdbOperationError {
  override readonly code = 'OVSDB_READ_ONLY';
}

/** `resources exhausted`: the server has no memory or disk left for it. */
export class OvsdbResourcesExhaustedError extends OvsdbOperationError {
  override readonly code = 'OVSDB_RESOURCES_EXHAUSTED';
}

/** `I/O error`: the server could not write its log. */
export class OvsdbIoError extends OvsdbOperationError {
  override readonly code = 'OVSDB_IO';
}

const byName = new Map<string, typeof OvsdbOperationError>([
  ['constraint violation', OvsdbConstraintViolationError],
  ['referential integrity violation', OvsdbReferentialIntegrityError],
  ['timed out', OvsdbWaitTimedOutError],
  ['not owner', OvsdbNotOwnerError],
  ['aborted', OvsdbAbortedError],
  ['domain error', OvsdbDomainError],
  ['range error', OvsdbRangeError],
  ['duplicate uuid', OvsdbDuplicateUuidError],
  ['duplicate uuid-name', OvsdbDuplicateUuidNameError],
  ['permission error', OvsdbPermissionError],
  ['not allowed', OvsdbReadOnlyError],
  ['resources exhausted', OvsdbResourcesExhaustedError],
  ['I/O error', OvsdbIoError],
]);

/** The error class for what OVSDB itself calls `error`. */
export function operationError(
  error: string,
  details: string | undefined,
  operation: FailedOperation | undefined,
): OvsdbOperationError {
  return new (byName.get(error) ?? OvsdbOperationError)(error, details, operation);
}

/** A program of OVS, or `setpriv`, is not installed or not in the PATH. */
export class OvsdbProgramMissingError extends ArcticTernError {
  readonly code = 'OVSDB_PROGRAM_MISSING';
}

/** `ovsdb-tool` failed; the message has its output. */
export class OvsdbToolError extends ArcticTernError {
  readonly code = 'OVSDB_TOOL';
}

/** An `ovsdb-server` of our own ended or did not come up; the message has its output. */
export class OvsdbServerStartError extends ArcticTernError {
  readonly code = 'OVSDB_SERVER_START';
}

/** The database is of a newer schema version than the one that it should be served with. */
export class OvsdbSchemaDowngradeError extends ArcticTernError {
  readonly code = 'OVSDB_SCHEMA_DOWNGRADE';
}
