/**
 * What a move leaves goes when nobody uses it any more, and nothing else: through real Open vSwitch, whose counters
 * are what decides. Hours pass by a clock of the test's own.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Drain } from '../../../apps/migration/drain-service.ts';
import type { Moment } from '../../../apps/events.ts';
import { bridgeView } from '../../../controller/network/bridge-view.ts';
import { connect, openVSwitch } from '../../../controller/ovsdb/index.ts';
import { BridgeDatabase } from '../../../controller/switches/bridge-database.ts';
import { timeoutsFor, zonesOf } from '../../../controller/switches/conntrack-timeouts.ts';
import { anchorZone, relayZone, sourceZone } from '../../../controller/switches/pipeline.ts';
import { systemClock } from '../../../controller/clock.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { address, type HostKey } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';

const HOUR = 3_600_000;
const hosts = ['a', 'b', 'c', 'd'] as const;

const bed = await bedOfFile();
let clock: ManualClock;
let drain: Drain;
let moments: Moment[];
beforeEach(() => {
  clock = new ManualClock();
  moments = [];
  const { network, fabric } = bed;
  drain = new Drain({
    network,
    fabric,
    clock,
    onMoment: (moment) => moments.push(moment),
    onError: (error) => bed.problems.push(error.message),
  });
});
afterEach(() => drain.close());

const anchorsOf = (): string[] => (bed.network.state.anchors.get(1) ?? []).map(({ host }) => host);

async function flows(): Promise<Record<string, string[]>> {
  const dumps = hosts.map(async (host) => {
    const text = await bed.ofctl(host, 'dump-flows', '--no-stats');
    return [host, text.split('\n').filter((line) => line.includes('actions=')).sort()] as const; // prettier-ignore
  });
  return Object.fromEntries(await Promise.all(dumps));
}

/** A look after a while, at counters that OVS has brought up to date. */
async function lookAfter(ms: number): Promise<void> {
  await bed.settled();
  clock.advance(ms);
  await drain.look();
  await bed.settled();
}

async function udp(port: number, at: string) {
  const server = await bed.room.udp('web', '0.0.0.0', port);
  const client = await bed.room.udp('client', address.client.ipv4);
  const swap = async (text: string): Promise<void> => {
    await client.send(at, port, `to ${text}`);
    const { address: from, port: back } = await server.receive(`to ${text}`);
    await server.send(from, back, `from ${text}`);
    expect(await client.receive(`from ${text}`)).toMatchObject({ address: at, port });
  };
  await swap('begin');
  return { client, server, swap };
}

describe('a, b, c and back to a', () => {
  test('leaves no chain, and once drained no trace', async () => {
    const before = await flows();
    const born = await udp(9000, address.guest('web').ipv4);
    await bed.move('web', 'b');
    const atB = await udp(9001, bed.careOf('web', 'b').ipv4);
    await bed.move('web', 'c');
    const atC = await udp(9002, bed.careOf('web', 'c').ipv4);
    const chain = (await flows())['b']!.filter((line) => line.includes('tun_dst'));
    expect(chain.filter((line) => line.includes('table=40,') && line.includes('reg0=0x1 '))).toEqual([
      expect.stringContaining(`${address.underlay('c')}->tun_dst`),
    ]);
    await bed.move('web', 'a');
    await Promise.all([born.swap('home'), atB.swap('home'), atC.swap('home')]);
    expect(anchorsOf()).toEqual(['a', 'b', 'c']);

    await lookAfter(0);
    await Promise.all([atB.swap('again'), atC.swap('again')]);
    await lookAfter(3 * HOUR);
    expect(anchorsOf()).toEqual(['a', 'b', 'c']);
    // What carried a packet since the last look is in use, however long the looks are apart.
    await lookAfter(3 * HOUR);
    expect(anchorsOf()).toEqual(['a']);
    expect(await flows()).toEqual(before);
    for (const host of ['b', 'c'] as const) {
      const entries = await bed.appctl(host, 'dpctl/dump-conntrack');
      expect(entries.split('\n').filter((line) => /zone=[23]\b/.test(line))).toEqual([]);
    }
    expect(moments.filter(({ kind }) => kind === 'released')).toHaveLength(2);
    expect(bed.network.state.earlier.size).toBe(0);
    expect(bed.network.state.migrations.get('web')).toMatchObject({ phase: 'drained' });
    expect(moments.filter((one) => one.kind === 'phase').map(({ phase }) => phase)).toEqual([
      'drained',
      'drained',
      'drained',
    ]);
    await born.swap('for ever');
  });
});

