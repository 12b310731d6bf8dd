/**
 * Transactions (RFC 7047, 5.2): a typed builder of operations and the reading of their results. Pure: sending
 * is `OvsdbClient.transact`.
 *
 *     const tx = transaction(openVSwitch);
 *     const port = tx.insert('Port', { name: 'vm1', interfaces: [tx.insert('Interface', { name: 'vm1' })] });
 *     tx.mutate('Bridge', { name: 'br-int' }, [['ports', 'insert', [port]]]);
 *     const outcome = await client.transact(tx);
 *     outcome.get(port); // Uuid<'Port'>
 *
 * Each method that has a result returns a handle; the outcome gives the result for it. The inserts' handles
 * also stand for their rows in later (or, for the server sees the whole, earlier) operations.
 */
import { encodeWhere } from './conditions.ts';
import {
  OvsdbInvalidValueError,
  OvsdbMalformedValueError,
  OvsdbProtocolError,
  operationError,
  type FailedOperation,
  type OvsdbOperationError,
} from './errors.ts';
import { RowCodec, type PlainRow } from './row-codec.ts';
import type { ColumnName, InsertRow, Mutation, Row, TableName, UpdateRow, Where } from './row-types.ts';
import { describeError } from './rpc-message.ts';
import type { DatabaseSchema, Tables } from './schema.ts';
import { isUuid, type NamedUuid, type Uuid } from './uuid.ts';
import { shorten } from './value.ts';

/** Stands for the result of one operation until the outcome is known. */
export interface Handle<X> {
  readonly operation: number;
  /** @throws {OvsdbMalformedValueError} */
  readonly read: (result: Readonly<Record<string, unknown>>) => X;
}

/** Stands for a row to be inserted, and for its uuid in the outcome. */
export type InsertHandle<T extends string> = Handle<Uuid<T>> & NamedUuid<T>;

interface Operation {
  readonly op: string;
  readonly table?: string;
  readonly [member: string]: unknown;
}

/** When a `wait` is over: when the rows are those given, or no longer. */
export interface WaitFor<D extends Tables, T extends TableName<D>> {
  readonly columns: readonly ColumnName<D, T>[];
  readonly until: '==' | '!=';
  readonly rows: readonly InsertRow<D, T>[];
  /** Milliseconds; 0 asks once. Undefined waits for ever, and the request's timeout ends it. */
  readonly timeout?: number;
}

export class Transaction<D extends Tables> {
  readonly schema: DatabaseSchema<D>;
  readonly #operations: Operation[] = [];
  readonly #codecs = new Map<string, RowCodec>();

  constructor(schema: DatabaseSchema<D>) {
    this.schema = schema;
  }

  /** How many operations there are. */
  get length(): number {
    return this.#operations.length;
  }

