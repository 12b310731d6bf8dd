/**
 * Every kind of traffic and of moves that a guest may make, on real parts: three sites with IPv4 and IPv6, guests with
 * one and with two interfaces. One lab for all; each test leaves the guests at a1.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MigrationObject, MigrationRequest } from '../../apps/api/objects.ts';
import { systemClock } from '../../controller/clock.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { pidsIn, QEMU, signal } from './lab/node.ts';
import { Probe, type ProbeWish } from './probe.ts';
import { hasEnded, RunningLab } from './running-lab.ts';

const WEB = ['10.1.0.100', '2001:db8:1::100'] as const;
const DUO = ['10.1.0.110', '2001:db8:1::110'] as const;
/** Of both its interfaces. */
const DUO_HOME = [...DUO, '10.11.0.110'] as const;

const HOSTS = ['a1', 'b1', 'd1'] as const;

/** Of connections that see how long a guest stood still. */
const INTERVAL_MS = 20;

const running = new RunningLab('round-trip', 18654);

const open = (name: string, wish: ProbeWish): Probe => new Probe(running.lab, name, wish);

const migrate = (guest: string, to: string, more: Partial<MigrationRequest> = {}): Promise<MigrationObject> =>
  running.migrate({ guest, to, bandwidthMiBps: 32, ...more });

/** What is born at a place: connections to each address that the guest has there, and others that it opens itself. */
async function bornAt(place: string, [ipv4, ipv6]: readonly [string, string]): Promise<Probe[]> {
  const probes = [ipv4, ipv6].flatMap((target, i) => {
    const name = (what: string): string => `${place}-${what}${i === 0 ? 4 : 6}`;
    return [
      open(name('tcp'), { kind: 'tcp-echo', target }),
      open(name('udp'), { kind: 'udp-echo', target }),
      open(name('icmp'), { kind: 'ping', target }),
      open(name('own-tcp'), { kind: 'from-guest', protocol: 'tcp', target: WEB[i]! }),
      open(name('own-udp'), { kind: 'from-guest', protocol: 'udp', target: WEB[i]! }),
      open(name('own-icmp'), { kind: 'from-guest', protocol: 'icmp', target: WEB[i]! }),
    ];
  });
  const begun = await Promise.allSettled(probes.map((probe) => probe.begun()));
  for (const one of begun) if (one.status === 'rejected') console.log(String(one.reason));
  await sleep(500);
  return probes;
}

/** Ends connections; every one of them must have lived. */
async function expectAlive(probes: readonly Probe[], moves: number, unanswered = 0): Promise<void> {
  const summaries = await Promise.all(probes.map((probe) => probe.close()));
  console.table(
    summaries.map(({ name, sent, lost, duplicated, reordered, gapMs, survived, error }) => ({
      name,
      sent,
      lost,
      duplicated,
      reordered,
      gapMs: Math.round(gapMs),
      survived,
      error,
    })),
  );
  for (const { name, protocol, unit, lost, duplicated, survived, error, sent } of summaries) {
    expect({ name, survived, error }).toEqual({ name, survived: true, error: null });
    expect(sent, name).toBeGreaterThan(2);
    expect(duplicated, name).toBe(0);
    if (unit === 'messages') expect(lost, `${name} ${protocol}`).toBe(0);
    // A few packets at each switchover; the machine may be slow.
    else expect(lost, name).toBeLessThanOrEqual(10 * moves + unanswered);
  }
}

/** The two guests that are at home in one subnet talk to each other, over both families. */
async function betweenGuests(place: string): Promise<Probe[]> {
  const probes = ([0, 1] as const).flatMap((i) => {
    const name = (what: string): string => `${place}-${what}${i === 0 ? 4 : 6}`;
    const [web, duo] = [WEB[i], DUO[i]];
    return (['tcp', 'udp'] as const).flatMap((protocol) => [
      open(name(`web-duo-${protocol}`), { kind: 'from-guest', protocol, target: web, to: duo }),
      open(name(`duo-web-${protocol}`), { kind: 'from-guest', protocol, target: duo, to: web }),
    ]);
  });
  await Promise.all(probes.map((probe) => probe.begun()));
  await sleep(500);
  return probes;
}

/** Where `deliver` of a host sends what is for the guest's home address: the underlay address of the next host. */
async function relaysFrom(host: string): Promise<string[]> {
  const flows = await running.api.flows(host);
  return flows
    .filter(({ table }) => table === 'deliver')
    .flatMap(({ actions }) => /tun_dst[^0-9]*([0-9.]+)|set_field:([0-9.]+)->tun_dst/.exec(actions) ?? [])
    .filter((text) => /^[0-9.]+$/.test(text));
}

/** A bridge's flows, but those that are in force for a minute after OVS was started. */
async function settledFlows(host: string): Promise<string[]> {
  const flows = await running.api.flows(host);
  return flows
    .filter(
      ({ owner, priority, table }) =>
        /^(routing|migration) /.test(owner) && priority !== 115 && table !== 'returned',
    )
    .map(({ table, priority, match, actions }) => `${table} ${priority} ${match} ${actions}`)
    .sort();
}

