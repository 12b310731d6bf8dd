/**
 * One migration under load, as the client and the destination's TAP see it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lab as limits } from '../../../controller/limits.ts';
import type { Lab } from '../../../topologies/lab/lab.ts';
import type { LabProcess } from '../../../topologies/lab/process.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import type { Observation, ProbeSummary } from '../../../topologies/probes/summary.ts';
import { MigrationNotCompletedError } from '../errors.ts';
import { figuresOf, type Run, type Strategy } from './figures.ts';
import { CLIENT, type Peer } from './peers.ts';
import { captureTap, readTap } from './tap-capture.ts';

const HOME = '10.1.0.100';
/** Answered by the guest's driver, and by a process that only copies: see `reflect` in the topology. */
const UDP_PORT = 77;
const TCP_PORT = 77;
const TCP_INTERVAL_MS = 2;
/** Before and after a migration, so that both ends of a gap are seen. */
const MARGIN_MS = 1_000;
const PROBE_LIMIT_MS = 120_000;

export async function measure(peer: Peer, strategy: Strategy, rate: number, folder: string): Promise<Run> {
  const { lab, next } = peer;
  const udp = new Probe(lab, 'udp-echo', UDP_PORT, 1000 / rate, folder);
  const tcp = new Probe(lab, 'tcp-echo', TCP_PORT, TCP_INTERVAL_MS, folder);
  const captureFile = join(folder, 'tap.pcap');
  const stop = new AbortController();
  await sleep(MARGIN_MS);
  const capturing = captureTap(lab, next, UDP_PORT, captureFile, stop.signal).catch(() => undefined);
  try {
    const stamps = await peer.migrate(strategy);
    await sleep(MARGIN_MS);
    const [ofUdp, ofTcp] = await Promise.all([udp.end(), tcp.end()]);
    if (!ofUdp.survived || !ofTcp.survived) {
      throw new MigrationNotCompletedError(`with ${strategy} a connection did not survive`);
    }
    await (await capturing)?.stop();
    const { lost, overrun = 0, duplicated, reordered } = ofUdp;
    const figures = figuresOf({
      ...stamps,
      tap: readTap(captureFile, UDP_PORT),
      udp: udp.observations(),
      tcp: tcp.observations(),
      lost,
      overrun,
      duplicated,
      reordered,
    });
    return { strategy, rate, warning: stamps.warning, ...figures };
  } finally {
    stop.abort();
    await (await capturing)?.stop();
    await Promise.all([udp.end().catch(() => undefined), tcp.end().catch(() => undefined)]);
  }
}

class Probe {
  readonly #process: LabProcess;
  readonly #file: string;
  readonly #output: Promise<string>;
  readonly #errors: Promise<string>;
  #ended: Promise<ProbeSummary> | undefined;

  constructor(lab: Lab, kind: string, port: number, intervalMs: number, folder: string) {
    this.#file = join(folder, `${kind}.jsonl`);
    this.#process = lab.exec(CLIENT, [
      process.execPath,
      join(packageRoot, 'dist', 'topologies', 'probes', `${kind}.js`),
      ...['--name', kind, '--client', CLIENT, '--target', HOME, '--port', String(port)],
      ...['--interval-ms', String(intervalMs), '--duration-ms', String(PROBE_LIMIT_MS), '--out', this.#file],
    ]);
    this.#output = this.#process.text();
    this.#errors = this.#process.errors();
  }

  end(): Promise<ProbeSummary> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Each message once, at its first answer. */
  observations(): Observation[] {
    const byNumber = new Map<number, Observation>();
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      if (line === '') continue;
      const observation = JSON.parse(line) as Observation;
      byNumber.set(observation.n, observation);
    }
    return [...byNumber.values()];
  }

  async #end(): Promise<ProbeSummary> {
    await this.#process.stop(limits.probeStop);
    const text = await this.#output;
    try {
      return JSON.parse(text) as ProbeSummary;
    } catch {
      throw new MigrationNotCompletedError(`a probe gave no summary: ${(await this.#errors).trim()}`);
    }
  }
}