  /** A new row. `uuid` chooses its name in advance (OVS 2.13). */
  insert<T extends TableName<D>>(table: T, row: InsertRow<D, T>, uuid?: Uuid<T>): InsertHandle<T> {
    const uuidName = `row${this.#operations.length}`;
    const operation = this.#add({
      op: 'insert',
      table,
      row: this.#codec(table).encode(row),
      'uuid-name': uuidName,
      ...(uuid === undefined ? {} : { uuid }),
    });
    const read = (result: Readonly<Record<string, unknown>>) => readUuid<T>(result['uuid']);
    return { operation, read, uuidName, table };
  }

  /** Sets columns of the rows; gives how many there were. */
  update<T extends TableName<D>>(table: T, where: Where<Row<D, T>>, row: UpdateRow<D, T>): Handle<number> {
    const codec = this.#codec(table);
    return this.#counted({ op: 'update', table, where: encodeWhere(codec, where), row: codec.encode(row) });
  }

  /** Adds to, subtracts from, inserts into and deletes from columns of the rows; gives how many there were. */
  mutate<T extends TableName<D>>(
    table: T,
    where: Where<Row<D, T>>,
    mutations: readonly Mutation<D, T>[],
  ): Handle<number> {
    const codec = this.#codec(table);
    const encoded = (mutations as readonly (readonly [string, string, unknown])[]).map((mutation) =>
      encodeMutation(codec, mutation),
    );
    return this.#counted({ op: 'mutate', table, where: encodeWhere(codec, where), mutations: encoded });
  }

  /** Deletes the rows; gives how many there were. */
  delete<T extends TableName<D>>(table: T, where: Where<Row<D, T>>): Handle<number> {
    return this.#counted({ op: 'delete', table, where: encodeWhere(this.#codec(table), where) });
  }

  /** Reads the rows, of all columns or those named, as they are at this point of the transaction. */
  select<T extends TableName<D>, const C extends ColumnName<D, T> = ColumnName<D, T>>(
    table: T,
    where: Where<Row<D, T>>,
    columns?: readonly C[],
  ): Handle<readonly Pick<Row<D, T>, C | '_uuid'>[]> {
    const codec =
      columns === undefined ? this.#codec(table) : new RowCodec(table, this.#table(table), columns);
    const operation = this.#add({
      op: 'select',
      table,
      where: encodeWhere(this.#codec(table), where),
      columns: ['_uuid', ...codec.columns.map(({ name }) => name)],
    });
    const read = ({ rows }: Readonly<Record<string, unknown>>) => {
      if (!Array.isArray(rows)) throw unreadable('select', rows);
      return rows.map((row) => readRow(codec, row));
    };
    return { operation, read: read as unknown as Handle<readonly Pick<Row<D, T>, C | '_uuid'>[]>['read'] };
  }

  /** Holds the transaction until a condition is true, or fails it with `OvsdbWaitTimedOutError`. */
  wait<T extends TableName<D>>(
    table: T,
    where: Where<Row<D, T>>,
    { columns, until, rows, timeout }: WaitFor<D, T>,
  ): void {
    const codec = this.#codec(table);
    this.#add({
      op: 'wait',
      table,
      where: encodeWhere(codec, where),
      columns,
      until,
      rows: rows.map((row) => codec.encode(row)),
      ...(timeout === undefined ? {} : { timeout }),
    });
  }

  /**
   * Changes a row only if it still is as expected. Else, or when the row is gone, the whole transaction fails
   * with `OvsdbWaitTimedOutError` and nothing happens. In a cluster this holds across its servers.
   */
  compareAndSwap<T extends TableName<D>>(
    table: T,
    row: Uuid<T>,
    expected: InsertRow<D, T>,
    next: UpdateRow<D, T>,
  ): void {
    const columns = Object.keys(expected) as ColumnName<D, T>[];
    if (columns.length === 0) {
      throw new OvsdbInvalidValueError(`compare-and-swap of a row of ${table} needs a column to compare`);
    }
    const where = [['_uuid', '==', row]] as unknown as Where<Row<D, T>>;
    this.wait(table, where, { columns, until: '==', rows: [expected], timeout: 0 });
    this.update(table, where, next);
  }

  /** Makes the reply wait until the transaction is on disk, if `durable` (RFC 7047, 5.2.7). */
  commit(durable: boolean): void {
    this.#add({ op: 'commit', durable });
  }

  /** Makes the transaction fail: to see what its operations would give. */
  abort(): void {
    this.#add({ op: 'abort' });
  }

  /** Leaves a note in the server's log. */
  comment(comment: string): void {
    this.#add({ op: 'comment', comment });
  }

  /** Makes the transaction fail unless this connection holds the lock (RFC 7047, 5.2.10). */
  assert(lock: string): void {
    this.#add({ op: 'assert', lock });
  }

  /** The parameters of `transact`. */
  params(): readonly unknown[] {
    return [this.schema.name, ...this.#operations];
  }

  /**
   * Reads the reply to `transact`.
   *
   * @throws {OvsdbOperationError} for the operation that failed; {OvsdbProtocolError} when it is no such reply.
   */
  outcome(reply: unknown): Outcome {
    if (!Array.isArray(reply)) throw new OvsdbProtocolError('the result of transact is no array');
    const results = reply as readonly unknown[];
    for (const [index, result] of results.entries()) {
      const failed = failure(result, this.#operations[index], index);
      if (failed !== undefined) throw failed;
    }
    if (results.length < this.#operations.length) {
      throw new OvsdbProtocolError(
        `transact of ${this.#operations.length} operations was answered with ${results.length} results`,
      );
    }
    return new Outcome(results);
  }

  #add(operation: Operation): number {
    return this.#operations.push(operation) - 1;
  }

  #counted(operation: Operation): Handle<number> {
    const read = ({ count }: Readonly<Record<string, unknown>>) => {
      if (typeof count !== 'number') throw unreadable(operation.op, count);
      return count;
    };
    return { operation: this.#add(operation), read };
  }

  #table(name: string) {
    const table = Object.hasOwn(this.schema.tables, name) ? this.schema.tables[name] : undefined;
    if (table === undefined)
      throw new OvsdbInvalidValueError(`schema ${this.schema.name} has no table ${name}`);
    return table;
  }

  #codec(name: string): RowCodec {
    let codec = this.#codecs.get(name);
    if (codec === undefined) this.#codecs.set(name, (codec = new RowCodec(name, this.#table(name))));
    return codec;
  }
}

