/**
 * The controller is killed in every phase of a migration, and libvirtd and Open vSwitch in the midst of one. Afterwards
 * traffic is delivered where the guest runs, the record says what happened, and connections that were open all the time
 * never noticed. One lab for all; where the guest is, each test leaves to the next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { EventObject, FlowObject, MigrationObject } from '../../apps/api/objects.ts';
import type { Moment } from '../../apps/events.ts';
import type { Connection } from '../../apps/lab/connections.ts';
import { endDaemon, freeze, LIBVIRTD, QEMU, signal, VSWITCHD } from './lab/node.ts';
import { hasEnded, RunningLab, UNHARMED } from './running-lab.ts';

const HOME = '10.1.0.100';
const running = new RunningLab('rewrite', 18655);

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

/** How often the switchover of a migration was staged at a host. */
function timesStaged(id: string, host: string): number {
  return running.moments(id).filter((moment) => moment.kind === 'staged' && moment.host === host).length;
}

/** The controller's last word about it. */
const saidOfConntrack = (host: string): string | undefined =>
  running.log().findLast((line) => line.includes(`"host ${host}"`) && line.includes('conntrack is empty'));

const migrate = (
  to: string,
  bandwidthMiBps: number,
  relay: 'tunnel' | 'rewrite' = 'tunnel',
): Promise<MigrationObject> => running.api.migrate({ guest: 'web', to, bandwidthMiBps, relay });

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

/** Kills the controller as soon as it tells of the next moment of this kind. */
function killAt(kind: Moment['kind']): Promise<void> {
  const following = new AbortController();
  return new Promise((resolve, reject) => {
    const onEvent = ({ moment }: EventObject): void => {
      if (moment?.kind !== kind) return;
      running.session.controller.stop('SIGKILL').then(resolve, reject);
      following.abort();
    };
    running.api.follow(onEvent, () => undefined, following.signal).catch(reject);
  });
}

/** Flows of gates, wherever: of a switchover that is still prepared. */
async function gates(): Promise<FlowObject[]> {
  const flows = await Promise.all([
    ...['a1', 'b1'].map((host) => running.api.flows(host)),
    running.api.edgeFlows('ec'),
  ]);
  return flows.flat().filter(({ table }) => table === 'beforeSwitchover' || table === 'afterSwitchover');
}

/** With every bridge in the controller's hand, for what comes next. */
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
  await expect
    .poll(async () => (await running.api.hosts()).map(({ openflow }) => openflow), { timeout: 20_000 })
    .toEqual(['connected', 'connected']);
  await running.lab.run('c1', ['ping', '-q', '-c', '3', '-i', '0.05', '-W', '2', HOME]);
}

test('planned: it is begun', async () => {
  const [from, to] = await places();
  const go = await freeze(running.lab, to, VSWITCHD);
  const { id } = await migrate(to, 64);
  await killIn(id, 'planned', go);
  await ends(id, { outcome: 'completed', origin: 'controller', from, to });
});

test('preparing: it goes on, or is asked for', async () => {
  const [from, to] = await places();
  const go = await freeze(running.lab, to, LIBVIRTD);
  const { id } = await migrate(to, 64);
  await killIn(id, 'preparing', go);
  await ends(id, { outcome: 'completed', from, to });
});

test('copying: it goes on, is staged anew, and may switch over', async () => {
  const [from, to] = await places();
  const { id } = await migrate(to, 8);
  await killIn(id, 'copying');
  await ends(id, { outcome: 'completed', from, to });
});

test('copying to both, just before the switchover: the guest arrives, and no gate is left open', async () => {
  const [from, to] = await places();
  const killed = killAt('copying-to-both');
  const { id } = await running.api.migrate({ guest: 'web', to, bandwidthMiBps: 32, strategy: 'bicast' });
  await killed;
  const told = running.moments(id);
  expect(told).toContainEqual(expect.objectContaining({ kind: 'gates-turned', position: 'both' }));
  expect(told).not.toContainEqual(expect.objectContaining({ kind: 'phase', phase: 'switching' }));
  await sleep(300);
  await running.session.controller.start(running.api);
  await ends(id, { outcome: 'completed', strategy: 'bicast', from, to });
  await expect.poll(gates, { timeout: 5_000 }).toEqual([]);
});

test('switching: the guest arrives', async () => {
  const [from, to] = await places();
  const migration = await migrate(to, 16);
  const go = await running.holdAtSwitching(migration);
  await killIn(migration.id, 'switching', go);
  await ends(migration.id, { outcome: 'completed', from, to });
});

test('relaying: nothing is left to do but to relay', async () => {
  const [from, to] = await places();
  const { id } = await migrate(to, 64);
  await killIn(id, 'relaying');
  await ends(id, { outcome: 'completed', phase: 'relaying', from, to });
});

test('copying, and it fails meanwhile: it is rolled back', async () => {
  const [from, to] = await places();
  const { id } = await migrate(to, 4);
  await killIn(id, 'copying', () => signal(running.lab, to, 'KILL', QEMU));
  await ends(id, { outcome: 'rolled-back', phase: 'rolled-back', from });
  expect((await running.api.migration(id)).reason).toMatch(/\w/);
});

test('failed: it is rolled back', async () => {
  const [from, to] = await places();
  const migration = await migrate(to, 32, 'rewrite');
  const arrive = await running.holdAtSwitching(migration);
  // Until the edge answers, nobody knows that all traffic is back at the source.
  const answer = await freeze(running.lab, 'ec', VSWITCHD);
  await signal(running.lab, to, 'KILL', QEMU);
  await arrive();
  await killIn(migration.id, 'failed', answer);
  await ends(migration.id, { outcome: 'rolled-back', phase: 'rolled-back', from });
});

test('libvirtd at either end, killed while it copies: it is rolled back, and can be tried again', async () => {
  const [from, to] = await places();
  for (const host of [from, to]) {
    const { id } = await migrate(to, 4);
    await running.follow(id, ({ phase }) => phase === 'copying');
    const start = await endDaemon(running.lab, host, 'libvirtd');
    await start();
    await ends(id, { outcome: 'rolled-back', from });
    await expect
      .poll(async () => (await running.api.hosts()).map(({ libvirt }) => libvirt), { timeout: 20_000 })
      .toEqual(['connected', 'connected']);
  }
  await ends((await migrate(to, 64)).id, { outcome: 'completed', to });
});

test('OVS at either end, killed while it copies: the copy goes on, and the switchover is staged anew', async () => {
  const [from, to] = await places();
  const { id } = await migrate(to, 8);
  await running.follow(id, ({ phase }) => phase === 'copying');
  for (const host of [to, from]) {
    const before = timesStaged(id, host);
    const start = await endDaemon(running.lab, host, 'ovs-vswitchd');
    await start();
    await expect.poll(() => timesStaged(id, host), { timeout: 20_000 }).toBeGreaterThan(before);
  }
  await ends(id, { outcome: 'completed', from, to });
  // At b1 connections of the care-of address were translated, at home none.
  expect(saidOfConntrack('b1')).toMatch(/are lost: those of guest web with 10\.2\.0\.2\d\d"/);
  expect(saidOfConntrack('a1')).toMatch(/services is admitted"/);
});

test('and nobody has noticed', async () => {
  expect(await echo.close()).toMatchObject(UNHARMED);
  expect(await ping.close()).toMatchObject({ survived: true });
});
