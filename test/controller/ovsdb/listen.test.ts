/** Hosts that connect to us and then do not do what OVS does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listen, type OvsdbListener } from '../../../controller/ovsdb/index.ts';
import { FakeClock } from './fake-clock.ts';
import { id } from './notes-schema.ts';
import { ScriptedPeer, silence, type Method } from './scripted-server.ts';

let directory: string;
let listener: OvsdbListener;
let clock: FakeClock;
const hosts: Socket[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'listen-'));
  clock = new FakeClock();
  listener = await listen({ remote: `punix:${join(directory, 'sock')}`, clock });
});
afterEach(async () => {
  for (const socket of hosts.splice(0)) socket.destroy();
  await listener.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A host that answers `transact` as told. */
function comeAs(transact: Method, methods: Record<string, Method> = {}): ScriptedPeer {
  const socket = dial({ path: join(directory, 'sock') });
  hosts.push(socket);
  return new ScriptedPeer(socket, () => ({ echo: (params) => params, transact, ...methods }));
}

const row = (n: number, systemId = `host-${n}`) => ({
  _uuid: ['uuid', id(n)],
  external_ids: ['map', [['system-id', systemId]]],
});
const identity =
  (n: number): Method =>
  () => [{ rows: [row(n)] }];

function refusals(): unknown[] {
  const codes: unknown[] = [];
  listener.on('refused', ({ error }) => codes.push(error.code));
  return codes;
}

describe('a host that connects', () => {
  const wrong: [string, Method, string][] = [
    ['has no row', () => [{ rows: [] }], 'OVSDB_UNSUITABLE_SERVER'],
    ['has a row that is none', () => [{ rows: [{ _uuid: 'x' }] }], 'OVSDB_MALFORMED_VALUE'],
    ['answers nonsense', () => 'nonsense', 'OVSDB_PROTOCOL'],
    ['refuses to answer', () => [{ error: 'permission error' }], 'OVSDB_PERMISSION'],
    ['hangs up', (_, peer) => (peer.socket.destroy(), silence), 'OVSDB_DISCONNECTED'],
    ['floods', (_, peer) => (peer.socket.write('{'.repeat(1000)), silence), 'OVSDB_FRAMING'],
  ];
  test.each(wrong)('and %s is refused', async (_, transact, code) => {
    const codes = refusals();
    comeAs(transact);
    await vi.waitFor(() => expect(codes).toEqual([code]));
    expect(listener.sessions.size).toBe(0);
  });

  test('and says nothing is given up in time', async () => {
    const codes = refusals();
    const host = comeAs(() => silence);
    await vi.waitFor(() => expect(host.count('transact')).toBe(1));
    clock.pass(9_999);
    expect(codes).toEqual([]);
    clock.pass(1);
    expect(codes).toEqual(['OVSDB_TIMEOUT']);
  });

  test('and tells who it is has a session, which a later connection takes over', async () => {
    const hosts_: unknown[] = [];
    listener.on('session', ({ identity: { systemId } }) => hosts_.push(systemId));
    const first = comeAs(identity(1));
    comeAs(identity(2));
    await vi.waitFor(() => expect(hosts_.sort()).toEqual(['host-1', 'host-2']));
    const session = listener.sessions.get(id(1) as never)!;
    const log: string[] = [];
    session.client.on('disconnected', () => log.push('disconnected'));
    session.client.on('connected', () => log.push('connected'));
    // The host comes again while its old connection still seems to live, as after its crash.
    const second = comeAs(identity(1));
    await vi.waitFor(() => expect(log).toEqual(['disconnected', 'connected']));
    await vi.waitFor(() => expect(first.socket.destroyed).toBe(true));
    expect(second.socket.destroyed).toBe(false);
    expect(listener.sessions.size).toBe(2);
    expect(hosts_).toHaveLength(2);
  });

  test('and falls silent is probed, then waited for', async () => {
    const host = comeAs(identity(1), { echo: () => silence });
    await vi.waitFor(() => expect(listener.sessions.size).toBe(1));
    const { client } = listener.sessions.get(id(1) as never)!;
    clock.pass(5_000);
    await vi.waitFor(() => expect(host.count('echo')).toBe(1));
    expect(client.status).toBe('connected');
    clock.pass(5_000);
    await vi.waitFor(() => expect(client.status).toBe('waiting'));
    expect(client.lastError).toMatchObject({ code: 'OVSDB_INACTIVE' });
  });
});
