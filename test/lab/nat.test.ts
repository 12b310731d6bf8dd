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

async function expectAlive(connections: readonly Probe[]): Promise<void> {
  for (const connection of connections) {
    const summary = await connection.close();
    expect(summary, summary.name).toMatchObject({ survived: true, duplicated: 0, error: null });
    if (summary.protocol === 'tcp') expect(summary.lost, summary.name).toBe(0);
    // A few at a switchover; the machine may be slow.
    else expect(summary.lost, summary.name).toBeLessThanOrEqual(20);
    expect(summary.sent, summary.name).toBeGreaterThan(100);
  }
}

test('a client behind a NAT keeps its connections when the guest moves, whichever side of it the edge is on', async () => {
  const kinds = ['tcp-echo', 'udp-echo', 'ping'] as const;
  const [p, q, r] = ['p1', 'q1', 'r1'].map((client) => kinds.map((kind) => open(client, kind))) as [
    Probe[],
    Probe[],
    Probe[],
  ];
  await Promise.all([...p, ...q, ...r].map((connection) => connection.begun()));
  expect(
    await running.migrate({ guest: 'web', to: 'b1', relay: 'rewrite', bandwidthMiBps: 32 }),
  ).toMatchObject({ outcome: 'completed' });

  await sleep(1_500);
  const count = async (): Promise<{ edges: number[]; anchor: number }> => ({
    edges: await Promise.all(
      ['ec', 'eq', 'er'].map(async (edge) => relayed(await running.api.edgeFlows(edge), 'edgeTracked')),
    ),
    anchor: relayed(await running.api.flows('a1'), 'deliver'),
  });
  const before = await count();
  await sleep(1_500);
  const after = await count();
  const [ec, eq, er] = after.edges.map((packets, i) => packets - before.edges[i]!);
  // Three connections of each, 50 packets a second: straight to the new site, but those of the edge that does not redirect.
  expect(ec).toBeGreaterThan(50);
  expect(eq).toBe(0);
  expect(er).toBeGreaterThan(50);
  expect(after.anchor - before.anchor).toBeGreaterThan(50);
  expect(after.anchor - before.anchor).toBeLessThan(ec! * 1.5);

  const [stream, ...others] = r;
  await expectAlive([stream!]);
  expect(await running.migrate({ guest: 'web', to: 'a1', bandwidthMiBps: 32 })).toMatchObject({
    outcome: 'completed',
  });
  await sleep(1_000);
  await expectAlive([...p, ...q, ...others]);
});