describe('a guest away from home', () => {
  test('keeps its home anchor, for ever: what is known there and what is new', async () => {
    const born = await udp(9000, address.guest('web').ipv4);
    await bed.move('web', 'b');
    await lookAfter(0);
    await lookAfter(3 * HOUR);
    await lookAfter(3 * HOUR);
    expect(bed.network.state.migrations.get('web')).toMatchObject({ phase: 'drained' });
    expect(anchorsOf()).toEqual(['a', 'b']);
    await born.swap('after hours');
    await (await udp(9001, address.guest('web').ipv4)).swap('new');
    const report = drain.report(1, 1)!;
    expect(report.goesAt).toBeUndefined();
    expect(drain.report(1, 2)).toBeUndefined();
  });

  test('loses the anchor that carries nothing, and keeps the one that does', async () => {
    await bed.move('web', 'b');
    const atB = await udp(9001, bed.careOf('web', 'b').ipv4);
    await bed.move('web', 'c');
    await (await udp(9002, bed.careOf('web', 'c').ipv4)).swap('at c');
    await bed.move('web', 'a');
    await lookAfter(0);
    for (const text of ['one', 'two', 'three']) {
      await atB.swap(text);
      await lookAfter(HOUR);
    }
    expect(anchorsOf()).toEqual(['a', 'b']);
    await atB.swap('still');
    await lookAfter(HOUR);
    const { packets, idleSince, goesAt } = drain.report(1, 2)!;
    expect(packets).toBeGreaterThanOrEqual(8);
    expect(idleSince).toBe(clock.now());
    expect(goesAt).toBe(clock.now() + bed.network.state.drain.idle);
  });

  test('keeps a login session that is silent for two hours', async () => {
    await bed.move('web', 'b');
    const at = bed.careOf('web', 'b').ipv4;
    const listener = await bed.room.listen('web', '0.0.0.0', 80);
    const client = await bed.room.connect('client', address.client.ipv4, at, 80);
    const { stream } = await listener.accept();
    await client.write('login');
    await stream.read(5);
    await bed.move('web', 'a');
    await lookAfter(0);
    for (let minutes = 0; minutes < 120; minutes += 20) await lookAfter(HOUR / 3);
    expect(anchorsOf()).toEqual(['a', 'b']);
    await client.write('hello');
    expect((await stream.read(5)).toString()).toBe('hello');
    await stream.write('back');
    expect((await client.read(4)).toString()).toBe('back');
  });
});

test('an anchor that is released by hand takes its connections along, and no others', async () => {
  const born = await udp(9000, address.guest('web').ipv4);
  await bed.move('web', 'b');
  const at = bed.careOf('web', 'b').ipv4;
  const atB = await udp(9001, at);
  await bed.move('web', 'a');
  await atB.swap('relayed');
  await expect(drain.release('web', 'a')).rejects.toMatchObject({ code: 'NO_SUCH_ANCHOR' });
  await expect(drain.release('nobody')).rejects.toMatchObject({ code: 'UNKNOWN_GUEST' });
  await drain.release('web');
  await bed.settled();
  expect(anchorsOf()).toEqual(['a']);
  await expect(drain.release('web')).rejects.toMatchObject({ code: 'NO_SUCH_ANCHOR' });
  await atB.client.send(at, 9001, 'anybody there?');
  await born.swap('lives');
  expect(atB.server.arrived()).toEqual([]);
  expect(bed.network.state.quarantine.get(at)).toEqual({
    interface: 1,
    until: clock.now() + bed.network.state.drain.quarantine,
  });

  await bed.move('web', 'c');
  await expect(drain.release('web', 'a')).rejects.toMatchObject({ code: 'ANCHOR_STAYS' });
});

