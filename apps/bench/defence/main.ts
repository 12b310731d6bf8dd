/**
 * How soon attacks are seen and met, and what honest clients have meanwhile: each attack with the defence on and off,
 * in turns, on one lab that stays up.
 *
 *     node dist/apps/bench/defence/main.js [--runs 3] [--minutes 30] [--only udp-flood,icmp-flood] [--policy filter-only]
 *
 * When there is no time for another attack within the minutes, it ends with the runs that there were. A run that fails is
 * named, and the next one begins; what has been measured is written after each. Fails, if any run has.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../controller/clock.ts';
import { asError } from '../../../controller/errors.ts';
import { flight } from '../../../controller/limits.ts';
import { DEFENCE_MODES, type DefenceMode } from '../../../controller/network/defence-policy.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { LabSession } from '../../lab/session.ts';
import { OptionError } from '../errors.ts';
import { machineFacts } from '../machine.ts';
import { optionsOf, runsOf } from '../options.ts';
import { program } from '../program.ts';
import { standsOnceUp } from '../standing.ts';
import { TemporaryFolder } from '../temporary-folder.ts';
import { FLED, NAMES } from './attacks.ts';
import { DEFENCES, type FailedTurn, rowsOf, type Turn } from './figures.ts';
import { measure } from './measure.ts';
import { GUEST } from './reset.ts';
import { formatRows } from './table.ts';

const RESULTS = join('results', 'bench-defence.json');
const LOG = join('results', 'bench-defence-controller.jsonl');
const API = '127.0.0.1:28654';
const TITLE = 'how soon attacks are seen and met, and what honest clients have meanwhile';
/** What an attack takes with the defence on and then off. */
const PAIR_MS = 58_000;
/** Until the lab is down and the table written. */
const DOWN_MS = 20_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Wish {
  readonly runs: number;
  readonly minutes: number;
  readonly names: readonly string[];
  readonly policy: DefenceMode | undefined;
}

/** What was asked for. Throws `OptionError`. */
function wish(): Wish {
  const values = optionsOf({
    runs: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '30' },
    only: { type: 'string' },
    policy: { type: 'string' },
  });
  const runs = runsOf(values.runs);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new OptionError(`--minutes is ${values.minutes}: expected how long it may take`);
  const names = values.only?.split(',') ?? NAMES;
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw new OptionError(`no attack is called ${unknown}: expected some of ${NAMES.join(', ')}`);
  const policy = DEFENCE_MODES.find((mode) => mode === values.policy);
  if (values.policy !== undefined && policy === undefined) {
    throw new OptionError(`--policy is ${values.policy}: expected one of ${DEFENCE_MODES.join(', ')}`);
  }
  const fleeing = policy === 'move-first' ? names : names.filter((name) => FLED.includes(name));
  if (runs * fleeing.length > flight.most && (policy ?? 'move-when-needed').startsWith('move')) {
    throw new OptionError(
      `${runs} runs of ${fleeing.join(', ')} are ${runs * fleeing.length} flights: a guest has at most ${flight.most} an hour; take fewer runs, or some of them with --only`,
    );
  }
  return { runs, minutes, names, policy };
}

