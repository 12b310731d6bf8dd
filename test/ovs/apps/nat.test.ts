/**
 * Clients behind a NAT, a real one of the kernel, with their site's edge outside it and inside it; through real Open
 * vSwitch, by rewriting.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { address } from './bed.ts';
import { bedOfFile } from '../support/bed-of-file.ts';
import { tcp, udp } from './talk.ts';

const bed = await bedOfFile();

const version = 'ipv4';
const move = (to: 'a' | 'b' | 'c'): Promise<void> => bed.move('web', to, 'all', 'rewrite');
const shell = (namespace: string | undefined, ...lines: readonly string[]): Promise<string> =>
  bed.room.run(namespace, ['sh', '-e', '-c', lines.join('\n')]);
const nat = (fields: string, source: string): string[] => [
  'nft add table ip at',
  'nft "add chain ip at out { type nat hook postrouting priority 100; }"',
  `nft add rule ip at out ${fields} snat to ${source}`,
];

describe('outside its client’s NAT, an edge', () => {
  const OUTSIDE = '203.0.113.20';
  const side = { version, client: 'inner', own: '192.168.7.2', seenAs: OUTSIDE } as const;

  beforeAll(async () => {
    const offloads = 'tx off rx off sg off tso off gso off gro off';
    await shell(
      undefined,
      'ip netns add nat; ip netns add inner',
      'ip link add out netns nat type veth peer name in-nat netns host-x',
      'ip link add in netns nat type veth peer name eth0 netns inner',
      ...['nat out', 'nat in', 'inner eth0', 'host-x in-nat'].map((end) => {
        const [name, port] = end.split(' ');
        return `ip netns exec ${name} ethtool -K ${port} ${offloads} >/dev/null 2>&1; ip -n ${name} link set ${port} up`;
      }),
      `ip -n nat addr add ${OUTSIDE}/24 dev out; ip -n nat addr add 192.168.7.1/24 dev in`,
      'ip -n nat route add default via 203.0.113.1; ip netns exec nat sysctl -qw net.ipv4.ip_forward=1',
      'ip -n inner addr add 192.168.7.2/24 dev eth0; ip -n inner route add default via 192.168.7.1',
    );
    await shell('nat', ...nat('oifname out', OUTSIDE));
    await bed.vsctl('x', 'add-port', 'br-int', 'in-nat');
  });

  test('sends its connections straight to the new site and back, whoever speaks first', async () => {
    const stream = await tcp(bed, { ...side, port: 80 });
    const silent = await tcp(bed, { ...side, port: 81 });
    const datagrams = await udp(bed, { ...side, port: 9000 });
    await move('b');
    const oldSite = await bed.room.tap('router', 'to-a');
    await stream.clientFirst('away');
    await silent.guestFirst('away');
    await datagrams.guestFirst('away');
    expect(oldSite.passed('away')).toEqual([]);
    await move('a');
    for (const talk of [stream, silent, datagrams]) await talk.guestFirst('back');
  });
});

describe('inside its clients’ NAT, an edge', () => {
  const OUTSIDE = '192.0.2.7';
  const side = { version, seenAs: OUTSIDE } as const;

  // The site's router translates: the new site is reached from the same address and, if it is free, the same port. That
  // address is not the router's own: it is the sites' router, too, and would take what an anchor sends on from it for forged.
  beforeAll(async () => {
    await shell('router', ...nat(`ip saddr ${address.client.ipv4} ip daddr 10.0.0.0/8`, OUTSIDE));
  });
  afterAll(() => shell('router', 'nft delete table ip at'));

  /** Addresses that the edge sends packets on to in place of a guest's. */
  const redirects = async (): Promise<string[]> => {
    const flows = await bed.ofctl('x', 'dump-flows', '--no-stats');
    return [...flows.matchAll(/set_field:([0-9.]+)->ip_dst/g)].map(([, to]) => to!);
  };

  test('sends its connections straight to the new site and back', async () => {
    const stream = await tcp(bed, { ...side, port: 80 });
    const datagrams = await udp(bed, { ...side, port: 9000 });
    await move('b');
    expect((await redirects()).length).toBeGreaterThan(0);
    const oldSite = await bed.room.tap('router', 'to-a');
    await stream.clientFirst('away');
    await datagrams.clientFirst('away');
    await stream.guestFirst('again');
    expect(oldSite.passed('away', 'again')).toEqual([]);
    await move('c');
    for (const talk of [stream, datagrams]) await talk.clientFirst('at c');
    // TCP's mapping of before has not seen what was said since, and takes it for invalid.
    await move('a');
    await datagrams.clientFirst('back');
  });

  test('that does not redirect leaves TCP to the anchors, so that it lives on where it was before', async () => {
    bed.network.update((state) => ({
      ...state,
      edges: new Map([...state.edges].map(([name, edge]) => [name, { ...edge, redirect: false }])),
    }));
    const stream = await tcp(bed, { ...side, port: 80 });
    const datagrams = await udp(bed, { ...side, port: 9000 });
    for (const [to, who] of [
      ['b', 'clientFirst'],
      ['c', 'guestFirst'],
      ['a', 'clientFirst'],
      ['b', 'guestFirst'],
      ['a', 'guestFirst'],
    ] as const) {
      await move(to);
      for (const talk of [stream, datagrams]) await talk[who](`at ${to}`);
      expect(await redirects()).toEqual([]);
    }
  });

  test('leaves what the guest says first to the anchor', async () => {
    const stream = await tcp(bed, { ...side, port: 80 });
    const datagrams = await udp(bed, { ...side, port: 9000 });
    await move('b');
    await stream.guestFirst('away');
    await datagrams.guestFirst('away');
    await stream.clientFirst('again');
  });
});
