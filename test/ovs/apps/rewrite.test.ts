/**
 * Relaying by rewriting, packet by packet, through real Open vSwitch: by the edge at the client's site, and by the
 * anchor where there is none.
 */
import { describe, expect, test } from 'vitest';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { icmp, tcp, udp, versions } from './talk.ts';

const bed = await bedOfFile();

const move = (to: 'a' | 'b' | 'c', admit: 'all' | 'established' = 'all'): Promise<void> =>
  bed.move('web', to, admit, 'rewrite');

describe.each(versions)('with an edge at the client’s site (%s)', (version) => {
  test('what was established goes straight to the new site and back, whoever speaks first', async () => {
    const datagrams = await udp(bed, { version, port: 9000 });
    const others = await udp(bed, { version, port: 9001 });
    const stream = await tcp(bed, { version, port: 80 });
    const silent = await tcp(bed, { version, port: 81 });
    const echo = await icmp(bed, { version });
    await move('b');
    const oldSite = await bed.room.tap('router', 'to-a');
    await echo.clientFirst('away');
    await datagrams.clientFirst('away');
    await others.guestFirst('away');
    await stream.clientFirst('away');
    await silent.guestFirst('away');
    await datagrams.guestFirst('again');
    expect(oldSite.passed('away', 'again')).toEqual([]);
  });

  test('a new connection to the home address goes straight there, too', async () => {
    await move('b');
    const oldSite = await bed.room.tap('router', 'to-a');
    const stream = await tcp(bed, { version, port: 80 });
    const datagrams = await udp(bed, { version, port: 9000 });
    await stream.clientFirst('again');
    await datagrams.guestFirst('again');
    expect(oldSite.passed('again')).toEqual([]);
  });

  test('what the guest begins is not taken for an old connection', async () => {
    await move('b');
    const listener = await bed.room.listen('client', address.client[version], 8080);
    const out = await bed.room.connect('web', address.guest('web')[version], address.client[version], 8080);
    const { stream, address: from } = await listener.accept();
    expect(from).toBe(bed.careOf('web', 'b')[version]);
    await out.write('question');
    await stream.read(8);

    const asked = await bed.room.udp('client', address.client[version], 5353);
    const asks = await bed.room.udp('web', address.guest('web')[version], 6000);
    await asks.send(address.client[version], 5353, 'one');
    const first = await asked.receive('one');
    expect(first.address).toBe(bed.careOf('web', 'b')[version]);
    await asked.send(first.address, first.port, 'answer');
    await asks.receive('answer');
  });

  test('connections of every place live on at every other, without a chain', async () => {
    const home = await tcp(bed, { version, port: 80 });
    const homeUdp = await udp(bed, { version, port: 9000 });
    const quiet = await tcp(bed, { version, port: 81 });
    const homeEcho = await icmp(bed, { version, from: 8 });
    await move('b');
    await home.clientFirst('at b');
    await homeUdp.guestFirst('at b');
    const atB = await tcp(bed, { version, port: 82, at: bed.careOf('web', 'b')[version] });
    const atBUdp = await udp(bed, { version, port: 9001, at: bed.careOf('web', 'b')[version] });
    const atBEcho = await icmp(bed, { version, at: bed.careOf('web', 'b')[version] });
    await move('c');
    const [a, b] = [await bed.room.tap('router', 'to-a'), await bed.room.tap('router', 'to-b')];
    await quiet.guestFirst('at c');
    await home.clientFirst('at c');
    await homeUdp.clientFirst('at c');
    await atB.guestFirst('at c');
    await atBUdp.guestFirst('at c');
    await homeEcho.clientFirst('at c');
    await atBEcho.clientFirst('at c');
    for (const tap of [a, b]) {
      expect(tap.passed('at c')).toEqual([]);
      await tap.close();
    }
    const atC = await tcp(bed, { version, port: 83, at: bed.careOf('web', 'c')[version] });
    await move('a');
    for (const talk of [home, homeUdp, quiet, atB, atBUdp, atC]) {
      await talk.guestFirst('back');
      await talk.clientFirst('back');
    }
    for (const echo of [homeEcho, atBEcho]) await echo.clientFirst('back');
  });

  test('an anchor that saw nothing of a connection for a megabyte carries it on', async () => {
    const stream = await tcp(bed, { version, port: 80 });
    await move('b');
    await stream.bulk(1_000_000);
    await move('a');
    await stream.bulk(300_000);
    await stream.guestFirst('at home');
  });

  test('with admit: established, the edge redirects what it knows and drops what is new', async () => {
    const stream = await tcp(bed, { version, port: 80 });
    await move('b', 'established');
    const refused = bed.room.connect(
      'client',
      address.client[version],
      address.guest('web')[version],
      80,
      0.3,
    );
    const oldSite = await bed.room.tap('router', 'to-a');
    const stranger = await bed.room.udp('client', address.client[version]);
    await stranger.send(address.guest('web')[version], 9000, 'let me in');
    await expect(refused).rejects.toThrow('timed out');
    await stream.clientFirst('away');
    expect(oldSite.passed('let me in')).toEqual([]);
  });

  test('an edge that has forgotten asks the anchors, and knows again', async () => {
    const stream = await tcp(bed, { version, port: 80 });
    const silent = await tcp(bed, { version, port: 81 });
    await move('b');
    await stream.clientFirst('away');
    await bed.fabric.flushZone('x', 2);
    await silent.guestFirst('by the anchor');
    await stream.clientFirst('by the anchor');
    await stream.clientFirst('known');
    const oldSite = await bed.room.tap('router', 'to-a');
    await stream.clientFirst('straight again');
    expect(oldSite.passed('straight again')).toEqual([]);
  });
});

