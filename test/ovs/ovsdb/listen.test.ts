/** Real servers that connect to us, as after `ovs-vsctl set-manager`. */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  listen,
  openVSwitch,
  transaction,
  type HostSession,
  type OvsdbListener,
} from '../../../controller/ovsdb/index.ts';
import { makeCertificates, type Certificates } from './certificates.ts';
import { eventually, RealServer, removeDirectory, temporaryDirectory, tool } from './ovsdb-server.ts';

const directory = temporaryDirectory();
const managers = '--remote=db:Open_vSwitch,Open_vSwitch,manager_options';
const sslColumns = [
  '--private-key=db:Open_vSwitch,SSL,private_key',
  '--certificate=db:Open_vSwitch,SSL,certificate',
  '--ca-cert=db:Open_vSwitch,SSL,ca_cert',
];
let certificates: Certificates;
const hosts: RealServer[] = [];
const listeners: OvsdbListener[] = [];

beforeAll(async () => {
  certificates = await makeCertificates(directory);
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
afterAll(() => removeDirectory(directory));

async function addHost(systemId: string): Promise<RealServer> {
  const host = await RealServer.start({ args: () => [managers, ...sslColumns] });
  hosts.push(host);
  await vsctl(host, 'init');
  await vsctl(host, 'set', 'Open_vSwitch', '.', `external_ids:system-id=${systemId}`);
  return host;
}

function vsctl(host: RealServer, ...args: string[]): Promise<string> {
  return tool('ovs-vsctl', `--db=${host.remote}`, '--no-wait', ...args);
}

async function open(remote: string, options: { tls?: Certificates['server'] } = {}): Promise<OvsdbListener> {
  const listener = await listen({ remote, ...options });
  listeners.push(listener);
  return listener;
}

function nextSession(listener: OvsdbListener): Promise<HostSession> {
  return new Promise((resolve) => listener.on('session', resolve));
}

/** The active method of a passive address. */
function towards(address: string): string {
  const [, kind, port, host] = /^p(tcp|ssl):(\d+):(.*)$/.exec(address) ?? [];
  return `${kind ?? ''}:${host ?? ''}:${port ?? ''}`;
}

describe('hosts whose manager we are', () => {
  test('are told apart by their Open_vSwitch row', async () => {
    const listener = await open('ptcp:0:127.0.0.1');
    const names: (string | undefined)[] = [];
    listener.on('session', ({ identity }) => names.push(identity.systemId));
    for (const name of ['host-a', 'host-b']) {
      await vsctl(await addHost(name), 'set-manager', towards(listener.address));
    }
    await eventually('both hosts came', () => names.length === 2);
    expect(names.sort()).toEqual(['host-a', 'host-b']);
    expect(listener.sessions.size).toBe(2);
  });

  test('keep their session, replica and lock when they connect anew', async () => {
    const listener = await open('ptcp:0:127.0.0.1');
    const host = await addHost('host-c');
    const came = nextSession(listener);
    await vsctl(host, 'set-manager', towards(listener.address));
    const { client, identity } = await came;
    const replica = await client.replicate(openVSwitch, { Open_vSwitch: true, Bridge: true });
    const lock = client.lock('c');
    await lock.acquired();
    const log: string[] = [];
    replica.on('stale', () => log.push('stale'));
    replica.on('changes', ({ cause }) => log.push(cause));
    const back = new Promise((resolve) => replica.on('reconnected', resolve));

    await host.kill();
    await eventually('the host is away', () => client.status === 'waiting');
    expect(lock.held).toBe(false);
    await host.run();
    await back;
    expect(log).toEqual(['stale']);
    await lock.acquired();
    expect([...listener.sessions.keys()]).toEqual([identity.uuid]);

    const tx = transaction(openVSwitch);
    tx.mutate('Open_vSwitch', { _uuid: identity.uuid }, [['external_ids', 'insert', { seen: 'yes' }]]);
    await client.transact(tx);
    expect(await vsctl(host, 'get', 'Open_vSwitch', '.', 'external_ids:seen')).toBe('yes');
  });

  test('come by TLS, and only with our certificates', async () => {
    const listener = await open('pssl:0:127.0.0.1', { tls: certificates.server });
    const set = async (
      host: RealServer,
      { privateKey, certificate, caCertificate }: Certificates['client'],
    ) => {
      await vsctl(host, 'set-ssl', privateKey, certificate, caCertificate);
      await vsctl(host, 'set-manager', towards(listener.address));
    };
    const refused = new Promise((resolve) => listener.on('refused', ({ error }) => resolve(error)));
    const stranger = await addHost('stranger');
    await set(stranger, certificates.stranger);
    expect(await refused).toMatchObject({ code: 'OVSDB_CONNECT' });
    const friend = await addHost('friend');
    const came = nextSession(listener);
    await set(friend, certificates.client);
    expect((await came).identity.systemId).toBe('friend');
    expect(listener.sessions.size).toBe(1);
  });

  test('are refused when they have no row, or speak another language', async () => {
    const listener = await open('ptcp:0:127.0.0.1');
    const codes: unknown[] = [];
    listener.on('refused', ({ error }) => codes.push(error.code));
    // Not initialised: the server connects because its command line says so.
    const empty = await RealServer.start({ args: () => [`--remote=${towards(listener.address)}`] });
    hosts.push(empty);
    await eventually('the empty host was refused', () => codes.includes('OVSDB_UNSUITABLE_SERVER'));
    const [, port] = listener.address.split(':');
    const socket = dial(Number(port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(codes).toContain('OVSDB_FRAMING');
    expect(listener.sessions.size).toBe(0);
  });

  test('are forgotten when their client is closed', async () => {
    const listener = await open(`punix:${directory}/manager.sock`);
    const host = await addHost('host-d');
    const came = nextSession(listener);
    await vsctl(host, 'set-manager', `unix:${directory}/manager.sock`);
    const first = await came;
    const again = nextSession(listener);
    await first.client.close();
    const second = await again;
    expect(second.identity.uuid).toBe(first.identity.uuid);
    expect(second.client).not.toBe(first.client);
    expect(second.client.status).toBe('connected');
  });

  test('an address that is taken is an error', async () => {
    const listener = await open('ptcp:0:127.0.0.1');
    await expect(listen({ remote: listener.address })).rejects.toMatchObject({ code: 'OVSDB_CONNECT' });
    await expect(listen({ remote: 'tcp:127.0.0.1:1' })).rejects.toMatchObject({
      code: 'OVSDB_CONFIGURATION',
    });
    await expect(listen({ remote: 'pssl:0:127.0.0.1' })).rejects.toMatchObject({
      code: 'OVSDB_CONFIGURATION',
    });
  });
});
