/**
 * What the compiler derives from a table's row type: what may be written, asked for, and selected. Types only.
 */
import type { Tables } from './schema.ts';
import type { NamedUuid, Uuid } from './uuid.ts';

export type TableName<D extends Tables> = keyof D & string;

export type Row<D extends Tables, T extends TableName<D>> = D[T]['row'];

/** A column's name, `_uuid` aside. */
export type ColumnName<D extends Tables, T extends TableName<D>> = Exclude<keyof Row<D, T> & string, '_uuid'>;

type WritableAtom<A> = A extends Uuid<infer T> ? A | NamedUuid<T> : A;

// A map has all that a set has, so a type must be asked for a map first.

/**
 * What a column takes when it is written: where a row holds a set, any iterable; where it holds a map with
 * string keys, an object as well; where it holds a uuid, a row that the same transaction inserts.
 */
export type Writable<V> =
  V extends ReadonlyMap<infer K, infer A>
    ? | ReadonlyMap<WritableAtom<K>, WritableAtom<A>>
      | (K extends Uuid ? never : K extends string ? { readonly [key in K]?: WritableAtom<A> } : never)
    : V extends ReadonlySet<infer A>
      ? Iterable<WritableAtom<A>>
      : WritableAtom<V>;

/** The columns of a new row; those left out get their type's default (RFC 7047, 5.2.1). */
export type InsertRow<D extends Tables, T extends TableName<D>> = {
  readonly [C in ColumnName<D, T>]?: Writable<Row<D, T>[C]>;
};

/** The columns to change of a row: those that are not immutable. */
export type UpdateRow<D extends Tables, T extends TableName<D>> = {
  readonly [C in Exclude<ColumnName<D, T>, D[T]['immutable']>]?: Writable<Row<D, T>[C]>;
};

/** The functions of RFC 7047's <condition>. The four of order are for numbers, optional ones since OVS 2.4. */
export type ConditionFunction = '<' | '<=' | '==' | '!=' | '>=' | '>' | 'includes' | 'excludes';

/** RFC 7047's <condition>, or OVS's constant one. */
export type Condition<R> =
  | boolean
  | {
      [C in keyof R & string]: readonly [column: C, function: ConditionFunction, value: Writable<R[C]>];
    }[keyof R & string];

/**
 * Which rows: `'all'`; the columns that must equal; or conditions that must all hold. Neither of the last two may
 * be empty, lest a forgotten condition mean every row.
 */
export type Where<R> =
  'all' | readonly Condition<R>[] | { readonly [C in keyof R & string]?: Writable<R[C]> };

/** RFC 7047's <mutation>. `delete` of a map takes keys or whole pairs. */
export type Mutation<D extends Tables, T extends TableName<D>> = {
  [C in Exclude<ColumnName<D, T>, D[T]['immutable']>]: MutationOf<C, Row<D, T>[C]>;
}[Exclude<ColumnName<D, T>, D[T]['immutable']>];

type MutationOf<C, V> =
  V extends ReadonlyMap<infer K, unknown>
    ? | readonly [column: C, mutator: 'insert', value: Writable<V>]
      | readonly [column: C, mutator: 'delete', value: Iterable<WritableAtom<K>> | Writable<V>]
    : V extends ReadonlySet<infer A>
      ? | readonly [column: C, mutator: 'insert' | 'delete', value: Writable<V>]
        | (A extends number ? readonly [column: C, mutator: Arithmetic, value: number] : never)
      : V extends number
        ? readonly [column: C, mutator: Arithmetic, value: number]
        : never;

type Arithmetic = '+=' | '-=' | '*=' | '/=' | '%=';

/** What to replicate of a table: all of it; some columns; rows that match any of the conditions. */
export type TableSelection<D extends Tables, T extends TableName<D>> =
  | true
  | {
      readonly columns?: readonly ColumnName<D, T>[];
      /** RFC 7047 extended by OVS 2.6: a row is replicated when any of these holds. Absent or empty: all rows. */
      readonly where?: readonly Condition<Row<D, T>>[];
    };

export type Selection<D extends Tables> = { readonly [T in TableName<D>]?: TableSelection<D, T> };

/** The rows of a replica: per selected table, `_uuid` and the selected columns. */
export type SelectedRows<D extends Tables, S extends Selection<D>> = {
  readonly [T in keyof S & TableName<D>]: S[T] extends { readonly columns: readonly (infer C)[] }
    ? Pick<Row<D, T>, '_uuid' | (C & keyof Row<D, T>)>
    : Row<D, T>;
};

/** Any replica's rows. */
export type RowsByTable = Readonly<Record<string, { readonly _uuid: Uuid }>>;
