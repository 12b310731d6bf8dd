import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryPoolXml, LibvirtClient, LibvirtSession } from '../../../controller/libvirt/index.ts';
import type { LibvirtEvent, SessionNotification } from '../../../controller/libvirt/index.ts';
import { behavesLikeLibvirtd, eventually, guestXml } from '../../controller/libvirt/behaviour.ts';
import { PrivateLibvirtd } from './private-libvirtd.ts';

const uuid = 'c0ffee00-0000-4000-8000-0000000000aa';

let pki: string;
let daemon: PrivateLibvirtd;

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: pki, stdio: 'pipe' });
}

function certificate(name: string, ca: string, extension: string): void {
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}key.pem`,
    '-out',
    'req.pem',
    '-subj',
    `/CN=${name}`,
  );
  writeFileSync(join(pki, 'ext'), extension);
  openssl(
    'x509',
    '-req',
    '-in',
    'req.pem',
    '-CA',
    `${ca}cert.pem`,
    '-CAkey',
    `${ca}key.pem`,
    '-days',
    '2',
    '-out',
    `${name}cert.pem`,
    '-extfile',
    'ext',
  );
}

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}key.pem`,
    '-out',
    `${name}cert.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  );
}

beforeAll(async () => {
  pki = mkdtempSync(join(tmpdir(), 'libvirt-pki-'));
  authority('ca');
  authority('stranger');
  certificate('server', 'ca', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  certificate('client', 'ca', 'extendedKeyUsage=clientAuth');
  certificate('intruder', 'stranger', 'extendedKeyUsage=clientAuth');
  daemon = await PrivateLibvirtd.start({
    hostname: 'hv-one',
    hostUuid: '11111111-2222-4333-8444-000000000001',
    conf: `listen_tls = 1
auth_tls = "none"
ca_file = "${pki}/cacert.pem"
cert_file = "${pki}/servercert.pem"
key_file = "${pki}/serverkey.pem"
`,
  });
});

afterAll(async () => {
  await daemon.stop();
  rmSync(pki, { recursive: true });
});

describe('a real libvirtd', () => {
  behavesLikeLibvirtd(() => daemon.uri);
});

describe('events that others cause', () => {
  it('are of every kind that the client knows', async () => {
    const client = await LibvirtClient.connect(daemon.uri);
    const [image, copy, tablet] = ['a.raw', 'b.raw', 'tablet.xml'].map((name) => join(pki, name));
    writeFileSync(image!, Buffer.alloc(1 << 20, 1));
    writeFileSync(tablet!, "<input type='tablet' bus='usb'><alias name='ua-tablet'/></input>");
    const disk = `<disk type='file' device='disk'><source file='${image!}'/><target dev='vda' bus='virtio'/></disk>`;
    const domain = await client.domainCreateXml(
      guestXml('busy', uuid).replace('<devices>', `<devices>${disk}`),
    );
    const seen: LibvirtEvent[] = [];
    for (const kind of ['block-job', 'device-added', 'device-removed', 'reboot'] as const) {
      await client.subscribe(kind, (event) => seen.push(event), domain);
    }
    await daemon.virsh('attach-device', 'busy', tablet!);
    await daemon.virsh('detach-device', 'busy', tablet!);
    await daemon.virsh('reset', 'busy');
    await daemon.virsh('blockcopy', 'busy', 'vda', copy!, '--wait', '--pivot', '--transient-job');
    await eventually(() => seen.some((event) => event.kind === 'block-job' && event.status === 'completed'));
    await eventually(() => seen.some((event) => event.kind === 'device-removed'));
    const base = { domain, receivedAt: expect.any(Number) as number };
    for (const event of [
      { kind: 'device-added', device: 'ua-tablet' },
      { kind: 'device-removed', device: 'ua-tablet' },
      { kind: 'reboot' },
      { kind: 'block-job', disk: 'vda', type: 'copy', status: 'ready' },
      { kind: 'block-job', disk: 'vda', type: 'copy', status: 'completed' },
    ]) {
      expect(seen).toContainEqual({ ...base, ...event });
    }
    await client.domainDestroy(domain);
    await client.close();
  });
});

describe('a storage pool', () => {
  it('is found by its directory while it runs, and made with it', async () => {
    const client = await LibvirtClient.connect(daemon.uri);
    const directory = join(pki, 'images', 'a & b');
    await expect(client.storagePoolLookupByTargetPath(directory)).rejects.toMatchObject({
      errorName: 'VIR_ERR_NO_STORAGE_POOL',
    });
    const pool = await client.storagePoolCreateXml(directoryPoolXml('copies', directory), {
      withBuild: true,
    });
    expect(pool.name).toBe('copies');
    expect(existsSync(directory)).toBe(true);
    expect(await client.storagePoolLookupByTargetPath(directory)).toEqual(pool);
    await client.storagePoolDestroy(pool);
    await expect(client.storagePoolLookupByTargetPath(directory)).rejects.toMatchObject({
      errorName: 'VIR_ERR_NO_STORAGE_POOL',
    });
    expect(existsSync(directory)).toBe(true);
    await client.close();
  });
});

describe('over TCP', () => {
  it('is reached at its port', async () => {
    const client = await LibvirtClient.connect(`qemu+tcp://127.0.0.1:${await daemon.forward(16_509)}/system`);
    expect(await client.connectGetHostname()).toBe('hv-one');
    await client.close();
  });
});

