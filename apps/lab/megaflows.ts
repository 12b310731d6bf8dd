/**
 * How many megaflows (flows of the datapath) each switch of a lab holds, over a run. A redirect is in force for a
 * connection when OVS's revalidators have come to its megaflow, so their number at a switchover is part of what is to
 * be known of it.
 *
 * Every ovs-vswitchd is asked `upcall/show` ten times a second over one connection that stays open. It reads counters
 * and dumps no flow, so it costs the thread that forwards packets some microseconds; and nothing is started at a
 * switchover. Between two looks of ours OVS counts once.
 */
import type { Cancel, Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import type { Lab } from '../../topologies/lab/lab.ts';
import type { ResultsFolder } from './results.ts';
import { Unixctl } from './unixctl.ts';

/** A line of `megaflows.jsonl`. */
export interface MegaflowSample {
  /** When the answer came, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly node: string;
  readonly megaflows: number;
  /** How long the revalidators' last round took, in milliseconds: whole ones, at least 1. */
  readonly roundMs: number;
}

/** In the run's folder. */
export const MEGAFLOWS_FILE = 'megaflows.jsonl';
const OVS_DIRECTORY = '/run/openvswitch';

/** What `upcall/show` says, of all datapaths together; undefined where it says something else. */
export function readUpcallShow(text: string): Pick<MegaflowSample, 'megaflows' | 'roundMs'> | undefined {
  const numbers = (what: RegExp): number[] => [...text.matchAll(what)].map(([, number]) => Number(number));
  const counts = numbers(/\(current (\d+)\)/g);
  const rounds = numbers(/dump duration\s*: (\d+)ms/g);
  if (counts.length === 0 || rounds.length === 0) return undefined;
  return { megaflows: counts.reduce((sum, count) => sum + count, 0), roundMs: Math.max(...rounds) };
}

/** By node: the newest count that is not from after `at`. Samples are in the order of their times. */
export function megaflowsAt(samples: readonly MegaflowSample[], at: number): Record<string, number> {
  const newest: Record<string, number> = {};
  for (const sample of samples) if (sample.at <= at) newest[sample.node] = sample.megaflows;
  return newest;
}

export class MegaflowWatch {
  readonly samples: MegaflowSample[] = [];
  readonly #results: ResultsFolder;
  readonly #switches: readonly Watched[];

  /** It goes on, and asks again, when a switch goes away. */
  constructor(lab: Lab, results: ResultsFolder, clock: Clock) {
    this.#results = results;
    this.#switches = lab.plan.nodes.flatMap(({ name, directories }) => {
      const directory = directories.find(({ mount }) => mount === OVS_DIRECTORY);
      if (directory === undefined) return [];
      return [new Watched(name, directory.source, clock, (sample) => this.samples.push(sample))];
    });
  }

  /** Ends it, and writes `megaflows.jsonl`. */
  stop(): void {
    for (const one of this.#switches) one.stop();
    this.#results.writeLines(MEGAFLOWS_FILE, this.samples);
  }
}

class Watched {
  readonly #node: string;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #note: (sample: MegaflowSample) => void;
  #unixctl: Unixctl | undefined;
  #cancel: Cancel = () => undefined;
  #stopped = false;

  constructor(node: string, directory: string, clock: Clock, note: (sample: MegaflowSample) => void) {
    this.#node = node;
    this.#directory = directory;
    this.#clock = clock;
    this.#note = note;
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#unixctl?.close();
  }

  async #look(): Promise<void> {
    const began = this.#clock.now();
    try {
      await this.#ask();
    } catch {
      // A switch that is away, or starts anew, has no megaflows; the next look finds the one that came after it.
      this.#unixctl?.close();
      this.#unixctl = undefined;
    }
    if (this.#stopped) return this.#unixctl?.close();
    const next = Math.max(0, began + limits.megaflowInterval - this.#clock.now());
    this.#cancel = this.#clock.after(next, () => void this.#look());
  }

  async #ask(): Promise<void> {
    if (this.#unixctl?.ended !== false) this.#unixctl = await Unixctl.open(this.#directory, this.#clock);
    const read = readUpcallShow(await this.#unixctl.run('upcall/show'));
    if (read !== undefined && !this.#stopped)
      this.#note({ at: this.#clock.now(), node: this.#node, ...read });
  }
}
