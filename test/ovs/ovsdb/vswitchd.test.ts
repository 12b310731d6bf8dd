/** A switch that does what our transactions say, and tells us so: OVS's daemon with dummy datapaths. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, openVSwitch, transaction, type OvsdbClient } from '../../../controller/ovsdb/index.ts';
import { RealServer, tool } from './ovsdb-server.ts';

let server: RealServer;
let daemon: ChildProcess;
let client: OvsdbClient;

beforeAll(async () => {
  server = await RealServer.start();
  await tool('ovs-vsctl', `--db=${server.remote}`, '--no-wait', 'init');
  const { directory } = server;
  daemon = spawn(
    'ovs-vswitchd',
    [
      server.remote,
      '--enable-dummy=override',
      '--disable-system',
      `--unixctl=${join(directory, 'vswitchd.ctl')}`,
      `--pidfile=${join(directory, 'vswitchd.pid')}`,
      `--log-file=${join(directory, 'vswitchd.log')}`,
      '-vconsole:off',
    ],
    { stdio: 'ignore', env: { ...process.env, OVS_RUNDIR: directory } },
  );
  client = connect({ remotes: server.remote, database: 'Open_vSwitch' });
});

afterAll(async () => {
  await client.close();
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGKILL');
  await ended;
  await server.stop();
});

describe('a switch', () => {
  test('makes the bridge and port that a transaction asks for, and reports them', async () => {
    const replica = await client.replicate(openVSwitch, {
      Open_vSwitch: { columns: ['next_cfg', 'cur_cfg'] },
      Bridge: { columns: ['name', 'datapath_id'] },
      Interface: { columns: ['name', 'ofport', 'link_state', 'error', 'statistics'] },
    });
    const tx = transaction(openVSwitch);
    const ports = ['br0', 'vnet0'].map((name) =>
      tx.insert('Port', {
        name,
        interfaces: [tx.insert('Interface', { name, type: name === 'br0' ? 'internal' : 'dummy' })],
      }),
    );
    const bridge = tx.insert('Bridge', { name: 'br0', datapath_type: 'dummy', ports });
    tx.mutate('Open_vSwitch', 'all', [
      ['bridges', 'insert', [bridge]],
      ['next_cfg', '+=', 1],
    ]);
    const read = tx.select('Open_vSwitch', 'all', ['next_cfg']);
    const outcome = await client.transact(tx);
    const wanted = outcome.get(read)[0]!.next_cfg;
    // The switch says that it has carried a configuration out by copying its number.
    await replica.until(
      () => ((replica.table('Open_vSwitch').rows()[0]?.cur_cfg ?? 0) >= wanted ? true : undefined),
      { timeout: 10_000 },
    );
    const iface = await replica.until(() => {
      const row = replica.table('Interface').first('name', 'vnet0');
      return row?.ofport === null ? undefined : row;
    });
    expect(iface).toMatchObject({ ofport: 1, error: null });
    expect(replica.table('Bridge').get(outcome.get(bridge))?.datapath_id).toMatch(/^[0-9a-f]{16}$/);
    const counted = await replica.until(
      () => {
        const { statistics } = replica.table('Interface').get(iface._uuid)!;
        return statistics.size > 0 ? statistics : undefined;
      },
      { timeout: 10_000 },
    );
    expect(counted.get('rx_packets')).toBe(0);
  });
});
