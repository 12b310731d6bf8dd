/**
 * The controller is killed in the midst of a migration: before libvirt was asked, while it prepares and while it copies.
 * Afterwards traffic is delivered where the guest runs, the record says what happened, and connections that were open
 * all the time never noticed. The other phases are in apps/migration/service.test.ts. One lab for all; where the
 * guest is, each test leaves to the next.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { MigrationObject } from '../../apps/api/objects.ts';
import { Connection } from '../../apps/lab/connections.ts';
import { createResults, type ResultsFolder } from '../../apps/lab/results.ts';
import { LabSession } from '../../apps/lab/session.ts';
import { systemClock } from '../../controller/clock.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { readTopology } from '../../topologies/parse.ts';
import { build } from './lab/machine.ts';
import { freeze, LIBVIRTD, pidIn, QEMU, VSWITCHD } from './lab/node.ts';

const topologyFile = join(packageRoot, 'topologies', 'first-flight.yaml');
const topology = readTopology(topologyFile);
const HOME = '10.1.0.100';

let folder: string;
let results: ResultsFolder;
let session: LabSession;
let echo: Connection;
let ping: Connection;

beforeAll(async () => {
  await build();
  folder = mkdtempSync(join(tmpdir(), 'arctictern-'));
  results = createResults(folder, topology.name, systemClock.now());
  session = await LabSession.up({
    topology,
    topologyFile,
    api: '127.0.0.1:18655',
    controllerLog: results.file('logs/controller.jsonl'),
    clock: systemClock,
    onProgress: () => undefined,
  });
  const common = { to: 'web', at: 'home' } as const;
  const { lab } = session;
  echo = new Connection(
    lab,
    'echo',
    { ...common, kind: 'tcp-echo', client: 'c1', interval: 5_000 },
    HOME,
    results,
  );
  ping = new Connection(
    lab,
    'ping',
    { ...common, kind: 'ping', client: 'c2', interval: 10_000 },
    HOME,
    results,
  );
  await sleep(300);
});

afterAll(async () => {
  await session.down();
  rmSync(folder, { recursive: true });
});

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const lines = readFileSync(results.file('logs/controller.jsonl'), 'utf8').trim().split('\n');
  console.log(`the controller's last words:\n${lines.slice(-60).join('\n')}`);
});

/** Where the guest is, and the other host. */
async function places(): Promise<readonly [from: string, to: string]> {
  return (await session.api.guest('web')).host === 'a1' ? ['a1', 'b1'] : ['b1', 'a1'];
}

async function migrate(to: string, bandwidthMiBps: number): Promise<string> {
  return (await session.api.migrate({ guest: 'web', to, bandwidthMiBps })).id;
}

/** Waits until the migration satisfies `until`, and gives it. */
async function follow(id: string, until: (migration: MigrationObject) => boolean): Promise<MigrationObject> {
  const deadline = systemClock.now() + 60_000;
  for (;;) {
    const migration = await session.api.migration(id);
    if (until(migration)) return migration;
    if (systemClock.now() > deadline) throw new Error(`the migration is still ${migration.phase}`);
    await sleep(20);
  }
}

const ended = ({ outcome }: MigrationObject): boolean => outcome === 'completed' || outcome === 'rolled-back';

/** Kills the controller in this phase, and starts another one after a while. */
async function killIn(
  id: string,
  phase: MigrationObject['phase'],
  meanwhile = () => sleep(300),
): Promise<void> {
  try {
    await follow(id, (migration) => migration.phase === phase);
    await session.controller.stop('SIGKILL');
  } finally {
    await meanwhile();
  }
  await session.controller.start(session.api);
}

async function ends(id: string, expected: Partial<MigrationObject>): Promise<void> {
  const migration = await follow(id, ended);
  expect(migration).toMatchObject(expected);
  const host = migration.outcome === 'completed' ? migration.to : migration.from;
  await expect
    .poll(() => session.api.guest('web'), { timeout: 20_000 })
    .toMatchObject({
      host,
      state: 'running',
      migration: null,
    });
  await session.lab.run('c1', ['ping', '-q', '-c', '3', '-i', '0.05', '-W', '2', HOME]);
}

test('planned: it is begun', async () => {
  const [from, to] = await places();
  const go = await freeze(session.lab, to, VSWITCHD);
  const id = await migrate(to, 32);
  await killIn(id, 'planned', go);
  await ends(id, { outcome: 'completed', origin: 'controller', from, to });
});

test('preparing: it goes on, or is asked for', async () => {
  const [from, to] = await places();
  const go = await freeze(session.lab, to, LIBVIRTD);
  const id = await migrate(to, 32);
  await killIn(id, 'preparing', go);
  await ends(id, { outcome: 'completed', from, to });
});

test('copying: it goes on, is staged anew, and may switch over', async () => {
  const [from, to] = await places();
  const id = await migrate(to, 8);
  await killIn(id, 'copying');
  await ends(id, { outcome: 'completed', from, to });
});

test('copying, and it fails meanwhile: it is rolled back', async () => {
  const [from, to] = await places();
  const id = await migrate(to, 4);
  await killIn(id, 'copying', async () => {
    await session.lab.run(to, ['kill', '-9', await pidIn(session.lab, to, QEMU)]);
  });
  await ends(id, { outcome: 'rolled-back', phase: 'rolled-back', from });
  expect((await session.api.migration(id)).reason).toMatch(/\w/);
});

test('and nobody has noticed', async () => {
  expect(await echo.close()).toMatchObject({
    survived: true,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    error: null,
  });
  expect(await ping.close()).toMatchObject({ survived: true });
});
