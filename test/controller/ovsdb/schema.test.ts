import { readFileSync } from 'node:fs';
import prettier from 'prettier';
import { describe, expect, test } from 'vitest';
import { generate } from '../../../controller/ovsdb/generate.ts';
import { compareVersions, openVSwitch, parseSchema } from '../../../controller/ovsdb/index.ts';
import { schemaJson } from './schema-json.ts';

const tiny = (columns: object, rest: object = {}) => ({
  name: 'Tiny',
  version: '1.2.3',
  tables: { T: { columns, ...rest } },
});

describe('a schema', () => {
  test('has its defaults filled in', () => {
    const schema = parseSchema(
      tiny(
        {
          short: { type: 'string' },
          bounded: { type: { key: { type: 'integer', minInteger: 1, maxInteger: 9 } }, mutable: false },
          choice: { type: { key: { type: 'string', enum: ['set', ['a', 'b']] }, min: 0 } },
          only: { type: { key: { type: 'string', enum: 'one' } } },
          refs: { type: { key: { type: 'uuid', refTable: 'T' }, min: 0, max: 'unlimited' }, ephemeral: true },
          map: {
            type: { key: 'string', value: { type: 'uuid', refTable: 'T', refType: 'weak' }, min: 0, max: 7 },
          },
        },
        { isRoot: true, maxRows: 1, indexes: [['short', 'bounded']] },
      ),
    );
    const one = { min: 1, max: 1, mutable: true, ephemeral: false };
    expect(schema).toEqual({
      name: 'Tiny',
      version: '1.2.3',
      tables: {
        T: {
          isRoot: true,
          maxRows: 1,
          indexes: [['short', 'bounded']],
          columns: {
            short: { ...one, key: { type: 'string' } },
            bounded: { ...one, key: { type: 'integer', minInteger: 1, maxInteger: 9 }, mutable: false },
            choice: { ...one, key: { type: 'string', enum: ['a', 'b'] }, min: 0 },
            only: { ...one, key: { type: 'string', enum: ['one'] } },
            refs: {
              ...one,
              key: { type: 'uuid', refTable: 'T', refType: 'strong' },
              min: 0,
              max: 'unlimited',
              ephemeral: true,
            },
            map: {
              ...one,
              key: { type: 'string' },
              value: { type: 'uuid', refTable: 'T', refType: 'weak' },
              min: 0,
              max: 7,
            },
          },
        },
      },
    });
    expect(parseSchema(schemaJson(schema))).toEqual(schema);
  });

  test.each([
    [null, /no object/],
    [{ name: 5 }, /no string/],
    [{ name: '1st', tables: {} }, /no name of a database/],
    [{ name: 'X', version: '1.0.0' }, /the tables of X/],
    [{ name: 'X', tables: JSON.parse('{"__proto__":{"columns":{}}}') as object }, /no name of a table/],
    [tiny({ _version: { type: 'uuid' } }), /no name of a column/],
    [tiny({ a: { type: 'text' } }), /unknown type/],
    [tiny({ a: { type: { key: 'string', min: 2 } } }), /neither 0 nor 1/],
    [tiny({ a: { type: { key: 'string', max: 0 } } }), /positive integer/],
    [tiny({ a: { type: { key: { type: 'string', enum: ['set', [null]] } } } }), /contains null/],
  ])('%j is none', (json, why) => {
    expect(() => parseSchema(json)).toThrow(why);
    expect(() => parseSchema(json)).toThrow(
      expect.objectContaining({ code: 'OVSDB_INVALID_SCHEMA' }) as Error,
    );
  });

  test('versions are compared by number', () => {
    expect(compareVersions('8.3.1', '8.10.0')).toBeLessThan(0);
    expect(compareVersions('1.0.0', '1.0.0')).toBe(0);
    expect(compareVersions('2.0.0', '1.9.9')).toBeGreaterThan(0);
    expect(() => compareVersions('1.0', '1.0.0')).toThrow(/no version/);
  });
});

describe('the generator', () => {
  test('writes types that say what the schema says', () => {
    const module = generate(
      tiny({
        text: { type: 'string', mutable: false },
        count: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 9 }, min: 0, max: 1 } },
        parent: { type: { key: { type: 'uuid', refTable: 'T' }, min: 0, max: 1 } },
        choice: { type: { key: { type: 'string', enum: ['set', ['a', "b'c"]] } } },
        many: { type: { key: 'uuid', min: 0, max: 'unlimited' }, ephemeral: true },
        map: { type: { key: 'integer', value: { type: 'uuid', refTable: 'T' }, min: 0, max: 'unlimited' } },
      }),
      { importFrom: 'arctictern/ovsdb' },
    );
    expect(module).toContain(`import { column, type DatabaseSchema, type Uuid } from 'arctictern/ovsdb';`);
    expect(module).toContain(
      [
        `export interface TRow {`,
        `  readonly _uuid: Uuid<'T'>;`,
        `  readonly text: string;`,
        `  /** 0 to 9. */`,
        `  readonly count: number | null;`,
        `  readonly parent: Uuid<'T'> | null;`,
        `  readonly choice: 'a' | "b'c";`,
        `  /** Ephemeral. */`,
        `  readonly many: ReadonlySet<Uuid>;`,
        `  readonly map: ReadonlyMap<number, Uuid<'T'>>;`,
        `}`,
      ].join('\n'),
    );
    expect(module).toContain(`  T: { readonly row: TRow; readonly immutable: 'text' };`);
    expect(module).toContain(`export const tiny: DatabaseSchema<TinyTables> = {`);
    expect(module).toContain(`        text: column({ type: 'string' }, { mutable: false }),`);
    expect(module).toContain(
      `        many: column({ type: 'uuid' }, { min: 0, max: 'unlimited', ephemeral: true }),`,
    );
  });

  test('made open-vswitch.ts as it is', () => {
    const file = new URL('../../../controller/ovsdb/schemas/open-vswitch.ts', import.meta.url);
    expect(generate(schemaJson(openVSwitch), { importFrom: '../schema.ts' })).toBe(
      readFileSync(file, 'utf8'),
    );
  });

  test('made the schema of the store as it is', () => {
    const folder = new URL('../../../controller/network/store/', import.meta.url);
    const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
    const json: unknown = JSON.parse(text('arctictern.ovsschema'));
    expect(generate(json, { importFrom: '../../ovsdb/index.ts' })).toBe(text('schema.ts'));
  });

  test('lays long lines out as Prettier does', async () => {
    const values = ['set', Array.from({ length: 30 }, (_, n) => `value-${n}`)];
    const choice = { type: 'string', enum: values };
    const columns = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [
        `a_column_with_a_long_name_${n}`,
        { type: 'string', mutable: false },
      ]),
    );
    const module = generate(
      tiny({
        ...columns,
        one: { type: { key: choice } },
        maybe: { type: { key: choice, min: 0, max: 1 } },
        many: { type: { key: choice, min: 0, max: 'unlimited' } },
        map: { type: { key: choice, value: choice, min: 0, max: 'unlimited' } },
        empty: { type: 'string' },
      }),
      { importFrom: 'arctictern/ovsdb' },
    );
    expect(await prettier.format(module, { parser: 'typescript', printWidth: 110, singleQuote: true })).toBe(
      module,
    );
  });
});
