/**
 * The main job on real parts: a guest under libvirt and QEMU, connections of real TCP, real OVS, and what goes
 * wrong on the way. One lab for all; each test leaves the guest at a1, serving.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Report, writeReport } from '../../apps/evidence/report.ts';
import { Captures } from '../../apps/lab/captures.ts';
import { clockOffset } from '../../apps/lab/clock-offset.ts';
import type { Connection } from '../../apps/lab/connections.ts';
import { megaflowsAt, MegaflowWatch } from '../../apps/lab/megaflows.ts';
import { machineOf, type RunSummary, summarize } from '../../apps/lab/summary.ts';
import type { MigrationObject } from '../../apps/api/objects.ts';
import { readTsigKey } from '../../apps/naming/key.ts';
import { systemClock } from '../../controller/clock.ts';
import { updateName } from '../../controller/dns/update.ts';
import type { ProbeSummary } from '../../topologies/probes/summary.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { endDaemon, QEMU, signal } from './lab/node.ts';
import { hasEnded, observed, RunningLab, UNHARMED } from './running-lab.ts';

const HOME = '10.1.0.100';
const NAME = 'web.example.test';
const running = new RunningLab('first-flight', 18653);
const { topology } = running;

const echo: ConnectionSection = { kind: 'tcp-echo', client: 'c1', to: 'web', at: 'home', interval: 5_000 };
const ping: ConnectionSection = { kind: 'ping', client: 'c2', to: 'web', at: 'home', interval: 10_000 };
const datagrams: ConnectionSection = { ...ping, kind: 'udp-echo', interval: 5_000 };

/**
 * Of what is sent while the guest stands still, so much time's worth may be lost, whoever began the migration: until the
 * gates have turned. What comes later waits for the guest.
 */
const LOST_MS = 50;
/** And before: what was on its way when the guest stopped, and what it had not read by then, as slow as it is. */
const UNREAD_MS = 100;

/** Of what nobody sends again, no more is lost than that, and nothing arrives twice. */
function expectServed(
  summary: ProbeSummary,
  { interval }: ConnectionSection,
  migrations: readonly MigrationObject[],
): void {
  const { name, lost } = summary;
  expect(summary, name).toMatchObject({ survived: true, duplicated: 0, error: null });
  const within = (ms: number): number => (1_000 * ms) / interval!;
  for (const migration of migrations) {
    const { stop, resume } = running.blackout(migration);
    const then = observed(running.results, name).filter(({ sent }) => sent >= stop && sent <= resume);
    expect(then.length, name).toBeGreaterThan(0);
    expect(then.filter(({ received }) => received === null).length, name).toBeLessThanOrEqual(
      within(LOST_MS),
    );
  }
  expect(lost, name).toBeLessThanOrEqual(migrations.length * within(LOST_MS + UNREAD_MS));
}

const open = (name: string, section: ConnectionSection, target = HOME): Connection =>
  running.open(name, section, target);

const migrate = (to: string): Promise<MigrationObject> =>
  running.migrate({ guest: 'web', to, bandwidthMiBps: 16 });

/** The controller says that the guest's name leads there, and so does the name server, when a client asks. */
async function published(address: string): Promise<void> {
  await expect
    .poll(async () => (await running.api.guest('web')).dns, { timeout: 5_000 })
    .toEqual({ name: NAME, published: [address], wanted: [address], problem: null });
  expect(await lookUp()).toMatch(new RegExp(`^${address} .*${NAME}`));
}

/** What a client hears that asks for the guest's name. */
const lookUp = (): Promise<string> => running.lab.run('c1', ['getent', 'ahostsv4', NAME]);

