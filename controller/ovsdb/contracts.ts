/**
 * What users of the client hold and are told, in one place.
 *
 * Lifecycles. Everything that is made is ended by `close` (a lock by `release`), which may be called twice, or
 * by `await using`; what is made from something ends with it:
 *
 *     connect ──> OvsdbClient ──┬─> Replica    replicate ... close
 *     listen ──> OvsdbListener  └─> Lock       lock ... release
 *        └─> HostSession.client (an OvsdbClient as any other)
 *     serve ──> OvsdbServerProcess             serve ... stop
 *
 * A client is never broken for good: it connects, waits, and connects again until it is closed. What a replica
 * or a lock says of itself (`status`, `held`) is true at each moment, and each change of it is told. Listeners
 * are called in the order of what happened, at once; what they throw is an uncaught exception.
 */
import type { Cancel, Clock } from '../clock.ts';
import type { ArcticTernError } from '../errors.ts';
import type { Condition, RowsByTable } from './row-types.ts';
import type { ServerRole } from './server-role.ts';
import type { Table, TableChanges } from './table.ts';
import type { TlsOptions } from './transport.ts';
import type { Uuid } from './uuid.ts';

/** Settings of a session; times in milliseconds, defaults in limits.ts. */
export interface SessionOptions {
  /** Silence before an echo is sent, and again before the connection is given up; 0 turns this off. */
  readonly probeInterval?: number;
  readonly clock?: Clock;
  /** From [0, 1), for the jitter of waits. */
  readonly random?: () => number;
}

export interface ConnectOptions extends SessionOptions {
  /**
   * Active connection methods (ovsdb(7)), tried in turn: a list, or a text with commas. `cid:UUID` among them
   * names the cluster that servers must belong to.
   */
  readonly remotes: string | readonly string[];
  /** For `ssl:` remotes. */
  readonly tls?: TlsOptions;
  /**
   * The database that servers must serve, and be in touch with their cluster for. Without it any server that
   * accepts the connection will do.
   */
  readonly database?: string;
  /** Use only the leader of the cluster of `database`: reads then contain all that was committed before. */
  readonly leaderOnly?: boolean;
  readonly connectTimeout?: number;
  readonly backoffMinimum?: number;
  readonly backoffMaximum?: number;
}

export interface ClientEvents {
  /** A connection can be used. Replicas and locks are being asked for again. */
  connected: { readonly remote: string; readonly role: ServerRole | undefined };
  /** A connection that could be used ended. */
  disconnected: { readonly remote: string; readonly error: ArcticTernError };
  /** An attempt led to no connection that can be used. */
  failed: { readonly remote: string; readonly error: ArcticTernError };
  /** The role of the server in its cluster changed, and it may still be used. */
  role: ServerRole;
  closed: undefined;
}

/** `waiting`: between attempts or, if the peer connects to us, for the peer. */
export type ClientStatus = 'waiting' | 'connecting' | 'connected' | 'closed';

export interface WaitOptions {
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** One step of a replica: all that one transaction, or one reconnection, changed. */
export interface Batch<R extends RowsByTable = RowsByTable> {
  /** `reloaded`: found out after a reconnection, perhaps the sum of many transactions. */
  readonly cause: 'update' | 'reloaded';
  /** The last transaction that is contained, where the server counts them (clusters do). */
  readonly transaction: Uuid | undefined;
  /** Only tables that changed. */
  readonly tables: { readonly [T in keyof R]?: TableChanges<R[T]> };
}

export interface ReplicaEvents<R extends RowsByTable> {
  /** The tables have changed, and hold the new rows already. */
  changes: Batch<R>;
  /** The connection dropped, or the contents turned out wrong: what is held may be out of date. */
  stale: { readonly error: ArcticTernError };
  /**
   * The contents are those of the database again; `changes` has told the differences, if any. `found` says
   * whether the server knew what was missed or sent everything.
   */
  reconnected: { readonly found: boolean };
  closed: undefined;
}

export type ReplicaStatus = 'loading' | 'current' | 'stale' | 'closed';

/** The rows of one moment. They stay as they are while the replica goes on. */
export interface Snapshot<R extends RowsByTable> {
  readonly transaction: Uuid | undefined;
  readonly tables: { readonly [T in keyof R]: ReadonlyMap<R[T]['_uuid'], R[T]> };
}

/** See the head of replica.ts. Made by `OvsdbClient.replicate`, ended by `close` or with its client. */
export interface Replica<R extends RowsByTable = RowsByTable> extends AsyncDisposable {
  readonly database: string;
  readonly status: ReplicaStatus;
  /** The last transaction that is contained, where the server counts them. */
  readonly transaction: Uuid | undefined;
  /** Tables and columns (`Table.column`) that the server's schema lacks; they are empty and at their default. */
  readonly missing: readonly string[];
  table<T extends keyof R & string>(name: T): Table<R[T]>;
  snapshot(): Snapshot<R>;
  on<K extends keyof ReplicaEvents<R>>(event: K, listener: (event: ReplicaEvents<R>[K]) => void): Cancel;
  /** The changes of one table, with the batch that they are part of. */
  onTable<T extends keyof R & string>(
    name: T,
    listener: (changes: TableChanges<R[T]>, batch: Batch<R>) => void,
  ): Cancel;
  /**
   * Resolves with what `test` gives as soon as it gives something, asked now and after each change.
   *
   * @throws {OvsdbTimeoutError} after `timeout` (none by default); {OvsdbClosedError}; the signal's reason.
   */
  until<X>(test: (replica: Replica<R>) => X | undefined, options?: WaitOptions): Promise<X>;
  /**
   * Replaces the conditions of the tables named; others keep theirs. Resolves when the contents follow them.
   *
   * @throws {OvsdbUnsupportedError} on servers older than OVS 2.6; {OvsdbRequestError}.
   */
  setConditions(conditions: { readonly [T in keyof R]?: readonly Condition<R[T]>[] }): Promise<void>;
  /** Stops following. Tables stay readable. */
  close(): Promise<void>;
}

export interface LockEvents {
  /** It is ours. */
  locked: undefined;
  /** It is no longer ours: stolen by another client, or the connection dropped. It stays asked for. */
  lost: { readonly reason: 'stolen' | 'disconnected' };
  /** The server refuses it, as it does a name that is no identifier. */
  refused: { readonly error: ArcticTernError };
}

/** Made by `OvsdbClient.lock`, ended by `release` or with its client. */
export interface Lock extends AsyncDisposable {
  readonly name: string;
  readonly held: boolean;
  on<K extends keyof LockEvents>(event: K, listener: (event: LockEvents[K]) => void): Cancel;
  /** Resolves when it is held. @throws {OvsdbClosedError} {OvsdbRequestError} the signal's reason. */
  acquired(options?: { readonly signal?: AbortSignal }): Promise<void>;
  release(): Promise<void>;
}

export interface ListenOptions extends SessionOptions {
  /** A passive connection method (ovsdb(7)). */
  readonly remote: string;
  /** For `pssl:`: peers must show a certificate of this CA. */
  readonly tls?: TlsOptions;
}

/** Whose database a session leads to. */
export interface HostIdentity {
  /** Of the one row of table `Open_vSwitch`. */
  readonly uuid: Uuid<'Open_vSwitch'>;
  /** `external_ids:system-id` and `external_ids:hostname` as they were when the host first came. */
  readonly systemId: string | undefined;
  readonly hostname: string | undefined;
}
