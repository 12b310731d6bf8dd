/**
 * The main job on real parts: a guest under libvirt and QEMU, connections of real TCP, real OVS, and what goes
 * wrong on the way. One lab for all; each test leaves the guest at a1, serving.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Report, writeReport } from '../../apps/evidence/report.ts';
import { Captures } from '../../apps/lab/captures.ts';
import { clockOffset } from '../../apps/lab/clock-offset.ts';
import { Connection } from '../../apps/lab/connections.ts';
import { createResults, type ResultsFolder } from '../../apps/lab/results.ts';
import { LabSession } from '../../apps/lab/session.ts';
import { machineOf, type RunSummary, summarize } from '../../apps/lab/summary.ts';
import type { MigrationObject } from '../../apps/api/objects.ts';
import { readTsigKey } from '../../apps/naming/key.ts';
import { systemClock } from '../../controller/clock.ts';
import { updateName } from '../../controller/dns/update.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { readTopology } from '../../topologies/parse.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { build } from './lab/machine.ts';

const topologyFile = join(packageRoot, 'topologies', 'first-flight.yaml');
const topology = readTopology(topologyFile);
const HOME = '10.1.0.100';
const NAME = 'web.example.test';

let folder: string;
let results: ResultsFolder;
let session: LabSession;

beforeAll(async () => {
  await build();
  folder = mkdtempSync(join(tmpdir(), 'arctictern-'));
  results = createResults(folder, topology.name, systemClock.now());
  session = await LabSession.up({
    topology,
    topologyFile,
    api: '127.0.0.1:18653',
    controllerLog: results.file('logs/controller.jsonl'),
    clock: systemClock,
    onProgress: () => undefined,
  });
});

afterAll(async () => {
  await session.down();
  rmSync(folder, { recursive: true });
});

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const lines = readFileSync(results.file('logs/controller.jsonl'), 'utf8').trim().split('\n');
  console.log(`the controller's last words:\n${lines.slice(-40).join('\n')}`);
});

const echo: ConnectionSection = { kind: 'tcp-echo', client: 'c1', to: 'web', at: 'home', interval: 5_000 };
const ping: ConnectionSection = { kind: 'ping', client: 'c2', to: 'web', at: 'home', interval: 10_000 };

function open(name: string, section: ConnectionSection, target = HOME): Connection {
  return new Connection(session.lab, name, section, target, results);
}

/** Waits until the migration satisfies `until`, and gives it. */
async function follow(id: string, until: (migration: MigrationObject) => boolean): Promise<MigrationObject> {
  const deadline = systemClock.now() + 90_000;
  for (;;) {
    const migration = await session.api.migration(id);
    if (until(migration)) return migration;
    if (systemClock.now() > deadline) throw new Error(`the migration is still ${migration.phase}`);
    await sleep(50);
  }
}

const ended = ({ outcome }: MigrationObject): boolean => outcome === 'completed' || outcome === 'rolled-back';

async function migrate(to: string): Promise<MigrationObject> {
  const { id } = await session.api.migrate({ guest: 'web', to, bandwidthMiBps: 16 });
  return follow(id, ended);
}

/** The controller says that the guest's name leads there, and so does the name server, when a client asks. */
async function published(address: string): Promise<void> {
  await expect
    .poll(async () => (await session.api.guest('web')).dns, { timeout: 5_000 })
    .toEqual({ name: NAME, published: [address], wanted: [address], problem: null });
  expect(await lookUp()).toMatch(new RegExp(`^${address} .*${NAME}`));
}

/** What a client hears that asks for the guest's name. */
const lookUp = (): Promise<string> => session.lab.run('c1', ['getent', 'ahostsv4', NAME]);

/** The number of the process in a node whose command line begins so. Nodes share their process numbers. */
async function pidIn(node: string, command: string): Promise<string> {
  const own = '[ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]';
  const text = await session.lab.run(node, [
    'sh',
    '-c',
    `for pid in $(pgrep -f '^${command}'); do ${own} && echo $pid; done; true`,
  ]);
  const pids = text.trim().split('\n');
  if (pids.length !== 1 || pids[0] === '') throw new Error(`${command} at ${node}: ${JSON.stringify(pids)}`);
  return pids[0]!;
}

