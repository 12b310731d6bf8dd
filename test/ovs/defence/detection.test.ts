/**
 * Floods, bots and crowds against a guest behind a real bridge: what is said of them, and how soon.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defended } from '../../../controller/network/changes.ts';
import { defaultDefence } from '../../../controller/network/defence-policy.ts';
import { counted, countersIn, countersRequest } from '../../../apps/defence/counters.ts';
import type { Totals } from '../../../apps/defence/measurement.ts';
import { switches } from '../../../controller/limits.ts';
import { address, Bed, mac } from '../apps/bed.ts';
import { Watch } from './watch.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const web = address.guest('web').ipv4;
const attacker = address.neighbour.ipv4;

let bed: Bed;
let watch: Watch;
let lanMac: string;
beforeAll(async () => {
  bed = await Bed.open();
  lanMac = await bed.macOf('neighbour', 'eth0');
}, 60_000);
afterAll(() => bed.close());
beforeEach(async () => {
  await bed.reset();
  bed.network.update(defended('web', { ...defaultDefence, coolDown: 1_000 }));
  await bed.room.run('neighbour', ['ping', '-q', '-c', '1', web]);
  watch = await Watch.open(bed);
  await quiet();
});
afterEach(async () => {
  await watch.close();
  expect([...bed.problems, ...watch.faults]).toEqual([]);
});

/** Some readings, so that what comes next is told from what was before. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 600));

interface Sent {
  /** Milliseconds since the Unix epoch. */
  readonly first: number;
  readonly sent: number;
}

async function flood(
  kind: string,
  rate: number,
  seconds: number,
  source: string,
  target = web,
): Promise<Sent> {
  const words = [
    file('flood.py'),
    'eth0',
    kind,
    String(rate),
    String(seconds),
    source,
    lanMac,
    mac('web'),
    target,
    '9',
  ];
  const told = JSON.parse(await bed.room.run('neighbour', ['python3', ...words])) as Sent;
  return { first: told.first * 1000, sent: told.sent };
}

async function crowd(from: string, rate: number, seconds: number, hold: number, sources: readonly string[]) {
  const words = [
    file('crowd.py'),
    'open',
    String(rate),
    String(seconds),
    String(hold),
    web,
    '80',
    ...sources,
  ];
  return JSON.parse(await bed.room.run(from, ['python3', ...words])) as { begun: number; answered: number };
}

const serve = (seconds: number): Promise<string> =>
  bed.room.run('web', ['python3', file('crowd.py'), 'serve', web, '80', String(seconds)]);

describe('what is counted', () => {
  const totals = async (): Promise<Totals> => {
    const session = bed.fabric.session('a')!;
    const read = async () => countersIn(await session.requestAll(countersRequest, 'telling its counters'));
    const { number } = bed.network.state.guests.get('web')!.interfaces[0]!;
    return counted({ last: new Map(), totals: new Map() }, await read()).totals.get(number)!;
  };

  test('is what was sent, class by class; samples stay within their meter', async () => {
    const before = await totals();
    const records = watch.records.length;
    const sent: Record<string, number> = {};
    for (const kind of ['syn', 'ack', 'udp', 'icmp'])
      ({ sent: sent[kind] } = await flood(kind, 2_000, 1, 'random'));
    const serving = serve(4);
    await quiet();
    const { begun } = await crowd('neighbour', 50, 1, 0.1, [attacker]);
    await serving;
    await quiet();
    const after = await totals();
    const grown = (name: keyof Totals): number => after[name] - before[name];
    expect(grown('syn')).toBe(sent['syn']! + begun);
    // Packets of one connection that OVS takes up in one batch do not see each other's mark.
    for (const once of ['completed', 'ended'] as const) {
      expect(grown(once)).toBeGreaterThanOrEqual(begun);
      expect(grown(once)).toBeLessThanOrEqual(2 * begun);
    }
    expect(grown('strayTcp')).toBe(sent['ack']);
    expect(grown('newUdp')).toBe(sent['udp']);
    expect(grown('newIcmp') + grown('knownIcmp')).toBe(sent['icmp']);
    // All but what is beyond the meter: its burst, and its rate for as long as it took.
    expect(watch.records.length - records).toBeGreaterThan(3_000);
    expect(watch.records.length - records).toBeLessThan(
      sent['syn']! + sent['ack']! + sent['udp']! + sent['icmp']! + 400,
    );
  });

  test('a flood of random sources costs the controller no more than its meter lets through', async () => {
    const records = watch.records.length;
    const cpu = process.cpuUsage();
    const seconds = 4;
    const { sent } = await flood('syn', 30_000, seconds, 'random');
    const { user, system } = process.cpuUsage(cpu);
    const sampled = watch.records.length - records;
    const share = (user + system) / (seconds * 1_000_000);
    console.log(`${sent} SYNs: ${sampled} samples, ${Math.round(share * 100)} % of a CPU`);
    expect(sampled).toBeGreaterThan(500);
    // Starting and ending the flood takes time, too, in which the meter lets more through.
    expect(sampled).toBeLessThan(switches.samplesPerSecond * (seconds + 4));
    expect(share).toBeLessThan(0.8);
  });
});

