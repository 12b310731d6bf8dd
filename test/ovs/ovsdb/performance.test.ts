/**
 * How fast the client is with a real server on a Unix socket. The bounds are loose, to catch what is slower by
 * an order of magnitude; the figures are printed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  connect,
  openVSwitch,
  transaction,
  type OvsdbClient,
  type Uuid,
} from '../../../controller/ovsdb/index.ts';
import { RealServer } from './ovsdb-server.ts';

const rows = 10_000;
let server: RealServer;
let client: OvsdbClient;
let bridge: Uuid<'Bridge'>;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(what: string, figure: string): void {
  process.stdout.write(`ovsdb performance: ${what}: ${figure}\n`);
}

/** The longest time that the event loop was held up while `act` ran. */
async function longestStall(act: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  await act();
  clearInterval(timer);
  return longest;
}

beforeAll(async () => {
  server = await RealServer.start();
  client = connect({ remotes: server.remote, database: 'Open_vSwitch' });
  const tx = transaction(openVSwitch);
  const ports = Array.from({ length: rows }, (_, n) => {
    const iface = tx.insert('Interface', {
      name: `vnet${n}`,
      external_ids: {
        'iface-id': `vm-${n}`,
        'attached-mac': `52:54:00:00:${n >> 8}:${n & 255}`,
        'vm-uuid': `guest ${n}`,
      },
      options: { a: 'b' },
    });
    return tx.insert('Port', { name: `vnet${n}`, interfaces: [iface], tag: n % 4096 });
  });
  const row = tx.insert('Bridge', { name: 'br-int', ports });
  tx.insert('Open_vSwitch', { bridges: [row] });
  bridge = (await client.transact(tx)).get(row);
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

describe('on a Unix socket', () => {
  test(`a replica of ${rows} interfaces and as many ports loads`, async () => {
    const times: number[] = [];
    let stall = 0;
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      stall = await longestStall(async () => {
        await using replica = await client.replicate(openVSwitch, { Interface: true, Port: true });
        times.push(performance.now() - start);
        expect(replica.table('Interface').size).toBe(rows);
        expect(replica.table('Port').size).toBe(rows);
      });
    }
    report(
      `load of ${rows} interfaces and ${rows} ports`,
      `median ${median(times).toFixed(0)} ms, stall ${stall.toFixed(0)} ms`,
    );
    const lean: number[] = [];
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      await using replica = await client.replicate(openVSwitch, {
        Interface: { columns: ['name', 'ofport', 'external_ids'] },
      });
      lean.push(performance.now() - start);
      expect(replica.table('Interface').size).toBe(rows);
    }
    report(`load of ${rows} interfaces, 3 columns`, `median ${median(lean).toFixed(0)} ms`);
    expect(median(times)).toBeLessThan(8_000);
  });

  test('a transaction goes and comes', async () => {
    const times: number[] = [];
    for (let n = 0; n < 2_000; n++) {
      const tx = transaction(openVSwitch);
      tx.mutate('Bridge', { _uuid: bridge }, [['external_ids', 'insert', { n: String(n) }]]);
      tx.mutate('Bridge', { _uuid: bridge }, [['external_ids', 'delete', ['n']]]);
      const start = performance.now();
      await client.transact(tx);
      times.push(performance.now() - start);
    }
    const sorted = [...times].sort((a, b) => a - b);
    report(
      'transaction round trip',
      `median ${median(times).toFixed(3)} ms, 99 % ${sorted[Math.floor(times.length * 0.99)]!.toFixed(3)} ms`,
    );
    expect(median(times)).toBeLessThan(50);
  });

  test('updates arrive', async () => {
    await using replica = await client.replicate(openVSwitch, { Interface: true });
    let batches = 0;
    let changed = 0;
    replica.on('changes', ({ tables }) => {
      batches++;
      changed += tables.Interface?.modified.length ?? 0;
    });
    const all = replica.table('Interface').rows();
    const count = 5_000;
    const start = performance.now();
    for (let base = 0; base < count; base += 500) {
      await Promise.all(
        Array.from({ length: 500 }, (_, n) => {
          const tx = transaction(openVSwitch);
          tx.update('Interface', { _uuid: all[base + n]!._uuid }, { mtu_request: 1400 });
          return client.transact(tx);
        }),
      );
    }
    const seconds = (performance.now() - start) / 1000;
    report(
      'transactions with their updates, 500 at a time',
      `${(count / seconds).toFixed(0)}/s in ${batches} batches`,
    );
    expect(changed).toBe(count);
    // One transaction that changes every row is one batch.
    const tx = transaction(openVSwitch);
    tx.update('Interface', 'all', { mtu_request: 9000 });
    const wide = performance.now();
    await client.transact(tx);
    report(`one transaction that changes ${rows} rows`, `${(performance.now() - wide).toFixed(0)} ms`);
    expect(changed).toBe(count + rows);
    expect(count / seconds).toBeGreaterThan(100);
  });
});
