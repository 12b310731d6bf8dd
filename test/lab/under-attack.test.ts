/**
 * A guest that is flooded, on real parts: the verdict comes, every bridge drops the attackers, the first one being the
 * edge of their own site, and honest connections live.
 */
import { beforeAll, expect, test } from 'vitest';
import type { FlowObject } from '../../apps/api/objects.ts';
import { runExperiment } from '../../apps/lab/run.ts';
import { systemClock } from '../../controller/clock.ts';
import type { ExperimentSection } from '../../topologies/schema.ts';
import { RunningLab } from './running-lab.ts';

const running = new RunningLab('under-attack', 18664);
const { topology } = running;
const ATTACKERS = topology.lab!.attackers['x1']!.addresses;

beforeAll(async () => {
  const declared = await running.api.defence('web');
  await running.api.defend('web', { ...declared, policy: 'filter-only' });
});

const second = 1_000_000;
const experiment: ExperimentSection = {
  connections: topology.experiment!.connections,
  attacks: {
    syn: {
      ...{ kind: 'syn-flood', from: ['x1'], to: 'web', sources: 'real' },
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
};

const drops = (flows: readonly FlowObject[]): FlowObject[] =>
  flows.filter(
    ({ table, match, actions }) =>
      table === 'blocklist' && actions === 'drop' && ATTACKERS.some((address) => match.includes(address)),
  );

test('a SYN flood: seen, dropped at the attackers’ own edge, and no honest connection is lost', async () => {
  const told: string[] = [];
  const { attacks, connections } = await runExperiment({
    session: running.session,
    topology,
    experiment,
    results: running.results,
    clock: systemClock,
    signal: new AbortController().signal,
    onStep: () => undefined,
    onStory: (line) => told.push(line),
  });

  const [attack] = attacks;
  expect(attack).toMatchObject({ kind: 'syn-flood', verdict: 'syn-flood', honestConnectionsLost: 0 });
  expect(attack!.packets).toBeGreaterThan(2_000);
  // The goals are half of it; the machine may be busy.
  expect(attack!.verdictMs).toBeLessThan(1_500);
  expect(attack!.firstDropMs).toBeLessThan(2_000);
  expect(attack!.reached).toBeLessThan(attack!.packets! / 2);
  expect(told.join('\n')).toMatch(/under attack at a1: syn-flood: [\d,]+ handshakes a second are begun/);

  const [verdict] = await running.api.verdicts();
  expect(verdict).toMatchObject({ kind: 'syn-flood', origin: 'real' });
  expect(verdict!.sources.map(({ prefix }) => prefix).sort()).toEqual(ATTACKERS.map((one) => `${one}/32`));
  for (const flows of [await running.api.edgeFlows('ec'), await running.api.flows('a1')]) {
    expect(drops(flows).length).toBeGreaterThan(0);
  }
  const atEdge = drops(await running.api.edgeFlows('ec')).reduce((sum, { packets }) => sum + packets, 0);
  expect(atEdge).toBeGreaterThan(1_000);

  for (const { name, survived, lost, error } of connections) {
    expect({ name, survived, lost, error }).toEqual({ name, survived: true, lost: 0, error: null });
  }
});
