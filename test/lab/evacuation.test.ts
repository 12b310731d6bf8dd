/** A host with ten guests that are all asked to leave at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { migration as limits } from '../../controller/limits.ts';
import { Probe } from './probe.ts';
import { hasEnded, RunningLab } from './running-lab.ts';

const running = new RunningLab('evacuation', 18656);
const guests = Object.entries(running.topology.guests).map(([name, { addresses }]) => ({
  name,
  target: addresses[0]!,
}));

test('ten guests go to another site, a few copies at a time, and keep their connections', async () => {
  expect(guests).toHaveLength(10);
  const connections = guests.map(
    ({ name, target }) => new Probe(running.lab, name, { kind: 'tcp-echo', target, intervalMs: 100 }),
  );
  await Promise.all(connections.map((connection) => connection.begun()));

  const begun = await Promise.all(
    guests.map(({ name }) => running.api.migrate({ guest: name, to: 'b1', bandwidthMiBps: 64 })),
  );
  const moved = await Promise.all(begun.map(({ id }) => running.follow(id, hasEnded)));
  expect(moved.map(({ guest, outcome, reason }) => ({ guest, outcome, reason }))).toEqual(
    guests.map(({ name }) => ({ guest: name, outcome: 'completed', reason: null })),
  );
  // Each copy lasts from the call to the switchover at least.
  const copying = (at: number): number =>
    moved.filter(({ entered }) => entered.preparing! <= at && at < entered.relaying!).length;
  const most = Math.max(...moved.map(({ entered }) => copying(entered.preparing!)));
  expect(most).toBe(limits.copiesAtATime);

  await sleep(500);
  const summaries = await Promise.all(connections.map((connection) => connection.close()));
  expect(
    summaries.map(({ name, survived, lost, duplicated }) => ({ name, survived, lost, duplicated })),
  ).toEqual(guests.map(({ name }) => ({ name, survived: true, lost: 0, duplicated: 0 })));
  for (const { name, sent } of summaries) expect(sent, name).toBeGreaterThan(50);
});
