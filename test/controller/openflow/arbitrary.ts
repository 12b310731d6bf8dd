/** Random messages: the shapes that JSON conversion walks, read as fast-check arbitraries. */
import fc from 'fast-check';
import { formatIpv4, formatIpv6, formatMac } from '../../../controller/openflow/addresses.ts';
import { ERROR_NAMES } from '../../../controller/openflow/error-names.ts';
import { ALL_FIELDS, RAW_OXM, type FieldValue, type OxmField } from '../../../controller/openflow/fields.ts';
import { message } from '../../../controller/openflow/json/messages.ts';
import type { BytesRole, ObjectNode, ShapeNode } from '../../../controller/openflow/json/shape.ts';
import type { FlowMod, Message, PacketIn } from '../../../controller/openflow/index.ts';

const NESTING = 2;

const anyBytes = (maxLength: number) => fc.uint8Array({ maxLength });

/** Numbers that are often at the edges of their range. */
function uint(bits: number): fc.Arbitrary<number> {
  const max = 2 ** bits - 1;
  return fc.oneof(
    fc.constantFrom(0, 1, max),
    fc.maxSafeNat().map((n) => n % (max + 1)),
  );
}

function bigint(bits: number): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(bits)) - 1n;
  return fc.oneof(fc.constantFrom(0n, 1n, max), fc.bigInt({ min: 0n, max }));
}

/** Something framed like an action or an instruction that nobody knows. */
function framed(type: number, minimum: number, step: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: 0, maxLength: 24 }).map((body) => {
    const length = Math.ceil(Math.max(minimum, body.length + 4) / step) * step;
    const bytes = new Uint8Array(length);
    bytes.set(body, 4);
    bytes.set([type >> 8, type & 255, length >> 8, length & 255]);
    return bytes;
  });
}

/** A whole property of a type that nobody knows. */
const property = fc.uint8Array({ maxLength: 12 }).map((value) => {
  const bytes = new Uint8Array((value.length + 4 + 7) & ~7);
  bytes.set([0x77, 0x77, 0, value.length + 4]);
  bytes.set(value, 4);
  return bytes;
});

function bytesOf(role: BytesRole): fc.Arbitrary<Uint8Array> {
  switch (role) {
    case 'any':
      return anyBytes(40);
    case 'note':
      return fc.nat(3).chain((n) => fc.uint8Array({ minLength: 6 + 8 * n, maxLength: 6 + 8 * n }));
    case 'action':
      return framed(0x7fff, 8, 8);
    case 'instruction':
      return framed(0x7ffe, 8, 8);
    case 'band':
      return framed(0x7fff, 12, 4);
    case 'properties':
      return property;
    case 'stats':
      return fc.constant(Uint8Array.of(0x80, 0x02, 0x7e, 4, 1, 2, 3, 4));
    case 'hello':
      return fc.constant(Uint8Array.of(0, 9, 0, 8, 1, 2, 3, 4));
    case 'entry':
    case 'body':
      return anyBytes(24);
  }
}

const text = (max: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { maxLength: max })
    .map((codes) => String.fromCharCode(...codes));

const ipv4 = uint(32).map(formatIpv4);
const ipv6 = bigint(128).map(formatIpv6);
/** Not the IPv6 spelling of an IPv4 address, which is written as IPv4. */
const plainIpv6 = bigint(128)
  .filter((n) => n >> 32n !== 0xffffn)
  .map(formatIpv6);

const knownFields = ALL_FIELDS.filter((field) => !field.variable);

function valueOf(field: OxmField): fc.Arbitrary<FieldValue> {
  if (field.kind === 'bytes') return anyBytes(12);
  return field.kind === 'bigint' ? bigint(field.length * 8) : uint(field.length * 8);
}

const unknownOxm = fc.uint8Array({ maxLength: 20 }).map((payload) => {
  const value = new Uint8Array(4 + payload.length);
  value.set([0x77, 0x77, 0x12, payload.length]);
  value.set(payload, 4);
  return { field: RAW_OXM, value };
});

/** An object that carries a field, and a value and mask of it. */
function entryOf(members: Readonly<Record<string, ShapeNode>>, depth: number): fc.Arbitrary<object> {
  const rest = Object.fromEntries(
    Object.entries(members).filter(([key]) => !['field', 'value', 'mask'].includes(key)),
  );
  const fields = fc.constantFrom(...ALL_FIELDS);
  const known = fields.chain((field) =>
    field.kind === 'bytes'
      ? fc.array(fc.tuple(uint(8), uint(8)), { maxLength: 12 }).chain((pairs) =>
          fc.constantFrom(
            { field, value: Uint8Array.from(pairs, ([byte]) => byte) },
            {
              field,
              value: Uint8Array.from(pairs, ([byte]) => byte),
              mask: Uint8Array.from(pairs, ([, byte]) => byte),
            },
          ),
        )
      : fc.record(
          { field: fc.constant(field), value: valueOf(field), mask: valueOf(field) },
          { requiredKeys: ['field', 'value'] },
        ),
  );
  // An unknown OXM can stand in a match, but not be set.
  const entry =
    Object.keys(rest).length === 0 ? fc.oneof({ weight: 9, arbitrary: known }, unknownOxm) : known;
  return fc.tuple(entry, members_(rest, depth)).map(([a, b]) => ({ ...a, ...b }));
}

