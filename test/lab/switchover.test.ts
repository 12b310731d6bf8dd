/**
 * Strategies and what steers them, on a real guest that answers 500 datagrams a second; and migrations that are
 * given up. One lab for all; each test leaves the guest running, wherever.
 */
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventObject, MigrationObject, MigrationRequest } from '../../apps/api/objects.ts';
import { writeReport } from '../../apps/evidence/report.ts';
import type { Connection } from '../../apps/lab/connections.ts';
import type { ResultsFolder } from '../../apps/lab/results.ts';
import type { RunSummary } from '../../apps/lab/summary.ts';
import type { Strategy } from '../../controller/network/migration.ts';
import type { Observation, ProbeSummary } from '../../topologies/probes/summary.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { observed, RunningLab } from './running-lab.ts';

const HOME = '10.1.0.100';

const running = new RunningLab('switchover', 18653);
const events: EventObject[] = [];
const following = new AbortController();

beforeAll(() => {
  running.api
    .follow(
      (event) => events.push(event),
      () => undefined,
      following.signal,
    )
    .catch(() => undefined);
});

afterAll(() => {
  following.abort();
});

const echo: ConnectionSection = { kind: 'tcp-echo', client: 'c1', to: 'web', at: 'home', interval: 5_000 };
const datagrams: ConnectionSection = {
  kind: 'udp-echo',
  client: 'c1',
  to: 'web',
  at: 'home',
  port: 77,
  interval: 2_000,
};

let opened = 0;
function open(section: ConnectionSection): Connection {
  return running.open(`${section.kind}-${++opened}`, section, HOME);
}

/** Connections that have had their first answers. */
async function openAll(...sections: readonly ConnectionSection[]): Promise<Connection[]> {
  const connections = sections.map(open);
  for (const { name } of connections) {
    const file = running.results.file(`probes/${name}.jsonl`);
    await expect.poll(() => existsSync(file) && statSync(file).size > 0, { timeout: 10_000 }).toBe(true);
  }
  return connections;
}

const ended = ({ outcome, blackoutMs }: MigrationObject): boolean =>
  outcome === 'rolled-back' || (outcome === 'completed' && blackoutMs !== null);

async function elsewhere(): Promise<string> {
  return (await running.api.guest('web')).host === 'a1' ? 'b1' : 'a1';
}

async function migrate(wish: Omit<MigrationRequest, 'guest' | 'to'>): Promise<MigrationObject> {
  const { id } = await running.api.migrate({
    guest: 'web',
    to: await elsewhere(),
    bandwidthMiBps: 32,
    ...wish,
  });
  return running.follow(id, ended);
}

/** When a migration's moment was; of several the first. */
function at(id: string, kind: string, more: object = {}): number {
  const found = events.find(
    ({ moment }) =>
      moment !== undefined &&
      'migration' in moment &&
      moment.migration === id &&
      moment.kind === kind &&
      Object.entries(more).every(([key, value]) => (moment as Record<string, unknown>)[key] === value),
  );
  if (found === undefined) throw new Error(`no ${kind} of migration ${id} was told`);
  return found.at;
}

interface Moved {
  readonly migration: MigrationObject;
  readonly udp: ProbeSummary;
  readonly tcp: ProbeSummary;
  /** The datagrams. */
  readonly observations: readonly Observation[];
  /** Datagrams that came to the guest's interfaces at both hosts, by the captures of those. */
  readonly copied: number;
}

async function moveUnderLoad(strategy: Strategy): Promise<Moved> {
  const { summary, results } = await running.run({
    connections: { udp: datagrams, tcp: echo },
    attacks: {},
    steps: [
      { open: ['udp', 'tcp'] },
      { wait: 1_000_000 },
      { migrate: { guest: 'web', to: await elsewhere(), bandwidth: 32, strategy } },
      { wait: 500_000 },
    ],
  });
  const [udp, tcp] = ['udp', 'tcp'].map((name) => summary.connections.find((one) => one.name === name)!);
  return {
    migration: await running.api.migration(summary.migrations[0]!.id),
    udp: udp!,
    tcp: tcp!,
    observations: observed(results, 'udp'),
    copied: copiedOf(results, { ...summary, connections: [udp!] }),
  };
}

/** Without TCP: what it sends again is no copy. */
function copiedOf(results: ResultsFolder, summary: RunSummary): number {
  results.writeJson('summary.json', summary);
  return writeReport(results.path).migrations[0]!.copied;
}

const alive = { survived: true, lost: 0, error: null };

