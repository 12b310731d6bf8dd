/**
 * Before a switchover and at it, through real Open vSwitch: gates that let nothing pass, or everything, copies for the
 * destination, a tunnel that is warm, and few megaflows however many clients there are.
 */
import { describe, expect, test } from 'vitest';
import { type GatePosition, gateRates } from '../../../apps/migration/gates.ts';
import { warmings } from '../../../apps/migration/warming.ts';
import { copied, delivered } from '../../../controller/network/changes.ts';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { tcp4, udp4 } from './frames.ts';
import type { Datagrams } from './room.ts';

const bed = await bedOfFile();

const HOME = address.guest('web').ipv4;

async function conversation(at = HOME): Promise<{ server: Datagrams; client: Datagrams; at: string }> {
  const server = await bed.room.udp('web', '0.0.0.0', 9000);
  const client = await bed.room.udp('client', address.client.ipv4);
  await client.send(at, 9000, 'hello');
  const { address: from, port } = await server.receive('hello');
  await server.send(from, port, 'welcome');
  await client.receive('welcome');
  return { server, client, at };
}

/** Packets that a host has delivered to the guest's interface out of tunnels. */
async function relayedTo(host: 'a' | 'b' | 'c'): Promise<number> {
  await bed.settled();
  const dump = await bed.ofctl(host, 'dump-flows', 'table=41');
  return dump
    .split('\n')
    .filter((line) => /output:/.test(line))
    .reduce((sum, line) => sum + Number(/n_packets=(\d+)/.exec(line)?.[1] ?? 0), 0);
}

/** Turned at every bridge that has them, and nothing else done. */
async function turn(position: GatePosition): Promise<void> {
  const { interfaces } = bed.network.state.guests.get('web')!;
  const numbers = interfaces.map(({ number }) => number);
  expect(await bed.fabric.turn(gateRates(numbers, position)).acknowledged).toBe(true);
}

async function copyTo(host: 'a' | 'b' | 'c' | undefined): Promise<void> {
  bed.network.update(copied('web', host));
  await bed.settled();
  if (host !== undefined) await turn('both');
}

/** Each datagram reaches the guest where it runs, once. */
async function say({ server, client, at }: Awaited<ReturnType<typeof conversation>>, count: number) {
  const texts = Array.from({ length: count }, (_, i) => `${i}`);
  for (const text of texts) await client.send(at, 9000, text);
  await server.receive(texts.at(-1)!);
  expect(server.arrived()).toEqual([]);
}

