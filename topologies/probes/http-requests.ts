/**
 * Honest clients, one HTTP request after the other, each on a connection of its own and from the next of the client's
 * addresses: a visitor now and then, or a flash crowd. Every byte of every answer is checked.
 *
 * A client that is not answered gives up, as people do; the next one comes when it would have come anyway. Where the
 * target is a name, each of them looks it up.
 */
import { connect } from 'node:net';
import { systemClock } from '../../controller/clock.ts';
import { pattern } from './pattern.ts';
import { Recorder, drain, pace, printSummary, readOptions, untilStopped } from './probe.ts';
import { resolve } from './resolve.ts';
import { Tally } from './summary.ts';

const SIZE = 2_000;
/** Until a client gives up. A SYN that was lost is sent again after a second. */
const PATIENCE_MS = 3_000;
const DEFAULT_INTERVAL_MS = 100;
/** At a time; a server that answers nothing must not exhaust the client. */
const MOST_OPEN = 2_000;

const options = await readOptions('http-requests');
const recorder = new Recorder(options.out);
const tally = new Tally();
const expected = pattern().subarray(0, SIZE);
const startedAt = systemClock.now();
let open = 0;
const wrong: string[] = [];

async function ask(n: number): Promise<void> {
  open++;
  const host = await resolve(options.asked, undefined);
  const from = options.sources[n % options.sources.length];
  const socket = connect({
    host,
    port: options.port ?? 80,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  const chunks: Buffer[] = [];
  const patience = setTimeout(() => socket.destroy(), PATIENCE_MS);
  socket.on('error', () => undefined);
  socket.on('connect', () => socket.write(`GET /bytes/${SIZE} HTTP/1.1\r\nHost: guest\r\n\r\n`));
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => {
    const answer = Buffer.concat(chunks);
    const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4);
    if (body.length < SIZE) return;
    if (!body.equals(expected)) wrong.push(`wrong bytes in the answer to request ${n}`);
    else {
      tally.receive(n, systemClock.now());
      recorder.write({ ...tally.observation(n), bytes: body.length });
    }
  });
  socket.on('close', () => {
    clearTimeout(patience);
    open--;
  });
}

const stopAsking = pace(options.intervalMs ?? DEFAULT_INTERVAL_MS, (now) => {
  const n = tally.send(now);
  if (open < MOST_OPEN) void ask(n);
});
await untilStopped(options.durationMs);
stopAsking();
const stoppedAt = systemClock.now();
await drain(() => open === 0, PATIENCE_MS);
for (const observation of tally.missing()) recorder.write(observation);
recorder.close();
printSummary({
  name: options.name,
  protocol: 'http',
  client: options.client ?? '',
  target: options.target,
  clientPort: 0,
  unit: 'messages',
  ...tally.count(),
  survived: wrong.length === 0 && tally.answeredSince(stoppedAt - PATIENCE_MS),
  startedAt,
  endedAt: systemClock.now(),
  error: wrong[0] ?? null,
});
process.exit(0);