describe('a guest that moves to another subnet', () => {
  test('keeps its connections there and back, and is found at its care-of address by its name', async () => {
    const startedAt = systemClock.now();
    const captures = await Captures.start(session.lab, results, systemClock);
    await published(HOME);
    const born = { echo: open('echo', { ...echo, at: 'name' }, NAME), ping: open('ping', ping) };
    await sleep(500);
    const away = await migrate('b1');
    expect(away).toMatchObject({
      outcome: 'completed',
      from: 'a1',
      to: 'b1',
      fromSubnet: '10.1.0.0/24',
      toSubnet: '10.2.0.0/24',
      strategy: 'redirect',
      origin: 'controller',
    });

    const { careOf } = await session.api.guest('web');
    expect(careOf).toEqual({ ipv4: '10.2.0.200' });
    await published('10.2.0.200');
    const abroad = open('abroad', { ...echo, client: 'c2', at: 'name' }, NAME);
    await sleep(500);
    const back = await migrate('a1');
    expect(back).toMatchObject({ outcome: 'completed', to: 'a1' });
    expect((await session.api.guest('web')).careOf).toBeNull();
    await published(HOME);
    await sleep(500);

    const echoes = await Promise.all([born.echo.close(), abroad.close()]);
    const pings = await born.ping.close();
    await captures.stop();
    // What a client heard when it asked is what it keeps; who asks anew hears of the care-of address.
    expect(echoes.map(({ target }) => target)).toEqual([HOME, '10.2.0.200']);
    for (const summary of echoes) {
      expect(summary, summary.name).toMatchObject({
        survived: true,
        lost: 0,
        duplicated: 0,
        reordered: 0,
        error: null,
      });
      expect(summary.sent).toBeGreaterThan(100);
    }
    expect(pings).toMatchObject({ survived: true, duplicated: 0 });
    // Two switchovers of a few milliseconds each, ten milliseconds apart; the machine may be slow.
    expect(pings.lost).toBeLessThanOrEqual(20);
    expect(away.blackoutMs).toBeGreaterThan(0);
    expect(pings.gapMs).toBeGreaterThan(Math.min(away.blackoutMs!, back.blackoutMs!) - 50);

    const of = { guest: 'web', at: 'home', migrations: 2 } as const;
    const run = summarize({
      lab: topology.name,
      startedAt,
      endedAt: systemClock.now(),
      clock: { beganMs: 0, endedMs: await clockOffset(systemClock) },
      machine: machineOf(session.accelerator, session.lab.delay, 'of the lab', 'netdev'),
      migrations: [away, back].map((one) => ({ ...one, outcome: 'completed' as const })),
      attacks: [],
      connections: [
        { ...echoes[0], ...of, at: 'name' },
        { ...echoes[1], ...of, at: 'name', migrations: 1 },
        { ...pings, ...of },
      ],
    });
    results.writeJson('summary.json', run);
    expectEvidence(writeReport(results.path), run);
  });

  /** What captures, QEMU, controller and probes say, each by itself, goes together. */
  function expectEvidence(report: Report, run: RunSummary): void {
    expect(Math.abs(run.clock.endedMs)).toBeLessThan(1);
    for (const [i, migration] of report.migrations.entries()) {
      const { stopAt, commitSentAt, redirectedAt, newPathAt, resumeAt, announcedAt, tapAt } = migration;
      expect(migration).toMatchObject({ tapCapturedBefore: true, blackoutMs: run.migrations[i]!.blackoutMs });
      expect(resumeAt! - stopAt!).toBeCloseTo(migration.blackoutMs!, 2);
      const order = [tapAt, stopAt, commitSentAt, redirectedAt];
      expect(order).toEqual([...order].sort((a, b) => a! - b!));
      // The packet was on its way when the switch said that it had committed, and QEMU's RARP when QEMU said so.
      expect(newPathAt!).toBeGreaterThan(commitSentAt!);
      expect(announcedAt!).toBeGreaterThan(resumeAt! - 20);
    }
    expect(report.switchovers.map(({ migration, connection }) => `${migration} ${connection}`)).toEqual([
      '1 echo',
      '1 ping',
      '2 echo',
      '2 abroad',
      '2 ping',
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
    expect(readFileSync(results.file('report.html'), 'utf8')).toContain('web, b1 → a1');
  }

  test('is served as well when somebody else migrates it', async () => {
    const connection = open('virsh', echo);
    await sleep(300);

    const uriOf = (name: string): string =>
      session.lab.plan.network.hosts.find((it) => it.name === name)!.migration;
    const before = (await session.api.migrations()).length;
    for (const [from, to] of [
      ['a1', 'b1'],
      ['b1', 'a1'],
    ] as const) {
      await session.lab.run(
        from,
        ['virsh', 'migrate', '--live', '--p2p', '--bandwidth', '16', 'web', uriOf(to)],
        90_000,
      );
      const [noticed] = (await session.api.migrations()).slice(-1);
      expect(await follow(noticed!.id, ended)).toMatchObject({
        origin: 'noticed',
        outcome: 'completed',
        from,
        to,
      });
      await sleep(300);
    }
    expect(await session.api.migrations()).toHaveLength(before + 2);
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0, duplicated: 0 });
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
    await expect(session.api.migrate(request)).rejects.toMatchObject({ code, message });
  });

  test('a second migration of a guest on the move is refused, and the first goes on', async () => {
    const { id } = await session.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps: 16 });
    await expect(session.api.migrate({ guest: 'web', to: 'b1' })).rejects.toMatchObject({
      code: 'MIGRATION_ALREADY_MOVING',
    });
    expect(await follow(id, ended)).toMatchObject({ outcome: 'completed' });
    expect(await migrate('a1')).toMatchObject({ outcome: 'completed' });
  });

  test('is rolled back when QEMU at the destination dies on the way', async () => {
    const connection = open('qemu-dies', echo);
    await sleep(300);
    const { id } = await session.api.migrate({ guest: 'web', to: 'b1', bandwidthMiBps: 4 });
    await follow(id, ({ phase }) => phase === 'copying');
    await session.lab.run('b1', ['kill', '-9', await pidIn('b1', 'qemu-system-x86_64')]);
    const migration = await follow(id, ended);
    expect(migration).toMatchObject({ outcome: 'rolled-back', phase: 'rolled-back' });
    expect(migration.reason).not.toBe('');
    await sleep(500);
    expect(await session.api.guest('web')).toMatchObject({ host: 'a1', state: 'running', migration: null });
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0 });
  });

  test('is rolled back when libvirtd at the destination is down', async () => {
    const connection = open('libvirtd-down', echo);
    await sleep(300);
    const pid = await pidIn('b1', '(/usr/sbin/)?libvirtd ');
    const argv = (await session.lab.run('b1', ['cat', `/proc/${pid}/cmdline`]))
      .split('\0')
      .filter((it) => it !== '');
    await session.lab.run('b1', ['kill', pid]);
    await expect
      .poll(() => session.api.hosts(), { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ name: 'b1', libvirt: 'disconnected' }));
    expect(await migrate('b1')).toMatchObject({ outcome: 'rolled-back' });
    expect(await session.api.guest('web')).toMatchObject({ host: 'a1', state: 'running' });
    expect(await connection.close()).toMatchObject({ survived: true, lost: 0 });

    await session.lab.run('b1', argv);
    await expect
      .poll(() => session.api.hosts(), { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ name: 'b1', libvirt: 'connected' }));
  });
});

