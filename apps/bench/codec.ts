/**
 * How many flow mods a second the OpenFlow codec encodes and decodes on one core, through its public
 * interface: 6 match fields, one apply_actions with two actions. Beside it, in the same rounds, a bare DataView over
 * the same bytes (codec-plain.ts): what other work does to the machine meets both alike, so that their ratio says more than
 * either figure.
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
import { PLAIN_LENGTH, readPlain, writePlain, type PlainFlow } from './codec-plain.ts';
import { CodecYardstickError } from './errors.ts';

const MESSAGES = 1_000;
const WARM_UP_ROUNDS = 10;
const ROUNDS = 60;
const ROUND_MILLISECONDS = 20;
const PLAIN_ENCODE = 'encode: plain DataView';
const PLAIN_DECODE = 'decode: plain DataView';

export const codec: Benchmark = {
  name: 'codec',
  title: 'flow mods encoded and decoded on one core',
  run: () => {
    checkYardstick();
    const before = process.cpuUsage();
    const start = performance.now();
    const cases = measureAll();
    const { user, system } = process.cpuUsage(before);
    return Promise.resolve({ cases, notes: notes((user + system) / 1e3 / (performance.now() - start)) });
  },
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

const plainFlows = Array.from({ length: MESSAGES }, (_, i): PlainFlow => ({
  xid: i,
  cookie: i,
  table: i % 8,
  priority: 100 + i,
  inPort: i + 1,
  ipSource: 0x0a000000 + (i << 8),
  ipDestination: 0xc0000200 + (i & 255),
  tcpDestination: 1024 + i,
  output: i + 1,
}));
const plainBytes = new Uint8Array(MESSAGES * PLAIN_LENGTH);
const plainView = new DataView(plainBytes.buffer);

function notes(share: number): string[] {
  return [
    `${encoded[0]!.length} bytes each; goal: 2 M/s each way`,
    'plain DataView: the same bytes written from flat numbers and read, by hand, without checks or objects, in turns with the codec, ' +
      `${ROUND_MILLISECONDS} ms each`,
    `the process used ${Math.round(share * 100)} % of a core's time meanwhile; what is missing others had, and the figures are that much lower`,
  ];
}

/** The yardstick does the same work only if it writes the same bytes. */
function checkYardstick(): void {
  writeAllPlain();
  if (Buffer.compare(plainBytes, Buffer.concat(encoded)) !== 0) throw new CodecYardstickError();
}

function writeAllPlain(): void {
  for (let i = 0; i < MESSAGES; i++) writePlain(plainView, i * PLAIN_LENGTH, plainFlows[i]!);
}

function readAllPlain(): void {
  let all = 0;
  for (let i = 0; i < MESSAGES; i++) all ^= readPlain(plainView, i * PLAIN_LENGTH);
  sink = all;
}

function measureAll(): Case[] {
  const writer = new Writer();
  const rounds: readonly (readonly [what: string, peer: string | undefined, round: () => void])[] = [
    [
      'encode, into a writer',
      PLAIN_ENCODE,
      () => {
        writer.reset();
        for (let i = 0; i < MESSAGES; i++) encodeInto(writer, mods[i]!, i);
      },
    ],
    [
      'encode, to bytes of their own',
      PLAIN_ENCODE,
      () => {
        for (let i = 0; i < MESSAGES; i++) sink = encode(mods[i]!, i);
      },
    ],
    [PLAIN_ENCODE, undefined, writeAllPlain],
    [
      'decode',
      PLAIN_DECODE,
      () => {
        for (let i = 0; i < MESSAGES; i++) sink = decode(encoded[i]!);
      },
    ],
    [PLAIN_DECODE, undefined, readAllPlain],
  ];
  const runs = rounds.map((): number[] => []);
  for (let i = -WARM_UP_ROUNDS; i < ROUNDS; i++) {
    for (const [which, [, , round]] of rounds.entries()) {
      const rate = ratePerSecond(round) / 1e6;
      if (i >= 0) runs[which]!.push(rate);
    }
  }
  if (sink === undefined) throw new Error('nothing was measured');
  return rounds.map(([what, peer], which) => ({
    what,
    unit: 'M/s',
    better: 'higher',
    runs: runs[which]!,
    ...(peer === undefined ? {} : { peer }),
  }));
}

/** Keeps the results in use, so that they are not optimized away. */
let sink: unknown;

function ratePerSecond(round: () => void): number {
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
