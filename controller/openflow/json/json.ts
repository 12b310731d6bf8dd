/**
 * The JSON form of messages, for people and scripts: members keep their names, bytes are hex digits, numbers of
 * 64 bits and more are `0x…` text, fields are named, and their values readable (addresses as addresses).
 *
 * `fromJson` takes exactly what `toJson` gives and nothing else: an unknown member, a missing one or a value of
 * the wrong kind is refused with its place, like `$.match[2].value`.
 */
import { formatIpv4, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac } from '../addresses.ts';
import { ERROR_NAMES } from '../error-names.ts';
import { OpenFlowBadJsonError, OpenFlowBadValueError } from '../errors.ts';
import type { OxmField } from '../fields.ts';
import { fieldKey, findField, RAW_OXM, type FieldValue } from '../fields.ts';
import type { Message } from '../message.ts';
import { hexDigits } from '../text/values.ts';
import { message } from './messages.ts';
import { object, u16, u32, type ShapeNode } from './shape.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Record<string, Json>;
type Plain = Record<string, unknown>;

const ERROR_NUMBERS = object({ type: u16, code: u16, experimenter: { kind: 'optional', of: u32 } });

/** A message as a value that `JSON.stringify` can write. */
export function toJson(value: Message): Json {
  return write(value, message);
}

/** The message that `toJson` made this of. Throws `OPENFLOW_BAD_JSON`. */
export function fromJson(json: unknown): Message {
  return read(json, message, '$') as Message;
}

function write(value: unknown, node: ShapeNode): Json {
  switch (node.kind) {
    case 'bigint':
      return `0x${(value as bigint).toString(16)}`;
    case 'bytes':
      return hexDigits(value as Uint8Array);
    case 'list':
      return (value as readonly unknown[]).map((item) => write(item, node.of));
    case 'optional':
      return write(value, node.of);
    case 'object':
      return writeObject(value as Plain, node.members);
    case 'tagged': {
      const tag = (value as Plain)[node.tag] as string;
      return { [node.tag]: tag, ...writeObject(value as Plain, node.cases[tag]!.members) };
    }
    case 'keyed':
      return write(value, node.key in (value as Plain) ? node.present : node.absent);
    case 'numberOr':
      return typeof value === 'number' ? value : write(value, node.other);
    case 'field':
      return fieldKey(value as OxmField);
    case 'lazy':
      return write(value, node.get());
    case 'errorCode':
      return typeof value === 'string' ? value : writeObject(value as Plain, ERROR_NUMBERS.members);
    default:
      return value as Json;
  }
}

function writeObject(value: Plain, members: Readonly<Record<string, ShapeNode>>): JsonObject {
  const json: JsonObject = {};
  for (const [key, node] of Object.entries(members)) {
    const member = value[key];
    if (member === undefined) continue;
    const inner = node.kind === 'optional' ? node.of : node;
    json[key] =
      inner.kind === 'value'
        ? writeValue(value['field'] as OxmField, member as FieldValue)
        : write(member, inner);
  }
  return json;
}

function writeValue(field: OxmField, value: FieldValue): Json {
  if (value instanceof Uint8Array) return hexDigits(value);
  if (field.display === 'ipv6') return formatIpv6(BigInt(value));
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (field.display === 'ethernet') return formatMac(value);
  if (field.display === 'ipv4') return formatIpv4(value);
  return value;
}

function refuse(place: string, problem: string): never {
  throw new OpenFlowBadJsonError(place, problem);
}