describe('a part that goes away', () => {
  test('the controller, killed and started again: no packet notices, and the name is made right', async () => {
    const connections = [open('controller-echo', echo), open('controller-ping', ping)];
    await sleep(500);
    await session.controller.stop('SIGKILL');
    const { server, zone, key, ttl } = session.lab.network.dns!;
    await updateName(
      server,
      readTsigKey(key),
      { zone, name: NAME, addresses: ['192.0.2.1'], ttl },
      systemClock,
    );
    expect(await lookUp()).toMatch(/^192\.0\.2\.1 /);
    await sleep(500);
    await session.controller.start(session.api);
    await expect
      .poll(async () => (await session.api.hosts()).map(({ openflow }) => openflow), { timeout: 20_000 })
      .toEqual(['connected', 'connected']);
    await sleep(500);
    for (const connection of connections) {
      expect(await connection.close(), connection.name).toMatchObject({
        survived: true,
        lost: 0,
        duplicated: 0,
      });
    }
    expect(await session.api.guest('web')).toMatchObject({ host: 'a1', state: 'running' });
    await published(HOME);
  });

  test('OVS, restarted: flows are repaired, and TCP in mid-stream lives on', async () => {
    const connection = open('ovs-echo', echo);
    await sleep(500);
    const pid = await pidIn('a1', 'ovs-vswitchd');
    await session.lab.run('a1', [
      'sh',
      '-c',
      `kill -9 ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.01; done`,
    ]);
    await session.lab.run('a1', [
      'nice',
      '-n',
      '-10',
      'ovs-vswitchd',
      '--disable-system',
      '--pidfile',
      '--log-file',
      '--detach',
      '--no-chdir',
    ]);
    await expect
      .poll(() => session.api.hosts(), { timeout: 20_000 })
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
