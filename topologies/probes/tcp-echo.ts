/**
 * One TCP connection to an echo server: a numbered message every 2 ms. Shows whether a connection lives on, and
 * how long it was silent.
 */
import { connect } from 'node:net';
import { systemClock } from '../../controller/clock.ts';
import { ECHO_LENGTH, echoMessage, echoNumber } from './echo-message.ts';
import { Recorder, drain, pace, printSummary, readOptions, untilStopped } from './probe.ts';
import { Tally } from './summary.ts';

/** Longer than the retransmission timeout of a connection that was silent for a second. */
const DRAIN_MS = 5_000;
const CONNECT_MS = 10_000;

const options = await readOptions('tcp-echo');
const length = options.size ?? ECHO_LENGTH;
/** Observations say how long a message is where it is not as usual. */
const sized = options.size === undefined ? {} : { bytes: options.size };
const recorder = new Recorder(options.out);
const tally = new Tally();
const startedAt = systemClock.now();
const errors: string[] = [];
let rest: Buffer = Buffer.alloc(0);

const socket = connect({ host: options.target, port: options.port ?? 7, noDelay: true });
const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
socket.setTimeout(CONNECT_MS, () => {
  if (socket.connecting) socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`));
});
socket.on('error', (cause) => errors.push(cause.message));
socket.on('end', () => errors.push('closed by the server'));
socket.on('data', (chunk) => {
  const now = systemClock.now();
  let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  for (; bytes.length >= length; bytes = bytes.subarray(length)) {
    const n = echoNumber('tcp', bytes);
    const isMessage = n !== undefined && echoMessage('tcp', n, length).equals(bytes.subarray(0, length));
    if (!isMessage || !tally.receive(n, now)) {
      socket.destroy(new Error('the stream that came back is not the one that was sent'));
      return;
    }
    recorder.write({ ...tally.observation(n), ...sized });
  }
  rest = bytes;
});

const connected = await new Promise<boolean>((resolve) => {
  socket.once('connect', () => resolve(true));
  socket.once('close', () => resolve(false));
});
const client = options.client ?? socket.localAddress ?? '';
const clientPort = socket.localPort ?? null;
if (connected) {
  const stopSending = pace(options.intervalMs ?? 2, (now) => {
    const message = echoMessage('tcp', tally.send(now), length);
    if (!socket.destroyed) socket.write(message);
  });
  await Promise.race([untilStopped(options.durationMs), closed]);
  stopSending();
  await drain(() => tally.outstanding === 0 || socket.destroyed, DRAIN_MS);
}
const survived = connected && errors.length === 0 && tally.outstanding === 0;
socket.destroy();
for (const observation of tally.missing()) recorder.write(observation);
recorder.close();
printSummary({
  name: options.name,
  protocol: 'tcp',
  client,
  target: options.target,
  clientPort,
  unit: 'messages',
  ...tally.count(),
  survived,
  startedAt,
  endedAt: systemClock.now(),
  error: errors[0] ?? null,
});
process.exit(0);
