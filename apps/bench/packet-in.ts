/**
 * Packet-ins answered a second: a learning switch on the library against Debian's `ovs-testcontroller`, both
 * speaking OpenFlow 1.5 with 16 emulated switches, with the same packets, in turns. All are up at the same time and
 * have short turns, one after the other, so that a machine that is slower for a while is slower for all of them.
 *
 * The controller has one core for itself, the generator the other. The peer runs as it comes, matching all
 * fields of a packet, and once more with `--wildcards` so that it matches the same three as ours. A plain loop that
 * gives the same answers without the library shows how much of the rest is Node's and the kernel's: with one
 * packet-in outstanding, nearly all of it is one read and one write for each.
 *
 * The time that a controller's process ran is counted, too: what else the machine does falsifies that less. And how
 * much of it was the kernel's: with one packet-in outstanding each answer costs a read and a write of its own, in any
 * language, and no controller can be quicker than they are.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bench as limits } from '../../controller/limits.ts';
import { type Benchmark, type Case, summarize } from './benchmark.ts';
import { NothingListensError } from './errors.ts';

const SWITCHES = 16;
const OUTSTANDING = [1, 128];
/** Turns that each has, and their length in ms; the first, longer one is not counted. */
const ROUNDS = 20;
const TURN = 300;
const WARM_UP = 1_500;
const CONTROLLER_CORE = 0;
const GENERATOR_CORE = 1;
/** `OFPFW10_ALL` but for the input port and both Ethernet addresses. */
const WILDCARDS = '0x3ffff2';

interface Contender {
  readonly name: string;
  readonly command: (port: number) => readonly [string, ...string[]];
  readonly announcesItself: boolean;
}

const peer = 'ovs-testcontroller';
const ours = 'learning switch';
const plain = 'plain Node loop';
const contenders: readonly Contender[] = [
  { name: peer, command: (port) => testController(port), announcesItself: false },
  {
    name: `${peer} --wildcards`,
    command: (port) => testController(port, `--wildcards=${WILDCARDS}`),
    announcesItself: false,
  },
  {
    name: ours,
    command: (port) => [process.execPath, script('learning-switch'), String(port)],
    announcesItself: true,
  },
  {
    name: plain,
    command: (port) => [process.execPath, script('packet-in-plain-loop'), String(port)],
    announcesItself: true,
  },
  {
    name: 'answers without looking',
    command: (port) => [process.execPath, script('packet-in-mirror'), String(port)],
    announcesItself: true,
  },
];

function testController(port: number, ...more: readonly string[]): [string, ...string[]] {
  return [
    'ovs-testcontroller',
    `ptcp:${port}:127.0.0.1`,
    ...['-O', 'OpenFlow15', '--unixctl=none', '-vconsole:off', '-vsyslog:off'],
    ...more,
  ];
}

export const packetIn: Benchmark = {
  name: 'packet-in',
  title: 'packet-ins answered a second, 16 switches',
  run: async (say) => {
    const figures = new Map<string, Measurement[]>();
    for (const outstanding of OUTSTANDING) {
      say(`${outstanding} outstanding, ${ROUNDS} rounds`);
      await using pairs = new Pairs();
      for (const contender of contenders) await pairs.add(contender, outstanding);
      for (const pair of pairs.all) await pair.turn(WARM_UP);
      for (let round = 0; round < ROUNDS; round++) {
        for (const pair of pairs.all) {
          const key = `${pair.name}, ${outstanding} outstanding`;
          figures.set(key, [...(figures.get(key) ?? []), await pair.turn(TURN)]);
        }
      }
    }
    return {
      cases: OUTSTANDING.flatMap((outstanding) =>
        contenders.flatMap(({ name }) => casesOf(name, outstanding, figures)),
      ),
      notes: [
        'all speak OpenFlow 1.5; the learning switch matches in_port, eth_src and eth_dst, and so does',
        `${peer} with --wildcards; without, its flows match all fields of the packet`,
        ...OUTSTANDING.flatMap((outstanding) => [
          roundByRound(ours, peer, outstanding, figures),
          roundByRound(plain, peer, outstanding, figures),
          roundByRound(ours, plain, outstanding, figures),
        ]),
        ...OUTSTANDING.flatMap((outstanding) =>
          [peer, ours, plain].map((name) => costOfAnswer(name, outstanding, figures)),
        ),
        `${plain}: the same answers without the library, on bytes at known places, unchecked`,
        'answers without looking: the most that the generator can show of a controller in Node',
        'a second of CPU: of the controller process alone, on its own core',
      ],
    };
  },
};

interface Measurement {
  /** Answers a second. */
  readonly rate: number;
  /** Answers in each second that the controller's process ran. */
  readonly perCpuSecond: number;
  /** Of the time that it ran, what it spent in the kernel: 0 to 1. */
  readonly inKernel: number;
}

/** What a process has run so far, in ms. */
interface CpuTime {
  readonly all: number;
  readonly system: number;
}

