import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { writeDomain } from '../../../controller/libvirt/domain-ref.ts';
import { LibvirtClient } from '../../../controller/libvirt/index.ts';
import type {
  ConnectOptions,
  DomainEventOf,
  LibvirtEvent,
  LifecycleEvent,
} from '../../../controller/libvirt/index.ts';
import { messageTypes, programs } from '../../../controller/libvirt/message.ts';
import { behavesLikeLibvirtd } from './behaviour.ts';
import { addFakeDomains } from './fake-domains.ts';
import { FakeLibvirtd } from './fake-libvirtd.ts';
import type { FakeCall } from './fake-libvirtd.ts';
import { ManualClock } from './manual-clock.ts';

const guest = { name: 'g', uuid: '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab', id: 1 } as const;

let fake: FakeLibvirtd;
const clients: LibvirtClient[] = [];

beforeEach(async () => {
  fake = await FakeLibvirtd.start();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await fake.stop();
});

async function connect(options: ConnectOptions = {}): Promise<LibvirtClient> {
  const client = await LibvirtClient.connect(fake.uri, options);
  clients.push(client);
  return client;
}

describe('a fake libvirtd', () => {
  beforeEach(() => addFakeDomains(fake));
  behavesLikeLibvirtd(() => fake.uri);
});

describe('connecting', () => {
  it('asks how to authenticate, then for keepalives, then opens the hypervisor', async () => {
    await connect();
    expect(fake.last.calls).toEqual(['authList', 'connectSupportsFeature', 'connectOpen']);
  });

  it('says so when there is no daemon', async () => {
    await expect(LibvirtClient.connect('qemu+unix:///system?socket=/nowhere/sock')).rejects.toMatchObject({
      code: 'LIBVIRT_CONNECT',
      message: expect.stringContaining('cannot connect to libvirt at /nowhere/sock') as string,
    });
  });

  it('says so when nobody listens at a port', async () => {
    // Port 1 of the loopback: tcpmux, which no machine has run for decades.
    await expect(LibvirtClient.connect('qemu+tcp://127.0.0.1:1/system')).rejects.toMatchObject({
      code: 'LIBVIRT_CONNECT',
      message: expect.stringContaining('tcp:127.0.0.1:1') as string,
    });
  });

  it('says so when SASL is demanded', async () => {
    fake.on('authList', (call) => call.reply((w) => w.array([1], 20, (x, v) => x.int(v))));
    await expect(connect()).rejects.toMatchObject({
      code: 'LIBVIRT_AUTH',
      message: expect.stringContaining('it demands SASL') as string,
    });
  });

  it('asks polkit when that is demanded', async () => {
    fake.on('authList', (call) => call.reply((w) => w.array([2], 20, (x, v) => x.int(v))));
    fake.on('authPolkit', (call) => call.reply((w) => w.int(1)));
    await connect();
    expect(fake.last.calls).toContain('authPolkit');
  });

  it('says so when an unknown authentication is demanded', async () => {
    fake.on('authList', (call) => call.reply((w) => w.array([9], 20, (x, v) => x.int(v))));
    await expect(connect()).rejects.toMatchObject({ code: 'LIBVIRT_AUTH' });
  });

  it('gives up in time on a daemon that takes the connection and says nothing', async () => {
    fake.on('authList', () => undefined);
    const clock = new ManualClock();
    const connecting = LibvirtClient.connect(fake.uri, { clock, connectTimeoutMs: 5_000 });
    const outcome = expect(connecting).rejects.toMatchObject({ code: 'LIBVIRT_CONNECT' });
    await fake.until(() => fake.connections[0]?.calls.length === 1);
    clock.advance(5_000);
    await outcome;
    expect(clock.pending).toBe(0);
  });

  it('can be called off', async () => {
    fake.on('authList', () => undefined);
    const abort = new AbortController();
    const connecting = LibvirtClient.connect(fake.uri, { signal: abort.signal });
    const outcome = expect(connecting).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'us' });
    await fake.until(() => fake.connections[0]?.calls.length === 1);
    abort.abort();
    await outcome;
  });
});

