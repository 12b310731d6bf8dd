/**
 * The store against a database that fails it: what was decided last is what is there in the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../../controller/clock.ts';
import { blocked, unblocked } from '../../../../controller/network/blocklist-changes.ts';
import { blocklistChanged, placed } from '../../../../controller/network/changes.ts';
import { declare } from '../../../../controller/network/declare.ts';
import type { NetworkState } from '../../../../controller/network/model.ts';
import { type Opened, Store } from '../../../../controller/network/store/store.ts';
import { packageRoot } from '../../../../topologies/lab/package-root.ts';
import { FakeOvsdb } from '../../ovsdb/fake-ovsdb.ts';
import { type Method, silence } from '../../ovsdb/scripted-server.ts';
import { after, atHome, description } from '../sites.ts';

const schema = readFileSync(join(packageRoot, 'controller/network/store/arctictern.ovsschema'), 'utf8');

let database: FakeOvsdb;
let opened: Opened[];
let errors: Error[];
beforeEach(async () => {
  database = new FakeOvsdb(JSON.parse(schema));
  await database.server.listen();
  opened = [];
  errors = [];
});
afterEach(async () => {
  for (const { store } of opened) await store.close();
  await database.server.stop();
});

async function open(): Promise<Opened> {
  const one = await Store.open(database.server.remote, systemClock, (error) => errors.push(error));
  opened.push(one);
  return one;
}

/** As a controller that starts finds it. */
async function found(): Promise<NetworkState> {
  return declare(description, (await open()).remembered);
}

async function written(store: Store, state: NetworkState): Promise<NetworkState> {
  store.follow(state);
  await store.saved();
  return state;
}

/** The next transaction is carried out, or not, and the connection ends before it is answered. */
function hangUpOnNext(carriedOut: boolean): void {
  const { methods } = database.server;
  const transact = methods['transact']!;
  const once: Method = (params, peer, id) => {
    methods['transact'] = transact;
    if (carriedOut) transact(params, peer, id);
    peer.socket.destroy();
    return silence;
  };
  methods['transact'] = once;
}

const scans = blocklistChanged(
  blocked(
    {
      ...{ origin: 'person', reason: 'scans', verdict: undefined, guest: undefined },
      ...{ createdAt: 1, expires: undefined },
    },
    ['203.0.113.7'],
  ),
);

test('each controller has an epoch of its own, and finds what the one before has left', async () => {
  const first = await open();
  const away = after(atHome(), placed('web', 'away-1'), scans);
  await written(first.store, away);
  const second = await open();
  expect([first.epoch, second.epoch]).toEqual([1n, 2n]);
  expect(declare(description, second.remembered)).toMatchObject({
    placements: away.placements,
    blocklist: away.blocklist,
  });
});

test.each([true, false])(
  'a write that was not answered, and carried out: %s; what it was about is taken back meanwhile',
  async (carriedOut) => {
    const { store } = await open();
    const before = await written(store, after(atHome(), placed('web', 'home-1')));
    hangUpOnNext(carriedOut);
    await written(store, after(before, placed('web', 'away-1'), scans));
    expect(errors).toMatchObject([{ code: 'OVSDB_OUTCOME_UNKNOWN' }]);
    await written(store, after(before, scans, blocklistChanged(unblocked([1]))));
    const { placements, blocklist } = await found();
    expect(placements.get('web')).toBe('home-1');
    expect([...blocklist.blocks, ...blocklist.lines.first, ...blocklist.lines.second]).toEqual([]);
  },
);

test('what nobody takes back is written when the database is there again', async () => {
  const { store } = await open();
  hangUpOnNext(false);
  await written(store, after(atHome(), placed('web', 'away-1')));
  expect(errors).toMatchObject([{ code: 'OVSDB_OUTCOME_UNKNOWN' }]);
  await expect.poll(async () => (await found()).placements.get('web')).toBe('away-1');
});

test('a write that the database refuses is told, and made again with the next change', async () => {
  const { store } = await open();
  const { methods } = database.server;
  const transact = methods['transact']!;
  methods['transact'] = (params) => {
    methods['transact'] = transact;
    return [{ error: 'constraint violation', details: 'full' }, ...params.slice(2).map(() => null)];
  };
  const away = await written(store, after(atHome(), placed('web', 'away-1')));
  expect(errors).toMatchObject([{ code: 'OVSDB_CONSTRAINT_VIOLATION' }]);
  await written(store, scans(away));
  expect((await found()).placements.get('web')).toBe('away-1');
  expect(errors).toHaveLength(1);
});

test('what the controller asks to be kept is on disk before it counts as kept', async () => {
  const { store } = await open();
  await written(store, after(atHome(), placed('web', 'away-1')));
  const transactions = database.server.peer.received.filter(({ method }) => method === 'transact');
  expect(transactions.length).toBeGreaterThan(1);
  for (const { params } of transactions) expect(params?.at(-1)).toEqual({ op: 'commit', durable: true });
});
