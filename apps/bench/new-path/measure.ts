/**
 * The guest there and back, as an experiment of its own on a lab that stays up; its figures are those of evidence.
 */
import { rmSync, symlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../controller/clock.ts';
import type { ExperimentSection, Topology } from '../../../topologies/schema.ts';
import { figuresOf, type MigrationFigures } from '../../evidence/figures.ts';
import { readRun, type TimedMegaflows } from '../../evidence/run-folder.ts';
import { createResults } from '../../lab/results.ts';
import { runExperiment } from '../../lab/run.ts';
import type { LabSession } from '../../lab/session.ts';
import { MigrationNotCompletedError } from '../errors.ts';
import type { Run, Situation, Strategy } from './figures.ts';
import type { ForeignBridge } from './foreign-bridge.ts';

const GUEST = 'web';
const [HOME, AWAY] = ['a1', 'b1'];
const BANDWIDTH_MIBPS = 32;
/** Until megaflows are as many as they become; a flood of 2,000/s has come from 20,000 sources when the guest stops. */
const FILL_MS = 6_000;
const MARGIN_MS = 1_000;
/** As OVS has it where nobody sets it. */
const OWN_MAX_IDLE_MS = 10_000;

export interface Bed {
  readonly session: LabSession;
  readonly topology: Topology;
  readonly controllerLog: string;
  /** Runs' folders are made here. */
  readonly folder: string;
  readonly foreign: ForeignBridge;
}

/** Two migrations. */
export async function measure(bed: Bed, situation: Situation, strategy: Strategy): Promise<Run[]> {
  const { session, topology, folder, foreign, controllerLog } = bed;
  const results = createResults(folder, topology.name, systemClock.now());
  symlinkSync(controllerLog, results.file('logs/controller.jsonl'));
  const isForeign = situation === 'foreign' || situation === 'foreign-brief';
  if (isForeign) {
    await foreign.send(situation === 'foreign' ? OWN_MAX_IDLE_MS : undefined);
    await sleep(FILL_MS);
  }
  try {
    await runExperiment({
      session,
      topology,
      experiment: experimentOf(topology, situation, strategy),
      results,
      clock: systemClock,
      signal: new AbortController().signal,
      onStep: () => undefined,
    });
  } finally {
    if (isForeign) await foreign.rest();
  }
  const run = readRun(results.path);
  rmSync(results.path, { recursive: true });
  return figuresOf(run).migrations.map((migration) => runOf(situation, strategy, migration, run.megaflows));
}

function experimentOf(topology: Topology, situation: Situation, strategy: Strategy): ExperimentSection {
  const { connections, attacks } = topology.experiment!;
  const wait = (ms: number) => ({ wait: ms * 1_000 });
  const move = (to: string) => ({ migrate: { guest: GUEST, to, strategy, bandwidth: BANDWIDTH_MIBPS } });
  return {
    connections,
    attacks: situation === 'flood' ? attacks : {},
    steps: [
      { open: Object.keys(connections) },
      wait(MARGIN_MS),
      ...(situation === 'flood' ? [{ attack: Object.keys(attacks) }, wait(FILL_MS)] : []),
      ...[move(AWAY), wait(MARGIN_MS), move(HOME), wait(MARGIN_MS)],
    ],
  };
}

function runOf(
  situation: Situation,
  strategy: Strategy,
  migration: MigrationFigures,
  samples: readonly TimedMegaflows[],
): Run {
  const { from, to, stopAt, blackoutMs, newPathMs, commitSentAt, redirectedAt, megaflows } = migration;
  if (
    stopAt === null ||
    blackoutMs === null ||
    newPathMs === null ||
    commitSentAt === null ||
    redirectedAt === null
  ) {
    throw new MigrationNotCompletedError(
      `${situation}, ${strategy}: ${migration.reason ?? 'no new path was seen'}`,
    );
  }
  const roundMs = Object.fromEntries(
    Object.keys(megaflows).map((node) => [
      node,
      samples.findLast((sample) => sample.node === node && sample.ms <= stopAt)?.roundMs ?? NaN,
    ]),
  );
  return {
    ...{ situation, strategy, from, to, blackoutMs, newPathMs, megaflows, roundMs },
    commitSentMs: commitSentAt - stopAt,
    redirectedMs: redirectedAt - stopAt,
  };
}
