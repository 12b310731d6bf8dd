/** Numbered datagrams to a UDP echo server, one every 10 ms: what the network itself loses and delays. */
import { createSocket } from 'node:dgram';
import { systemClock } from '../../controller/clock.ts';
import { ECHO_LENGTH, echoMessage, echoNumber } from './echo-message.ts';
import { Recorder, drain, pace, printSummary, readOptions, untilStopped } from './probe.ts';
import { Tally } from './summary.ts';

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
const client = options.client ?? socket.address().address;
const clientPort = socket.address().port;
const stopSending = pace(options.intervalMs ?? 10, (now) => {
  socket.send(echoMessage('udp', tally.send(now)), () => undefined);
});
await untilStopped(options.durationMs);
stopSending();
const stoppedAt = systemClock.now();
await drain(() => tally.outstanding === 0, DRAIN_MS);
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
  survived: tally.answeredSince(stoppedAt - 1_000),
  startedAt,
  endedAt: systemClock.now(),
  error,
});
process.exit(0);
