/** Messages that make and keep a session: hello, error, echo, features, configuration, roles, asynchronous configuration. */
import { errorName, errorNumbers } from '../error-names.ts';
import { OpenFlowBadLengthError, OpenFlowBadValueError } from '../errors.ts';
import { AsyncTypes, RoleReasons, Roles } from '../names.ts';
import { beginProperty, u32Property } from '../properties.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type {
  AsyncConfig,
  ErrorMessage,
  FeaturesReply,
  Hello,
  RoleMessage,
  RoleStatus,
  SwitchConfig,
} from './types.ts';

const VERSION_BITMAP = 1;

export function decodeHello(r: Reader, xid: number, version: number): Hello {
  const hello: { -readonly [K in keyof Hello]: Hello[K] } = { type: 'hello', xid, version };
  if (r.end - r.position >= 8) {
    const start = r.position;
    if (r.u16() === VERSION_BITMAP && r.u16() === 8) {
      const bitmap = r.u32();
      const versions: number[] = [];
      for (let bit = 0; bit < 32; bit++) if ((bitmap >>> bit) & 1) versions.push(bit);
      hello.versions = versions;
    } else {
      r.position = start;
    }
  }
  if (r.position < r.end) hello.others = r.copyRange(r.position, r.end);
  return hello;
}

export function encodeHello(w: Writer, hello: Hello): void {
  if (hello.versions !== undefined) {
    let bitmap = 0;
    for (const version of hello.versions) {
      if (!Number.isInteger(version) || version < 0 || version > 31) {
        throw new OpenFlowBadValueError('hello.versions', w.position, `${version} is not 0 to 31`);
      }
      bitmap |= 1 << version;
    }
    w.u16(VERSION_BITMAP, 'hello');
    w.u16(8, 'hello');
    w.u32(bitmap >>> 0, 'hello.versions');
  }
  if (hello.others !== undefined) w.raw(hello.others);
}

const EXPERIMENTER_ERROR = 0xffff;

export function decodeError(r: Reader, xid: number, version: number): ErrorMessage {
  r.need(4, 'error');
  const type = r.u16();
  const code = r.u16();
  let experimenter: number | undefined;
  if (type === EXPERIMENTER_ERROR) {
    r.need(4, 'error.experimenter');
    experimenter = r.u32();
  }
  const name = errorName(type, code, experimenter ?? 0);
  const error = name ?? (experimenter === undefined ? { type, code } : { type, code, experimenter });
  return { type: 'error', xid, version, error, data: r.copyRange(r.position, r.end) };
}

export function encodeError(w: Writer, message: ErrorMessage): void {
  const numbers = typeof message.error === 'string' ? errorNumbers(message.error) : message.error;
  if (numbers === undefined) {
    throw new OpenFlowBadValueError(
      'error.error',
      w.position,
      `there is no error ${JSON.stringify(message.error)}`,
    );
  }
  if ((numbers.type === EXPERIMENTER_ERROR) !== (numbers.experimenter !== undefined)) {
    throw new OpenFlowBadValueError(
      'error.error',
      w.position,
      'an experimenter goes with type 0xffff and only with it',
    );
  }
  w.u16(numbers.type, 'error.type');
  w.u16(numbers.code, 'error.code');
  if (numbers.experimenter !== undefined) w.u32(numbers.experimenter, 'error.experimenter');
  w.raw(message.data);
}

/** Throws `OPENFLOW_BAD_LENGTH` unless exactly `count` bytes are left. */
export function exactly(r: Reader, count: number, what: string): void {
  r.need(count, what);
  if (r.end - r.position !== count) {
    throw new OpenFlowBadLengthError(
      what,
      r.offset,
      `${count} bytes are wanted, ${r.end - r.position} are left`,
    );
  }
}

export function decodeFeaturesReply(r: Reader, xid: number): FeaturesReply | undefined {
  exactly(r, 24, 'features_reply');
  const datapathId = r.u64();
  const nBuffers = r.u32();
  const nTables = r.u8();
  const auxiliaryId = r.u8();
  if (r.u16() !== 0) return undefined;
  return {
    type: 'features_reply',
    xid,
    datapathId,
    nBuffers,
    nTables,
    auxiliaryId,
    capabilities: r.u32(),
    reserved: r.u32(),
  };
}

export function encodeFeaturesReply(w: Writer, message: FeaturesReply): void {
  w.u64(message.datapathId, 'features_reply.datapathId');
  w.u32(message.nBuffers, 'features_reply.nBuffers');
  w.u8(message.nTables, 'features_reply.nTables');
  w.u8(message.auxiliaryId, 'features_reply.auxiliaryId');
  w.zeros(2);
  w.u32(message.capabilities, 'features_reply.capabilities');
  w.u32(message.reserved, 'features_reply.reserved');
}

export function decodeSwitchConfig(r: Reader, xid: number, type: SwitchConfig['type']): SwitchConfig {
  exactly(r, 4, type);
  return { type, xid, flags: r.u16(), missSendLen: r.u16() };
}

export function encodeSwitchConfig(w: Writer, message: SwitchConfig): void {
  w.u16(message.flags, 'config.flags');
  w.u16(message.missSendLen, 'config.missSendLen');
}

export function decodeRole(r: Reader, xid: number, type: RoleMessage['type']): RoleMessage | undefined {
  exactly(r, 16, type);
  const role = Roles.name(r.u32());
  const shortId = r.u16();
  if (role === undefined || r.u16() !== 0) return undefined;
  return { type, xid, role, shortId, generationId: r.u64() };
}

export function encodeRole(w: Writer, message: RoleMessage): void {
  w.u32(Roles.number(message.role, w, 'role.role'), 'role.role');
  w.u16(message.shortId, 'role.shortId');
  w.zeros(2);
  w.u64(message.generationId, 'role.generationId');
}

export function decodeRoleStatus(r: Reader, xid: number): RoleStatus | undefined {
  r.need(16, 'role_status');
  const role = Roles.name(r.u32());
  const reason = RoleReasons.name(r.u8());
  if (role === undefined || reason === undefined || !r.zeros(3)) return undefined;
  const generationId = r.u64();
  return { type: 'role_status', xid, role, reason, generationId, properties: r.copyRange(r.position, r.end) };
}

export function encodeRoleStatus(w: Writer, message: RoleStatus): void {
  w.u32(Roles.number(message.role, w, 'role_status.role'), 'role_status.role');
  w.u8(RoleReasons.number(message.reason, w, 'role_status.reason'), 'role_status.reason');
  w.zeros(3);
  w.u64(message.generationId, 'role_status.generationId');
  w.raw(message.properties);
}

export function decodeAsyncConfig(r: Reader, xid: number, type: AsyncConfig['type']): AsyncConfig {
  const masks: AsyncConfig['masks'][number][] = [];
  while (r.position < r.end) {
    const head = beginProperty(r, r.end, type);
    const name = AsyncTypes.name(head.type);
    const mask = name === undefined ? undefined : u32Property(r, head);
    if (name === undefined || mask === undefined) {
      return { type, xid, masks, others: r.copyRange(head.start, r.end) };
    }
    masks.push({ type: name, mask });
  }
  return { type, xid, masks };
}

export function encodeAsyncConfig(w: Writer, message: AsyncConfig): void {
  for (const { type, mask } of message.masks) {
    w.u16(AsyncTypes.number(type, w, 'async.type'), 'async.type');
    w.u16(8, 'async');
    w.u32(mask, 'async.mask');
  }
  if (message.others !== undefined) w.raw(message.others);
}
