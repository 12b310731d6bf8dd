/** A lab with a real guest: what it offers to experiments. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  LabCommandFailed,
  LabManagementInUse,
  LabNoSuchNode,
  LabRunning,
} from '../../../topologies/lab/errors.ts';
import { Lab } from '../../../topologies/lab/lab.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import type { LabPlan } from '../../../topologies/lab/plan.ts';
import type { Observation, ProbeSummary } from '../../../topologies/probes/summary.ts';
import { smallLab } from './small-lab.ts';

const run = promisify(execFile);

let plan: LabPlan;
let lab: Lab;

beforeAll(async () => {
  plan = await smallLab('test-lab', 201);
  lab = await Lab.up(plan);
  await lab.guestReady('web');
});

afterAll(async () => {
  await lab.down();
});

const virsh = (host: string, ...words: string[]): Promise<string> =>
  lab.run(host, ['virsh', '-q', '-c', 'qemu:///system', ...words]);

async function probe(name: string, target: string, ...more: string[]): Promise<ProbeSummary> {
  const program = join(packageRoot, 'dist', 'topologies', 'probes', `${name}.js`);
  const out = join(plan.runDirectory, `${name}.jsonl`);
  const argv = ['node', program, '--target', target, '--duration-ms', '3000', '--out', out, ...more];
  return JSON.parse(await lab.run('c1', argv)) as ProbeSummary;
}

describe('its network', () => {
  it.each(['10.1.0.100', '2001:db8:1::100'])(
    'carries pings from a client to the guest at %s',
    async (target) => {
      await lab.run('c1', ['ping', '-q', '-c', '2', target]); // address resolution on the way
      const text = await lab.run('c1', ['ping', '-c', '20', '-i', '0.05', target]);
      const times = [...text.matchAll(/time=([\d.]+)/g)]
        .map((match) => Number(match[1]))
        .sort((a, b) => a - b);
      expect(times).toHaveLength(20);
      expect(times[0]).toBeGreaterThanOrEqual(20);
      expect(times[10]).toBeLessThan(40);
    },
  );

  it('has one interface alone that answers for a host’s address: the bridge of Open vSwitch', async () => {
    const watch = "tcpdump -lnn -i lan 'arp and src host 10.1.0.11' & sleep 0.5";
    const ask = 'ip neigh flush dev lan; ping -q -c 1 10.1.0.11 >&2; sleep 0.5; kill $!';
    const text = await lab.run('router-A', ['sh', '-c', `${watch}; ${ask}`]);
    const [, mac] = /ether ([0-9a-f:]+)/.exec(await lab.run('a1', ['ip', 'link', 'show', 'br-ex']))!;
    expect([...text.matchAll(/10\.1\.0\.11 is-at ([0-9a-f:]+)/g)].map(([, answer]) => answer)).toEqual([mac]);
  });

  it('delays a packet by the round trip that the file says, to less than a millisecond in the median', async () => {
    const text = await lab.run('router-C', ['ping', '-c', '200', '-i', '0.005', '100.64.0.2']);
    const times = [...text.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1])).sort((a, b) => a - b);
    expect(times).toHaveLength(200);
    expect(times[0]).toBeGreaterThanOrEqual(20);
    expect(times[100]).toBeLessThan(21);
  });

  it('carries full-size frames without fragments, and none that are larger', async () => {
    await lab.run('c1', ['ping', '-c', '1', '-M', 'do', '-s', '1472', '10.1.0.11']);
    await expect(lab.run('c1', ['ping', '-c', '1', '-M', 'do', '-s', '1473', '10.1.0.11'])).rejects.toThrow(
      LabCommandFailed,
    );
  });

  it('has no checksum or segmentation offload', async () => {
    for (const [node, device] of [
      ['a1', 'uplink'],
      ['a1', 'br-ex'],
      ['c1', 'eth0'],
      ['router-A', 'wan-C'],
    ] as const) {
      const features = await lab.run(node, ['ethtool', '-k', device]);
      expect(features).toMatch(/^tx-checksumming: off/m);
      expect(features).toMatch(/^tcp-segmentation-offload: off/m);
    }
  });
});

describe('a host', () => {
  it('is reached from outside at its management address', async () => {
    const [a1] = plan.network.hosts;
    const { stdout: databases } = await run('ovsdb-client', ['list-dbs', a1!.ovsdb]);
    expect(databases).toContain('Open_vSwitch');
    const { stdout: guests } = await run('virsh', ['-q', '-c', a1!.libvirt, 'list', '--name']);
    expect(guests.trim()).toBe('web');
  });

  it('has a name, a libvirt identity and a datapath of its own', async () => {
    const hosts = ['a1', 'b1'];
    const names = await Promise.all(hosts.map((host) => lab.run(host, ['hostname'])));
    expect(names).toEqual(['a1\n', 'b1\n']);
    const uuids = await Promise.all(hosts.map((host) => virsh(host, 'capabilities')));
    const [first, second] = uuids.map((xml) => /<uuid>(.*)<\/uuid>/.exec(xml)?.[1]);
    expect(first).not.toBe(second);
    const ids = await Promise.all(
      hosts.map((host) => lab.run(host, ['ovs-vsctl', 'get', 'bridge', 'br-int', 'datapath_id'])),
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('tells Open vSwitch which port is the guest', async () => {
    const text = await lab.run('a1', [
      'ovs-vsctl',
      '--bare',
      '--columns=external_ids',
      'find',
      'interface',
      'type=""',
    ]);
    expect(text).toContain(`iface-id=${plan.network.guests[0]!.interfaces[0]!.interfaceId}`);
    expect(text).toContain(`attached-mac=${plan.network.guests[0]!.interfaces[0]!.mac}`);
  });
});

describe('probes', () => {
  it.each([
    ['tcp-echo', 1400],
    ['udp-echo', 280],
    ['ping', 280],
  ] as const)('%s counts each message', async (name, atLeast) => {
    const summary = await probe(name, '10.1.0.100');
    expect(summary).toMatchObject({
      lost: 0,
      duplicated: 0,
      survived: true,
      error: null,
      client: '203.0.113.11',
    });
    expect(summary.sent).toBeGreaterThan(atLeast);
    expect(summary.received).toBe(summary.sent);
    expect(summary.rttMs).toBeGreaterThan(20);
    expect(summary.gapMs).toBeGreaterThan(0);
    const lines = readFileSync(join(plan.runDirectory, `${name}.jsonl`), 'utf8')
      .trim()
      .split('\n');
    const observations = lines.map((line) => JSON.parse(line) as Observation);
    expect(new Set(observations.map(({ n }) => n)).size).toBe(summary.sent);
  });

  it('http-download checks what it gets', async () => {
    const summary = await probe('http-download', '10.1.0.100', '--rate', '1000000');
    expect(summary).toMatchObject({
      unit: 'bytes',
      sent: 3_000_000,
      received: 3_000_000,
      survived: true,
      error: null,
    });
  });

  it('say that nothing came back where nobody is', async () => {
    const tcp = await probe('tcp-echo', '10.2.0.99');
    expect(tcp).toMatchObject({ sent: 0, received: 0, survived: false });
    expect(tcp.error).not.toBeNull();
    const udp = await probe('udp-echo', '10.2.0.99');
    expect(udp).toMatchObject({ received: 0, survived: false });
    expect(udp.lost).toBe(udp.sent);
    expect(udp.gapMs).toBeGreaterThan(2_500);
  });
});

describe('a command in a node', () => {
  it('prints lines, and ends by a signal', async () => {
    const process = lab.exec('c1', ['ping', '-i', '0.05', '203.0.113.1']);
    let seen = 0;
    for await (const line of process.lines()) {
      if (line.includes('icmp_seq') && ++seen === 3) process.kill('SIGINT');
    }
    expect(seen).toBeGreaterThanOrEqual(3);
    expect(await process.exit).toEqual({ code: 0, signal: null });
  });

  it('has the number that this machine knows it by', async () => {
    const sleeper = lab.exec('c1', ['sleep', '60']);
    const pid = await sleeper.pid();
    const command = (): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    await expect.poll(command).toBe('sleep\x0060\0');
    expect(await sleeper.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await sleeper.pid()).toBeUndefined();
  });

  it('fails with what it said', async () => {
    await expect(lab.run('c1', ['ls', '/nowhere'])).rejects.toThrow(
      /`ls \/nowhere` at c1 ended with 2: .*No such file/,
    );
    await expect(lab.run('c1', ['sleep', '60'], 200)).rejects.toThrow(/took longer than 200 ms/);
    expect(() => lab.exec('c9', ['true'])).toThrow(LabNoSuchNode);
  });
});

describe('a second lab', () => {
  it('of the same name is refused, and the first lives on', async () => {
    await expect(Lab.up(plan)).rejects.toThrow(LabRunning);
    expect(await lab.run('c1', ['hostname'])).toBe('c1\n');
  });

  it('in the same management network is refused', async () => {
    const other = await smallLab('test-lab-2', 201, { guests: 'define' });
    await expect(Lab.up(other)).rejects.toThrow(LabManagementInUse);
  });

  it('beside the first does not disturb it', async () => {
    const other = await Lab.up(await smallLab('test-lab-2', 202, { guests: 'define' }));
    try {
      expect(await other.run('c1', ['ping', '-c', '1', '-W', '2', '10.1.0.11'])).toContain('1 received');
      expect(await lab.run('c1', ['ping', '-c', '1', '-W', '2', '10.1.0.100'])).toContain('1 received');
    } finally {
      await other.down();
    }
    expect(await lab.run('c1', ['ping', '-c', '1', '-W', '2', '10.1.0.100'])).toContain('1 received');
  });
});

it('lets libvirt move the guest to another site and back, while it runs', async () => {
  const [a1, b1] = plan.network.hosts;
  const move = (from: string, to: string): Promise<string> =>
    virsh(from, 'migrate', '--p2p', '--live', 'web', to);
  await move('a1', b1!.migration);
  expect((await virsh('b1', 'domstate', 'web')).trim()).toBe('running');
  await move('b1', a1!.migration);
  expect((await virsh('a1', 'domstate', 'web')).trim()).toBe('running');
  expect(await lab.run('c1', ['ping', '-c', '3', '-W', '2', '10.1.0.100'])).toContain('3 received');
});
