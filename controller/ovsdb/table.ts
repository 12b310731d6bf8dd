/**
 * The rows of one replicated table, by uuid and by whatever else consumers ask for often.
 *
 * An index is made on first use and follows each change from then on, so that asking is a map lookup.
 */
import { OvsdbInconsistentError } from './errors.ts';
import type { PlainRow, RowCodec } from './row-codec.ts';
import type { Atom } from './schema.ts';
import type { Uuid } from './uuid.ts';
import type { Value } from './value.ts';

/** Rows by a key that consumers choose. Several rows may share a key, and a row may have several. */
export interface Index<K, R> {
  get(key: K): readonly R[];
  has(key: K): boolean;
  keys(): Iterable<K>;
}

/** What a column may be asked for: its value, null if it is optional, one member of a set, one key of a map. */
export type FindKey<V> = V extends ReadonlyMap<infer K, unknown> ? K : V extends ReadonlySet<infer A> ? A : V;

/** One table of a replica. Rows are immutable; the table itself changes with the database. */
export interface Table<R extends { readonly _uuid: Uuid }> extends Iterable<R> {
  readonly name: string;
  readonly size: number;
  get(uuid: R['_uuid']): R | undefined;
  has(uuid: R['_uuid']): boolean;
  /**
   * The rows whose `column` is `value`; of a set, that contain it; of a map, that have it as a key. The first
   * call makes an index of the column.
   */
  find<C extends keyof R & string>(column: C, value: FindKey<R[C]>): readonly R[];
  /** The first of `find`: for columns that the schema makes unique, such as names. */
  first<C extends keyof R & string>(column: C, value: FindKey<R[C]>): R | undefined;
  /** Makes an index of its own, kept as long as the replica, by all the keys that `keysOf` gives for a row. */
  index<K>(keysOf: (row: R) => Iterable<K>): Index<K, R>;
  /** The rows of this moment, in no particular order. */
  rows(): readonly R[];
}

/** What happened to one table. The rows are those before and after, however many changes were in between. */
export interface TableChanges<R> {
  readonly inserted: readonly R[];
  readonly modified: readonly { readonly old: R; readonly new: R }[];
  readonly deleted: readonly R[];
}

const none: readonly never[] = Object.freeze([]);

class RowIndex<K> implements Index<K, PlainRow> {
  readonly #keysOf: (row: PlainRow) => Iterable<K>;
  readonly #rows = new Map<K, Map<Uuid, PlainRow>>();

  constructor(keysOf: (row: PlainRow) => Iterable<K>, rows: Iterable<PlainRow>) {
    this.#keysOf = keysOf;
    for (const row of rows) this.add(row);
  }

  get(key: K): readonly PlainRow[] {
    const rows = this.#rows.get(key);
    return rows === undefined ? none : [...rows.values()];
  }

  has(key: K): boolean {
    return this.#rows.has(key);
  }

  keys(): Iterable<K> {
    return this.#rows.keys();
  }

  add(row: PlainRow): void {
    for (const key of this.#keysOf(row)) {
      const rows = this.#rows.get(key);
      if (rows === undefined) this.#rows.set(key, new Map([[row._uuid, row]]));
      else rows.set(row._uuid, row);
    }
  }

  remove(row: PlainRow): void {
    for (const key of this.#keysOf(row)) {
      const rows = this.#rows.get(key);
      rows?.delete(row._uuid);
      if (rows?.size === 0) this.#rows.delete(key);
    }
  }
}

/** The table behind `Table`, with the means to change it. */
export class MutableTable implements Table<PlainRow> {
  readonly codec: RowCodec;
  #rows = new Map<Uuid, PlainRow>();
  readonly #columnIndexes = new Map<string, RowIndex<Value>>();
  readonly #indexes: RowIndex<unknown>[] = [];

  constructor(codec: RowCodec) {
    this.codec = codec;
  }

  get name(): string {
    return this.codec.table;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(uuid: Uuid): PlainRow | undefined {
    return this.#rows.get(uuid);
  }

  has(uuid: Uuid): boolean {
    return this.#rows.has(uuid);
  }

  [Symbol.iterator](): IterableIterator<PlainRow> {
    return this.#rows.values();
  }

  rows(): readonly PlainRow[] {
    return [...this.#rows.values()];
  }

  find(column: string, value: unknown): readonly PlainRow[] {
    if (column === '_uuid') {
      const row = this.#rows.get(value as Uuid);
      return row === undefined ? none : [row];
    }
    return this.#columnIndex(column).get(value as Value);
  }

  first(column: string, value: unknown): PlainRow | undefined {
    return this.find(column, value)[0];
  }

  index<K>(keysOf: (row: PlainRow) => Iterable<K>): Index<K, PlainRow> {
    const index = new RowIndex(keysOf, this.#rows.values());
    this.#indexes.push(index);
    return index;
  }

  /** Carries out what `changes` says, which must follow from the present rows. */
  apply(changes: TableChanges<PlainRow>): void {
    for (const row of changes.deleted) {
      this.#rows.delete(row._uuid);
      this.#everyIndex((index) => index.remove(row));
    }
    for (const { old, new: row } of changes.modified) {
      this.#rows.set(row._uuid, row);
      this.#everyIndex((index) => {
        index.remove(old);
        index.add(row);
      });
    }
    for (const row of changes.inserted) {
      this.#rows.set(row._uuid, row);
      this.#everyIndex((index) => index.add(row));
    }
  }

  /** @throws {OvsdbInconsistentError} when the row that an update speaks of is not there. */
  expect(uuid: Uuid, what: string): PlainRow {
    const row = this.#rows.get(uuid);
    if (row === undefined) {
      throw new OvsdbInconsistentError(
        `the server ${what} row ${uuid} of ${this.name}, which it never told of`,
      );
    }
    return row;
  }

  #columnIndex(name: string): RowIndex<Value> {
    const known = this.#columnIndexes.get(name);
    if (known !== undefined) return known;
    const { shape } = this.codec.column(name);
    const keysOf =
      shape === 'set'
        ? (row: PlainRow) => row[name] as ReadonlySet<Atom>
        : shape === 'map'
          ? (row: PlainRow) => (row[name] as ReadonlyMap<Atom, Atom>).keys()
          : (row: PlainRow) => [row[name]!];
    const index = new RowIndex<Value>(keysOf, this.#rows.values());
    this.#columnIndexes.set(name, index);
    return index;
  }

  #everyIndex(act: (index: RowIndex<unknown>) => void): void {
    for (const index of this.#columnIndexes.values()) act(index);
    for (const index of this.#indexes) act(index);
  }
}
