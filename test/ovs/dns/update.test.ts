/**
 * Updates at a real BIND: what it takes and what it does not, and what is said then; a server that lies, stalls or is
 * away; and the whole way from a guest that moves to what a resolver hears.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { NamingService } from '../../../apps/naming/service.ts';
import { type Clock, systemClock } from '../../../controller/clock.ts';
import type { NameServer } from '../../../controller/dns/exchange.ts';
import type { NameUpdate } from '../../../controller/dns/message.ts';
import { updateName } from '../../../controller/dns/update.ts';
import { dns as limits } from '../../../controller/limits.ts';
import { delivered, placed } from '../../../controller/network/changes.ts';
import { declare } from '../../../controller/network/declare.ts';
import { Network } from '../../../controller/network/network.ts';
import { description } from '../../controller/network/sites.ts';
import { Bind, keyOf, reader, sha512, writer } from './bind.ts';

let bind: Bind;

beforeAll(async () => {
  bind = await Bind.start();
});

afterAll(async () => {
  await bind.end();
});

const to = (name: string, ...addresses: string[]): NameUpdate => ({
  zone: 'example.test',
  name: `${name}.example.test`,
  addresses,
  ttl: 1,
});
const update = (what: NameUpdate, key = writer, clock = systemClock): Promise<void> =>
  updateName(bind.server, key, what, clock);

describe('BIND', () => {
  it('has, after an update, these addresses and no others', async () => {
    await update(to('web', '10.1.0.100', '2001:db8:1::100'));
    expect(await bind.lookUp('web.example.test')).toEqual(['10.1.0.100 1', '2001:db8:1::100 1']);
    await update(to('web', '10.2.0.200', '10.2.0.201'));
    expect((await bind.lookUp('web.example.test')).sort()).toEqual(['10.2.0.200 1', '10.2.0.201 1']);
    await update(to('web'));
    expect(await bind.lookUp('web.example.test')).toEqual([]);
  });

  it('changes nothing when it is asked for what is there', async () => {
    await update(to('same', '10.1.0.100'));
    const serial = await bind.serial();
    await update(to('same', '10.1.0.100'));
    expect(await bind.serial()).toBe(serial);
    await update(to('same', '10.1.0.101'));
    expect(await bind.serial()).toBeGreaterThan(serial);
  });

  it('takes hmac-sha512, too', async () => {
    await update(to('long', '10.1.0.100'), sha512);
    expect(await bind.lookUp('long.example.test')).toEqual(['10.1.0.100 1']);
  });

  it('takes many at once', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, i) => update(to(`many-${i}`, `10.1.1.${i + 1}`))));
    expect(await bind.lookUp('many-49.example.test')).toEqual(['10.1.1.50 1']);
  });

  it.each([
    [
      'a key that it does not know',
      keyOf('nobody'),
      'DNS_SIGNATURE',
      /does not know key nobody .*BADKEY.*NOTAUTH$/,
    ],
    [
      'another secret',
      { ...writer, secret: Buffer.from('wrong') },
      'DNS_SIGNATURE',
      /has another secret for key writer \(BADSIG\); it says NOTAUTH$/,
    ],
    [
      'a key that may not',
      reader,
      'DNS_REFUSED',
      /did not update web.example.test: REFUSED; may the key update this name/,
    ],
  ])('refuses %s', async (_what, key, code, message) => {
    const before = await bind.serial();
    const told = expect.objectContaining({
      code,
      message: expect.stringMatching(message) as string,
    }) as Error;
    await expect(update(to('web', '10.9.9.9'), key)).rejects.toThrow(told);
    expect(await bind.serial()).toBe(before);
  });

  it('refuses what was signed at another time, and says by how much', async () => {
    const late: Clock = { ...systemClock, now: () => systemClock.now() - 1_000_000 };
    await expect(update(to('web', '10.9.9.9'), writer, late)).rejects.toThrow(
      /has a clock that differs from ours by (999|1000|1001) s \(BADTIME\)/,
    );
  });

  it('refuses a zone that is not its own', async () => {
    await expect(
      update({ ...to('web', '10.9.9.9'), zone: 'example.org', name: 'web.example.org' }),
    ).rejects.toThrow(expect.objectContaining({ code: 'DNS_REFUSED', rcode: 'NOTAUTH' }) as Error);
  });
});

describe('a server', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** One that does something else with what it is sent. */
  async function other(behave: (socket: Socket, message: Buffer) => void): Promise<NameServer> {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => behave(socket, data));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return { address: '127.0.0.1', port: typeof address === 'object' ? address!.port : 0 };
  }

  /** `data` as the body of an answer. */
  const answer = (data: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(data.length);
    return Buffer.concat([length, data]);
  };
  const asAnswer = (message: Buffer): Buffer => {
    const bytes = Buffer.from(message.subarray(2));
    bytes[2]! |= 0x80;
    return bytes;
  };

  test.each<[string, (socket: Socket, message: Buffer) => void, string, RegExp]>([
    ['that hangs up', (socket) => socket.end(), 'DNS_UNREACHABLE', /closed the connection without an answer/],
    ['that breaks off', (socket) => socket.resetAndDestroy(), 'DNS_UNREACHABLE', /ECONNRESET/],
    ['that answers nothing', (socket) => socket.write(Buffer.of(0, 0)), 'DNS_MESSAGE', /it is empty/],
    [
      'that answers nonsense',
      (socket) => socket.write(answer(Buffer.from('nonsense'))),
      'DNS_MESSAGE',
      /read/,
    ],
    [
      'that sends the question back',
      (socket, message) => socket.write(message),
      'DNS_MESSAGE',
      /it is a question/,
    ],
    [
      'that sends the question back as an answer',
      (socket, message) => socket.write(answer(asAnswer(message))),
      'DNS_SIGNATURE',
      /gave an answer whose signature is wrong/,
    ],
    [
      'that says yes without a signature',
      (socket, message) => {
        const bytes = asAnswer(message).subarray(0, 12);
        bytes.fill(0, 4);
        socket.write(answer(bytes));
      },
      'DNS_SIGNATURE',
      /gave an answer that is not signed; it says NOERROR/,
    ],
    [
      'that answers something else',
      (socket, message) => {
        const bytes = asAnswer(message);
        bytes[0]! ^= 1;
        socket.write(answer(bytes));
      },
      'DNS_MESSAGE',
      /it answers another question/,
    ],
  ])('%s', async (_what, behave, code, message) => {
    const server = await other(behave);
    const told = expect.objectContaining({
      code,
      message: expect.stringMatching(message) as string,
    }) as Error;
    await expect(updateName(server, writer, to('web', '10.9.9.9'), systemClock)).rejects.toThrow(told);
  });

  test('that stalls is given up in time', async () => {
    const server = await other((socket) => socket.write(Buffer.of(0)));
    const began = systemClock.now();
    await expect(updateName(server, writer, to('web', '10.9.9.9'), systemClock)).rejects.toThrow(
      /no answer within 2 s/,
    );
    expect(systemClock.now() - began).toBeGreaterThan(limits.answerTimeout - 10);
  });

  test('whose answer comes in pieces is heard', async () => {
    const server = await other((socket, message) => {
      // As BIND answers it, a byte at a time.
      void forward(bind.server, message).then(async (bytes) => {
        for (const byte of bytes) {
          socket.write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
    });
    await updateName(server, writer, to('pieces', '10.1.0.100'), systemClock);
    expect(await bind.lookUp('pieces.example.test')).toEqual(['10.1.0.100 1']);
  });
});

/** What the server answers to `message`, length and all. */
function forward({ address, port }: NameServer, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data);
    });
    socket.write(message);
  });
}

