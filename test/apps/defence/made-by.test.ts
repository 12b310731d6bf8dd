/**
 * Who made the flows of a bridge: found by the cookies of the flows that the state leads to, every flow of defence's and
 * every flow that refuses what is new.
 */
import { expect, test } from 'vitest';
import { madeByAt } from '../../../apps/defence/made-by.ts';
import { presentMadeBy } from '../../../apps/api/present.ts';
import { byText } from '../../../apps/cli/views/flows.ts';
import { recipes } from '../../../apps/recipes.ts';
import { switchView } from '../../../controller/network/bridge-view.ts';
import { allowed, blocked } from '../../../controller/network/blocklist-changes.ts';
import {
  admissionLimited,
  anchored,
  blocklistChanged,
  delivered,
  flightChanged,
  migrationChanged,
} from '../../../controller/network/changes.ts';
import { nothingRemembered } from '../../../controller/network/declare.ts';
import type { Flight } from '../../../controller/network/flight.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import { flowMod, formatFlow } from '../../../controller/openflow/index.ts';
import { instructionsOf } from '../../../controller/switches/installed.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import { byPerson } from '../../controller/network/new-block.ts';
import { after, atHome, declared, migration } from '../../controller/network/sites.ts';

/** A bridge's flows that somebody made, and who. */
function made(state: NetworkState, bridge: string): string[] {
  const of = madeByAt(state, bridge);
  return [...recipes(switchView(state, bridge)!, state)].flatMap(({ flows }) =>
    Array.from(flows(), (flow) => {
      const { table, priority, match } = flow;
      const shown = formatFlow(flowMod({ table, priority, match, instructions: instructionsOf(flow) }));
      const by = byText(presentMadeBy(of(flow.cookie)));
      return by === '-' ? '' : `${shown.replace(/^cookie=\S+ /, '')} by ${by}`;
    }).filter((line) => line !== ''),
  );
}

const USUAL = [
  'table=33, priority=100,ip,reg0=0x1 actions=meter:257,ct(table=34,zone=NXM_NX_REG2[0..15]) by policy',
  'table=33, priority=100,ipv6,reg0=0x1 actions=meter:257,ct(table=34,zone=NXM_NX_REG2[0..15]) by policy',
];

const flees = migration('home-1', 'away-1', 'planned', { admit: 'established' });
const flight: Flight = {
  id: 'f1',
  guest: 'web',
  from: 'home-1',
  to: 'away-1',
  verdicts: ['one', 'another'],
  reason: '',
  choice: '',
  phase: 'moving',
  why: '',
  migration: flees.id,
  leftBehind: 0,
  entered: {},
};
const REFUSED = 'table=33, priority=210,reg0=0x1,reg6=0 actions=drop';

/** The guest has fled. */
function fled(): NetworkState {
  const begun = after(atHome(), migrationChanged(flees), flightChanged(flight));
  const [home] = begun.anchors.get(1)!;
  const relays = [{ host: 'away-1', mode: 'rewrite', edge: { ipv4: '10.2.0.201' }, anchor: {} }] as const;
  return after(
    begun,
    anchored(1, { ...home!, admit: 'established', relays }),
    delivered('web', 'away-1'),
    migrationChanged({ ...flees, phase: 'relaying', performed: true }),
    flightChanged({ ...flight, phase: 'safe' }),
  );
}

test('what is there whatever anybody says is nobody’s; what is let in is so by the guest’s policy', () => {
  expect(made(atHome(), 'home-1')).toEqual(USUAL);
  expect(madeByAt(atHome(), 'home-1')(0x1234n)).toBeUndefined();
  expect(madeByAt(atHome(), 'home-1')(cookie('defence', 'block', 9))).toBeUndefined();
});

test('blocks are a person’s, a list’s or a verdict’s; what is allowed is a person’s', () => {
  const state = after(
    atHome(),
    blocklistChanged(blocked(byPerson, ['203.0.113.7'])),
    blocklistChanged(blocked({ ...byPerson, origin: 'list' }, ['203.0.113.8'])),
    blocklistChanged(
      blocked({ ...byPerson, origin: 'verdict', verdict: 'one', guest: 'web' }, [
        '203.0.113.9',
        '2001:db8::/64',
      ]),
    ),
    blocklistChanged(allowed({ source: '203.0.113.9', reason: '', createdAt: 0 })),
  );
  const expected = [
    'table=10, priority=100,ip,nw_src=203.0.113.7 actions=drop by person',
    'table=10, priority=100,ip,nw_src=203.0.113.9,nw_dst=10.1.0.101 actions=drop by verdict one',
    'table=10, priority=100,ipv6,ipv6_src=2001:db8::/64,ipv6_dst=2001:db8:1::101 actions=drop by verdict one',
    'table=10, priority=200,ip,nw_src=203.0.113.9 actions=goto_table:20 by person',
    ...USUAL,
    'table=34, priority=100,ip,nw_src=203.0.113.8 actions=drop by list',
    'table=34, priority=200,ip,nw_src=203.0.113.9 actions=goto_table:35 by person',
  ];
  expect(made(state, 'home-1').toSorted()).toEqual(expected.toSorted());
  expect(made(state, 'border').toSorted()).toEqual(expected.toSorted());
});

