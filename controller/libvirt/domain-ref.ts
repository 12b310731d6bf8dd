/**
 * How the protocol names a domain (`remote_nonnull_domain`): libvirt finds it by its UUID; the name is for its
 * messages and the ID may be out of date by the time it is used.
 */
import { libvirt as limits } from '../limits.ts';
import { LibvirtArgumentError } from './errors.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface DomainRef {
  readonly name: string;
  /** In lower case, with dashes. */
  readonly uuid: string;
  /** The ID of the running domain on its host, or -1 when it does not run. */
  readonly id: number;
}

const UUID_BYTES = 16;
const UUID_TEXT = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** @throws LibvirtArgumentError for anything but 32 hexadecimal digits, with or without the usual dashes. */
export function uuidBytes(uuid: string): Uint8Array {
  if (!UUID_TEXT.test(uuid)) throw new LibvirtArgumentError(`'${uuid}' is not a UUID`);
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function readUuid(reader: XdrReader): string {
  return uuidText(reader.fixedOpaque(UUID_BYTES));
}

export function writeUuid(writer: XdrWriter, uuid: string): void {
  writer.fixedOpaque(uuidBytes(uuid));
}

export function readDomain(reader: XdrReader): DomainRef {
  return { name: reader.string(limits.stringMaxBytes), uuid: readUuid(reader), id: reader.int() };
}

export function writeDomain(writer: XdrWriter, domain: DomainRef): void {
  writer.string(domain.name, limits.stringMaxBytes);
  writeUuid(writer, domain.uuid);
  writer.int(domain.id);
}
