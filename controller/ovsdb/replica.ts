/**
 * A copy of tables of a database that follows the database.
 *
 * What it keeps true: its contents are always those after some transaction of the database, never a mixture;
 * consumers hear of each step once, as one batch, after the tables have taken it; when the connection drops
 * the contents stay and are known to be stale, and when it is back only real differences are told, whether the
 * server says what was missed (`found`) or sends everything anew. An update that cannot follow from what is
 * held means that someone is wrong: then everything is read again.
 *
 *                 attach        monitor reply           detach
 *     loading --------------------------------> current ------> stale
 *                                                  ^              |
 *                                                  +--------------+ attach, monitor reply
 */
import type { Cancel, Clock } from '../clock.ts';
import { ArcticTernError } from '../errors.ts';
import type { Attachment } from './attachment.ts';
import { encodeConditions } from './conditions.ts';
import type { Batch, Replica, ReplicaEvents, ReplicaStatus, Snapshot, WaitOptions } from './contracts.ts';
import { Emitter } from './emitter.ts';
import {
  OvsdbClosedError,
  OvsdbInconsistentError,
  OvsdbMalformedValueError,
  OvsdbProtocolError,
  OvsdbRequestError,
  OvsdbTimeoutError,
} from './errors.ts';
import {
  monitorMethods,
  monitorParams,
  notationOf,
  planMonitor,
  readMonitorReply,
  readUpdate,
  type MonitoredTable,
  type MonitorMethod,
} from './monitor.ts';
import { RowCodec, type PlainRow } from './row-codec.ts';
import type { RowsByTable } from './row-types.ts';
import type { Reply, RpcConnection } from './rpc-connection.ts';
import { parseSchema, type DatabaseSchema } from './schema.ts';
import { MutableTable, type TableChanges } from './table.ts';
import { changesOf, replacementBy, type Changes } from './table-updates.ts';
import type { Uuid } from './uuid.ts';
import { toError } from './to-error.ts';

export interface ReplicaOptions {
  readonly clock: Clock;
  /** Tells this replica's monitor from others of the connection. */
  readonly id: string;
  readonly schema: DatabaseSchema;
  readonly selection: object;
  readonly onClosed: () => void;
}

type Events = ReplicaEvents<RowsByTable>;

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: ArcticTernError) => void;
}

