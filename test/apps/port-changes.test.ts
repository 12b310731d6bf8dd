import { expect, it } from 'vitest';
import { portChanges } from '../../apps/port-changes.ts';
import { bridgeSeen, graceSet } from '../../controller/network/changes.ts';
import { after, bridge, declared } from '../controller/network/sites.ts';

const none = declared();
const without = after(none, bridgeSeen('away-1', bridge('away-1')));
const withGuest = after(without, bridgeSeen('away-1', bridge('away-1', 'web')));

it('tells whose port appeared, and that it went', () => {
  const vnet = { kind: 'port', host: 'away-1', port: 'vnet-web', guest: 'web' };
  expect(portChanges(withGuest, without)).toEqual([{ ...vnet, change: 'appeared' }]);
  expect(portChanges(without, withGuest)).toEqual([{ ...vnet, change: 'gone' }]);
});

it('tells of ports that are nobody’s, when the bridge comes and goes', () => {
  const names = (moments: ReturnType<typeof portChanges>) =>
    moments.map(({ port, guest, change }) => `${port} of ${guest ?? 'nobody'} ${change}`);
  expect(names(portChanges(without, none))).toEqual([
    'int-uplink of nobody appeared',
    'at-geneve of nobody appeared',
  ]);
  expect(names(portChanges(none, withGuest))).toContain('vnet-web of web gone');
});

it('says nothing when something else of the bridge has changed', () => {
  expect(portChanges(after(withGuest, graceSet('away-1', 5)), withGuest)).toEqual([]);
});
