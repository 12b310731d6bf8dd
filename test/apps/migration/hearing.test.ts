import { describe, expect, test } from 'vitest';
import { meaning } from '../../../apps/migration/hearing.ts';
import type { LibvirtEvent } from '../../../controller/libvirt/index.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import { migration } from '../../controller/network/sites.ts';

const domain = { name: 'web', uuid: '00000000-0000-0000-0000-000000000001', id: 1 };
const lifecycle = (event: string, detail: string): LibvirtEvent =>
  ({ kind: 'lifecycle', domain, receivedAt: 1, event, detail }) as LibvirtEvent;
const qemu = (event: string): LibvirtEvent => ({
  kind: 'monitor',
  domain,
  receivedAt: 1,
  event,
  qemuTime: 1,
  seconds: 0,
  micros: 0,
  details: {},
});
const meant = (event: LibvirtEvent, host: string, phase: Phase = 'copying') =>
  meaning(event, host, migration('home-1', 'away-1', phase))?.type;

describe('libvirt’s word', () => {
  test.each([
    ['suspended', 'migrated', 'home-1', 'suspended'],
    ['suspended', 'postcopy', 'home-1', 'suspended'],
    ['suspended', 'paused', 'home-1', 'paused'],
    ['resumed', 'migrated', 'home-1', 'resumed-at-source'],
    ['stopped', 'migrated', 'home-1', 'performed'],
    ['resumed', 'migrated', 'away-1', 'resumed-at-destination'],
    ['resumed', 'postcopy', 'away-1', 'resumed-at-destination'],
    ['started', 'migrated', 'away-1', undefined],
    ['suspended', 'migrated', 'away-1', undefined],
    ['suspended', 'migrated', 'bare-1', undefined],
    ['resumed', 'unpaused', 'home-1', undefined],
  ])('%s(%s) at %s means %s', (event, detail, host, type) => {
    expect(meant(lifecycle(event, detail), host)).toBe(type);
  });
});

describe('QEMU’s word', () => {
  test('its stop is the switchover’s while memory is copied, and nothing before', () => {
    expect(meant(qemu('STOP'), 'home-1')).toBe('suspended');
    expect(meant(qemu('STOP'), 'home-1', 'preparing')).toBeUndefined();
    expect(meant(qemu('STOP'), 'away-1')).toBeUndefined();
    expect(meant(qemu('RESUME'), 'away-1')).toBeUndefined();
  });
});
