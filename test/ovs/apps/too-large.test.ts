/**
 * Full-size packets meet a tunnel that takes less: whoever sent them is told, and goes on with smaller ones.
 * Whether an answer is right is for Linux to say: it lowers the path's MTU only if the quotation is of its own.
 */
import { describe, expect, test } from 'vitest';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { icmpType4, icmpType6, ipv4At } from './frames.ts';
import type { Stream } from './room.ts';

const bed = await bedOfFile();

/** 1,500 less the inner Ethernet header, Geneve, UDP and the outer IPv4 header. */
const FITS = 1450;
const BULK = 20_000;
const any = { ipv4: '0.0.0.0', ipv6: '::' } as const;

async function connection(version: 'ipv4' | 'ipv6', at: string): Promise<{ client: Stream; server: Stream }> {
  const listener = await bed.room.listen('web', any[version], 80);
  const client = await bed.room.connect('client', address.client[version], at, 80);
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

  async function expectAnswer(tap: Awaited<ReturnType<typeof bed.room.tap>>, to: string): Promise<void> {
    if (version === 'ipv4') {
      const answer = await tap.frame('fragmentation needed', (frame) => icmpType4(frame) === 3);
      expect([answer[35], answer.readUInt16BE(40)]).toEqual([4, FITS]);
      expect([ipv4At(answer, 54), ipv4At(answer, 58)]).toEqual([address.client.ipv4, to]);
    } else {
      const answer = await tap.frame('packet too big', (frame) => icmpType6(frame) === 2);
      expect([answer[55], answer.readUInt32BE(58)]).toEqual([0, FITS]);
      expect(answer.length).toBeLessThanOrEqual(14 + 1280);
    }
  }
});
