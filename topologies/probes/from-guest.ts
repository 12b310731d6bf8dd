/**
 * A connection that the guest opens, to an echo server here, or to one elsewhere that it is told of: numbered
 * messages in TCP, UDP or ICMP.
 *
 * The guest counts what came back, this side logs what arrived and when. Where it sees none of it (elsewhere, and in
 * ICMP, which the kernel answers), the gap is by the guest's clock, which stands still while the guest does.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { systemClock } from '../../controller/clock.ts';
import { Arrivals } from './arrivals.ts';
import { ECHO_LENGTH, echoNumber } from './echo-message.ts';
import { GuestControl } from './guest-control.ts';
import { Recorder, drain, printSummary, readOptions, untilStopped } from './probe.ts';

const ECHO_PORT = 7;
const DEFAULT_INTERVAL_MS = 10;
/** Longer than the retransmission timeout of a connection that was silent for a second. */
const DRAIN_MS = 5_000;

const options = await readOptions('from-guest');
const protocol = options.protocol ?? 'tcp';
const interval = Math.max(1, Math.round(options.intervalMs ?? DEFAULT_INTERVAL_MS));
const family = options.target.includes(':') ? 6 : 4;
const recorder = new Recorder(options.out);
const arrivals = new Arrivals();
const startedAt = systemClock.now();
let error: string | null = null;

/** The number of each message that came, or nothing when it is none of ours. */
function log(protocol: 'tcp' | 'udp', message: Buffer): void {
  const n = message.length === ECHO_LENGTH ? echoNumber(protocol, message) : undefined;
  if (n === undefined) return;
  const now = systemClock.now();
  arrivals.arrived(n, now);
  recorder.write({ n, received: now });
}

/** Serves, and gives the port. */
async function serve(): Promise<number> {
  const host = family === 4 ? '0.0.0.0' : '::';
  if (protocol === 'tcp') {
    const server = createServer({ noDelay: true }, (socket) => {
      let rest: Buffer = Buffer.alloc(0);
      socket.on('error', (cause) => (error ??= cause.message));
      socket.on('data', (chunk) => {
        socket.write(chunk);
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        for (; rest.length >= ECHO_LENGTH; rest = rest.subarray(ECHO_LENGTH)) {
          log('tcp', rest.subarray(0, ECHO_LENGTH));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const at = server.address();
    return typeof at === 'object' && at !== null ? at.port : 0;
  }
  if (protocol === 'icmp') return 0;
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  socket.on('message', (message, from) => {
    log('udp', message);
    socket.send(message, from.port, from.address, () => undefined);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  return socket.address().port;
}

const seen = options.to === undefined && protocol !== 'icmp';
const port = options.to === undefined ? await serve() : (options.port ?? ECHO_PORT);
const control = await GuestControl.to(options.target);
const to = options.to ?? control.localAddress;
const source = options.source === undefined ? [] : [options.source];
await control.ask('open', options.name, protocol, to, port, interval, ...source);
recorder.write({ opened: systemClock.now() });
await untilStopped(options.durationMs);
let counted = await control.count('stop', options.name);
const stoppedAt = systemClock.now();
const survived = counted.silentMs >= 0 && counted.silentMs < 1_000 + interval;
const until = stoppedAt + DRAIN_MS;
while (counted.received < counted.sent && counted.error === null && systemClock.now() < until) {
  await drain(() => false, 100);
  counted = await control.count('count', options.name);
}
await control.count('close', options.name);
control.close();
recorder.close();
const here = arrivals.end(stoppedAt, startedAt);
error ??= counted.error;
printSummary({
  name: options.name,
  protocol,
  client: options.client ?? to,
  target: options.target,
  unit: protocol === 'tcp' ? 'messages' : 'packets',
  sent: counted.sent,
  received: counted.received,
  lost: counted.sent - counted.received,
  duplicated: Math.max(counted.duplicated, here.duplicated),
  reordered: Math.max(counted.reordered, here.reordered),
  gapMs: seen ? here.gapMs : counted.gapMs,
  gapFrom: seen ? here.gapFrom : null,
  survived: survived && error === null && (protocol !== 'tcp' || counted.received === counted.sent),
  startedAt,
  endedAt: systemClock.now(),
  rttMs: null,
  error,
});
process.exit(0);
