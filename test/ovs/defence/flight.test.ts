/**
 * From packets to what is done about them, on real bridges: a verdict becomes flows that drop; a flood of forged sources
 * drives the guest away, and what is established goes with it; one that comes along drives it on. Only libvirt's part is the
 * test's, and how much time has passed between two flights.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import { type Filtered, FilterService } from '../../../apps/defence/filter-service.ts';
import { FlightService } from '../../../apps/defence/flight-service.ts';
import type { Moment } from '../../../apps/events.ts';
import type { MigrationOptions } from '../../../apps/migration/service.ts';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { systemClock } from '../../../controller/clock.ts';
import { flight as limits } from '../../../controller/limits.ts';
import { defended, hypervisorSeen, migrationChanged } from '../../../controller/network/changes.ts';
import { type DefenceMode, defaultDefence } from '../../../controller/network/defence-policy.ts';
import type { Migration } from '../../../controller/network/migration.ts';
import { admissionMeter, knownNetworksMeter } from '../../../controller/switches/pipeline.ts';
import { address, Bed, mac } from '../apps/bed.ts';
import { echo } from './echo.ts';
import { made } from './made-by.ts';
import { Watch } from './watch.ts';

const web = address.guest('web').ipv4;
const attacker = address.neighbour.ipv4;
/** A network that clients of the guest have come from. */
const KNOWN = `${address.client.ipv4.replace(/\d+$/, '0')}/24`;
const flooder = fileURLToPath(new URL('flood.py', import.meta.url));

let bed: Bed;
let watch: Watch;
let lanMac: string;
let blocklist: BlocklistService;
let filter: FilterService;
let flights: FlightService;
let filtered: Filtered[];
let moments: Moment[];
let begun: MigrationOptions[];
/** By how much flights are ahead of the time, in ms. */
let ahead: number;
beforeAll(async () => {
  bed = await Bed.open();
  lanMac = await bed.macOf('neighbour', 'eth0');
}, 60_000);
afterAll(() => bed.close());
beforeEach(async () => {
  await bed.reset();
  [filtered, moments, begun, ahead] = [[], [], [], 0];
  for (const host of ['a', 'b', 'c', 'd']) bed.network.update(hypervisorSeen(host, new Map()));
  watch = await Watch.open(bed, 'a', 'b');
  blocklist = new BlocklistService(bed.network, systemClock);
  filter = new FilterService({
    network: bed.network,
    blocklist,
    verdicts: watch.defence,
    clock: systemClock,
    isFiltered: () => true,
    knownNetworks: () => [KNOWN],
    settled: () => bed.fabric.settled(),
    onFiltered: (what) => filtered.push(what),
    onError: (error) => watch.faults.push(error.message),
  });
  flights = new FlightService({
    network: bed.network,
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    verdicts: watch.defence,
    migrations: { begin },
    fabric: bed.fabric,
    filteredSince: (verdict) => filter.inForceSince(verdict),
    honest: (guest) => watch.defence.honest(guest),
    newId: () => randomBytes(6).toString('hex'),
    onMoment: (moment) => moments.push(moment),
    onError: (error) => watch.faults.push(error.message),
  });
  flights.start();
});
afterEach(async () => {
  flights.close();
  filter.close();
  blocklist.close();
  await watch.close();
  expect([...bed.problems, ...watch.faults]).toEqual([]);
});

/** What the migration service does of its own accord when a migration begins. */
function begin(guest: string, to: string, options: MigrationOptions = {}): Migration {
  begun.push(options);
  const { network } = bed;
  const known = network.state.guests.get(guest)!;
  const migration: Migration = {
    ...{ id: `${guest} ${to}`, guest, from: network.state.placements.get(guest)!, to },
    ...{ strategy: 'redirect', origin: 'controller', phase: 'planned', entered: {}, maxBlackoutMs: 100 },
    admit: options.admit ?? 'all',
  };
  network.update((state) =>
    migrationChanged(migration)(withLeases(state, known, to, options.relay, options.edgesOnly)),
  );
  return migration;
}

const defend = (policy: DefenceMode): void =>
  bed.network.update(defended('web', { ...defaultDefence, policy, coolDown: 1_000 }));

function flood(rate: number, seconds: number, source: string): Promise<string> {
  return floodFrom('neighbour', [lanMac, mac('web'), web], rate, seconds, source);
}

