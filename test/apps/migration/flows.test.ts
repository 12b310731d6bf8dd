/**
 * The flows of each bridge in each situation of a guest, as readable text: what `flows/*.txt` says is the
 * datapath. `npx vitest run -u` writes it anew; the difference is for a reviewer to read.
 */
import { describe, expect, test } from 'vitest';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { recipes } from '../../../apps/recipes.ts';
import { switchView } from '../../../controller/network/bridge-view.ts';
import {
  anchored,
  bridgeSeen,
  copied,
  delivered,
  domainChanged,
  graceSet,
  hypervisorSeen,
  migrationChanged,
  placed,
} from '../../../controller/network/changes.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import type { Admit } from '../../../controller/network/anchor.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import type { RelayMode } from '../../../controller/network/relay.ts';
import { formatFlow } from '../../../controller/openflow/index.ts';
import { between } from '../../../controller/switches/diff.ts';
import { compileBlock, instructionsOf } from '../../../controller/switches/installed.ts';
import { cookieOwner, objectText, Table } from '../../../controller/switches/pipeline.ts';
import { compile, emptyProgram, type Program } from '../../../controller/switches/program.ts';
import { after, atHome, bridge, migration, type portOf } from '../../controller/network/sites.ts';

type Change = (state: NetworkState) => NetworkState;
type GuestName = keyof typeof portOf;

const program = (state: NetworkState, host: HostName, before: Program = emptyProgram): Program => {
  const view = switchView(state, host);
  return view === undefined ? emptyProgram : compile(recipes(view, state), before);
};

const leased =
  (to: HostName, relay: RelayMode): Change =>
  (state) =>
    withLeases(state, state.guests.get('web')!, to, relay);
const plugged = (host: HostName, ...guests: readonly GuestName[]): Change =>
  bridgeSeen(host, bridge(host, ...guests));
const moving = (from: HostName, to: HostName, phase: Phase): Change =>
  migrationChanged(migration(from, to, phase));

/** Up to the switchover: leased and plugged in at the destination. */
const arriving =
  (from: HostName, to: HostName, relay: RelayMode = 'tunnel'): Change =>
  (state) =>
    after(state, leased(to, relay), moving(from, to, 'copying'), plugged(to, 'web'));
/** After it: unplugged at the source. */
const moved =
  (from: HostName, to: HostName, relay: RelayMode = 'tunnel'): Change =>
  (state) =>
    after(
      state,
      arriving(from, to, relay),
      delivered('web', to),
      moving(from, to, 'relaying'),
      plugged(from),
    );
/** Shortly before it: copies go to the destination. */
const copyingToBoth =
  (from: HostName, to: HostName): Change =>
  (state) =>
    after(state, arriving(from, to), copied('web', to));
const admits =
  (host: HostName, admit: Admit): Change =>
  (state) => {
    const anchor = state.anchors.get(1)!.find((one) => one.host === host)!;
    return anchored(1, { ...anchor, admit })(state);
  };

/** Flows grouped by table, one a line, highest priority first; whose they are is said behind them. */
function text(flows: Program): string {
  const all = [...flows.values()].flatMap((block) => [...block.flows]);
  const groups = Object.entries(Table).flatMap(([name, number]) => {
    const lines = all
      .filter(({ table }) => table === number)
      .sort((a, b) => b.priority - a.priority)
      .map((flow) => {
        const owner = cookieOwner(flow.cookie)!;
        const instructions = instructionsOf(flow);
        const common = {
          ...flow,
          instructions,
          table: 0,
          cookie: 0n,
          idleTimeout: 0,
          flags: 0,
          importance: 0,
        };
        return `  ${formatFlow(common)}  # ${owner.app}, ${objectText(owner)}`;
      });
    return lines.length === 0 ? [] : [`${name} (${number})`, ...lines];
  });
  return `${groups.join('\n')}\n`;
}

const switches = (state: NetworkState): string[] => [...state.hosts.keys(), ...state.edges.keys()];

const ofGuests = (flows: Program): Program =>
  new Map(
    [...flows].filter(
      ([key]) =>
        /interface|grace|closed|deliver|binding|relay|flood|migration edge/.test(key) &&
        key !== 'migration bridge',
    ),
  );