function casesOf(name: string, outstanding: number, figures: ReadonlyMap<string, Measurement[]>): Case[] {
  const runs = figures.get(`${name}, ${outstanding} outstanding`) ?? [];
  const label = (who: string, what: string): string => `${outstanding} outstanding: ${who}${what}`;
  const one = (what: string, unit: string, values: number[]): Case => ({
    what: label(name, what),
    unit,
    better: 'higher',
    runs: values,
    ...(name === peer ? {} : { peer: label(peer, what) }),
  });
  return [
    one(
      '',
      'answers/s',
      runs.map(({ rate }) => rate),
    ),
    one(
      ', by CPU',
      'answers/s of CPU',
      runs.map(({ perCpuSecond }) => perCpuSecond),
    ),
  ];
}

/** How much quicker one is than another, turn by turn: what the machine did meanwhile met both. */
function roundByRound(
  one: string,
  other: string,
  outstanding: number,
  figures: ReadonlyMap<string, Measurement[]>,
): string {
  const of = (name: string): Measurement[] => figures.get(`${name}, ${outstanding} outstanding`) ?? [];
  const theirs = of(other);
  const ratio = (figure: (run: Measurement) => number): string =>
    summarize(of(one).map((run, round) => figure(run) / figure(theirs[round]!))).median.toFixed(2);
  return (
    `${outstanding} outstanding: ${one} is ${ratio(({ rate }) => rate)} × ${other} in the median of the rounds, ` +
    `${ratio(({ perCpuSecond }) => perCpuSecond)} by CPU`
  );
}

/** Microseconds of CPU that an answer costs, and how many of them are the kernel's. */
function costOfAnswer(
  name: string,
  outstanding: number,
  figures: ReadonlyMap<string, Measurement[]>,
): string {
  const runs = figures.get(`${name}, ${outstanding} outstanding`) ?? [];
  const micros = (of: (run: Measurement) => number): string =>
    summarize(runs.map((run) => (1e6 / run.perCpuSecond) * of(run))).median.toFixed(1);
  return `${outstanding} outstanding: an answer of ${name} costs ${micros(() => 1)} µs of CPU, ${micros(({ inKernel }) => inKernel)} of them in the kernel`;
}

/** A controller and a generator of its own, which sends when it is told. */
class Pair {
  readonly name: string;
  readonly #controller: ChildProcess;
  readonly #generator: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, controller: ChildProcess, generator: ChildProcess) {
    this.name = name;
    this.#controller = controller;
    this.#generator = generator;
    this.#lines = createInterface({ input: generator.stdout! })[Symbol.asyncIterator]();
  }

  static async start(contender: Contender, outstanding: number): Promise<Pair> {
    const port = await freePort();
    const controller = start(CONTROLLER_CORE, contender.command(port));
    try {
      if (contender.announcesItself) await once(createInterface(controller.stdout!), 'line');
      else await listening(port);
    } catch (error) {
      await end(controller);
      throw error;
    }
    const generator = start(GENERATOR_CORE, [
      process.execPath,
      script('packet-in-generator'),
      ...[port, SWITCHES, outstanding].map(String),
    ]);
    const pair = new Pair(contender.name, controller, generator);
    try {
      await pair.#line();
    } catch (error) {
      await pair.end();
      throw error;
    }
    return pair;
  }

  async turn(ms: number): Promise<Measurement> {
    const before = await cpuTime(this.#controller.pid!);
    this.#generator.stdin!.write(`${ms}\n`);
    const rate = Number(await this.#line());
    const after = await cpuTime(this.#controller.pid!);
    const all = after.all - before.all;
    // What comes after the turn is the few answers that are still out.
    return {
      rate,
      perCpuSecond: (rate * ms) / all,
      inKernel: (after.system - before.system) / all,
    };
  }

  async end(): Promise<void> {
    await end(this.#generator);
    await end(this.#controller);
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('the generator gave no figure; what went wrong is above');
    return next.value;
  }
}

/** All of them, which end together. */
class Pairs {
  readonly all: Pair[] = [];

  async add(contender: Contender, outstanding: number): Promise<void> {
    this.all.push(await Pair.start(contender, outstanding));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.all) await pair.end();
  }
}

/**
 * Of all threads, from the scheduler's count in ns (`schedstat`); the kernel's share of that from clock ticks (proc(5),
 * `stat`, fields 14 and 15).
 */
async function cpuTime(pid: number): Promise<CpuTime> {
  let ns = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    ns += Number((await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'latin1')).split(' ')[0]);
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  const all = ns / 1e6;
  return { all, system: (all * system) / Math.max(1, user + system) };
}

function start(core: number, command: readonly [string, ...string[]]): ChildProcess {
  return spawn('taskset', ['-c', String(core), 'setpriv', '--pdeathsig', 'KILL', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : NaN;
}

/** Waits for a listener without connecting to it. */
async function listening(port: number): Promise<void> {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const deadline = performance.now() + limits.listening;
  for (;;) {
    const table = await readFile('/proc/net/tcp', 'latin1');
    if (table.split('\n').some((line) => line.includes(`${wanted} 00000000:0000 0A`))) return;
    if (performance.now() > deadline) throw new NothingListensError('tcp', port, limits.listening);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}
