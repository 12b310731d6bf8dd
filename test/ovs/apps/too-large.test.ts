/**
 * Full-size packets meet a tunnel that takes less: whoever sent them is told, and goes on with smaller ones.
 * Whether an answer is right is for Linux to say: it lowers the path's MTU only if the quotation is of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { switches as limits } from '../../../controller/limits.ts';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { icmpType4, icmpType6, ipv4At } from './frames.ts';
import type { Stream } from './room.ts';

const bed = await bedOfFile();

/** 1,500 less the inner Ethernet header, Geneve, UDP and the outer IPv4 header. */
const FITS = 1450;
const BULK = 20_000;
const FULL = 1514;
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;
const FLOOD = 1_000;
const any = { ipv4: '0.0.0.0', ipv6: '::' } as const;

async function connection(
  version: 'ipv4' | 'ipv6',
  at: string,
  from: 'client' | 'stranger' = 'client',
): Promise<{ client: Stream; server: Stream }> {
  const listener = await bed.room.listen('web', any[version], 80);
  const client = await bed.room.connect(from, address[from][version], at, 80);
  const { stream: server } = await listener.accept();
  await client.write('hello');
  await server.read(5);
  await server.write('hello');
  await client.read(5);
  return { client, server };
}

async function bulk(from: Stream, to: Stream): Promise<void> {
  await from.write(new Uint8Array(BULK));
  await to.read(BULK);
}

const pathMtu = async (namespace: string, to: string): Promise<number> =>
  Number(/ mtu (\d+)/.exec(await bed.room.run(namespace, ['ip', 'route', 'get', to]))?.[1] ?? 1500);

const isFull = (frame: Buffer): boolean => frame.length === FULL;
const isTold = {
  ipv4: (frame: Buffer): boolean => icmpType4(frame) === 3,
  ipv6: (frame: Buffer): boolean => icmpType6(frame) === 2,
} as const;

describe.each(['ipv4', 'ipv6'] as const)('%s', (version) => {
  test('a client of the home address is told', async () => {
    const home = address.guest('web')[version];
    const { client, server } = await connection(version, home);
    await bed.move('web', 'b');
    const tap = await bed.room.tap('client', 'eth0');
    await bulk(client, server);
    expect(await pathMtu('client', home)).toBe(FITS);
    await expectAnswer(tap, home);
  });

  test('a client of a care-of address is told, of the packet as it sent it', async () => {
    await bed.move('web', 'b');
    const careOf = bed.careOf('web', 'b')[version];
    const { client, server } = await connection(version, careOf);
    await bed.move('web', 'c');
    const tap = await bed.room.tap('client', 'eth0');
    await bulk(client, server);
    expect(await pathMtu('client', careOf)).toBe(FITS);
    await expectAnswer(tap, careOf);
  });

  test('so is one that the guest has called from its care-of address', async () => {
    await bed.move('web', 'b');
    const listener = await bed.room.listen('client', address.client[version], 8080);
    const guest = await bed.room.connect('web', address.guest('web')[version], address.client[version], 8080);
    const { stream: client } = await listener.accept();
    await bed.move('web', 'c');
    await bulk(client, guest);
    expect(await pathMtu('client', bed.careOf('web', 'b')[version])).toBe(FITS);
  });

  test('the guest is told, though it speaks first', async () => {
    const { client, server } = await connection(version, address.guest('web')[version]);
    await bed.move('web', 'b');
    await bulk(server, client);
    expect(await pathMtu('web', address.client[version])).toBe(FITS);
  });

  test('at home, and to a care-of address where the guest is, full size fits', async () => {
    const atHome = await connection(version, address.guest('web')[version]);
    await bulk(atHome.client, atHome.server);
    await bulk(atHome.server, atHome.client);
    await bed.room.reset();
    await bed.move('web', 'b');
    const away = await connection(version, bed.careOf('web', 'b')[version]);
    await bulk(away.client, away.server);
    await bulk(away.server, away.client);
    expect(await pathMtu('client', bed.careOf('web', 'b')[version])).toBe(1500);
    expect(await pathMtu('web', address.client[version])).toBe(1500);
  });

  test.each(['client', 'stranger'] as const)(
    'by rewriting, full size fits on the way of a %s',
    async (from) => {
      const home = address.guest('web')[version];
      const { client, server } = await connection(version, home, from);
      await bed.move('web', 'b', 'all', 'rewrite');
      const [toClient, toGuest] = [await bed.room.tap(from, 'eth0'), await bed.room.tap('web', 'b0')];
      await bulk(client, server);
      await bulk(server, client);
      expect(await pathMtu(from, home)).toBe(1500);
      expect(await pathMtu('web', address[from][version])).toBe(1500);
      for (const tap of [toClient, toGuest]) await tap.frame('a frame of full size', isFull);
    },
  );

  test('a thousand in a second are told of as the meter allows', async () => {
    const home = address.guest('web')[version];
    const server = await bed.room.udp('web', any[version], 9000);
    const client = await bed.room.udp('client', address.client[version], 5000);
    const tap = await bed.room.tap('client', 'eth0');
    await client.send(home, 9000, 'x'.repeat(FULL - 14 - IP_HEADER[version] - 8));
    await server.send(address.client[version], 5000, 'known');
    await client.receive('known');
    const [frame] = tap.framesSent(isFull);
    await bed.move('web', 'b');
    // As long ago as fills the meter's bucket, which earlier tests have taken from.
    await sleep(1_000);

    const began = performance.now();
    for (let sent = 0; sent < FLOOD; sent += FLOOD / 50) {
      await Promise.all(Array.from({ length: FLOOD / 50 }, () => tap.inject(frame!)));
      await sleep(Math.max(0, began + (1_000 * sent) / FLOOD - performance.now()));
    }
    const seconds = (performance.now() - began) / 1_000;
    await sleep(500);
    const answers = tap.frames(isTold[version]).length;
    const { tooLargePerSecond: rate } = limits;
    // A bucket holds a second's worth.
    expect(answers).toBeLessThanOrEqual(rate * (1 + seconds) + 1);
    expect(answers).toBeGreaterThan(rate);
  });

  async function expectAnswer(tap: Awaited<ReturnType<typeof bed.room.tap>>, to: string): Promise<void> {
    if (version === 'ipv4') {
      const answer = await tap.frame('fragmentation needed', isTold.ipv4);
      expect([answer[35], answer.readUInt16BE(40)]).toEqual([4, FITS]);
      expect([ipv4At(answer, 54), ipv4At(answer, 58)]).toEqual([address.client.ipv4, to]);
    } else {
      const answer = await tap.frame('packet too big', isTold.ipv6);
      expect([answer[55], answer.readUInt32BE(58)]).toEqual([0, FITS]);
      expect(answer.length).toBeLessThanOrEqual(14 + 1280);
    }
  }
});
