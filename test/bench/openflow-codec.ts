/**
 * How many flow-mods a second the OpenFlow codec encodes and decodes on one core, through its public interface.
 *
 *     npx tsc -p tsconfig.json --noEmit false --outDir dist/bench && node dist/bench/test/bench/openflow-codec.js
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

const MESSAGES = 1000;
const ROUNDS = 15;
const ROUND_MILLISECONDS = 200;

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

/** Millions of messages a second: the median of the rounds. */
function measure(name: string, round: () => void): number {
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < ROUND_MILLISECONDS) {
      round();
      count += MESSAGES;
    }
    rates.push(count / (performance.now() - start) / 1000);
  }
  rates.sort((a, b) => a - b);
  const median = rates[Math.floor(ROUNDS / 2)]!;
  process.stdout.write(
    `${name.padEnd(28)} ${median.toFixed(2)} M/s  (${rates[0]!.toFixed(2)} to ${rates[ROUNDS - 1]!.toFixed(2)})\n`,
  );
  return median;
}

let sink: unknown;
const writer = new Writer();

process.stdout.write(
  `flow-mods of ${encoded[0]!.length} bytes: 6 match fields, one apply_actions with set_field and output; medians of ${ROUNDS} rounds\n`,
);
measure('encode into a writer', () => {
  writer.reset();
  for (let i = 0; i < MESSAGES; i++) encodeInto(writer, mods[i]!, i);
});
measure('encode to fresh bytes', () => {
  for (let i = 0; i < MESSAGES; i++) sink = encode(mods[i]!, i);
});
measure('decode', () => {
  for (let i = 0; i < MESSAGES; i++) sink = decode(encoded[i]!);
});
if (sink === undefined) throw new Error('nothing was measured');
