/** Three servers of one Raft cluster on the loopback, and the end of their leader. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  connect,
  openVSwitch,
  OvsdbOutcomeUnknownError,
  transaction,
  type Batch,
  type OvsdbClient,
} from '../../../controller/ovsdb/index.ts';
import {
  eventually,
  openVSwitchSchemaFile,
  RealServer,
  removeDirectory,
  temporaryDirectory,
  tool,
} from './ovsdb-server.ts';

const directory = temporaryDirectory();
const servers: RealServer[] = [];
const clients: OvsdbClient[] = [];
let cid: string;
/** The one that the first test ended and started again. */
let restarted: RealServer | undefined;

function freePorts(count: number): Promise<number[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<number>((resolve) => {
          const probe = createServer();
          probe.listen(0, '127.0.0.1', () => {
            const address = probe.address();
            // All are held until all are known, so that none is given twice.
            setTimeout(() => probe.close(() => resolve((address as { port: number }).port)), 50);
          });
        }),
    ),
  );
}

beforeAll(async () => {
  const raft = (await freePorts(3)).map((port) => `tcp:127.0.0.1:${port}`);
  const files = raft.map((_, index) => join(directory, `${index}.db`));
  await tool('ovsdb-tool', 'create-cluster', files[0]!, openVSwitchSchemaFile, raft[0]!);
  for (const index of [1, 2]) {
    await tool('ovsdb-tool', 'join-cluster', files[index]!, 'Open_vSwitch', raft[index]!, raft[0]!);
  }
  for (const databaseFile of files) servers.push(await RealServer.start({ databaseFile }));
  for (const server of servers) {
    await eventually('the server joined', async () =>
      (await server.appctl('cluster/status', 'Open_vSwitch')).includes('Status: cluster member'),
    );
  }
  cid = await tool('ovsdb-tool', 'db-cid', files[0]!);
}, 30_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
  removeDirectory(directory);
});

function open(leaderOnly: boolean, members = servers, id = cid): OvsdbClient {
  const client = connect({
    remotes: [...members.map(({ remote }) => remote), `cid:${id}`],
    database: 'Open_vSwitch',
    leaderOnly,
    backoffMinimum: 50,
    backoffMaximum: 200,
  });
  clients.push(client);
  return client;
}

async function leader(): Promise<RealServer> {
  for (const server of servers) {
    const status = await server.appctl('cluster/status', 'Open_vSwitch').catch(() => '');
    if (status.includes('Role: leader')) return server;
  }
  throw new Error('no leader');
}

