/**
 * Defence's flows as OVS shows them, and that nothing goes to the controller that no meter holds back.
 */
import { expect, test } from 'vitest';
import { defenceRecipes } from '../../../apps/defence/flows.ts';
import { recipes } from '../../../apps/recipes.ts';
import { bridgeView, switchView } from '../../../controller/network/bridge-view.ts';
import { allowed, blocked } from '../../../controller/network/blocklist-changes.ts';
import { admissionLimited, blocklistChanged, migrationChanged } from '../../../controller/network/changes.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { flowMod, formatFlow } from '../../../controller/openflow/index.ts';
import { instructionsOf } from '../../../controller/switches/installed.ts';
import { type BlockRecipe, compile, metersOf } from '../../../controller/switches/program.ts';
import { byPerson } from '../../controller/network/new-block.ts';
import { after, atHome, migration } from '../../controller/network/sites.ts';

function shown(all: Iterable<BlockRecipe>): string[] {
  return [...all].flatMap(({ flows }) =>
    Array.from(flows(), (flow) => {
      const { table, priority, match, cookie } = flow;
      return formatFlow(flowMod({ table, priority, match, cookie, instructions: instructionsOf(flow) }));
    }),
  );
}
const ofHome = (state: NetworkState): BlockRecipe[] => defenceRecipes(bridgeView(state, 'home-1')!, state);
const added = (state: NetworkState): string[] => {
  const before = new Set(shown(ofHome(atHome())));
  return shown(ofHome(state)).filter((flow) => !before.has(flow));
};

test('the lines of the blocklist, what is allowed, what is blocked for a guest alone', () => {
  const state = after(
    atHome(),
    blocklistChanged(blocked(byPerson, ['203.0.113.8', '203.0.113.9', '2001:db8:bad::/48'])),
    blocklistChanged(blocked({ ...byPerson, origin: 'list' }, ['192.0.2.1'])),
    blocklistChanged(blocked({ ...byPerson, guest: 'web' }, ['192.0.2.2'])),
    blocklistChanged(allowed({ source: '203.0.113.9', reason: '', createdAt: 0 })),
    blocklistChanged(allowed({ source: '192.0.2.1', reason: '', createdAt: 0 })),
    blocklistChanged(allowed({ source: '2001:db8:bad:7::/64', reason: '', createdAt: 0 })),
  );
  expect(
    added(state)
      .map((flow) => flow.replace(/^cookie=0xa7c7/, ''))
      .toSorted(),
  ).toMatchInlineSnapshot(`
    [
      "030000000001, table=10, priority=200,ip,nw_src=203.0.113.9 actions=goto_table:20",
      "030000000001, table=10, priority=200,ipv6,ipv6_src=2001:db8:bad:7::/64 actions=goto_table:20",
      "030000000001, table=34, priority=200,ip,nw_src=192.0.2.1 actions=goto_table:35",
      "030000000001, table=34, priority=200,ip,nw_src=203.0.113.9 actions=goto_table:35",
      "030000000001, table=34, priority=200,ipv6,ipv6_src=2001:db8:bad:7::/64 actions=goto_table:35",
      "030700000001, table=10, priority=100,ip,nw_src=203.0.113.8/31 actions=drop",
      "030700000001, table=10, priority=100,ipv6,ipv6_src=2001:db8:bad::/48 actions=drop",
      "030700000002, table=34, priority=100,ip,nw_src=192.0.2.1 actions=drop",
      "030700000003, table=10, priority=100,ip,nw_src=192.0.2.2,nw_dst=10.1.0.101 actions=drop",
    ]
  `);
});

test('a guest’s meter has the rate that is asked for, and its flow stays the same', () => {
  const limited = admissionLimited('web', { perSecond: 100 })(atHome());
  const rates = (state: NetworkState) => [...metersOf(compile(ofHome(state))).entries()];
  expect(rates(atHome())).toContainEqual([0x101, 1_000]);
  expect(rates(limited)).toContainEqual([0x101, 100]);
  expect(added(limited)).toEqual([]);
});

test('what is new to a guest that flees is refused by a flow of the anchor that it leaves', () => {
  const flees = migration('home-1', 'away-1', 'planned', { admit: 'established' });
  expect(added(migrationChanged(flees)(atHome()))).toEqual([
    'cookie=0xa7c7030800010001, table=33, priority=210,reg0=0x1,reg6=0 actions=drop',
  ]);
  expect(added(migrationChanged({ ...flees, admit: 'all' })(atHome()))).toEqual([]);
});

test('a guest may be let have less at an edge alone', () => {
  const rateAt = (state: NetworkState, name: string): number | undefined =>
    metersOf(compile(defenceRecipes(switchView(state, name)!, state))).get(0x101);
  const state = admissionLimited('web', { perSecond: 100, at: new Set(['border']) })(atHome());
  expect([rateAt(state, 'border'), rateAt(state, 'home-1')]).toEqual([100, 1_000]);
  expect(admissionLimited('web', { perSecond: 100, at: new Set(['border']) })(state)).toBe(state);
});

test('what networks send that are known has a meter of its own, where the others are let in at less', () => {
  const known = ['203.0.113.0/24', '2001:db8:7::/48'];
  const limit = { perSecond: 100, known, verdicts: new Map([['one', 'home-1']]) };
  const state = admissionLimited('web', limit)(atHome());
  expect(added(state)).toMatchInlineSnapshot(`
    [
      "cookie=0xa7c7030100000001, table=33, priority=110,ip,reg0=0x1,nw_src=203.0.113.0/24 actions=meter:16641,ct(table=34,zone=NXM_NX_REG2[0..15])",
      "cookie=0xa7c7030100000001, table=33, priority=110,ipv6,reg0=0x1,ipv6_src=2001:db8:7::/48 actions=meter:16641,ct(table=34,zone=NXM_NX_REG2[0..15])",
    ]
  `);
  expect([...metersOf(compile(ofHome(state))).entries()]).toContainEqual([0x4101, 1_000]);
  expect(added(admissionLimited('web', { ...limit, at: new Set(['border']) })(atHome()))).toEqual([]);
  const same = { ...limit, known: [...known], verdicts: new Map(limit.verdicts) };
  expect(admissionLimited('web', same)(state)).toBe(state);
  expect(admissionLimited('web', { ...limit, known: known.slice(1) })(state)).not.toBe(state);
});

test('a limit that another verdict upholds changes no flow', () => {
  const limited = (id: string) =>
    admissionLimited('web', { perSecond: 100, known: [], verdicts: new Map([[id, 'home-1']]) });
  const before = limited('one')(atHome());
  const next = limited('another')(before);
  expect(next).not.toBe(before);
  const program = compile(ofHome(before));
  expect([...compile(ofHome(next), program).values()]).toEqual([...program.values()]);
  for (const [key, block] of compile(ofHome(next), program)) expect(block, key).toBe(program.get(key));
});

test('nothing goes to the controller without a meter', () => {
  const state = atHome();
  const sent = [...state.hosts.keys()].flatMap((host) => {
    const view = bridgeView(state, host);
    return view === undefined
      ? []
      : shown(recipes(view, state)).filter((flow) => flow.includes('controller('));
  });
  expect(sent.length).toBeGreaterThan(0);
  expect(sent.filter((flow) => !flow.includes('meter_id='))).toEqual([]);
});
