import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDomain, writeDomain } from '../../../controller/libvirt/domain-ref.ts';
import { LibvirtSession } from '../../../controller/libvirt/index.ts';
import type { SessionNotification } from '../../../controller/libvirt/index.ts';
import { guestXml } from './behaviour.ts';
import { addFakeDomains } from './fake-domains.ts';
import { FakeLibvirtd } from './fake-libvirtd.ts';
import { ManualClock } from './manual-clock.ts';

let fake: FakeLibvirtd;
let clock: ManualClock;
let session: LibvirtSession;
let log: SessionNotification[];
let notified: () => void;

beforeEach(async () => {
  fake = await FakeLibvirtd.start();
  addFakeDomains(fake);
  clock = new ManualClock();
  log = [];
  notified = () => undefined;
  session = new LibvirtSession(fake.uri, {
    clock,
    random: () => 1,
    keepalive: false,
    backoff: { minMs: 100, maxMs: 1_000 },
    events: ['lifecycle'],
    monitorEvents: ['STOP'],
    onNotification: (notification) => {
      log.push(notification);
      notified();
    },
  });
});

afterEach(async () => {
  await session.stop();
  await fake.stop();
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => (notified = resolve));
}

const types = (): string[] => log.map(({ type }) => type);

describe('a session', () => {
  it('registers before it reads the list, and reports both together', async () => {
    session.start();
    await until(() => log.length === 1);
    expect(log[0]).toMatchObject({ type: 'resynced', domains: [] });
    const { calls } = fake.last;
    expect(calls.indexOf('connectListAllDomains')).toBeGreaterThan(
      calls.indexOf('qemuConnectDomainMonitorEventRegister'),
    );
    expect(session.client?.isOpen).toBe(true);
  });

  it('hands on events, and after an outage the domains as they are then', async () => {
    session.start();
    await until(() => types().includes('resynced'));
    const { client } = session;
    const domain = await client!.domainCreateXml(guestXml('a', '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab'));
    await until(() => types().filter((type) => type === 'event').length === 2);
    fake.last.socket.destroy();
    await until(() => types().includes('disconnected'));
    expect(session.client).toBeUndefined();
    expect(log.at(-1)).toMatchObject({
      type: 'disconnected',
      error: { code: 'LIBVIRT_CLOSED' },
      retryInMs: 100,
    });
    clock.advance(100);
    await until(() => types().filter((type) => type === 'resynced').length === 2);
    expect(log.at(-1)).toMatchObject({ domains: [{ domain, state: 'running', reason: 'booted' }] });
    await session.client!.domainSuspend(domain);
    await until(() => types().slice(-2).join() === 'event,event');
    expect(log.slice(-2)).toMatchObject([{ event: { event: 'STOP' } }, { event: { event: 'suspended' } }]);
  });

  it('waits longer after each failure, and starts over after a success', async () => {
    fake.on('connectOpen', (call) => call.fail(5, 'no hypervisor'));
    session.start();
    for (const [index, wait] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
      await until(() => log.length === index + 1);
      expect(log.at(-1)).toMatchObject({
        type: 'disconnected',
        retryInMs: wait,
        error: { errorName: 'VIR_ERR_NO_CONNECT' },
      });
      if (index === 5) fake.on('connectOpen', (call) => call.reply());
      clock.advance(wait - 1);
      expect(log).toHaveLength(index + 1);
      clock.advance(1);
    }
    await until(() => types().at(-1) === 'resynced');
    fake.last.socket.destroy();
    await until(() => types().at(-1) === 'disconnected');
    expect(log.at(-1)).toMatchObject({ retryInMs: 100 });
  });

  it('holds back what happens while it reads the list until the list is out', async () => {
    const guest = { name: 'g', uuid: '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab', id: 1 };
    fake.on('connectListAllDomains', (call) => {
      call.connection.sendEvent(318, (w) => {
        w.int(0);
        writeDomain(w, guest);
        w.int(2);
        w.int(0);
      });
      call.reply((w) => {
        w.array([guest], 10, writeDomain);
        w.uint(1);
      });
    });
    fake.on('domainGetState', (call) => {
      expect(readDomain(call.args)).toEqual(guest);
      call.reply((w) => {
        w.int(1);
        w.int(1);
      });
    });
    session.start();
    await until(() => log.length === 2);
    expect(log).toMatchObject([
      { type: 'resynced', domains: [{ domain: guest, state: 'running' }] },
      { type: 'event', event: { event: 'started' } },
    ]);
  });

  it('leaves out a domain that ends between the list and the question for its state', async () => {
    fake.on('connectListAllDomains', (call) =>
      call.reply((w) => {
        w.array([{ name: 'g', uuid: '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab', id: 1 }], 10, writeDomain);
        w.uint(1);
      }),
    );
    session.start();
    await until(() => log.length === 1);
    expect(log[0]).toMatchObject({ type: 'resynced', domains: [] });
  });

  it('is silent once it is stopped, even in the middle of connecting', async () => {
    fake.on('connectListAllDomains', () => undefined);
    session.start();
    await fake.until(() => fake.connections[0]?.calls.includes('connectListAllDomains') === true);
    await session.stop();
    expect(log).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('stops while it waits to try again, and can be started anew', async () => {
    fake.on('connectOpen', (call) => call.fail(5, 'no hypervisor'));
    session.start();
    await until(() => log.length === 1);
    await session.stop();
    clock.advance(10_000);
    expect(fake.connections).toHaveLength(1);
    fake.on('connectOpen', (call) => call.reply());
    session.start();
    await until(() => types().at(-1) === 'resynced');
    expect(fake.connections).toHaveLength(2);
  });
});
