import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { RpcConnection, type Reply } from '../../../controller/ovsdb/rpc-connection.ts';
import { FakeClock } from './fake-clock.ts';

/** A stream whose other end is the test: it sees what was written, and decides when writing goes on. */
class TestStream extends Duplex {
  readonly written: string[] = [];
  #held: (() => void)[] = [];
  hold = false;

  constructor() {
    super({ writableHighWaterMark: 100, decodeStrings: false });
  }

  override _read(): void {
    // The test pushes.
  }

  override _write(chunk: string, _: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    if (this.hold) this.#held.push(done);
    else done();
  }

  release(): void {
    this.hold = false;
    for (const done of this.#held.splice(0)) done();
  }

  arrive(...messages: unknown[]): void {
    this.push(messages.map((message) => JSON.stringify(message)).join(''));
  }
}

function setUp(outboxBytes?: number) {
  const stream = new TestStream();
  const clock = new FakeClock();
  const log: unknown[] = [];
  const connection = new RpcConnection(stream, {
    clock,
    peer: 'the peer',
    onNotification: (method, params) => log.push([method, ...params]),
    onEnd: (error) => log.push(error.code),
    ...(outboxBytes === undefined ? {} : { outboxBytes }),
  });
  const done = (name: string) => (reply: Reply) =>
    log.push([name, reply.ok ? reply.result : reply.error.code]);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { stream, clock, log, connection, done, settled };
}

describe('an RPC connection', () => {
  test('handles what arrives in one chunk strictly in order', async () => {
    const { stream, log, connection, done, settled } = setUp();
    connection.send('a', [], done('a'));
    connection.send('b', [], done('b'));
    stream.arrive(
      { id: null, method: 'n', params: [1] },
      { id: 2, result: 'second', error: null },
      { id: null, method: 'n', params: [2] },
      { id: 1, result: null, error: { error: 'no' } },
      { id: null, method: 'n', params: [3] },
    );
    await settled();
    expect(log).toEqual([
      ['n', 1],
      ['b', 'second'],
      ['n', 2],
      ['a', 'OVSDB_REQUEST'],
      ['n', 3],
    ]);
  });

  test('fails each open request once when it ends, and then tells the end', async () => {
    const { stream, log, connection, done, settled } = setUp();
    connection.send('a', [], done('a'));
    connection.send('b', [], done('b'));
    stream.push(null);
    await settled();
    connection.close();
    expect(log).toEqual([['a', 'OVSDB_DISCONNECTED'], ['b', 'OVSDB_DISCONNECTED'], 'OVSDB_DISCONNECTED']);
    connection.send('c', [], done('c'));
    await settled();
    expect(log.at(-1)).toEqual(['c', 'OVSDB_DISCONNECTED']);
  });

  test('times a request out, and takes its late reply for what it is', async () => {
    const { stream, clock, log, connection, done, settled } = setUp();
    connection.send('a', [], done('a'), { timeout: 100 });
    clock.pass(99);
    expect(log).toEqual([]);
    clock.pass(1);
    expect(log).toEqual([['a', 'OVSDB_TIMEOUT']]);
    stream.arrive({ id: 1, result: {}, error: null });
    await settled();
    expect(connection.ended).toBe(false);
    // A second reply to the same request is one too many.
    stream.arrive({ id: 1, result: {}, error: null });
    await settled();
    expect(log.at(-1)).toBe('OVSDB_PROTOCOL');
  });

  test('waits while the peer does not read, keeps the order, and refuses what is too much', async () => {
    const { stream, log, connection, done, settled } = setUp(1_000);
    stream.hold = true;
    connection.send('first', ['x'.repeat(200)], done('first'));
    connection.send('second', ['x'.repeat(300)], done('second'));
    connection.send('third', ['x'.repeat(300)], done('third'));
    connection.send('fourth', ['x'.repeat(300)], done('fourth'));
    await settled();
    expect(stream.written).toHaveLength(1);
    expect(log).toEqual([['fourth', 'OVSDB_BACKLOG']]);
    stream.release();
    await settled();
    expect(stream.written.map((text) => (JSON.parse(text) as { method: string }).method)).toEqual([
      'first',
      'second',
      'third',
    ]);
  });

  test('tells requests that were sent from those that were not', async () => {
    const { stream, connection, settled } = setUp();
    stream.hold = true;
    const sent: unknown[] = [];
    const note = (reply: Reply) =>
      sent.push(reply.ok ? reply : (reply.error as unknown as { sent: boolean }).sent);
    connection.send('first', ['x'.repeat(200)], note);
    connection.send('second', [], note);
    stream.destroy();
    await settled();
    expect(sent).toEqual([true, false]);
  });

  test('is ended by a peer that asks for echoes and never reads them', async () => {
    const { stream, log, settled } = setUp(1_000);
    stream.hold = true;
    const echo = { id: 'e', method: 'echo', params: ['x'.repeat(100)] };
    stream.arrive(...Array.from({ length: 20 }, () => echo));
    await settled();
    expect(log).toEqual(['OVSDB_BACKLOG']);
    expect(stream.destroyed).toBe(true);
  });

  test('refuses more requests than may wait', async () => {
    const { log, connection, done, settled } = setUp();
    for (let n = 0; n < 4096; n++) connection.send('x', [], () => undefined);
    connection.send('one too many', [], done('one too many'));
    await settled();
    expect(log).toEqual([['one too many', 'OVSDB_BACKLOG']]);
  });

  test('does not wait for a peer that never closes its end', async () => {
    const { stream, clock, connection, settled } = setUp();
    connection.close();
    await settled();
    expect(stream.destroyed).toBe(false);
    clock.pass(1_000);
    await connection.closed;
    expect(stream.destroyed).toBe(true);
  });
});