describe('a guest that moves to another subnet', () => {
  test('keeps its connections there and back, and is found at its care-of address by its name', async () => {
    const startedAt = systemClock.now();
    const captures = await Captures.start(running.lab, running.results, systemClock);
    const watch = new MegaflowWatch(running.lab, running.results, systemClock);
    await published(HOME);
    const born = {
      echo: open('echo', { ...echo, at: 'name' }, NAME),
      ping: open('ping', ping),
      datagrams: open('datagrams', datagrams),
    };
    await sleep(500);
    const { id } = await running.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps: 16 });
    // A second one is refused, and the first goes on.
    await expect(running.api.migrate({ guest: 'web', to: 'b1' })).rejects.toMatchObject({
      code: 'MIGRATION_ALREADY_MOVING',
    });
    const away = await running.follow(id, hasEnded);
    expect(away).toMatchObject({
      outcome: 'completed',
      from: 'a1',
      to: 'b1',
      fromSubnet: '10.1.0.0/24',
      toSubnet: '10.2.0.0/24',
      strategy: 'redirect',
      origin: 'controller',
    });

    const { careOf } = await running.api.guest('web');
    expect(careOf).toEqual({ ipv4: '10.2.0.200' });
    await published('10.2.0.200');
    const abroad = open('abroad', { ...echo, client: 'c2', at: 'name' }, NAME);
    await sleep(500);
    const back = await migrate('a1');
    expect(back).toMatchObject({ outcome: 'completed', to: 'a1' });
    expect((await running.api.guest('web')).careOf).toBeNull();
    await published(HOME);
    await sleep(500);

    const echoes = await Promise.all([born.echo.close(), abroad.close()]);
    const [pings, udp] = await Promise.all([born.ping.close(), born.datagrams.close()]);
    await captures.stop();
    watch.stop();
    // What a client heard when it asked is what it keeps; who asks anew hears of the care-of address.
    expect(echoes.map(({ target }) => target)).toEqual([HOME, '10.2.0.200']);
    for (const summary of echoes) {
      expect(summary, summary.name).toMatchObject(UNHARMED);
      expect(summary.sent).toBeGreaterThan(100);
    }
    expectServed(pings, ping, [away, back]);
    expectServed(udp, datagrams, [away, back]);
    expect(away.blackoutMs).toBeGreaterThan(0);
    expect(pings.gapMs).toBeGreaterThan(Math.min(away.blackoutMs!, back.blackoutMs!) - 50);

    const of = { guest: 'web', at: 'home', migrations: 2 } as const;
    const run = summarize({
      lab: topology.name,
      startedAt,
      endedAt: systemClock.now(),
      clock: { beganMs: 0, endedMs: await clockOffset(systemClock) },
      machine: machineOf(running.session.accelerator, running.lab.delay, 'of the lab', 'netdev'),
      migrations: [away, back].map((one) => ({
        ...one,
        outcome: 'completed' as const,
        megaflows: megaflowsAt(watch.samples, one.entered['switching']!),
      })),
      attacks: [],
      connections: [
        { ...echoes[0], ...of, at: 'name' },
        { ...echoes[1], ...of, at: 'name', migrations: 1 },
        { ...pings, ...of },
        { ...udp, ...of },
      ],
    });
    running.results.writeJson('summary.json', run);
    expectEvidence(writeReport(running.results.path), run);
  });

  /** What captures, QEMU, controller and probes say, each by itself, goes together. */
  function expectEvidence(report: Report, run: RunSummary): void {
    expect(Math.abs(run.clock.endedMs)).toBeLessThan(1);
    for (const [i, migration] of report.migrations.entries()) {
      const { stopAt, gatesTurnedAt, commitSentAt, redirectedAt, newPathAt, resumeAt, announcedAt, tapAt } =
        migration;
      expect(migration).toMatchObject({ tapCapturedBefore: true, blackoutMs: run.migrations[i]!.blackoutMs });
      expect(resumeAt! - stopAt!).toBeCloseTo(migration.blackoutMs!, 2);
      const order = [tapAt, stopAt, gatesTurnedAt, commitSentAt, redirectedAt];
      expect(order).toEqual([...order].sort((a, b) => a! - b!));
      // The packet was on its way when the switch said that it had committed, and QEMU's RARP when QEMU said so.
      expect(newPathAt!).toBeGreaterThan(gatesTurnedAt!);
      expect(announcedAt!).toBeGreaterThan(resumeAt! - 20);
      const { [migration.from]: source, [migration.to]: destination, ...others } = migration.megaflows;
      expect(others).toEqual({});
      // A few connections are a few dozens of megaflows; what has been idle is forgotten.
      expect(source).toBeGreaterThan(3);
      expect(source).toBeLessThan(500);
      expect(destination).toBeGreaterThan(0);
      expect(destination).toBeLessThan(500);
    }
    expect(report.switchovers.map(({ migration, connection }) => `${migration} ${connection}`)).toEqual([
      '1 echo',
      '1 ping',
      '1 datagrams',
      '2 echo',
      '2 abroad',
      '2 ping',
      '2 datagrams',
    ]);
    for (const one of report.switchovers) {
      expect(one.networkMs, `${one.connection} at ${one.migration}`).toBeGreaterThanOrEqual(0);
      expect(one.firstAnswerMs).toBeGreaterThanOrEqual(one.networkMs!);
      expect(one.gapMinusBlackoutMs).toBeGreaterThan(-50);
    }
    // The client's capture and its probe measure the same silence; the probe when it gets to run.
    const gaps = report.switchovers
      .filter(({ connection }) => connection === 'ping')
      .map(({ gapMs }) => gapMs!);
    expect(Math.abs(Math.max(...gaps) - run.connections[2]!.gapMs)).toBeLessThan(100);
    expect(report.connections.map(({ retransmitted }) => retransmitted === null)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(report.captures.map(({ node, point }) => `${node} ${point}`).sort()).toEqual([
      'a1 taps',
      'a1 uplink',
      'b1 taps',
      'b1 uplink',
      'c1 client',
      'c2 client',
    ]);
    for (const { file, dropped, packets } of report.captures) {
      expect({ file, dropped }).toEqual({ file, dropped: 0 });
      expect(packets).toBeGreaterThan(100);
    }
    expect(readFileSync(running.results.file('report.html'), 'utf8')).toContain('web, b1 → a1');
  }

  test('is served as well when somebody else migrates it', async () => {
    const connection = open('virsh', echo);
    const [pings, udp] = [open('virsh-ping', ping), open('virsh-datagrams', datagrams)];
    await sleep(300);

    const uriOf = (name: string): string =>
      running.lab.plan.network.hosts.find((it) => it.name === name)!.migration;
    const before = (await running.api.migrations()).length;
    const served: MigrationObject[] = [];
    // From daemon to daemon, and led by whoever asks for it, as virt-manager does.
    for (const [from, to, ...how] of [
      ['a1', 'b1', '--p2p'],
      ['b1', 'a1'],
    ] as const) {
      // As fast as ours: a copy at full speed leaves an emulated guest no time to read what comes.
      const wish = ['--live', '--bandwidth', '16', ...how];
      await running.lab.run(from, ['virsh', 'migrate', ...wish, 'web', uriOf(to)], 90_000);
      const [noticed] = (await running.api.migrations()).slice(-1);
      const ended = await running.follow(noticed!.id, hasEnded);
      expect(ended).toMatchObject({ origin: 'noticed', outcome: 'completed', from, to });
      served.push(ended);
      await sleep(300);
    }
    expect(await running.api.migrations()).toHaveLength(before + 2);
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0, duplicated: 0 });
    expectServed(await pings.close(), ping, served);
    expectServed(await udp.close(), datagrams, served);
  });
});

