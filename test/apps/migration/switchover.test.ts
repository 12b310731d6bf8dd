import { expect, test } from 'vitest';
import { switchedBack, switchedOver, withLeases, withoutLeases } from '../../../apps/migration/switchover.ts';
import { atHome, migration } from '../../controller/network/sites.ts';

const home = atHome();
const leased = withLeases(home, home.guests.get('web')!, 'away-1');
const admitted = (state: typeof home): string[] =>
  (state.anchors.get(1) ?? []).map(({ host, admit }) => `${host} ${admit}`);

test('a planned move leaves every anchor open', () => {
  const after = switchedOver(leased, migration('home-1', 'away-1', 'switching'));
  expect(after.placements.get('web')).toBe('away-1');
  expect(admitted(after)).toEqual(['home-1 all', 'away-1 all']);
  expect(after.anchors).toBe(leased.anchors);
});

test('a flight closes the anchor that the guest leaves to what is new, and the way back opens it', () => {
  const flight = migration('home-1', 'away-1', 'switching', { admit: 'established' });
  const after = switchedOver(leased, flight);
  expect(admitted(after)).toEqual(['home-1 established', 'away-1 all']);
  const back = switchedBack(after, flight);
  expect(back.placements.get('web')).toBe('home-1');
  expect(admitted(back)).toEqual(['home-1 all', 'away-1 all']);
});

test.each(['tunnel', 'direct'] as const)('what a failed migration by %s leased is free again', (relay) => {
  const leases = withLeases(home, home.guests.get('web')!, 'away-1', relay);
  const leased = { 1: leases.anchors.get(1)!.at(-1)!.index };
  const failed = migration('home-1', 'away-1', 'failed', { relay, leased });
  const ways = leases.anchors.get(1)!.flatMap(({ relays }) => relays ?? []);
  expect(ways.length > 0).toBe(relay !== 'tunnel');

  const after = withoutLeases(leases, failed);
  expect(after.anchors.get(1)).toMatchObject([{ host: 'home-1' }]);
  expect(after.anchors.get(1)!.flatMap(({ relays }) => relays ?? [])).toEqual([]);
  expect(withLeases(after, after.guests.get('web')!, 'away-1', relay).anchors).toEqual(leases.anchors);
});
