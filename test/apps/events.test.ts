import { once } from 'node:events';
import { expect, it } from 'vitest';
import { type ControllerEvent, EventStream, type Moment, momentEvent } from '../../apps/events.ts';

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
  [
    { kind: 'gates-turned', ...ofGuest, host: 'a1', position: 'both' },
    'guest web',
    'gates at a1 turned: open to both hosts',
  ],
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
  [
    { kind: 'filtered', guest: 'web', verdict: 'v1', sources: 2, admission: null },
    'guest web',
    'filtered: 2 sources blocked',
  ],
  [
    { kind: 'filtered', guest: 'web', verdict: 'v1', sources: 1, admission: 100 },
    'guest web',
    'filtered: 1 source blocked, at most 100 new connections a second',
  ],
  [
    {
      ...{ kind: 'flight', guest: 'web', flight: 'f1', from: 'a1', to: 'b1', migration: null },
      ...{ phase: 'planned', why: 'no source can be blocked' },
    },
    'guest web',
    'flight from a1 to b1, planned: no source can be blocked',
  ],
  [
    { kind: 'flight-withheld', guest: 'web', host: 'a1', why: 'no host has room' },
    'guest web',
    'stays at a1, though under attack: no host has room',
  ],
])('%o is an event about %s: %s', (moment, subject, message) => {
  expect(momentEvent(moment, 12.25)).toMatchObject({ at: 12.25, subject, message, moment });
});

it('keeps an event from no listener because another throws, and says what it threw', async () => {
  const stream = new EventStream();
  const heard: ControllerEvent[] = [];
  stream.on(() => {
    throw new Error('a broken reader');
  });
  stream.on((event) => heard.push(event));
  const event: ControllerEvent = { at: 1, level: 'info', subject: 'guest web', message: 'copying' };
  const warned = once(process, 'warning');
  stream.emit(event);
  expect(heard).toEqual([event]);
  expect(await warned).toEqual([new Error('a broken reader')]);
});
