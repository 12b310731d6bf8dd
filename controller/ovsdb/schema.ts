/**
 * Database schemas (RFC 7047, 3.2), in one normal form for those that a server tells (`get_schema`), those in
 * files and those that the generator has turned into TypeScript.
 *
 * `DatabaseSchema<D>` ties the runtime description to the row types `D`, so that replicas and transactions
 * made from it are typed.
 */
import { OvsdbInvalidSchemaError } from './errors.ts';
import type { Uuid } from './uuid.ts';

export type { Uuid };

/** What the compiler knows of a table. `row` has every column and `_uuid`; `immutable` names columns. */
export interface TableTypes {
  readonly row: { readonly _uuid: Uuid };
  readonly immutable: string;
}

/** What the compiler knows of a database. A generated `type`, not an interface, so that it has an index. */
export type Tables = Readonly<Record<string, TableTypes>>;

export type AtomType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

export type Atom = string | number | boolean;

/** RFC 7047's <base-type>. */
export interface BaseType {
  readonly type: AtomType;
  readonly enum?: readonly Atom[];
  readonly minInteger?: number;
  readonly maxInteger?: number;
  readonly minReal?: number;
  readonly maxReal?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly refTable?: string;
  readonly refType?: 'strong' | 'weak';
}

/** RFC 7047's <column-schema> with its <type>, defaults filled in. */
export interface ColumnSchema {
  readonly key: BaseType;
  readonly value?: BaseType;
  readonly min: number;
  readonly max: number | 'unlimited';
  readonly mutable: boolean;
  readonly ephemeral: boolean;
}

export interface TableSchema {
  readonly columns: Readonly<Record<string, ColumnSchema>>;
  readonly isRoot: boolean;
  readonly maxRows?: number;
  readonly indexes: readonly (readonly string[])[];
}

export interface DatabaseSchema<D extends Tables = Tables> {
  readonly name: string;
  readonly version: string;
  readonly tables: { readonly [T in keyof D & string]: TableSchema };
  /** Never there: it makes the compiler carry `D`. */
  readonly types?: D;
}

/**
 * The four forms that a column takes in JavaScript: one atom; an atom or null; a set; a map.
 * `min: 0, max: 1` is the optional form; more than one, or a key with a value, a set or a map.
 */
export type Shape = 'scalar' | 'optional' | 'set' | 'map';

export function shapeOf(column: ColumnSchema): Shape {
  if (column.value !== undefined) return 'map';
  if (column.max !== 1) return 'set';
  return column.min === 0 ? 'optional' : 'scalar';
}

/** A column as most are: one atom, mutable, kept. `other` says what is not so. */
export function column(key: BaseType, other: Partial<Omit<ColumnSchema, 'key'>> = {}): ColumnSchema {
  return { key, min: 1, max: 1, mutable: true, ephemeral: false, ...other };
}

/** The type of every row's `_uuid`, which no schema lists. */
export function uuidColumn(table: string): ColumnSchema {
  return column({ type: 'uuid', refTable: table }, { mutable: false });
}

/** RFC 7047's <id>. Tables and columns that begin with an underscore are the server's own. */
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const memberName = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * Reads a schema as it stands in a `.ovsschema` file or in the reply to `get_schema`.
 *
 * @throws {OvsdbInvalidSchemaError} saying where it is no schema.
 */
export function parseSchema(json: unknown): DatabaseSchema {
  const root = object(json, 'the schema');
  const name = text(root['name'], 'the name of the schema');
  if (!identifier.test(name)) throw invalid(`"${name}" is no name of a database`);
  // OVS lets the version be absent, against the RFC.
  const version = root['version'] === undefined ? '0.0.0' : text(root['version'], `the version of ${name}`);
  const tables: Record<string, TableSchema> = {};
  for (const [table, value] of Object.entries(object(root['tables'], `the tables of ${name}`))) {
    if (!memberName.test(table)) throw invalid(`"${table}" is no name of a table`);
    tables[table] = parseTable(table, object(value, `table ${table}`));
  }
  return { name, version, tables };
}

