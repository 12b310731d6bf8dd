/**
 * What becomes of connections when their guest moves, packet by packet, through real Open vSwitch.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { graceSet } from '../../../controller/network/changes.ts';
import { address, mac } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { ipv4At, tcp4, tcpFlags4 } from './frames.ts';
import type { Datagrams } from './room.ts';

const bed = await bedOfFile();

const versions = ['ipv4', 'ipv6'] as const;
const SERVICE = 80;
const any = { ipv4: '0.0.0.0', ipv6: '::' } as const;

/** Two UDP sockets that have exchanged a datagram: a connection, as conntrack sees it. */
async function conversation(version: (typeof versions)[number], at = address.guest('web')[version]) {
  const server = await bed.room.udp('web', any[version], 9000);
  const client = await bed.room.udp('client', address.client[version]);
  await client.send(at, 9000, 'hello');
  const { address: from, port } = await server.receive('hello');
  await server.send(from, port, 'welcome');
  expect(await client.receive('welcome')).toMatchObject({ address: at, port: 9000 });
  const close = async (): Promise<void> => {};
  return { server, client, from, port, at, close };
}
type Conversation = Awaited<ReturnType<typeof conversation>>;

/** Both ways, the client first; the answer comes from the address that the client knows. */
async function clientSpeaks({ server, client, from, port, at }: Conversation, text: string): Promise<void> {
  await client.send(at, 9000, `to ${text}`);
  expect(await server.receive(`to ${text}`)).toMatchObject({ address: from, port });
  await server.send(from, port, `from ${text}`);
  expect(await client.receive(`from ${text}`)).toMatchObject({ address: at, port: 9000 });
}

/** Both ways, the guest first. */
async function guestSpeaks({ server, client, from, port, at }: Conversation, text: string): Promise<void> {
  await server.send(from, port, `first ${text}`);
  expect(await client.receive(`first ${text}`)).toMatchObject({ address: at, port: 9000 });
  await client.send(at, 9000, `then ${text}`);
  expect(await server.receive(`then ${text}`)).toMatchObject({ address: from, port });
}

/** A TCP connection that has carried data both ways. */
async function tcp(version: (typeof versions)[number], at = address.guest('web')[version]) {
  const listener = await bed.room.listen('web', any[version], SERVICE);
  const client = await bed.room.connect('client', address.client[version], at, SERVICE);
  const { stream: server } = await listener.accept();
  await listener.close();
  const swap = async (text: string): Promise<void> => {
    await client.write(`to ${text}`);
    expect((await server.read(text.length + 3)).toString()).toBe(`to ${text}`);
    await server.write(`from ${text}`);
    expect((await client.read(text.length + 5)).toString()).toBe(`from ${text}`);
  };
  await swap('begin');
  const close = async (): Promise<void> => {};
  return { client, server, swap, close };
}

async function flows(host: 'a' | 'b' | 'c'): Promise<number> {
  const dump = await bed.ofctl(host, 'dump-flows', '--no-stats');
  return dump.split('\n').filter((line) => line.includes('actions=')).length;
}

