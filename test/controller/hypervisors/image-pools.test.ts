/**
 * Storage pools for copies, at a libvirtd that has the pools of a map: whoever needs one has it, and none stays.
 */
import { beforeEach, expect, test } from 'vitest';
import { ImagePools, type PoolClient } from '../../../controller/hypervisors/image-pools.ts';
import { poolName } from '../../../controller/hypervisors/storage.ts';
import { LibvirtCallError } from '../../../controller/libvirt/index.ts';

const [DISKS, LOGS] = ['/srv/disks', '/srv/logs'];
const NO_STORAGE_POOL = 49;
const UUID = '00000000-0000-0000-0000-000000000001';

/** Pools by directory. */
let pools: Map<string, string>;
let done: string[];
let refuses: string | undefined;

const failure = (number: number): LibvirtCallError =>
  new LibvirtCallError('storage_pool', undefined, 'here', { number, domain: 18, message: 'no', level: 2 });

const client: PoolClient = {
  async storagePoolLookupByTargetPath(path) {
    await Promise.resolve();
    const name = pools.get(path);
    if (name === undefined) throw failure(NO_STORAGE_POOL);
    return { name, uuid: UUID };
  },
  async storagePoolCreateXml(xml) {
    await Promise.resolve();
    const [, name = '', path = ''] = /<name>(.*)<\/name>.*<path>(.*)<\/path>/.exec(xml) ?? [];
    if (path === refuses) throw failure(1);
    if (pools.has(path)) throw failure(9);
    pools.set(path, name);
    done.push(`start ${path}`);
    return { name, uuid: UUID };
  },
  async storagePoolDestroy({ name }) {
    await Promise.resolve();
    const [path = ''] = [...pools].find(([, one]) => one === name) ?? [];
    pools.delete(path);
    done.push(`end ${path}`);
  },
};

let images: ImagePools;
let current: PoolClient | undefined;
beforeEach(() => {
  pools = new Map();
  done = [];
  refuses = undefined;
  current = client;
  images = new ImagePools(() => current);
});

test('a directory has a pool for as long as it is needed', async () => {
  const end = await images.admit(client, [DISKS]);
  expect(pools.get(DISKS)).toBe(poolName(DISKS));
  await end();
  await end();
  expect(done).toEqual([`start ${DISKS}`, `end ${DISKS}`]);
});

test('copies at a time share a pool, and the last one ends it', async () => {
  const [first, second] = await Promise.all([
    images.admit(client, [DISKS]),
    images.admit(client, [DISKS, LOGS]),
  ]);
  expect(done).toEqual([`start ${DISKS}`, `start ${LOGS}`]);
  await first();
  await first();
  expect([...pools.keys()]).toEqual([DISKS, LOGS]);
  const [third] = await Promise.all([images.admit(client, [DISKS]), second()]);
  expect([...pools.keys()]).toEqual([DISKS]);
  await third();
  expect(pools.size).toBe(0);
});

test('a pool that is somebody else’s stays', async () => {
  pools.set(DISKS, 'default');
  const end = await images.admit(client, [DISKS]);
  await end();
  expect(done).toEqual([]);
});

test('a pool that a killed controller left is taken over, one that went with libvirtd is made again', async () => {
  pools.set(DISKS, poolName(DISKS));
  const first = await images.admit(client, [DISKS]);
  expect(done).toEqual([]);
  pools.clear();
  const second = await images.admit(client, [DISKS]);
  await first();
  expect([...pools.keys()]).toEqual([DISKS]);
  await second();
  expect(done).toEqual([`start ${DISKS}`, `end ${DISKS}`]);
});

test('what was started goes when a later directory is refused, and the next request is served', async () => {
  refuses = LOGS;
  await expect(images.admit(client, [DISKS, LOGS])).rejects.toThrow(LibvirtCallError);
  expect(done).toEqual([`start ${DISKS}`, `end ${DISKS}`]);
  refuses = undefined;
  await images.admit(client, [LOGS]);
  expect([...pools.keys()]).toEqual([LOGS]);
});

test('an end while libvirtd is away leaves the pool to the next copy', async () => {
  const end = await images.admit(client, [DISKS]);
  current = undefined;
  await end();
  expect([...pools.keys()]).toEqual([DISKS]);
  current = client;
  await (
    await images.admit(client, [DISKS])
  )();
  expect(pools.size).toBe(0);
});
