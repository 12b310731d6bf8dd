/**
 * The ugly cases: peers that stall, lie, send half of a message, drop in the middle, refuse, and know nothing.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  connect,
  OvsdbNotConnectedError,
  OvsdbOutcomeUnknownError,
  transaction,
  zeroUuid,
  type Batch,
  type ConnectOptions,
  type OvsdbClient,
  type Replica,
} from '../../../controller/ovsdb/index.ts';
import { id, notes, notesJson, type NoteRow } from './notes-schema.ts';
import { refuse, ScriptedServer, silence, type Message } from './scripted-server.ts';

let server: ScriptedServer;
const clients: OvsdbClient[] = [];

beforeEach(async () => {
  server = await new ScriptedServer({
    get_schema: () => notesJson,
    monitor_cond_since: () => [false, zeroUuid, { Note: { [id(1)]: { initial: { text: 'one' } } } }],
    transact: () => [{ uuid: ['uuid', id(9)] }],
  }).listen();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.stop();
});

function open(options: Partial<ConnectOptions> = {}): OvsdbClient {
  const client = connect({ remotes: server.remote, backoffMinimum: 10, backoffMaximum: 20, ...options });
  clients.push(client);
  return client;
}

function insert() {
  const tx = transaction(notes);
  tx.insert('Note', { text: 'x' });
  return tx;
}

function load(client: OvsdbClient): Promise<Replica<{ readonly Note: NoteRow }>> {
  return client.replicate(notes, { Note: true });
}

function once(client: OvsdbClient, event: 'connected' | 'disconnected' | 'failed'): Promise<unknown> {
  return new Promise((resolve) => {
    const cancel = client.on(event, (value) => {
      cancel();
      resolve(value);
    });
  });
}

function texts(replica: Replica<{ readonly Note: NoteRow }>): string[] {
  return replica
    .table('Note')
    .rows()
    .map(({ text }) => text)
    .sort();
}

describe('a server that does not answer', () => {
  test('a request: times out, and its late reply is dropped', async () => {
    const client = open();
    let late: unknown;
    server.methods['list_dbs'] = (_, __, request) => {
      late = request;
      return silence;
    };
    await expect(client.listDatabases({ timeout: 30 })).rejects.toMatchObject({ code: 'OVSDB_TIMEOUT' });
    server.peer.send({ id: late, result: ['too late'], error: null });
    server.methods['list_dbs'] = () => ['Notes'];
    expect(await client.listDatabases()).toEqual(['Notes']);
    expect(server.peers).toHaveLength(1);
  });

  test('a transaction: its outcome is unknown, and it is cancelled', async () => {
    const client = open();
    server.methods['transact'] = () => silence;
    const error = await client.transact(insert(), { timeout: 30 }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OvsdbOutcomeUnknownError);
    await vi.waitFor(() => expect(server.peer.count('cancel')).toBe(1));
    const sent = server.peer.received.find(({ method }) => method === 'transact');
    expect(server.peer.received.at(-1)).toMatchObject({ method: 'cancel', params: [sent?.id], id: null });
  });

  test('an aborted transaction: likewise, with the reason', async () => {
    const client = open();
    await client.ready();
    server.methods['transact'] = () => silence;
    const control = new AbortController();
    const sent = client.transact(insert(), { signal: control.signal });
    await vi.waitFor(() => expect(server.peer.count('transact')).toBe(1));
    const reason = new Error('enough');
    control.abort(reason);
    await expect(sent).rejects.toMatchObject({ code: 'OVSDB_OUTCOME_UNKNOWN', cause: reason });
  });

  test('an echo: the connection is given up and made anew, and what was open is failed', async () => {
    server.methods['echo'] = () => silence;
    const client = open({ probeInterval: 60 });
    await client.ready();
    server.methods['transact'] = () => silence;
    const dropped = once(client, 'disconnected');
    const doomed = client.transact(insert()).catch((error: unknown) => error);
    expect(await dropped).toMatchObject({ error: { code: 'OVSDB_INACTIVE' } });
    expect(await doomed).toBeInstanceOf(OvsdbOutcomeUnknownError);
    server.methods['echo'] = (params) => params;
    await client.ready();
    await vi.waitFor(() => expect(server.peer.count('echo')).toBeGreaterThan(1));
    expect(client.status).toBe('connected');
  });

  test('its handshake: the next remote is tried', async () => {
    await using dumb = Object.assign(await new ScriptedServer({ monitor_cond: () => silence }).listen(), {
      [Symbol.asyncDispose]: () => dumb.stop(),
    });
    const client = open({ remotes: [dumb.remote, server.remote], database: 'Notes', connectTimeout: 50 });
    expect(await once(client, 'failed')).toMatchObject({
      remote: dumb.remote,
      error: { code: 'OVSDB_CONNECT' },
    });
    await client.ready();
    expect(client.remote).toBe(server.remote);
  });
});

describe('a server that drops the connection', () => {
  test('before a transaction is answered: the outcome is unknown', async () => {
    server.methods['transact'] = (_, peer) => {
      peer.socket.destroy();
      return silence;
    };
    await expect(open().transact(insert())).rejects.toBeInstanceOf(OvsdbOutcomeUnknownError);
  });

  test('in the middle of a reply: what was read of it is forgotten', async () => {
    const client = open();
    const text = JSON.stringify({ id: 1, result: ['Notes', 'é'], error: null });
    server.methods['list_dbs'] = (_, peer) => {
      peer.socket.end(Buffer.from(text).subarray(0, -9));
      return silence;
    };
    await expect(client.listDatabases()).rejects.toMatchObject({ code: 'OVSDB_DISCONNECTED', sent: true });
    server.methods['list_dbs'] = () => ['Notes'];
    expect(await client.listDatabases()).toEqual(['Notes']);
  });

  test('while replicas load: they load from the next connection', async () => {
    let times = 0;
    const load_ = server.methods['monitor_cond_since']!;
    server.methods['monitor_cond_since'] = (params, peer, request) => {
      if (++times < 3) {
        peer.socket.destroy();
        return silence;
      }
      return load_(params, peer, request);
    };
    expect(texts(await load(open()))).toEqual(['one']);
    expect(times).toBe(3);
  });

  test('and is gone: nothing is sent, and that is said', async () => {
    const client = open();
    await client.ready();
    await server.kill();
    await once(client, 'failed');
    await expect(client.transact(insert(), { timeout: 30 })).rejects.toBeInstanceOf(OvsdbNotConnectedError);
    const control = new AbortController();
    const waiting = client.transact(insert(), { signal: control.signal });
    control.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('a server that cuts its messages', () => {
  test('byte by byte: they are read all the same', async () => {
    const client = open();
    server.methods['list_dbs'] = (_, peer, request) => {
      const bytes = Buffer.from(JSON.stringify({ id: request, result: ['日本 "}{'], error: null }));
      void (async () => {
        for (const byte of bytes) {
          peer.socket.write(Buffer.from([byte]));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      return silence;
    };
    expect(await client.listDatabases()).toEqual(['日本 "}{']);
  });

  test('or glues them: an update behind the monitor reply finds the replica loaded', async () => {
    server.methods['monitor_cond_since'] = ([, monitor], peer, request) => {
      const reply = {
        id: request,
        result: [false, id(100), { Note: { [id(1)]: { initial: { text: 'one' } } } }],
        error: null,
      };
      const update = {
        id: null,
        method: 'update3',
        params: [monitor, id(101), { Note: { [id(1)]: { modify: { text: 'two' } } } }],
      };
      peer.socket.write(JSON.stringify(reply) + JSON.stringify(update));
      return silence;
    };
    const replica = await load(open());
    expect(texts(replica)).toEqual(['two']);
    expect(replica.transaction).toBe(id(101));
  });
});

describe('a server that lies', () => {
  const lies: [string, string | Message, string][] = [
    ['with garbage', 'SSH-2.0-OpenSSH_9.2\r\n', 'OVSDB_FRAMING'],
    ['with an answer to nothing', { id: 4711, result: [], error: null }, 'OVSDB_PROTOCOL'],
    ['with a message that is none', { params: [] }, 'OVSDB_PROTOCOL'],
    [
      'with an update that is no object',
      { id: null, method: 'update3', params: ['replica-1', id(5), []] },
      'OVSDB_DISCONNECTED',
    ],
    [
      'about a table',
      {
        id: null,
        method: 'update3',
        params: ['replica-1', id(5), { Nonesuch: { [id(1)]: { delete: null } } }],
      },
      'OVSDB_DISCONNECTED',
    ],
    [
      'about a type',
      {
        id: null,
        method: 'update3',
        params: ['replica-1', id(5), { Note: { [id(1)]: { modify: { text: 5 } } } }],
      },
      'OVSDB_DISCONNECTED',
    ],
    [
      'about a row that it never told of',
      {
        id: null,
        method: 'update3',
        params: ['replica-1', id(5), { Note: { [id(7)]: { modify: { text: 'x' } } } }],
      },
      'OVSDB_DISCONNECTED',
    ],
    [
      'about a row that is not there to be deleted',
      { id: null, method: 'update3', params: ['replica-1', id(5), { Note: { [id(7)]: { delete: null } } }] },
      'OVSDB_DISCONNECTED',
    ],
    [
      'about a transaction',
      { id: null, method: 'update3', params: ['replica-1', 'no uuid', {}] },
      'OVSDB_DISCONNECTED',
    ],
  ];
  test.each(lies)('%s: it is dropped, and everything read anew', async (_, lie) => {
    const client = open();
    const replica = await load(client);
    const log: string[] = [];
    replica.on('stale', ({ error }) => log.push(error.code));
    const back = new Promise<boolean>((resolve) => replica.on('reconnected', ({ found }) => resolve(found)));
    server.peer.socket.write(typeof lie === 'string' ? lie : JSON.stringify(lie));
    expect(await back).toBe(false);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/OVSDB_(FRAMING|PROTOCOL|MALFORMED_VALUE|INCONSISTENT)/);
    expect(texts(replica)).toEqual(['one']);
    // It did not claim to know a transaction that it cannot trust.
    expect(server.peer.received.find(({ method }) => method === 'monitor_cond_since')?.params?.[3]).toBe(
      zeroUuid,
    );
  });

  test('in a transaction: it is an error with a name', async () => {
    const client = open();
    const tx = insert();
    for (const [result, code] of [
      ['no list', 'OVSDB_PROTOCOL'],
      [[], 'OVSDB_PROTOCOL'],
    ]) {
      server.methods['transact'] = () => result;
      await expect(client.transact(tx)).rejects.toMatchObject({ code });
    }
    server.methods['transact'] = () => [{ uuid: 'x' }];
    const reading = transaction(notes);
    const handle = reading.insert('Note', {});
    const outcome = await client.transact(reading);
    expect(() => outcome.get(handle)).toThrow(
      expect.objectContaining({ code: 'OVSDB_MALFORMED_VALUE' }) as Error,
    );
  });

  test('in the first load: the replica is refused, by name', async () => {
    const client = open();
    server.methods['monitor_cond_since'] = () => [true, zeroUuid, {}];
    await expect(load(client)).rejects.toMatchObject({ code: 'OVSDB_INCONSISTENT' });
    server.methods['monitor_cond_since'] = () => 'nonsense';
    await expect(load(client)).rejects.toMatchObject({ code: 'OVSDB_MALFORMED_VALUE' });
    server.methods['get_schema'] = () => ({});
    await expect(load(client)).rejects.toMatchObject({ code: 'OVSDB_INVALID_SCHEMA' });
  });
});

describe('a server that asks', () => {
  test('echo: it is answered; anything else: it is refused', async () => {
    await open().ready();
    const { peer } = server;
    peer.send({ id: 'a', method: 'echo', params: [1, { x: 'é' }] });
    peer.send({ id: 7, method: 'nonesuch', params: [] });
    peer.notify('nonesuch', 1, 2);
    await vi.waitFor(() =>
      expect(peer.received.filter(({ method }) => method === undefined)).toHaveLength(2),
    );
    expect(peer.received.find((message) => message.id === 'a')).toEqual({
      id: 'a',
      result: [1, { x: 'é' }],
      error: null,
    });
    expect(peer.received.find((message) => message.id === 7)).toMatchObject({
      result: null,
      error: { error: 'unknown method' },
    });
  });
});

describe('a server that is older', () => {
  const initial = { Note: { [id(1)]: { initial: { text: 'one', tags: ['set', ['a', 'b']] } } } };

  test('than OVS 2.12: monitor_cond and update2', async () => {
    delete server.methods['monitor_cond_since'];
    server.methods['monitor_cond'] = () => initial;
    const replica = await load(open());
    server.peer.notify('update2', 'replica-1', {
      Note: { [id(1)]: { modify: { tags: ['set', ['b', 'c']] } }, [id(2)]: { insert: {} } },
    });
    await replica.until(() => (replica.table('Note').has(id(2)) ? true : undefined));
    expect(replica.table('Note').get(id(1))?.tags).toEqual(new Set(['a', 'c']));
    expect(replica.table('Note').get(id(2))).toMatchObject({
      text: '',
      size: 0,
      by: null,
      tags: new Set(),
      ids: new Map(),
    });
  });

  test('than OVS 2.6: monitor and update', async () => {
    delete server.methods['monitor_cond_since'];
    const row = (text: string, tags: string[]) => ({
      text,
      size: 1,
      tags: ['set', tags],
      links: ['set', []],
      ids: ['map', []],
      by: ['set', []],
      kind: '',
    });
    server.methods['monitor'] = () => ({
      Note: { [id(1)]: { new: row('one', ['a']) }, [id(3)]: { new: row('three', []) } },
    });
    const client = open();
    const replica = await load(client);
    const batches: Batch<{ readonly Note: NoteRow }>[] = [];
    replica.on('changes', (batch) => batches.push(batch));
    server.peer.notify('update', 'replica-1', {
      Note: {
        [id(1)]: { old: { tags: ['set', ['a']] }, new: row('one', ['b', 'c']) },
        [id(2)]: { new: row('two', []) },
        [id(3)]: { old: row('three', []) },
      },
    });
    await replica.until(() => (replica.table('Note').has(id(2)) ? true : undefined));
    expect(replica.table('Note').get(id(1))?.tags).toEqual(new Set(['b', 'c']));
    expect(texts(replica)).toEqual(['one', 'two']);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.tables.Note).toMatchObject({
      inserted: [{ text: 'two' }],
      deleted: [{ text: 'three' }],
    });
    await expect(client.replicate(notes, { Note: { where: [['text', '==', 'x']] } })).rejects.toMatchObject({
      code: 'OVSDB_UNSUPPORTED',
    });
  });

  test('than OVS 2.9: it knows no _Server, and is taken as it is', async () => {
    server.methods['monitor_cond'] = () => refuse('unknown database', 'no _Server');
    const client = open({ database: 'Notes' });
    await client.ready();
    expect(client.role).toBeUndefined();
  });
});

describe('a replica', () => {
  test('asks for what it missed, and takes it as one step', async () => {
    const client = open();
    server.methods['monitor_cond_since'] = ([, , , since]) =>
      since === zeroUuid
        ? [
            false,
            id(100),
            { Note: { [id(1)]: { initial: { text: 'one' } }, [id(2)]: { initial: { text: 'two' } } } },
          ]
        : [
            true,
            id(102),
            {
              Note: {
                [id(1)]: { delete: null },
                [id(2)]: { modify: { size: 5 } },
                [id(3)]: { insert: { text: 'three' } },
              },
            },
          ];
    const replica = await load(client);
    const batches: Batch[] = [];
    replica.on('changes', (batch) => {
      batches.push(batch);
      // The table has taken the whole step when it is told.
      expect(texts(replica)).toEqual(['three', 'two']);
    });
    const back = new Promise<boolean>((resolve) => replica.on('reconnected', ({ found }) => resolve(found)));
    client.reconnect();
    expect(await back).toBe(true);
    expect(server.peer.received.find(({ method }) => method === 'monitor_cond_since')?.params?.[3]).toBe(
      id(100),
    );
    expect(batches).toMatchObject([
      {
        cause: 'reloaded',
        transaction: id(102),
        tables: {
          Note: {
            inserted: [{ text: 'three' }],
            modified: [{ new: { size: 5 } }],
            deleted: [{ text: 'one' }],
          },
        },
      },
    ]);
  });

  test('is replaced in one step when the server has forgotten', async () => {
    const client = open();
    let text = 'one';
    server.methods['monitor_cond_since'] = () => [
      false,
      id(100),
      {
        Note: {
          [id(1)]: { initial: { text } },
          [text === 'one' ? id(2) : id(3)]: { initial: { text: 'other' } },
        },
      },
    ];
    const replica = await load(client);
    const before = replica.table('Note').get(id(2));
    const batches: Batch[] = [];
    replica.on('changes', (batch) => batches.push(batch));
    text = 'eins';
    const back = new Promise<boolean>((resolve) => replica.on('reconnected', ({ found }) => resolve(found)));
    client.reconnect();
    expect(await back).toBe(false);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.tables['Note']).toMatchObject({
      inserted: [{ _uuid: id(3) }],
      modified: [{ old: { text: 'one' }, new: { text: 'eins' } }],
      deleted: [before],
    });
  });

  test('does not ask what it missed under other conditions', async () => {
    const client = open();
    server.methods['monitor_cond_since'] = () => [false, id(100), {}];
    server.methods['monitor_cond_change'] = () => silence;
    const replica = await load(client);
    let settled = false;
    const change = replica.setConditions({ Note: [['text', '==', 'x']] }).then(() => (settled = true));
    await vi.waitFor(() => expect(server.peer.count('monitor_cond_change')).toBe(1));
    expect(settled).toBe(false);
    client.reconnect();
    await change;
    const asked = server.peer.received.find(({ method }) => method === 'monitor_cond_since');
    expect(asked?.params?.[2]).toMatchObject({ Note: [{ where: [['text', '==', 'x']] }] });
    expect(asked?.params?.[3]).toBe(zeroUuid);
  });

  test('asks again when its monitor is cancelled, on the same connection', async () => {
    const replica = await load(open());
    const log: string[] = [];
    replica.on('stale', () => log.push('stale'));
    const back = new Promise<void>((resolve) => replica.on('reconnected', () => resolve()));
    server.peer.notify('monitor_canceled', 'replica-1');
    await back;
    expect(log).toEqual(['stale']);
    expect(server.peers).toHaveLength(1);
  });

  test('leaves out of a batch what did not really change', async () => {
    const replica = await load(open());
    const batches: Batch[] = [];
    replica.on('changes', (batch) => batches.push(batch));
    server.peer.notify('update3', 'replica-1', id(7), { Note: { [id(1)]: { modify: { text: 'one' } } } });
    server.peer.notify('update3', 'replica-1', id(8), { Note: { [id(1)]: { insert: { text: 'one' } } } });
    server.peer.notify('update3', 'replica-1', id(9), { Note: { [id(1)]: { modify: { size: 3 } } } });
    await replica.until(() => (replica.transaction === id(9) ? true : undefined));
    expect(batches).toHaveLength(1);
  });

  test('cancels its monitor when closed, and ignores what was on the way', async () => {
    const client = open();
    const replica = await load(client);
    server.methods['monitor_cancel'] = (params, peer) => {
      peer.notify('update3', ...params, id(5), { Note: { [id(1)]: { delete: null } } });
      return {};
    };
    await replica.close();
    expect(server.peer.received.at(-1)).toMatchObject({ method: 'monitor_cancel', params: ['replica-1'] });
    expect(texts(replica)).toEqual(['one']);
    server.methods['list_dbs'] = () => [];
    await client.listDatabases();
    expect(server.peers).toHaveLength(1);
  });

  test('that is given up while it loads leaves no monitor behind', async () => {
    const client = open();
    server.methods['monitor_cond_since'] = () => silence;
    server.methods['monitor_cancel'] = () => ({});
    await expect(client.replicate(notes, { Note: true }, { timeout: 40 })).rejects.toMatchObject({
      code: 'OVSDB_NOT_CONNECTED',
    });
    await vi.waitFor(() => expect(server.peer.count('monitor_cancel')).toBe(1));
  });

  test('a wait in it ends by time, by signal and by close', async () => {
    const replica = await load(open());
    await expect(replica.until(() => undefined, { timeout: 20 })).rejects.toMatchObject({
      code: 'OVSDB_TIMEOUT',
    });
    const control = new AbortController();
    const aborted = replica.until(() => undefined, { signal: control.signal });
    control.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const failing = replica.until(() => {
      throw new Error('a bug of the test');
    });
    await expect(failing).rejects.toThrow('a bug of the test');
    const closed = expect(replica.until(() => undefined)).rejects.toMatchObject({ code: 'OVSDB_CLOSED' });
    await replica.close();
    await closed;
  });
});

describe('a server in a cluster', () => {
  const role = (over: object) => ({
    Database: {
      [id(50)]: {
        initial: {
          name: 'Notes',
          model: 'clustered',
          connected: true,
          cid: ['uuid', id(60)],
          sid: ['uuid', id(61)],
          index: 10,
          ...over,
        },
      },
    },
  });

  test('is left when it is no longer the leader', async () => {
    await using other = Object.assign(
      await new ScriptedServer({ monitor_cond: () => role({ leader: true }) }).listen(),
      {
        [Symbol.asyncDispose]: () => other.stop(),
      },
    );
    server.methods['monitor_cond'] = () => role({ leader: true });
    const client = open({ remotes: [server.remote, other.remote], database: 'Notes', leaderOnly: true });
    await client.ready();
    expect(client.remote).toBe(server.remote);
    const dropped = once(client, 'disconnected');
    server.peer.notify('update2', 'server-role', { Database: { [id(50)]: { modify: { leader: false } } } });
    expect(await dropped).toMatchObject({ error: { code: 'OVSDB_UNSUITABLE_SERVER' } });
    await client.ready();
    expect(client.remote).toBe(other.remote);
  });

  const unfit: [string, object, boolean, RegExp][] = [
    ['not the leader', { leader: false }, true, /not the leader/],
    ['cut off', { connected: false, leader: true }, false, /cut off/],
    ['of another cluster', { cid: ['uuid', id(99)], leader: true }, false, /belongs to cluster/],
    ['without the database', { name: 'Other' }, false, /does not serve Notes/],
  ];
  test.each(unfit)('is not used when it is %s', async (_, over, leaderOnly, why) => {
    server.methods['monitor_cond'] = () => role(over);
    const client = open({ remotes: `${server.remote},cid:${id(60)}`, database: 'Notes', leaderOnly });
    await expect(client.ready({ timeout: 60 })).rejects.toThrow(why);
    // It was asked again and again, but not without a pause.
    expect(server.peers.length).toBeGreaterThan(1);
    expect(server.peers.length).toBeLessThan(15);
  });

  test('is not used when it is behind what was seen', async () => {
    server.methods['monitor_cond'] = () => role({ leader: true });
    const client = open({ database: 'Notes' });
    await client.ready();
    server.methods['monitor_cond'] = () => role({ leader: true, index: 9 });
    client.reconnect();
    expect(await once(client, 'failed')).toMatchObject({
      error: { message: expect.stringContaining('entry 10 has been seen') as string },
    });
    server.methods['monitor_cond'] = () => role({ leader: true, index: 11 });
    await client.ready();
  });
});

describe('a server that does not read', () => {
  test('gets no more than the outbox may hold; the rest is refused, unsent', async () => {
    const client = open({ probeInterval: 0 });
    await client.ready();
    server.peer.socket.pause();
    const text = 'x'.repeat(8 * 1024 * 1024);
    const big = () => {
      const tx = transaction(notes);
      tx.comment(text);
      return client.transact(tx, { timeout: 60_000 }).then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      );
    };
    const results = Array.from({ length: 12 }, big);
    expect(await Promise.race(results)).toBe('OVSDB_BACKLOG');
    server.methods['transact'] = () => [{}];
    server.peer.socket.resume();
    const ends = await Promise.all(results);
    expect(ends.filter((end) => end === 'done').length).toBeGreaterThan(5);
    expect(new Set(ends)).toEqual(new Set(['done', 'OVSDB_BACKLOG']));
  });
});

describe('options', () => {
  test.each([
    [{ remotes: 'nonsense' }, /must begin with/],
    [{ remotes: 'unix:/x', leaderOnly: true }, /need the name of the database/],
  ])('%j make no sense', (options, why) => {
    expect(() => connect(options)).toThrow(why);
  });

  test('a table that is not in the schema is refused', async () => {
    const client = open();
    await expect(client.replicate(notes, { Nonesuch: true } as never)).rejects.toThrow(/no table Nonesuch/);
    expect(() => transaction(notes).insert('Nonesuch' as never, {})).toThrow(/no table Nonesuch/);
  });
});