/** Begins an empty transaction. */
export function transaction<D extends Tables>(schema: DatabaseSchema<D>): Transaction<D> {
  return new Transaction(schema);
}

/** What a committed transaction gave. */
export class Outcome {
  readonly #results: readonly unknown[];

  constructor(results: readonly unknown[]) {
    this.#results = results;
  }

  /**
   * The result of the operation that `handle` stands for, which must be of the same transaction.
   *
   * @throws {OvsdbMalformedValueError} when the server's result is not of its form.
   */
  get<X>(handle: Handle<X>): X {
    const result = this.#results[handle.operation];
    if (typeof result !== 'object' || result === null) {
      throw new OvsdbMalformedValueError(`the server gave no result for operation ${handle.operation}`);
    }
    return handle.read(result as Record<string, unknown>);
  }
}

function failure(
  result: unknown,
  operation: Operation | undefined,
  index: number,
): OvsdbOperationError | undefined {
  if (typeof result !== 'object' || result === null || !('error' in result) || result.error === null)
    return undefined;
  const { error, details } = describeError(result);
  const failed: FailedOperation | undefined =
    operation === undefined ? undefined : { index, op: operation.op, table: operation.table };
  return operationError(error, details, failed);
}

function encodeMutation(
  codec: RowCodec,
  [name, mutator, value]: readonly [string, string, unknown],
): unknown[] {
  const column = codec.column(name);
  if (mutator !== 'insert' && mutator !== 'delete') {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      throw new OvsdbInvalidValueError(`${codec.table}.${name} ${mutator} needs a number`);
    }
    return [name, mutator, value];
  }
  // Of a map, keys alone can be deleted: they are given as a set.
  const keysOnly =
    mutator === 'delete' &&
    column.shape === 'map' &&
    !(value instanceof Map) &&
    typeof value === 'object' &&
    value !== null &&
    Symbol.iterator in value;
  return [name, mutator, keysOnly ? column.encodeKeys(value as Iterable<unknown>) : column.encode(value)];
}

function readRow(codec: RowCodec, json: unknown): PlainRow {
  const name = typeof json === 'object' && json !== null && '_uuid' in json ? json._uuid : undefined;
  return codec.decode(readUuid(name), json);
}

function readUuid<T extends string>(json: unknown): Uuid<T> {
  if (Array.isArray(json) && json[0] === 'uuid' && isUuid(json[1])) return json[1] as Uuid<T>;
  throw unreadable('uuid', json);
}

function unreadable(what: string, json: unknown): OvsdbMalformedValueError {
  return new OvsdbMalformedValueError(`the server's result of ${what} is ${shorten(json)}`);
}
