/**
 * A guest that is attacked, on real parts. What can be filtered is dropped at the first bridge of ours, and the guest stays;
 * a flood of forged sources drives it away, and nothing of the attack follows it: neither the flood, nor a bot that looks
 * the guest's name up again.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FlowObject } from '../../apps/api/objects.ts';
import { requestsWithin } from '../../apps/bench/defence/figures.ts';
import type { ConnectionSummary } from '../../apps/lab/summary.ts';
import type { AttackSection } from '../../topologies/schema.ts';
import { RunningLab } from './running-lab.ts';

const running = new RunningLab('under-attack', 18664);
const { topology } = running;
const { connections } = topology.experiment!;
const [ATTACKERS, BOTS] = ['x1', 'x2'].map((name) => topology.lab!.attackers[name]!.addresses) as [
  string[],
  string[],
];

const second = 1_000_000;

/** Flows that drop what comes from these sources. */
const drops = (flows: readonly FlowObject[], sources: readonly string[]): FlowObject[] =>
  flows.filter(
    ({ table, match, actions }) =>
      table === 'blocklist' && actions === 'drop' && sources.some((address) => match.includes(address)),
  );

const packetsOf = (flows: readonly FlowObject[]): number =>
  flows.reduce((sum, { packets }) => sum + packets, 0);

function expectUnharmed(summaries: readonly ConnectionSummary[]): void {
  for (const { name, survived, lost, error } of summaries) {
    expect({ name, survived, lost, error }).toEqual({ name, survived: true, lost: 0, error: null });
  }
}

test('a SYN flood: seen, dropped at the attackers’ own edge, and no honest connection is lost', async () => {
  const declared = await running.api.defence('web');
  await running.api.defend('web', { ...declared, policy: 'filter-only' });
  const { summary, story } = await running.run({
    connections,
    attacks: {
      syn: {
        ...{ kind: 'syn-flood', from: ['x1'], to: 'web', at: 'home', sources: 'real' },
        ...{ rate: 2_000, size: 1_000, duration: 5_000 },
      },
    },
    steps: [
      { open: ['echo', 'download'] },
      { wait: 3 * second },
      { attack: ['syn'] },
      { wait: 5 * second },
      { wait: 2 * second },
    ],
  });

  const [attack] = summary.attacks;
  expect(attack).toMatchObject({ kind: 'syn-flood', verdict: 'syn-flood', honestConnectionsLost: 0 });
  expect(attack!.packets).toBeGreaterThan(2_000);
  // The goals are half of it; the machine may be busy.
  expect(attack!.verdictMs).toBeLessThan(1_500);
  expect(attack!.firstDropMs).toBeLessThan(2_000);
  expect(attack!.reached).toBeLessThan(attack!.packets! / 2);
  expect(story).toMatch(/under attack at a1: syn-flood: [\d,]+ handshakes a second are begun/);

  const [verdict] = await running.api.verdicts();
  expect(verdict).toMatchObject({ kind: 'syn-flood', origin: 'real' });
  expect(verdict!.sources.map(({ prefix }) => prefix).sort()).toEqual(ATTACKERS.map((one) => `${one}/32`));
  for (const flows of [await running.api.edgeFlows('ec'), await running.api.flows('a1')]) {
    expect(drops(flows, ATTACKERS).length).toBeGreaterThan(0);
  }
  expect(packetsOf(drops(await running.api.edgeFlows('ec'), ATTACKERS))).toBeGreaterThan(1_000);
  expectUnharmed(summary.connections);
  await running.api.defendAsDeclared('web');
});

test('forged sources: it flees; who looks its name up finds it, and bots that do so meet the same blocks', async () => {
  const bots: AttackSection = {
    ...{ kind: 'connection-flood', from: ['x2'], to: 'web', at: 'name', sources: 'real' },
    ...{ rate: 100, size: 0, duration: 4_000 },
  };
  const before = new Set((await running.api.verdicts()).map(({ id }) => id));
  const { summary, results, story } = await running.run({
    connections: {
      ...connections,
      // Somebody who keeps what he heard long ago.
      stale: { kind: 'http-requests', client: 'c2', to: 'web', at: 'home', interval: second / 5 },
    },
    attacks: {
      bots,
      forged: {
        ...{ kind: 'syn-flood', from: ['x2'], to: 'web', at: 'home', sources: 'spoofed' },
        ...{ rate: 3_000, size: 1_200, duration: 12_000 },
      },
      again: bots,
    },
    steps: [
      { open: ['echo', 'download', 'visitors'] },
      { wait: 3 * second },
      { attack: ['bots'] },
      { wait: 5 * second },
      { attack: ['forged'] },
      { wait: 13 * second },
      { open: ['stale'] },
      { attack: ['again'] },
      { wait: 5 * second },
    ],
  });

  const flights = await running.api.flights();
  expect(flights).toMatchObject([{ guest: 'web', from: 'a1', to: 'b1', phase: 'safe' }]);
  const verdicts = (await running.api.verdicts()).filter(({ id }) => !before.has(id));
  expect(verdicts.map(({ kind, origin }) => ({ kind, origin }))).toEqual([
    { kind: 'connection-flood', origin: 'real' },
    { kind: 'syn-flood', origin: 'spoofed' },
  ]);
  const [ofBots, ofFlood] = verdicts;
  expect(flights[0]!.verdicts).toContain(ofFlood!.id);
  expect(summary.migrations).toMatchObject([{ from: 'a1', to: 'b1', outcome: 'completed' }]);
  expect(story).toMatch(/safe/);

  // What lives came along, and who asks for the name is answered at the new place.
  expectUnharmed(summary.connections.filter(({ name }) => name === 'echo' || name === 'download'));
  const { careOf } = await running.api.guest('web');
  const abroad = careOf!.ipv4!;
  const [first, forged, again] = summary.attacks;
  const visits = readFileSync(results.file('probes/visitors.jsonl'), 'utf8').split('\n');
  const late = requestsWithin(visits, again!.startedAt, again!.endedAt);
  expect(late.sent).toBeGreaterThan(10);
  expect(late.answered).toBe(late.sent);
  expect(summary.connections.find(({ name }) => name === 'stale')).toMatchObject({ received: 0 });

  // The bots were let in until they were seen, and never again.
  expect(first).toMatchObject({ addresses: topology.guests['web']!.addresses, verdict: 'connection-flood' });
  expect(first!.connections!.completed).toBeGreaterThan(10);
  expect(forged).toMatchObject({ verdict: 'syn-flood', connections: null, honestConnectionsLost: 0 });
  expect(again).toMatchObject({ addresses: [abroad], reached: 0, verdict: null, honestConnectionsLost: 0 });
  expect(again!.connections!.opened).toBeGreaterThan(200);
  expect(again!.connections!.completed).toBe(0);
  expect(again!.packets).toBeGreaterThan(200);
  const met = drops(await running.api.edgeFlows('eb'), BOTS);
  expect(packetsOf(met)).toBeGreaterThanOrEqual(again!.packets!);
  const blocks = await running.api.blocks();
  const owners = blocks.filter(({ verdict }) => verdict === ofBots!.id).map(({ number }) => `${number}`);
  for (const { owner } of met) expect(owners, owner).toContain(owner.replace(/^defence block /, ''));
});
