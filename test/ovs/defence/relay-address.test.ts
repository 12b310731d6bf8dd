/**
 * Who finds out an address that bridges relay to, and sends to it, through real Open vSwitch: as little of that is let in as of
 * anything new, it is seen for what it is, and what is relayed there goes on beside it.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { systemClock } from '../../../controller/clock.ts';
import { switches } from '../../../controller/limits.ts';
import { defended } from '../../../controller/network/changes.ts';
import { defaultDefence } from '../../../controller/network/defence-policy.ts';
import { relayedMeter, relayZone } from '../../../controller/switches/pipeline.ts';
import { address } from '../apps/bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { atRest, takesConnections } from '../support/conditions.ts';
import { echo } from './echo.ts';
import { Watch } from './watch.ts';

const bed = await bedOfFile();
const blocklist = new BlocklistService(bed.network, systemClock);
afterAll(() => blocklist.close());

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const [web, client, stranger] = [address.guest('web'), address.client, address.stranger];

type Version = 'ipv4' | 'ipv6';

const PER_SECOND = 20;
const BURST = PER_SECOND * switches.relayedBurstSeconds;

const nic = () => bed.network.state.guests.get('web')!.interfaces[0]!;

/** Where edges send what their stations say to web. */
function relayAddress(version: Version): string {
  const relays = bed.network.state.anchors.get(nic().number)!.flatMap((anchor) => anchor.relays ?? []);
  return relays[0]!.edge[version]!;
}

async function flood(kind: string, rate: number, seconds: number, version: Version): Promise<number> {
  const ends = [await bed.macOf('stranger', 'eth0'), await bed.macOf('router', 'to-y')];
  const words = ['eth0', kind, `${rate}`, `${seconds}`, 'random', ...ends, relayAddress(version), '9'];
  const told = await bed.room.run('stranger', ['python3', file('flood.py'), ...words]);
  return (JSON.parse(told) as { sent: number }).sent;
}

/** Packets that have come to web at b out of relays. */
async function delivered(): Promise<number> {
  const flows = await bed.ofctl('b', 'dump-flows', 'table=41');
  return [...flows.matchAll(/n_packets=(\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

const tracked = async (): Promise<number> =>
  Number(/\d+/.exec(await bed.appctl('b', 'dpctl/ct-get-nconns'))![0]);

const admits = (perSecond: number): void =>
  bed.network.update(
    defended('web', { ...defaultDefence, coolDown: 1_000, admission: { perSecond, inFlood: perSecond } }),
  );

// The two ways behind the meter: of what opens a connection, and of all else.
test.each([
  ['syn', 'ipv4'],
  ['udp', 'ipv6'],
] as const)(
  'a flood of %s from random sources, %s, is let in as slowly as any that is new, and tracked no more than that',
  async (kind, version) => {
    admits(PER_SECOND);
    const living = await echo(bed, web[version], client[version]);
    await bed.move('web', 'b', 'all', 'rewrite');
    expect(await living.live()).toBe(true);
    const [before, connections] = [await atRest(delivered), await tracked()];
    const began = performance.now();
    const flooding = flood(kind, 2_000, 0.6, version);
    expect(await living.live()).toBe(true);
    const sent = await flooding;
    const most = BURST + (PER_SECOND * (performance.now() - began)) / 1_000;
    expect(sent).toBeGreaterThan(2 * most);
    const passed = (await atRest(delivered)) - before;
    // Its bucket is as full as the test before has left it.
    expect(passed).toBeGreaterThan(PER_SECOND);
    expect(passed).toBeLessThan(most + 20);
    expect((await tracked()) - connections).toBeLessThan(most + 20);
    expect(await living.live()).toBe(true);
  },
  20_000,
);

test('has a meter with room for what goes on after a move; where all goes through tunnels, nothing refers to it', async () => {
  const meters = (): Promise<string> => bed.ofctl('b', 'dump-meters');
  await bed.move('web', 'b', 'all', 'rewrite');
  expect(await meters()).toMatch(
    new RegExp(`meter=${relayedMeter(nic().number)} .*\\n.*rate=1000 burst_size=10000`),
  );
  await bed.reset();
  await bed.move('web', 'b');
  expect(await bed.ofctl('b', 'dump-flows')).not.toContain(`meter:${relayedMeter(nic().number)}`);
});

test('the second line holds there for what begins, and cuts nothing that lives', async () => {
  const living = await echo(bed, web.ipv4, client.ipv4);
  await bed.move('web', 'b', 'all', 'rewrite');
  const serving = bed.room.run('web', ['python3', file('crowd.py'), 'serve', web.ipv4, '81', '4']);
  await takesConnections(bed, 'web', 81);
  const open = async (): Promise<number> => {
    const words = ['open', '10', '1', '0.1', relayAddress('ipv4'), '81', stranger.ipv4];
    const told = await bed.room.run('stranger', ['python3', file('crowd.py'), ...words]);
    return (JSON.parse(told) as { answered: number }).answered;
  };
  expect(await open()).toBeGreaterThan(0);
  blocklist.block({ sources: [stranger.ipv4, client.ipv4], origin: 'list', reason: 'test' });
  await bed.settled();
  expect(await open()).toBe(0);
  // What lives is the first of its connection there, as after a move.
  await bed.fabric.flushZone('b', relayZone(nic().number));
  expect(await living.live()).toBe(true);
  await serving;
}, 20_000);

describe('what is sent there beyond what is let in', () => {
  let watch: Watch;
  beforeEach(async () => {
    admits(500);
    await bed.move('web', 'b', 'all', 'rewrite');
    watch = await Watch.open(bed, 'b');
    await new Promise((resolve) => setTimeout(resolve, 600));
  });
  afterEach(async () => {
    await watch.close();
    expect(watch.faults).toEqual([]);
  });

  test('is a flood', async () => {
    const flooding = flood('ack', 12_000, 2, 'ipv4');
    await watch.verdict('an origin', ({ origin }) => origin === 'spoofed');
    expect(watch.told[0]).toMatchObject({ guest: 'web', host: 'b', kind: 'ack-flood' });
    await flooding;
    await watch.verdict('its end', ({ ended }) => ended !== undefined);
    expect(new Set(watch.told.map(({ kind }) => kind))).toEqual(new Set(['ack-flood']));
  }, 20_000);

  test('what bridges relay is nothing of it', async () => {
    const ends = [await bed.macOf('client', 'eth0'), await bed.macOf('router', 'to-x'), web.ipv4, '9'];
    const before = await delivered();
    const words = ['eth0', 'udp', '1500', '1.5', 'random', ...ends];
    await bed.room.run('client', ['python3', file('flood.py'), ...words]);
    // What the edge's meter lets in.
    expect((await atRest(delivered)) - before).toBeGreaterThan(500);
    expect(watch.told.filter(({ host }) => host === 'b')).toEqual([]);
  }, 20_000);
});
