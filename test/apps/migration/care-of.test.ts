import { describe, expect, test } from 'vitest';
import { leaseCareOf } from '../../../apps/migration/care-of.ts';
import { isAttached, newAnchors, withLeases } from '../../../apps/migration/switchover.ts';
import { anchored, bridgeSeen, delivered, placed } from '../../../controller/network/changes.ts';
import type { Anchor } from '../../../controller/network/anchor.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { after, atHome, bridge } from '../../controller/network/sites.ts';

const nicOf = (state: NetworkState, guest: string) => state.guests.get(guest)!.interfaces[0]!;
const lease = (state: NetworkState, guest = 'web', host = 'away-1'): Anchor =>
  leaseCareOf(state, nicOf(state, guest), state.hosts.get(host)!);
const state = atHome();

function widened(now: NetworkState, prefix: string, careOf: { first: string; last: string }): NetworkState {
  return { ...now, subnets: new Map(now.subnets).set(prefix, { ...now.subnets.get(prefix)!, careOf }) };
}

test('the lowest address of each range', () => {
  expect(lease(state)).toEqual({
    index: 2,
    host: 'away-1',
    addresses: { ipv4: '10.2.0.200', ipv6: '2001:db8:2::200' },
    admit: 'all',
  });
});

test('what it holds there already', () => {
  const held = { ...lease(state), admit: 'established' } as const;
  expect(lease(anchored(1, held)(state))).toBe(held);
});

test('none that another interface holds, whatever its spelling', () => {
  const other: Anchor = {
    index: 2,
    host: 'away-1',
    addresses: { ipv4: '10.2.0.200', ipv6: '2001:DB8:2:0::200' },
    admit: 'all',
  };
  expect(lease(anchored(2, other)(state)).addresses).toEqual({ ipv4: '10.2.0.201', ipv6: '2001:db8:2::201' });
});

test('none that is a gateway’s, a host’s or a guest’s own', () => {
  const wide = widened(state, '10.2.0.0/24', { first: '10.2.0.1', last: '10.2.0.20' });
  expect(lease(wide).addresses.ipv4).toBe('10.2.0.2');
  const atUnderlay = widened(state, '10.2.0.0/24', { first: '10.2.0.11', last: '10.2.0.20' });
  expect(lease(atUnderlay).addresses.ipv4).toBe('10.2.0.12');
  const atGuest = widened(state, '10.2.0.0/24', { first: '10.1.0.101', last: '10.1.0.103' });
  expect(lease(atGuest).addresses.ipv4).toBe('10.1.0.103');
});

test('a site that offers none gives none, and a place all the same', () => {
  expect(lease(state, 'web', 'bare-1')).toEqual({ index: 2, host: 'bare-1', addresses: {}, admit: 'all' });
});

test('only of the families that the guest speaks', () => {
  const guest = state.guests.get('web')!;
  const nic = { ...guest.interfaces[0]!, home: { ipv6: '2001:db8:1::101' } };
  const only6 = { ...state, guests: new Map(state.guests).set('web', { ...guest, interfaces: [nic] }) };
  expect(lease(only6).addresses).toEqual({ ipv6: '2001:db8:2::200' });
});

test('a range that is used up says so', () => {
  const used = [3, 4].reduce(
    (now, nic, i) =>
      anchored(nic, { index: 2, host: 'away-1', addresses: { ipv4: `10.2.0.20${i}` }, admit: 'all' })(now),
    state,
  );
  expect(() => lease(used)).toThrow(expect.objectContaining({ code: 'MIGRATION_CARE_OF_POOL_EXHAUSTED' }));
});

describe('the index', () => {
  const places = (indexes: readonly number[]): NetworkState =>
    indexes.reduce(
      (now, index) => anchored(1, { index, host: `host ${index}`, addresses: {}, admit: 'all' })(now),
      state,
    );

  test('is the lowest that is free', () => {
    expect(lease(places([2, 4])).index).toBe(3);
  });

  test('is one of 255', () => {
    const all = Array.from({ length: 254 }, (_, i) => i + 2);
    expect(lease(places(all.slice(0, -1))).index).toBe(255);
    expect(() => lease(places(all))).toThrow(expect.objectContaining({ code: 'MIGRATION_TOO_MANY_ANCHORS' }));
  });
});