function situation(state: NetworkState, hosts: readonly HostName[]): string {
  return hosts.map((host) => `=== ${host}\n${text(ofGuests(program(state, host)))}`).join('\n');
}

const home = atHome();
const away = moved('home-1', 'away-1')(home);
/** Room for relay addresses. */
const roomy: Change = (state) => ({
  ...state,
  subnets: new Map(
    [...state.subnets].map(([prefix, subnet]) => {
      const { careOf, family } = subnet;
      if (careOf === undefined || family === 6) return [prefix, subnet];
      return [prefix, { ...subnet, careOf: { ...careOf, last: careOf.last.replace(/1$/, '9') } }];
    }),
  ),
});
const rewritten = moved('home-1', 'away-1', 'rewrite')(roomy(home));
/** Edges only track. */
const unredirected: Change = (state) => ({
  ...state,
  edges: new Map([...state.edges].map(([name, edge]) => [name, { ...edge, redirect: false }])),
});
const rewrittenBack = moved('away-1', 'home-1', 'rewrite')(rewritten);
const third = moved('away-1', 'bare-1')(away);

const situations: Readonly<Record<string, readonly [NetworkState, ...HostName[]]>> = {
  'at-home': [home, 'home-1'],
  'two-guests-on-one-host': [after(home, plugged('home-1', 'web', 'db'), placed('db', 'home-1')), 'home-1'],
  arriving: [arriving('home-1', 'away-1')(home), 'home-1', 'away-1'],
  'copying-to-both': [copyingToBoth('home-1', 'away-1')(home), 'home-1', 'away-1'],
  'away-and-copying-to-a-third-place': [
    copyingToBoth('away-1', 'bare-1')(away),
    'home-1',
    'away-1',
    'bare-1',
  ],
  'away-and-copying-back-home': [copyingToBoth('away-1', 'home-1')(away), 'home-1', 'away-1'],
  'away-with-a-care-of-address': [away, 'home-1', 'away-1'],
  'about-to-flee': [
    migrationChanged(migration('home-1', 'away-1', 'planned', { admit: 'established' }))(home),
    'home-1',
  ],
  'away-from-an-attack': [admits('home-1', 'established')(away), 'home-1'],
  'away-without-a-care-of-address': [moved('home-1', 'bare-1')(home), 'home-1', 'bare-1'],
  'at-a-third-place': [third, 'home-1', 'away-1', 'bare-1'],
  'back-home-with-another-anchor': [moved('away-1', 'home-1')(away), 'home-1', 'away-1'],
  'on-another-host-of-its-home-site': [moved('home-1', 'home-2')(home), 'home-1', 'home-2'],
  'after-a-restart-at-home': [graceSet('home-1', 1)(home), 'home-1'],
  'after-a-restart-with-another-anchor': [graceSet('home-1', 1)(moved('away-1', 'home-1')(away)), 'home-1'],
  'at-home-seen-from-an-edge': [home, 'border'],
  'away-by-rewriting': [rewritten, 'home-1', 'away-1', 'border'],
  'away-by-rewriting-from-an-attack': [admits('home-1', 'established')(rewritten), 'border'],
  'away-by-rewriting-past-an-edge-that-does-not-redirect': [unredirected(rewritten), 'away-1', 'border'],
  'back-home-after-rewriting': [rewrittenBack, 'home-1', 'away-1', 'border'],
  'away-directly': [moved('home-1', 'away-1', 'direct')(home), 'home-1', 'away-1'],
  'not-running': [
    after(
      home,
      hypervisorSeen('home-1', new Map([['web', 'running']])),
      domainChanged('home-1', 'web', undefined),
      plugged('home-1'),
    ),
    'home-1',
  ],
};

test('what every bridge has', async () => {
  const all = program(home, 'home-1');
  const common = new Map([...all].filter(([key]) => !ofGuests(all).has(key)));
  await expect(text(common)).toMatchFileSnapshot('flows/every-bridge.txt');
});

test('what every edge has', async () => {
  const all = program(home, 'border');
  const common = new Map([...all].filter(([key]) => !ofGuests(all).has(key)));
  await expect(text(common)).toMatchFileSnapshot('flows/every-edge.txt');
});