describe('replies', () => {
  it('find their calls in whatever order they come', async () => {
    const client = await connect();
    const held: FakeCall[] = [];
    fake.on('domainLookupById', (call) => {
      held.push(call);
      if (held.length < 3) return;
      for (const each of held.reverse()) {
        const id = each.args.int();
        each.reply((w) => writeDomain(w, { ...guest, id }));
      }
    });
    const found = await Promise.all([1, 2, 3].map((id) => client.domainLookupById(id)));
    expect(found.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it('may come byte by byte', async () => {
    const client = await connect({ keepalive: false });
    fake.on('connectGetHostname', (call) => {
      const { socket } = call.connection;
      const write = socket.write.bind(socket);
      socket.write = (bytes: Buffer) => {
        for (const byte of bytes) write(Buffer.of(byte));
        return true;
      };
      call.reply((w) => w.string('hv', 10));
    });
    expect(await client.connectGetHostname()).toBe('hv');
  });

  it('that come after their call was given up are dropped', async () => {
    const clock = new ManualClock();
    const client = await connect({ clock, keepalive: false, callTimeoutMs: 1_000 });
    let late: FakeCall | undefined;
    fake.on('connectGetHostname', (call) => {
      if (late === undefined) late = call;
      else call.reply((w) => w.string('second', 10));
    });
    const outcome = expect(client.connectGetHostname()).rejects.toMatchObject({
      code: 'LIBVIRT_TIMEOUT',
      message: expect.stringContaining('the daemon may still carry it out') as string,
    });
    await fake.until(() => late !== undefined);
    clock.advance(1_000);
    await outcome;
    late!.reply((w) => w.string('first', 10));
    expect(await client.connectGetHostname()).toBe('second');
  });

  it('that none of several calls gets make the client hang up', async () => {
    const clock = new ManualClock();
    const client = await connect({ clock, keepalive: false, callTimeoutMs: 1_000 });
    fake.on('connectGetHostname', () => undefined);
    const outcomes = Promise.allSettled(Array.from({ length: 10 }, () => client.connectGetHostname()));
    await fake.until(() => fake.last.calls.filter((name) => name === 'connectGetHostname').length === 4);
    clock.advance(1_000);
    await outcomes;
    await expect(client.closed).resolves.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'us' });
    expect(clock.pending).toBe(0);
  });

  it('that cannot be read fail their call, and only it', async () => {
    const client = await connect();
    fake.on('connectGetHostname', (call) => call.reply((w) => w.uint(4_000_000)));
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_XDR_TRUNCATED' });
    fake.on('connectGetHostname', (call) => call.reply((w) => w.string('hv', 10)));
    expect(await client.connectGetHostname()).toBe('hv');
  });

  const lies: [what: string, lie: (call: FakeCall) => void][] = [
    [
      'a serial that was never sent',
      (call) => call.connection.send({ ...call.header, type: 1, serial: 77_777 }),
    ],
    ['another procedure', (call) => call.connection.send({ ...call.header, type: 1, procedure: 1 })],
    ['another program', (call) => call.connection.send({ ...call.header, type: 1, program: programs.qemu })],
    ['another version', (call) => call.connection.send({ ...call.header, type: 1, version: 2 })],
    ['a call of its own', (call) => call.connection.send(call.header)],
    ['a stream', (call) => call.connection.send({ ...call.header, type: messageTypes.stream })],
    ['file descriptors', (call) => call.connection.send({ ...call.header, type: messageTypes.replyWithFds })],
    [
      'a keepalive that is a reply',
      (call) => call.connection.send({ ...call.header, program: programs.keepalive, type: 1 }),
    ],
    ['a length of nothing', (call) => call.connection.socket.write(Buffer.alloc(28))],
    ['a length of 4 GiB', (call) => call.connection.socket.write(Buffer.alloc(28, 0xff))],
    ['HTTP', (call) => call.connection.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'an event that cannot be read',
      (call) =>
        call.connection.sendEvent(318, (w) => {
          w.int(1);
          w.uint(0xffff_ffff);
        }),
    ],
  ];
  for (const [what, lie] of lies) {
    it(`that are ${what} end the connection by name`, async () => {
      const client = await connect();
      fake.on('connectGetHostname', lie);
      await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_PROTOCOL' });
      await expect(client.closed).resolves.toMatchObject({ code: 'LIBVIRT_PROTOCOL' });
    });
  }

  it('with a status that none has fail their call', async () => {
    const client = await connect();
    fake.on('connectGetHostname', (call) => call.connection.send({ ...call.header, type: 1, status: 2 }));
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_PROTOCOL' });
  });
});

describe('calls', () => {
  it('are with the daemon four at a time, the others waiting their turn', async () => {
    const client = await connect();
    const held: FakeCall[] = [];
    fake.on('domainLookupById', (call) => held.push(call));
    const results = Promise.all([1, 2, 3, 4, 5, 6].map((id) => client.domainLookupById(id)));
    await fake.until(() => held.length === 4);
    fake.last.sendPing();
    await fake.until(() => fake.last.pongs === 1);
    expect(held).toHaveLength(4);
    const answer = (call: FakeCall): void =>
      call.reply((w) => writeDomain(w, { ...guest, id: call.args.int() }));
    answer(held[2]!);
    await fake.until(() => held.length === 5);
    for (const call of [held[0]!, held[1]!, held[3]!, held[4]!]) answer(call);
    await fake.until(() => held.length === 6);
    answer(held[5]!);
    expect((await results).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('are refused before they are sent when their arguments are none', async () => {
    const client = await connect();
    await expect(client.domainLookupByUuid('not one')).rejects.toMatchObject({ code: 'LIBVIRT_ARGUMENT' });
    await expect(client.domainMigrateSetMaxDowntime(guest, -1)).rejects.toMatchObject({
      code: 'LIBVIRT_ARGUMENT',
    });
    await expect(client.domainDestroy(guest, { gracefully: true } as object)).rejects.toMatchObject({
      code: 'LIBVIRT_ARGUMENT',
    });
    expect(fake.last.calls).not.toContain('domainLookupByUuid');
  });

  it('fail with the connection', async () => {
    const client = await connect();
    fake.on('connectGetHostname', (call) => call.connection.socket.destroy());
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'peer' });
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED' });
    expect(client.isOpen).toBe(false);
  });

  it('fail when the daemon hangs up in the middle of a message', async () => {
    const client = await connect();
    fake.on('connectGetHostname', (call) => call.connection.socket.end(Buffer.from('00000030', 'hex')));
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'peer' });
  });
});

