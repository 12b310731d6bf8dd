/**
 * Relaying by rewriting on real parts: an edge at the clients' site sends what its clients say straight to where the
 * guest is; a client at a site without an edge is relayed by the anchor.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FlowObject, MigrationObject } from '../../apps/api/objects.ts';
import type { Connection } from '../../apps/lab/connections.ts';
import { systemClock } from '../../controller/clock.ts';
import { switches } from '../../controller/limits.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { RunningLab, UNHARMED } from './running-lab.ts';

const HOME = '10.1.0.100';
const running = new RunningLab('rewrite', 18663);

const echo: ConnectionSection = { kind: 'tcp-echo', client: 'c1', to: 'web', at: 'home', interval: 5_000 };

const ping: ConnectionSection = { ...echo, kind: 'ping', interval: 10_000 };

const open = (name: string, section: ConnectionSection, target = HOME): Connection =>
  running.open(name, section, target);

const migrate = (to: string): Promise<MigrationObject> =>
  running.migrate({ guest: 'web', to, relay: 'rewrite', bandwidthMiBps: 16 });

const relayed = (flows: readonly FlowObject[], table: string): number =>
  flows
    .filter((flow) => flow.table === table && flow.owner.includes('relay'))
    .reduce((sum, { packets }) => sum + packets, 0);

/** ICMP, but for a few packets at each switchover; the machine may be slow. */
async function expectAnswered(pings: Connection, moves: number): Promise<void> {
  const { survived, lost, duplicated, error, sent } = await pings.close();
  expect({ survived, duplicated, error }).toEqual({ survived: true, duplicated: 0, error: null });
  expect(lost).toBeLessThanOrEqual(10 * moves);
  expect(sent).toBeGreaterThan(100);
}

test('connections go straight from the edge to the new site, and back home again', async () => {
  expect(await running.api.edges()).toMatchObject([{ name: 'ec', openflow: 'connected' }]);
  const born = open('echo', echo);
  const pings = open('ping', ping);
  await sleep(500);
  expect(await migrate('b1')).toMatchObject({ outcome: 'completed', to: 'b1', relay: 'rewrite' });

  const { careOf } = await running.api.guest('web');
  const abroad = open('abroad', { ...echo, client: 'c2', at: 'care-of' }, careOf!.ipv4);
  // What went by the old site before the switchover is counted by then.
  await sleep(10 * switches.counterRefresh);
  const [edge, oldSite] = [await running.api.edgeFlows('ec'), await running.api.flows('a1')];
  await expect
    .poll(async () => relayed(await running.api.edgeFlows('ec'), 'edgeTracked'), { timeout: 5_000 })
    .toBeGreaterThan(relayed(edge, 'edgeTracked') + 100);
  expect(relayed(await running.api.flows('a1'), 'deliver')).toBe(relayed(oldSite, 'deliver'));

  expect(await migrate('a1')).toMatchObject({ outcome: 'completed', to: 'a1' });
  await sleep(500);
  for (const connection of [born, abroad]) {
    const summary = await connection.close();
    expect(summary, connection.name).toMatchObject(UNHARMED);
    expect(summary.sent).toBeGreaterThan(100);
  }
  await expectAnswered(pings, 2);
});

test('a client without an edge is relayed by the anchor', async () => {
  const born = open('far', { ...echo, client: 'd1' });
  const pings = open('far-ping', { ...ping, client: 'd1' });
  await sleep(500);
  expect(await migrate('b1')).toMatchObject({ outcome: 'completed' });
  const before = await running.api.flows('a1');
  await expect
    .poll(async () => relayed(await running.api.flows('a1'), 'deliver'), { timeout: 5_000 })
    .toBeGreaterThan(relayed(before, 'deliver') + 50);
  expect(await migrate('a1')).toMatchObject({ outcome: 'completed' });
  await sleep(500);
  expect(await born.close()).toMatchObject({ survived: true, lost: 0, duplicated: 0, error: null });
  await expectAnswered(pings, 2);
});

/** A flood of SYNs from forged sources, from a client whose site has no edge. */
async function flood(rate: number, seconds: number): Promise<void> {
  const { lab } = running;
  await lab.run('d1', ['ping', '-q', '-c', '1', HOME]);
  const [route] = JSON.parse(await lab.run('d1', ['ip', '-j', 'route', 'get', HOME])) as [
    { dev: string; gateway: string },
  ];
  const [link] = JSON.parse(await lab.run('d1', ['ip', '-j', 'link', 'show', route.dev])) as [
    { address: string },
  ];
  const [hop] = JSON.parse(await lab.run('d1', ['ip', '-j', 'neigh', 'show', route.gateway])) as [
    { lladdr: string },
  ];
  const flooder = join(packageRoot, 'test', 'ovs', 'defence', 'flood.py');
  const words = [route.dev, 'syn', String(rate), String(seconds), 'random', link.address, hop.lladdr];
  await lab.run('d1', ['python3', flooder, ...words, HOME, '80'], (seconds + 20) * 1_000);
}

test('a guest flees from a flood of forged sources by itself; what is established goes with it', async () => {
  const [near, far] = [open('near', echo), open('afar', { ...echo, client: 'd1', interval: 20_000 })];
  const policy = await running.api.defence('web');
  await running.api.defend('web', { ...policy, policy: 'move-when-needed' });
  await sleep(11_000);

  const flooding = flood(1_500, 15);
  const deadline = systemClock.now() + 40_000;
  let flight = (await running.api.flights()).at(-1);
  while (flight === undefined || !['safe', 'pursued', 'failed'].includes(flight.phase)) {
    if (systemClock.now() > deadline) throw new Error(`no flight has ended: ${JSON.stringify(flight)}`);
    await sleep(100);
    flight = (await running.api.flights()).at(-1);
  }
  expect(flight).toMatchObject({ guest: 'web', from: 'a1', to: 'b1', phase: 'safe', leftBehind: 0 });
  expect(flight.reason).toMatch(/^the syn-flood comes from forged sources/);
  expect(flight.why).toMatch(/^no attack at b1 for .*; \d+ of usually \d+ packets\/s/);
  console.log(flight.why, JSON.stringify(flight.entered));
  const verdicts = await running.api.verdicts();
  expect(flight.verdicts).toEqual(verdicts.map(({ id }) => id));

  const { careOf } = await running.api.guest('web');
  const ping = (to: string): Promise<string> =>
    running.lab.run('d1', ['ping', '-q', '-c', '1', '-W', '1', to]);
  await expect(ping(HOME)).rejects.toThrow();
  await ping(careOf!.ipv4!);
  await flooding;
  for (const connection of [near, far]) {
    expect(await connection.close(), connection.name).toMatchObject({ survived: true, lost: 0, error: null });
  }
});