describe.each(versions)('%s', (version) => {
  test('what was established lives on through the anchor, whoever speaks first', async () => {
    const one = await conversation(version);
    const other = await conversation2(version, 9001);
    const stream = await tcp(version);
    await bed.move('web', 'b');
    await clientSpeaks(one, 'away');
    await other.guestFirst('away');
    await stream.server.write('guest first');
    expect((await stream.client.read(11)).toString()).toBe('guest first');
    await stream.swap('away');
  });

  test('a new connection to the home address is relayed', async () => {
    await bed.move('web', 'b');
    const one = await conversation(version);
    await clientSpeaks(one, 'again');
    const stream = await tcp(version);
    await stream.swap('again');
  });

  test('a new connection to the care-of address reaches the guest, and its answers come from there', async () => {
    await bed.move('web', 'b');
    const one = await conversation(version, bed.careOf('web', 'b')[version]);
    await clientSpeaks(one, 'again');
    const stream = await tcp(version, bed.careOf('web', 'b')[version]);
    await stream.swap('again');
  });

  test('what the guest opens away from home comes from its care-of address', async () => {
    await bed.move('web', 'b');
    const listener = await bed.room.listen('client', address.client[version], 8080);
    const out = await bed.room.connect('web', address.guest('web')[version], address.client[version], 8080);
    const { stream, address: from } = await listener.accept();
    expect(from).toBe(bed.careOf('web', 'b')[version]);
    await out.write('question');
    await stream.read(8);
    await stream.write('answer');
    await out.read(6);

    const asked = await bed.room.udp('client', address.client[version], 5353);
    const asks = await bed.room.udp('web', address.guest('web')[version], 6000);
    // Twice before there is an answer: the second must not be asked about again, nor come from elsewhere.
    await asks.send(address.client[version], 5353, 'one');
    await asks.send(address.client[version], 5353, 'two');
    const first = await asked.receive('one');
    expect(first.address).toBe(bed.careOf('web', 'b')[version]);
    expect(await asked.receive('two')).toEqual({ ...first, text: 'two' });
    await asked.send(first.address, first.port, 'answer');
    await asks.receive('answer');
  });

  test('connections of every place live on at every other, without a chain', async () => {
    const home = await conversation(version);
    const homeTcp = await tcp(version);
    await bed.move('web', 'b');
    await clientSpeaks(home, 'at b');
    const atB = await conversation2(version, 9001, bed.careOf('web', 'b')[version]);
    const atBTcp = await tcp(version, bed.careOf('web', 'b')[version]);
    const opened = await bed.room.listen('client', address.client[version], 8080);
    const fromB = await bed.room.connect('web', address.guest('web')[version], address.client[version], 8080);
    const { stream: fromBClient } = await opened.accept();
    await fromBClient.write('hello');
    await fromB.read(5);

    await bed.move('web', 'c');
    const b = await bed.room.tap('router', 'to-b');
    await homeTcp.server.write('first');
    await homeTcp.client.read(5);
    await clientSpeaks(home, 'at c');
    await guestSpeaks(home, 'at c');
    // The home anchor asks no other: nothing of home's connections passes b.
    expect(b.frames((frame) => frame.includes('at c'))).toEqual([]);
    await b.close();
    await atB.guestFirst('at c');
    await atBTcp.server.write('first');
    await atBTcp.client.read(5);
    await atBTcp.swap('at c');
    await fromB.write('guest first');
    await fromBClient.read(11);
    const atC = await tcp(version, bed.careOf('web', 'c')[version]);

    await bed.move('web', 'a');
    await homeTcp.swap('back');
    await guestSpeaks(home, 'back');
    await atB.guestFirst('back');
    await atBTcp.server.write('first');
    await atBTcp.client.read(5);
    await atBTcp.swap('back');
    await fromB.write('guest first');
    await fromBClient.read(11);
    await atC.swap('back');
    const fresh = await tcp(version);
    await fresh.swap('back');
  });

  test('with admit: established, the anchor relays what it knows and drops what is new', async () => {
    const one = await conversation(version);
    const stream = await tcp(version);
    await bed.move('web', 'b', 'established');
    const stranger = await bed.room.udp('client', address.client[version]);
    await stranger.send(address.guest('web')[version], 9000, 'let me in');
    const refused = bed.room.connect(
      'client',
      address.client[version],
      address.guest('web')[version],
      SERVICE,
      0.3,
    );
    await expect(refused).rejects.toThrow('timed out');
    await clientSpeaks(one, 'away');
    await stream.swap('away');
    expect(one.server.arrived()).toEqual([]);
    const invited = await conversation2(version, 9001, bed.careOf('web', 'b')[version]);
    await invited.guestFirst('at the care-of address');
  });

  test('what reaches the old place after the guest has left follows it', async () => {
    const one = await conversation(version);
    await bed.move('web', 'b');
    await clientSpeaks(one, 'at b');
    // The home anchor does not know yet: its switchover is lost, b's is not.
    const anchors = await bed.prepare('web', 'c');
    await bed.stop('web');
    await anchors.commit();
    await bed.run('web', 'c');
    bed.phase('web', 'c', 'relaying');
    await bed.settled();
    await bed.ofctl('a', 'mod-flows', deliverTo('b'));
    await bed.appctl('a', 'revalidator/purge');
    await clientSpeaks(one, 'by way of b');
    await bed.ofctl('a', 'mod-flows', deliverTo('c'));
  });
});

