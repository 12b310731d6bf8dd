import type { ColumnSchema, DatabaseSchema } from '../../../controller/ovsdb/index.ts';

/** A schema of our normal form as a `.ovsschema` file has it. */
export function schemaJson({ name, version, tables }: DatabaseSchema): object {
  const base = (type: ColumnSchema['key']) => ({
    ...type,
    ...(type.enum === undefined ? {} : { enum: ['set', type.enum] }),
  });
  const column = ({ key, value, min, max, mutable, ephemeral }: ColumnSchema) => ({
    type: { key: base(key), ...(value === undefined ? {} : { value: base(value) }), min, max },
    mutable,
    ephemeral,
  });
  const columns = (all: Readonly<Record<string, ColumnSchema>>) =>
    Object.fromEntries(Object.entries(all).map(([key, value]) => [key, column(value)]));
  return {
    name,
    version,
    tables: Object.fromEntries(
      Object.entries(tables).map(([key, table]) => [key, { ...table, columns: columns(table.columns) }]),
    ),
  };
}