test('a guest that moves while the server is down is found where it is once the server is back', async () => {
  const said: string[] = [];
  const [guest] = description.guests;
  const network = new Network(
    declare({ ...description, guests: [{ ...guest!, dnsName: 'web.example.test' }] }),
  );
  network.update(placed('web', 'home-1'));
  const naming = new NamingService({
    network,
    zone: 'example.test',
    ttl: 1,
    update: (what) => update(what),
    clock: systemClock,
    onMoment: (moment) => moment.kind === 'name-published' && said.push(moment.addresses.join(' ')),
    onError: (error) => said.push(error.message),
    onRecovered: () => said.push('recovered'),
  });
  naming.start();
  try {
    await expect.poll(() => bind.lookUp('web.example.test')).toEqual(['10.1.0.101 1', '2001:db8:1::101 1']);
    await bind.stop();
    network.update((state) => withLeases(state, state.guests.get('web')!, 'away-1'));
    network.update(delivered('web', 'away-1'));
    await expect.poll(() => naming.report('web')?.problem).toMatch(/cannot be reached: connect ECONNREFUSED/);
    await bind.start();
    await expect
      .poll(() => bind.lookUp('web.example.test'), { timeout: 10_000 })
      .toEqual(['10.2.0.200 1', '2001:db8:2::200 1']);
    expect(said).toEqual([
      '10.1.0.101 2001:db8:1::101',
      expect.stringContaining(`name server 127.0.0.1:${bind.server.port} cannot be reached`),
      'recovered',
      '10.2.0.200 2001:db8:2::200',
    ]);
  } finally {
    naming.close();
  }
});