function members_(members: Readonly<Record<string, ShapeNode>>, depth: number): fc.Arbitrary<object> {
  const entries = Object.entries(members);
  return fc.record(Object.fromEntries(entries.map(([key, node]) => [key, arbitrary(node, depth)])), {
    requiredKeys: entries.filter(([, node]) => node.kind !== 'optional').map(([key]) => key),
  });
}

function objectOf(node: ObjectNode, depth: number): fc.Arbitrary<object> {
  const { members } = node;
  if ('value' in members && 'field' in members) return entryOf(members, depth);
  if ('field' in members && 'start' in members) return subfieldOf(64);
  if ('pktLen' in members || 'max' in members) return members_(members, depth).map(oneBitRange);
  if ('src' in members && 'dst' in members && !('srcPort' in members))
    return members_(members, depth).chain(sameBits);
  return members_(members, depth);
}

function subfieldOf(maxBits: number): fc.Arbitrary<{ field: OxmField; start: number; bits: number }> {
  return fc.constantFrom(...knownFields).chain((field) =>
    fc.record({
      field: fc.constant(field),
      start: fc.integer({ min: 0, max: 127 }),
      bits: fc.integer({ min: 1, max: Math.min(maxBits, 64) }),
    }),
  );
}

/** The ranges of `check_pkt_larger` and of a learned result are single bits. */
function oneBitRange(object: object): object {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'object' && value !== null && 'bits' in value ? { ...value, bits: 1 } : value,
    ]),
  );
}

interface Ranges {
  readonly src: { readonly bits: number } | { readonly immediate: bigint };
  readonly dst: { readonly bits: number };
}

/** Source and destination of a copy have one size; a constant fits in its destination. */
function sameBits(object: object): fc.Arbitrary<object> {
  const { src, dst } = object as Ranges;
  const bits = dst.bits;
  if ('immediate' in src) {
    return fc.constant({ ...object, src: { immediate: src.immediate & ((1n << BigInt(bits)) - 1n) } });
  }
  return fc.constant({ ...object, src: { ...src, bits } });
}

export function arbitrary(node: ShapeNode, depth: number): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'uint':
      return uint(node.bits);
    case 'bigint':
      return bigint(node.bits);
    case 'boolean':
      return fc.boolean();
    case 'bytes':
      return bytesOf(node.role);
    case 'text':
      return text(node.max);
    case 'mac':
      return uint(48).map(formatMac);
    case 'ipv4':
      return ipv4;
    case 'ipv6':
      return ipv6;
    case 'address':
      return fc.oneof(ipv4, plainIpv6);
    case 'name':
      return fc.constantFrom(...node.names);
    case 'list':
      return fc.array(arbitrary(node.of, depth), { minLength: node.count ?? 0, maxLength: node.count ?? 3 });
    case 'optional':
      return arbitrary(node.of, depth);
    case 'object':
      return objectOf(node, depth);
    case 'tagged':
      return taggedOf(node, depth);
    case 'keyed':
      // A raw entry is whatever its list cannot read: mutation finds those.
      if (node.key === 'raw') return arbitrary(node.absent, depth);
      return fc.oneof(objectOf(node.present, depth), arbitrary(node.absent, depth));
    case 'numberOr':
      return fc.oneof(uint(node.bits), arbitrary(node.other, depth));
    case 'field':
      return fc.constantFrom(...knownFields);
    case 'value':
      throw new Error('a value is made with its field');
    case 'lazy':
      return arbitrary(node.get(), depth + 1);
    case 'errorCode':
      return fc.oneof(
        fc.constantFrom(...ERROR_NAMES),
        fc.record({ type: uint(15), code: uint(16) }),
        fc.record({ type: fc.constant(0xffff), code: uint(16), experimenter: uint(32) }),
      );
  }
}

/** Cases that hold their own kind again; left out where nesting has gone deep enough. */
const RECURSIVE = ['ct', 'clone', 'bundle_add_message', 'requestforward'];

function taggedOf(node: Extract<ShapeNode, { kind: 'tagged' }>, depth: number): fc.Arbitrary<object> {
  const cases = Object.entries(node.cases).filter(([name]) => depth < NESTING || !RECURSIVE.includes(name));
  return fc
    .constantFrom(...cases)
    .chain(([name, shape]) => objectOf(shape, depth).map((rest) => ({ [node.tag]: name, ...rest })));
}

function oneOf(type: 'flow_mod' | 'packet_in'): fc.Arbitrary<object> {
  const shape = message.kind === 'tagged' ? message.cases[type] : undefined;
  if (shape === undefined) throw new Error('messages are told apart by their type');
  return objectOf(shape, 0).map((rest) => ({ type, ...rest }));
}

export const anyFlowMod = oneOf('flow_mod') as fc.Arbitrary<FlowMod>;
export const anyPacketIn = oneOf('packet_in') as fc.Arbitrary<PacketIn>;
export const anyMessage = arbitrary(message, 0) as fc.Arbitrary<Message>;
