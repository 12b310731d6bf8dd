/**
 * Runs benchmarks and keeps their figures: all of them, or those that are named.
 *
 *     node dist/apps/bench/main.js [blocklist|codec|packet-in|programming|relay|migration] ...
 */
import type { Benchmark } from './benchmark.ts';
import { blocklist } from './blocklist.ts';
import { codec } from './codec.ts';
import { machineFacts } from './machine.ts';
import { migration } from './migration.ts';
import { packetIn } from './packet-in.ts';
import { program } from './program.ts';
import { programming } from './programming.ts';
import { relay } from './relay.ts';
import { formatTable, writeResults } from './report.ts';

const all: readonly Benchmark[] = [blocklist, codec, packetIn, programming, relay, migration];

const write = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    process.stderr.write(`no benchmark is called ${unknown.join(', ')}; there are ${known}\n`);
    return 2;
  }
  const machine = await machineFacts();
  write(
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Open vSwitch ${machine.openVSwitch}, load ${machine.load.toFixed(1)}`,
  );
  for (const benchmark of all) {
    if (names.length > 0 && !names.includes(benchmark.name)) continue;
    write(`\n${benchmark.name}: ${benchmark.title}`);
    const at = new Date();
    const outcome = await benchmark.run((line) => write(`  ${line}`));
    write(formatTable(outcome));
    write(await writeResults(benchmark, outcome, machine, at));
  }
  return 0;
}

await program(() => main(process.argv.slice(2)));
