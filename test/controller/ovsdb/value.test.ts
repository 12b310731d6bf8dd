import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AtomType, ColumnSchema } from '../../../controller/ovsdb/schema.ts';
import { zeroUuid } from '../../../controller/ovsdb/uuid.ts';
import { columnCodec, type ColumnCodec, type Value } from '../../../controller/ovsdb/value.ts';

function column(key: AtomType, rest: Partial<ColumnSchema> & { valueType?: AtomType } = {}): ColumnSchema {
  const { valueType, ...over } = rest;
  return {
    key: { type: key },
    ...(valueType === undefined ? {} : { value: { type: valueType } }),
    min: 1,
    max: 1,
    mutable: true,
    ephemeral: false,
    ...over,
  };
}

const codec = (schema: ColumnSchema): ColumnCodec => columnCodec('T', 'c', schema);
const row = '12345678-1234-4234-8234-123456789abc';
const many = { min: 0, max: 'unlimited' } as const;

const notation: [string, ColumnSchema, unknown, Value][] = [
  ['integer', column('integer'), 5, 5],
  ['real', column('real'), 1.5, 1.5],
  ['boolean', column('boolean'), true, true],
  ['string', column('string'), 'x', 'x'],
  ['uuid', column('uuid'), ['uuid', row], row],
  ['optional with', column('integer', { min: 0 }), 5, 5],
  ['optional without', column('integer', { min: 0 }), ['set', []], null],
  ['set', column('integer', many), ['set', [1, 2]], new Set([1, 2])],
  ['set of uuid', column('uuid', many), ['set', [['uuid', row]]], new Set([row])],
  ['map', column('string', { ...many, valueType: 'integer' }), ['map', [['a', 1]]], new Map([['a', 1]])],
  [
    'map of one',
    column('string', { min: 0, valueType: 'string' }),
    ['map', [['a', 'b']]],
    new Map([['a', 'b']]),
  ],
];

describe('a column value', () => {
  test.each(notation)('%s', (_, schema, json, value) => {
    expect(codec(schema).decode(json)).toEqual(value);
    expect(codec(schema).encode(value)).toEqual(json);
  });

  test('a set of one may come bare, and a scalar as a set of one', () => {
    expect(codec(column('integer', many)).decode(7)).toEqual(new Set([7]));
    expect(codec(column('uuid', many)).decode(['uuid', row])).toEqual(new Set([row]));
    expect(codec(column('integer')).decode(['set', [7]])).toBe(7);
  });

  test.each([
    [column('integer'), 0],
    [column('boolean'), false],
    [column('string'), ''],
    [column('uuid'), zeroUuid],
    [column('string', { min: 0 }), null],
    [column('string', many), new Set()],
    [column('string', { ...many, valueType: 'string' }), new Map()],
  ])('a column %j that is left out is %j', (schema, value) => {
    expect(codec(schema).initial).toEqual(value);
  });

  test.each([
    [column('integer'), 1.5],
    [column('integer'), '1'],
    [column('string'), 1],
    [column('boolean'), 0],
    [column('uuid'), row],
    [column('uuid'), ['uuid', 'nonsense']],
    [column('uuid'), ['named-uuid', 'x']],
    [column('integer'), ['set', [1, 2]]],
    [column('integer'), ['set', []]],
    [column('integer'), null],
    [column('integer', many), ['set', 5]],
    [column('integer', many), ['set', ['x']]],
    [column('string', { ...many, valueType: 'string' }), ['set', []]],
    [column('string', { ...many, valueType: 'string' }), ['map', [['a']]]],
    [column('string', { ...many, valueType: 'string' }), ['map', ['ab']]],
  ])('of %j the server cannot send %j', (schema, json) => {
    expect(() => codec(schema).decode(json)).toThrow(
      expect.objectContaining({ code: 'OVSDB_MALFORMED_VALUE' }) as Error,
    );
  });

  test.each([
    [column('integer'), 2 ** 53],
    [column('integer'), 1.5],
    [column('real'), Infinity],
    [column('string'), 'a\0b'],
    [column('string'), '\ud800'],
    [column('string'), null],
    [column('uuid'), 'nonsense'],
    [column('string', many), 'text'],
    [column('string', many), 5],
    [column('string', { ...many, valueType: 'string' }), ['a', 'b']],
    [column('string', { ...many, valueType: 'string' }), { a: 1 }],
  ])('to %j nobody can write %j', (schema, value) => {
    expect(() => codec(schema).encode(value)).toThrow(
      expect.objectContaining({ code: 'OVSDB_INVALID_VALUE' }) as Error,
    );
  });

  test('a map may be written as an object, a set as a list, a row as one to be inserted', () => {
    expect(codec(column('string', { ...many, valueType: 'string' })).encode({ a: 'b' })).toEqual([
      'map',
      [['a', 'b']],
    ]);
    expect(codec(column('uuid', many)).encode([{ uuidName: 'row0', table: 'T' }])).toEqual([
      'set',
      [['named-uuid', 'row0']],
    ]);
    expect(codec(column('string', { min: 0 })).encode(null)).toEqual(['set', []]);
  });
});

/** What a server sends in `update2`, by the words of ovsdb-server(7), 4.1.14. */
function setDifference(a: ReadonlySet<number>, b: ReadonlySet<number>): unknown {
  return ['set', [...[...a].filter((x) => !b.has(x)), ...[...b].filter((x) => !a.has(x))]];
}
function mapDifference(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): unknown {
  const gone = [...a].filter(([key]) => !b.has(key));
  const changed = [...b].filter(([key, value]) => a.get(key) !== value);
  return ['map', [...gone, ...changed]];
}

describe('a difference', () => {
  const members = fc.uniqueArray(fc.nat(8)).map((list) => new Set(list));
  const pairs = fc
    .dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.nat(3), { noNullPrototype: false })
    .map((entries) => new Map(Object.entries(entries)));

  test('of sets leads from one to the other and leaves the first alone', () => {
    const sets = codec(column('integer', many));
    fc.assert(
      fc.property(members, members, (a, b) => {
        const copy = new Set(a);
        expect(sets.applyDifference(a, setDifference(a, b))).toEqual(b);
        expect(a).toEqual(copy);
        expect(sets.equal(a, b)).toBe(a.size === b.size && [...a].every((member) => b.has(member)));
      }),
    );
  });

  test('of maps leads from one to the other and leaves the first alone', () => {
    const maps = codec(column('string', { ...many, valueType: 'integer' }));
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const copy = new Map(a);
        expect(maps.applyDifference(a, mapDifference(a, b))).toEqual(b);
        expect(a).toEqual(copy);
      }),
    );
  });

  test('of one value at most is the new value', () => {
    expect(codec(column('integer')).applyDifference(1, 2)).toBe(2);
    expect(codec(column('integer', { min: 0 })).applyDifference(1, ['set', []])).toBeNull();
    const one = codec(column('string', { min: 0, max: 1, valueType: 'string' }));
    expect(one.applyDifference(new Map([['a', 'b']]), ['map', [['a', 'b']]])).toEqual(new Map([['a', 'b']]));
  });
});
