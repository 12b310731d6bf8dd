/**
 * What the network adds to a migration's blackout, strategy by strategy, against a network of learning switches:
 * real guests under load, in turns, so that whatever else the machine does meets all alike.
 *
 *     node dist/apps/bench/switchover/main.js [--runs 20] [--rates 500,5000] [--minutes M] [--continue]
 *
 * With `--minutes` it ends in time, and with `--continue` it goes on with what the results file holds.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../controller/clock.ts';
import { type MachineFacts, machineFacts } from '../machine.ts';
import { optionsOf, runsOf } from '../options.ts';
import { program } from '../program.ts';
import { standsOnceUp } from '../standing.ts';
import { TemporaryFolder } from '../temporary-folder.ts';
import { rowsOf, type Run, STRATEGIES, type Strategy } from './figures.ts';
import { measure } from './measure.ts';
import { MAX_BLACKOUT_MS, macLearning, ours, type Peer } from './peers.ts';
import { formatRatios, formatRows } from './table.ts';

const RESULTS = join('results', 'bench-switchover.json');
const LOG = join('results', 'bench-switchover-controller.jsonl');
const BANDWIDTH_MIBPS = 32;
/** Within `--minutes`, no migration is begun that could not end. */
const LONGEST_RUN_MS = 25_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Turn {
  readonly strategy: Strategy;
  readonly rate: number;
}

/** Every strategy at every rate, before any has another turn; the order is turned by one each time. */
function turns(runs: number, rates: readonly number[]): Turn[] {
  const each = rates.flatMap((rate) => STRATEGIES.map((strategy): Turn => ({ strategy, rate })));
  return Array.from({ length: runs }, (_, i) => each.map((_turn, j) => each[(i + j) % each.length]!)).flat();
}

/** Without the turns that were taken before. */
function remaining(all: readonly Turn[], taken: readonly Turn[]): Turn[] {
  const left = new Map<string, number>();
  const key = ({ strategy, rate }: Turn): string => `${strategy} ${rate}`;
  for (const turn of taken) left.set(key(turn), (left.get(key(turn)) ?? 0) + 1);
  return all.filter((turn) => {
    const count = left.get(key(turn)) ?? 0;
    left.set(key(turn), count - 1);
    return count <= 0;
  });
}

async function main(): Promise<number> {
  const values = optionsOf({
    runs: { type: 'string', default: '20' },
    rates: { type: 'string', default: '500,5000' },
    minutes: { type: 'string', default: '600' },
    continue: { type: 'boolean', default: false },
  });
  const rates = values.rates.split(',').map(Number);
  const until = systemClock.now() + Number(values.minutes) * 60_000;
  const earlier: Run[] =
    values.continue && existsSync(RESULTS)
      ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { all: Run[] }).all
      : [];
  const runs = [...earlier];
  const machine = await machineFacts();
  using folder = new TemporaryFolder();
  const peers: Peer[] = [];
  try {
    say('two labs come up: ours, and one of learning switches');
    mkdirSync('results', { recursive: true });
    const mine = await standsOnceUp(ours(BANDWIDTH_MIBPS, LOG), (up) => up.down());
    peers.push(mine);
    const learning = await standsOnceUp(macLearning(), (up) => up.down());
    peers.push(learning);
    // The first migration after libvirtd's start takes seconds longer than the next.
    await mine.migrate('redirect');
    await learning.migrate('mac-learning');
    for (const { strategy, rate } of remaining(turns(runsOf(values.runs), rates), earlier)) {
      if (systemClock.now() > until - LONGEST_RUN_MS) break;
      const run = await measure(strategy === 'mac-learning' ? learning : mine, strategy, rate, folder.path);
      runs.push(run);
      // One that fails, or is ended, loses nothing of those before it: `--continue` goes on from here.
      writeResults(runs, machine);
      say(`${String(runs.length).padStart(3)} ${describe(run)}`);
    }
  } finally {
    for (const peer of peers) await peer.down();
  }
  const rows = rowsOf(runs);
  say(formatRows(rows));
  for (const line of formatRatios(rows)) say(line);
  writeResults(runs, machine);
  say(RESULTS);
  return 0;
}

function writeResults(runs: readonly Run[], machine: MachineFacts): void {
  const document = {
    benchmark: 'switchover',
    title: 'what the network adds to a migration’s blackout',
    at: new Date().toISOString(),
    machine,
    rows: rowsOf(runs),
    notes: NOTES,
    all: runs,
  };
  writeFileSync(`${RESULTS}.new`, `${JSON.stringify(document, undefined, 2)}\n`);
  renameSync(`${RESULTS}.new`, RESULTS);
}

const NOTES = [
  'one guest of 128 MiB at a time, over links without delay; UDP at `rate` packets/s, a TCP echo every 2 ms beside it',
  `mac-learning: two hosts of one subnet, bridges that learn, QEMU’s RARP, and what \`virsh migrate --live --p2p\` does by itself: full speed, and QEMU’s own longest downtime (300 ms); the others: two subnets, ${BANDWIDTH_MIBPS} MiB/s, and the controller’s steering (${MAX_BLACKOUT_MS} ms at most)`,
  'blackout: from QEMU’s STOP to its RESUME, by its own stamps; networkMs: from RESUME to the first request on the destination’s TAP that the guest answers there and had not answered before, by a capture of that TAP',
  'the UDP answers come from the guest’s driver (XDP), since under software emulation a socket cannot answer 5,000 a second; the TCP answers from a process that only copies',
  'gap: the longest silence of arrivals at the client around the switchover; lost, duplicated, reordered: UDP, over the whole run; at the client: of those lost, what had come there and found the buffer of the probe’s socket full',
];

function describe({
  strategy,
  rate,
  warning,
  blackoutMs,
  networkMs,
  gapMs,
  lost,
  lostAtSwitchover,
  overrun,
  duplicated,
  tcpGapMinusBlackoutMs,
}: Run): string {
  const network = networkMs === null ? 'none' : networkMs.toFixed(1);
  return (
    `${strategy} at ${rate}/s: blackout ${blackoutMs.toFixed(0)}, network ${network}, gap ${gapMs.toFixed(0)}, ` +
    `TCP + ${tcpGapMinusBlackoutMs.toFixed(0)} ms; lost ${lost} (${lostAtSwitchover} then, ${overrun} at the client), twice ${duplicated}${warning === null ? '' : `; ${warning}`}`
  );
}

await program(main);
