/**
 * Shapes: descriptions of the plain objects that messages are, as data. JSON conversion walks them (json.ts), and
 * so can anything else that needs to know what a message may hold.
 *
 * A `Shape<T>` describes a `T`: the compiler checks that every member of every message is described.
 */
import type { NameSet } from '../names.ts';

export type ShapeNode =
  | { readonly kind: 'uint'; readonly bits: number }
  | { readonly kind: 'bigint'; readonly bits: number }
  | { readonly kind: 'boolean' }
  /** Bytes; `role` says what they hold where not just any will do. */
  | { readonly kind: 'bytes'; readonly role: BytesRole }
  /** Text of single-byte characters, at most `max`. */
  | { readonly kind: 'text'; readonly max: number }
  | { readonly kind: 'mac' | 'ipv4' | 'ipv6' | 'address' }
  | { readonly kind: 'name'; readonly names: readonly string[] }
  /** A list, of exactly `count` items where that is given. */
  | { readonly kind: 'list'; readonly of: ShapeNode; readonly count?: number }
  | { readonly kind: 'optional'; readonly of: ShapeNode }
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, ShapeNode>> }
  /** Objects told apart by a member that names the case. */
  | { readonly kind: 'tagged'; readonly tag: string; readonly cases: Readonly<Record<string, ObjectNode>> }
  /** Objects told apart by whether they have a member. */
  | { readonly kind: 'keyed'; readonly key: string; readonly present: ObjectNode; readonly absent: ShapeNode }
  | { readonly kind: 'numberOr'; readonly bits: number; readonly other: ShapeNode }
  | { readonly kind: 'field' }
  /** A value (or mask) of the field in the member `field` beside it. */
  | { readonly kind: 'value' }
  | { readonly kind: 'errorCode' }
  | { readonly kind: 'lazy'; readonly get: () => ShapeNode };

export type ObjectNode = Extract<ShapeNode, { kind: 'object' }>;

export type BytesRole =
  'any' | 'note' | 'action' | 'instruction' | 'band' | 'properties' | 'stats' | 'entry' | 'hello' | 'body';

declare const described: unique symbol;
export type Shape<T> = ShapeNode & { readonly [described]?: T };
/** The shape of an object of type T without its tag. */
export type ObjectShape<T> = ObjectNode & { readonly [described]?: T };

export const uint = (bits: number): Shape<number> => ({ kind: 'uint', bits });
export const u8 = uint(8);
export const u16 = uint(16);
export const u32 = uint(32);
export const big = (bits: number): Shape<bigint> => ({ kind: 'bigint', bits });
export const u64 = big(64);
export const boolean: Shape<boolean> = { kind: 'boolean' };
export const bytes = (role: BytesRole): Shape<Uint8Array> => ({ kind: 'bytes', role });
export const text = (max: number): Shape<string> => ({ kind: 'text', max });
export const mac: Shape<string> = { kind: 'mac' };
export const ipv4: Shape<string> = { kind: 'ipv4' };
export const ipv6: Shape<string> = { kind: 'ipv6' };
export const address: Shape<string> = { kind: 'address' };
export const names = <N extends string>(set: NameSet<N>): Shape<N> => ({ kind: 'name', names: set.names });
export const oneOf = <N extends string>(...list: readonly N[]): Shape<N> => ({ kind: 'name', names: list });
export const list = <T>(of: Shape<T>): Shape<readonly T[]> => ({ kind: 'list', of });
export const listOf = <T>(count: number, of: Shape<T>): Shape<readonly T[]> => ({ kind: 'list', of, count });
export const optional = <T>(of: Shape<T>): Shape<T> => ({ kind: 'optional', of });
export const lazy = <T>(get: () => Shape<T>): Shape<T> => ({ kind: 'lazy', get });

export type Members<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };
export const object = <T>(members: Members<T>): ObjectShape<T> => ({ kind: 'object', members });

/** The cases of a union by their tag; each describes what its members have besides the tag. */
export type Cases<U, Tag extends string> = {
  readonly [K in U extends Record<Tag, infer V extends string> ? V : never]: ObjectShape<
    Omit<
      Extract<U, Record<Tag, unknown>> extends infer M
        ? M extends Record<Tag, infer V>
          ? K extends V
            ? M
            : never
          : never
        : never,
      Tag
    >
  >;
};
export const tagged =
  <U>() =>
  <Tag extends string>(tag: Tag, cases: Cases<U, Tag>): Shape<U> => ({
    kind: 'tagged',
    tag,
    cases: cases,
  });

export const keyed = <P, A>(key: string, present: ObjectShape<P>, absent: Shape<A>): Shape<P | A> => ({
  kind: 'keyed',
  key,
  present,
  absent,
});

export const numberOr = <T>(bits: number, other: Shape<T>): Shape<number | T> => ({
  kind: 'numberOr',
  bits,
  other,
});
