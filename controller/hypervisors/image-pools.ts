/**
 * Storage pools that let libvirt make images in directories which have none: started for as long as a copy of storage
 * needs them. Copies that need the same directory share its pool, and the last one ends it. So each request waits for the one
 * before it: whether a pool is there, and whether it is still needed, is asked and acted upon at once.
 */
import {
  directoryPoolXml,
  isLibvirtError,
  type LibvirtClient,
  type StoragePoolRef,
} from '../libvirt/index.ts';
import { poolName } from './storage.ts';

export type PoolClient = Pick<
  LibvirtClient,
  'storagePoolLookupByTargetPath' | 'storagePoolCreateXml' | 'storagePoolDestroy'
>;

interface Started {
  readonly pool: StoragePoolRef;
  readonly users: number;
}

export class ImagePools {
  /** The client of the connection that there is now; undefined: there is none. */
  readonly #client: () => PoolClient | undefined;
  /** By directory. */
  readonly #started = new Map<string, Started>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: () => PoolClient | undefined) {
    this.#client = client;
  }

  /**
   * Resolves when each directory has a pool; one that is missing is made with its pool. What is given ends those that nobody
   * else needs; calling it twice is calling it once.
   */
  async admit(client: PoolClient, directories: readonly string[]): Promise<() => Promise<void>> {
    const used: string[] = [];
    let ended: Promise<void> | undefined;
    const end = (): Promise<void> => (ended ??= this.#endAll(used));
    try {
      for (const path of directories) {
        if (await this.#inTurn(() => this.#use(client, path))) used.push(path);
      }
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  /** False: its pool is somebody else's, and stays. */
  async #use(client: PoolClient, path: string): Promise<boolean> {
    const users = (this.#started.get(path)?.users ?? 0) + 1;
    const found = await find(client, path);
    // Ours by its name: of another copy, or left by a controller that was killed.
    if (found !== undefined && found.name !== poolName(path)) return false;
    const xml = directoryPoolXml(poolName(path), path);
    const pool = found ?? (await client.storagePoolCreateXml(xml, { withBuild: true }));
    this.#started.set(path, { pool, users });
    return true;
  }

  async #endAll(paths: readonly string[]): Promise<void> {
    // One that stays, since libvirtd is away, is taken over by the next copy.
    await Promise.allSettled(paths.map((path) => this.#inTurn(() => this.#leave(path))));
  }

  async #leave(path: string): Promise<void> {
    const started = this.#started.get(path);
    if (started === undefined) return;
    const users = started.users - 1;
    if (users > 0) {
      this.#started.set(path, { ...started, users });
      return;
    }
    this.#started.delete(path);
    await this.#client()?.storagePoolDestroy(started.pool);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

async function find(client: PoolClient, path: string): Promise<StoragePoolRef | undefined> {
  try {
    return await client.storagePoolLookupByTargetPath(path);
  } catch (error) {
    if (!isLibvirtError(error, 'VIR_ERR_NO_STORAGE_POOL')) throw error;
    return undefined;
  }
}
