/**
 * How many flow mods a second the OpenFlow codec encodes and decodes on one core, through its public
 * interface: 6 match fields, one apply_actions with two actions.
 */
import {
  actions,
  decode,
  encode,
  encodeInto,
  flowMod,
  instructions,
  match,
  Writer,
} from '../../controller/openflow/index.ts';
import type { Benchmark, Case } from './benchmark.ts';

const MESSAGES = 1_000;
const ROUNDS = 9;
const ROUND_MILLISECONDS = 200;

export const codec: Benchmark = {
  name: 'codec',
  title: 'flow mods encoded and decoded on one core',
  run: () => Promise.resolve({ cases: measureAll(), notes: notes() }),
};

const mods = Array.from({ length: MESSAGES }, (_, i) =>
  flowMod({
    table: i % 8,
    priority: 100 + i,
    cookie: BigInt(i),
    match: match({
      in_port: i + 1,
      eth_type: 0x0800,
      ip_src: `10.${i >> 8}.${i & 255}.0/24`,
      ip_dst: `192.0.2.${i & 255}`,
      ip_proto: 6,
      tcp_dst: 1024 + i,
    }),
    instructions: [
      instructions.apply(actions.setField('eth_dst', '02:00:00:00:00:01'), actions.output(i + 1)),
    ],
  }),
);
const encoded = mods.map((mod, i) => encode(mod, i));

function notes(): string[] {
  return [`${encoded[0]!.length} bytes each; goal: 2 M/s each way`];
}

function measureAll(): Case[] {
  const writer = new Writer();
  const rounds: readonly (readonly [what: string, round: () => void])[] = [
    [
      'encode, into a writer',
      () => {
        writer.reset();
        for (let i = 0; i < MESSAGES; i++) encodeInto(writer, mods[i]!, i);
      },
    ],
    [
      'encode, to bytes of their own',
      () => {
        for (let i = 0; i < MESSAGES; i++) sink = encode(mods[i]!, i);
      },
    ],
    [
      'decode',
      () => {
        for (let i = 0; i < MESSAGES; i++) sink = decode(encoded[i]!);
      },
    ],
  ];
  const runs = rounds.map((): number[] => []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [which, [, round]] of rounds.entries()) runs[which]!.push(ratePerSecond(round) / 1e6);
  }
  if (sink === undefined) throw new Error('nothing was measured');
  return rounds.map(([what], which) => ({ what, unit: 'M/s', better: 'higher', runs: runs[which]! }));
}

/** Keeps the results in use, so that they are not optimized away. */
let sink: unknown;

function ratePerSecond(round: () => void): number {
  round();
  const start = performance.now();
  let count = 0;
  let spent = 0;
  while (spent < ROUND_MILLISECONDS) {
    round();
    count += MESSAGES;
    spent = performance.now() - start;
  }
  return (count / spent) * 1_000;
}
