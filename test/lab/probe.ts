/** A traffic probe that runs in a client of a lab, as tests open it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../controller/clock.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import type { ProbeSummary } from '../../topologies/probes/summary.ts';

export interface ProbeWish {
  readonly kind: 'tcp-echo' | 'udp-echo' | 'ping' | 'http-download' | 'from-guest';
  readonly client?: string;
  /** The guest's address; of a connection that the guest opens, the one by which it is asked to. */
  readonly target: string;
  readonly intervalMs?: number;
  readonly port?: number;
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
  readonly source?: string;
  readonly to?: string;
}

/** It ends by itself after this time, should nobody close it. */
const LIFE_MS = 300_000;
const STOP_MS = 15_000;
const BEGIN_MS = 20_000;
const DEFAULT_INTERVAL_MS = 200;

export class Probe {
  readonly name: string;
  readonly #process: LabProcess;
  readonly #output: Promise<string>;
  readonly #errors: Promise<string>;
  readonly #log: string;

  constructor(lab: Lab, name: string, { kind, client = 'c1', ...wish }: ProbeWish) {
    this.#log = join(lab.plan.runDirectory, `${name}.jsonl`);
    const { intervalMs = DEFAULT_INTERVAL_MS, ...named } = wish;
    const flags = Object.entries({ ...named, 'interval-ms': intervalMs }).flatMap(([flag, value]) => [
      `--${flag}`,
      String(value),
    ]);
    this.name = name;
    this.#process = lab.exec(client, [
      process.execPath,
      join(packageRoot, 'dist', 'topologies', 'probes', `${kind}.js`),
      ...['--name', name, '--client', client, '--duration-ms', String(LIFE_MS)],
      ...['--out', this.#log],
      ...flags,
    ]);
    this.#output = this.#process.text();
    this.#errors = this.#process.errors();
  }

  /** Settles when it is open and the first message has come back, or the guest has been asked. */
  async begun(): Promise<void> {
    const deadline = systemClock.now() + BEGIN_MS;
    while (!existsSync(this.#log) || statSync(this.#log).size === 0) {
      if (systemClock.now() > deadline) throw new Error(`probe ${this.name} saw nothing of its connection`);
      await sleep(50);
    }
  }

  async close(): Promise<ProbeSummary> {
    const [output, errors] = await Promise.all([this.#output, this.#errors, this.#process.stop(STOP_MS)]);
    if (output === '')
      throw new Error(`probe ${this.name}: ${errors.trim() === '' ? 'it said nothing' : errors}`);
    return JSON.parse(output) as ProbeSummary;
  }
}
