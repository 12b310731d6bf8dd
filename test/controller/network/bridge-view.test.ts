import { expect, test } from 'vitest';
import {
  bridgeView,
  type EdgeView,
  type Resident,
  switchView,
} from '../../../controller/network/bridge-view.ts';
import {
  anchored,
  bridgeSeen,
  delivered,
  migrationChanged,
  placed,
} from '../../../controller/network/changes.ts';
import type { Anchor } from '../../../controller/network/anchor.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { after, atHome, border, bridge, declared, migration, portOf, TUNNEL, UPLINK } from './sites.ts';

const careOf: Anchor = { index: 2, host: 'away-1', addresses: { ipv4: '10.2.0.200' }, admit: 'all' };

function resident(state: NetworkState, host: string): Resident | undefined {
  return bridgeView(state, host)?.residents.find(({ nic }) => nic.guest === 'web');
}

test('nothing is known of a host without a bridge', () => {
  expect(bridgeView(declared(), 'home-1')).toBeUndefined();
  expect(bridgeView(atHome(), 'nowhere')).toBeUndefined();
});

test('ports, subnets of the own site, peers', () => {
  const view = bridgeView(atHome(), 'home-1')!;
  expect([view.uplink, view.tunnel]).toEqual([UPLINK, TUNNEL]);
  expect(view.subnets.map(({ prefix }) => prefix)).toEqual(['10.1.0.0/24', '2001:db8:1::/64']);
  expect(view.peers.map(({ name }) => name)).toEqual(['home-2', 'away-1', 'bare-1']);
});

test('ports that OVS has not got yet are undefined', () => {
  const { ports, ...rest } = bridge('home-1');
  const state = bridgeSeen('home-1', { ...rest, ports: new Map() })(atHome());
  expect(ports.size).toBe(2);
  const view = bridgeView(state, 'home-1')!;
  expect([view.uplink, view.tunnel, view.residents[0]?.port]).toEqual([undefined, undefined, undefined]);
});

test('at home', () => {
  expect(resident(atHome(), 'home-1')).toMatchObject({
    port: portOf.web,
    location: { name: 'home-1' },
    arriving: false,
    atHome: true,
    own: { index: 1 },
    others: [],
  });
  for (const host of ['home-2', 'away-1', 'bare-1']) expect(resident(atHome(), host)).toBeUndefined();
});

test('arriving, and there', () => {
  const plugged = after(
    atHome(),
    anchored(1, careOf),
    migrationChanged(migration('home-1', 'away-1', 'copying')),
    bridgeSeen('away-1', bridge('away-1', 'web')),
  );
  const arriving = { port: portOf.web, arriving: true, atHome: false, own: careOf, others: [{ index: 1 }] };
  expect(resident(plugged, 'away-1')).toMatchObject({ ...arriving, location: { name: 'home-1' } });
  expect(resident(plugged, 'home-1')).toMatchObject({ arriving: false, own: { index: 1 }, others: [careOf] });
  const there = after(plugged, delivered('web', 'away-1'));
  expect(resident(there, 'away-1')).toMatchObject({ ...arriving, location: { name: 'away-1' } });
  const failed = after(plugged, migrationChanged(migration('home-1', 'away-1', 'failed')));
  expect(resident(failed, 'away-1')).toMatchObject({ arriving: false });
});

test('not arriving before its port is there', () => {
  const state = after(
    atHome(),
    anchored(1, careOf),
    migrationChanged(migration('home-1', 'away-1', 'preparing')),
  );
  expect(resident(state, 'away-1')).toMatchObject({ port: undefined, arriving: false, own: careOf });
});

test('on another host of its home site it is away: the home anchor stays where it is', () => {
  const state = after(atHome(), bridgeSeen('home-2', bridge('home-2', 'web')), placed('web', 'home-2'));
  expect(resident(state, 'home-2')).toMatchObject({ atHome: false, own: undefined, others: [{ index: 1 }] });
  expect(resident(state, 'home-1')).toMatchObject({ atHome: true, own: { index: 1 } });
});

test('plugged in but never seen running, it is at home where its home is', () => {
  const state = after(
    declared(),
    bridgeSeen('home-2', bridge('home-2', 'web')),
    bridgeSeen('away-1', bridge('away-1', 'web')),
  );
  expect(resident(state, 'home-2')).toMatchObject({ atHome: true, location: undefined, own: undefined });
  expect(resident(state, 'away-1')).toMatchObject({ atHome: false });
});

test('the addresses of a guest that does not run are nobody’s', () => {
  const state = after(atHome(), anchored(1, careOf), bridgeSeen('home-1', bridge('home-1')), (now) => ({
    ...now,
    placements: new Map(),
  }));
  for (const host of ['home-1', 'away-1']) expect(resident(state, host)).toBeUndefined();
});

test('an edge sees guests elsewhere, by the addresses that its stations reach through it', () => {
  const state = after(atHome(), anchored(1, careOf));
  expect(switchView(state, 'border')).toMatchObject({
    kind: 'edge',
    uplink: UPLINK,
    tunnel: TUNNEL,
    edge: { name: 'border', site: 'clients', number: 1 },
    passers: [{ nic: { guest: 'web' }, location: { name: 'home-1' }, anchors: [{ index: 1 }, { index: 2 }] }],
  });
  // At home the guest is inside, and is reached at its home address without the edge.
  const atItsHome = { ...state.edges.get('border')!, site: 'home' };
  const inside = { ...state, edges: new Map([['border', atItsHome]]) };
  expect((switchView(inside, 'border') as EdgeView).passers.map(({ anchors }) => anchors)).toEqual([
    [careOf],
  ]);
});

test('nothing is known of an edge without a bridge', () => {
  expect(switchView(bridgeSeen('border', undefined)(atHome()), 'border')).toBeUndefined();
  expect(switchView(after(declared(), bridgeSeen('border', border())), 'border')).toMatchObject({
    passers: [],
  });
});
