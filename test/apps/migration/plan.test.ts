import { describe, expect, test } from 'vitest';
import { checkMigration, occupants } from '../../../apps/migration/plan.ts';
import {
  bridgeSeen,
  hypervisorLost,
  hypervisorSeen,
  migrationChanged,
  placed,
} from '../../../controller/network/changes.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { after, atHome, migration } from '../../controller/network/sites.ts';

const ready = after(atHome(), hypervisorSeen('home-1', new Map([['web', 'running']])));

function code(state: NetworkState, guest = 'web', to = 'away-1'): string {
  try {
    return `from ${checkMigration(state, guest, to).from}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function resized(
  state: NetworkState,
  host: string,
  capacity: { guests: number; memoryMiB: number },
): NetworkState {
  return { ...state, hosts: new Map(state.hosts).set(host, { ...state.hosts.get(host)!, capacity }) };
}

test('a running guest may move to a host that has room, from where it is', () => {
  expect(code(ready)).toBe('from home-1');
});

test.each<[string, NetworkState, string?, string?]>([
  ['UNKNOWN_GUEST', ready, 'nobody'],
  ['UNKNOWN_HOST', ready, 'web', 'nowhere'],
  ['GUEST_NOT_RUNNING', ready, 'db'],
  ['MIGRATION_ALREADY_THERE', ready, 'web', 'home-1'],
  ['HOST_UNREACHABLE', bridgeSeen('away-1', undefined)(ready)],
  ['HOST_UNREACHABLE', hypervisorLost('home-1')(ready)],
  ['HOST_UNREACHABLE', atHome()],
])('%s', (expected, state, guest, to) => {
  expect(code(state, guest, to)).toBe(expected);
});

test.each<[Phase, string]>([
  ['planned', 'MIGRATION_ALREADY_MOVING'],
  ['preparing', 'MIGRATION_ALREADY_MOVING'],
  ['copying', 'MIGRATION_ALREADY_MOVING'],
  ['switching', 'MIGRATION_ALREADY_MOVING'],
  ['failed', 'MIGRATION_ALREADY_MOVING'],
  ['relaying', 'from home-1'],
  ['drained', 'from home-1'],
  ['rolled-back', 'from home-1'],
])('while another migration of it is %s: %s', (phase, expected) => {
  expect(code(migrationChanged(migration('home-1', 'bare-1', phase))(ready))).toBe(expected);
});

describe('room', () => {
  const withDb = after(ready, placed('db', 'away-1'));

  test('for as many guests as the host takes', () => {
    expect(code(resized(withDb, 'away-1', { guests: 1, memoryMiB: 4096 }))).toBe('MIGRATION_NO_ROOM');
    expect(code(resized(withDb, 'away-1', { guests: 2, memoryMiB: 4096 }))).toBe('from home-1');
  });

  test('for their memory, to the last mebibyte', () => {
    expect(code(resized(withDb, 'away-1', { guests: 9, memoryMiB: 511 }))).toBe('MIGRATION_NO_ROOM');
    expect(code(resized(withDb, 'away-1', { guests: 9, memoryMiB: 512 }))).toBe('from home-1');
  });

  test('is taken by guests on their way, and by no guest twice', () => {
    const coming = after(
      atHome(),
      hypervisorSeen('home-1', new Map([['web', 'running']])),
      placed('db', 'home-2'),
    );
    const moving = { ...migration('home-2', 'away-1', 'copying'), guest: 'db' };
    const state = migrationChanged(moving)(coming);
    expect(occupants(state, 'away-1')).toEqual(['db']);
    expect(
      occupants(
        after(state, (now) => ({ ...now, placements: new Map([['db', 'away-1']]) })),
        'away-1',
      ),
    ).toEqual(['db']);
    expect(code(resized(state, 'away-1', { guests: 1, memoryMiB: 4096 }))).toBe('MIGRATION_NO_ROOM');
    const gone = migrationChanged({ ...moving, phase: 'relaying', performed: true })(coming);
    expect(occupants(gone, 'away-1')).toEqual([]);
  });
});
