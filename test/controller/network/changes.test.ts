import { describe, expect, test } from 'vitest';
import {
  anchored,
  bridgeSeen,
  delivered,
  domainChanged,
  gatewayAnswered,
  graceSet,
  hypervisorLost,
  hypervisorSeen,
  migrationChanged,
  placed,
  unanchored,
} from '../../../controller/network/changes.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import type { Anchor } from '../../../controller/network/anchor.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { after, atHome, bridge, declared, migration } from './sites.ts';

const running = new Map([['web', 'running']] as const);
const careOf: Anchor = { index: 2, host: 'away-1', addresses: { ipv4: '10.2.0.200' }, admit: 'all' };
const home: Anchor = {
  index: 1,
  host: 'home-1',
  addresses: { ipv4: '10.1.0.101', ipv6: '2001:db8:1::101' },
  admit: 'all',
};

type Change = (state: NetworkState) => NetworkState;
const moving = migration('home-1', 'away-1', 'copying');

test.each<[string, Change]>([
  ['grace', graceSet('home-1', 5)],
  ['the grace of an unknown bridge', graceSet('nowhere', 5)],
  ['a gateway', gatewayAnswered('10.1.0.0/24', '02:00:00:00:00:aa')],
  ['all domains', hypervisorSeen('home-1', running)],
  ['no domains', hypervisorSeen('bare-1', new Map())],
  ['a lost hypervisor', hypervisorLost('home-1')],
  ['a bridge that is gone', bridgeSeen('home-1', undefined)],
  ['a domain of an unknown hypervisor', domainChanged('home-1', 'web', 'paused')],
  ['a guest', placed('web', 'home-2')],
  ['an unknown guest', placed('nobody', 'home-1')],
  ['an unknown host', placed('web', 'nowhere')],
  ['a delivery', delivered('web', 'away-1')],
  ['an anchor', anchored(1, careOf)],
  ['no anchor', unanchored(1, 7)],
  ['a migration', migrationChanged(moving)],
])('%s, twice: the second time nothing changes, not even the value', (_what, change) => {
  const once = change(atHome());
  expect(change(once)).toBe(once);
});

test('a domain that stays as it is changes nothing', () => {
  const seen = hypervisorSeen('home-1', running)(atHome());
  expect(domainChanged('home-1', 'web', 'running')(seen)).toBe(seen);
  expect(domainChanged('home-1', 'db', undefined)(seen)).toBe(seen);
});

test('parts that a change does not concern are shared', () => {
  const before = atHome();
  const { placements, ...others } = delivered('web', 'away-1')(before);
  expect(placements).not.toBe(before.placements);
  for (const [part, value] of Object.entries(others))
    expect(value, part).toBe(before[part as keyof NetworkState]);
});

test('what else is known of a bridge survives a new sight of it', () => {
  const state = after(atHome(), graceSet('home-1', 77), bridgeSeen('home-1', bridge('home-1', 'web', 'db')));
  expect(state.bridges.get('home-1')).toMatchObject({ graceUntil: 77 });
  expect(state.bridges.get('home-1')?.ports.has('vnet-db')).toBe(true);
});

describe('the first sight of a guest', () => {
  test('at home gives it its home anchor, where it is', () => {
    const state = placed('web', 'home-2')(declared());
    expect(state.placements.get('web')).toBe('home-2');
    expect(state.anchors.get(1)).toEqual([{ ...home, host: 'home-2' }]);
  });

  test('elsewhere gives it none, and the first sight at home does then, beside those it has', () => {
    const away = after(declared(), placed('web', 'away-1'), anchored(1, careOf));
    expect(away.placements.get('web')).toBe('away-1');
    expect(away.anchors.get(1)).toEqual([careOf]);
    expect(placed('web', 'home-1')(away).anchors.get(1)).toEqual([home, careOf]);
    const left = unanchored(1, 2)(away);
    expect(placed('web', 'home-1')(left).anchors.get(1)).toEqual([home]);
  });

  test('is no second one: the home anchor stays where it is', () => {
    expect(placed('web', 'home-2')(atHome()).anchors.get(1)).toEqual([home]);
  });
});

describe('while a migration is under way', () => {
  const busy: readonly Phase[] = ['planned', 'preparing', 'copying', 'switching'];
  const quiet: readonly Phase[] = ['relaying', 'drained', 'failed', 'rolled-back'];
  const at = (phase: Phase): NetworkState =>
    after(
      atHome(),
      hypervisorSeen('home-1', running),
      hypervisorSeen('away-1', new Map()),
      migrationChanged({ ...moving, phase }),
    );

  test.each(busy)('%s: it alone says where traffic goes', (phase) => {
    const state = at(phase);
    expect(placed('web', 'away-1')(state)).toBe(state);
    expect(domainChanged('away-1', 'web', 'running')(state).placements.get('web')).toBe('home-1');
    expect(domainChanged('home-1', 'web', undefined)(state).placements.get('web')).toBe('home-1');
    expect(hypervisorSeen('away-1', running)(state).placements.get('web')).toBe('home-1');
    expect(delivered('web', 'away-1')(state).placements.get('web')).toBe('away-1');
  });

  test.each(quiet)('%s: what runs where says so again', (phase) => {
    const state = at(phase);
    expect(domainChanged('away-1', 'web', 'running')(state).placements.get('web')).toBe('away-1');
    expect(domainChanged('home-1', 'web', undefined)(state).placements.has('web')).toBe(false);
  });

  test('a guest that goes at another host than where it is delivered stays', () => {
    const state = after(
      at('relaying'),
      delivered('web', 'away-1'),
      domainChanged('home-1', 'web', undefined),
    );
    expect(state.placements.get('web')).toBe('away-1');
  });

  test.each([...busy, 'failed'] as const)('%s: no other one takes its place', (phase) => {
    const other = migration('home-1', 'bare-1', 'planned');
    const state = at(phase);
    expect(migrationChanged(other)(state)).toBe(state);
  });

  test.each(['relaying', 'drained', 'rolled-back'] as const)('%s: the next one takes its place', (phase) => {
    const other = migration('home-1', 'bare-1', 'planned');
    expect(migrationChanged(other)(at(phase)).migrations.get('web')).toBe(other);
  });
});

test('a lost hypervisor keeps what was last seen of it', () => {
  const state = after(atHome(), hypervisorSeen('home-1', running), hypervisorLost('home-1'));
  expect(state.hypervisors.get('home-1')).toEqual({ host: 'home-1', reachable: false, domains: running });
  expect(state.placements.get('web')).toBe('home-1');
  expect(hypervisorLost('bare-1')(state).hypervisors.get('bare-1')?.domains.size).toBe(0);
});

test('anchors are in the order of their indexes, one of each', () => {
  const third = { ...careOf, index: 3, host: 'bare-1' };
  const state = after(atHome(), anchored(1, third), anchored(1, careOf));
  expect(state.anchors.get(1)).toEqual([home, careOf, third]);
  const changed = { ...careOf, admit: 'established' } as const;
  expect(anchored(1, changed)(state).anchors.get(1)).toEqual([home, changed, third]);
  expect(unanchored(1, 2)(state).anchors.get(1)).toEqual([home, third]);
});
