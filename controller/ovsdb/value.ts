/**
 * Column values: OVSDB's JSON notation (RFC 7047, 5.1) to JavaScript and back.
 *
 * A set is a `ReadonlySet` and a map a `ReadonlyMap`, not an array and an object: they have no order and no
 * doubles, asking for a member is what consumers do most, map keys may be integers or uuids, and a key named
 * `__proto__` is as good as any. Empty ones are shared. An optional column is an atom or null.
 *
 * An integer is a `number`: OVSDB's 64 bits are exact up to 2^53, and one beyond it that the server sends is
 * rounded (only counters get there). To write one is refused.
 */
import { OvsdbInvalidValueError, OvsdbMalformedValueError } from './errors.ts';
import { shapeOf, type Atom, type AtomType, type BaseType, type ColumnSchema, type Shape } from './schema.ts';
import { isNamedUuid, isUuid, zeroUuid } from './uuid.ts';

export type Value = Atom | null | ReadonlySet<Atom> | ReadonlyMap<Atom, Atom>;

const emptySet: ReadonlySet<Atom> = new Set();
const emptyMap: ReadonlyMap<Atom, Atom> = new Map();

/** How one column is read, written and compared. */
export interface ColumnCodec {
  readonly name: string;
  readonly shape: Shape;
  /** What the server leaves out of `initial` and `insert` (RFC 7047, 5.2.1). */
  readonly initial: Value;
  /** @throws {OvsdbMalformedValueError} */
  decode(json: unknown): Value;
  /** The new value of a column that `update2` says was modified: its difference applied to the old one. */
  applyDifference(old: Value, json: unknown): Value;
  equal(a: Value, b: Value): boolean;
  /** @throws {OvsdbInvalidValueError} */
  encode(value: unknown): unknown;
  /** Keys of a map, or members of a set, as a set. */
  encodeKeys(keys: Iterable<unknown>): unknown;
}

export function columnCodec(table: string, name: string, column: ColumnSchema): ColumnCodec {
  const where = `${table}.${name}`;
  const shape = shapeOf(column);
  const key = atomReader(where, column.key.type);
  const encodeKey = atomWriter(where, column.key);
  const encodeKeys = (keys: Iterable<unknown>) => ['set', [...keys].map(encodeKey)];
  const base = { name, shape, encodeKeys };
  // The server's notion: one value at most is replaced, more are told by their difference.
  const replaced = column.max === 1;

  switch (shape) {
    case 'scalar':
    case 'optional': {
      const initial = shape === 'optional' ? null : defaultAtom(column.key.type);
      const decode = (json: unknown): Value => {
        if (isTagged(json, 'set')) {
          const members = membersOf(where, json);
          if (members.length === 1) return key(members[0]);
          if (members.length === 0 && shape === 'optional') return null;
          throw malformed(where, json, shape === 'optional' ? 'at most one value' : 'one value');
        }
        return key(json);
      };
      return {
        ...base,
        initial,
        decode,
        applyDifference: (_, json) => decode(json),
        equal: (a, b) => a === b,
        encode: (value) => (shape === 'optional' && value === null ? ['set', []] : encodeKey(value)),
      };
    }
    case 'set': {
      const decode = (json: unknown): ReadonlySet<Atom> => {
        if (!isTagged(json, 'set')) return new Set([key(json)]);
        const members = membersOf(where, json);
        if (members.length === 0) return emptySet;
        const set = new Set<Atom>();
        for (const member of members) set.add(key(member));
        return set;
      };
      return {
        ...base,
        initial: emptySet,
        decode,
        applyDifference: (old, json) => {
          const set = new Set(old as ReadonlySet<Atom>);
          for (const member of decode(json)) if (!set.delete(member)) set.add(member);
          return set.size === 0 ? emptySet : set;
        },
        equal: (a, b) => equalSets(a as ReadonlySet<Atom>, b as ReadonlySet<Atom>),
        encode: (value) => ['set', iterable(where, value).map(encodeKey)],
      };
    }
    case 'map': {
      const valueType = column.value ?? column.key;
      const readValue = atomReader(where, valueType.type);
      const encodeValue = atomWriter(where, valueType);
      const decode = (json: unknown): ReadonlyMap<Atom, Atom> => {
        if (!isTagged(json, 'map')) throw malformed(where, json, 'a map');
        const pairs = membersOf(where, json);
        if (pairs.length === 0) return emptyMap;
        const map = new Map<Atom, Atom>();
        for (const pair of pairs) {
          if (!Array.isArray(pair) || pair.length !== 2)
            throw malformed(where, pair, 'a pair of key and value');
          map.set(key(pair[0]), readValue(pair[1]));
        }
        return map;
      };
      return {
        ...base,
        initial: emptyMap,
        decode,
        applyDifference: (old, json) => {
          const change = decode(json);
          if (replaced) return change;
          const map = new Map(old as ReadonlyMap<Atom, Atom>);
          // The pair itself means that it is gone, another value that it is new or changed.
          for (const [k, v] of change) {
            if (map.get(k) === v) map.delete(k);
            else map.set(k, v);
          }
          return map.size === 0 ? emptyMap : map;
        },
        equal: (a, b) => equalMaps(a as ReadonlyMap<Atom, Atom>, b as ReadonlyMap<Atom, Atom>),
        encode: (value) => {
          const pairs =
            value instanceof Map ? [...(value as Map<unknown, unknown>)] : entriesOf(where, value);
          return ['map', pairs.map(([k, v]) => [encodeKey(k), encodeValue(v)])];
        },
      };
    }
  }
}