describe('keepalives', () => {
  it('of the daemon are answered', async () => {
    await connect();
    fake.last.sendPing();
    await fake.until(() => fake.last.pongs === 1);
    expect(fake.last.pongs).toBe(1);
  });

  it('of ours go out in silence, and keep a connection that answers them', async () => {
    const clock = new ManualClock();
    const client = await connect({ clock, keepalive: { intervalMs: 1_000, count: 2 } });
    fake.on('connectGetHostname', (call) => call.reply((w) => w.string('hv', 10)));
    for (let pings = 1; pings <= 5; pings += 1) {
      clock.advance(1_000);
      await fake.until(() => fake.last.pings === pings);
      // The reply comes after the pong, so the pong has arrived too.
      await client.connectGetHostname();
    }
    expect(client.isOpen).toBe(true);
  });

  it('that are not answered end the connection by name', async () => {
    const clock = new ManualClock();
    const client = await connect({ clock, keepalive: { intervalMs: 1_000, count: 2 } });
    fake.last.answersPings = false;
    fake.on('connectGetHostname', () => undefined);
    const outcome = expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_KEEPALIVE' });
    await fake.until(() => fake.last.calls.includes('connectGetHostname'));
    clock.advance(2_999);
    expect(client.isOpen).toBe(true);
    clock.advance(1);
    await outcome;
    expect(clock.pending).toBe(0);
  });

  it('are not sent to a daemon that does not know them', async () => {
    fake.on('connectSupportsFeature', (call) => call.reply((w) => w.int(0)));
    const clock = new ManualClock();
    await connect({ clock });
    expect(clock.pending).toBe(0);
  });
});