async function main(): Promise<number> {
  const wanted = wish();
  const end = systemClock.now() + wanted.minutes * 60_000 - DOWN_MS;
  const machine = await machineFacts();
  const topologyFile = join(packageRoot, 'topologies', 'under-attack.yaml');
  const topology = readTopology(topologyFile);
  mkdirSync('results', { recursive: true });
  using folder = new TemporaryFolder();
  const turns: Turn[] = [];
  const failed: FailedTurn[] = [];
  const write = (): void => {
    const [rows, at] = [rowsOf(turns), new Date().toISOString()];
    const document = {
      benchmark: 'defence',
      title: TITLE,
      at,
      machine,
      rows,
      failed,
      notes: NOTES,
      all: turns,
    };
    writeFileSync(RESULTS, `${JSON.stringify(document, undefined, 2)}\n`);
  };
  say(
    `lab ${topology.name} comes up; a round takes about ${Math.ceil((wanted.names.length * PAIR_MS) / 60_000)} min`,
  );
  const session = await standsOnceUp(
    LabSession.up({
      topology,
      topologyFile,
      api: API,
      controllerLog: join(process.cwd(), LOG),
      clock: systemClock,
      onProgress: () => undefined,
    }),
    (up) => up.down(),
  );
  try {
    const declared = await session.api.defence(GUEST);
    const policy = { ...declared, policy: wanted.policy ?? declared.policy };
    const bed = { session, topology, controllerLog: join(process.cwd(), LOG), folder: folder.path, policy };
    let longest = 0;
    const rounds = Array.from({ length: wanted.runs }, (_, run) =>
      wanted.names.map((name) => ({ run, name })),
    );
    for (const { run, name } of rounds.flat()) {
      const from = systemClock.now();
      if (from + longest > end) {
        say(`no time for more within ${wanted.minutes} min: it ends in run ${run + 1}, before ${name}`);
        break;
      }
      // Which comes first changes with each run.
      for (const defence of run % 2 === 0 ? DEFENCES : [...DEFENCES].reverse()) {
        try {
          const turn = await measure(bed, name, defence);
          turns.push(turn);
          say(`${String(turns.length).padStart(3)} ${describe(turn)}`);
        } catch (error) {
          failed.push({ run: run + 1, attack: name, defence, why: asError(error).message });
          say(describeFailed(failed.at(-1)!));
        }
        write();
      }
      longest = Math.max(longest, systemClock.now() - from);
      if (!(await session.api.isUp())) {
        say('the controller does not answer any more: it ends here');
        break;
      }
    }
  } finally {
    await session.down();
  }
  say(formatRows(rowsOf(turns)));
  for (const one of failed) say(describeFailed(one));
  say(RESULTS);
  return failed.length === 0 && turns.length > 0 ? 0 : 1;
}

const describeFailed = ({ run, attack, defence, why }: FailedTurn): string =>
  `run ${run} of ${attack}, defence ${defence}, failed: ${why}`;

const NOTES = [
  'topologies/under-attack.yaml: site links of 10 Mbit/s; a TCP echo of 2 Mbit/s each way, a download at 2 Mbit/s, five requests a second, each on a connection of its own',
  'floods: 3,000 packets of 1,200 bytes a second from three addresses, or forged ones, by hping3, which sends about a fifth less; `outside`: from a site without an edge of ours, which lasts until the guest has moved, as a forged one does',
  'times begin with the first packet in the capture at the attacker; verdict, safe: the controller’s own stamps; first drop: the first packet that a bridge took in and did not give out, where it drops nearly all that follows, by the captures at both of its sides',
  'off: nothing is looked at, blocked or lowered, and new connections are not metered',
  'before each attack blocks, anchors and connections in conntrack are gone, and what is usual is learned anew; all honest clients are in a network that is known by then, so that a flood from forged sources does not keep their new connections out',
  'goodput: payload that honest clients received, before (2 s), during (first to last packet), after (3 s); back: at 95 % over a second',
];

function describe(turn: Turn): string {
  const { attack, defence, verdict, verdictMs, firstDropMs, safeMs, honestGoodput, honestRequests } = turn;
  const ms = (value: number | null): string => (value === null ? 'none' : `${value.toFixed(0)} ms`);
  const goodput = [honestGoodput.before, honestGoodput.during, honestGoodput.after]
    .map((value) => (value === null ? '?' : (value / 1e6).toFixed(2)))
    .join(', ');
  return (
    `${attack}, ${defence}: verdict ${verdict ?? 'none'} ${ms(verdictMs)}, first drop ${ms(firstDropMs)}, ` +
    `${safeMs === null ? '' : `safe ${ms(safeMs)}, `}goodput ${goodput} Mbit/s, ` +
    `requests ${honestRequests.answered} of ${honestRequests.sent} in ${ms(honestRequests.answerMs)}, lost ${turn.honestConnectionsLost}, ` +
    `false ${turn.falseVerdicts + turn.honestSourcesNamed}, CPU ${turn.controllerCpu.toFixed(2)}`
  );
}

await program(main);
