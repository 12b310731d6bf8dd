/**
 * Conditions on rows (RFC 7047, 5.1, <condition>) in the wire's notation. Pure.
 */
import { OvsdbInvalidValueError } from './errors.ts';
import type { RowCodec } from './row-codec.ts';

/** Conditions of which one must hold: those of a monitor. Undefined, when there are none, means all rows. */
export function encodeConditions(codec: RowCodec, conditions: readonly unknown[]): unknown[] {
  return conditions.map((condition) => {
    if (typeof condition === 'boolean') return condition;
    const [column, operator, value] = condition as readonly [string, string, unknown];
    return [column, operator, codec.column(column).encode(value)];
  });
}

/** Conditions that must all hold: those of an operation. `where` is the `Where` of row-types. */
export function encodeWhere(codec: RowCodec, where: unknown): unknown[] {
  if (where === 'all') return [];
  const conditions = Array.isArray(where)
    ? (where as readonly unknown[])
    : Object.entries(where as object).map(([column, value]) => [column, '==', value as unknown]);
  if (conditions.length === 0) {
    throw new OvsdbInvalidValueError(
      `no condition was given for ${codec.table}; write 'all' to mean every row`,
    );
  }
  return encodeConditions(codec, conditions);
}