describe('events', () => {
  const sendLifecycle = (callbackId: number, event: number): void =>
    fake.last.sendEvent(318, (w) => {
      w.int(callbackId);
      writeDomain(w, guest);
      w.int(event);
      w.int(0);
    });

  it('that come before the reply to their registration are not lost', async () => {
    const client = await connect();
    const seen: LibvirtEvent[] = [];
    fake.on('connectDomainEventCallbackRegisterAny', (call) => {
      sendLifecycle(5, 2);
      sendLifecycle(6, 3);
      call.reply((w) => w.int(5));
      sendLifecycle(5, 4);
    });
    await client.subscribe('lifecycle', (event) => seen.push(event));
    fake.on('connectGetHostname', (call) => call.reply((w) => w.string('hv', 10)));
    await client.connectGetHostname();
    expect(seen).toMatchObject([{ event: 'started' }, { event: 'resumed' }]);
  });

  it('that nobody asked for, or that are newer than we are, are dropped', async () => {
    const client = await connect();
    fake.on('connectGetHostname', (call) => {
      sendLifecycle(1, 2);
      call.connection.sendEvent(9_999, (w) => w.int(1));
      call.connection.sendEvent(1, () => undefined, 0x1234);
      call.reply((w) => w.string('hv', 10));
    });
    expect(await client.connectGetHostname()).toBe('hv');
  });

  it('tell when the daemon itself has lost the hypervisor', async () => {
    const client = await connect();
    fake.on('connectRegisterCloseCallback', (call) => {
      call.reply();
      call.connection.sendEvent(362, (w) => w.int(2));
    });
    const reason = await new Promise((resolve, reject) => {
      client.onHypervisorClosed(resolve).catch(reject);
    });
    expect(reason).toBe('keepalive');
  });
});

describe('the types of events', () => {
  it('tell which details an event has', () => {
    expectTypeOf<DomainEventOf<'lifecycle'>['kind']>().toEqualTypeOf<'lifecycle'>();
    type Details<E extends LifecycleEvent['event']> = Extract<
      LifecycleEvent,
      { readonly event: E }
    >['detail'];
    expectTypeOf<Details<'resumed'>>().toEqualTypeOf<
      'unpaused' | 'migrated' | 'from_snapshot' | 'postcopy' | 'postcopy_failed' | 'unknown'
    >();
    expectTypeOf<Details<'shutdown'>>().toEqualTypeOf<'finished' | 'guest' | 'host' | 'unknown'>();
  });
});

describe('a migration', () => {
  it('has a connection of its own, which it leaves free of time limits and closes at its end', async () => {
    const clock = new ManualClock();
    const client = await connect({ clock, keepalive: false });
    let migration: FakeCall | undefined;
    fake.on('domainMigratePerform3Params', (call) => (migration = call));
    fake.on('connectGetHostname', (call) => call.reply((w) => w.string('hv', 10)));
    const done = client.migrate(guest, { destination: 'qemu+tcp://hv2/system', flags: { live: true } });
    await fake.until(() => migration !== undefined);
    clock.advance(86_400_000);
    expect(await client.connectGetHostname()).toBe('hv');
    expect(fake.connections).toHaveLength(2);
    expect(migration!.connection).toBe(fake.connections[1]);
    migration!.reply((w) => w.uint(0));
    await done;
    expect(fake.connections[1]!.calls.at(-1)).toBe('connectClose');
  });

  it('that fails says why', async () => {
    const client = await connect();
    fake.on('domainMigratePerform3Params', (call) => call.fail(78, 'operation aborted'));
    await expect(
      client.migrate(guest, { destination: 'qemu+tcp://hv2/system', flags: {} }),
    ).rejects.toMatchObject({
      errorName: 'VIR_ERR_OPERATION_ABORTED',
      about: 'g',
      procedure: 'domain_migrate_perform3_params',
    });
  });
});