function show(json: unknown): string {
  const text = JSON.stringify(json) as string | undefined;
  if (text === undefined) return typeof json;
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function readNumber(json: unknown, bits: number, place: string): number {
  if (typeof json !== 'number' || !Number.isInteger(json) || json < 0 || json >= 2 ** bits) {
    refuse(place, `${show(json)} is not a whole number of ${bits} bits`);
  }
  return json;
}

function readBigint(json: unknown, bits: number, place: string): bigint {
  if (typeof json !== 'string' || !/^0x[0-9a-f]+$/i.test(json)) {
    refuse(place, `${show(json)} is not a number written as "0x…"`);
  }
  const value = BigInt(json);
  if (value >> BigInt(bits) !== 0n) refuse(place, `${json} does not fit in ${bits} bits`);
  return value;
}

function readBytes(json: unknown, place: string): Uint8Array {
  if (typeof json !== 'string' || json.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(json)) {
    refuse(place, `${show(json)} is not bytes in hex digits`);
  }
  const bytes = new Uint8Array(json.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(json.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

function readText(json: unknown, place: string): string {
  if (typeof json !== 'string') refuse(place, `${show(json)} is not text`);
  return json;
}

/** Text that `parse` accepts. */
function readParsed<T>(json: unknown, place: string, parse: (text: string) => T): T {
  const text = readText(json, place);
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof OpenFlowBadValueError) refuse(place, error.message);
    throw error;
  }
}

function readName(json: unknown, names: readonly string[], place: string): string {
  if (typeof json !== 'string' || !names.includes(json)) {
    refuse(place, `${show(json)} is not one of ${names.join(', ')}`);
  }
  return json;
}

function plainObject(json: unknown, place: string): Plain {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    refuse(place, `${show(json)} is not an object`);
  return json as Plain;
}

function read(json: unknown, node: ShapeNode, place: string): unknown {
  switch (node.kind) {
    case 'uint':
      return readNumber(json, node.bits, place);
    case 'bigint':
      return readBigint(json, node.bits, place);
    case 'boolean':
      if (typeof json !== 'boolean') refuse(place, `${show(json)} is not true or false`);
      return json;
    case 'bytes':
      return readBytes(json, place);
    case 'text': {
      const text = readText(json, place);
      if (text.length > node.max) refuse(place, `it is longer than ${node.max} characters`);
      return text;
    }
    case 'mac':
      return readParsed(json, place, (text) => formatMac(parseMac(text)));
    case 'ipv4':
      return readParsed(json, place, (text) => formatIpv4(parseIpv4(text)));
    case 'ipv6':
      return readParsed(json, place, (text) => formatIpv6(parseIpv6(text)));
    case 'address':
      return readParsed(json, place, (text) =>
        text.includes(':') ? formatIpv6(parseIpv6(text)) : formatIpv4(parseIpv4(text)),
      );
    case 'name':
      return readName(json, node.names, place);
    case 'list': {
      if (!Array.isArray(json)) refuse(place, `${show(json)} is not a list`);
      if (node.count !== undefined && json.length !== node.count)
        refuse(place, `${node.count} items are wanted`);
      return json.map((item, index) => read(item, node.of, `${place}[${index}]`));
    }
    case 'optional':
      return read(json, node.of, place);
    case 'object':
      return readObject(plainObject(json, place), node.members, place, {});
    case 'tagged': {
      const given = plainObject(json, place);
      const tag = readName(given[node.tag], Object.keys(node.cases), `${place}.${node.tag}`);
      return readObject(given, node.cases[tag]!.members, place, { [node.tag]: tag });
    }
    case 'keyed':
      return read(json, node.key in plainObject(json, place) ? node.present : node.absent, place);
    case 'numberOr':
      return typeof json === 'number' ? readNumber(json, node.bits, place) : read(json, node.other, place);
    case 'field':
      return readField(json, place);
    case 'lazy':
      return read(json, node.get(), place);
    case 'errorCode':
      if (typeof json === 'string') return readName(json, ERROR_NAMES, place);
      return read(json, ERROR_NUMBERS, place);
    case 'value':
      return refuse(place, 'a value without a field');
  }
}

function readObject(
  json: Plain,
  members: Readonly<Record<string, ShapeNode>>,
  place: string,
  result: Plain,
): Plain {
  for (const key of Object.keys(json)) {
    if (!Object.hasOwn(members, key) && !Object.hasOwn(result, key))
      refuse(`${place}.${key}`, 'there is no such member');
  }
  for (const [key, node] of Object.entries(members)) {
    const member = json[key];
    const at = `${place}.${key}`;
    if (member === undefined) {
      if (node.kind !== 'optional') refuse(at, 'it is missing');
      continue;
    }
    const inner = node.kind === 'optional' ? node.of : node;
    result[key] =
      inner.kind === 'value' ? readValue(member, result['field'] as OxmField, at) : read(member, inner, at);
  }
  return result;
}

function readField(json: unknown, place: string): OxmField {
  if (json === RAW_OXM.name) return RAW_OXM;
  const field = typeof json === 'string' ? findField(json) : undefined;
  if (field === undefined) refuse(place, `${show(json)} is not the name of a field`);
  return field;
}

function readValue(json: unknown, field: OxmField, place: string): FieldValue {
  if (field.kind === 'bytes') return readBytes(json, place);
  if (field.display === 'ipv6') return readParsed(json, place, parseIpv6);
  if (field.kind === 'bigint') return readBigint(json, field.length * 8, place);
  if (field.display === 'ethernet') return readParsed(json, place, parseMac);
  if (field.display === 'ipv4') return readParsed(json, place, parseIpv4);
  return readNumber(json, field.length * 8, place);
}
