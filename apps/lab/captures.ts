/**
 * Packet captures of a run: at every client and attacker, at the uplink of every host and edge, inside every edge, and at the
 * TAPs of the guests. Frames are cut short; headers are what is looked at, and a full capture would cost more
 * than the run; for the same reason the copy of guests' memory between hosts is left out.
 *
 * TAPs come and go: that of a migration's destination appears when libvirt prepares it. So nothing is started when
 * one appears; a host's TAPs share one capture of all of its interfaces, begun before the experiment, from which
 * those that are there already and are no TAP are left out. Packet one of a new TAP is in it. Beside it,
 * `ip monitor` notes which interface had which number, and since when.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import type { NodePlan } from '../../topologies/lab/plan.ts';
import type { LabProcess } from '../../topologies/lab/process.ts';
import { CaptureFailedError } from './errors.ts';
import type { ResultsFolder } from './results.ts';

/** `taps` and `inside` have the interfaces that `links` tells of; the others have one. */
export const CAPTURE_POINTS = ['client', 'attacker', 'uplink', 'inside', 'taps'] as const;

/** What `captures/captures.json` says of each capture. */
export interface CaptureRecord {
  /** In the run's folder. */
  readonly file: string;
  readonly node: string;
  readonly point: (typeof CAPTURE_POINTS)[number];
  /** The file that tells of interfaces; null where there is one only. */
  readonly links: string | null;
  /** It had begun by then: milliseconds since the Unix epoch. */
  readonly begunBy: number;
  readonly packets: number;
  /** Packets that the kernel had to drop because tcpdump was late; null when tcpdump did not say. */
  readonly dropped: number | null;
}

interface Running {
  readonly process: LabProcess;
  readonly record: Omit<CaptureRecord, 'packets' | 'dropped'>;
  readonly said: readonly string[];
  readonly read: Promise<void>;
}

const isTap = (name: string): boolean => name.startsWith('vnet');
const isInside = (name: string): boolean => name.startsWith('in-');

export class Captures {
  readonly #running: readonly Running[];
  readonly #monitors: readonly LabProcess[];
  readonly #results: ResultsFolder;

  private constructor(running: readonly Running[], monitors: readonly LabProcess[], results: ResultsFolder) {
    this.#running = running;
    this.#monitors = monitors;
    this.#results = results;
  }

  /** Resolves when every capture has begun. Throws `RUN_CAPTURE_FAILED`. */
  static async start(lab: Lab, results: ResultsFolder, clock: Clock): Promise<Captures> {
    const monitors: LabProcess[] = [];
    const noCopy = withoutCopy(lab.plan.network.hosts.map(({ underlay }) => underlay));
    const running = await Promise.all(
      lab.plan.nodes.flatMap((node): Promise<Running>[] => {
        const { name, kind } = node;
        const single = (point: 'client' | 'attacker' | 'uplink', device: string): Promise<Running> =>
          begin(lab, results, clock, {
            node: name,
            point,
            device,
            filter: point === 'uplink' ? noCopy : '',
            links: null,
          });
        const many = async (
          point: 'taps' | 'inside',
          wanted: (link: string) => boolean,
        ): Promise<Running> => {
          const links = `captures/${name}-links.txt`;
          monitors.push(monitorLinks(lab, name, results.file(links)));
          const filter = await filterOut(lab, node, wanted, results.file(links));
          return begin(lab, results, clock, { node: name, point, device: 'any', filter, links });
        };
        if (kind === 'client' || kind === 'attacker') return [single(kind, 'eth0')];
        if (kind === 'host') return [single('uplink', 'uplink'), many('taps', isTap)];
        if (kind === 'edge') return [single('uplink', 'uplink'), many('inside', isInside)];
        return [];
      }),
    );
    return new Captures(running, monitors, results);
  }

  /** Ends them, and writes captures/captures.json. */
  async stop(): Promise<void> {
    await Promise.all(
      [...this.#running, ...this.#monitors.map((process) => ({ process }))].map(({ process }) =>
        process.stop(limits.captureStop),
      ),
    );
    const records = await Promise.all(
      this.#running.map(async ({ record, said, read }): Promise<CaptureRecord> => {
        await read;
        const count = (what: RegExp): number | undefined =>
          said.flatMap((line) => what.exec(line)?.[1] ?? []).map(Number)[0];
        return {
          ...record,
          packets: count(/^(\d+) packets? captured/) ?? 0,
          dropped: count(/^(\d+) packets? dropped by kernel/) ?? null,
        };
      }),
    );
    this.#results.writeJson('captures/captures.json', records);
  }
}

/** QEMU's default ports for migration streams, between hosts: guests' memory would be most of a capture. */
function withoutCopy(hosts: readonly string[]): string {
  if (hosts.length === 0) return '';
  const ends = (end: 'src' | 'dst'): string => hosts.map((host) => `${end} host ${host}`).join(' or ');
  return `not (tcp portrange 49152-49215 and (${ends('src')}) and (${ends('dst')}))`;
}

interface Wanted {
  readonly node: string;
  readonly point: CaptureRecord['point'];
  readonly device: string;
  readonly filter: string;
  readonly links: string | null;
}

async function begin(
  lab: Lab,
  results: ResultsFolder,
  clock: Clock,
  { node, point, device, filter, links }: Wanted,
): Promise<Running> {
  const file = `captures/${node}-${device === 'any' ? point : device}.pcap`;
  const process = lab.exec(node, [
    ...[
      'tcpdump',
      '-n',
      '-Z',
      'root',
      '-i',
      device,
      '-s',
      String(limits.captureBytes),
      '-B',
      String(limits.captureKiB),
    ],
    ...['--time-stamp-precision', 'nano', '-w', results.file(file), filter],
  ]);
  const said: string[] = [];
  let begun = (): void => undefined;
  let cancelLate: Cancel = () => undefined;
  const listening = new Promise<void>((resolve, reject) => {
    begun = resolve;
    cancelLate = clock.after(limits.captureStart, () => {
      const waited = `it had not begun after ${limits.captureStart / 1000} s`;
      reject(new CaptureFailedError(node, device, said.at(-1) ?? waited));
    });
  });
  const read = (async () => {
    for await (const line of process.errorLines()) {
      said.push(line);
      if (line.includes('listening on')) begun();
    }
  })();
  const failed = process.exit.then(async () => {
    await read;
    throw new CaptureFailedError(node, device, said.at(-1) ?? 'it said nothing');
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([listening, failed]);
  } finally {
    cancelLate();
  }
  return { process, record: { file, node, point, links, begunBy: clock.now() }, said, read };
}

function monitorLinks(lab: Lab, node: string, file: string): LabProcess {
  const command = `TZ=UTC exec ip -tshort -o monitor link >> '${file}'`;
  return lab.exec(node, ['sh', '-c', command]);
}

/** Leaves out the interfaces that are there now and not wanted. Notes all that are there in the file of links. */
async function filterOut(
  lab: Lab,
  { name: node }: NodePlan,
  wanted: (link: string) => boolean,
  file: string,
): Promise<string> {
  const text = await lab.run(node, ['sh', '-c', `ip -o link | tee -a '${file}'`]);
  const unwanted = [...text.matchAll(/^(\d+): ([^:@\s]+)/gm)].filter(([, , name]) => !wanted(name!));
  return unwanted.map(([, index]) => `not ifindex ${index}`).join(' and ');
}