/** `to`: the frames' source and destination, and the address that they are for. */
function floodFrom(
  station: string,
  to: readonly [string, string, string],
  rate: number,
  seconds: number,
  source: string,
): Promise<string> {
  return bed.room.run(station, [
    ...['python3', flooder, 'eth0', 'syn', String(rate), String(seconds), source, ...to, '9'],
  ]);
}

async function until(what: string, holds: () => boolean | Promise<boolean>, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${patience} ms: ${what}; ${JSON.stringify(moments)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const phases = (): string[] =>
  moments.map((moment) => (moment.kind === 'flight' ? moment.phase : moment.kind));
const reaches = (from: string, to: string): Promise<boolean> =>
  bed.room.run(from, ['ping', '-q', '-c', '1', '-W', '1', to]).then(
    () => true,
    () => false,
  );

/** Packets of matching flows, as OVS counts them. */
async function hits(table: number, match: string): Promise<number> {
  const flows = await bed.ofctl('a', 'dump-flows', `table=${table},${match}`);
  return [...flows.matchAll(/n_packets=(\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

/** New handshakes that come as far as to be counted for the guest. */
const counted = (): Promise<number> => hits(31, 'tcp');

test('a flood of one source: seen, blocked at the bridge by a flow that names the verdict, and gone', async () => {
  defend('filter-only');
  await bed.room.run('neighbour', ['ping', '-q', '-c', '1', web]);
  await pause(600);
  const flooding = flood(4_000, 4, attacker);
  await until('a block', () => filtered.length > 0, 5_000);
  const verdict = watch.told.find(({ sources }) => sources.length > 0)!;
  expect(filtered[0]).toEqual({ guest: 'web', verdict: verdict.id, sources: 1, admission: undefined });

  const [block] = bed.network.state.blocklist.blocks.values();
  expect(block).toMatchObject({ verdict: verdict.id, guest: 'web', sources: [attacker] });
  for (const bridge of ['a', 'x'] as const) {
    expect(await made(bed, bridge, 'blocklist')).toEqual([
      `priority=100,ip,nw_src=${attacker},nw_dst=${web} actions=drop by verdict ${verdict.id}`,
    ]);
  }

  await pause(300);
  const [before, droppedBefore] = [await counted(), await hits(10, `ip,nw_src=${attacker},nw_dst=${web}`)];
  await pause(1_000);
  const [after, dropped] = [await counted(), await hits(10, `ip,nw_src=${attacker},nw_dst=${web}`)];
  expect(dropped - droppedBefore).toBeGreaterThan(1_000);
  expect(after - before).toBeLessThan(20);
  await flooding;
  expect(await reaches('neighbour', web)).toBe(false);
  expect(await reaches('client', web)).toBe(true);
  expect(phases()).toEqual([]);
}, 30_000);

test('a flood of forged sources: the guest flees, nothing new follows it, and what is established does', async () => {
  defend('move-when-needed');
  const connection = await echo(bed, web, address.client.ipv4);
  // What is usual has to be known: 20 packets a second, for longer than the warm-up.
  const pinging = bed.room
    .run('client', ['ping', '-q', '-i', '0.05', '-w', '24', web])
    .catch(() => undefined);
  await pause(11_000);
  expect(watch.defence.honest('web').usual).toBeGreaterThan(10);

  const flooding = flood(3_000, 8, 'random');
  await until('a flight', () => begun.length > 0, 5_000);
  expect(phases()).toEqual(['planned', 'moving']);
  expect(begun).toEqual([{ admit: 'established', relay: 'rewrite', edgesOnly: true }]);
  await bed.settled();
  // The old ingress is closed while the guest is still there.
  expect(bed.network.state.placements.get('web')).toBe('a');
  expect(await reaches('stranger', web)).toBe(false);
  expect(await connection.live()).toBe(true);
  const { number } = bed.network.state.guests.get('web')!.interfaces[0]!;
  const ofWeb = `reg0=0x${number.toString(16)}`;
  const [meter, ofKnown] = [admissionMeter(number), knownNetworksMeter(number)];
  const rateOf = async (id: number): Promise<string | undefined> =>
    new RegExp(`meter=${id} .*\\n.*rate=(\\d+)`).exec(await bed.ofctl('a', 'dump-meters'))?.[1];
  const { perSecond, inFlood } = defaultDefence.admission;
  expect([await rateOf(meter), await rateOf(ofKnown)]).toEqual([`${inFlood}`, `${perSecond}`]);
  // Each rule names what made it: the flood's verdict, and the flight from it.
  const [flight] = bed.network.state.flights.values();
  const [verdict] = flight!.verdicts;
  const on = 'ct(table=34,zone=NXM_NX_REG2[0..15])';
  const letIn = (by: string): string[] =>
    ['ip', 'ipv6'].map((ip) => `priority=100,${ip},${ofWeb} actions=meter:${meter},${on} by ${by}`);
  const refused = `priority=210,${ofWeb},reg6=0 actions=drop by flight ${flight!.id}, verdict ${verdict}`;
  const known = `priority=110,ip,${ofWeb},nw_src=${KNOWN} actions=meter:${ofKnown},${on} by verdict ${verdict}`;
  const admission = async (): Promise<string[]> =>
    (await made(bed, 'a', 'admission')).filter((flow) => new RegExp(`${ofWeb}[, ]`).test(flow)).toSorted();
  expect(await admission()).toEqual([refused, known, ...letIn(`verdict ${verdict}`)].toSorted());
  expect(verdict).toBe(watch.active[0]!.id);

  await bed.move('web', 'b', 'established', 'rewrite');
  await until('a verified flight', () => phases().includes('safe'), 10_000);
  expect(phases()).toEqual(['planned', 'moving', 'verifying', 'safe']);
  const landed = bed.network.state.flights.get(flight!.id)!;
  expect(landed).toMatchObject({ from: 'a', to: 'b', phase: 'safe' });
  expect(landed.why).toMatch(/^no attack at b for \d\.\d s; \d+ of usually \d+ packets\/s/);
  expect(await connection.live()).toBe(true);
  expect(await reaches('stranger', web)).toBe(false);
  expect(await reaches('stranger', bed.careOf('web', 'b').ipv4)).toBe(true);
  // The edge on the clients' side refuses what is new to the old place, too.
  expect((await made(bed, 'x', 'edgeTracked')).map((flow) => flow.replace(/^.*actions=/, ''))).toEqual(
    Array(4).fill(`drop by flight ${landed.id}, verdict ${verdict}`),
  );
  await flooding;
  await until('the end of the verdict', () => watch.active.length === 0, 10_000);
  await bed.settled();
  expect(await admission()).toEqual([refused, ...letIn('policy')].toSorted());
  expect(await rateOf(meter)).toBe(`${perSecond}`);
  expect(await hits(33, `reg0=${number},reg6=0`)).toBeGreaterThan(1_000);
  await pinging;
}, 90_000);

test('a flood that comes along: pursued, and when it may it goes on to a third place, not back', async () => {
  defend('move-when-needed');
  const connection = await echo(bed, web, address.client.ipv4);
  const flooding = flood(3_000, 2, 'random');
  await until('a flight', () => begun.length === 1, 5_000);
  await bed.move('web', 'b', 'established', 'rewrite');

  const careOf = bed.careOf('web', 'b').ipv4;
  const toRouter = [await bed.macOf('stranger', 'eth0'), await bed.macOf('router', 'to-y'), careOf] as const;
  const pursuing = floodFrom('stranger', toRouter, 3_000, 5, 'random');
  await until('a pursued flight', () => phases().includes('pursued'), 5_000);
  await until('a word on the next one', () => phases().includes('flight-withheld'), 5_000);
  const [first] = bed.network.state.flights.values();
  expect(first).toMatchObject({ from: 'a', to: 'b', phase: 'pursued' });
  expect(first!.why).toMatch(
    /^a syn-flood has come to b: [\d,]+ handshakes a second are begun and not completed/,
  );
  expect(moments.at(-1)).toMatchObject({
    host: 'b',
    why: expect.stringMatching(/from forged sources.*; its last flight began less than 30 s ago$/) as string,
  });
  await pause(500);
  expect(begun).toHaveLength(1);

  ahead = limits.spacing;
  await until('the next flight', () => begun.length === 2, 2_000);
  const next = [...bed.network.state.flights.values()].at(-1)!;
  expect(next).toMatchObject({
    from: 'b',
    to: 'c',
    verdicts: [watch.active.find(({ host }) => host === 'b')!.id],
  });
  await bed.move('web', 'c', 'established', 'rewrite');
  await until('a verified flight', () => phases().includes('safe'), 10_000);
  expect(bed.network.state.flights.get(next.id)!.why).toMatch(/^no attack at c for/);
  expect(await connection.live()).toBe(true);
  expect(await reaches('stranger', careOf)).toBe(false);
  expect(await reaches('stranger', bed.careOf('web', 'c').ipv4)).toBe(true);
  await Promise.all([flooding, pursuing]);
}, 60_000);
