/**
 * A lab with its controller, from before a file's first test to after its last. When a test fails, the controller's
 * last words are shown.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { ApiClient } from '../../apps/api/client.ts';
import type { MigrationObject, MigrationRequest } from '../../apps/api/objects.ts';
import { Connection } from '../../apps/lab/connections.ts';
import { createResults, type ResultsFolder } from '../../apps/lab/results.ts';
import { runExperiment } from '../../apps/lab/run.ts';
import { LabSession } from '../../apps/lab/session.ts';
import type { RunSummary } from '../../apps/lab/summary.ts';
import type { Moment } from '../../apps/events.ts';
import { readMoments } from '../../apps/evidence/run-folder.ts';
import { systemClock } from '../../controller/clock.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { readTopology } from '../../topologies/parse.ts';
import type { Observation } from '../../topologies/probes/summary.ts';
import type { ConnectionSection, ExperimentSection, Topology } from '../../topologies/schema.ts';
import { freeze, LIBVIRTD } from './lab/node.ts';

const CONTROLLER_LOG = 'logs/controller.jsonl';
const LAST_WORDS = 40;
const POLL_MS = 20;
/** A copy of all memory on a busy machine. */
const MIGRATION_MS = 90_000;

export class RunningLab {
  readonly topology: Topology;
  readonly #topologyFile: string;
  readonly #api: string;
  #folder: string | undefined;
  #results: ResultsFolder | undefined;
  #session: LabSession | undefined;

  /** Of one of the package's topologies; the API listens on a port of 127.0.0.1. To be made outside of tests. */
  constructor(topology: string, apiPort: number) {
    this.#topologyFile = join(packageRoot, 'topologies', `${topology}.yaml`);
    this.topology = readTopology(this.#topologyFile);
    this.#api = `127.0.0.1:${apiPort}`;
    beforeAll(() => this.#up());
    afterAll(() => this.#down());
    afterEach(({ task }) => {
      if (task.result?.state !== 'fail') return;
      console.log(`the controller's last words:\n${this.log().slice(-LAST_WORDS).join('\n')}`);
    });
  }

  get session(): LabSession {
    return this.#session!;
  }

  get lab(): Lab {
    return this.session.lab;
  }

  get api(): ApiClient {
    return this.session.api;
  }

  get results(): ResultsFolder {
    return this.#results!;
  }

  /** The controller's log, line by line. */
  log(): string[] {
    return readFileSync(this.results.file(CONTROLLER_LOG), 'utf8').trim().split('\n');
  }

  /** What the log tells of a migration, in order. */
  moments(id: string): Moment[] {
    return readMoments(this.log().join('\n'), 0)
      .map(({ moment }) => moment)
      .filter((moment) => 'migration' in moment && moment.migration === id);
  }

  /** From when until when the guest stood still, by QEMU's own stamps, in milliseconds since the Unix epoch. */
  blackout({ id, from, to }: MigrationObject): { readonly stop: number; readonly resume: number } {
    const at = (host: string, event: 'STOP' | 'RESUME'): number => {
      const found = readMoments(this.log().join('\n'), 0).find(
        ({ moment: it }) =>
          it.kind === 'qemu' && it.migration === id && it.host === host && it.event === event,
      );
      if (found === undefined) throw new Error(`no ${event} at ${host} of migration ${id} was told`);
      return found.ms;
    };
    return { stop: at(from, 'STOP'), resume: at(to, 'RESUME') };
  }

  open(name: string, section: ConnectionSection, target: string): Connection {
    return new Connection(this.lab, name, section, target, this.results);
  }

  /** Runs an experiment whose evidence is in a folder of its own. */
  async run(experiment: ExperimentSection): Promise<ExperimentRun> {
    const results = createResults(this.#folder!, this.topology.name, systemClock.now());
    symlinkSync(this.results.file(CONTROLLER_LOG), results.file(CONTROLLER_LOG));
    const story: string[] = [];
    const summary = await runExperiment({
      session: this.session,
      topology: this.topology,
      experiment,
      results,
      clock: systemClock,
      signal: new AbortController().signal,
      onStep: () => undefined,
      onStory: (line) => story.push(line),
    });
    return { summary, results, story: story.join('\n') };
  }

  /** Asks for a migration, and gives it when it has ended. */
  async migrate(wish: MigrationRequest): Promise<MigrationObject> {
    const { id } = await this.api.migrate(wish);
    return this.follow(id, hasEnded);
  }

  /** Waits until the migration satisfies `until`, and gives it. */
  async follow(id: string, until: (migration: MigrationObject) => boolean): Promise<MigrationObject> {
    const deadline = systemClock.now() + MIGRATION_MS;
    for (;;) {
      const migration = await this.api.migration(id);
      if (until(migration)) return migration;
      if (systemClock.now() > deadline) throw new Error(`the migration is still ${migration.phase}`);
      await sleep(POLL_MS);
    }
  }

  /**
   * Holds a migration between its hosts: the guest has stopped at the source, and goes on at the destination only when
   * the result lets libvirtd go on there.
   */
  async holdAtSwitching({ id, guest, from, to }: MigrationObject): Promise<() => Promise<void>> {
    // Once memory goes from QEMU to QEMU, the destination's daemon is needed only to let the guest go on.
    await this.follow(id, ({ phase }) => phase === 'copying');
    const copied = (): Promise<string> => this.lab.run(from, ['virsh', 'domjobinfo', guest]);
    await expect.poll(copied, { timeout: MIGRATION_MS }).toMatch(/Memory processed: +[1-9]/);
    const go = await freeze(this.lab, to, LIBVIRTD);
    try {
      await this.follow(id, ({ phase }) => phase === 'switching');
    } catch (error) {
      await go();
      throw error;
    }
    return go;
  }

  async #up(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'arctictern-'));
    this.#results = createResults(this.#folder, this.topology.name, systemClock.now());
    this.#session = await LabSession.up({
      topology: this.topology,
      topologyFile: this.#topologyFile,
      api: this.#api,
      controllerLog: this.results.file(CONTROLLER_LOG),
      clock: systemClock,
      onProgress: () => undefined,
    });
  }

  async #down(): Promise<void> {
    try {
      await this.#session?.down();
    } finally {
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
    }
  }
}

export interface ExperimentRun {
  readonly summary: RunSummary;
  readonly results: ResultsFolder;
  readonly story: string;
}

/** What became of each message of a connection that has been closed, in the order in which they were sent. */
export function observed(results: ResultsFolder, connection: string): Observation[] {
  const lines = readFileSync(results.file(`probes/${connection}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Observation).sort((a, b) => a.n - b.n);
}

export const hasEnded = ({ outcome }: MigrationObject): boolean =>
  outcome === 'completed' || outcome === 'rolled-back';

/** What a connection's summary says when nothing has befallen it. */
export const UNHARMED = { survived: true, lost: 0, duplicated: 0, reordered: 0, error: null } as const;