export class LiveReplica implements Attachment {
  readonly #options: ReplicaOptions;
  readonly #events = new Emitter<Events>();
  readonly #tables = new Map<string, MutableTable>();
  readonly #monitored = new Map<string, MonitoredTable>();
  #status: ReplicaStatus = 'loading';
  #transaction: Uuid | undefined;
  #missing: readonly string[] = [];
  #connection: RpcConnection | undefined;
  /** Whether the server of `#connection` was asked for a monitor, which it then keeps until it is cancelled. */
  #asked = false;
  /** How the running monitor was asked for; undefined until its reply has been taken. */
  #method: MonitorMethod | undefined;
  /** Callers of `setConditions` whose conditions the next monitor reply, or change, will make true. */
  #conditionChanges: Settle[] = [];
  /** Conditions changed after the monitor was asked for, before its reply. */
  #conditionsBehind = false;
  /** Conditions are on their way, so that a transaction's id does not say what we have. */
  #conditionsInFlight = 0;
  readonly #loaded: Settle;
  /** Settles with the first load, or with the reason why there will be none. */
  readonly loaded: Promise<void>;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { schema } = options;
    for (const [name, selected] of Object.entries(options.selection as Record<string, TableSelectionShape>)) {
      const table = Object.hasOwn(schema.tables, name) ? schema.tables[name] : undefined;
      if (table === undefined) {
        throw new OvsdbInconsistentError(
          `schema ${schema.name} has no table ${name} that could be replicated`,
        );
      }
      const codec = new RowCodec(name, table, selected === true ? undefined : selected.columns);
      const conditions = selected === true ? undefined : selected.where;
      this.#tables.set(name, new MutableTable(codec));
      this.#monitored.set(name, { codec, where: encodeMonitorWhere(codec, conditions) });
    }
    let settle: Settle | undefined;
    this.loaded = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.#loaded = settle!;
    // Whoever waits for it hears of it; nobody need wait.
    this.loaded.catch(() => undefined);
  }

  get database(): string {
    return this.#options.schema.name;
  }

  get status(): ReplicaStatus {
    return this.#status;
  }

  get transaction(): Uuid | undefined {
    return this.#transaction;
  }

  get missing(): readonly string[] {
    return this.#missing;
  }

  table(name: string): MutableTable {
    const table = this.#tables.get(name);
    if (table === undefined)
      throw new OvsdbInconsistentError(`table ${name} is not replicated; select it first`);
    return table;
  }

  snapshot(): Snapshot<RowsByTable> {
    const tables = Object.fromEntries(
      [...this.#tables].map(([name, table]) => [name, new Map(table.rows().map((row) => [row._uuid, row]))]),
    );
    return { transaction: this.#transaction, tables };
  }

  on<K extends keyof Events>(event: K, listener: (event: Events[K]) => void): Cancel {
    return this.#events.on(event, listener);
  }

  onTable(name: string, listener: (changes: TableChanges<PlainRow>, batch: Batch) => void): Cancel {
    this.table(name);
    return this.on('changes', (batch) => {
      const changes = batch.tables[name];
      if (changes !== undefined) listener(changes, batch);
    });
  }

  until<X>(test: (replica: Replica) => X | undefined, options: WaitOptions = {}): Promise<X> {
    const { timeout, signal } = options;
    return new Promise((resolve, reject) => {
      const cancels: Cancel[] = [];
      const settle = (act: () => void) => {
        for (const cancel of cancels) cancel();
        act();
      };
      const check = () => {
        try {
          const found = test(this as unknown as Replica);
          if (found !== undefined) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(toError(error)));
        }
      };
      const aborted = () => settle(() => reject(toError(signal?.reason)));
      if (signal?.aborted === true) {
        aborted();
        return;
      }
      if (this.#status === 'closed') {
        reject(this.#closedError());
        return;
      }
      cancels.push(
        this.on('changes', check),
        this.on('reconnected', check),
        this.on('closed', () => settle(() => reject(this.#closedError()))),
      );
      if (timeout !== undefined) {
        const late = () =>
          settle(() =>
            reject(
              new OvsdbTimeoutError(
                `what was waited for in ${this.database} did not happen in ${timeout} ms`,
              ),
            ),
          );
        cancels.push(this.#options.clock.after(timeout, late));
      }
      if (signal !== undefined) {
        signal.addEventListener('abort', aborted, { once: true });
        cancels.push(() => signal.removeEventListener('abort', aborted));
      }
      check();
    });
  }

  setConditions(conditions: Readonly<Record<string, readonly unknown[]>>): Promise<void> {
    if (this.#status === 'closed') return Promise.reject(this.#closedError());
    const names = Object.keys(conditions);
    for (const [name, list] of Object.entries(conditions)) {
      const { codec } = this.table(name);
      this.#monitored.set(name, { codec, where: encodeMonitorWhere(codec, list) });
    }
    return new Promise((resolve, reject) => {
      const change = { resolve, reject };
      if (this.#connection !== undefined && this.#method !== undefined) {
        this.#changeConditions(this.#connection, names, [change]);
        return;
      }
      // What the last transaction contained under other conditions is not what it would contain now.
      this.#transaction = undefined;
      this.#conditionsBehind = this.#connection !== undefined;
      this.#conditionChanges.push(change);
    });
  }

  attach(connection: RpcConnection): void {
    this.#connection = connection;
    this.#asked = false;
    this.#method = undefined;
    this.#conditionsBehind = false;
    this.#sendOrdered(connection, 'get_schema', [this.database], (result) => {
      const { requests, missing } = planMonitor(this.#options.schema, parseSchema(result), this.#monitored);
      this.#missing = missing;
      this.#conditionsBehind = false;
      this.#monitor(connection, requests, 0);
    });
  }

  detach(error: ArcticTernError): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#method = undefined;
    if (this.#conditionsInFlight > 0) {
      this.#conditionsInFlight = 0;
      this.#transaction = undefined;
    }
    if (this.#status !== 'current') return;
    this.#status = 'stale';
    this.#events.emit('stale', { error });
  }

  notify(method: string, params: readonly unknown[]): boolean {
    const { id } = this.#options;
    const connection = this.#connection;
    if (params[0] !== id || connection === undefined) return false;
    if (method === 'monitor_canceled') {
      // The database was converted or removed. Nothing that was learnt from it before need hold.
      this.#transaction = undefined;
      this.detach(
        new OvsdbProtocolError(
          `the server cancelled the monitor of ${this.database}: it was converted or removed`,
        ),
      );
      this.attach(connection);
      return true;
    }
    const update = readUpdate(method, params);
    if (update === undefined || this.#method === undefined) return false;
    this.#guard(() => {
      const changes = changesOf(this.#tables, notationOf(this.#method!), update.updates);
      this.#take('update', changes, update.transaction);
    });
    return true;
  }

  async close(): Promise<void> {
    if (this.#status === 'closed') return;
    const connection = this.#connection;
    this.#status = 'closed';
    this.#connection = undefined;
    this.#method = undefined;
    this.#options.onClosed();
    const error = this.#closedError();
    this.#loaded.reject(error);
    for (const { reject } of this.#conditionChanges.splice(0)) reject(error);
    this.#events.emit('closed', undefined);
    if (connection === undefined || connection.ended || !this.#asked) return;
    try {
      await connection.request('monitor_cancel', [this.#options.id]);
    } catch {
      // The connection ended, and the monitor with it; or the server knows of no monitor, as is wanted.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #monitor(connection: RpcConnection, requests: Readonly<Record<string, unknown>>, attempt: number): void {
    const method = monitorMethods[attempt]!;
    const since = this.#transaction;
    const params = monitorParams(method, this.database, this.#options.id, requests, since);
    this.#asked = true;
    const refused = (error: ArcticTernError) => {
      if (!isUnknownMethod(error) || attempt + 1 === monitorMethods.length) return false;
      this.#guardFor(connection, () => this.#monitor(connection, requests, attempt + 1));
      return true;
    };
    this.#sendOrdered(
      connection,
      method,
      params,
      (result) => {
        const { found, transaction, updates } = readMonitorReply(method, result);
        if (found && since === undefined) {
          throw new OvsdbInconsistentError('the server found a transaction that it was not asked for');
        }
        const notation = notationOf(method);
        const changes = found
          ? changesOf(this.#tables, notation, updates)
          : replacementBy(this.#tables, notation, updates);
        this.#method = method;
        const first = this.#status === 'loading';
        this.#status = 'current';
        if (first) {
          this.#transaction = transaction;
          for (const [table, change] of changes) table.apply(change);
          this.#loaded.resolve();
        } else {
          this.#take('reloaded', changes, transaction);
          // A listener of `changes` may have closed us.
          if ((this.#status as ReplicaStatus) === 'closed') return;
          this.#events.emit('reconnected', { found });
        }
        const waiting = this.#conditionChanges.splice(0);
        if (this.#conditionsBehind) this.#changeConditions(connection, [...this.#monitored.keys()], waiting);
        else for (const { resolve } of waiting) resolve();
      },
      refused,
    );
  }

  #changeConditions(connection: RpcConnection, names: readonly string[], waiting: readonly Settle[]): void {
    const { id } = this.#options;
    this.#conditionsBehind = false;
    const requests = Object.fromEntries(
      names
        .filter((name) => !this.#missing.includes(name))
        .map((name) => [name, [{ where: this.#monitored.get(name)?.where ?? [true] }]]),
    );
    this.#conditionsInFlight++;
    connection.send('monitor_cond_change', [id, id, requests], (reply) => {
      if (connection.ended || this.#connection !== connection) {
        // The next load asks with the new conditions.
        if (this.#status !== 'closed') this.#conditionChanges.push(...waiting);
        else for (const { reject } of waiting) reject(this.#closedError());
        return;
      }
      if (!reply.ok && !(reply.error instanceof OvsdbRequestError)) {
        // Whether they hold is unknown: the next connection makes it known.
        this.#conditionChanges.push(...waiting);
        connection.close(reply.error);
        return;
      }
      this.#conditionsInFlight--;
      for (const { resolve, reject } of waiting) {
        if (reply.ok) resolve();
        else reject(reply.error);
      }
    });
  }

  #take(cause: Batch['cause'], changes: Changes, transaction: Uuid | undefined): void {
    this.#transaction = transaction;
    if (changes.size === 0) return;
    const tables: Record<string, TableChanges<PlainRow>> = {};
    for (const [table, change] of changes) {
      table.apply(change);
      tables[table.name] = change;
    }
    this.#events.emit('changes', { cause, transaction, tables });
  }

  /** Sends, and takes the result only if this connection is still ours. */
  #sendOrdered(
    connection: RpcConnection,
    method: string,
    params: readonly unknown[],
    take: (result: unknown) => void,
    refused: (error: ArcticTernError) => boolean = () => false,
  ): void {
    connection.send(method, params, (reply: Reply) => {
      if (this.#connection !== connection) return;
      if (reply.ok) this.#guardFor(connection, () => take(reply.result));
      else if (!refused(reply.error)) this.#fail(connection, reply.error);
    });
  }

  #guard(act: () => void): void {
    if (this.#connection !== undefined) this.#guardFor(this.#connection, act);
  }

  /** Runs `act`; if what the server sent makes no sense, all is read anew over a new connection. */
  #guardFor(connection: RpcConnection, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ArcticTernError)) throw error;
      if (error instanceof OvsdbMalformedValueError || error instanceof OvsdbInconsistentError) {
        this.#transaction = undefined;
      }
      this.#fail(connection, error);
    }
  }

  #fail(connection: RpcConnection, error: ArcticTernError): void {
    // The connection's end says it to all who use it; here only a load that was never to succeed is given up.
    if (this.#status === 'loading' && !connection.ended && !(error instanceof OvsdbTimeoutError)) {
      this.#loaded.reject(error);
      void this.close();
      return;
    }
    connection.close(error);
  }

  #closedError(): OvsdbClosedError {
    return new OvsdbClosedError(`the replica of ${this.database} is closed`);
  }
}

interface TableSelectionObject {
  readonly columns?: readonly string[];
  readonly where?: readonly unknown[];
}

type TableSelectionShape = true | TableSelectionObject;

function encodeMonitorWhere(
  codec: RowCodec,
  conditions: readonly unknown[] | undefined,
): unknown[] | undefined {
  if (conditions === undefined || conditions.length === 0) return undefined;
  return encodeConditions(codec, conditions);
}

function isUnknownMethod(error: ArcticTernError): boolean {
  return error instanceof OvsdbRequestError && error.error === 'unknown method';
}