function parseTable(table: string, json: Record<string, unknown>): TableSchema {
  const columns: Record<string, ColumnSchema> = {};
  for (const [name, value] of Object.entries(object(json['columns'], `the columns of ${table}`))) {
    if (!memberName.test(name)) throw invalid(`"${name}" is no name of a column of ${table}`);
    columns[name] = parseColumn(`${table}.${name}`, object(value, `column ${table}.${name}`));
  }
  const indexes = array(json['indexes'] ?? [], `the indexes of ${table}`).map((index) =>
    array(index, `an index of ${table}`).map((name) => text(name, `a column of an index of ${table}`)),
  );
  const maxRows = json['maxRows'];
  return {
    columns,
    isRoot: json['isRoot'] === true,
    indexes,
    ...(typeof maxRows === 'number' ? { maxRows } : {}),
  };
}

function parseColumn(where: string, json: Record<string, unknown>): ColumnSchema {
  const mutable = json['mutable'] !== false;
  const ephemeral = json['ephemeral'] === true;
  const type = json['type'];
  if (typeof type === 'string') return { key: parseBase(where, type), min: 1, max: 1, mutable, ephemeral };
  const full = object(type, `the type of ${where}`);
  const key = parseBase(where, full['key']);
  const min = full['min'] ?? 1;
  const max = full['max'] ?? 1;
  if (min !== 0 && min !== 1) throw invalid(`min of ${where} is neither 0 nor 1`);
  if (max !== 'unlimited' && !(typeof max === 'number' && Number.isInteger(max) && max >= 1)) {
    throw invalid(`max of ${where} is neither a positive integer nor "unlimited"`);
  }
  const value = full['value'];
  return {
    key,
    ...(value === undefined ? {} : { value: parseBase(where, value) }),
    min,
    max,
    mutable,
    ephemeral,
  };
}

const atomTypes: readonly unknown[] = ['integer', 'real', 'boolean', 'string', 'uuid'] satisfies AtomType[];
const bounds = ['minInteger', 'maxInteger', 'minReal', 'maxReal', 'minLength', 'maxLength'] as const;

function parseBase(where: string, json: unknown): BaseType {
  const full: Record<string, unknown> =
    typeof json === 'string' ? { type: json } : object(json, `type of ${where}`);
  const type = full['type'];
  if (!atomTypes.includes(type)) throw invalid(`${where} has the unknown type ${JSON.stringify(type)}`);
  const base: { -readonly [K in keyof BaseType]: BaseType[K] } = { type: type as AtomType };
  const values = full['enum'];
  if (values !== undefined) {
    // A set of one may be written as its element.
    const list =
      Array.isArray(values) && values[0] === 'set' ? array(values[1], `enum of ${where}`) : [values];
    base.enum = list.map((value) => {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        throw invalid(`the enum of ${where} contains ${JSON.stringify(value)}`);
      }
      return value;
    });
  }
  for (const bound of bounds) {
    const value = full[bound];
    if (typeof value === 'number') base[bound] = value;
  }
  const refTable = full['refTable'];
  if (refTable !== undefined) {
    base.refTable = text(refTable, `refTable of ${where}`);
    base.refType = full['refType'] === 'weak' ? 'weak' : 'strong';
  }
  return base;
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${what} is no object`);
  return value as Record<string, unknown>;
}

function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} is no array`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(`${what} is no string`);
  return value;
}

function invalid(why: string): OvsdbInvalidSchemaError {
  return new OvsdbInvalidSchemaError(`cannot use an OVSDB schema: ${why}`);
}

/** Compares dotted versions of three numbers: negative when `a` is the older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    if (!/^[0-9]+\.[0-9]+\.[0-9]+$/.test(version))
      throw invalid(`"${version}" is no version of the form x.y.z`);
    return version.split('.').map(Number);
  });
  for (let i = 0; i < 3; i++) {
    const difference = left![i]! - right![i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