test('from A to B to D and home: what is born at each place, over IPv4 and IPv6, to the guest and from it, lives on', async () => {
  const all = [...(await bornAt('a1', WEB)), ...(await betweenGuests('a1'))];
  for (const to of ['b1', 'd1']) {
    expect(await migrate('web', to)).toMatchObject({ outcome: 'completed', to });
    const { careOf } = await running.api.guest('web');
    expect(careOf).toMatchObject({ ipv4: expect.any(String) as string, ipv6: expect.any(String) as string });
    all.push(...(await bornAt(to, [careOf!.ipv4!, careOf!.ipv6!])));
  }
  all.push(...(await betweenGuests('d1')));
  // Each anchor relays straight to where the guest is.
  expect(await relaysFrom('a1')).toEqual(['10.3.0.11']);
  expect(await relaysFrom('b1')).toEqual(['10.3.0.11']);
  expect(await migrate('web', 'a1')).toMatchObject({ outcome: 'completed', to: 'a1' });
  expect(await relaysFrom('b1')).toEqual(['10.1.0.11']);
  expect(await relaysFrom('d1')).toEqual(['10.1.0.11']);
  all.push(...(await bornAt('home', WEB)));
  await expectAlive(all, 3);
});

test('a guest whose disk is a file of its host is not moved without it, and says what to do', async () => {
  expect(await migrate('duo', 'b1')).toMatchObject({
    outcome: 'rolled-back',
    reason:
      'guest duo has vda (/var/lib/libvirt/images/duo.raw) on host a1 alone: ask for a copy of its storage ' +
      '(`--copy-storage all`), or keep it where both hosts reach it',
  });
  expect(await running.api.guest('duo')).toMatchObject({ host: 'a1', state: 'running', migration: null });
});

test('a guest with two interfaces and a disk takes both along, and what was written on the way is on the disk', async () => {
  const at = (place: string, addresses: readonly string[]): Probe[] =>
    addresses.flatMap((target, i) => [
      open(`${place}-tcp-${i}`, { kind: 'tcp-echo', target }),
      open(`${place}-udp-${i}`, { kind: 'udp-echo', target }),
      open(`${place}-icmp-${i}`, { kind: 'ping', target }),
      open(`${place}-own-${i}`, { kind: 'from-guest', target: DUO_HOME[i]!, source: DUO_HOME[i]! }),
    ]);
  const journal = running.lab.exec('c2', [
    process.execPath,
    join(packageRoot, 'dist', 'topologies', 'probes', 'journal.js'),
    DUO[0],
  ]);
  const said = Promise.all([journal.text(), journal.errors()]);
  const born = at('a1', DUO_HOME);
  await Promise.all(born.map((probe) => probe.begun()));
  expect(await migrate('duo', 'b1', { copyStorage: 'all' })).toMatchObject({
    outcome: 'completed',
    reason: null,
  });

  const { interfaces } = await running.api.guest('duo');
  const [first, second] = interfaces.map(({ careOf }) => careOf);
  expect(first).toMatchObject({ ipv4: expect.any(String) as string, ipv6: expect.any(String) as string });
  expect(second).toEqual({ ipv4: expect.any(String) as string });
  const abroad = at('b1', [first!.ipv4!, first!.ipv6!, second!.ipv4!]);
  await Promise.all(abroad.map((probe) => probe.begun()));
  expect(await migrate('duo', 'a1', { copyStorage: 'all' })).toMatchObject({
    outcome: 'completed',
    reason: null,
  });

  await sleep(1_000);
  await expectAlive([...born, ...abroad], 2);
  await journal.stop(15_000);
  const [output, errors] = await said;
  expect(errors).toBe('');
  const { acknowledged, right } = JSON.parse(output) as { acknowledged: number; right: number };
  expect(acknowledged).toBeGreaterThan(20);
  expect(right).toBe(acknowledged);
  // No pool is left behind that was started for the copy.
  expect(await running.lab.run('b1', ['virsh', '-q', '-c', 'qemu:///system', 'pool-list', '--all'])).toBe('');
});

