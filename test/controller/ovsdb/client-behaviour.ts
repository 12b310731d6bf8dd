/**
 * What every OVSDB server and our client must do together. The same tests run against the fake server here
 * and against real ones in test/ovs, so that the fake stays honest.
 */
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  connect,
  openVSwitch,
  OvsdbAbortedError,
  OvsdbClosedError,
  OvsdbConstraintViolationError,
  OvsdbNotConnectedError,
  OvsdbNotOwnerError,
  OvsdbOperationError,
  OvsdbReferentialIntegrityError,
  OvsdbRequestError,
  OvsdbWaitTimedOutError,
  transaction,
  uuid,
  type Batch,
  type ConnectOptions,
  type OpenVSwitchTables,
  type OvsdbClient,
  type Replica,
  type TlsOptions,
  type Uuid,
} from '../../../controller/ovsdb/index.ts';

/** A server of an empty Open_vSwitch database. */
export interface ServerFixture {
  readonly remote: string;
  readonly tls?: TlsOptions;
  /** Ends the server as a crash would, and starts it again with the same database. */
  kill(): Promise<void>;
  revive(): Promise<void>;
  stop(): Promise<void>;
}

export function behavesAsClientOf(name: string, start: () => Promise<ServerFixture>): void {
  describe(`a client of ${name}`, () => {
    let server: ServerFixture;
    const clients: OvsdbClient[] = [];

    beforeAll(async () => {
      server = await start();
      const client = open();
      const tx = transaction(openVSwitch);
      tx.insert('Open_vSwitch', {});
      await client.transact(tx);
    });
    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
    });
    afterAll(() => server.stop());

    function open(options: Partial<ConnectOptions> = {}): OvsdbClient {
      const client = connect({
        remotes: server.remote,
        database: 'Open_vSwitch',
        backoffMinimum: 20,
        backoffMaximum: 100,
        ...(server.tls === undefined ? {} : { tls: server.tls }),
        ...options,
      });
      clients.push(client);
      return client;
    }

    /** A bridge with a port and an interface of the same name. */
    async function addBridge(client: OvsdbClient, bridge: string): Promise<Uuid<'Bridge'>> {
      const tx = transaction(openVSwitch);
      const port = tx.insert('Port', {
        name: bridge,
        interfaces: [tx.insert('Interface', { name: bridge, type: 'internal' })],
      });
      const row = tx.insert('Bridge', { name: bridge, ports: [port], datapath_type: 'netdev' });
      tx.mutate('Open_vSwitch', 'all', [['bridges', 'insert', [row]]]);
      return (await client.transact(tx)).get(row);
    }

    test('lists databases and tells their schema', async () => {
      const client = open();
      expect(await client.listDatabases()).toContain('Open_vSwitch');
      const schema = await client.getSchema('Open_vSwitch');
      expect(schema.tables['Bridge']?.columns['ports']?.key).toMatchObject({
        type: 'uuid',
        refTable: 'Port',
      });
      await expect(client.getSchema('nonesuch')).rejects.toMatchObject({
        code: 'OVSDB_REQUEST',
        error: 'unknown database',
      });
    });

    test('knows its own transaction when it is answered', async () => {
      const client = open();
      const replica = await client.replicate(openVSwitch, {
        Bridge: true,
        Port: { columns: ['interfaces'] },
      });
      const batches: Batch<{ Bridge: OpenVSwitchTables['Bridge']['row'] }>[] = [];
      replica.on('changes', (batch) => batches.push(batch));
      const ports: number[] = [];
      replica.onTable('Port', ({ inserted }, { tables }) =>
        ports.push(inserted.length, Object.keys(tables).length),
      );
      const row = await addBridge(client, 'own');
      expect(ports).toEqual([1, 2]);
      const bridge = replica.table('Bridge').get(row);
      expect(bridge).toMatchObject({
        name: 'own',
        datapath_type: 'netdev',
        fail_mode: null,
        stp_enable: false,
      });
      expect(Object.isFrozen(bridge)).toBe(true);
      expect(batches).toHaveLength(1);
      expect(batches[0]?.tables.Bridge?.inserted).toEqual([bridge]);
      const [port] = bridge!.ports;
      const portRow = replica.table('Port').get(port!);
      expect(Object.keys(portRow!)).toEqual(['_uuid', 'interfaces']);
      expectTypeOf(portRow!).toEqualTypeOf<Pick<OpenVSwitchTables['Port']['row'], '_uuid' | 'interfaces'>>();
      expect(replica.missing).toEqual([]);
    });

    test('loads what is there and follows another client, each transaction as one batch', async () => {
      const [writer, reader] = [open(), open()];
      const row = await addBridge(writer, 'follow');
      const replica = await reader.replicate(openVSwitch, { Bridge: true, Interface: true });
      const before = replica.table('Bridge').get(row)!;
      expect(before.name).toBe('follow');

      const batches: Batch[] = [];
      replica.on('changes', (batch) => batches.push(batch));
      const tx = transaction(openVSwitch);
      tx.update('Bridge', { _uuid: row }, { fail_mode: 'secure', protocols: ['OpenFlow15', 'OpenFlow13'] });
      tx.mutate('Bridge', { _uuid: row }, [
        ['external_ids', 'insert', { owner: 'älter — 日本 {"[', ['__proto__']: 'x' }],
      ]);
      tx.mutate('Interface', { name: 'follow' }, [['options', 'insert', new Map([['key', 'flow']])]]);
      await writer.transact(tx);
      const after = await replica.until(() => {
        const now = replica.table('Bridge').get(row);
        return now?.fail_mode === 'secure' ? now : undefined;
      });
      expect(batches).toHaveLength(1);
      expect(batches[0]?.tables['Bridge']?.modified).toEqual([{ old: before, new: after }]);
      expect(batches[0]?.tables['Interface']?.modified).toHaveLength(1);
      expect(after.external_ids.get('owner')).toBe('älter — 日本 {"[');
      expect(after.external_ids.get('__proto__')).toBe('x');
      expect(before.external_ids.size).toBe(0);

      const second = transaction(openVSwitch);
      second.mutate('Bridge', { _uuid: row }, [
        ['external_ids', 'delete', ['owner']],
        ['protocols', 'delete', ['OpenFlow13']],
      ]);
      second.update('Bridge', { _uuid: row }, { fail_mode: null });
      await writer.transact(second);
      const last = await replica.until(() => {
        const now = replica.table('Bridge').get(row);
        return now?.fail_mode === null ? now : undefined;
      });
      expect([...last.protocols]).toEqual(['OpenFlow15']);
      expect([...last.external_ids.keys()].includes('owner')).toBe(false);

      const third = transaction(openVSwitch);
      third.mutate('Open_vSwitch', 'all', [['bridges', 'delete', [row]]]);
      await writer.transact(third);
      await replica.until(() => (replica.table('Bridge').has(row) ? undefined : true));
      expect(batches.at(-1)?.tables['Bridge']?.deleted).toEqual([last]);
      expect(replica.table('Interface').find('name', 'follow')).toEqual([]);
    });

    test('finds rows by column, member and key, and by keys of our own', async () => {
      const client = open();
      const replica = await client.replicate(openVSwitch, { Bridge: true, Port: true, Interface: true });
      const byOwner = replica.table('Interface').index((row) => {
        const owner = row.external_ids.get('iface-id');
        return owner === undefined ? [] : [owner];
      });
      const row = await addBridge(client, 'index');
      const bridge = replica.table('Bridge').first('name', 'index')!;
      expect(bridge._uuid).toBe(row);
      const port = replica.table('Port').first('name', 'index')!;
      expect(replica.table('Bridge').find('ports', port._uuid)).toEqual([bridge]);
      const tx = transaction(openVSwitch);
      tx.update('Interface', { name: 'index' }, { external_ids: { 'iface-id': 'vm-1' } });
      await client.transact(tx);
      const [iface] = byOwner.get('vm-1');
      expect(iface?.name).toBe('index');
      expect(replica.table('Interface').find('external_ids', 'iface-id')).toEqual([iface]);
      const again = transaction(openVSwitch);
      again.update('Interface', { name: 'index' }, { external_ids: {} });
      await client.transact(again);
      expect(byOwner.has('vm-1')).toBe(false);
      expect(replica.table('Interface').find('external_ids', 'iface-id')).toEqual([]);
    });

    test('gives typed results of every operation', async () => {
      const client = open();
      await addBridge(client, 'results');
      const tx = transaction(openVSwitch);
      const selected = tx.select('Bridge', { name: 'results' }, ['name', 'ports']);
      const updated = tx.update('Bridge', [['name', '==', 'results']], { mcast_snooping_enable: true });
      const mutated = tx.mutate(
        'Interface',
        [['name', 'includes', 'results']],
        [['ingress_policing_rate', '+=', 7]],
      );
      const deleted = tx.delete('Controller', { target: 'nobody' });
      tx.wait(
        'Bridge',
        { name: 'results' },
        {
          columns: ['mcast_snooping_enable'],
          until: '==',
          rows: [{ mcast_snooping_enable: true }],
          timeout: 0,
        },
      );
      tx.comment('all of it');
      tx.commit(true);
      const after = tx.select('Interface', { name: 'results' }, ['ingress_policing_rate']);
      const outcome = await client.transact(tx);
      const [bridge] = outcome.get(selected);
      expectTypeOf(bridge!).toEqualTypeOf<
        Pick<OpenVSwitchTables['Bridge']['row'], '_uuid' | 'name' | 'ports'>
      >();
      expect(bridge?.name).toBe('results');
      expect(bridge?.ports.size).toBe(1);
      expect([outcome.get(updated), outcome.get(mutated), outcome.get(deleted)]).toEqual([1, 1, 0]);
      expect(outcome.get(after)[0]?.ingress_policing_rate).toBe(7);
    });

    test('names the operation that failed and why', async () => {
      const client = open();
      const row = await addBridge(client, 'errors');
      const wait = transaction(openVSwitch);
      wait.comment('first');
      wait.wait(
        'Bridge',
        { name: 'errors' },
        { columns: ['name'], until: '!=', rows: [{ name: 'errors' }], timeout: 0 },
      );
      const timedOut = await client.transact(wait).catch((error: unknown) => error);
      expect(timedOut).toBeInstanceOf(OvsdbWaitTimedOutError);
      expect(timedOut).toMatchObject({
        error: 'timed out',
        operation: { index: 1, op: 'wait', table: 'Bridge' },
      });

      const abort = transaction(openVSwitch);
      abort.update('Bridge', { _uuid: row }, { fail_mode: 'secure' });
      abort.abort();
      await expect(client.transact(abort)).rejects.toBeInstanceOf(OvsdbAbortedError);

      const dangling = transaction(openVSwitch);
      dangling.update(
        'Bridge',
        { _uuid: row },
        { ports: [uuid<'Port'>('12345678-1234-1234-1234-123456789abc')] },
      );
      const integrity = await client.transact(dangling).catch((error: unknown) => error);
      expect(integrity).toBeInstanceOf(OvsdbReferentialIntegrityError);
      // It is the commit that finds it.
      expect(integrity).toMatchObject({ operation: undefined });

      const constraint = transaction(openVSwitch);
      constraint.insert('Bridge', { name: 'one' });
      constraint.update('Port', { name: 'errors' }, { tag: 5000 });
      const violation = await client.transact(constraint).catch((error: unknown) => error);
      expect(violation).toBeInstanceOf(OvsdbConstraintViolationError);
      expect(violation).toMatchObject({ operation: { index: 1, op: 'update', table: 'Port' } });

      const owner = transaction(openVSwitch);
      owner.assert('nobody_holds_this');
      await expect(client.transact(owner)).rejects.toBeInstanceOf(OvsdbNotOwnerError);

      const check = transaction(openVSwitch);
      const rows = check.select('Bridge', { _uuid: row }, ['fail_mode']);
      expect((await client.transact(check)).get(rows)[0]?.fail_mode).toBeNull();
    });

    test('compares and swaps', async () => {
      const client = open();
      const row = await addBridge(client, 'swap');
      const swap = (from: 'a' | 'b' | null, to: 'a' | 'b') =>
        client.compareAndSwap(
          openVSwitch,
          'Bridge',
          row,
          { external_ids: from === null ? {} : { owner: from } },
          { external_ids: { owner: to } },
        );
      expect(await swap(null, 'a')).toBe(true);
      expect(await swap(null, 'b')).toBe(false);
      expect(await swap('a', 'b')).toBe(true);
      const racers = await Promise.all(Array.from({ length: 8 }, () => swap('b', 'a')));
      expect(racers.filter(Boolean)).toHaveLength(1);
      const gone = uuid<'Bridge'>('12345678-1234-1234-1234-123456789abc');
      expect(
        await client.compareAndSwap(openVSwitch, 'Bridge', gone, { name: 'x' }, { fail_mode: null }),
      ).toBe(false);
    });

    test('replicates by condition, and changes conditions', async () => {
      const client = open();
      const [a, b] = [await addBridge(client, 'cond-a'), await addBridge(client, 'cond-b')];
      const replica = await client.replicate(openVSwitch, {
        Bridge: { columns: ['name', 'fail_mode'], where: [['name', '==', 'cond-a']] },
      });
      expect(
        replica
          .table('Bridge')
          .rows()
          .map(({ _uuid }) => _uuid),
      ).toEqual([a]);
      await replica.setConditions({
        Bridge: [
          ['name', '==', 'cond-b'],
          ['name', '==', 'none'],
        ],
      });
      expect(
        replica
          .table('Bridge')
          .rows()
          .map(({ _uuid }) => _uuid),
      ).toEqual([b]);
      await replica.setConditions({ Bridge: [] });
      expect(replica.table('Bridge').has(a)).toBe(true);
      expect(replica.table('Bridge').has(b)).toBe(true);
    });

    test('comes back after the server died, and tells only what differs', async () => {
      const [client, other] = [open(), open()];
      const row = await addBridge(client, 'reborn');
      const replica = await client.replicate(openVSwitch, { Bridge: true });
      const kept = replica.table('Bridge').get(row);
      const log: string[] = [];
      const batches: Batch[] = [];
      replica.on('stale', () => log.push('stale'));
      replica.on('changes', (batch) => {
        log.push(batch.cause);
        batches.push(batch);
      });
      const back = new Promise<void>((resolve) => {
        replica.on('reconnected', () => {
          log.push('reconnected');
          resolve();
        });
      });
      await server.kill();
      await server.revive();
      await back;
      expect(log).toEqual(['stale', 'reconnected']);
      // Nothing changed: not even the identity of the row.
      expect(replica.table('Bridge').get(row)).toBe(kept);
      expect(replica.status).toBe('current');
      const tx = transaction(openVSwitch);
      tx.update('Bridge', { _uuid: row }, { fail_mode: 'secure' });
      await other.transact(tx);
      await replica.until(() =>
        replica.table('Bridge').get(row)?.fail_mode === 'secure' ? true : undefined,
      );
      expect(log).toEqual(['stale', 'reconnected', 'update']);
      expect(batches[0]?.tables['Bridge']?.modified[0]?.old).toBe(kept);
    });

    test('gives locks in turn, steals and releases them', async () => {
      const [first, second] = [open(), open()];
      const mine = first.lock('turn');
      await mine.acquired();
      const theirs = second.lock('turn');
      await second.ready();
      await second.listDatabases();
      expect(theirs.held).toBe(false);
      const tx = transaction(openVSwitch);
      tx.assert('turn');
      await expect(second.transact(tx)).rejects.toBeInstanceOf(OvsdbNotOwnerError);
      await first.transact(tx);
      await mine.release();
      await theirs.acquired();
      const lost = new Promise<string>((resolve) => theirs.on('lost', ({ reason }) => resolve(reason)));
      const stolen = first.lock('turn', { steal: true });
      await stolen.acquired();
      expect(await lost).toBe('stolen');
      expect(theirs.held).toBe(false);
      await stolen.release();
      await theirs.acquired();
      expect(theirs.held).toBe(true);
    });

    test('asks for its locks again on a new connection', async () => {
      const client = open();
      const lock = client.lock('again');
      await lock.acquired();
      const lost = new Promise<string>((resolve) => lock.on('lost', ({ reason }) => resolve(reason)));
      client.reconnect();
      expect(await lost).toBe('disconnected');
      await lock.acquired();
      expect(lock.held).toBe(true);
    });

    test('refuses what the server does not have', async () => {
      const client = open();
      const foreign = { ...openVSwitch, name: 'Nonesuch' };
      await expect(client.replicate(foreign, { Bridge: true })).rejects.toBeInstanceOf(OvsdbRequestError);
      await expect(client.request('nonesuch', [])).rejects.toMatchObject({ error: 'unknown method' });
      // The connection is none the worse.
      expect(await client.listDatabases()).toContain('Open_vSwitch');
    });

    test('a closed replica stays readable and stops', async () => {
      const client = open();
      const replica: Replica = await client.replicate(openVSwitch, { Bridge: true });
      const size = replica.table('Bridge').size;
      await replica.close();
      await addBridge(client, 'unseen');
      expect(replica.table('Bridge').size).toBe(size);
      await expect(replica.until(() => true)).rejects.toBeInstanceOf(OvsdbClosedError);
    });

    test('a snapshot stays as it was', async () => {
      const client = open();
      const replica = await client.replicate(openVSwitch, { Bridge: true });
      const { tables } = replica.snapshot();
      const row = await addBridge(client, 'later');
      expect(tables.Bridge.has(row)).toBe(false);
      expect(replica.snapshot().tables.Bridge.get(row)?.name).toBe('later');
    });

    test('keeps a thousand transactions in order on one connection', async () => {
      const client = open();
      const row = await addBridge(client, 'order');
      const seen: number[] = [];
      const replica = await client.replicate(openVSwitch, { Bridge: { columns: ['external_ids'] } });
      replica.on('changes', ({ tables }) => {
        for (const { new: now } of tables.Bridge?.modified ?? [])
          seen.push(Number(now.external_ids.get('n')));
      });
      await Promise.all(
        Array.from({ length: 1000 }, (_, n) => {
          const tx = transaction(openVSwitch);
          tx.update('Bridge', { _uuid: row }, { external_ids: { n: String(n) } });
          return client.transact(tx);
        }),
      );
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.at(-1)).toBe(999);
    });

    test('holds what the server holds after many transactions of all kinds', async () => {
      const [writer, reader] = [open(), open()];
      const selection = { Open_vSwitch: true, Bridge: true, Port: true, Interface: true } as const;
      const replica = await reader.replicate(openVSwitch, selection);
      let state = 1;
      // A fixed sequence: the same for every server and run.
      const chance = (below: number) => (state = (state * 48271) % 2147483647) % below;
      const name = () => `fuzz-${chance(12)}`;
      for (let n = 0; n < 300; n++) {
        const tx = transaction(openVSwitch);
        const bridge = name();
        switch (chance(6)) {
          case 0: {
            const iface = `fuzz-if-${n}`;
            const port = tx.insert('Port', {
              name: iface,
              interfaces: [tx.insert('Interface', { name: iface })],
            });
            tx.mutate('Bridge', { name: bridge }, [['ports', 'insert', [port]]]);
            break;
          }
          case 1: {
            // Fails when the name is taken: nothing of it may show.
            const row = tx.insert('Bridge', { name: bridge, other_config: { born: String(n) } });
            tx.mutate('Open_vSwitch', 'all', [['bridges', 'insert', [row]]]);
            tx.wait(
              'Bridge',
              { name: bridge },
              {
                columns: ['other_config'],
                until: '==',
                rows: [{ other_config: { born: String(n) } }],
                timeout: 0,
              },
            );
            break;
          }
          case 2:
            tx.update(
              'Bridge',
              { name: bridge },
              {
                ports: [],
                flood_vlans: [chance(9), chance(9), chance(9)],
                fail_mode: chance(2) === 0 ? null : 'secure',
              },
            );
            break;
          case 3:
            tx.mutate('Bridge', { name: bridge }, [
              ['external_ids', 'insert', { [`k${chance(4)}`]: `v${n}`, [`k${chance(4)}`]: 'x' }],
              ['flood_vlans', 'insert', [chance(9)]],
            ]);
            break;
          case 4:
            tx.mutate('Bridge', { name: bridge }, [
              ['external_ids', 'delete', [`k${chance(4)}`, `k${chance(4)}`]],
              ['flood_vlans', 'delete', [chance(9), chance(9)]],
            ]);
            break;
          default:
            tx.update('Interface', 'all', {
              statistics: { rx: n, [`s${chance(3)}`]: chance(5) },
              mtu_request: chance(2) === 0 ? null : 1500,
            });
        }
        await writer
          .transact(tx)
          .catch((error: unknown) => expect(error).toBeInstanceOf(OvsdbOperationError));
      }
      const last = transaction(openVSwitch);
      last.mutate('Open_vSwitch', 'all', [['external_ids', 'insert', { fuzz: 'done' }]]);
      await writer.transact(last);
      await replica.until(() =>
        replica.table('Open_vSwitch').rows()[0]?.external_ids.has('fuzz') === true ? true : undefined,
      );

      const tx = transaction(openVSwitch);
      const bridges = tx.select('Bridge', 'all');
      const ports = tx.select('Port', 'all');
      const interfaces = tx.select('Interface', 'all');
      const outcome = await reader.transact(tx);
      const byName = (rows: readonly { readonly name: string }[]) =>
        [...rows].sort((a, b) => (a.name < b.name ? -1 : 1));
      expect(byName(replica.table('Bridge').rows())).toEqual(byName(outcome.get(bridges)));
      expect(byName(replica.table('Port').rows())).toEqual(byName(outcome.get(ports)));
      expect(byName(replica.table('Interface').rows())).toEqual(byName(outcome.get(interfaces)));
      expect(outcome.get(bridges).length).toBeGreaterThan(10);
      expect(outcome.get(interfaces).length).toBeGreaterThan(10);
    });

    test('is unusable after close, and says so', async () => {
      const client = open();
      const replica = await client.replicate(openVSwitch, { Bridge: true });
      await client.close();
      expect([client.status, replica.status]).toEqual(['closed', 'closed']);
      await expect(client.ready()).rejects.toBeInstanceOf(OvsdbClosedError);
      await expect(client.listDatabases()).rejects.toBeInstanceOf(OvsdbClosedError);
      await expect(client.replicate(openVSwitch, { Bridge: true })).rejects.toBeInstanceOf(OvsdbClosedError);
    });

    test('says that nothing was sent when there is no server', async () => {
      const client = open();
      await client.ready();
      await server.kill();
      await expect.poll(() => client.status).not.toBe('connected');
      await expect(client.listDatabases({ timeout: 100 })).rejects.toBeInstanceOf(OvsdbNotConnectedError);
      await server.revive();
      await client.ready();
    });
  });
}