describe('over TLS', () => {
  let port: number;

  beforeAll(async () => {
    port = await daemon.forward(16_514);
  });

  const pem = (name: string): string => readFileSync(join(pki, `${name}.pem`), 'utf8');

  it('lets in a client whose certificate its CA signed', async () => {
    const client = await LibvirtClient.connect(`qemu+tls://localhost:${port}/system?pkipath=${pki}`);
    expect(await client.connectGetHostname()).toBe('hv-one');
    await client.close();
  });

  it('takes the credentials as texts too', async () => {
    const tls = { ca: pem('cacert'), cert: pem('clientcert'), key: pem('clientkey') };
    const client = await LibvirtClient.connect(`qemu://127.0.0.1:${port}/system`, { tls });
    expect(await client.connectGetLibVersion()).toMatchObject({ major: 9 });
    await client.close();
  });

  it('hangs up on a certificate of another CA, and on none', async () => {
    const uri = `qemu+tls://localhost:${port}/system`;
    const strange = { ca: pem('cacert'), cert: pem('intrudercert'), key: pem('intruderkey') };
    await expect(LibvirtClient.connect(uri, { tls: strange })).rejects.toMatchObject({
      code: 'LIBVIRT_CONNECT',
    });
    await expect(LibvirtClient.connect(uri, { tls: { ca: pem('cacert') } })).rejects.toMatchObject({
      code: 'LIBVIRT_CONNECT',
    });
  });

  it('is not trusted when another CA signed its certificate, or when its name is another', async () => {
    const credentials = { cert: pem('clientcert'), key: pem('clientkey') };
    const uri = `qemu+tls://localhost:${port}/system`;
    const untrusting = LibvirtClient.connect(uri, { tls: { ...credentials, ca: pem('strangercert') } });
    await expect(untrusting).rejects.toMatchObject({ code: 'LIBVIRT_CONNECT' });
    const misnamed = LibvirtClient.connect(uri, {
      tls: { ...credentials, ca: pem('cacert'), servername: 'elsewhere' },
    });
    await expect(misnamed).rejects.toMatchObject({ code: 'LIBVIRT_CONNECT' });
  });
});

describe('limits', () => {
  it('are those of libvirtd: it hangs up on a longer message, and waits for the rest of the longest', async () => {
    const outcome = async (length: number): Promise<string> => {
      const socket = connectSocket(daemon.socket);
      socket.on('error', () => undefined);
      const head = Buffer.alloc(28);
      head.writeUInt32BE(length);
      socket.write(head);
      const closed = new Promise<string>((resolve) => socket.on('close', () => resolve('closed')));
      const waits = new Promise<string>((resolve) => setTimeout(() => resolve('waits'), 500));
      const result = await Promise.race([closed, waits]);
      socket.destroy();
      return result;
    };
    expect(await outcome(33_554_436)).toBe('waits');
    expect(await outcome(33_554_437)).toBe('closed');
  });

  it('of requests at once leave room for keepalives while QEMU hangs', async () => {
    const keepalive = { intervalMs: 300, count: 2 };
    const client = await LibvirtClient.connect(daemon.uri, { keepalive, callTimeoutMs: 60_000 });
    const domain = await client.domainCreateXml(guestXml('hanging', uuid), { paused: true });
    const [qemu] = await daemon.pids('qemu');
    process.kill(qemu!, 'SIGSTOP');
    const stuck = Promise.all(
      Array.from({ length: 8 }, () => client.qemuDomainMonitorCommand(domain, 'info status', { hmp: true })),
    );
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(client.isOpen).toBe(true);
    process.kill(qemu!, 'SIGCONT');
    expect(await stuck).toHaveLength(8);
    await client.domainDestroy(domain);
    await client.close();
  });
});

describe('a session', () => {
  it('finds the guests again when libvirtd was killed and came back', async () => {
    const log: SessionNotification[] = [];
    const session = new LibvirtSession(daemon.uri, {
      events: ['lifecycle', 'job-completed'],
      monitorEvents: ['STOP', 'RESUME'],
      onNotification: (notification) => log.push(notification),
    });
    const types = (): string[] => log.map(({ type }) => type);
    session.start();
    await eventually(() => types().includes('resynced'));
    const domain = await session.client!.domainCreateXml(guestXml('survivor', uuid));
    await daemon.restart();
    await eventually(() => types().filter((type) => type === 'resynced').length === 2);
    expect(types()).toContain('disconnected');
    expect(log.findLast(({ type }) => type === 'resynced')).toMatchObject({
      domains: [{ domain, state: 'running' }],
    });
    log.length = 0;
    // libvirtd lists a guest before it has found back to QEMU. This waits until it has; a destruction would not, and
    // would find the guest gone by its own doing.
    const status = await session.client!.qemuDomainMonitorCommand(domain, 'info status', { hmp: true });
    expect(status).toContain('VM status: running');
    await session.client!.domainDestroy(domain);
    await eventually(() =>
      log.some((n) => n.type === 'event' && n.event.kind === 'lifecycle' && n.event.event === 'stopped'),
    );
    await session.stop();
  });
});

describe('authentication', () => {
  it('by SASL is named when it is demanded', async () => {
    const strict = await PrivateLibvirtd.start({
      hostname: 'hv-strict',
      hostUuid: '11111111-2222-4333-8444-000000000002',
      conf: 'auth_unix_rw = "sasl"',
    });
    try {
      const refused = await LibvirtClient.connect(strict.uri).then(
        () => 'it let us in',
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({ code: 'LIBVIRT_AUTH' });
    } finally {
      await strict.stop();
    }
  });
});
