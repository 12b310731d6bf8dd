/**
 * Numbered datagrams to a UDP echo server, one every 10 ms: what the network itself loses and delays. What came and was
 * dropped because this probe was not quick enough to read it is counted beside.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../controller/clock.ts';
import { ECHO_LENGTH, echoMessage, echoNumber } from './echo-message.ts';
import { Recorder, drain, pace, printSummary, readOptions, untilStopped } from './probe.ts';
import { Tally } from './summary.ts';
import { dropsOf } from './udp-drops.ts';

const DRAIN_MS = 2_000;

const options = await readOptions('udp-echo');
const recorder = new Recorder(options.out);
const tally = new Tally();
const startedAt = systemClock.now();
let error: string | null = null;

const socket = createSocket(options.target.includes(':') ? 'udp6' : 'udp4');
// "Port unreachable" from a host that is not there is a lost datagram, not the end of the probe.
socket.on('error', (cause) => (error = cause.message));
socket.on('message', (message) => {
  const n = message.length === ECHO_LENGTH ? echoNumber('udp', message) : undefined;
  if (n === undefined) return;
  if (tally.receive(n, systemClock.now())) recorder.write(tally.observation(n));
});
await new Promise<void>((resolve) => socket.connect(options.port ?? 7, options.target, resolve));
const { address, family, port: clientPort } = socket.address();
const client = options.client ?? address;
const stopSending = pace(options.intervalMs ?? 10, (now) => {
  socket.send(echoMessage('udp', tally.send(now)), () => undefined);
});
await untilStopped(options.durationMs);
stopSending();
const stoppedAt = systemClock.now();
await drain(() => tally.outstanding === 0, DRAIN_MS);
const overrun = dropsOf(
  readFileSync(`/proc/net/${family === 'IPv6' ? 'udp6' : 'udp'}`, 'latin1'),
  clientPort,
);
socket.close();
for (const observation of tally.missing()) recorder.write(observation);
recorder.close();
printSummary({
  name: options.name,
  protocol: 'udp',
  client,
  target: options.target,
  clientPort,
  unit: 'packets',
  ...tally.count(),
  overrun,
  survived: tally.answeredSince(stoppedAt - 1_000),
  startedAt,
  endedAt: systemClock.now(),
  error,
});
process.exit(0);
