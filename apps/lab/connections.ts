/**
 * The connections of an experiment: probes that run in client nodes, from their opening to their summary.
 */
import { join } from 'node:path';
import { lab as limits } from '../../controller/limits.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import type { ProbeSummary } from '../../topologies/probes/summary.ts';
import type { ConnectionSection } from '../../topologies/schema.ts';
import { ProbeFailedError } from './errors.ts';
import type { ResultsFolder } from './results.ts';

/** Of what a guest opens. */
const PROTOCOLS: Readonly<Partial<Record<ConnectionSection['kind'], string>>> = {
  'tcp-echo': 'tcp',
  'udp-echo': 'udp',
  ping: 'icmp',
};

export class Connection {
  readonly name: string;
  readonly #process: LabProcess;
  readonly #output: Promise<string>;
  readonly #errors: Promise<string>;

  /**
   * Opens it to `target`, an address or a name; what is observed goes to the run's folder. `sources`: the client's addresses, where it is to
   * use all of them.
   */
  constructor(
    lab: Lab,
    name: string,
    section: ConnectionSection,
    target: string,
    results: ResultsFolder,
    sources: readonly string[] = [],
  ) {
    const option = (flag: string, value: number | undefined): string[] =>
      value === undefined ? [] : [flag, String(value)];
    const isGuests = section.from === 'guest' && section.kind in PROTOCOLS;
    this.name = name;
    this.#process = lab.exec(section.client, [
      process.execPath,
      join(packageRoot, 'dist', 'topologies', 'probes', `${isGuests ? 'from-guest' : section.kind}.js`),
      ...(isGuests ? ['--protocol', PROTOCOLS[section.kind]!] : []),
      ...(sources.length === 0 ? [] : ['--sources', sources.join(',')]),
      ...['--name', name, '--client', section.client, '--target', target],
      ...['--duration-ms', String(limits.connection), '--out', results.file(`probes/${name}.jsonl`)],
      ...option('--family', section.family),
      ...option('--port', section.port),
      ...option('--interval-ms', section.interval === undefined ? undefined : section.interval / 1000),
      ...option('--size', section.size),
      ...option('--rate', section.rate === undefined ? undefined : section.rate / 8),
    ]);
    this.#output = this.#process.text();
    this.#errors = this.#process.errors();
  }

  /** Stops the probe and gives what it found. Throws when it has nothing to say. */
  async close(): Promise<ProbeSummary> {
    const [output, errors] = await Promise.all([
      this.#output,
      this.#errors,
      this.#process.stop(limits.probeStop),
    ]);
    try {
      return JSON.parse(output) as ProbeSummary;
    } catch {
      throw new ProbeFailedError(this.name, errors.trim() === '' ? 'it said nothing' : errors.trim());
    }
  }
}