function equalSets(a: ReadonlySet<Atom>, b: ReadonlySet<Atom>): boolean {
  if (a.size !== b.size) return false;
  for (const member of a) if (!b.has(member)) return false;
  return true;
}

function equalMaps(a: ReadonlyMap<Atom, Atom>, b: ReadonlyMap<Atom, Atom>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function defaultAtom(type: AtomType): Atom {
  switch (type) {
    case 'integer':
    case 'real':
      return 0;
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return zeroUuid;
  }
}

function atomReader(where: string, type: AtomType): (json: unknown) => Atom {
  switch (type) {
    case 'integer':
      return (json) => {
        if (typeof json === 'number' && Number.isInteger(json)) return json;
        throw malformed(where, json, 'an integer');
      };
    case 'real':
      return (json) => {
        if (typeof json === 'number') return json;
        throw malformed(where, json, 'a number');
      };
    case 'boolean':
      return (json) => {
        if (typeof json === 'boolean') return json;
        throw malformed(where, json, 'a boolean');
      };
    case 'string':
      return (json) => {
        if (typeof json === 'string') return json;
        throw malformed(where, json, 'a string');
      };
    case 'uuid':
      return (json) => {
        if (isTagged(json, 'uuid') && isUuid(json[1])) return json[1];
        throw malformed(where, json, 'a uuid');
      };
  }
}

function atomWriter(where: string, base: BaseType): (value: unknown) => unknown {
  const { type } = base;
  return (value) => {
    switch (type) {
      case 'integer':
        if (Number.isSafeInteger(value)) return value;
        throw invalid(where, value, 'an integer within 2^53');
      case 'real':
        if (typeof value === 'number' && Number.isFinite(value)) return value;
        throw invalid(where, value, 'a finite number');
      case 'boolean':
        if (typeof value === 'boolean') return value;
        throw invalid(where, value, 'a boolean');
      case 'string':
        if (typeof value !== 'string') throw invalid(where, value, 'a string');
        // OVS ends strings with a zero byte, and JSON has no lone surrogates.
        if (value.includes('\0') || /\p{Surrogate}/u.test(value))
          throw invalid(where, value, 'Unicode text without U+0000');
        return value;
      case 'uuid':
        if (isNamedUuid(value)) return ['named-uuid', value.uuidName];
        if (isUuid(value)) return ['uuid', value];
        throw invalid(where, value, 'a uuid');
    }
  };
}

function isTagged(json: unknown, tag: string): json is readonly [string, unknown] {
  return Array.isArray(json) && json.length === 2 && json[0] === tag;
}

function membersOf(where: string, json: readonly [string, unknown]): readonly unknown[] {
  const members = json[1];
  if (!Array.isArray(members)) throw malformed(where, json, 'a list of members');
  return members;
}

function iterable(where: string, value: unknown): readonly unknown[] {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) {
    return [...(value as Iterable<unknown>)];
  }
  throw invalid(where, value, 'a set or an array');
}

function entriesOf(where: string, value: unknown): readonly (readonly [unknown, unknown])[] {
  if (typeof value === 'object' && value !== null && !(Symbol.iterator in value))
    return Object.entries(value);
  throw invalid(where, value, 'a map or an object');
}

function malformed(where: string, json: unknown, wanted: string): OvsdbMalformedValueError {
  return new OvsdbMalformedValueError(`the server sent ${shorten(json)} for ${where}, which takes ${wanted}`);
}

function invalid(where: string, value: unknown, wanted: string): OvsdbInvalidValueError {
  return new OvsdbInvalidValueError(`cannot write ${shorten(value)} to ${where}, which takes ${wanted}`);
}

/** A value in few characters, for messages. */
export function shorten(value: unknown): string {
  const json: string | undefined = typeof value === 'bigint' ? undefined : JSON.stringify(value);
  const text = json ?? `a ${typeof value}`;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