describe('a cluster', () => {
  test('is used by its leader, and by the next one after kill -9', async () => {
    const client = open(true);
    await client.ready();
    const first = await leader();
    expect(client.remote).toBe(first.remote);
    expect(client.role).toMatchObject({ model: 'clustered', leader: true, cid });

    const replica = await client.replicate(openVSwitch, { Open_vSwitch: true });
    const tx = transaction(openVSwitch);
    const row = tx.insert('Open_vSwitch', { external_ids: { n: '0' } });
    const uuid = (await client.transact(tx)).get(row);
    const kept = replica.table('Open_vSwitch').get(uuid);
    expect(replica.transaction).toBeDefined();

    const log: string[] = [];
    const batches: Batch[] = [];
    replica.on('stale', () => log.push('stale'));
    replica.on('changes', (batch) => {
      log.push(batch.cause);
      batches.push(batch);
    });
    const back = new Promise<boolean>((resolve) => replica.on('reconnected', ({ found }) => resolve(found)));
    restarted = first;
    await first.kill('SIGKILL');
    // The cluster's log tells what was missed, though another server is asked.
    expect(await back).toBe(true);
    expect(log).toEqual(['stale']);
    expect(replica.table('Open_vSwitch').get(uuid)).toBe(kept);
    expect(client.remote).not.toBe(first.remote);
    expect(client.role?.leader).toBe(true);

    const next = transaction(openVSwitch);
    next.update('Open_vSwitch', { _uuid: uuid }, { external_ids: { n: '1' } });
    await client.transact(next);
    expect(replica.table('Open_vSwitch').get(uuid)?.external_ids.get('n')).toBe('1');
    expect(batches).toHaveLength(1);
    await first.run();
    await client.close();
  });

  test('tells what was missed while a client was away', async () => {
    // A server that was started anew has forgotten the history that it would tell it from.
    const client = open(
      false,
      servers.filter((server) => server !== restarted),
    );
    const writer = open(true);
    // A server remembers no more history than it has data.
    const bulk = transaction(openVSwitch);
    for (let n = 0; n < 100; n++) bulk.insert('Queue', { external_ids: { n: String(n) } });
    await writer.transact(bulk);
    const replica = await client.replicate(openVSwitch, { Open_vSwitch: true });
    const [row] = replica.table('Open_vSwitch').rows();
    const set = async (n: string) => {
      const tx = transaction(openVSwitch);
      tx.update('Open_vSwitch', { _uuid: row!._uuid }, { external_ids: { n } });
      await writer.transact(tx);
    };
    await set('before');
    await replica.until(() =>
      replica.table('Open_vSwitch').get(row!._uuid)?.external_ids.get('n') === 'before' ? true : undefined,
    );
    const batches: Batch[] = [];
    replica.on('changes', (batch) => batches.push(batch));
    const back = new Promise<boolean>((resolve) => replica.on('reconnected', ({ found }) => resolve(found)));
    client.reconnect();
    await set('between');
    await set('after');
    expect(await back).toBe(true);
    await replica.until(() =>
      replica.table('Open_vSwitch').get(row!._uuid)?.external_ids.get('n') === 'after' ? true : undefined,
    );
    const values = batches.flatMap(({ tables }) => tables['Open_vSwitch']?.modified ?? []);
    expect(values.length).toBeGreaterThan(0);
    await Promise.all([client.close(), writer.close()]);
  });

  test('whose leader dies in the middle of transactions: each is told apart, none is lost silently', async () => {
    const client = open(true);
    const setup = transaction(openVSwitch);
    const rows = setup.select('Open_vSwitch', 'all', []);
    const row = (await client.transact(setup)).get(rows)[0]!._uuid;
    const doomed = await leader();
    const outcomes = new Map<number, 'committed' | 'unknown' | 'unsent'>();
    const all = Array.from({ length: 200 }, async (_, n) => {
      const tx = transaction(openVSwitch);
      tx.mutate('Open_vSwitch', { _uuid: row }, [['external_ids', 'insert', { [`tx-${n}`]: 'x' }]]);
      try {
        await client.transact(tx);
        outcomes.set(n, 'committed');
      } catch (error) {
        outcomes.set(n, error instanceof OvsdbOutcomeUnknownError ? 'unknown' : 'unsent');
      }
      if (n === 20) await doomed.kill('SIGKILL');
    });
    await Promise.all(all);
    await client.ready();
    const check = transaction(openVSwitch);
    const now = check.select('Open_vSwitch', { _uuid: row }, ['external_ids']);
    const ids = (await client.transact(check)).get(now)[0]!.external_ids;
    expect(outcomes.size).toBe(200);
    expect([...outcomes.values()]).toContain('committed');
    expect([...outcomes.values()]).toContain('unknown');
    for (const [n, outcome] of outcomes) {
      if (outcome === 'committed') expect(ids.has(`tx-${n}`)).toBe(true);
      if (outcome === 'unsent') expect(ids.has(`tx-${n}`)).toBe(false);
    }
    await doomed.run();
    await client.close();
  });

  test('of another name is not used', async () => {
    const client = open(false, servers, '12345678-1234-4234-8234-123456789abc');
    await expect(client.ready({ timeout: 700 })).rejects.toMatchObject({ code: 'OVSDB_NOT_CONNECTED' });
    expect(client.lastError).toMatchObject({ code: 'OVSDB_UNSUITABLE_SERVER' });
    await client.close();
  });
});
