import { beforeEach, expect, test } from 'vitest';
import { announce } from '../../../apps/routing/announce.ts';
import { Gateways } from '../../../apps/routing/gateways.ts';
import {
  arpAnnouncement,
  arpProbe,
  neighbourAnnouncement,
  neighbourSolicitation,
} from '../../../apps/routing/neighbour-packets.ts';
import { routing as limits } from '../../../controller/limits.ts';
import { anchored, bridgeSeen, delivered } from '../../../controller/network/changes.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { Network } from '../../../controller/network/network.ts';
import type { Fabric } from '../../../controller/switches/fabric.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { after, atHome, bridge, declared, UPLINK } from '../../controller/network/sites.ts';

let clock: ManualClock;
let network: Network;
let gateways: Gateways;
let sent: { host: string; port: number; frame: string }[];
const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');
const fabric = {
  packetOut: (host: string, port: number, frame: Uint8Array) =>
    void sent.push({ host, port, frame: hex(frame) }),
} as unknown as Fabric;

function begin(state: NetworkState): void {
  clock = new ManualClock();
  network = new Network(state);
  sent = [];
  gateways = new Gateways(network, fabric, clock);
}
beforeEach(() => begin(bridgeSeen('home-1', bridge('home-1'))(declared())));

const questions = [
  { host: 'home-1', port: UPLINK, frame: hex(arpProbe('02:00:00:00:00:01', '10.1.0.1')) },
  { host: 'home-1', port: UPLINK, frame: hex(neighbourSolicitation('02:00:00:00:00:01', '2001:db8:1::1')) },
];
const arpAnswer = (address: string, mac: string): Uint8Array => {
  const frame = Buffer.from(arpProbe(mac, address));
  frame[21] = 2;
  frame.set(address.split('.').map(Number), 28);
  return frame;
};

test('asks through the bridge as soon as it is ready, and again until all have answered', () => {
  gateways.bridgeReady('home-1');
  expect(sent).toEqual(questions);
  clock.advance(limits.gatewayRetry);
  expect(sent).toEqual([...questions, ...questions]);
  gateways.answered(arpAnswer('10.1.0.1', 'c2:00:00:00:00:01'), 'home-1');
  gateways.answered(neighbourAnnouncement('c2:00:00:00:00:01', '2001:db8:1::1'), 'home-1');
  expect([...network.state.gateways]).toEqual([
    ['10.1.0.0/24', 'c2:00:00:00:00:01'],
    ['2001:db8:1::/64', 'c2:00:00:00:00:01'],
  ]);
  sent = [];
  clock.advance(limits.gatewayRetry);
  clock.advance(limits.gatewayRefresh - 1);
  expect(sent).toEqual(questions);
  clock.advance(1);
  expect(sent).toHaveLength(4);
});

test('a gateway that was replaced is noticed', () => {
  gateways.answered(arpAnswer('10.1.0.1', 'c2:00:00:00:00:01'), 'home-1');
  gateways.answered(arpAnswer('10.1.0.1', 'c2:00:00:00:00:02'), 'home-1');
  expect(network.state.gateways.get('10.1.0.0/24')).toBe('c2:00:00:00:00:02');
});

test('nobody else’s answer counts: not another address, not another site, not garbage', () => {
  const before = network.state;
  gateways.answered(arpAnswer('10.1.0.9', 'c2:00:00:00:00:01'), 'home-1');
  gateways.answered(arpAnswer('10.2.0.1', 'c2:00:00:00:00:01'), 'home-1');
  gateways.answered(new Uint8Array(60), 'home-1');
  expect(network.state).toBe(before);
});

test('asks no more when the bridge is lost or all is closed', () => {
  gateways.bridgeReady('home-1');
  gateways.bridgeLost('home-1');
  clock.advance(60_000);
  expect(sent).toEqual(questions);
  gateways.bridgeReady('home-1');
  gateways.bridgeReady('home-1');
  expect(clock.pending).toBe(1);
  gateways.close();
  expect(clock.pending).toBe(0);
});

test('waits for a bridge that is not seen yet', () => {
  begin(declared());
  gateways.bridgeReady('home-1');
  expect(sent).toEqual([]);
  network.update(bridgeSeen('home-1', bridge('home-1')));
  clock.advance(limits.gatewayRetry);
  expect(sent).toEqual(questions);
});

test('a guest is announced where it is, by the addresses that the bridge there holds', () => {
  const careOf = {
    index: 2,
    host: 'away-1',
    addresses: { ipv4: '10.2.0.200', ipv6: '2001:db8:2::200' },
    admit: 'all',
  } as const;
  const away = after(
    atHome(),
    anchored(1, careOf),
    bridgeSeen('away-1', bridge('away-1', 'web')),
    delivered('web', 'away-1'),
  );
  announce(away, fabric, 'web');
  expect(sent).toEqual([
    { host: 'away-1', port: UPLINK, frame: hex(arpAnnouncement('52:54:00:00:00:01', '10.2.0.200')) },
    {
      host: 'away-1',
      port: UPLINK,
      frame: hex(neighbourAnnouncement('52:54:00:00:00:01', '2001:db8:2::200')),
    },
  ]);
  sent = [];
  announce(delivered('web', 'bare-1')(away), fabric, 'web');
  announce(away, fabric, 'db');
  expect(sent).toEqual([]);
});