describe.each(versions)('without an edge (%s)', (version) => {
  test('the anchor sends it on, and answers leave where the guest is', async () => {
    const client = 'stranger';
    const datagrams = await udp(bed, { version, client, port: 9000 });
    const others = await udp(bed, { version, client, port: 9001 });
    const stream = await tcp(bed, { version, client, port: 80 });
    const silent = await tcp(bed, { version, client, port: 81 });
    const echo = await icmp(bed, { version, client });
    await move('b');
    const oldSite = await bed.room.tap('router', 'to-a');
    await datagrams.clientFirst('away');
    await stream.clientFirst('away');
    expect(oldSite.passed('to away', 'from away')).toEqual(['to away']);
    await echo.clientFirst('away');
    await others.guestFirst('away');
    await silent.guestFirst('away');
    const fresh = await tcp(bed, { version, client, port: 82 });
    await fresh.guestFirst('new');
    // Of this much, each way, the anchor sees one direction only.
    await stream.bulk(600_000);
  });

  test('connections of every place live on at every other', async () => {
    const client = 'stranger';
    const home = await tcp(bed, { version, client, port: 80 });
    const homeUdp = await udp(bed, { version, client, port: 9000 });
    await move('b');
    await home.bulk(300_000);
    await homeUdp.guestFirst('at b');
    const atB = await tcp(bed, { version, client, port: 82, at: bed.careOf('web', 'b')[version] });
    await move('c');
    for (const talk of [home, homeUdp, atB]) {
      await talk.guestFirst('at c');
      await talk.clientFirst('at c again');
    }
    await atB.bulk(300_000);
    await move('a');
    for (const talk of [home, homeUdp, atB]) {
      await talk.guestFirst('back');
      await talk.clientFirst('back again');
    }
  });
});

describe.each(versions)('a way to relay for each move (%s)', (version) => {
  test('by rewriting, directly, through tunnels, and home', async () => {
    const talks = await Promise.all([
      tcp(bed, { version, port: 80 }),
      tcp(bed, { version, client: 'stranger', port: 81 }),
      udp(bed, { version, port: 9000 }),
      udp(bed, { version, client: 'stranger', port: 9001 }),
    ]);
    for (const [to, relay] of [
      ['b', 'rewrite'],
      ['c', 'direct'],
      ['b', 'tunnel'],
      ['c', 'rewrite'],
      ['a', 'tunnel'],
    ] as const) {
      await bed.move('web', to, 'all', relay);
      for (const talk of talks) {
        await talk.guestFirst(`${relay} ${to}`);
        await talk.clientFirst(`${relay} ${to}`);
      }
    }
  });
});

test('what is sent to an old place follows the guest to the next', async () => {
  const stream = await udp(bed, { version: 'ipv4', port: 9000 });
  await move('b');
  await stream.clientFirst('at b');
  // The edge does not know yet: its switchover is undone.
  const before = (await bed.ofctl('x', 'dump-flows', '--no-stats', 'table=25'))
    .split('\n')
    .filter((line) => line.includes('set_field:10.2'));
  await move('c');
  for (const line of before) {
    const flow = line
      .trim()
      .replace(/^cookie=\S+, /, '')
      .replace(/ actions=/, ',actions=');
    await bed.ofctl('x', 'mod-flows', '--strict', flow);
  }
  await bed.appctl('x', 'revalidator/purge');
  const b = await bed.room.tap('router', 'to-b');
  await stream.clientFirst('by way of b');
  expect(b.passed('to by way of b', 'from by way of b')).toEqual(['to by way of b']);
});
