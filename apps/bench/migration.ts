/**
 * Real migrations of a real guest, back and forth between two subnets: what the network adds to QEMU's own
 * blackout, and what is lost. New connections for each, so that each has its own gap.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../controller/clock.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { readTopology } from '../../topologies/parse.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { Connection } from '../lab/connections.ts';
import { createResults } from '../lab/results.ts';
import { LabSession } from '../lab/session.ts';
import type { Benchmark, Case } from './benchmark.ts';
import { MigrationNotCompletedError } from './errors.ts';
import { standsOnceUp } from './standing.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const RUNS = 10;
const BANDWIDTH_MIBPS = 16;
/** Before and after a migration, so that both ends of the gap are seen. */
const MARGIN_MS = 1_500;

const connections: Readonly<Record<'echo' | 'ping', ConnectionSection>> = {
  echo: { kind: 'tcp-echo', client: 'c1', to: 'web', at: 'home', interval: 2_000 },
  ping: { kind: 'ping', client: 'c2', to: 'web', at: 'home', interval: 2_000 },
};

export const migration: Benchmark = {
  name: 'migration',
  title: 'live migrations between two subnets, a guest with open connections',
  run: async (say) => {
    const topologyFile = join(packageRoot, 'topologies', 'first-flight.yaml');
    const topology = readTopology(topologyFile);
    using folder = new TemporaryFolder();
    const results = createResults(folder.path, topology.name, systemClock.now());
    const session = await standsOnceUp(
      LabSession.up({
        topology,
        topologyFile,
        api: '127.0.0.1:28653',
        controllerLog: results.file('logs/controller.jsonl'),
        clock: systemClock,
        onProgress: (stage, detail) => stage === 'image' && say(detail),
      }),
      (up) => up.down(),
    );
    const figures = new Map<string, number[]>();
    const note = (what: string, figure: number): void => {
      figures.set(what, [...(figures.get(what) ?? []), figure]);
    };
    try {
      const home = topology.guests['web']!.addresses[0]!;
      for (let run = 0; run < RUNS; run++) {
        const to = run % 2 === 0 ? 'b1' : 'a1';
        const open = Object.entries(connections).map(
          ([name, section]) => new Connection(session.lab, `${name}-${run}`, section, home, results),
        );
        await sleep(MARGIN_MS);
        const blackoutMs = await migrate(session, to);
        await sleep(MARGIN_MS);
        const [echo, ping] = await Promise.all(open.map((connection) => connection.close()));
        if (echo?.survived !== true || ping?.survived !== true) {
          throw new MigrationNotCompletedError(`run ${run + 1}: a connection did not survive`);
        }
        say(
          `${run + 1} of ${RUNS}, to ${to}: blackout ${blackoutMs.toFixed(0)} ms, gap ${ping.gapMs.toFixed(0)} ms, lost ${ping.lost}`,
        );
        note('blackout', blackoutMs);
        note('gap minus blackout, ICMP', ping.gapMs - blackoutMs);
        note('gap minus blackout, TCP echo', echo.gapMs - blackoutMs);
        note('lost, ICMP at 500/s', ping.lost);
        note('duplicated, ICMP at 500/s', ping.duplicated);
        note('lost, TCP echo at 500/s', echo.lost);
      }
    } finally {
      await session.down();
    }
    const cases: Case[] = [...figures].map(([what, runs]) => ({
      what,
      unit: /lost|duplicated/.test(what) ? 'packets' : 'ms',
      better: 'lower',
      runs,
    }));
    return {
      cases,
      notes: [
        `guest under ${session.accelerator}, 128 MiB, copied at ${BANDWIDTH_MIBPS} MiB/s over a WAN of 20 ms`,
        'blackout: from QEMU’s STOP to its RESUME, by its own stamps',
        'the largest figure is the worst of all runs',
      ],
    };
  },
};

async function migrate(session: LabSession, to: string): Promise<number> {
  const { id } = await session.api.migrate({ guest: 'web', to, bandwidthMiBps: BANDWIDTH_MIBPS });
  for (;;) {
    await sleep(100);
    const { outcome, reason, blackoutMs } = await session.api.migration(id);
    if (outcome === 'completed' && blackoutMs !== null) return blackoutMs;
    if (outcome === 'rolled-back') throw new MigrationNotCompletedError(reason ?? 'no reason given');
  }
}
