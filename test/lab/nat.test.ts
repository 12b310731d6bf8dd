/** Clients behind NAT routers, with the edge outside and inside: their connections go straight to the new site. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { FlowObject } from '../../apps/api/objects.ts';
import { Probe, type ProbeWish } from './probe.ts';
import { RunningLab } from './running-lab.ts';

const HOME = '10.1.0.100';
const running = new RunningLab('nat', 18657);

const open = (client: string, kind: ProbeWish['kind']): Probe =>
  new Probe(running.lab, `${client}-${kind}`, { kind, client, target: HOME, intervalMs: 20 });

const relayed = (flows: readonly FlowObject[], table: string): number =>
  flows
    .filter((flow) => flow.table === table && flow.owner.includes('relay'))
    .reduce((sum, { packets }) => sum + packets, 0);

test('a client behind a NAT keeps its connections when the guest moves, whichever side of it the edge is on', async () => {
  const kinds = ['tcp-echo', 'udp-echo', 'ping'] as const;
  const connections = ['p1', 'q1'].flatMap((client) => kinds.map((kind) => open(client, kind)));
  await Promise.all(connections.map((connection) => connection.begun()));
  expect(
    await running.migrate({ guest: 'web', to: 'b1', relay: 'rewrite', bandwidthMiBps: 32 }),
  ).toMatchObject({ outcome: 'completed' });

  await sleep(1_500);
  const before = await Promise.all(['ec', 'eq'].map((edge) => running.api.edgeFlows(edge)));
  const oldSite = relayed(await running.api.flows('a1'), 'deliver');
  await sleep(1_500);
  for (const [i, edge] of ['ec', 'eq'].entries()) {
    expect(relayed(await running.api.edgeFlows(edge), 'edgeTracked'), edge).toBeGreaterThan(
      relayed(before[i]!, 'edgeTracked') + 50,
    );
  }
  expect(relayed(await running.api.flows('a1'), 'deliver')).toBe(oldSite);

  for (const connection of connections) {
    const summary = await connection.close();
    expect(summary, summary.name).toMatchObject({ survived: true, duplicated: 0, error: null });
    if (summary.protocol === 'tcp') expect(summary.lost, summary.name).toBe(0);
    // A few at the switchover; the machine may be slow.
    else expect(summary.lost, summary.name).toBeLessThanOrEqual(10);
    expect(summary.sent, summary.name).toBeGreaterThan(100);
  }
});
