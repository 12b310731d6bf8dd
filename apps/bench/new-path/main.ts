/**
 * How long after the guest's stop its packets take the new path: with quiet datapaths, under a flood from random
 * sources, and with more than 10,000 megaflows in the same datapath; in turns, on one lab that stays up.
 *
 *     node dist/apps/bench/new-path/main.js [--runs 5]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../controller/clock.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { readTopology } from '../../../topologies/parse.ts';
import { LabSession } from '../../lab/session.ts';
import { megaflowText } from '../../evidence/megaflows.ts';
import { machineFacts } from '../machine.ts';
import { optionsOf, runsOf } from '../options.ts';
import { program } from '../program.ts';
import { standsOnceUp } from '../standing.ts';
import { TemporaryFolder } from '../temporary-folder.ts';
import { rowsOf, type Run, type Situation, type Strategy } from './figures.ts';
import { ForeignBridge } from './foreign-bridge.ts';
import { measure } from './measure.ts';
import { formatRows } from './table.ts';

const RESULTS = join('results', 'bench-new-path.json');
const LOG = join('results', 'bench-new-path-controller.jsonl');
const API = '127.0.0.1:28655';
/** Where the guest's connections are anchored: the bridge there has to take the new path. */
const ANCHOR = 'a1';

/** A round has each of them once. */
const TURNS: readonly (readonly [Situation, Strategy])[] = [
  ['quiet', 'redirect'],
  ['flood', 'redirect'],
  ['foreign', 'redirect'],
  ['foreign-brief', 'redirect'],
  ['foreign', 'bicast'],
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const rounds = runsOf(optionsOf({ runs: { type: 'string', default: '5' } }).runs);
  const machine = await machineFacts();
  const topologyFile = join(packageRoot, 'topologies', 'new-path.yaml');
  const topology = readTopology(topologyFile);
  mkdirSync('results', { recursive: true });
  using folder = new TemporaryFolder();
  const controllerLog = join(process.cwd(), LOG);
  const runs: Run[] = [];
  say(`lab ${topology.name} comes up; a round takes about 90 s`);
  const session = await standsOnceUp(
    LabSession.up({
      topology,
      topologyFile,
      api: API,
      controllerLog,
      clock: systemClock,
      onProgress: () => undefined,
    }),
    (up) => up.down(),
  );
  try {
    const foreign = await ForeignBridge.add(session.lab, ANCHOR);
    const bed = { session, topology, controllerLog, folder: folder.path, foreign };
    // The first migration after libvirtd's start is another one than those that follow.
    await measure(bed, 'quiet', 'redirect');
    for (let round = 0; round < rounds; round++) {
      for (const [situation, strategy] of TURNS) {
        const turn = await measure(bed, situation, strategy);
        runs.push(...turn);
        for (const run of turn) say(`${String(runs.indexOf(run) + 1).padStart(3)} ${describe(run)}`);
      }
    }
  } finally {
    await session.down();
  }
  const rows = rowsOf(runs);
  say(formatRows(rows));
  const document = {
    benchmark: 'new-path',
    title: 'from the guest’s stop to the first packet on the new path',
    at: new Date().toISOString(),
    machine,
    rows,
    notes: NOTES,
    all: runs,
  };
  writeFileSync(RESULTS, `${JSON.stringify(document, undefined, 2)}\n`);
  say(RESULTS);
  return 0;
}

const NOTES = [
  'topologies/new-path.yaml: one guest of 128 MiB, copied at 32 MiB/s over links without delay, UDP at 1,000 packets/s; a run is one migration, half of them there and half of them back',
  'newPathMs: from QEMU’s STOP, by its own stamp, to the first request on the destination’s TAP, by a capture of that: to 1 ms, since a request comes once in a millisecond; with bicast copies come there before STOP',
  'megaflows: flows of each host’s datapath, by upcall/show, at most 100 ms before; roundMs: how long OVS’s revalidators had taken to look through them last',
  'flood: 2,000 UDP packets a second to the guest, each from another source, from 6 s before the migration on, the defence off',
  `foreign: a bridge of somebody else’s in the OVS of ${ANCHOR}, 3,000 packets a second from 12,000 sources, which makes a megaflow for each; they are kept for 10 s (OVS’s own max-idle), or, foreign-brief, for as long as the controller has OVS keep them`,
];

function describe({
  situation,
  strategy,
  from,
  to,
  newPathMs,
  commitSentMs,
  redirectedMs,
  megaflows,
}: Run): string {
  const ms = (value: number): string => value.toFixed(1);
  return `${situation}, ${strategy}, ${from} to ${to}: new path ${ms(newPathMs)} ms after STOP, commit sent ${ms(commitSentMs)}, acknowledged ${ms(redirectedMs)}; megaflows ${megaflowText(megaflows)}`;
}

await program(main);
