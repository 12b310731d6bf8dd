import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeDomain, LibvirtClient, XmlDocument } from '../../../controller/libvirt/index.ts';
import type { DomainRef, LibvirtEvent } from '../../../controller/libvirt/index.ts';
import { eventually, guestXml } from '../../controller/libvirt/behaviour.ts';
import { joinNetworks, PrivateLibvirtd } from './private-libvirtd.ts';

const uuid = 'c0ffee00-0000-4000-8000-0000000000bb';
const options = { destination: 'qemu+tcp://10.77.0.2/system', uri: 'tcp://10.77.0.2' } as const;
const daemons: PrivateLibvirtd[] = [];
let source: LibvirtClient;
let destination: LibvirtClient;
let seen: { readonly at: 'source' | 'destination'; readonly event: LibvirtEvent }[] = [];

beforeAll(async () => {
  for (const [hostname, digit] of [
    ['hv-source', '3'],
    ['hv-destination', '4'],
  ] as const) {
    const hostUuid = `11111111-2222-4333-8444-00000000000${digit}`;
    daemons.push(await PrivateLibvirtd.start({ hostname, hostUuid }));
  }
  await joinNetworks(daemons[0]!, daemons[1]!);
  source = await LibvirtClient.connect(daemons[0]!.uri);
  destination = await LibvirtClient.connect(daemons[1]!.uri);
  for (const [at, client] of [
    ['source', source],
    ['destination', destination],
  ] as const) {
    for (const kind of ['lifecycle', 'migration-iteration', 'job-completed'] as const) {
      await client.subscribe(kind, (event) => seen.push({ at, event }));
    }
    for (const name of ['STOP', 'RESUME'])
      await client.subscribeMonitor(name, (event) => seen.push({ at, event }));
  }
});

afterAll(async () => {
  for (const daemon of daemons) await daemon.stop();
});

beforeEach(async () => {
  for (const client of [source, destination]) {
    for (const domain of await client.connectListAllDomains()) await client.domainDestroy(domain);
  }
  seen = [];
});

function names(at: 'source' | 'destination'): string[] {
  return seen
    .filter((each) => each.at === at)
    .map(({ event }) => {
      switch (event.kind) {
        case 'lifecycle':
          return `${event.event} ${event.detail}`;
        case 'monitor':
          return event.event;
        default:
          return event.kind;
      }
    });
}

async function startGuest(): Promise<DomainRef> {
  const domain = await source.domainCreateXml(guestXml('traveller', uuid));
  await eventually(() => names('source').includes('started booted'));
  seen = [];
  return domain;
}

/** Slows the copy under way to a thousand bytes a second: it would take minutes. */
async function slowDown(domain: DomainRef): Promise<void> {
  await eventually(() => names('source').includes('migration-iteration'));
  const command = { execute: 'migrate-set-parameters', arguments: { 'max-bandwidth': 1_000 } };
  expect(await source.qemuDomainMonitorCommand(domain, JSON.stringify(command))).toContain('"return":{}');
}

/** Begins a migration that is under way until something is done about it. Resolves `done` with its error, if any. */
async function startSlowMigration(
  domain: DomainRef,
  postcopy = false,
): Promise<{ readonly done: Promise<unknown> }> {
  const flags = { live: true, unsafe: true, postcopy };
  const done = source.migrate(domain, { ...options, flags, bandwidth: 1 }).catch((error: unknown) => error);
  await slowDown(domain);
  return { done };
}

