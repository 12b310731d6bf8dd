/** How the protocol names a storage pool (`remote_nonnull_storage_pool`), and a pool that is a plain directory. */
import { libvirt as limits } from '../limits.ts';
import { readUuid, writeUuid } from './domain-ref.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface StoragePoolRef {
  readonly name: string;
  /** In lower case, with dashes. */
  readonly uuid: string;
}

export function readStoragePool(reader: XdrReader): StoragePoolRef {
  return { name: reader.string(limits.stringMaxBytes), uuid: readUuid(reader) };
}

export function writeStoragePool(writer: XdrWriter, pool: StoragePoolRef): void {
  writer.string(pool.name, limits.stringMaxBytes);
  writeUuid(writer, pool.uuid);
}

/** libvirt.org/formatstorage.html */
export function directoryPoolXml(name: string, path: string): string {
  const text = (value: string): string => value.replace(/[&<>'"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<pool type='dir'><name>${text(name)}</name><target><path>${text(path)}</path></target></pool>`;
}