test('while a flood is on, what is let in, and from known networks, is so by its verdicts; then by policy again', () => {
  const verdicts = new Map([
    ['one', 'home-1'],
    ['another', 'border'],
  ]);
  const limit = { perSecond: 100, known: ['203.0.113.0/24'], verdicts };
  const state = admissionLimited('web', limit)(atHome());
  const expected = [
    ...USUAL.map((line) => line.replace(/by policy$/, 'by verdict one, another')),
    'table=33, priority=110,ip,reg0=0x1,nw_src=203.0.113.0/24 actions=meter:16641,ct(table=34,zone=NXM_NX_REG2[0..15]) by verdict one, another',
  ];
  for (const bridge of ['home-1', 'border']) expect(made(state, bridge)).toEqual(expected);
  expect(made(admissionLimited('web', undefined)(state), 'home-1')).toEqual(USUAL);
});

test('where a flood comes by edges alone, by the verdict of that edge, and elsewhere by policy', () => {
  const verdicts = new Map([
    ['one', 'border'],
    ['another', 'elsewhere'],
  ]);
  const limit = { perSecond: 100, at: new Set(['border', 'elsewhere']), verdicts };
  const state = admissionLimited('web', limit)(atHome());
  expect(made(state, 'border')).toEqual(USUAL.map((line) => line.replace(/by policy$/, 'by verdict one')));
  expect(made(state, 'home-1')).toEqual(USUAL);
});

test('what a flight closes names flight and verdicts, from its beginning until the guest is back', () => {
  const begun = after(atHome(), migrationChanged(flees), flightChanged(flight));
  expect(made(begun, 'home-1')).toEqual([`${REFUSED} by flight f1, verdict one, another`, ...USUAL]);

  const away = fled();
  expect(made(away, 'home-1')).toEqual([`${REFUSED} by flight f1, verdict one, another`, ...USUAL]);
  const new_ = 'ct_state=+new+trk';
  const fields = 'reg0=0x1,reg1=0x4,reg4=0x1';
  expect(made(away, 'border').filter((line) => line.startsWith('table=25'))).toEqual([
    `table=25, priority=210,${new_},tcp,${fields},tcp_flags=+syn-ack actions=drop by flight f1, verdict one, another`,
    `table=25, priority=200,${new_},ip,${fields} actions=drop by flight f1, verdict one, another`,
  ]);

  const back = after(
    away,
    migrationChanged(migration('away-1', 'home-1', 'relaying')),
    delivered('web', 'home-1'),
  );
  expect(made(back, 'home-1')).toEqual(USUAL);
});

test('what somebody closes by hand names the migration; one that was rolled back, or left another host, does not count', () => {
  const byHand = { ...flees, id: 'by hand' };
  const closed = migrationChanged(byHand)(atHome());
  expect(made(closed, 'home-1')).toEqual([`${REFUSED} by migration by hand`, ...USUAL]);
  const [home] = closed.anchors.get(1)!;
  const later = after(
    closed,
    anchored(1, { ...home!, admit: 'established' }),
    delivered('web', 'away-1'),
    migrationChanged({ ...byHand, phase: 'relaying', performed: true }),
    migrationChanged({ ...flees, id: 'given up', phase: 'rolled-back' }),
    migrationChanged({ ...flees, id: 'on', from: 'away-1', to: 'bare-1' }),
  );
  expect([...later.history.keys()]).toEqual(['by hand', 'given up', 'on']);
  expect(made(later, 'home-1')).toEqual([`${REFUSED} by migration by hand`, ...USUAL]);
});

test('a controller that starts anew leaves every flow as it is, and says the same of what it remembers', () => {
  const before = after(
    fled(),
    blocklistChanged(
      blocked({ ...byPerson, origin: 'verdict', verdict: 'one', guest: 'web' }, ['203.0.113.9']),
    ),
    admissionLimited('web', { perSecond: 100, known: [], verdicts: new Map([['one', 'home-1']]) }),
  );
  const { bridges, gateways, hypervisors } = before;
  const started = {
    ...declared({ ...nothingRemembered, ...remembered(before) }),
    bridges,
    gateways,
    hypervisors,
  };
  for (const bridge of ['home-1', 'away-1', 'border']) {
    const flows = (state: NetworkState) =>
      [...recipes(switchView(state, bridge)!, state)].flatMap((recipe) => [...recipe.flows()]);
    expect(flows(started), bridge).toEqual(flows(before));
    // What is let in is so by policy, until the attack has been seen again.
    const policy = made(before, bridge).map((line) =>
      line.includes('meter:') ? line.replace(/by .*$/, 'by policy') : line,
    );
    expect(made(started, bridge), bridge).toEqual(policy);
  }
  expect(made(started, 'home-1')).toContain(`${REFUSED} by flight f1, verdict one, another`);
});

/** What the store keeps of this. */
const remembered = ({ placements, anchors, migrations, history, blocklist, flights }: NetworkState) => ({
  ...{ placements, anchors, migrations, history, blocklist, flights },
});
