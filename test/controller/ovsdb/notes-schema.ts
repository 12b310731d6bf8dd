/** A small schema for tests, as a server tells it and as the compiler knows it. */
import { parseSchema, type DatabaseSchema, type Uuid } from '../../../controller/ovsdb/index.ts';

export const notesJson = {
  name: 'Notes',
  version: '1.0.0',
  tables: {
    Note: {
      columns: {
        text: { type: 'string' },
        size: { type: 'integer' },
        tags: { type: { key: 'string', min: 0, max: 'unlimited' } },
        links: {
          type: { key: { type: 'uuid', refTable: 'Note', refType: 'weak' }, min: 0, max: 'unlimited' },
        },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        by: { type: { key: 'string', min: 0, max: 1 } },
        kind: { type: 'string', mutable: false },
      },
      isRoot: true,
    },
  },
};

export interface NoteRow {
  readonly _uuid: Uuid<'Note'>;
  readonly text: string;
  readonly size: number;
  readonly tags: ReadonlySet<string>;
  readonly links: ReadonlySet<Uuid<'Note'>>;
  readonly ids: ReadonlyMap<string, string>;
  readonly by: string | null;
  readonly kind: string;
}

export type NotesTables = { Note: { readonly row: NoteRow; readonly immutable: 'kind' } };

export const notes = parseSchema(notesJson) as unknown as DatabaseSchema<NotesTables>;

/** A uuid that ends in `n`. */
export function id(n: number): Uuid<'Note'> {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as Uuid<'Note'>;
}
