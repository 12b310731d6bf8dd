import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { procedures } from '../../../controller/libvirt/procedures.ts';
import { RpcConnection } from '../../../controller/libvirt/rpc-connection.ts';
import { parseLibvirtUri } from '../../../controller/libvirt/uri.ts';
import { FakeLibvirtd } from './fake-libvirtd.ts';
import type { FakeCall } from './fake-libvirtd.ts';
import { ManualClock } from './manual-clock.ts';

let fake: FakeLibvirtd;
let clock: ManualClock;
let rpc: RpcConnection;

beforeEach(async () => {
  fake = await FakeLibvirtd.start();
  clock = new ManualClock();
  const { endpoint } = parseLibvirtUri(fake.uri);
  const socket = connect({ path: (endpoint as { path: string }).path });
  await once(socket, 'connect');
  rpc = new RpcConnection(socket, { clock, peer: 'fake', requestsInFlight: 1, onEvent: () => undefined });
});

afterEach(async () => {
  rpc.close();
  await fake.stop();
});

const hostname = (timeoutMs?: number): Promise<string> =>
  rpc.call(procedures.connectGetHostname, undefined, { timeoutMs });

describe('a call that waits for its turn', () => {
  it('says, when it has waited too long, that it was not sent', async () => {
    let first: FakeCall | undefined;
    fake.on('connectGetHostname', (call) => (first = call));
    const sent = hostname();
    const waiting = expect(
      rpc.call(procedures.connectGetUri, undefined, { timeoutMs: 1_000 }),
    ).rejects.toMatchObject({
      code: 'LIBVIRT_TIMEOUT',
      message: expect.stringContaining('it was not sent') as string,
    });
    await fake.until(() => first !== undefined);
    clock.advance(1_000);
    await waiting;
    first!.reply((w) => w.string('hv', 10));
    expect(await sent).toBe('hv');
    expect(fake.last.calls).toEqual(['connectGetHostname']);
  });

  it('goes when the one before it could not be written', async () => {
    fake.on('connectGetHostname', (call) => call.reply((w) => w.string('hv', 10)));
    const bad = expect(rpc.call(procedures.domainLookupByUuid, { uuid: 'x' })).rejects.toMatchObject({
      code: 'LIBVIRT_ARGUMENT',
    });
    expect(await hostname()).toBe('hv');
    await bad;
  });

  it('is refused when too many wait already', async () => {
    const calls = Array.from({ length: 32_770 }, () => hostname());
    const outcomes = Promise.allSettled(calls);
    await expect(calls.at(-1)).rejects.toMatchObject({ code: 'LIBVIRT_BUSY' });
    rpc.close();
    const codes = (await outcomes).map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'none',
    );
    expect(codes.filter((code) => code === 'LIBVIRT_BUSY')).toHaveLength(1);
    expect(codes.filter((code) => code === 'LIBVIRT_CLOSED')).toHaveLength(32_769);
  });
});

describe('a connection', () => {
  it('ends when every place for a call is lost to one without a reply', async () => {
    const outcome = expect(hostname(1_000)).rejects.toMatchObject({ code: 'LIBVIRT_TIMEOUT' });
    await fake.until(() => fake.last.calls.length === 1);
    clock.advance(1_000);
    await outcome;
    await expect(rpc.closed).resolves.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'us' });
  });

  it('answers no call after its end', async () => {
    rpc.close();
    await expect(hostname()).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'us' });
    expect(rpc.isOpen).toBe(false);
  });
});
