/**
 * Packet captures of a run: at every client, and at the uplink of every host and edge. Frames are cut short;
 * headers are what is looked at, and a full capture would cost more than the run.
 */
import type { Lab } from '../../topologies/lab/lab.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import type { ResultsFolder } from './results.ts';

const SNAPLEN = 160;

export class Captures {
  readonly #processes: readonly LabProcess[];

  private constructor(processes: readonly LabProcess[]) {
    this.#processes = processes;
  }

  /** Resolves when every capture has begun. */
  static async start(lab: Lab, results: ResultsFolder): Promise<Captures> {
    const processes: LabProcess[] = [];
    const begun: Promise<void>[] = [];
    for (const { name, kind } of lab.plan.nodes) {
      const device = kind === 'client' ? 'eth0' : kind === 'host' || kind === 'edge' ? 'uplink' : undefined;
      if (device === undefined) continue;
      const process = lab.exec(name, [
        ...['tcpdump', '-n', '-U', '-Z', 'root', '-i', device, '-s', String(SNAPLEN)],
        ...['--time-stamp-precision', 'nano', '-w', results.file(`captures/${name}-${device}.pcap`)],
      ]);
      processes.push(process);
      begun.push(listening(process));
    }
    await Promise.all(begun);
    return new Captures(processes);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }
}

/** tcpdump says "listening on" once it captures; it says nothing more that matters. */
async function listening(process: LabProcess): Promise<void> {
  await Promise.race([process.firstErrorLine(/listening on/), process.exit]);
}