describe('a strategy', () => {
  test('redirect sends nothing twice, and what comes while the guest stands still waits for it', async () => {
    const { migration, udp, tcp, observations, copied } = await moveUnderLoad('redirect');
    expect(migration).toMatchObject({ outcome: 'completed', strategy: 'redirect', warning: null });
    expect(migration.copyMs).toBeGreaterThan(migration.blackoutMs!);
    expect(udp).toMatchObject({ survived: true, duplicated: 0 });
    expect(tcp).toMatchObject({ ...alive, duplicated: 0 });
    expect(copied).toBe(0);
    const stop = at(migration.id, 'qemu', { event: 'STOP' });
    const resume = at(migration.id, 'qemu', { event: 'RESUME' });
    for (const host of [migration.from, migration.to]) {
      expect(at(migration.id, 'staged', { host })).toBeLessThan(stop);
      expect(at(migration.id, 'commit-sent', { host })).toBeLessThan(resume);
      expect(at(migration.id, 'commit-acknowledged', { host })).toBeLessThan(resume);
    }
    // Once the new path is in force, which is a moment after the commit, nothing is lost on it.
    const blackout = observations.filter(({ sent }) => sent > stop && sent < resume);
    const waited = blackout.findIndex(({ received }) => received !== null);
    expect(waited).toBeGreaterThanOrEqual(0);
    expect(blackout.slice(waited).filter(({ received }) => received === null)).toEqual([]);
  });

  test('bicast loses nothing: both sides get copies before the source stops', async () => {
    const { migration, udp, tcp, observations, copied } = await moveUnderLoad('bicast');
    expect(migration).toMatchObject({ outcome: 'completed', strategy: 'bicast', warning: null });
    expect(tcp).toMatchObject(alive);
    const both = at(migration.id, 'copying-to-both');
    const stop = at(migration.id, 'qemu', { event: 'STOP' });
    expect(both).toBeLessThan(stop);
    // Of what was sent from then on. Before, OVS's user-space datapath may drop some while it takes up a port.
    const resume = at(migration.id, 'qemu', { event: 'RESUME' });
    const lost = observations.filter((one) => one.received === null);
    expect(lost.filter(({ sent }) => sent >= both && sent <= resume)).toEqual([]);
    expect(udp.survived).toBe(true);
    expect(copied).toBeGreaterThan(0);
    expect(udp.duplicated).toBeGreaterThan(0);
    expect(udp.duplicated).toBeLessThanOrEqual(Math.ceil((at(migration.id, 'redirected') - both) / 2) + 10);
  });

  test('bicast holds an idle guest until the copies go', async () => {
    const migration = await migrate({ strategy: 'bicast' });
    expect(migration).toMatchObject({ outcome: 'completed', warning: null });
    expect(at(migration.id, 'copying-to-both')).toBeLessThan(at(migration.id, 'qemu', { event: 'STOP' }));
  });

  test('rarp redirects when the guest has announced itself', async () => {
    const { migration, tcp } = await moveUnderLoad('rarp');
    expect(migration).toMatchObject({ outcome: 'completed', strategy: 'rarp' });
    expect(tcp).toMatchObject(alive);
    expect(at(migration.id, 'redirected')).toBeGreaterThan(at(migration.id, 'qemu', { event: 'RESUME' }));
  });
});

describe('a migration that is given up', () => {
  // Away from home there is most to be left as it was: an anchor at either end, a lease.
  beforeAll(async () => {
    if ((await elsewhere()) === 'b1') expect(await migrate({})).toMatchObject({ outcome: 'completed' });
  });

  test.each([
    ['preparing', 'redirect'],
    ['copying', 'redirect'],
    ['copying', 'bicast'],
  ] as const)('while %s with %s: everything is as before', async (phase, strategy) => {
    const connections = await openAll(echo, datagrams);
    const to = await elsewhere();
    // What an anchor away from home relays is counted now and then; until it has been, nothing is said of it.
    const before = await vi.waitFor(
      async () => {
        const guest = await running.api.guest('web');
        const others = guest.anchors.filter(({ host, index }) => host !== guest.host && index > 1);
        expect(others.filter(({ relay }) => relay === null)).toEqual([]);
        return guest;
      },
      { timeout: 20_000, interval: 100 },
    );
    const { id } = await running.api.migrate({ guest: 'web', to, strategy, bandwidthMiBps: 8 });
    await running.follow(id, (migration) => migration.phase === phase);
    await running.api.abort(id);
    const migration = await running.follow(id, ended);
    expect(migration).toMatchObject({
      outcome: 'rolled-back',
      phase: 'rolled-back',
      reason: 'the migration of guest web was aborted: it stays where it is',
    });
    await sleep(300);
    expect(await running.api.guest('web')).toEqual(before);
    const [tcp, udp] = await Promise.all(connections.map((connection) => connection.close()));
    expect(tcp).toMatchObject({ ...alive, duplicated: 0 });
    // OVS's user-space datapath may drop a few packets while it takes up the port that libvirt adds.
    expect(udp).toMatchObject({ survived: true, duplicated: 0, error: null });
  });
});