describe('a migration that is given up or fails leaves everything as it was', () => {
  let connections: Probe[];
  let before: readonly string[][];

  beforeEach(async () => {
    before = await Promise.all(HOSTS.map(settledFlows));
    connections = [
      open('given-up-tcp', { kind: 'tcp-echo', target: WEB[0], intervalMs: INTERVAL_MS }),
      open('given-up-udp', { kind: 'udp-echo', target: WEB[1], intervalMs: INTERVAL_MS }),
      open('given-up-own', { kind: 'from-guest', target: WEB[0], intervalMs: INTERVAL_MS }),
    ];
    await Promise.all(connections.map((probe) => probe.begun()));
  });

  /** `unanswered`: datagrams to a guest that stood still, which were lost with its QEMU at the destination. */
  async function expectAsBefore(migration: MigrationObject, unanswered = 0): Promise<void> {
    expect(migration).toMatchObject({ outcome: 'rolled-back', phase: 'rolled-back' });
    expect(migration.reason).not.toBe('');
    expect(await running.api.guest('web')).toMatchObject({ host: 'a1', state: 'running', migration: null });
    expect(await Promise.all(HOSTS.map(settledFlows))).toEqual(before);
    await sleep(500);
    await expectAlive(connections, 1, unanswered);
  }

  const request = (bandwidthMiBps: number): Promise<MigrationObject> =>
    running.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps });
  const begin = async (bandwidthMiBps: number): Promise<string> => (await request(bandwidthMiBps)).id;

  test('aborted at once', async () => {
    const id = await begin(32);
    await running.api.abort(id);
    await expectAsBefore(await running.follow(id, hasEnded));
  });

  test('aborted while copying', async () => {
    const id = await begin(4);
    await running.follow(id, ({ phase }) => phase === 'copying');
    await running.api.abort(id);
    await expectAsBefore(await running.follow(id, hasEnded));
  });

  test("the destination's QEMU dies while preparing", async () => {
    const id = await begin(4);
    await expect
      .poll(() => pidsIn(running.lab, 'b1', QEMU), { timeout: 30_000, interval: 20 })
      .toHaveLength(1);
    await signal(running.lab, 'b1', 'KILL', QEMU);
    await expectAsBefore(await running.follow(id, hasEnded));
  });

  test("the destination's QEMU dies while switching, with the guest stopped at the source", async () => {
    const migration = await request(16);
    const go = await running.holdAtSwitching(migration);
    await sleep(500);
    await signal(running.lab, 'b1', 'KILL', QEMU);
    await go();
    const ended = await running.follow(migration.id, hasEnded);
    const stoodStillMs = ended.entered['rolled-back']! - ended.entered.switching!;
    await expectAsBefore(ended, Math.ceil(stoodStillMs / INTERVAL_MS));
  });

  test('aborted too late, while switching: it changes nothing, and the guest arrives', async () => {
    const migration = await request(16);
    const go = await running.holdAtSwitching(migration);
    // By now all of it is at the destination, and QEMU has nothing more to give up.
    await sleep(500);
    const answered = running.api.abort(migration.id).catch((error: unknown) => error);
    await sleep(500);
    await go();
    await answered;
    expect(await running.follow(migration.id, hasEnded)).toMatchObject({ outcome: 'completed' });
    expect(await migrate('web', 'a1')).toMatchObject({ outcome: 'completed' });
    await sleep(500);
    await expectAlive(connections, 2);
  });
});

describe('a guest that writes memory faster than it can be copied', () => {
  let writer: LabProcess;
  let connections: Probe[];

  beforeEach(async () => {
    writer = running.lab.exec('c2', [
      process.execPath,
      join(packageRoot, 'dist', 'topologies', 'probes', 'ask-guest.js'),
      ...[WEB[0], 'dirty', '40', '48', '120'],
    ]);
    connections = [
      open('writer-tcp', { kind: 'tcp-echo', target: WEB[0], intervalMs: INTERVAL_MS }),
      open('writer-udp', { kind: 'udp-echo', target: WEB[1], intervalMs: INTERVAL_MS }),
      open('writer-own', { kind: 'from-guest', target: WEB[0], intervalMs: INTERVAL_MS }),
    ];
    await Promise.all(connections.map((probe) => probe.begun()));
  });

  afterEach(() => writer.stop());

  test('is told of in time, with what can be done, and stays where it is when that is given up', async () => {
    const began = systemClock.now();
    const { id } = await running.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps: 16 });
    const { phase, warning } = await running.follow(id, (it) => it.warning !== null || hasEnded(it));
    console.log(`after ${Math.round(systemClock.now() - began)} ms: ${warning}`);
    expect(phase).toBe('copying');
    expect(warning).toMatch(/^the guest dirties its memory faster than it can be copied .*--max-blackout/);
    // Memory goes once, and twice what is written over and over.
    expect(systemClock.now() - began).toBeLessThan(40_000);
    await running.api.abort(id);
    expect(await running.follow(id, hasEnded)).toMatchObject({ outcome: 'rolled-back' });
    await expectAlive(connections, 1);
  });

  test('moves by post-copy, and back', async () => {
    for (const to of ['b1', 'a1']) {
      const migration = await migrate('web', to, { postCopy: true });
      expect(migration).toMatchObject({ outcome: 'completed', to });
      const { id, from } = migration;
      for (const [host, event] of [
        [from, 'suspended'],
        [to, 'resumed'],
      ]) {
        expect(running.moments(id)).toContainEqual(
          expect.objectContaining({ kind: 'libvirt', host, event, detail: 'postcopy' }),
        );
      }
    }
    await sleep(500);
    await expectAlive(connections, 2);
  });
});