describe('conntrack', () => {
  const zone = anchorZone(1);
  const zones = [1, 2]
    .flatMap((nic) => [anchorZone(nic), relayZone(nic), sourceZone(nic)])
    .sort((a, b) => a - b)
    .map(String);
  const configurations: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of configurations.splice(0)) await close();
  });

  /** Keeps the host's OVSDB configured as the controller does, until the test has ended. */
  async function configured(host: HostKey, idle: number) {
    const { state } = bed.network;
    const described = { ...state.hosts.get(host)!, ovsdb: bed.ovsdb(host) };
    // The bridge goes on with the controller of the bed.
    const targets = { controller: bed.controllerOf(host), samples: '127.0.0.1:4739', session: 1 };
    const database = new BridgeDatabase(described, () => targets, systemClock, {
      onBridge: () => undefined,
      onConnection: () => undefined,
      onConfigured: () => undefined,
      onError: (error) => bed.problems.push(error.message),
    });
    database.start();
    database.wantConntrack({ zones: zonesOf(bridgeView(state, host)!), timeouts: timeoutsFor(idle) });
    const client = connect({ remotes: bed.ovsdb(host), database: 'Open_vSwitch' });
    const replica = await client.replicate(openVSwitch, {
      Datapath: { columns: ['ct_zones'] },
      CT_Zone: { columns: ['timeout_policy', 'external_ids'] },
      CT_Timeout_Policy: { columns: ['timeouts'] },
    });
    const policies = (): Record<string, Record<string, number>> => {
      const [datapath] = replica.table('Datapath').rows();
      const entries = [...(datapath?.ct_zones ?? [])].map(([number, id]) => {
        const policy = replica.table('CT_Zone').get(id)?.timeout_policy;
        const row =
          policy === null || policy === undefined
            ? undefined
            : replica.table('CT_Timeout_Policy').get(policy);
        return [String(number), Object.fromEntries(row?.timeouts ?? [])] as const;
      });
      return Object.fromEntries(entries);
    };
    /** The switch has taken over what the database says. */
    const inForce = async (): Promise<void> => {
      const wish = ['set', 'Bridge', 'br-int', `external_ids:asked=${performance.now()}`];
      await bed.room.run(undefined, ['ovs-vsctl', `--db=${bed.ovsdb(host)}`, '--timeout=10', ...wish]);
    };
    configurations.push(async () => {
      await database.close();
      await client.close();
    });
    return { database, policies, inForce };
  }

  /** Seconds that conntrack still gives a TCP connection in the zone. */
  async function timeout(host: HostKey): Promise<number | undefined> {
    const text = await bed.appctl(host, 'dpctl/dump-conntrack', '-s', `zone=${zone}`);
    const found = /^tcp.*timeout=(\d+)/m.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  }

  async function tcp() {
    const listener = await bed.room.listen('web', '0.0.0.0', 80);
    const client = await bed.room.connect('client', address.client.ipv4, address.guest('web').ipv4, 80);
    const { stream } = await listener.accept();
    await listener.close();
    const swap = async (): Promise<void> => {
      await client.write('ping');
      await stream.read(4);
      await stream.write('pong');
      await client.read(4);
    };
    await swap();
    return { client, stream, swap };
  }

  const halfOpen = { tcp_syn_sent: 10, tcp_syn_recv: 10, udp_first: 10, icmp_first: 10 };

  test('remembers an established connection for longer than its anchor stays, by default', async () => {
    const { idle } = bed.network.state.drain;
    const host = await configured('a', idle);
    await expect.poll(() => Object.keys(host.policies())).toEqual(zones);
    expect(host.policies()['2']).toEqual({ ...halfOpen, tcp_established: 86_400, udp_multiple: 300 });
    expect(idle).toBeGreaterThan(HOUR);
    await host.inForce();
    const connection = await tcp();
    await expect.poll(() => timeout('a')).toBeGreaterThan(86_000);
    await connection.swap();
    await connection.client.close();

    // Whoever lets anchors stay for longer has conntrack remember for longer.
    host.database.wantConntrack({ zones: new Set([2, 3]), timeouts: timeoutsFor(48 * HOUR) });
    await expect
      .poll(() => host.policies())
      .toEqual({
        2: { ...halfOpen, tcp_established: 49 * 3600, udp_multiple: 300 },
        3: { ...halfOpen, tcp_established: 49 * 3600, udp_multiple: 300 },
      });
    await host.inForce();
    await bed.fabric.flushZone('a', zone);
    await (await tcp()).swap();
    await expect.poll(() => timeout('a')).toBeGreaterThan(48 * 3600);
  });

  test('forgets by the policy of the zone: a short one cuts what pauses for longer', async () => {
    const host = await configured('a', HOUR);
    await expect.poll(() => Object.keys(host.policies())).toContain('2');
    host.database.wantConntrack({
      zones: new Set([2, 3]),
      timeouts: { ...halfOpen, tcp_established: 2, udp_multiple: 2 },
    });
    await expect.poll(() => host.policies()['2']).toMatchObject({ tcp_established: 2 });
    await host.inForce();
    const connection = await tcp();
    await connection.swap();
    await expect.poll(() => timeout('a'), { timeout: 10_000 }).toBeUndefined();
    // Mid-stream, and unknown: dropped.
    await connection.client.write('late');
    await expect(connection.stream.read(4)).rejects.toThrow('not within');
    expect(relayZone(1)).toBe(zone + 1);
  }, 30_000);
});
