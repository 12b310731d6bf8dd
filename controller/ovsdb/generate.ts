/**
 * Turns an OVSDB schema into a TypeScript module: the types of its rows, and the schema itself as a constant
 * that carries them.
 *
 *     node dist/controller/ovsdb/generate.js vswitch.ovsschema open-vswitch.ts [--import arctictern/ovsdb]
 *
 * `--import` says where the module finds `column`, `DatabaseSchema` and `Uuid`. The text is the same for the same schema,
 * and laid out as Prettier would at 110 columns.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import {
  column,
  parseSchema,
  shapeOf,
  type Atom,
  type BaseType,
  type ColumnSchema,
  type DatabaseSchema,
  type TableSchema,
} from './schema.ts';

const width = 110;

export interface GenerateOptions {
  /** What the module imports `column`, `DatabaseSchema` and `Uuid` from. */
  readonly importFrom: string;
}

/**
 * The module's text for a schema as it stands in a `.ovsschema` file.
 *
 * @throws {OvsdbInvalidSchemaError}
 */
export function generate(json: unknown, { importFrom }: GenerateOptions): string {
  const schema = parseSchema(json);
  const name = pascalCase(schema.name);
  const tables = Object.entries(schema.tables);
  return [
    `/**`,
    ` * The OVSDB schema ${schema.name}, version ${schema.version}: generated, do not edit. See ovsdb/generate.ts.`,
    ` */`,
    `import { column, type DatabaseSchema, type Uuid } from '${importFrom}';`,
    ``,
    ...tables.flatMap(([table, { columns }]) => rowType(table, columns)),
    `/** What the compiler knows of ${schema.name}: the rows of each table, and columns that never change. */`,
    `export type ${name}Tables = {`,
    ...tables.map(([table, { columns }]) => tableEntry(table, columns)),
    `};`,
    ``,
    `export const ${lowerFirst(name)}: DatabaseSchema<${name}Tables> = ${print(plain(schema), 0, 0)};`,
    ``,
  ].join('\n');
}

function rowType(table: string, columns: TableSchema['columns']): string[] {
  return [
    `export interface ${pascalCase(table)}Row {`,
    `  readonly _uuid: Uuid<'${table}'>;`,
    ...Object.entries(columns).flatMap(([name, column]) => [
      ...columnNote(column),
      ...property(name, column),
    ]),
    `}`,
    ``,
  ];
}

function tableEntry(table: string, columns: TableSchema['columns']): string {
  const immutable = Object.entries(columns).flatMap(([name, { mutable }]) =>
    mutable ? [] : [literal(name)],
  );
  const type = immutable.length === 0 ? 'never' : immutable.join(' | ');
  const line = `  ${table}: { readonly row: ${pascalCase(table)}Row; readonly immutable: ${type} };`;
  if (line.length <= width) return line;
  return [
    `  ${table}: {`,
    `    readonly row: ${pascalCase(table)}Row;`,
    ...unionLines(`    readonly immutable:`, immutable, 6),
    `  };`,
  ].join('\n');
}

/** What a type cannot say: bounds, and that the value does not outlive the server. */
function columnNote({ key, value, max, ephemeral }: ColumnSchema): string[] {
  const notes = [range(key), value === undefined ? '' : range(value)].filter((note) => note !== '');
  if (typeof max === 'number' && max > 1) notes.push(`At most ${max}.`);
  if (ephemeral) notes.push('Ephemeral.');
  return notes.length === 0 ? [] : [`  /** ${notes.join(' ')} */`];
}

function range(base: BaseType): string {
  const least = base.minInteger ?? base.minReal ?? base.minLength;
  const most = base.maxInteger ?? base.maxReal ?? base.maxLength;
  const what = base.type === 'string' ? ' characters' : '';
  if (least !== undefined && most !== undefined) return `${least} to ${most}${what}.`;
  if (least !== undefined) return `${least}${what} or more.`;
  return most === undefined ? '' : `${most}${what} or less.`;
}

function property(name: string, column: ColumnSchema): string[] {
  const head = `  readonly ${name}:`;
  const key = atomType(column.key);
  switch (shapeOf(column)) {
    case 'scalar':
      return unionLines(head, key, 4);
    case 'optional':
      return unionLines(head, [...key, 'null'], 4);
    case 'set':
      return genericLines(head, 'ReadonlySet', [key]);
    case 'map':
      return genericLines(head, 'ReadonlyMap', [key, atomType(column.value ?? column.key)]);
  }
}

function unionLines(head: string, members: readonly string[], indent: number): string[] {
  const line = `${head} ${members.join(' | ')};`;
  if (line.length <= width) return [line];
  const whole = `${' '.repeat(indent)}${members.join(' | ')};`;
  if (whole.length <= width) return [head, whole];
  const lines = members.map((member) => `${' '.repeat(indent)}| ${member}`);
  return [head, ...lines.slice(0, -1), `${lines.at(-1) ?? ''};`];
}

