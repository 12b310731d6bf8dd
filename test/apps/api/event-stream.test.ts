import type { Server } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { api as limits } from '../../../controller/limits.ts';
import type { ControllerEvent } from '../../../apps/events.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { ask, portOf, served, stop } from './ask.ts';
import { FakeController } from './fake-controller.ts';
import { followEvents } from './follow-events.ts';

const event = (message: string): ControllerEvent => ({ at: 1, level: 'info', subject: 'guest web', message });

let controller: FakeController;
let clock: ManualClock;
let server: Server;

beforeEach(async () => {
  controller = new FakeController();
  clock = new ManualClock();
  server = await served(controller, { clock });
});
afterEach(() => stop(server));

const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await delay(5);
};

describe('a reader of events', () => {
  it('is told what happens after it came, in order', async () => {
    controller.emit(event('before'));
    const reader = await followEvents(server);
    for (const message of ['one', 'two\nlines', 'three']) controller.emit(event(message));
    expect([await reader.next(), await reader.next(), await reader.next()]).toEqual([
      event('one'),
      event('two\nlines'),
      event('three'),
    ]);
    reader.close();
  });

  it('gets a comment at once, and one at every heartbeat', async () => {
    const reader = await followEvents(server);
    await until(() => reader.comments() === 1);
    for (const beat of [2, 3]) {
      clock.advance(limits.eventHeartbeat);
      await until(() => reader.comments() === beat);
    }
    clock.advance(limits.eventHeartbeat - 1);
    controller.emit(event('still'));
    await reader.next();
    expect(reader.comments()).toBe(3);
    reader.close();
  });

  it('is forgotten when it is gone, its heartbeat too', async () => {
    const readers = [await followEvents(server), await followEvents(server)];
    expect([controller.listeners, clock.pending]).toEqual([2, 2]);
    readers[0]!.close();
    await until(() => controller.listeners === 1);
    expect(clock.pending).toBe(1);
    readers[1]!.close();
    await until(() => controller.listeners === 0);
    expect(clock.pending).toBe(0);
  });

  it('is dropped when it does not read, and the others are not', async () => {
    const good = await followEvents(server);
    const slow = connect(portOf(server), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.pause();
    slow.write('GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => controller.listeners === 2);
    const large = event('x'.repeat(65_536));
    // What the kernel keeps for a reader is some MiB; beyond that it piles up with us.
    let sent = 0;
    for (; sent < 1_000 && controller.listeners === 2; sent++) {
      controller.emit(large);
      await good.next();
    }
    expect(controller.listeners).toBe(1);
    expect(sent * 65_536).toBeGreaterThan(limits.eventBacklogBytes);
    controller.emit(event('after'));
    expect(await good.next()).toEqual(event('after'));
    good.close();
    slow.destroy();
  });

  it('is refused when too many read already, until one of them ends', async () => {
    const readers = [];
    for (let i = 0; i < limits.eventReaders; i++) readers.push(await followEvents(server));
    const { status, text } = await ask(server, { path: '/v1/events' });
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ code: 'API_TOO_MANY_READERS' });
    readers.pop()!.close();
    await until(() => controller.listeners === limits.eventReaders - 1);
    const next = await followEvents(server);
    expect(next.status).toBe(200);
    for (const reader of [...readers, next]) reader.close();
    await until(() => controller.listeners === 0);
  });

  it('sees the end of the server', async () => {
    const reader = await followEvents(server);
    stop(server);
    await reader.ended;
    await until(() => controller.listeners === 0);
    expect(clock.pending).toBe(0);
  });
});
