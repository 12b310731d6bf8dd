/**
 * ICMP echo, 100 a second. Node has no raw sockets, so mininet/icmp.py sends and receives, and stamps the times;
 * counting is done here, as for the other probes.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../controller/clock.ts';
import { packageRoot } from '../lab/package-root.ts';
import { Recorder, drain, printSummary, readOptions, untilStopped } from './probe.ts';
import { Tally } from './summary.ts';

const DRAIN_MS = 2_000;

const options = await readOptions('ping');
const recorder = new Recorder(options.out);
const tally = new Tally();
const startedAt = systemClock.now();
let client = options.client ?? '';
let clientPort: number | null = null;
let errors = '';

const helper = spawn(
  '/usr/bin/python3',
  [join(packageRoot, 'mininet', 'icmp.py'), options.target, `${options.intervalMs ?? 10}`],
  { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
);
helper.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
const ended = new Promise<void>((resolve) => {
  helper.once('error', (cause) => {
    errors += cause.message;
    resolve();
  });
  helper.once('close', () => resolve());
});
createInterface({ input: helper.stdout }).on('line', (line) => {
  const [what, number = '', time = ''] = line.split(' ');
  if (what === 'from') {
    client ||= number;
    clientPort = Number(time);
  } else if (what === 's') tally.send(Number(time));
  else if (tally.receive(Number(number), Number(time))) recorder.write(tally.observation(Number(number)));
});
await Promise.race([untilStopped(options.durationMs), ended]);
const stoppedAt = systemClock.now();
helper.stdin.end();
await drain(() => tally.outstanding === 0, DRAIN_MS);
helper.kill('SIGKILL');
await ended;
for (const observation of tally.missing()) recorder.write(observation);
recorder.close();
printSummary({
  name: options.name,
  protocol: 'icmp',
  client,
  target: options.target,
  clientPort,
  unit: 'packets',
  ...tally.count(),
  survived: tally.answeredSince(stoppedAt - 1_000),
  startedAt,
  endedAt: systemClock.now(),
  error: errors.trim().split('\n').at(-1) || null,
});
process.exit(0);