/** What `web` is told from then on, whatever becomes of it, and for longer than a meter takes to fill its bucket. */
async function tell({ client, at }: Awaited<ReturnType<typeof conversation>>, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await client.send(at, 9000, `${i}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** The datapath's own flows, which a turned gate is not to change. */
async function megaflowsOf(host: 'a' | 'b'): Promise<string[]> {
  const dump = await bed.appctl(host, 'dpctl/dump-flows', 'netdev@ovs-netdev');
  return dump
    .split('\n')
    .flatMap((line) => /actions:.*meter.*/.exec(line) ?? [])
    .sort();
}

describe('the gates of a switchover', () => {
  test('let nothing pass to the destination before, and all from then on', async () => {
    const one = await conversation();
    await bed.prepare('web', 'b');
    bed.network.update(copied('web', 'b'));
    await bed.settled();
    await tell(one, 400);
    await one.server.receive('399');
    const before = await megaflowsOf('a');
    expect(before.length).toBeGreaterThan(0);
    await turn('after');
    await tell(one, 10);
    await one.server.receive('9');
    expect(await megaflowsOf('a')).toEqual(before);
    // The guest is still there, and reads all; the other host has none of what came before.
    await expect.poll(() => relayedTo('b')).toBe(10);
  });

  test.each(['tunnel', 'rewrite', 'direct'] as const)(
    'close the way to the host that it leaves: %s',
    async (relay) => {
      const one = await conversation();
      await bed.move('web', 'b', 'all', relay);
      await bed.prepare('web', 'c', relay);
      bed.network.update(copied('web', 'c'));
      await bed.settled();
      await tell(one, 50);
      await one.server.receive('49');
      const [atB, atC] = [await relayedTo('b'), await relayedTo('c')];
      expect(atC).toBe(0);
      await turn('after');
      await tell(one, 50);
      await expect.poll(() => relayedTo('c')).toBe(50);
      expect(await relayedTo('b')).toBe(atB);
    },
  );

  test('stand as at first when the next switchover is prepared', async () => {
    const one = await conversation();
    await bed.prepare('web', 'b');
    await copyTo('b');
    await copyTo(undefined);
    bed.network.update(copied('web', 'b'));
    await bed.settled();
    await say(one, 20);
    expect(await relayedTo('b')).toBe(0);
  });
});

describe('copies for the destination', () => {
  test('go there while the guest is served at home, and the guest gets nothing twice', async () => {
    const one = await conversation();
    await bed.prepare('web', 'b');
    expect(await relayedTo('b')).toBe(0);
    await copyTo('b');
    await say(one, 20);
    await expect.poll(() => relayedTo('b')).toBe(20);
    await copyTo(undefined);
    await say(one, 5);
    expect(await relayedTo('b')).toBe(20);
  });

  test('come from every anchor of a guest that moves on', async () => {
    const home = await conversation();
    await bed.move('web', 'b');
    const away = await bed.room.udp('client', address.client.ipv4);
    await away.send(bed.careOf('web', 'b').ipv4, 9000, 'hello');
    const { address: from, port } = await home.server.receive('hello');
    await home.server.send(from, port, 'welcome');
    await away.receive('welcome');
    await bed.prepare('web', 'c');
    await copyTo('c');
    await say(home, 10);
    await say({ server: home.server, client: away, at: bed.careOf('web', 'b').ipv4 }, 10);
    await expect.poll(() => relayedTo('c')).toBe(20);
    expect(await relayedTo('b')).toBeGreaterThanOrEqual(10);
  });

  test('reach a destination that is an anchor itself', async () => {
    const one = await conversation();
    await bed.move('web', 'b');
    await bed.prepare('web', 'a');
    const before = await relayedTo('b');
    await copyTo('a');
    await say(one, 10);
    await expect.poll(async () => (await relayedTo('b')) - before).toBe(10);
    const dump = await bed.ofctl('a', 'dump-flows', 'table=43');
    expect(dump).toMatch(/n_packets=10,.*actions=meter:\d+,output:100$/m);
  });

  test('end with the switchover: the source gets no more', async () => {
    const one = await conversation();
    await bed.prepare('web', 'b');
    await copyTo('b');
    bed.network.update((state) => delivered('web', 'b')(copied('web', undefined)(state)));
    await bed.stop('web');
    await bed.run('web', 'b');
    await bed.settled();
    await say(one, 10);
    const dump = await bed.ofctl('a', 'dump-flows', '--no-stats', 'table=40');
    expect(dump).not.toMatch(/output:100(,|$)/m);
  });
});

test('a tunnel whose next hop was forgotten is warm again before the first relayed packet', async () => {
  await bed.prepare('web', 'b');
  for (const host of ['a', 'b'] as const) await bed.appctl(host, 'tnl/neigh/flush');
  expect(await bed.appctl('a', 'tnl/neigh/show')).not.toContain(address.gateway('a').ipv4);
  const migration = bed.network.state.migrations.get('web')!;
  const warm = warmings(bed.network.state, migration);
  expect(warm.map(({ host }) => host).sort()).toEqual(['a', 'b']);
  for (const { host, actions, frame } of warm) bed.fabric.packetThrough(host, actions, frame);
  for (const host of ['a', 'b'] as const) {
    await expect
      .poll(() => bed.appctl(host, 'tnl/neigh/show'), { timeout: 2_000 })
      .toContain(address.gateway(host).ipv4);
  }
});

describe('megaflows', () => {
  async function megaflows(): Promise<string[]> {
    const dumps = await Promise.all(
      (['a', 'b'] as const).map((host) => bed.appctl(host, 'dpctl/dump-flows', 'netdev@ovs-netdev')),
    );
    return dumps.flatMap((dump) => dump.split('\n')).filter((line) => line.includes('actions:'));
  }

  const FLOOD = 400;
  const kinds = {
    'UDP from many ports': (i: number) => ({ from: address.stranger.ipv4, port: 1024 + i, flags: undefined }),
    'UDP from many sources': (i: number) => ({ from: spoofed(i), port: 1024 + i, flags: undefined }),
    'TCP’s SYN from many sources': (i: number) => ({ from: spoofed(i), port: 1024 + i, flags: 0x02 }),
    'TCP’s ACK from many sources': (i: number) => ({ from: spoofed(i), port: 1024 + i, flags: 0x10 }),
  } as const;
  const spoofed = (i: number): string => `198.51.${100 + (i >> 8)}.${i & 255}`;

  async function flood(kind: keyof typeof kinds, count: number): Promise<void> {
    const tap = await bed.room.tap('stranger', 'eth0');
    const ethFrom = await bed.macOf('stranger', 'eth0');
    const ethTo = await bed.macOf('router', 'to-y');
    for (let i = 0; i < count; i++) {
      const { from, port, flags } = kinds[kind](i);
      const ip = { from, to: HOME, ethFrom, ethTo };
      const segment = { sequence: i, acknowledges: 1 };
      await tap.inject(
        flags === undefined ? udp4(ip, [port, 9000], `${i}`) : tcp4(ip, [port, 9000], { ...segment, flags }),
      );
    }
  }

  describe.each(['at home', 'away'])('to a guest %s', (where) => {
    test.each(Object.keys(kinds) as (keyof typeof kinds)[])('do not grow with %s', async (kind) => {
      if (where === 'away') await bed.move('web', 'b');
      await bed.room.udp('web', '0.0.0.0', 9000);
      await flood(kind, 20);
      const few = (await megaflows()).length;
      await flood(kind, FLOOD);
      const many = await megaflows();
      const packets = many.map((line) => Number(/packets:(\d+)/.exec(line)?.[1] ?? 0));
      // One of them carried the flood.
      expect(Math.max(...packets)).toBeGreaterThan(FLOOD / 2);
      expect(many.length - few, many.slice(0, 12).join('\n')).toBeLessThan(FLOOD / 20);
    });
  });
});
