/**
 * A long download whose every byte is checked against the pattern that the guest serves.
 *
 * The server sends at the rate that it is asked for. Were the reader to slow it down instead, the client's
 * receive buffer would hold seconds of data, and a silence of the network would not be seen.
 */
import { connect } from 'node:net';
import { systemClock } from '../../controller/clock.ts';
import { PATTERN_LENGTH, pattern } from './pattern.ts';
import { Recorder, printSummary, readOptions, untilStopped } from './probe.ts';
import { Silence } from './summary.ts';

const CONNECT_MS = 10_000;
const DEFAULT_RATE = 500_000;

const options = await readOptions('http-download');
const rate = options.rate ?? DEFAULT_RATE;
const size = Math.ceil((rate * options.durationMs) / 1000);
const recorder = new Recorder(options.out);
// Twice over, so that a chunk can be compared with one stretch of it.
const expected = Buffer.concat([pattern(), pattern()]);
const startedAt = systemClock.now();
const silence = new Silence();
let header = '';
let inBody = false;
let offset = 0;
let lastArrival = startedAt;
let client = options.client;
let clientPort: number | null = null;
let error: string | null = null;

function check(chunk: Buffer, now: number): void {
  for (let at = 0; at < chunk.length;) {
    const from = (offset + at) % PATTERN_LENGTH;
    const length = Math.min(chunk.length - at, PATTERN_LENGTH);
    if (chunk.compare(expected, from, from + length, at, at + length) !== 0) {
      socket.destroy(new Error(`wrong bytes after offset ${offset + at}`));
      return;
    }
    at += length;
  }
  offset += chunk.length;
  lastArrival = now;
  silence.arrival(now);
  recorder.write({ received: now, offset, bytes: chunk.length });
}

const socket = connect({ host: options.target, port: options.port ?? 80 });
const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
socket.setTimeout(CONNECT_MS, () => {
  if (socket.connecting) socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`));
});
socket.on('error', (cause) => (error ??= cause.message));
socket.once('connect', () => {
  client ??= socket.localAddress;
  clientPort = socket.localPort ?? null;
  socket.write(`GET /bytes/${size}?rate=${Math.round(rate)} HTTP/1.1\r\nHost: guest\r\n\r\n`);
});
socket.on('data', (chunk) => {
  const now = systemClock.now();
  if (inBody) {
    check(chunk, now);
    return;
  }
  header += chunk.toString('latin1');
  const end = header.indexOf('\r\n\r\n');
  if (end < 0) return;
  inBody = true;
  if (!header.startsWith('HTTP/1.1 200 ')) {
    socket.destroy(new Error(`the server answered ${header.slice(0, header.indexOf('\r'))}`));
    return;
  }
  const body = Buffer.from(header.slice(end + 4), 'latin1');
  if (body.length > 0) check(body, now);
});
await Promise.race([untilStopped(options.durationMs + 30_000), closed]);
const stoppedAt = systemClock.now();
const complete = offset === size;
if (!complete && socket.destroyed) error ??= 'closed by the server before the end';
const survived = error === null && (complete || stoppedAt - lastArrival < 1_000);
socket.destroy();
recorder.close();
printSummary({
  name: options.name,
  protocol: 'http',
  client: client ?? '',
  target: options.target,
  clientPort,
  unit: 'bytes',
  // Ended early by a signal, what was asked for is what had come.
  sent: survived ? offset : size,
  received: offset,
  lost: survived ? 0 : size - offset,
  duplicated: 0,
  reordered: 0,
  ...silence.end(complete ? lastArrival : stoppedAt, startedAt),
  survived,
  startedAt,
  endedAt: systemClock.now(),
  rttMs: null,
  error,
});
process.exit(0);