test('two bridges that each think the guest at the other do not send its packets to and fro for ever', async () => {
  await bed.move('web', 'b');
  await bed.move('web', 'c');
  // The home anchor relays to b; b, which has not heard that the guest left c for home, forwards to a.
  const forward = (to: 'a' | 'b'): string => `set_field:${address.underlay(to)}->tun_dst`;
  const flowsOf = async (host: 'a' | 'b', table: number): Promise<string[]> =>
    (await bed.ofctl(host, 'dump-flows', '--no-stats', `table=${table}`))
      .split('\n')
      .filter((line) => line.includes('reg0=0x1'));
  for (const [host, to] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    for (const table of [40, 41]) {
      for (const line of await flowsOf(host, table)) {
        const changed = line
          .trim()
          .replace(/set_field:[0-9.]+->tun_dst/, forward(to))
          .replace(/^cookie=\S+, /, '');
        await bed.ofctl(host, 'mod-flows', '--strict', changed.replace(/ actions=/, ',actions='));
      }
    }
    await bed.appctl(host, 'revalidator/purge');
  }
  const a = await bed.room.tap('router', 'to-a');
  const stranger = await bed.room.udp('client', address.client.ipv4);
  await stranger.send(address.guest('web').ipv4, 9000, 'to and fro');
  const ttl = (frame: Buffer): number | undefined =>
    frame.includes('to and fro') ? frame[14 + 20 + 8 + 8 + 14 + 8] : undefined;
  await a.frame('the last round', (frame) => ttl(frame) === 1 || ttl(frame) === 2);
});

/** A conversation on a port of its own. */
async function conversation2(
  version: (typeof versions)[number],
  port: number,
  at = address.guest('web')[version],
) {
  const server: Datagrams = await bed.room.udp('web', any[version], port);
  const client = await bed.room.udp('client', address.client[version]);
  await client.send(at, port, 'hello');
  const peer = await server.receive('hello');
  await server.send(peer.address, peer.port, 'welcome');
  await client.receive('welcome');
  return {
    guestFirst: async (text: string) => {
      await server.send(peer.address, peer.port, `first ${text}`);
      expect(await client.receive(`first ${text}`)).toMatchObject({ address: at, port });
      await client.send(at, port, `then ${text}`);
      expect(await server.receive(`then ${text}`)).toMatchObject({ address: peer.address, port: peer.port });
    },
    close: async () => {},
  };
}

/** What the home anchor does with packets to the first guest, as OVS's own tool takes it. */
function deliverTo(host: 'b' | 'c'): string {
  const actions = [
    `set_field:${bed.network.state.guests.get('web')!.interfaces[0]!.mac}->eth_dst`,
    'set_field:0->reg5',
    'set_field:0x10001->tun_id',
    `set_field:${address.underlay(host)}->tun_dst`,
    'goto_table:60',
  ];
  return `table=40,reg0=1,actions=${actions.join()}`;
}

test('a guest without a care-of address opens its connections by way of its home', async () => {
  await bed.move('web', 'b');
  bed.network.update((state) => {
    const [home, away] = state.anchors.get(1)!;
    return { ...state, anchors: new Map(state.anchors).set(1, [home!, { ...away!, addresses: {} }]) };
  });
  await bed.settled();
  for (const version of versions) {
    const listener = await bed.room.listen('client', address.client[version], 8080);
    const out = await bed.room.connect('web', address.guest('web')[version], address.client[version], 8080);
    const { stream, address: from } = await listener.accept();
    expect(from).toBe(address.guest('web')[version]);
    await stream.write('hello');
    await out.read(5);

    const asked = await bed.room.udp('client', address.client[version], 5353);
    const asks = await bed.room.udp('web', address.guest('web')[version], 6000);
    const router = await bed.room.tap('router', 'to-a');
    for (const text of ['one', 'two']) {
      await asks.send(address.client[version], 5353, text);
      expect(await asked.receive(text)).toMatchObject({ address: address.guest('web')[version], port: 6000 });
    }
    await asked.send(address.guest('web')[version], 6000, 'answer');
    await asks.receive('answer');
    // It went one way: neither bridge has sent it to the other again.
    const carried = router.frames((frame) => frame.subarray(-3).toString() === 'one');
    expect(carried.length).toBeLessThanOrEqual(3);
  }
});

