/** The blocklist as border routers read it. */
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blocked } from '../../../controller/network/blocklist-changes.ts';
import { blocklistChanged } from '../../../controller/network/changes.ts';
import { ask, portOf, served, stop } from './ask.ts';
import { FakeController, STARTED_AT } from './fake-controller.ts';

const path = '/v1/blocklist';

let controller: FakeController;
let server: Server;
let unforeseen: unknown[];
beforeEach(async () => {
  controller = new FakeController();
  unforeseen = [];
  server = await served(controller, { onUnforeseen: (error) => unforeseen.push(error) });
});
afterEach(() => stop(server));

describe('the blocklist as text', () => {
  it('has what is allowed, what is blocked, and when that ends', async () => {
    const { blocklist } = controller;
    blocklist.allow('198.51.100.9', 'our office');
    blocklist.block({ sources: ['203.0.113.7'], origin: 'person', reason: '', lasts: 90_500 });
    blocklist.block({ sources: ['2001:db8:bad::/48'], origin: 'list', reason: '' });
    blocklist.block({ sources: ['203.0.113.8'], origin: 'person', reason: '', guest: 'web' });
    const { status, text, headers } = await ask(server, { path });
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain/);
    expect(text.trim().split('\n').sort()).toEqual([
      'allow 198.51.100.9',
      'block 2001:db8:bad::/48 -',
      `block 203.0.113.7 ${Math.ceil((STARTED_AT + 90_500) / 1_000)}`,
    ]);

    const same = { path, headers: { 'if-none-match': headers.etag! } };
    expect(await ask(server, same)).toMatchObject({ status: 304, text: '' });
    blocklist.allow('198.51.100.10', '');
    expect(await ask(server, same)).toMatchObject({ status: 200 });
  });

  it('goes to a reader that goes away in the midst of it, and nothing is left of that', async () => {
    const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
    const sources = Array.from({ length: 400_000 }, (_, i) => address(i));
    const still = { verdict: undefined, guest: undefined, expires: undefined };
    const wish = { origin: 'list', reason: '', createdAt: STARTED_AT, ...still } as const;
    controller.network.update(blocklistChanged(blocked(wish, sources)));
    const reader = connect(portOf(server), '127.0.0.1');
    reader.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await new Promise((resolve) => reader.once('readable', resolve));
    expect(await connections()).toBe(1);
    reader.destroy();
    while ((await connections()) > 0) await delay(5);
    await delay(20);
    expect(unforeseen).toEqual([]);
    expect((await ask(server, { path })).text.split('\n')).toHaveLength(sources.length + 1);
  });
});

const connections = (): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
