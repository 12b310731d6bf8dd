/**
 * Names of rows. A `Uuid` is branded with the table it belongs to, so that the compiler refuses a port's uuid
 * where a bridge's is wanted.
 */
import { OvsdbInvalidValueError } from './errors.ts';

declare const table: unique symbol;

/** A row's uuid in its text form, lower case (RFC 7047, 5.1), of a row of table `T`. */
export type Uuid<T extends string = string> = string & { readonly [table]: T };

/** Stands for a row that an `insert` of the same transaction makes, before its uuid is known. */
export interface NamedUuid<T extends string = string> {
  readonly uuidName: string;
  readonly table: T;
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: unknown): text is Uuid {
  return typeof text === 'string' && pattern.test(text);
}

/**
 * Takes `text` for the uuid of a row of table `T`.
 *
 * @throws {OvsdbInvalidValueError} when it has not the form of one.
 */
export function uuid<T extends string>(text: string): Uuid<T> {
  const lower = text.toLowerCase();
  if (!pattern.test(lower)) {
    throw new OvsdbInvalidValueError(`"${text}" is no uuid; write it as 8-4-4-4-12 hexadecimal digits`);
  }
  return lower as Uuid<T>;
}

export const zeroUuid = '00000000-0000-0000-0000-000000000000' as Uuid<never>;

export function isNamedUuid(value: unknown): value is NamedUuid {
  return typeof value === 'object' && value !== null && 'uuidName' in value;
}