test('the answer to a SYN from before the move finds its anchor', async () => {
  // The segments are made by hand, since a real client would send its SYN again, which mends it all.
  const [syn, synAck] = [0x02, 0x12];
  const before = await bed.room.tap('web', 'a0');
  const after = await bed.room.tap('web', 'b0');
  const client = await bed.room.tap('client', 'eth0');
  await bed.room.run('web', ['ip', 'route', 'add', 'blackhole', '203.0.113.0/24']);
  const [there, here] = [address.guest('web').ipv4, address.client.ipv4];
  const toRouter = { ethFrom: await bed.macOf('client', 'eth0'), ethTo: await bed.macOf('router', 'to-x') };
  await client.inject(
    tcp4({ from: here, to: there, ...toRouter }, [4000, 81], { flags: syn, sequence: 1, acknowledges: 0 }),
  );
  await before.frame('the SYN', (frame) => tcpFlags4(frame) === syn);
  await bed.move('web', 'b');
  const toGateway = { ethFrom: mac('web'), ethTo: await bed.macOf('router', 'to-a') };
  await after.inject(
    tcp4({ from: there, to: here, ...toGateway }, [81, 4000], {
      flags: synAck,
      sequence: 7,
      acknowledges: 2,
    }),
  );
  const answer = await client.frame('the SYN|ACK', (frame) => tcpFlags4(frame) === synAck);
  expect(ipv4At(answer, 26)).toBe(there);
});

test('a guest that comes again is tracked anew: its relay zone is empty', async () => {
  const one = await conversation('ipv4');
  await bed.move('web', 'b');
  await clientSpeaks(one, 'at b');
  const zone3 = async (): Promise<string[]> =>
    (await bed.appctl('b', 'dpctl/dump-conntrack')).split('\n').filter((line) => line.includes('zone=3'));
  expect(await zone3()).toEqual([expect.stringContaining('mark=1')]);
  await bed.move('web', 'c');
  await bed.move('web', 'b');
  expect(await zone3()).toEqual([]);
  await guestSpeaks(one, 'again');
});

test('connections add no flows', async () => {
  await bed.move('web', 'b');
  const before = [await flows('a'), await flows('b'), await flows('c')];
  const open = [await conversation('ipv4')];
  const server = open[0]!;
  for (let i = 0; i < 50; i++) {
    const client = await bed.room.udp('client', address.client.ipv4);
    await client.send(address.guest('web').ipv4, 9000, `number ${i}`);
    const { port } = await server.server.receive(`number ${i}`);
    await server.server.send(address.client.ipv4, port, `answer ${i}`);
    await client.receive(`answer ${i}`);
  }
  expect([await flows('a'), await flows('b'), await flows('c')]).toEqual(before);
});

describe('after a restart of Open vSwitch, when its conntrack is empty', () => {
  const forget = async (host: 'a' | 'b'): Promise<void> => {
    for (const zone of [2, 3]) await bed.fabric.flushZone(host, zone);
    bed.network.update(graceSet(host, 1));
    await bed.settled();
  };
  afterEach(() => bed.network.update(graceSet('a', 0)));

  test.each(versions)('connections to the services of a guest at home go on (%s)', async (version) => {
    const stream = await tcp(version);
    await forget('a');
    await stream.server.write('guest first');
    await stream.client.read(11);
    await stream.swap('again');
  });

  test.each(versions)('connections that are relayed go on (%s)', async (version) => {
    const stream = await tcp(version);
    await bed.move('web', 'b');
    await stream.swap('away');
    await forget('a');
    await stream.swap('after the anchor’s restart'.replace('’', ''));
    await forget('b');
    bed.network.update(graceSet('b', 0));
    await bed.settled();
    await stream.server.write('guest first');
    await stream.client.read(11);
    await stream.swap('after that of the host');
  });

  test.each(versions)('those of another anchor are not taken for those of home (%s)', async (version) => {
    await bed.move('web', 'b');
    const stream = await tcp(version, bed.careOf('web', 'b')[version]);
    await bed.move('web', 'a');
    await forget('a');
    await stream.server.write('guest first');
    await stream.client.read(11);
    await stream.swap('again');
  });
});
