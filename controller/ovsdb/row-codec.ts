/**
 * Whole rows of one table: the wire's <row> to an immutable object and back. Every row that one codec makes has
 * all its columns, in the same order.
 */
import { OvsdbInvalidValueError, OvsdbMalformedValueError } from './errors.ts';
import { uuidColumn, type TableSchema } from './schema.ts';
import { zeroUuid, type Uuid } from './uuid.ts';
import { columnCodec, type ColumnCodec, type Value } from './value.ts';

export type PlainRow = Readonly<Record<string, Value>> & { readonly _uuid: Uuid };

export class RowCodec {
  readonly table: string;
  readonly columns: readonly ColumnCodec[];
  readonly #columns: ReadonlyMap<string, ColumnCodec>;
  readonly #uuid: ColumnCodec;
  /** A row of defaults. Servers leave most columns out, so that to copy it is most of the work. */
  readonly #initial: Readonly<Record<string, Value>>;

  /** `columns` of the table, or all of them. */
  constructor(table: string, schema: TableSchema, columns: readonly string[] = Object.keys(schema.columns)) {
    this.table = table;
    this.columns = columns.map((name) => {
      const column = Object.hasOwn(schema.columns, name) ? schema.columns[name] : undefined;
      if (column === undefined) throw new OvsdbInvalidValueError(`table ${table} has no column ${name}`);
      return columnCodec(table, name, column);
    });
    this.#columns = new Map(this.columns.map((column) => [column.name, column]));
    this.#uuid = columnCodec(table, '_uuid', uuidColumn(table));
    this.#initial = Object.fromEntries([
      ['_uuid', zeroUuid],
      ...this.columns.map(({ name, initial }) => [name, initial] as const),
    ]);
  }

  column(name: string): ColumnCodec {
    const column = name === '_uuid' ? this.#uuid : this.#columns.get(name);
    if (column === undefined) {
      throw new OvsdbInvalidValueError(`table ${this.table} has no column ${name}, or it was not asked for`);
    }
    return column;
  }

  /** A row from its columns; those that are left out have their default. */
  decode(uuid: Uuid, json: unknown): PlainRow {
    const members = this.#object(json);
    const row: Record<string, Value> = { ...this.#initial };
    row['_uuid'] = uuid;
    for (const name of Object.keys(members)) {
      const column = this.#columns.get(name);
      if (column !== undefined) row[name] = column.decode(members[name]);
    }
    return Object.freeze(row) as PlainRow;
  }

  /** `old` with the whole values of some columns replaced; `old` itself when nothing differs. */
  replace(old: PlainRow, json: unknown): PlainRow {
    return this.#change(old, json, (column, _, value) => column.decode(value));
  }

  /** `old` with the differences of an `update2` applied; `old` itself when there are none. */
  modify(old: PlainRow, json: unknown): PlainRow {
    return this.#change(old, json, (column, before, value) => column.applyDifference(before, value));
  }

  equal(a: PlainRow, b: PlainRow): boolean {
    return this.columns.every((column) => column.equal(a[column.name]!, b[column.name]!));
  }

  /** The wire's <row> of the columns given. */
  encode(row: object): Record<string, unknown> {
    const json: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) {
      if (value !== undefined) json[name] = this.column(name).encode(value);
    }
    return json;
  }

  #change(
    old: PlainRow,
    json: unknown,
    next: (column: ColumnCodec, before: Value, value: unknown) => Value,
  ): PlainRow {
    const members = this.#object(json);
    let row: Record<string, Value> | undefined;
    for (const name of Object.keys(members)) {
      const column = this.#columns.get(name);
      if (column === undefined) continue;
      const before = old[name]!;
      const after = next(column, before, members[name]);
      if (column.equal(before, after)) continue;
      row ??= { ...old };
      row[name] = after;
    }
    return row === undefined ? old : (Object.freeze(row) as PlainRow);
  }

  #object(json: unknown): Record<string, unknown> {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new OvsdbMalformedValueError(`the server sent no object for a row of ${this.table}`);
    }
    return json as Record<string, unknown>;
  }
}