describe('a live migration', () => {
  it('moves a guest, with the events of both sides in their order', async () => {
    const domain = await startGuest();
    await source.migrate(domain, { ...options, flags: { live: true, unsafe: true } });
    await eventually(() => names('source').includes('job-completed'));

    const onSource = names('source');
    expect(onSource.filter((name) => name !== 'migration-iteration')).toEqual([
      'STOP',
      'suspended migrated',
      'stopped migrated',
      'job-completed',
    ]);
    expect(names('destination')).toEqual(['started migrated', 'RESUME', 'resumed migrated']);

    const stamp = (name: string): number => {
      const found = seen.find(({ event }) => event.kind === 'monitor' && event.event === name)!.event;
      return found.kind === 'monitor' ? found.qemuTime : Number.NaN;
    };
    const blackout = stamp('RESUME') - stamp('STOP');
    expect(blackout).toBeGreaterThan(0);

    const arrived = await destination.domainLookupByUuid(uuid);
    expect(await destination.domainGetState(arrived)).toEqual({ state: 'running', reason: 'migrated' });
    const { type, stats } = await destination.domainGetJobStats(arrived, { completed: true });
    expect(type).toBe('completed');
    expect(stats).toMatchObject({ operation: 'migration_in', memoryRemaining: 0 });
    expect(stats.downtime).toBeGreaterThan(0);
    // libvirt's downtime and QEMU's stamps tell of the same stop.
    expect(Math.abs(stats.downtime! - blackout)).toBeLessThan(50);
    await expect(source.domainGetState(domain)).rejects.toMatchObject({ errorName: 'VIR_ERR_NO_DOMAIN' });
  });

  it('takes a disk along to where the XML for the destination says', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'libvirt-disks-'));
    const [here, there] = ['here.raw', 'there.raw'].map((name) => join(directory, name));
    await writeFile(here!, Buffer.alloc(1 << 20, 0x5a));
    await writeFile(there!, Buffer.alloc(1 << 20));
    try {
      const disk = `<disk type='file'><source file='${here!}'/><target dev='vda' bus='virtio'/></disk>`;
      const domain = await source.domainCreateXml(
        guestXml('traveller', uuid).replace('<devices>', `<devices>${disk}`),
      );
      const xml = new XmlDocument(await source.domainGetXmlDesc(domain, { migratable: true }));
      xml.root.child('devices')!.child('disk')!.child('source')!.setAttribute('file', there!);
      await source.migrate(domain, {
        ...options,
        flags: { live: true, nonSharedDisk: true },
        migrateDisks: ['vda'],
        destinationXml: xml.toString(),
        listenAddress: '10.77.0.2',
      });
      const arrived = await destination.domainLookupByUuid(uuid);
      const [moved] = describeDomain(await destination.domainGetXmlDesc(arrived)).disks;
      expect(moved).toMatchObject({ target: 'vda', source: there, shared: 'unknown' });
      expect((await readFile(there!)).equals(await readFile(here!))).toBe(true);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('is refused where nobody listens, and the guest runs on', async () => {
    const domain = await startGuest();
    const nowhere = source.migrate(domain, {
      destination: 'qemu+tcp://10.77.0.2:1/system',
      flags: { live: true },
    });
    await expect(nowhere).rejects.toMatchObject({ code: 'LIBVIRT_CALL', about: 'traveller' });
    expect(await source.domainGetState(domain)).toMatchObject({ state: 'running' });
  });

  it('can be watched, changed and cancelled while it runs, and the guest runs on', async () => {
    const domain = await startGuest();
    const { done } = await startSlowMigration(domain);
    const { type, stats } = await source.domainGetJobStats(domain);
    expect(type).toBe('unbounded');
    expect(stats.operation).toBe('migration_out');
    expect((await source.domainGetJobInfo(domain)).type).toBe('unbounded');
    await source.domainMigrateSetMaxDowntime(domain, 2);
    expect(await source.domainMigrateGetMaxDowntime(domain)).toBe(2);
    await source.domainAbortJob(domain);
    expect(await done).toMatchObject({ errorName: 'VIR_ERR_OPERATION_ABORTED', from: 'VIR_FROM_QEMU' });
    expect(await source.domainGetState(domain)).toMatchObject({ state: 'running' });
    await eventually(() => names('destination').includes('stopped failed'));
  });

  it('goes on by itself when its connection breaks', async () => {
    const domain = await startGuest();
    const connection = await source.openMigrationConnection();
    const done = connection
      .perform(domain, { ...options, flags: { live: true, unsafe: true }, bandwidth: 1 })
      .catch((error: unknown) => error);
    await slowDown(domain);
    await connection.close();
    expect(await done).toMatchObject({ code: 'LIBVIRT_CLOSED' });
    // Long enough for libvirtd to see that its client is gone.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await source.domainGetJobStats(domain)).type).toBe('unbounded');
    await source.domainMigrateSetMaxSpeed(domain, 1_000);
    await eventually(() => names('source').includes('stopped migrated'));
    expect(names('destination')).toContain('resumed migrated');
    // The source tells of the end just before it forgets the guest.
    let left = 1;
    await eventually(() => {
      void source.connectListAllDomains().then((domains) => (left = domains.length));
      return left === 0;
    });
  });

  it('turns to post-copy when it is told to', async () => {
    const domain = await startGuest();
    const { done } = await startSlowMigration(domain, true);
    await source.domainMigrateStartPostCopy(domain);
    expect(await done).toBeUndefined();
    expect(names('source')).toContain('suspended postcopy');
    // When the rest of the memory is there before libvirtd looks, the destination calls it a plain migration.
    expect(names('destination').at(-1)).toMatch(/^resumed (postcopy|migrated)$/);
    const arrived = await destination.domainLookupByUuid(uuid);
    expect(await destination.domainGetState(arrived)).toMatchObject({ state: 'running' });
  });
});
