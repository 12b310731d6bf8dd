/**
 * The command behind `make demo`, as a user runs it: what it says, what it leaves in its folder, and that nothing else is left,
 * whether it comes to its end or is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ApiClient, DEFAULT_API } from '../../../apps/api/client.ts';
import type { CaptureRecord } from '../../../apps/lab/captures.ts';
import type { RunSummary } from '../../../apps/lab/summary.ts';
import { logFileOf, RUN_ROOT } from '../../../apps/cli/commands/lab/running-lab.ts';
import type { LabObject } from '../../../apps/cli/commands/lab/up.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { descendantsOf, interfaces, isAlive, machineState } from './machine.ts';

const LAB = 'first-flight';
const topology = join(packageRoot, 'topologies', `${LAB}.yaml`);
const directory = mkdtempSync(join(tmpdir(), 'demo-'));
const api = new ApiClient(DEFAULT_API);
const before = { ...machineState(), interfaces: interfaces() };

afterAll(() => rmSync(directory, { recursive: true }));

interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; err: string }>;
}

/** In a folder of its own, so that the results of this project's user stay as they are. */
function arctictern(...args: string[]): Command {
  const main = join(packageRoot, 'dist', 'apps', 'cli', 'main.js');
  const child = spawn('node', [main, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const ended: Command['ended'] = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
  return { child, ended };
}

const run = (): Command => arctictern('lab', 'run', topology, '--json');
const runDirectory = join(RUN_ROOT, LAB);

function expectNothingLeft(): void {
  expect({ ...machineState(), interfaces: interfaces() }).toEqual(before);
  expect(existsSync(runDirectory)).toBe(false);
  expect(readdirSync(directory)).toEqual(['results']);
}

test('it migrates the guest there and back, tells what became of every connection, and leaves its folder', async () => {
  const { code, out, err } = await run().ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expectNothingLeft();

  const results = join(directory, 'results');
  const folder = readlinkSync(join(results, 'latest'));
  expect(folder).toMatch(/^first-flight-\d{8}-\d{6}$/);
  expect(readdirSync(results).sort()).toEqual([folder, 'latest']);
  const read = (name: string): string => readFileSync(join(results, folder, name), 'utf8');

  const summary = JSON.parse(read('summary.json')) as RunSummary;
  expect(JSON.parse(out)).toEqual(summary);
  const [a, b] = ['10.1.0.0/24', '10.2.0.0/24'];
  const positive = expect.toSatisfy((value: unknown) => Number(value) > 0, 'more than 0') as number;
  const move = { guest: 'web', strategy: 'redirect', outcome: 'completed', blackoutMs: positive };
  expect(summary).toMatchObject({
    lab: LAB,
    passed: true,
    migrations: [
      { ...move, from: 'a1', to: 'b1', fromSubnet: a, toSubnet: b },
      { ...move, from: 'b1', to: 'a1', fromSubnet: b, toSubnet: a },
    ],
  });

  const kept = { survived: true, gapMs: positive, sent: positive, received: positive };
  const whole = { ...kept, lost: 0, duplicated: 0, reordered: 0 };
  const connections = new Map(summary.connections.map((one) => [one.name, one]));
  expect(Object.fromEntries(connections)).toMatchObject({
    echo: { protocol: 'tcp', client: 'c1', at: 'home', migrations: 2, ...whole },
    download: { protocol: 'http', client: 'c2', at: 'home', migrations: 2, ...whole },
    ping: { protocol: 'icmp', client: 'c1', at: 'home', migrations: 2, ...kept, duplicated: 0 },
    'new-echo': { protocol: 'tcp', client: 'c2', at: 'care-of', migrations: 1, ...whole },
    'new-http': { protocol: 'http', client: 'c1', at: 'care-of', migrations: 1, ...whole },
  });
  expect(connections.size).toBe(5);
  for (const name of ['echo', 'download', 'new-echo', 'new-http']) {
    const { sent, received } = connections.get(name)!;
    expect(received, name).toBe(sent);
  }
  const { sent, received, lost, reordered } = connections.get('ping')!;
  expect(received).toBe(sent - lost);
  // Ten milliseconds apart: what comes until every switch has heard, twice; the machine may be slow.
  expect(lost).toBeLessThanOrEqual(20);
  // What is on its way to the host that the guest leaves goes after it, and is overtaken: two of the WAN's 20 ms a move.
  expect(reordered).toBeLessThanOrEqual(4);

  const captures = JSON.parse(read('captures/captures.json')) as CaptureRecord[];
  expect(new Set(captures.map(({ node, point }) => `${node} ${point}`))).toEqual(
    new Set(['c1 client', 'c2 client', 'a1 uplink', 'a1 taps', 'b1 uplink', 'b1 taps']),
  );
  for (const { file, packets } of captures) {
    expect(packets, file).toBeGreaterThan(100);
    expect(statSync(join(results, folder, file)).size, file).toBeGreaterThan(packets * 16);
  }
  const log = read('logs/controller.jsonl').trim().split('\n');
  expect(log.filter((line) => (JSON.parse(line) as { msg?: string }).msg === 'relaying')).toHaveLength(2);
  for (const host of ['a1', 'b1']) expect(read(`logs/${host}/openvswitch/ovs-vswitchd.log`)).toMatch(/\w/);
  expect(read('topology.yaml')).toBe(readFileSync(topology, 'utf8'));
  expect(read('report.html')).toContain('Gap by strategy');
});

test('killed in the midst of its copy, nothing is left of it within seconds, and the next lab starts', async () => {
  const { child, ended } = run();
  const phases = async (): Promise<string[]> => {
    expect(child.exitCode).toBeNull();
    const migrations = await api.migrations().catch(() => []);
    return migrations.map(({ phase }) => phase);
  };
  await expect.poll(phases, { timeout: 60_000, interval: 50 }).toEqual(['copying']);

  const started = descendantsOf(child.pid!);
  expect(started.length).toBeGreaterThan(40);
  expect(existsSync(runDirectory)).toBe(true);
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  const left = (): unknown => ({
    processes: started.filter(isAlive),
    interfaces: interfaces(),
    runDirectory: existsSync(runDirectory),
  });
  await expect
    .poll(left, { timeout: 5_000 })
    .toEqual({ processes: [], interfaces: before.interfaces, runDirectory: false });
  expectNothingLeft();

  try {
    const { out, ...how } = await arctictern('lab', 'up', topology, '--json').ended;
    expect(how).toEqual({ code: 0, signal: null, err: '' });
    const { pid, nodes, ...lab } = JSON.parse(out) as LabObject;
    expect(lab).toEqual({ lab: LAB, api: DEFAULT_API, log: logFileOf(LAB) });
    expect(nodes).toEqual(expect.arrayContaining(['a1', 'b1', 'c1', 'c2']));
    expect(isAlive(pid)).toBe(true);
    expect(await api.guest('web')).toMatchObject({ host: 'a1', state: 'running' });
  } finally {
    const down = await arctictern('lab', 'down', '--json').ended;
    expect(down).toEqual({ code: 0, signal: null, out: `{"lab":"${LAB}"}\n`, err: '' });
  }
  expectNothingLeft();
});
