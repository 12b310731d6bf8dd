import { expect, it } from 'vitest';
import { type Moment, momentEvent } from '../../apps/events.ts';

const ofGuest = { guest: 'web', migration: 'm1' };

it.each<[Moment, string, string]>([
  [{ kind: 'phase', ...ofGuest, phase: 'copying' }, 'guest web', 'copying'],
  [
    { kind: 'libvirt', ...ofGuest, host: 'a1', event: 'suspended', detail: 'migrated' },
    'guest web',
    'suspended(migrated) at a1',
  ],
  [{ kind: 'qemu', ...ofGuest, host: 'a1', event: 'STOP' }, 'guest web', 'QEMU STOP at a1'],
  [{ kind: 'iteration', ...ofGuest, host: 'a1', iteration: 2 }, 'guest web', 'pass 2 over memory at a1'],
  [{ kind: 'staged', ...ofGuest, host: 'b1' }, 'guest web', 'switchover staged at b1'],
  [{ kind: 'commit-sent', ...ofGuest, host: 'a1' }, 'guest web', 'commit sent to a1'],
  [{ kind: 'commit-acknowledged', ...ofGuest, host: 'a1' }, 'guest web', 'commit acknowledged by a1'],
  [{ kind: 'redirected', ...ofGuest }, 'guest web', 'redirected'],
  [{ kind: 'noticed', guest: 'web', host: 'b1' }, 'guest web', 'noticed at b1'],
  [
    {
      kind: 'name-published',
      guest: 'web',
      name: 'web.example.test',
      addresses: ['10.2.0.200', '2001:db8:2::200'],
    },
    'guest web',
    'web.example.test is 10.2.0.200, 2001:db8:2::200',
  ],
  [
    { kind: 'port', host: 'b1', port: 'vnet3', change: 'appeared', guest: 'web' },
    'host b1',
    'port vnet3 of guest web appeared',
  ],
  [{ kind: 'port', host: 'b1', port: 'tap', change: 'gone', guest: null }, 'host b1', 'port tap gone'],
])('%o is an event about %s: %s', (moment, subject, message) => {
  expect(momentEvent(moment, 12.25)).toMatchObject({ at: 12.25, subject, message, moment });
});
