/**
 * One attack on a lab that stays up: an experiment of its own, with honest clients before, during and after it. It begins
 * where all of them do (reset.ts).
 */
import { readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../controller/clock.ts';
import { admission } from '../../../controller/limits.ts';
import type { ExperimentSection, Topology } from '../../../topologies/schema.ts';
import type { DefencePolicyObject, VerdictObject } from '../../api/defence-objects.ts';
import { goodput, receiptOf } from '../../evidence/goodput.ts';
import { createResults, type ResultsFolder } from '../../lab/results.ts';
import { runExperiment } from '../../lab/run.ts';
import type { LabSession } from '../../lab/session.ts';
import type { ConnectionSummary, GoodputAround, RunSummary } from '../../lab/summary.ts';
import { TurnTooLongError } from '../errors.ts';
import { ATTACKS, CROWD_MS } from './attacks.ts';
import { type Defence, requestsWithin, type Turn } from './figures.ts';
import { GUEST, reset } from './reset.ts';

/** What is usual counts after 10 s. */
const WARM_UP_MS = 12_000;
const BEFORE_MS = 3_000;
const AFTER_MS = 5_000;
/** After that the guest's server has dropped who says nothing (PATIENCE in mininet/guest/server.pl). */
const SERVER_PATIENCE_MS = 7_000;
const POLL_MS = 200;
/** Experiments take half a minute, and reading their captures some seconds. */
const TURN_MS = 150_000;

export interface Bed {
  readonly session: LabSession;
  readonly topology: Topology;
  readonly controllerLog: string;
  /** Runs' folders are made here. */
  readonly folder: string;
  /** With the defence on. */
  readonly policy: DefencePolicyObject;
}

/** Throws what `reset` and a run throw, and `BENCH_TURN_TOO_LONG`. */
export async function measure(bed: Bed, attack: string, defence: Defence): Promise<Turn> {
  const { session, policy, folder, topology } = bed;
  await reset(session, topology, policy);
  await session.api.defend(GUEST, defence === 'on' ? policy : defenceless(policy));
  const before = new Set((await session.api.verdicts()).map(({ id }) => id));
  const results = createResults(folder, topology.name, systemClock.now());
  try {
    unlinkSync(results.file('logs/controller.jsonl'));
  } catch {
    // The folder is new.
  }
  symlinkSync(bed.controllerLog, results.file('logs/controller.jsonl'));
  const load = new ControllerLoad(session.controller.pid ?? 0);
  const tooLong = new AbortController();
  const cancel = systemClock.after(TURN_MS, () => tooLong.abort(new TurnTooLongError(TURN_MS)));
  try {
    const summary = await runExperiment({
      session,
      topology,
      experiment: experimentOf(bed, attack, defence),
      results,
      clock: systemClock,
      signal: tooLong.signal,
      onStep: (step) => load.step(step),
    });
    const verdicts = (await session.api.verdicts()).filter(({ id }) => !before.has(id));
    return turnOf(bed, attack, defence, summary, results, verdicts, load);
  } finally {
    cancel();
    load.end();
    if (ATTACKS[attack]?.kind === 'slow-connections') await sleep(SERVER_PATIENCE_MS);
  }
}

/** Without what every guest has, too: a bound on new connections, which takes half of some floods. */
const defenceless = (policy: DefencePolicyObject): DefencePolicyObject => ({
  ...policy,
  policy: 'off',
  admission: { ...policy.admission, perSecond: admission.most },
});

const STEP_OF_ATTACK = 2;
/** Within the experiment: shorter than those of the benchmark are. */
const NAME = 'attack';

function experimentOf({ topology }: Bed, attack: string, defence: Defence): ExperimentSection {
  const experiment = topology.experiment!;
  const section = ATTACKS[attack];
  const wait = (ms: number) => ({ wait: ms * 1_000 });
  return {
    connections: experiment.connections,
    attacks: section === undefined ? {} : { [NAME]: section },
    steps: [
      { open: ['echo', 'download', 'visitors'] },
      wait((defence === 'on' ? WARM_UP_MS : 0) + BEFORE_MS),
      ...(section === undefined
        ? [{ open: ['crowd'] }, wait(CROWD_MS), { close: ['crowd'] }]
        : [{ attack: [NAME] }, wait(section.duration)]),
      wait(AFTER_MS),
    ],
  };
}

function turnOf(
  { topology }: Bed,
  attack: string,
  defence: Defence,
  { attacks, connections }: RunSummary,
  results: ResultsFolder,
  verdicts: readonly VerdictObject[],
  load: ControllerLoad,
): Turn {
  const [figures] = attacks;
  const honest = new Set(Object.values(topology.lab!.clients).flatMap(({ addresses }) => addresses));
  const named = verdicts.flatMap(({ sources }) =>
    sources.filter(({ prefix }) => honest.has(prefix.replace(/\/32$/, ''))),
  );
  const right = ATTACKS[attack]?.kind;
  const lost = connections.filter(
    ({ survived, unit, protocol }) => !survived && !(protocol === 'http' && unit === 'messages'),
  ).length;
  const lines = readFileSync(results.file('probes/visitors.jsonl'), 'utf8').split('\n');
  return {
    attack,
    defence,
    verdict: figures?.verdict ?? verdicts[0]?.kind ?? null,
    verdictMs: figures?.verdictMs ?? null,
    firstDropMs: figures?.firstDropMs ?? null,
    safeMs: figures?.safeMs ?? null,
    backMs: figures?.backMs ?? null,
    packets: figures?.packets ?? 0,
    reached: figures?.reached ?? 0,
    honestGoodput: figures?.honestGoodput ?? goodputAround(connections, results, load),
    honestConnectionsLost: lost,
    honestRequests: requestsWithin(lines, load.from, load.to),
    falseVerdicts: verdicts.filter(({ kind }) => kind !== right).length,
    honestSourcesNamed: named.length,
    controllerCpu: load.cpu,
    controllerMiB: load.mebibytes,
  };
}

/** A crowd is no attack: its goodput is around the time that it was there. */
function goodputAround(
  connections: readonly ConnectionSummary[],
  results: ResultsFolder,
  { from, to }: ControllerLoad,
): GoodputAround {
  const receipts = connections
    .flatMap(({ name }) => readFileSync(results.file(`probes/${name}.jsonl`), 'utf8').split('\n'))
    .flatMap((line) => receiptOf(line, 0) ?? [])
    .sort((a, b) => a.ms - b.ms);
  return {
    before: goodput(receipts, from - BEFORE_MS, from),
    during: goodput(receipts, from, to),
    after: goodput(receipts, to, to + AFTER_MS),
  };
}

/** What the controller needs while an attack lasts, by the kernel's account of its process. */
class ControllerLoad {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #began: { at: number; seconds: number } | undefined;
  #ended: { at: number; seconds: number } | undefined;
  #mebibytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      void this.#look();
    }, POLL_MS);
  }

  step(step: number): void {
    const { seconds } = processTimes(this.#pid);
    if (step === STEP_OF_ATTACK) this.#began = { at: systemClock.now(), seconds };
    if (step > STEP_OF_ATTACK + 1) this.#ended ??= { at: systemClock.now(), seconds };
  }

  get from(): number {
    return this.#began?.at ?? 0;
  }

  get to(): number {
    return this.#ended?.at ?? 0;
  }

  get cpu(): number {
    if (this.#began === undefined || this.#ended === undefined) return 0;
    return ((this.#ended.seconds - this.#began.seconds) * 1_000) / (this.#ended.at - this.#began.at);
  }

  get mebibytes(): number {
    return this.#mebibytes;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#began === undefined || this.#ended !== undefined) return;
    const status = await readFile(join('/proc', String(this.#pid), 'status'), 'utf8').catch(() => '');
    const kib = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
    if (kib !== undefined) this.#mebibytes = Math.max(this.#mebibytes, Number(kib) / 1_024);
  }
}

/** proc(5): user and system time are fields 14 and 15, in hundredths of a second, after the name in parentheses. */
function processTimes(pid: number): { seconds: number } {
  const text = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