describe('a migration that cannot be', () => {
  test.each([
    [{ guest: 'nobody', to: 'b1' }, 'UNKNOWN_GUEST', 'there is no guest nobody: known are web'],
    [{ guest: 'web', to: 'z9' }, 'UNKNOWN_HOST', 'there is no host z9: known are a1, b1'],
    [
      { guest: 'web', to: 'a1' },
      'MIGRATION_ALREADY_THERE',
      'guest web is on host a1 already: choose another host',
    ],
  ])('%j is refused', async (request, code, message) => {
    await expect(running.api.migrate(request)).rejects.toMatchObject({ code, message });
  });

  test('is rolled back when QEMU at the destination dies on the way', async () => {
    const connection = open('qemu-dies', echo);
    await sleep(300);
    const { id } = await running.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps: 4 });
    await running.follow(id, ({ phase }) => phase === 'copying');
    await signal(running.lab, 'b1', 'KILL', QEMU);
    const migration = await running.follow(id, hasEnded);
    expect(migration).toMatchObject({ outcome: 'rolled-back', phase: 'rolled-back' });
    expect(migration.reason).not.toBe('');
    await sleep(500);
    expect(await running.api.guest('web')).toMatchObject({ host: 'a1', state: 'running', migration: null });
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0 });
  });

  test('is rolled back when libvirtd at the destination is down', async () => {
    const connection = open('libvirtd-down', echo);
    await sleep(300);
    const start = await endDaemon(running.lab, 'b1', 'libvirtd', 'TERM');
    await expect
      .poll(() => running.api.hosts(), { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ name: 'b1', libvirt: 'disconnected' }));
    expect(await migrate('b1')).toMatchObject({ outcome: 'rolled-back' });
    expect(await running.api.guest('web')).toMatchObject({ host: 'a1', state: 'running' });
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0 });

    await start();
    await expect
      .poll(() => running.api.hosts(), { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ name: 'b1', libvirt: 'connected' }));
  });
});

describe('a part that goes away', () => {
  test('the controller, killed and started again: no packet notices, and the name is made right', async () => {
    const connections = [open('controller-echo', echo), open('controller-ping', ping)];
    await sleep(500);
    await running.session.controller.stop('SIGKILL');
    const { server, zone, key, ttl } = running.lab.network.dns!;
    await updateName(
      server,
      readTsigKey(key),
      { zone, name: NAME, addresses: ['192.0.2.1'], ttl },
      systemClock,
    );
    expect(await lookUp()).toMatch(/^192\.0\.2\.1 /);
    await sleep(500);
    await running.session.controller.start(running.api);
    await expect
      .poll(async () => (await running.api.hosts()).map(({ openflow }) => openflow), { timeout: 20_000 })
      .toEqual(['connected', 'connected']);
    await sleep(500);
    for (const connection of connections) {
      expect(await connection.close(), connection.name).toMatchObject({
        survived: true,
        lost: 0,
        duplicated: 0,
      });
    }
    expect(await running.api.guest('web')).toMatchObject({ host: 'a1', state: 'running' });
    await published(HOME);
  });

  test('OVS, restarted: flows are repaired, and TCP in mid-stream lives on', async () => {
    const connection = open('ovs-echo', echo);
    await sleep(500);
    const start = await endDaemon(running.lab, 'a1', 'ovs-vswitchd');
    await start();
    await expect
      .poll(() => running.api.hosts(), { timeout: 20_000 })
      .toContainEqual(
        expect.objectContaining({
          name: 'a1',
          openflow: 'connected',
          graceUntil: expect.any(Number) as number,
        }),
      );
    await sleep(3_000);
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0, duplicated: 0 });
  });
});
