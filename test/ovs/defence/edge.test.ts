/**
 * What an edge sends straight to a guest that has moved, through real Open vSwitch: it is counted at the edge and nowhere
 * else, and a flood that comes by the edge is met there.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { counted, countersIn, countersRequest } from '../../../apps/defence/counters.ts';
import { FilterService } from '../../../apps/defence/filter-service.ts';
import { noTotals, type Totals } from '../../../apps/defence/measurement.ts';
import { systemClock } from '../../../controller/clock.ts';
import { defended } from '../../../controller/network/changes.ts';
import { defaultDefence } from '../../../controller/network/defence-policy.ts';
import { admissionMeter, Table } from '../../../controller/switches/pipeline.ts';
import { address, Bed, type SwitchKey } from '../apps/bed.ts';
import { tcp } from '../apps/talk.ts';
import { atRest, takesConnections } from '../support/conditions.ts';
import { made } from './made-by.ts';
import { Watch } from './watch.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const web = address.guest('web').ipv4;
const client = address.client.ipv4;

let bed: Bed;
let watch: Watch;
let route: readonly string[];
beforeAll(async () => {
  bed = await Bed.open();
  route = [await bed.macOf('client', 'eth0'), await bed.macOf('router', 'to-x'), web];
}, 60_000);
afterAll(() => bed.close());
beforeEach(async () => {
  await bed.reset();
  bed.network.update(defended('web', { ...defaultDefence, coolDown: 1_000 }));
  watch = await Watch.open(bed, 'x');
});
afterEach(async () => {
  await watch.close();
  expect([...bed.problems, ...watch.faults]).toEqual([]);
});

async function flood(
  kind: string,
  rate: number,
  seconds: number,
  source: string,
  port = 9,
  fromPort?: number,
): Promise<number> {
  const words = [file('flood.py'), 'eth0', kind, `${rate}`, `${seconds}`, source, ...route, `${port}`];
  if (fromPort !== undefined) words.push(`${fromPort}`);
  return (JSON.parse(await bed.room.run('client', ['python3', ...words])) as { sent: number }).sent;
}

async function totals(key: SwitchKey): Promise<Totals> {
  const parts = await bed.fabric.session(key)!.requestAll(countersRequest, 'telling its counters');
  const { number } = bed.network.state.guests.get('web')!.interfaces[0]!;
  return counted({ last: new Map(), totals: new Map() }, countersIn(parts)).totals.get(number) ?? noTotals;
}

const all = async () => ({ a: await totals('a'), b: await totals('b'), x: await totals('x') });

test('each packet is counted once: at the edge what it redirects, at the anchor what it passes on', async () => {
  const old = await tcp(bed, { version: 'ipv4', port: 82 });
  await bed.move('web', 'b', 'all', 'rewrite');
  const before = await atRest(all);
  const syns = await flood('syn', 500, 1, client);
  const acks = await flood('ack', 500, 1, client, 10);
  const datagrams = await flood('udp', 500, 1, client);
  await old.clientFirst('after the move');
  const serving = bed.room.run('web', ['python3', file('crowd.py'), 'serve', web, '80', '3']);
  await takesConnections(bed, 'web', 80);
  const crowd = ['python3', file('crowd.py'), 'open', '50', '1', '0.1', web, '80', client];
  const { begun, answered } = JSON.parse(await bed.room.run('client', crowd)) as {
    begun: number;
    answered: number;
  };
  await serving;
  const after = await atRest(all);
  const grown = (key: 'a' | 'b' | 'x', name: keyof Totals): number => after[key][name] - before[key][name];
  expect([grown('x', 'syn'), grown('a', 'syn'), grown('b', 'syn')]).toEqual([syns + begun, 0, 0]);
  expect([grown('x', 'newUdp'), grown('a', 'newUdp'), grown('b', 'newUdp')]).toEqual([datagrams, 0, 0]);
  expect([grown('x', 'strayTcp'), grown('b', 'strayTcp')]).toEqual([0, 0]);
  expect(grown('a', 'strayTcp')).toBe(acks);
  // That was there before the move: it begins nothing. Two packets of a connection in one batch both count as the first.
  expect(answered).toBeGreaterThan(0);
  expect(grown('x', 'completed')).toBeGreaterThanOrEqual(answered);
  expect(grown('x', 'completed')).toBeLessThanOrEqual(2 * begun);
  expect(grown('x', 'knownTcp')).toBeGreaterThan(0);
  expect([grown('a', 'completed'), grown('a', 'knownTcp'), grown('b', 'knownTcp')]).toEqual([0, 0, 0]);
}, 30_000);

test('connections that live when the guest moves are not taken for new ones', async () => {
  const living = [];
  for (let port = 1_000; port < 1_010; port++) living.push(await tcp(bed, { version: 'ipv4', port }));
  await bed.move('web', 'b', 'all', 'rewrite');
  const before = await atRest(() => totals('x'));
  for (const one of living) await one.clientFirst('after the move');
  const after = await atRest(() => totals('x'));
  expect(after.knownTcp - before.knownTcp).toBeGreaterThanOrEqual(living.length);
  expect(after.completed - before.completed).toBe(0);
});

test.each([
  ['that begins before the guest moves', false],
  ['that begins after it', true],
])(
  'an ACK flood of one connection that there is not, %s: nothing of it follows the guest',
  async (_, late) => {
    const living = await tcp(bed, { version: 'ipv4', port: 83 });
    const strays = async (): Promise<number> => {
      const { strayTcp, invalidTcp } = await totals('a');
      return strayTcp + invalidTcp;
    };
    const delivered = async (): Promise<number> => {
      const flows = await bed.ofctl('b', 'dump-flows', `table=${Table.deliverRelayed}`);
      return [...flows.matchAll(/n_packets=(\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
    };
    if (late) await bed.move('web', 'b', 'established', 'rewrite');
    const flooding = flood('ack', 2_000, late ? 2 : 5, client, 83, 40_001);
    if (!late) await bed.move('web', 'b', 'established', 'rewrite');
    const [quiet, before] = [await strays(), await delivered()];
    // The sender has to start, which takes it half a second on a busy machine.
    await expect.poll(strays, { timeout: 5_000 }).toBeGreaterThan(quiet);
    const counted = await strays();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await strays()) - counted).toBeGreaterThan(1_000);
    expect((await delivered()) - before).toBe(0);
    await flooding;
    await living.clientFirst('after the flood');
    await living.guestFirst('and back');
    expect(await delivered()).toBeGreaterThan(before);
  },
  30_000,
);

test('an ACK flood by the edge leaves nothing in its conntrack', async () => {
  const size = async (): Promise<number> =>
    Number(/\d+/.exec(await bed.appctl('x', 'dpctl/ct-get-nconns'))![0]);
  const before = await size();
  const acks = await flood('ack', 2_000, 1, client, 10);
  expect(acks).toBeGreaterThan(1_000);
  expect((await size()) - before).toBeLessThan(20);
  await bed.move('web', 'b', 'established', 'rewrite');
  await flood('ack', 2_000, 1, client, 10);
  expect((await size()) - before).toBeLessThan(20);
}, 30_000);

test('a flood of forged sources by the edge: the verdict names the edge, and new connections are held back there alone', async () => {
  await bed.move('web', 'b', 'all', 'rewrite');
  const blocklist = new BlocklistService(bed.network, systemClock);
  const filter = new FilterService({
    network: bed.network,
    blocklist,
    verdicts: watch.defence,
    clock: systemClock,
    isFiltered: () => true,
    knownNetworks: () => [],
    settled: () => bed.fabric.settled(),
    onFiltered: () => undefined,
    onError: (error) => watch.faults.push(error.message),
  });
  const { number } = bed.network.state.guests.get('web')!.interfaces[0]!;
  const [hex, usual] = [`0x${number.toString(16)} `, ['policy', 'policy']];
  const rateAt = async (key: SwitchKey): Promise<string | undefined> => {
    const meters = await bed.ofctl(key, 'dump-meters');
    return new RegExp(`meter=${admissionMeter(number)} .*\\n.*rate=(\\d+)`).exec(meters)?.[1];
  };
  const rates = async () => [await rateAt('x'), await rateAt('a'), await rateAt('b')];
  /** Who is said to let new connections in at that rate. */
  const byAt = async (key: SwitchKey): Promise<string[]> => {
    const flows = (await made(bed, key, 'admission')).filter((flow) => flow.includes(`,reg0=${hex}`));
    return flows.map((flow) => flow.replace(/^.* by /, ''));
  };
  try {
    await expect.poll(rates, { timeout: 5_000 }).toEqual(['1000', '1000', '1000']);
    const flooding = flood('syn', 3_000, 2, 'random');
    await watch.verdict('an origin', ({ origin }) => origin === 'spoofed');
    await bed.fabric.settled();
    expect(await rates()).toEqual(['100', '1000', '1000']);
    const { id } = watch.told[0]!;
    expect(await byAt('x')).toEqual([`verdict ${id}`, `verdict ${id}`]);
    expect([await byAt('a'), await byAt('b')]).toEqual([usual, usual]);
    await flooding;
    const [first] = watch.told;
    expect(first).toMatchObject({ guest: 'web', host: 'x', kind: 'syn-flood' });
    await watch.verdict('its end', ({ ended }) => ended !== undefined);
    await bed.fabric.settled();
    expect(await rates()).toEqual(['1000', '1000', '1000']);
    expect(await byAt('x')).toEqual(usual);
    expect(new Set(watch.told.map(({ host }) => host))).toEqual(new Set(['x']));
  } finally {
    filter.close();
    blocklist.close();
  }
}, 30_000);
