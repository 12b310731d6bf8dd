/**
 * A client of an OVSDB database that keeps itself connected.
 *
 * It owns one connection at a time, and what apps hold (replicas, locks) is attached to each new one. The
 * decisions are made elsewhere and are pure: when to dial, probe and give up in reconnect.ts, which servers
 * are fit in server-role.ts. Here they are carried out.
 *
 *     dial or be dialled -> (follow _Server) -> connected -> dropped -> ...
 *                                 |                            ^
 *                                 +---- unfit, next remote ----+
 *
 * Lifecycle: `connect` returns at once and connects in the background for as long as it lives; `ready` says
 * when it is there; `close` ends it, its replicas and its locks, for good.
 */
import type { Duplex } from 'node:stream';
import { systemClock, type Cancel, type Clock } from '../clock.ts';
import { ArcticTernError } from '../errors.ts';
import { ovsdb as limits } from '../limits.ts';
import type {
  ClientEvents,
  ClientStatus,
  ConnectOptions,
  Lock,
  Replica,
  SessionOptions,
  WaitOptions,
} from './contracts.ts';
import type { Attachment } from './attachment.ts';
import { Emitter } from './emitter.ts';
import {
  OvsdbClosedError,
  OvsdbConfigurationError,
  OvsdbConnectError,
  OvsdbDisconnectedError,
  OvsdbNotConnectedError,
  OvsdbOutcomeUnknownError,
  OvsdbProtocolError,
  OvsdbRequestError,
  OvsdbTimeoutError,
  OvsdbUnsuitableServerError,
  OvsdbWaitTimedOutError,
} from './errors.ts';
import { ServerLock } from './lock.ts';
import {
  activity,
  connected,
  connecting,
  disconnected,
  due,
  initial,
  probed,
  type ReconnectConfig,
  type ReconnectState,
} from './reconnect.ts';
import { formatRemote, parseActiveRemotes, type ActiveRemote } from './remote.ts';
import { LiveReplica } from './replica.ts';
import type { InsertRow, SelectedRows, Selection, TableName, UpdateRow } from './row-types.ts';
import { RpcConnection, type Reply, type RpcHandlers } from './rpc-connection.ts';
import { parseSchema, type DatabaseSchema, type Tables } from './schema.ts';
import { objection, roleMonitor, roleMonitorParams, ServerRoles, type ServerRole } from './server-role.ts';
import { Transaction, type Outcome } from './transaction.ts';
import { dial, type TlsOptions } from './transport.ts';
import type { Uuid } from './uuid.ts';
import { toError } from './to-error.ts';

interface Live {
  readonly connection: RpcConnection;
  readonly remote: string;
  readonly roles: ServerRoles;
  /** Whether the server was found fit, so that it is in use. */
  accepted: boolean;
  /** Whether the server has a `_Server` database that we follow. */
  followed: boolean;
}

interface Core {
  readonly remotes: readonly ActiveRemote[];
  readonly tls: TlsOptions | undefined;
  readonly database: string | undefined;
  readonly leaderOnly: boolean;
  readonly cid: string | undefined;
  readonly reconnect: ReconnectConfig;
  readonly clock: Clock;
  readonly random: () => number;
  /** What errors call the other end. */
  readonly name: string;
}

/** See the head of client.ts. Made by `connect`, or by a listener for each host that connects to it. */
export class OvsdbClient implements AsyncDisposable {
  readonly #core: Core;
  readonly #events = new Emitter<ClientEvents>();
  readonly #attachments = new Set<Attachment>();
  readonly #locks = new Set<string>();
  #state: ReconnectState;
  #live: Live | undefined;
  #giveUpDialing: Cancel | undefined;
  #timer: Cancel | undefined;
  #closed = false;
  #nextRemote = 0;
  #nextReplica = 1;
  #lastError: ArcticTernError | undefined;
  #seen: { readonly cid: string; readonly index: number } | undefined;

  /** Use `connect`. */
  constructor(core: Core) {
    this.#core = core;
    this.#state = initial(core.reconnect, core.clock.now());
    this.#run();
  }

