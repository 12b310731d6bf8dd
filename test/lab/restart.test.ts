/**
 * The controller is killed in the midst of a migration: before libvirt was asked, while it prepares and while it copies.
 * Afterwards traffic is delivered where the guest runs, the record says what happened, and connections that were open
 * all the time never noticed. The other phases are in apps/migration/service.test.ts. One lab for all; where the
 * guest is, each test leaves to the next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { MigrationObject } from '../../apps/api/objects.ts';
import type { Connection } from '../../apps/lab/connections.ts';
import { freeze, LIBVIRTD, QEMU, signal, VSWITCHD } from './lab/node.ts';
import { hasEnded, RunningLab } from './running-lab.ts';

const HOME = '10.1.0.100';
const running = new RunningLab('first-flight', 18655);

let echo: Connection;
let ping: Connection;

beforeAll(async () => {
  const common = { to: 'web', at: 'home' } as const;
  echo = running.open('echo', { ...common, kind: 'tcp-echo', client: 'c1', interval: 5_000 }, HOME);
  ping = running.open('ping', { ...common, kind: 'ping', client: 'c2', interval: 10_000 }, HOME);
  await sleep(300);
});

/** Where the guest is, and the other host. */
async function places(): Promise<readonly [from: string, to: string]> {
  return (await running.api.guest('web')).host === 'a1' ? ['a1', 'b1'] : ['b1', 'a1'];
}

async function migrate(to: string, bandwidthMiBps: number): Promise<string> {
  return (await running.api.migrate({ guest: 'web', to, bandwidthMiBps })).id;
}

/** Kills the controller in this phase, and starts another one after a while. */
async function killIn(
  id: string,
  phase: MigrationObject['phase'],
  meanwhile = () => sleep(300),
): Promise<void> {
  try {
    await running.follow(id, (migration) => migration.phase === phase);
    await running.session.controller.stop('SIGKILL');
  } finally {
    await meanwhile();
  }
  await running.session.controller.start(running.api);
}

async function ends(id: string, expected: Partial<MigrationObject>): Promise<void> {
  const migration = await running.follow(id, hasEnded);
  expect(migration).toMatchObject(expected);
  const host = migration.outcome === 'completed' ? migration.to : migration.from;
  await expect
    .poll(() => running.api.guest('web'), { timeout: 20_000 })
    .toMatchObject({
      host,
      state: 'running',
      migration: null,
    });
  await running.lab.run('c1', ['ping', '-q', '-c', '3', '-i', '0.05', '-W', '2', HOME]);
}

test('planned: it is begun', async () => {
  const [from, to] = await places();
  const go = await freeze(running.lab, to, VSWITCHD);
  const id = await migrate(to, 32);
  await killIn(id, 'planned', go);
  await ends(id, { outcome: 'completed', origin: 'controller', from, to });
});

test('preparing: it goes on, or is asked for', async () => {
  const [from, to] = await places();
  const go = await freeze(running.lab, to, LIBVIRTD);
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
    await signal(running.lab, to, 'KILL', QEMU);
  });
  await ends(id, { outcome: 'rolled-back', phase: 'rolled-back', from });
  expect((await running.api.migration(id)).reason).toMatch(/\w/);
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