describe('ways to relay', () => {
  const web = state.guests.get('web')!;
  const roomy: NetworkState = {
    ...state,
    subnets: new Map(
      [...state.subnets].map(([prefix, subnet]) => {
        const { careOf, family } = subnet;
        if (careOf === undefined || family === 6) return [prefix, subnet];
        return [prefix, { ...subnet, careOf: { ...careOf, last: careOf.last.replace(/1$/, '9') } }];
      }),
    ),
  };
  const relays = (now: NetworkState, index: number) =>
    now.anchors.get(1)!.find((anchor) => anchor.index === index)!.relays ?? [];

  test('by rewriting, a relay address for each anchor at another site and each kind of sender', () => {
    const there = withLeases(roomy, web, 'away-1', 'rewrite');
    expect(relays(there, 1)).toEqual([
      {
        host: 'away-1',
        mode: 'rewrite',
        edge: { ipv4: '10.2.0.201', ipv6: '2001:db8:2::201' },
        anchor: { ipv4: '10.2.0.202', ipv6: '2001:db8:2::202' },
      },
    ]);
    // The care-of address is an anchor, too, and the guest will be where it is.
    expect(relays(there, 2)).toEqual([]);
    expect(withLeases(there, web, 'away-1', 'rewrite')).toBe(there);
    // On the way back, of the migration that failed, what the guest had is as it was.
    expect(newAnchors(roomy, there, web).map(({ anchor }) => anchor.index)).toEqual([2]);
  });

  test('none for edges where there is no edge', () => {
    const there = withLeases({ ...roomy, edges: new Map() }, web, 'away-1', 'rewrite');
    expect(relays(there, 1)).toMatchObject([{ edge: {}, anchor: { ipv4: '10.2.0.201' } }]);
  });

  test('no addresses for direct answers, nor for tunnels, nor within a site', () => {
    const direct = withLeases(roomy, web, 'away-1', 'direct');
    expect(relays(direct, 1)).toEqual([{ host: 'away-1', mode: 'direct', edge: {}, anchor: {} }]);
    expect(relays(withLeases(direct, web, 'away-1', 'tunnel'), 1)).toEqual([]);
    expect(relays(withLeases(roomy, web, 'home-2', 'rewrite'), 1)).toEqual([]);
  });

  test('those to where the guest is are kept, those to where it was are not', () => {
    const there = after(withLeases(roomy, web, 'away-1', 'rewrite'), delivered('web', 'away-1'));
    const next = withLeases(there, web, 'bare-1', 'direct');
    expect(relays(next, 1).map(({ host, mode }) => [host, mode])).toEqual([
      ['away-1', 'rewrite'],
      ['bare-1', 'direct'],
    ]);
    const last = withLeases(after(next, delivered('web', 'bare-1')), web, 'home-1', 'rewrite');
    expect(relays(last, 1).map(({ host }) => host)).toEqual(['bare-1']);
    expect(relays(last, 2)).toMatchObject([
      { host: 'bare-1', mode: 'direct' },
      { host: 'home-1', mode: 'rewrite', edge: { ipv4: '10.1.0.200' } },
    ]);
  });
});

describe('a visit', () => {
  const web = state.guests.get('web')!;

  test('leases at every site but home, once', () => {
    const there = withLeases(state, web, 'away-1');
    expect(newAnchors(state, there, web)).toEqual([{ nic: 1, anchor: lease(state) }]);
    expect(withLeases(there, web, 'away-1')).toBe(there);
    expect(newAnchors(there, there, web)).toEqual([]);
    for (const host of ['home-1', 'home-2', 'nowhere']) expect(withLeases(state, web, host)).toBe(state);
  });

  test('is attached when every interface has its port', () => {
    expect(isAttached(state, web, 'home-1')).toBe(true);
    expect(isAttached(state, web, 'away-1')).toBe(false);
    expect(isAttached(state, web, 'nowhere')).toBe(false);
    expect(
      isAttached(
        after(state, bridgeSeen('away-1', bridge('away-1', 'db')), placed('db', 'away-1')),
        web,
        'away-1',
      ),
    ).toBe(false);
    expect(isAttached(bridgeSeen('away-1', bridge('away-1', 'web'))(state), web, 'away-1')).toBe(true);
  });
});
