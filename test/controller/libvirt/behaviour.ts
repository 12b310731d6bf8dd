/**
 * What a libvirt daemon does, as a suite that the fake one and a real one both have to pass.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeDomain } from '../../../controller/libvirt/domain-xml.ts';
import { LibvirtClient } from '../../../controller/libvirt/index.ts';
import type { LibvirtEvent } from '../../../controller/libvirt/index.ts';

const uuid = 'c0ffee00-0000-4000-8000-000000000001';

/** A guest without a disk: its firmware finds nothing to boot and waits. */
export function guestXml(name: string, guestUuid: string): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${guestUuid}</uuid>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><memballoon model='none'/></devices>
</domain>`;
}

const xml = guestXml('behaviour', uuid);

/** Resolves when `condition` holds, and fails after ten seconds. */
export async function eventually(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not come to pass within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function behavesLikeLibvirtd(uri: () => string): void {
  let client: LibvirtClient;

  beforeEach(async () => {
    client = await LibvirtClient.connect(uri());
  });

  afterEach(async () => {
    const cleaner = client.isOpen ? client : await LibvirtClient.connect(uri());
    for (const domain of await cleaner.connectListAllDomains()) {
      if (domain.id >= 0) await cleaner.domainDestroy(domain);
      await cleaner.domainUndefine(domain).catch(() => undefined);
    }
    await cleaner.close();
  });

  it('tells what it is', async () => {
    expect(await client.connectGetUri()).toBe('qemu:///system');
    expect(await client.connectGetHostname()).not.toBe('');
    expect((await client.connectGetLibVersion()).major).toBeGreaterThanOrEqual(9);
    expect((await client.connectGetVersion()).major).toBeGreaterThanOrEqual(7);
    expect(await client.connectGetCapabilities()).toContain('<capabilities');
    const node = await client.nodeGetInfo();
    expect(node.model).toBe('x86_64');
    expect(node.cpus).toBeGreaterThan(0);
  });

  it('knows no domain of a name, a UUID or an ID that it does not have', async () => {
    const no = { code: 'LIBVIRT_CALL', errorName: 'VIR_ERR_NO_DOMAIN' };
    await expect(client.domainLookupByName('nobody')).rejects.toMatchObject({ ...no, about: 'nobody' });
    await expect(client.domainLookupByUuid(uuid)).rejects.toMatchObject(no);
    await expect(client.domainLookupById(9_999)).rejects.toMatchObject(no);
  });

  it('refuses what is no domain XML', async () => {
    await expect(client.domainDefineXml('<domain')).rejects.toMatchObject({ code: 'LIBVIRT_CALL' });
  });

  it('leads a persistent domain through its life', async () => {
    const defined = await client.domainDefineXml(xml);
    expect(defined).toEqual({ name: 'behaviour', uuid, id: -1 });
    expect(await client.connectListAllDomains()).toEqual([defined]);
    expect(await client.domainGetState(defined)).toMatchObject({ state: 'shutoff' });
    await expect(client.domainSuspend(defined)).rejects.toMatchObject({
      errorName: 'VIR_ERR_OPERATION_INVALID',
    });

    const started = await client.domainCreate(defined, { paused: true });
    expect(started.id).toBeGreaterThan(0);
    expect(await client.domainLookupById(started.id)).toEqual(started);
    expect(await client.domainLookupByUuid(uuid)).toEqual(started);
    expect(await client.domainGetState(started)).toEqual({ state: 'paused', reason: 'user' });
    await client.domainResume(started);
    expect(await client.domainGetState(started)).toEqual({ state: 'running', reason: 'unpaused' });
    expect(await client.domainGetInfo(started)).toMatchObject({
      state: 'running',
      maxMem: 32_768,
      nrVirtCpu: 1,
    });
    expect(describeDomain(await client.domainGetXmlDesc(started))).toMatchObject({ name: 'behaviour', uuid });

    await client.domainDestroy(started);
    expect(await client.domainGetState(defined)).toEqual({ state: 'shutoff', reason: 'destroyed' });
    await client.domainUndefine(defined);
    expect(await client.connectListAllDomains()).toEqual([]);
  });

  it('forgets a transient domain when it ends', async () => {
    const domain = await client.domainCreateXml(xml, { paused: true });
    await client.domainDestroy(domain);
    await expect(client.domainGetState(domain)).rejects.toMatchObject({ errorName: 'VIR_ERR_NO_DOMAIN' });
  });

  it("tells of events in their order, by libvirt's names and stamped when they came", async () => {
    const seen: LibvirtEvent[] = [];
    const before = performance.timeOrigin + performance.now();
    await client.subscribe('lifecycle', (event) => seen.push(event));
    const domain = await client.domainCreateXml(xml, { paused: true });
    await client.domainResume(domain);
    await client.domainSuspend(domain);
    await client.domainDestroy(domain);
    const names = (): string[] =>
      seen.map((e) => (e.kind === 'lifecycle' ? `${e.event} ${e.detail}` : e.kind));
    await eventually(() => names().includes('stopped destroyed'));
    expect(names().filter((name) => !name.startsWith('shutdown'))).toEqual([
      'started booted',
      'suspended paused',
      'resumed unpaused',
      'suspended paused',
      'stopped destroyed',
    ]);
    const after = performance.timeOrigin + performance.now();
    for (const event of seen) {
      expect(event.domain).toMatchObject({ name: 'behaviour', uuid });
      expect(event.receivedAt).toBeGreaterThanOrEqual(before);
      expect(event.receivedAt).toBeLessThanOrEqual(after);
    }
  });

  it("hands on QEMU's own events with QEMU's own stamps", async () => {
    const seen: string[] = [];
    const stamps: number[] = [];
    for (const name of ['STOP', 'RESUME']) {
      await client.subscribeMonitor(name, (event) => {
        seen.push(event.event);
        stamps.push(event.qemuTime - event.receivedAt);
      });
    }
    const domain = await client.domainCreateXml(xml, { paused: true });
    await client.domainResume(domain);
    await client.domainSuspend(domain);
    await eventually(() => seen.length >= 2);
    expect(seen).toEqual(['RESUME', 'STOP']);
    for (const difference of stamps) expect(Math.abs(difference)).toBeLessThan(1_000);
  });

  it('sends events to all who want them, and no more to those who want them no more', async () => {
    const seen: string[] = [];
    const first = await client.subscribe('lifecycle', (event) => seen.push(`first ${event.event}`));
    const second = await client.subscribe('lifecycle', (event) => seen.push(`second ${event.event}`));
    const domain = await client.domainDefineXml(xml);
    await eventually(() => seen.length === 2);
    await first.cancel();
    await client.domainUndefine(domain);
    await eventually(() => seen.length === 3);
    // The registration ends with the last of them, and a new one may begin at the same moment.
    const [third] = await Promise.all([
      client.subscribe('lifecycle', (event) => seen.push(`third ${event.event}`)),
      second.cancel(),
      second.cancel(),
    ]);
    await client.domainDefineXml(xml);
    await eventually(() => seen.length === 4);
    expect(seen).toEqual(['first defined', 'second defined', 'second undefined', 'third defined']);
    await Promise.all([
      third.cancel(),
      client.subscribe('lifecycle', (event) => seen.push(`fourth ${event.event}`)),
    ]);
    await client.domainUndefine(domain);
    await eventually(() => seen.length === 5);
    expect(seen.at(-1)).toBe('fourth undefined');
  });

  it('has no job on an idle domain', async () => {
    const domain = await client.domainCreateXml(xml, { paused: true });
    expect(await client.domainGetJobStats(domain)).toEqual({ type: 'none', stats: {} });
    await expect(client.domainAbortJob(domain)).rejects.toMatchObject({
      errorName: 'VIR_ERR_OPERATION_INVALID',
    });
  });

  it('answers many calls made at once', async () => {
    const domain = await client.domainDefineXml(xml);
    const states = await Promise.all(Array.from({ length: 200 }, () => client.domainGetState(domain)));
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['shutoff']));
  });

  it('is left politely', async () => {
    await client.close();
    await expect(client.closed).resolves.toMatchObject({ code: 'LIBVIRT_CLOSED', by: 'us' });
    await expect(client.connectGetHostname()).rejects.toMatchObject({ code: 'LIBVIRT_CLOSED' });
  });
}
