/**
 * What a lab's guest serves, when more comes than its server can do at the time, as its description says or because it
 * stands still: that waits, and is served in the end. The server itself, in a namespace in place of a guest.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { pattern } from '../../../topologies/probes/pattern.ts';
import { Room, type Stream } from '../apps/room.ts';
import { takesConnections } from '../support/conditions.ts';

const GUEST = 'guest';
const ADDRESS = '127.0.0.1';
const [ECHO, HTTP] = [7, 80];
const BYTES = 1_000;

let room: Room;
/** What is at the root of a guest's file system. */
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'guest-'));
  for (const name of ['server.pl', 'control.pl'])
    symlinkSync(join(packageRoot, 'mininet', 'guest', name), join(root, name));
  writeFileSync(join(root, 'pattern'), pattern());
  room = await Room.open();
  await room.run(undefined, ['ip', 'netns', 'add', GUEST]);
  await room.run(GUEST, ['ip', 'link', 'set', 'lo', 'up']);
});
afterEach(async () => {
  await room.close();
  rmSync(root, { recursive: true });
});

/** As a guest's first process starts it; its process id in the room, with which it ends. */
async function serve(capacity = ''): Promise<string> {
  const started = `cd ${root} && ${capacity} exec /usr/bin/perl server.pl ${ADDRESS} > /dev/null 2>&1`;
  const pid = await room.run(GUEST, ['sh', '-c', `(${started}) & echo $!`]);
  await takesConnections({ room }, GUEST, HTTP);
  return pid.trim();
}

const connect = (port: number): Promise<Stream> => room.connect(GUEST, ADDRESS, ADDRESS, port);

async function asked(): Promise<Stream> {
  const stream = await connect(HTTP);
  await stream.write(`GET /bytes/${BYTES} HTTP/1.1\r\n\r\n`);
  return stream;
}

async function answered(stream: Stream): Promise<void> {
  expect((await stream.read(BYTES)).toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
}

async function echoed(stream: Stream, text: string): Promise<void> {
  await stream.write(text);
  expect((await stream.read(text.length)).toString()).toBe(text);
}

test('of connections, so many are served at a time: the next one waits until one of them ends', async () => {
  await serve('CONNECTIONS=3');
  const served = await Promise.all([connect(ECHO), connect(ECHO), connect(ECHO)]);
  for (const stream of served) await echoed(stream, 'hello');

  const waiting = await asked();
  let isAnswered = false;
  const answer = answered(waiting).then(() => (isAnswered = true));
  // The server has looked at all that there is to do before each of these.
  for (const text of ['one', 'two', 'three']) for (const stream of served) await echoed(stream, text);
  expect(isAnswered).toBe(false);

  await served[0].close();
  await answer;
  // That one has ended with its answer, which makes room again.
  await echoed(await connect(ECHO), 'hello');
});

test('of HTTP requests, so many are begun to be answered in a second, and all of them are in the end', async () => {
  const [perSecond, requests] = [40, 20];
  await serve(`REQUESTS=${perSecond}`);
  const from = performance.now();
  const after = await Promise.all(
    Array.from({ length: requests }, async () => {
      await answered(await asked());
      return performance.now() - from;
    }),
  );
  after.sort((a, b) => a - b);
  // The nth is not begun sooner than that after the first, in milliseconds; its clock and ours may differ by one.
  for (const [n, ms] of after.entries()) expect(ms).toBeGreaterThan((1_000 * n) / perSecond - 1);
});

test('of datagrams, as many wait for a server that stands still as a TAP holds for its guest', async () => {
  const pid = await serve();
  // Each takes no more answers at once than its own socket has room for.
  const clients = await Promise.all(Array.from({ length: 8 }, () => room.udp(GUEST, ADDRESS)));
  const numbers = Array.from({ length: 1_000 / clients.length }, (_, n) => `number ${n}`);
  await room.run(undefined, ['kill', '-STOP', pid]);
  for (const number of numbers) for (const client of clients) await client.send(ADDRESS, ECHO, number);
  await room.run(undefined, ['kill', '-CONT', pid]);
  for (const number of numbers) for (const client of clients) await client.receive(number);
});