function genericLines(head: string, generic: string, args: readonly (readonly string[])[]): string[] {
  const line = `${head} ${generic}<${args.map((members) => members.join(' | ')).join(', ')}>;`;
  if (line.length <= width) return [line];
  const lines = args.flatMap((members, index) => {
    const end = index + 1 < args.length ? ',' : '';
    const whole = `    ${members.join(' | ')}${end}`;
    if (whole.length <= width) return [whole];
    return members.map((member, at) => `    | ${member}${at + 1 < members.length ? '' : end}`);
  });
  return [`${head} ${generic}<`, ...lines, `  >;`];
}

/** The members of the union that an atom's type is. */
function atomType(base: BaseType): readonly string[] {
  if (base.enum !== undefined && base.type !== 'uuid') return base.enum.map(literal);
  switch (base.type) {
    case 'integer':
    case 'real':
      return ['number'];
    case 'boolean':
      return ['boolean'];
    case 'string':
      return ['string'];
    case 'uuid':
      return [base.refTable === undefined ? 'Uuid' : `Uuid<'${base.refTable}'>`];
  }
}

/** The schema without what only TypeScript knows, each column as the call that makes it. */
function plain({ name, version, tables }: DatabaseSchema): unknown {
  const withCalls = ({ columns, ...table }: TableSchema): object => ({
    columns: mapValues(columns, columnCall),
    ...table,
  });
  return { name, version, tables: mapValues(tables, withCalls) };
}

/** A call of `column`. */
class Call {
  readonly args: readonly object[];
  constructor(args: readonly object[]) {
    this.args = args;
  }
}

function columnCall(whole: ColumnSchema): Call {
  const { key, ...rest } = whole;
  const usual: Partial<ColumnSchema> = column(key);
  const other = Object.entries(rest).filter(([name, value]) => usual[name as keyof ColumnSchema] !== value);
  return new Call(other.length === 0 ? [key] : [key, Object.fromEntries(other)]);
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

/** A literal as Prettier breaks it: on one line if it fits behind `used` columns, else a line for each member. */
function print(value: unknown, indent: number, used: number): string {
  if (typeof value !== 'object' || value === null) return literal(value as Atom);
  const inner = ' '.repeat(indent + 2);
  const outer = ' '.repeat(indent);
  if (value instanceof Call) {
    const head = 'column(';
    const flat = `${head}${value.args.map((arg) => print(arg, 0, -Infinity)).join(', ')})`;
    if (used + flat.length < width) return flat;
    const [only, ...others] = value.args;
    if (others.length === 0) return `${head}${print(only, indent, used + head.length)})`;
    const lines = value.args.map((arg) => `${inner}${print(arg, indent + 2, indent + 2)},`);
    return [head, ...lines, `${outer})`].join('\n');
  }
  if (Array.isArray(value)) {
    const flat = `[${value.map((member) => print(member, 0, -Infinity)).join(', ')}]`;
    if (used + flat.length < width) return flat;
    const lines = value.map((member) => `${inner}${print(member, indent + 2, indent + 2)},`);
    return ['[', ...lines, `${outer}]`].join('\n');
  }
  const members = Object.entries(value);
  // At the outer levels always broken, to keep a column on a line.
  if (indent > 6 || used === -Infinity || members.length === 0) {
    const flat = members.map(([key, member]) => `${key}: ${print(member, 0, -Infinity)}`).join(', ');
    const text = flat === '' ? '{}' : `{ ${flat} }`;
    if (used + text.length < width) return text;
  }
  const lines = members.map(([key, member]) => {
    const head = `${inner}${key}: `;
    return `${head}${print(member, indent + 2, head.length)},`;
  });
  return ['{', ...lines, `${outer}}`].join('\n');
}

function literal(value: Atom): string {
  if (typeof value !== 'string') return String(value);
  const text = JSON.stringify(value);
  if (value.includes("'")) return text;
  return `'${text.slice(1, -1).replaceAll('\\"', '"')}'`;
}

function pascalCase(name: string): string {
  return name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { import: { type: 'string', default: 'arctictern/ovsdb' } },
  });
  const [from, to, ...rest] = positionals;
  if (from === undefined || to === undefined || rest.length > 0) {
    process.stderr.write('usage: generate SCHEMA.ovsschema MODULE.ts [--import MODULE]\n');
    process.exitCode = 2;
    return;
  }
  const json: unknown = JSON.parse(await readFile(from, 'utf8'));
  await writeFile(to, generate(json, { importFrom: values.import }));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
