/**
 * Where a guest under attack goes: which hosts are left out and why, and which of the others is the best.
 */
import { describe, expect, test } from 'vitest';
import { planFlight } from '../../../apps/defence/planner.ts';
import type { Verdict } from '../../../apps/defence/verdict.ts';
import { flight as limits } from '../../../controller/limits.ts';
import {
  anchored,
  bridgeSeen,
  flightChanged,
  hypervisorLost,
  hypervisorSeen,
  placed,
} from '../../../controller/network/changes.ts';
import type { Flight } from '../../../controller/network/flight.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import { after, atHome } from '../../controller/network/sites.ts';
import { verdict } from './attacks.ts';

const NOW = 10_000_000;
const none = new Map<string, never>();
const ready = after(
  atHome(),
  hypervisorSeen('home-1', new Map([['web', 'running']])),
  ...['home-2', 'away-1', 'bare-1'].map((host) => hypervisorSeen(host, none)),
);

const plan = (state: NetworkState, ...verdicts: readonly Verdict[]) =>
  planFlight(state, 'web', new Map(verdicts.map((one) => [one.id, one])), NOW);
const goes = (state: NetworkState, ...verdicts: readonly Verdict[]): string => {
  const planned = plan(state, ...verdicts);
  return 'none' in planned ? planned.none : planned.to;
};
const fled = (from: HostName, to: HostName, more: Partial<Flight> = {}) =>
  flightChanged({
    ...{ id: `${from} ${to}`, guest: 'web', from, to, verdicts: [], reason: '', choice: '' },
    ...{ phase: 'safe', why: '', leftBehind: 0, entered: { planned: NOW - 1_000, verifying: NOW - 500 } },
    ...more,
  });

test('of equals, the first by name; it says why', () => {
  expect(plan(ready)).toEqual({
    from: 'home-1',
    to: 'away-1',
    way: { relay: 'rewrite', edgesOnly: true },
    choice: 'away-1 is the best of 2 hosts: 0 of 2 guests, no attack lately at site away',
  });
});

test('without an edge that has been seen and redirects, relayed through tunnels', () => {
  expect(plan(bridgeSeen('border', undefined)(ready))).toMatchObject({ way: { relay: 'tunnel' } });
  const border = { ...ready.edges.get('border')!, redirect: false };
  expect(plan({ ...ready, edges: new Map([['border', border]]) })).toMatchObject({
    way: { relay: 'tunnel' },
  });
});

test('the host with the least load', () => {
  expect(goes(placed('db', 'away-1')(ready))).toBe('bare-1');
});

test('before load, the site with the fewest attacks lately, on whomever', () => {
  const busy = placed('db', 'bare-1')(ready);
  expect(goes(busy)).toBe('away-1');
  expect(goes(busy, verdict({ guest: 'db', host: 'away-1' }))).toBe('bare-1');
  const ended = NOW - limits.recent;
  expect(goes(busy, verdict({ guest: 'db', host: 'away-1', ended }))).toBe('away-1');
});

describe('left out is', () => {
  const onlyAway = bridgeSeen('bare-1', undefined)(ready);

  test('every host of the site that is attacked', () => {
    const planned = goes(after(onlyAway, hypervisorLost('away-1')));
    expect(planned).toContain('home-2 is at the site that is attacked');
    expect(planned).toContain('away-1 has no libvirtd that answers');
    expect(planned).toContain(
      'bare-1 cannot take it: host bare-1 cannot be used now: its bridge is not connected to the controller',
    );
  });

  test('a host without room', () => {
    const host = { ...onlyAway.hosts.get('away-1')!, capacity: { guests: 2, memoryMiB: 255 } };
    const full = { ...onlyAway, hosts: new Map(onlyAway.hosts).set('away-1', host) };
    expect(goes(full)).toContain('away-1 cannot take it: ');
  });

  test('a host whose subnet has no address left', () => {
    const taken = ['10.2.0.200', '10.2.0.201'].map((ipv4, i) =>
      anchored(2, { index: i + 2, host: 'away-1', addresses: { ipv4 }, admit: 'all' }),
    );
    expect(goes(after(onlyAway, ...taken))).toContain('away-1 cannot take it: ');
  });

  test('a site that it was attacked at, until that is a while ago', () => {
    const attacked = (ended: number | undefined) =>
      goes(onlyAway, verdict({ host: 'away-1', ...(ended === undefined ? {} : { ended }) }));
    expect(attacked(undefined)).toContain('away-1 is at a site where it was attacked 0 s ago');
    expect(attacked(NOW - 9_000)).toContain('away-1 is at a site where it was attacked 9 s ago');
    expect(attacked(NOW - limits.recent)).toBe('away-1');
  });

  test('a site that it fled from, though nobody knows the verdict any more', () => {
    expect(goes(after(onlyAway, fled('away-1', 'home-1')))).toContain(
      'away-1 is at a site where it was attacked',
    );
    const long = { entered: { planned: NOW - limits.recent, verifying: 1 } };
    expect(goes(after(onlyAway, fled('away-1', 'home-1', long)))).toBe('away-1');
  });

  test('a host that it could not move to a moment ago', () => {
    const failed = (at: number) =>
      goes(
        after(onlyAway, fled('home-1', 'away-1', { phase: 'failed', entered: { planned: at, failed: at } })),
      );
    expect(failed(NOW - 5_000)).toContain('away-1 could not be reached 5 s ago');
    expect(failed(NOW - limits.retryAfter)).toBe('away-1');
  });
});

test('a guest that runs nowhere goes nowhere', () => {
  expect(planFlight(ready, 'db', new Map(), NOW)).toEqual({ none: 'it runs nowhere' });
});