test.each(Object.entries(situations))('%s', async (name, [state, ...hosts]) => {
  await expect(situation(state, hosts)).toMatchFileSnapshot(`flows/${name}.txt`);
});

test('no two flows of a bridge replace each other', () => {
  for (const [name, [state]] of Object.entries(situations)) {
    for (const host of switches(state)) {
      const keys = [...program(state, host).values()].flatMap(compileBlock).map(({ key }) => key);
      expect(new Set(keys).size, `${name}, ${host}`).toBe(keys.length);
    }
  }
});

test('every flow goes on to a later table', () => {
  for (const [state] of Object.values(situations)) {
    for (const host of switches(state)) {
      for (const { flows } of program(state, host).values()) {
        for (const { table, next } of flows) if (next !== undefined) expect(next).toBeGreaterThan(table);
      }
    }
  }
});

describe('what a guest costs', () => {
  const count = (state: NetworkState, host: HostName): number =>
    [...ofGuests(program(state, host)).values()].reduce((sum, { flows }) => sum + [...flows].length, 0);

  test('a bounded number of flows at each place, and two more for each other anchor where it is', () => {
    expect(count(home, 'home-1')).toBeLessThan(85);
    expect(count(away, 'home-1')).toBeLessThan(55);
    expect(count(away, 'away-1')).toBeLessThan(85);
    const visit = (state: NetworkState, index: number): NetworkState =>
      anchored(1, { index, host: 'home-2', addresses: {}, admit: 'all' })(state);
    const [one, two] = [visit(away, 3), visit(visit(away, 3), 4)];
    expect(count(two, 'away-1') - count(one, 'away-1')).toBe(count(one, 'away-1') - count(away, 'away-1'));
    expect(count(one, 'away-1') - count(away, 'away-1')).toBeLessThanOrEqual(2);
  });
});

describe('a switchover', () => {
  const changed = (before: NetworkState, then: NetworkState): Record<string, string[]> => {
    const keys: Record<string, string[]> = {};
    for (const host of switches(before)) {
      const old = program(before, host);
      const now = program(then, host, old);
      const names = [...new Set([...old.keys(), ...now.keys()])].filter(
        (key) => old.get(key) !== now.get(key),
      );
      if (names.length > 0) keys[host] = names.sort();
    }
    return keys;
  };
  const flowMods = (before: NetworkState, then: NetworkState): number =>
    [...switches(before)].reduce((sum, host) => {
      const old = program(before, host);
      const { put, remove } = between(old, program(then, host, old));
      return sum + put.length + remove.length;
    }, 0);

  const ready = arriving('home-1', 'away-1')(home);
  const flipped = delivered('web', 'away-1')(ready);

  test('changes where packets are delivered, and nothing else', () => {
    expect(changed(ready, flipped)).toEqual({
      'home-1': ['migration binding 1', 'migration deliver 1', 'routing flood'],
      'away-1': ['migration binding 1', 'migration deliver 1'],
    });
    expect(flowMods(ready, flipped)).toBeLessThan(16);
  });

  test('the same from one visited place to the next', () => {
    const there = arriving('away-1', 'bare-1')(away);
    const next = delivered('web', 'bare-1')(there);
    expect(Object.keys(changed(there, next)).sort()).toEqual(['away-1', 'bare-1', 'home-1']);
    for (const names of Object.values(changed(there, next))) {
      expect(names).toEqual(['migration binding 1', 'migration deliver 1']);
    }
  });

  test('the same by rewriting, at the edge too', () => {
    const rewriting = arriving('home-1', 'away-1', 'rewrite')(roomy(home));
    expect(changed(rewriting, delivered('web', 'away-1')(rewriting))).toEqual({
      'home-1': ['migration binding 1', 'migration deliver 1', 'routing flood'],
      'away-1': ['migration binding 1', 'migration deliver 1'],
      border: ['migration edge 1'],
    });
  });

  test('no other guest’s flows are touched', () => {
    const both = after(ready, plugged('home-1', 'web', 'db'), placed('db', 'home-1'));
    for (const names of Object.values(changed(both, delivered('web', 'away-1')(both)))) {
      for (const name of names) expect(name).not.toMatch(/ 2$/);
    }
  });
});
