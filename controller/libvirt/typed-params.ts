/**
 * `remote_typed_param`: how libvirt passes what may grow from release to release, a list of named values with
 * their types (virTypedParameterType of libvirt-common.h). A name may occur more than once.
 */
import { libvirt as limits } from '../limits.ts';
import { XdrValueError } from './errors.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export type TypedParamValue =
  | { readonly type: 'int' | 'uint' | 'double'; readonly value: number }
  | { readonly type: 'llong' | 'ullong'; readonly value: bigint }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string };

export type TypedParam = { readonly field: string } & TypedParamValue;

const types = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

export function readTypedParam(reader: XdrReader): TypedParam {
  const field = reader.string(limits.stringMaxBytes);
  const type = reader.int();
  switch (type) {
    case types.int:
      return { field, type: 'int', value: reader.int() };
    case types.uint:
      return { field, type: 'uint', value: reader.uint() };
    case types.llong:
      return { field, type: 'llong', value: reader.hyper() };
    case types.ullong:
      return { field, type: 'ullong', value: reader.uhyper() };
    case types.double:
      return { field, type: 'double', value: reader.double() };
    case types.boolean:
      // An int on the wire, of which libvirt takes any but zero for true.
      return { field, type: 'boolean', value: reader.int() !== 0 };
    case types.string:
      return { field, type: 'string', value: reader.string(limits.stringMaxBytes) };
    default:
      throw new XdrValueError(
        `the parameter '${field}' has the type ${type}, which libvirt 9.0 does not know`,
      );
  }
}

export function writeTypedParam(writer: XdrWriter, param: TypedParam): void {
  writer.string(param.field, limits.stringMaxBytes);
  writer.int(types[param.type]);
  switch (param.type) {
    case 'int':
      writer.int(param.value);
      break;
    case 'uint':
      writer.uint(param.value);
      break;
    case 'llong':
      writer.hyper(param.value);
      break;
    case 'ullong':
      writer.uhyper(param.value);
      break;
    case 'double':
      writer.double(param.value);
      break;
    case 'boolean':
      writer.int(param.value ? 1 : 0);
      break;
    case 'string':
      writer.string(param.value, limits.stringMaxBytes);
      break;
  }
}
