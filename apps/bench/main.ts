/**
 * Runs benchmarks and keeps their figures: all of them, or those that are named. Each has a process of its own: in one that
 * has held a million sources before, the codec makes less than half of what it makes alone.
 *
 *     node dist/apps/bench/main.js [blocklist|codec|packet-in|programming|relay|migration] ...
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
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
import { stands } from './standing.ts';

const all: readonly Benchmark[] = [blocklist, codec, packetIn, programming, relay, migration];

const write = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    process.stderr.write(`no benchmark is called ${unknown.join(', ')}; there are ${known}\n`);
    return 2;
  }
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  if (chosen.length === 1) return measure(chosen[0]!);
  for (const { name } of chosen) {
    const code = await runApart(name);
    if (code !== 0) return code;
  }
  return 0;
}

async function measure(benchmark: Benchmark): Promise<number> {
  const machine = await machineFacts();
  const { cpu, cores, node, openVSwitch, load } = machine;
  write(`\n${benchmark.name}: ${benchmark.title}`);
  write(`  ${cpu}, ${cores} cores, Node ${node}, Open vSwitch ${openVSwitch}, load ${load.toFixed(1)}`);
  const at = new Date();
  const outcome = await benchmark.run((line) => write(`  ${line}`));
  write(formatTable(outcome));
  write(await writeResults(benchmark, outcome, machine, at));
  return 0;
}

/**
 * As this program, for one benchmark; its exit code. It ends with this process, and takes down what it has put up: by one signal,
 * so the terminal's is not for it.
 */
async function runApart(name: string): Promise<number> {
  const command = ['--pdeathsig', 'TERM', process.execPath, fileURLToPath(import.meta.url), name];
  const child = spawn('setpriv', command, { stdio: 'inherit', detached: true });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const gone = stands(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const [code] = await ended;
  gone();
  return code ?? 1;
}

await program(() => main(process.argv.slice(2)));
