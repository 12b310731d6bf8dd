import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  OvsdbConstraintViolationError,
  OvsdbOperationError,
  transaction,
  type InsertRow,
  type UpdateRow,
  type Uuid,
} from '../../../controller/ovsdb/index.ts';
import { id, notes, type NotesTables } from './notes-schema.ts';

describe('a transaction', () => {
  test('is what RFC 7047 says, operation by operation', () => {
    const tx = transaction(notes);
    const first = tx.insert('Note', { text: 'a', tags: ['x', 'y'], ids: { k: 'v' }, by: 'me' });
    tx.insert('Note', { links: [first, id(1)] }, id(5));
    tx.update('Note', { _uuid: id(1) }, { by: null, tags: new Set<string>(), ids: new Map() });
    tx.mutate(
      'Note',
      [['size', '>', 3]],
      [
        ['size', '+=', 1],
        ['tags', 'insert', ['z']],
        ['ids', 'delete', ['k']],
        ['ids', 'delete', { k: 'v' }],
      ],
    );
    tx.delete('Note', 'all');
    tx.select('Note', [true, ['by', '==', null]], ['text']);
    tx.wait('Note', { text: 'a' }, { columns: ['size'], until: '!=', rows: [{ size: 1 }], timeout: 5 });
    tx.commit(true);
    tx.abort();
    tx.comment('why');
    tx.assert('lock');
    const uuidOf = (n: number) => ['uuid', id(n)];
    expect(tx.params()).toEqual([
      'Notes',
      {
        op: 'insert',
        table: 'Note',
        row: { text: 'a', tags: ['set', ['x', 'y']], ids: ['map', [['k', 'v']]], by: 'me' },
        'uuid-name': 'row0',
      },
      {
        op: 'insert',
        table: 'Note',
        row: { links: ['set', [['named-uuid', 'row0'], uuidOf(1)]] },
        'uuid-name': 'row1',
        uuid: id(5),
      },
      {
        op: 'update',
        table: 'Note',
        where: [['_uuid', '==', uuidOf(1)]],
        row: { by: ['set', []], tags: ['set', []], ids: ['map', []] },
      },
      {
        op: 'mutate',
        table: 'Note',
        where: [['size', '>', 3]],
        mutations: [
          ['size', '+=', 1],
          ['tags', 'insert', ['set', ['z']]],
          ['ids', 'delete', ['set', ['k']]],
          ['ids', 'delete', ['map', [['k', 'v']]]],
        ],
      },
      { op: 'delete', table: 'Note', where: [] },
      { op: 'select', table: 'Note', where: [true, ['by', '==', ['set', []]]], columns: ['_uuid', 'text'] },
      {
        op: 'wait',
        table: 'Note',
        where: [['text', '==', 'a']],
        columns: ['size'],
        until: '!=',
        rows: [{ size: 1 }],
        timeout: 5,
      },
      { op: 'commit', durable: true },
      { op: 'abort' },
      { op: 'comment', comment: 'why' },
      { op: 'assert', lock: 'lock' },
    ]);
    expect(tx.length).toBe(11);
  });

  test('compares before it swaps', () => {
    const tx = transaction(notes);
    tx.compareAndSwap('Note', id(1), { size: 1, by: null }, { size: 2 });
    const where = [['_uuid', '==', ['uuid', id(1)]]];
    expect(tx.params().slice(1)).toEqual([
      {
        op: 'wait',
        table: 'Note',
        where,
        columns: ['size', 'by'],
        until: '==',
        rows: [{ size: 1, by: ['set', []] }],
        timeout: 0,
      },
      { op: 'update', table: 'Note', where, row: { size: 2 } },
    ]);
    expect(() => tx.compareAndSwap('Note', id(1), {}, { size: 2 })).toThrow(/needs a column/);
  });

  test('does not take a forgotten condition for every row', () => {
    const tx = transaction(notes);
    expect(() => tx.delete('Note', [])).toThrow(/'all'/);
    expect(() => tx.delete('Note', {})).toThrow(/'all'/);
    expect(() => tx.delete('Note', { text: undefined } as never)).toThrow(
      expect.objectContaining({ code: 'OVSDB_INVALID_VALUE' }) as Error,
    );
    expect(tx.length).toBe(0);
  });

  test('refuses what the schema does not have', () => {
    const tx = transaction(notes);
    expect(() => tx.insert('Note', { nonesuch: 1 } as never)).toThrow(/no column nonesuch/);
    expect(() => tx.select('Note', 'all', ['nonesuch' as never])).toThrow(/no column nonesuch/);
    expect(() => tx.mutate('Note', 'all', [['size', '+=', 'x' as never]])).toThrow(/needs a number/);
  });

  test('has results that are read by their handles', () => {
    const tx = transaction(notes);
    const inserted = tx.insert('Note', {});
    const rows = tx.select('Note', 'all', ['size', 'tags']);
    const outcome = tx.outcome([
      { uuid: ['uuid', id(3)] },
      { rows: [{ _uuid: ['uuid', id(1)], size: 4, tags: 'x' }] },
    ]);
    expectTypeOf(outcome.get(inserted)).toEqualTypeOf<Uuid<'Note'>>();
    expect(outcome.get(inserted)).toBe(id(3));
    expect(outcome.get(rows)).toEqual([{ _uuid: id(1), size: 4, tags: new Set(['x']) }]);
  });

  test('fails with the operation that failed', () => {
    const tx = transaction(notes);
    tx.comment('x');
    tx.update('Note', 'all', { size: 1 });
    const failing = (...results: unknown[]) => {
      try {
        tx.outcome(results);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const violation = failing({}, { error: 'constraint violation', details: 'why' });
    expect(violation).toBeInstanceOf(OvsdbConstraintViolationError);
    expect(violation).toBeInstanceOf(OvsdbOperationError);
    expect(violation).toMatchObject({
      name: 'OvsdbConstraintViolationError',
      code: 'OVSDB_CONSTRAINT_VIOLATION',
      error: 'constraint violation',
      details: 'why',
      operation: { index: 1, op: 'update', table: 'Note' },
      message: 'operation 1 (update on Note) failed: constraint violation: why',
    });
    expect(failing({ error: 'a new one' }, null)).toMatchObject({
      code: 'OVSDB_OPERATION',
      error: 'a new one',
      operation: { index: 0, table: undefined },
    });
    expect(failing({}, { count: 1 }, { error: 'I/O error', details: 'disk' })).toMatchObject({
      code: 'OVSDB_IO',
      operation: undefined,
    });
    expect(failing({}, { count: 1 })).toBeUndefined();
    expect(failing({})).toMatchObject({ code: 'OVSDB_PROTOCOL' });
  });
});

describe('the types', () => {
  test('know what may be written', () => {
    expectTypeOf<InsertRow<NotesTables, 'Note'>['kind']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<UpdateRow<NotesTables, 'Note'>>().not.toHaveProperty('kind');
    const tx = transaction(notes);
    const other = '' as Uuid<'Other'>;
    // @ts-expect-error a uuid of another table
    expect(() => tx.update('Note', 'all', { links: [other] })).toThrow();
    // @ts-expect-error an immutable column
    tx.update('Note', 'all', { kind: 'x' });
    // @ts-expect-error a string is no set of strings, though it can be iterated over
    expect(() => tx.update('Note', 'all', { tags: 5 })).toThrow();
    // @ts-expect-error arithmetic on a string
    tx.mutate('Note', 'all', [['text', '+=', 1]]);
  });
});
