import { describe, expect, test } from 'vitest';
import { newsOf } from '../../../apps/migration/noticing.ts';
import { bridgeSeen, migrationChanged } from '../../../controller/network/changes.ts';
import { after, atHome, bridge, migration } from '../../controller/network/sites.ts';

const home = atHome();
const plugged = bridgeSeen('away-1', bridge('away-1', 'web'));
const unplugged = bridgeSeen('away-1', bridge('away-1'));

test('a port of the guest at another host, and no migration: somebody has begun one', () => {
  const state = after(home, plugged);
  expect(newsOf(state, home)).toEqual([{ guest: 'web', from: 'home-1', to: 'away-1' }]);
  expect(newsOf(after(state, bridgeSeen('home-2', bridge('home-2'))), state)).toEqual([]);
});

describe('of a migration', () => {
  const preparing = after(home, migrationChanged(migration('home-1', 'away-1', 'preparing')));

  test('the port that was waited for', () => {
    expect(newsOf(after(preparing, plugged), preparing)).toEqual([
      { guest: 'web', event: { type: 'attached' } },
    ]);
  });

  test('that somebody else began, the port that goes again', () => {
    const noticed = migration('home-1', 'away-1', 'copying', { origin: 'noticed' });
    const copying = after(home, plugged, migrationChanged(noticed));
    expect(newsOf(after(copying, unplugged), copying)).toEqual([
      {
        guest: 'web',
        event: { type: 'refused', reason: 'the destination gave the guest up' },
      },
    ]);
  });

  test('that is ours, nothing: libvirt tells why it failed', () => {
    const copying = after(home, plugged, migrationChanged(migration('home-1', 'away-1', 'copying')));
    expect(newsOf(after(copying, unplugged), copying)).toEqual([]);
  });
});

test('what concerns no bridge and no migration is no news', () => {
  expect(newsOf({ ...home, gateways: new Map() }, home)).toEqual([]);
});
