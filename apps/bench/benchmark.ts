/**
 * What a benchmark is: something measured several times, mostly against a peer that does the same job.
 *
 * A case and its peer are measured in the same run and in turns, so that whatever else the machine does
 * meets both alike.
 */
export interface Benchmark {
  /** What `bench` calls it, and its results file. */
  readonly name: string;
  readonly title: string;
  readonly run: (say: (line: string) => void) => Promise<Outcome>;
}

export interface Outcome {
  readonly cases: readonly Case[];
  /** What a reader has to know to judge the figures. */
  readonly notes: readonly string[];
}

export interface Case {
  readonly what: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** One figure a run. */
  readonly runs: readonly number[];
  /** `what` of the case that it is compared with. */
  readonly peer?: string;
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function summarize(runs: readonly number[]): Summary {
  const sorted = [...runs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length };
}

/** How many times better a case's median is than its peer's; undefined when it has none. */
export function ratioToPeer(one: Case, cases: readonly Case[]): number | undefined {
  const peer = cases.find(({ what }) => what === one.peer);
  if (peer === undefined) return undefined;
  const [mine, theirs] = [summarize(one.runs).median, summarize(peer.runs).median];
  return one.better === 'higher' ? mine / theirs : theirs / mine;
}