  get status(): ClientStatus {
    if (this.#closed) return 'closed';
    if (this.#live?.accepted === true) return 'connected';
    return this.#state.phase === 'connecting' ? 'connecting' : 'waiting';
  }

  /** The remote that is in use. */
  get remote(): string | undefined {
    return this.#live?.accepted === true ? this.#live.remote : undefined;
  }

  /** What the server in use says of itself, if it was asked (option `database`) and can tell (OVS 2.9). */
  get role(): ServerRole | undefined {
    const { database } = this.#core;
    return database === undefined || this.#live?.accepted !== true
      ? undefined
      : this.#live.roles.of(database);
  }

  /** Why the last connection ended or the last attempt failed. */
  get lastError(): ArcticTernError | undefined {
    return this.#lastError;
  }

  on<K extends keyof ClientEvents>(event: K, listener: (event: ClientEvents[K]) => void): Cancel {
    return this.#events.on(event, listener);
  }

  /**
   * Resolves when connected, at once if it is.
   *
   * @throws {OvsdbNotConnectedError} after `timeout`; {OvsdbClosedError}; the signal's reason.
   */
  async ready(options: WaitOptions = {}): Promise<void> {
    await this.#connection(options.timeout ?? limits.requestTimeout, options.signal);
  }

  /**
   * Carries out a transaction, once connected.
   *
   * @throws {OvsdbOperationError} (a subclass names the error): nothing was committed;
   *   {OvsdbNotConnectedError} or {OvsdbBacklogError}: nothing was sent; {OvsdbRequestError}: refused as a whole;
   *   {OvsdbOutcomeUnknownError}: it was sent, and the connection dropped, the time ran out or the signal came
   *   before the answer.
   */
  async transact<D extends Tables>(tx: Transaction<D>, options: WaitOptions = {}): Promise<Outcome> {
    const { clock } = this.#core;
    const { timeout = limits.requestTimeout, signal } = options;
    const deadline = clock.now() + timeout;
    const params = tx.params();
    const connection = await this.#connection(timeout, signal);
    const remaining = Math.max(1, deadline - clock.now());
    const result = await new Promise((resolve, reject) => {
      const unknown = (cause: unknown, why: string) =>
        reject(
          new OvsdbOutcomeUnknownError(
            `${why}, so it is unknown whether the transaction on ${tx.schema.name} was committed; ` +
              `read the rows again before another try`,
            { cause },
          ),
        );
      const cancel = () => connection.notify('cancel', [id]);
      const aborted = () => {
        connection.forget(id);
        cancel();
        unknown(signal?.reason, 'the caller stopped waiting');
      };
      const done = (reply: Reply) => {
        signal?.removeEventListener('abort', aborted);
        if (reply.ok) {
          resolve(reply.result);
          return;
        }
        const { error } = reply;
        if (error instanceof OvsdbDisconnectedError) {
          if (error.sent) unknown(error, 'the connection dropped');
          else reject(notConnected(connection.peer, error));
        } else if (error instanceof OvsdbTimeoutError) {
          cancel();
          unknown(error, error.message);
        } else if (error instanceof OvsdbRequestError && error.error === 'canceled') {
          unknown(error, 'the server gave the transaction up');
        } else {
          reject(error);
        }
      };
      const id = connection.send('transact', params, done, { timeout: remaining });
      if (signal?.aborted === true) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });
    return tx.outcome(result);
  }

  /**
   * Changes a row if it still is as expected. False: it was not, or it is gone, and nothing was changed.
   *
   * @throws as `transact`.
   */
  async compareAndSwap<D extends Tables, T extends TableName<D>>(
    schema: DatabaseSchema<D>,
    table: T,
    row: Uuid<T>,
    expected: InsertRow<D, T>,
    next: UpdateRow<D, T>,
    options: WaitOptions = {},
  ): Promise<boolean> {
    const tx = new Transaction(schema);
    tx.compareAndSwap(table, row, expected, next);
    try {
      await this.transact(tx, options);
      return true;
    } catch (error) {
      if (error instanceof OvsdbWaitTimedOutError) return false;
      throw error;
    }
  }

  /**
   * Makes a replica of the tables selected; resolves when it holds them.
   *
   * @throws {OvsdbSchemaMismatchError}, {OvsdbUnsupportedError}, {OvsdbRequestError} such as `unknown database`;
   *   {OvsdbNotConnectedError} after `timeout`; {OvsdbClosedError}; the signal's reason.
   */
  async replicate<D extends Tables, const S extends Selection<D>>(
    schema: DatabaseSchema<D>,
    selection: S,
    options: WaitOptions = {},
  ): Promise<Replica<SelectedRows<D, S>>> {
    const { timeout = limits.requestTimeout, signal } = options;
    if (this.#closed) throw this.#closedError();
    const replica = new LiveReplica({
      clock: this.#core.clock,
      id: `replica-${this.#nextReplica++}`,
      schema,
      selection,
      onClosed: () => this.#attachments.delete(replica),
    });
    this.#attach(replica);
    try {
      await this.#within(replica.loaded, timeout, signal);
    } catch (error) {
      await replica.close();
      throw error;
    }
    return replica as unknown as Replica<SelectedRows<D, S>>;
  }

  /**
   * Asks for a lock, now and on each connection to come. With `steal` it is taken from its holder, once.
   *
   * @throws {OvsdbConfigurationError} when this client asks for it already.
   */
  lock(name: string, options: { readonly steal?: boolean } = {}): Lock {
    if (this.#closed) throw this.#closedError();
    if (this.#locks.has(name)) {
      throw new OvsdbConfigurationError(
        `this client asks for lock ${name} already; share that one, or release it`,
      );
    }
    const lock = new ServerLock(name, options.steal === true, () => {
      this.#attachments.delete(lock);
      this.#locks.delete(name);
    });
    this.#locks.add(name);
    this.#attach(lock);
    return lock;
  }

  /** The names of the server's databases (RFC 7047, 4.1.1). */
  async listDatabases(options: WaitOptions = {}): Promise<readonly string[]> {
    const result = await this.request('list_dbs', [], options);
    if (Array.isArray(result) && result.every((name) => typeof name === 'string')) return result;
    throw new OvsdbProtocolError(`the reply of ${this.#core.name} to list_dbs is no list of names`);
  }

  /** The schema of a database (RFC 7047, 4.1.2). @throws {OvsdbInvalidSchemaError} and as `request`. */
  async getSchema(database: string, options: WaitOptions = {}): Promise<DatabaseSchema> {
    return parseSchema(await this.request('get_schema', [database], options));
  }

  /** A uuid that the server process chose at its start (OVS 2.7). */
  async getServerId(options: WaitOptions = {}): Promise<string> {
    return String(await this.request('get_server_id', null, options));
  }

  /** Converts a database to another schema, given as in a `.ovsschema` file, while it is served (OVS 2.9). */
  async convert(database: string, schema: unknown, options: WaitOptions = {}): Promise<void> {
    await this.request('convert', [database, schema], options);
  }

  /**
   * Sends a request of any method, once connected.
   *
   * @throws {OvsdbNotConnectedError}, {OvsdbRequestError}, {OvsdbTimeoutError}, {OvsdbDisconnectedError},
   *   {OvsdbBacklogError}, {OvsdbClosedError}; the signal's reason while it waits for a connection.
   */
  async request(method: string, params: unknown, options: WaitOptions = {}): Promise<unknown> {
    const { timeout = limits.requestTimeout, signal } = options;
    const connection = await this.#connection(timeout, signal);
    return connection.request(method, params, { timeout });
  }

  /** Drops the connection, if there is one, and connects anew. */
  reconnect(why = 'a new connection was asked for'): void {
    this.#live?.connection.close(
      new OvsdbDisconnectedError(`the connection to ${this.#core.name} was dropped: ${why}`, false),
    );
  }

  /**
   * Puts a connection that the peer opened to us to use. One that was in use is dropped: the peer would not
   * have opened another if that one were good.
   */
  adopt(connection: RpcConnection): void {
    if (this.#closed) {
      connection.close();
      return;
    }
    this.reconnect('the peer opened another');
    const live = this.#watch(connection, connection.peer);
    this.#live = live;
    this.#accept(live);
  }

  /** Ends the connection, the replicas and the locks. Resolves when the socket is closed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.();
    this.#giveUpDialing?.();
    const connection = this.#live?.connection;
    connection?.close(this.#closedError());
    for (const attachment of [...this.#attachments]) void attachment.close();
    this.#events.emit('closed', undefined);
    await connection?.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does what is due, and comes back when something else is. */
  #run(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#closed) return;
    const { reconnect, clock } = this.#core;
    const now = clock.now();
    const { action, at } = due(reconnect, this.#state, now);
    switch (action) {
      case 'connect':
        this.#dial(now);
        break;
      case 'probe':
        this.#state = probed(this.#state, now);
        this.#live?.connection.probe();
        break;
      case 'disconnect':
        this.#giveUp(now);
        return;
      case undefined:
        if (at === undefined) return;
        // After the timer, what has arrived meanwhile is read first: a process that was held up must not take
        // its own silence for the peer's.
        this.#timer = clock.after(at - now, () => setImmediate(() => this.#run()));
        return;
    }
    this.#run();
  }

  #dial(now: number): void {
    const { remotes, tls, reconnect } = this.#core;
    const remote = remotes[this.#nextRemote++ % remotes.length]!;
    const name = formatRemote(remote);
    this.#state = connecting(reconnect, this.#state, now);
    this.#giveUpDialing = dial(remote, tls, (outcome) => {
      this.#giveUpDialing = undefined;
      if (outcome instanceof ArcticTernError) this.#dropped(name, outcome, false);
      else this.#open(outcome, name);
    });
  }

  #open(stream: Duplex, remote: string): void {
    const connection = new RpcConnection(stream, {
      clock: this.#core.clock,
      peer: remote,
      onNotification: () => undefined,
      onEnd: () => undefined,
    });
    const live = this.#watch(connection, remote);
    this.#live = live;
    if (this.#core.database === undefined) this.#accept(live);
    else this.#followRoles(live);
  }

  #watch(connection: RpcConnection, remote: string): Live {
    const live: Live = { connection, remote, roles: new ServerRoles(), accepted: false, followed: false };
    const handlers: RpcHandlers = {
      onNotification: (method, params) => this.#notified(live, method, params),
      onActivity: () => {
        this.#state = activity(this.#state, this.#core.clock.now());
      },
      onEnd: (error) => {
        if (this.#live === live) this.#dropped(remote, error, live.accepted);
      },
    };
    connection.handOver(handlers);
    return live;
  }

  #followRoles(live: Live): void {
    const { connection } = live;
    connection.send('monitor_cond', roleMonitorParams(), (reply) => {
      if (this.#live !== live || connection.ended) return;
      if (reply.ok) {
        live.roles.take(reply.result);
        live.followed = true;
        // The server then tells of conversions by cancelling monitors, not by hanging up.
        connection.send('set_db_change_aware', [true], () => undefined);
        this.#judge(live);
      } else if (reply.error instanceof OvsdbRequestError) {
        // Older than OVS 2.9, or another make: it knows no roles, nor clusters.
        this.#accept(live);
      } else {
        connection.close(reply.error);
      }
    });
  }

  #judge(live: Live): void {
    const { database, leaderOnly, cid } = this.#core;
    if (database === undefined) return;
    const role = live.roles.of(database);
    const why = objection(role, { database, leaderOnly, cid, seen: this.#seen });
    if (why !== undefined) {
      live.connection.close(new OvsdbUnsuitableServerError(`${live.remote} cannot be used: ${why}`));
      return;
    }
    if (role !== undefined && role.cid !== null && role.index !== null) {
      this.#seen = { cid: role.cid, index: role.index };
    }
    if (!live.accepted) this.#accept(live);
    else if (role !== undefined) this.#events.emit('role', role);
  }

  #accept(live: Live): void {
    live.accepted = true;
    this.#state = connected(this.#state, this.#core.clock.now());
    this.#run();
    for (const attachment of [...this.#attachments]) attachment.attach(live.connection);
    if (!live.connection.ended) this.#events.emit('connected', { remote: live.remote, role: this.role });
  }

  #attach(attachment: Attachment): void {
    this.#attachments.add(attachment);
    if (this.#live?.accepted === true) attachment.attach(this.#live.connection);
  }

  #notified(live: Live, method: string, params: readonly unknown[]): void {
    if (live.followed && params[0] === roleMonitor) {
      if (method === 'update2') {
        live.roles.take(params[1]);
        this.#judge(live);
      }
      return;
    }
    for (const attachment of this.#attachments) if (attachment.notify(method, params)) return;
    // Nobody's: a monitor that was cancelled while its update was on the way, or a method of later days.
  }

  #giveUp(now: number): void {
    const { reconnect } = this.#core;
    const state = this.#state;
    if (state.phase === 'probing') {
      this.#live?.connection.closeInactive(now - state.heard);
      return;
    }
    const late = `no usable connection within ${reconnect.connectTimeout} ms`;
    if (this.#live !== undefined) {
      this.#live.connection.close(new OvsdbConnectError(`${this.#live.remote} gave ${late}`));
      return;
    }
    this.#giveUpDialing?.();
    this.#giveUpDialing = undefined;
    const { remotes } = this.#core;
    const remote = formatRemote(remotes[(this.#nextRemote - 1) % remotes.length]!);
    this.#dropped(remote, new OvsdbConnectError(`${remote} gave ${late}`), false);
  }

  #dropped(remote: string, error: ArcticTernError, accepted: boolean): void {
    const { reconnect, clock, random } = this.#core;
    this.#live = undefined;
    this.#lastError = error;
    if (this.#closed) return;
    this.#state = disconnected(reconnect, this.#state, clock.now(), random());
    if (accepted) {
      for (const attachment of [...this.#attachments]) attachment.detach(error);
      this.#events.emit('disconnected', { remote, error });
    } else {
      this.#events.emit('failed', { remote, error });
    }
    // Not from within the end of the old connection: its requests are to fail before a new one begins.
    this.#timer?.();
    this.#timer = clock.after(0, () => this.#run());
  }

  /** The connection in use, or the one that comes into use in time. */
  async #connection(timeout: number, signal: AbortSignal | undefined): Promise<RpcConnection> {
    if (this.#closed) throw this.#closedError();
    signal?.throwIfAborted();
    if (this.#live?.accepted === true) return this.#live.connection;
    let cancel: Cancel | undefined;
    const came = new Promise<RpcConnection>((resolve) => {
      cancel = this.on('connected', () => {
        if (this.#live !== undefined) resolve(this.#live.connection);
      });
    });
    try {
      return await this.#within(came, timeout, signal);
    } finally {
      cancel?.();
    }
  }

  /** What `promise` gives, unless the time, the signal or the client's end is first. */
  #within<X>(promise: Promise<X>, timeout: number, signal: AbortSignal | undefined): Promise<X> {
    return new Promise((resolve, reject) => {
      const aborted = () => settle(() => reject(toError(signal?.reason)));
      const late = () =>
        settle(() => reject(notConnected(`${this.#core.name} within ${timeout} ms`, this.#lastError)));
      const cancels: Cancel[] = [
        this.#core.clock.after(timeout, late),
        this.on('closed', () => settle(() => reject(this.#closedError()))),
        () => signal?.removeEventListener('abort', aborted),
      ];
      const settle = (act: () => void) => {
        for (const cancel of cancels) cancel();
        act();
      };
      if (signal?.aborted === true) {
        aborted();
        return;
      }
      signal?.addEventListener('abort', aborted, { once: true });
      promise.then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(toError(error))),
      );
    });
  }

  #closedError(): OvsdbClosedError {
    return new OvsdbClosedError(`the client of ${this.#core.name} is closed`);
  }
}

function notConnected(name: string, cause: ArcticTernError | undefined): OvsdbNotConnectedError {
  return new OvsdbNotConnectedError(
    `no connection to ${name}${cause === undefined ? '' : ` (${cause.message})`}; nothing was sent`,
    { cause },
  );
}

/**
 * Makes a client that connects, and stays connected, to one of `remotes`. Returns at once: see `ready`.
 *
 * @throws {OvsdbConfigurationError} when a remote or a combination of options makes no sense.
 */
export function connect(options: ConnectOptions): OvsdbClient {
  const { remotes, cid } = parseActiveRemotes(options.remotes);
  const { database, leaderOnly = false } = options;
  if (database === undefined && (leaderOnly || cid !== undefined)) {
    throw new OvsdbConfigurationError(
      'leaderOnly and cid: need the name of the database that they are about',
    );
  }
  return new OvsdbClient({
    remotes,
    cid,
    database,
    leaderOnly,
    tls: options.tls,
    name: remotes.map(formatRemote).join(','),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    reconnect: {
      backoffMinimum: options.backoffMinimum ?? limits.backoffMinimum,
      backoffMaximum: options.backoffMaximum ?? limits.backoffMaximum,
      connectTimeout: options.connectTimeout ?? limits.connectTimeout,
      probeInterval: options.probeInterval ?? limits.probeInterval,
      remotes: remotes.length,
      passive: false,
    },
  });
}

/** A client that never dials: connections are given to it by `adopt`. */
export function passiveClient(name: string, options: SessionOptions = {}): OvsdbClient {
  return new OvsdbClient({
    remotes: [],
    cid: undefined,
    database: undefined,
    leaderOnly: false,
    tls: undefined,
    name,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    reconnect: {
      backoffMinimum: limits.backoffMinimum,
      backoffMaximum: limits.backoffMaximum,
      connectTimeout: limits.connectTimeout,
      probeInterval: options.probeInterval ?? limits.probeInterval,
      remotes: 0,
      passive: true,
    },
  });
}