describe('floods', () => {
  test.each([
    ['syn', 'syn-flood'],
    ['ack', 'ack-flood'],
    ['udp', 'udp-flood'],
    ['icmp', 'icmp-flood'],
  ])('of forged sources, %s: the kind at once, and that no source means anything', async (kind, named) => {
    const rate = kind === 'udp' ? 12_000 : 4_000;
    const { first } = await flood(kind, rate, 2, 'random');
    const verdict = await watch.verdict('a verdict', () => true);
    console.log(`${kind}, forged: verdict ${Math.round(verdict.decided - first)} ms after the first packet`);
    expect(verdict).toMatchObject({ guest: 'web', host: 'a', kind: named, sources: [] });
    // How soon, on a machine that does nothing else, is what benchmarks measure.
    expect(verdict.decided - verdict.since).toBeLessThan(1_000);
    expect(verdict.decided - first).toBeLessThan(5_000);
    const sourced = await watch.verdict('an origin', ({ origin }) => origin !== 'unknown');
    expect(sourced).toMatchObject({ kind: named, origin: 'spoofed', sources: [] });
    expect(sourced.distinctSources).toBeGreaterThan(300);
    await watch.verdict('its end', ({ ended }) => ended !== undefined);
    expect(new Set(watch.told.map((one) => one.kind))).toEqual(new Set([named]));
  });

  test.each([
    ['syn', 'syn-flood'],
    ['udp', 'udp-flood'],
    ['icmp', 'icmp-flood'],
  ])('of one source, %s: it is named', async (kind, named) => {
    const { first } = await flood(kind, kind === 'udp' ? 12_000 : 4_000, 2, attacker);
    const verdict = await watch.verdict('the source', ({ sources }) => sources.length > 0);
    console.log(`${kind}, real: source ${Math.round(verdict.updated - first)} ms after the first packet`);
    expect(verdict).toMatchObject({ kind: named, origin: 'real' });
    expect(verdict.sources.map(({ prefix }) => prefix)).toEqual([`${attacker}/32`]);
  });
});

describe('floods by IPv6', () => {
  const [home, sender] = [address.guest('web').ipv6, address.neighbour.ipv6];

  test.each([
    ['syn', 'syn-flood'],
    ['icmp', 'icmp-flood'],
  ])('of one source, %s: its /64 is named', async (kind, named) => {
    const { first } = await flood(kind, 4_000, 1.5, sender, home);
    const verdict = await watch.verdict('the source', ({ sources }) => sources.length > 0);
    console.log(`${kind}, IPv6: source ${Math.round(verdict.updated - first)} ms after the first packet`);
    expect(verdict).toMatchObject({ guest: 'web', kind: named, origin: 'real' });
    expect(verdict.sources.map(({ prefix }) => prefix)).toEqual(['2001:db8:1::/64']);
  });

  test('of forged sources: the kind, and that no source means anything', async () => {
    await flood('udp', 12_000, 1.5, 'random', home);
    const verdict = await watch.verdict('an origin', ({ origin }) => origin !== 'unknown');
    expect(verdict).toMatchObject({ guest: 'web', kind: 'udp-flood', origin: 'spoofed', sources: [] });
    expect(verdict.distinctSources).toBeGreaterThan(300);
  });
});

describe('connections', () => {
  test('bots that open connections are named, and are known to have their addresses', async () => {
    const serving = serve(6);
    await quiet();
    await crowd('neighbour', 400, 2, 0.05, [attacker]);
    const verdict = await watch.verdict('bots', ({ sources }) => sources.length > 0);
    expect(verdict).toMatchObject({ kind: 'connection-flood', origin: 'real' });
    expect(verdict.sources).toMatchObject([{ prefix: `${attacker}/32`, proven: true }]);
    await serving;
  });

  test('a crowd of honest clients is no attack', async () => {
    const clients = Array.from({ length: 200 }, (_, i) => `203.0.113.${i + 50}`);
    const lines = clients.map((client) => `addr add ${client}/24 dev eth0\n`).join('');
    await bed.room.run('client', ['ip', '-batch', '-'], lines);
    const serving = serve(8);
    await quiet();
    const { begun, answered } = await crowd('client', 400, 4, 0.3, clients);
    expect(answered).toBeGreaterThan(begun * 0.95);
    expect(begun).toBeGreaterThan(1_000);
    await quiet();
    expect(watch.told).toEqual([]);
    await serving;
  });

  test('who holds many connections and hardly uses them is named', async () => {
    const serving = serve(25);
    await quiet();
    await crowd('neighbour', 50, 2, 20, [attacker]);
    const verdict = await watch.verdict('slow connections', ({ kind }) => kind === 'slow-connections');
    expect(verdict.sources).toMatchObject([{ prefix: `${attacker}/32`, proven: true }]);
    await serving;
  }, 60_000);
});
