/**
 * State → rows → state. The rows are those that the transaction would leave in the database, as a small table of
 * each kind tells; the database itself has its own tests.
 */
import { describe, expect, test } from 'vitest';
import { allowed, blocked, unblocked } from '../../../../controller/network/blocklist-changes.ts';
import {
  anchored,
  blocklistChanged,
  defended,
  delivered,
  flightChanged,
  gatewayAnswered,
  migrationChanged,
  unanchored,
} from '../../../../controller/network/changes.ts';
import { migration as limits } from '../../../../controller/limits.ts';
import { defaultDefence } from '../../../../controller/network/defence-policy.ts';
import { declare, nothingRemembered } from '../../../../controller/network/declare.ts';
import type { NetworkState } from '../../../../controller/network/model.ts';
import {
  difference,
  remember,
  type Stored,
  type StoredRows,
} from '../../../../controller/network/store/remember.ts';
import { RowCodec } from '../../../../controller/ovsdb/row-codec.ts';
import { uuid as uuidOf } from '../../../../controller/ovsdb/uuid.ts';
import { arcticTern } from '../../../../controller/network/store/schema.ts';
import { after, atHome, description, migration } from '../sites.ts';

type Row = Record<string, unknown>;
type Tables = Record<string, Row[]>;
type Part = { op: string; table: string; where?: [string, string, unknown][]; row?: Row };

const uuid = uuidOf('00000000-0000-0000-0000-000000000000');
const empty = (): Tables => ({
  Interface: [],
  Host: [],
  Placement: [],
  Anchor: [],
  Relay: [],
  Gateway: [],
  Quarantine: [],
  Migration: [],
  Block: [],
  BlockedSources: [],
  Allowance: [],
  Defence: [],
  Flight: [],
  Global: [{ epoch: 1, last_block: 0 }],
});

/** Applies a transaction as an OVSDB server would its deletes, inserts and updates (RFC 7047, section 5.2). */
function apply(tables: Tables, before: Stored, state: NetworkState): readonly Part[] {
  const parts = (difference(before, state)?.params().slice(1) ?? []) as readonly Part[];
  for (const { op, table, where, row } of parts) {
    const rows = tables[table]!;
    if (op === 'delete') {
      tables[table] = rows.filter((each) => !where!.every(([column, , value]) => each[column] === value));
    } else if (op === 'update') {
      for (const each of rows) Object.assign(each, row);
    } else {
      expect(op).toBe('insert');
      rows.push(row!);
    }
  }
  return parts;
}

function read(tables: Tables) {
  const rows = (name: keyof typeof arcticTern.tables): unknown[] => {
    const codec = new RowCodec(name, arcticTern.tables[name]);
    return tables[name]!.map((row) => codec.decode(uuid, row));
  };
  const [interfaces, hosts, placements] = [rows('Interface'), rows('Host'), rows('Placement')];
  const [anchors, gateways, migrations] = [rows('Anchor'), rows('Gateway'), rows('Migration')];
  const [relays, quarantine] = [rows('Relay'), rows('Quarantine')];
  const [blocks, blockedSources, allowances] = [rows('Block'), rows('BlockedSources'), rows('Allowance')];
  const [defences, flights] = [rows('Defence'), rows('Flight')];
  const lastBlock = tables['Global']![0]!['last_block'];
  return {
    ...{ interfaces, hosts, placements, anchors, relays, gateways, migrations, quarantine },
    ...{ blocks, blockedSources, allowances, lastBlock, defences, flights },
  } as unknown as StoredRows;
}

const wish = {
  origin: 'person',
  reason: 'scans',
  verdict: undefined,
  guest: undefined,
  createdAt: 1_000,
  expires: undefined,
} as const;

const away = after(
  atHome(),
  anchored(1, {
    index: 2,
    host: 'away-1',
    addresses: { ipv4: '10.2.0.200' },
    admit: 'established',
    relays: [
      {
        host: 'home-1',
        mode: 'rewrite',
        edge: { ipv4: '10.1.0.200' },
        anchor: { ipv4: '10.1.0.201', ipv6: '2001:db8:1::c8' },
      },
      { host: 'bare-1', mode: 'direct', edge: {}, anchor: {} },
    ],
  }),
  delivered('web', 'away-1'),
  migrationChanged(
    migration('home-1', 'away-1', 'relaying', {
      entered: { planned: 1, preparing: 2.5, copying: 3, switching: 4, relaying: 5 },
      blackoutMs: 61.25,
      wishes: { bandwidthMiBps: 16, postCopy: true, copyStorage: 'inc' },
      leased: { 1: 2 },
      reason: 'a reason',
    }),
  ),
  blocklistChanged(
    blocked({ ...wish, verdict: 'v1', guest: 'web', expires: 2_000 }, ['203.0.113.7', '2001:db8::/48']),
  ),
  blocklistChanged(blocked({ ...wish, origin: 'list' }, ['203.0.113.7', '203.0.113.0/24'])),
  blocklistChanged(blocked(wish, ['203.0.113.7'])),
  blocklistChanged(blocked(wish, ['203.0.113.9'])),
  blocklistChanged(unblocked([4])),
  blocklistChanged(allowed({ source: '198.51.100.0/28', reason: 'office', createdAt: 5 })),
  defended('web', {
    ...defaultDefence,
    policy: 'move-first',
    floor: { ...defaultDefence.floor, syn: 12.5 },
    admission: { perSecond: 50, inFlood: 5 },
  }),
  flightChanged({
    ...{ id: 'f1', guest: 'web', from: 'home-1', to: 'away-1', verdicts: ['v1', 'v2'], leftBehind: 3 },
    ...{ reason: 'a reason', choice: 'a choice', phase: 'moving', why: 'begun', migration: 'm1' },
    entered: { planned: 1, moving: 2.5 },
  }),
  flightChanged({
    ...{ id: 'f0', guest: 'web', from: 'away-1', to: 'bare-1', verdicts: [], leftBehind: 0 },
    ...{ reason: 'a reason', choice: 'a choice', phase: 'failed', why: 'refused' },
    entered: { planned: 3 },
  }),
);

test('state, rows, state: what is decided is the same, what is observed is forgotten', () => {
  const tables = empty();
  apply(tables, {}, away);
  const again = declare(description, remember(read(tables)));
  for (const part of [
    'subnets',
    'hosts',
    'guests',
    'gateways',
    'placements',
    'anchors',
    'migrations',
    'history',
    'blocklist',
    'policies',
    'flights',
  ] as const) {
    expect(again[part], part).toEqual(away[part]);
  }
  expect([again.bridges.size, again.hypervisors.size]).toEqual([0, 0]);
});

test('step by step it comes to the same as at once', () => {
  const [stepwise, atOnce] = [empty(), empty()];
  const states = [
    atHome(),
    away,
    unanchored(1, 2)(away),
    gatewayAnswered('10.1.0.0/24', '02:bb:00:00:00:01')(away),
    after(away, delivered('web', 'home-1'), (state) => ({
      ...state,
      gateways: new Map(),
      placements: new Map(),
    })),
  ];
  states.forEach((state, i) => apply(stepwise, states[i - 1] ?? {}, state));
  apply(atOnce, {}, states[2]!);
  apply(atOnce, states[2]!, states.at(-1)!);
  expect(remember(read(stepwise))).toEqual(remember(read(atOnce)));
});

describe('a change costs what it changes', () => {
  test('nothing, for nothing or for what is only observed', () => {
    expect(difference(away, away)).toBeUndefined();
    expect(difference(away, { ...away, bridges: new Map(), hypervisors: new Map() })).toBeUndefined();
  });

  test('two operations for a placement, an anchor more, a migration', () => {
    expect(
      apply(empty(), away, delivered('web', 'home-1')(away)).map(({ op, table }) => [op, table]),
    ).toEqual([
      ['delete', 'Placement'],
      ['insert', 'Placement'],
    ]);
    const more = anchored(1, { index: 3, host: 'bare-1', addresses: {}, admit: 'all' })(away);
    expect(apply(empty(), away, more).map(({ op, table }) => [op, table])).toEqual([
      ['delete', 'Anchor'],
      ['delete', 'Relay'],
      ['insert', 'Anchor'],
      ['insert', 'Relay'],
      ['insert', 'Relay'],
      ['insert', 'Anchor'],
      ['insert', 'Anchor'],
    ]);
    const drained = migrationChanged(migration('home-1', 'away-1', 'drained'))(away);
    expect(apply(empty(), away, drained).map(({ table }) => table)).toEqual(['Migration', 'Migration']);
  });
});

describe('a controller that starts', () => {
  test('writes nothing anew of what it has read', () => {
    const tables = empty();
    apply(tables, {}, away);
    const remembered = remember(read(tables));
    const parts = apply(tables, remembered, declare(description, remembered));
    expect(new Set(parts.map(({ table }) => table))).toEqual(new Set(['Interface', 'Host']));
    expect(remember(read(tables))).toEqual(remembered);
  });

  test('takes out what was read and is not so any more: an undeclared guest, a block that has ended', () => {
    const tables = empty();
    apply(tables, {}, away);
    const remembered = remember(read(tables));
    const next = after(declare({ ...description, guests: [] }, remembered), blocklistChanged(unblocked([1])));
    apply(tables, remembered, next);
    const again = remember(read(tables));
    expect([again.placements.size, again.anchors.size]).toEqual([0, 0]);
    expect(tables['Relay']).toEqual([]);
    expect([...again.blocklist.blocks.keys()]).toEqual([2, 3]);
    expect(again.blocklist.lastNumber).toBe(4);
  });
});

test('of a guest’s migrations the latest counts, and none is lost', () => {
  const tables = empty();
  apply(tables, {}, away);
  const back = migration('away-1', 'home-1', 'planned', { entered: { planned: 100 } });
  apply(tables, away, migrationChanged(back)(away));
  const rows = read(tables);
  expect(remember(rows).migrations.get('web')).toEqual(back);
  const { history } = remember({ ...rows, migrations: [...rows.migrations].reverse() });
  expect([...history.keys()]).toEqual(['web-home-1-away-1', 'web-away-1-home-1']);
});

test('of too many migrations the oldest go, those that something refers to stay', () => {
  const tables = empty();
  const old = (i: number) => ({
    ...migration('home-1', 'away-1', 'drained', { entered: { planned: i } }),
    ...{ id: `m${i}`, guest: i === 5 ? 'db' : 'web' },
  });
  const all = Array.from({ length: limits.kept + 10 }, (_, i) => migrationChanged(old(i)));
  const state = after(away, ...all);
  apply(tables, {}, state);
  // `m1` is that of flight `f1`, `m5` the last one of its guest, `web-…` may still relay.
  const kept = ['web-home-1-away-1', 'm1', 'm5'];
  expect(state.history.size).toBe(limits.kept);
  expect([...state.history.keys()].slice(0, 4)).toEqual([...kept, 'm13']);
  expect([...state.history.keys()].at(-1)).toBe(`m${limits.kept + 9}`);
  expect([...remember(read(tables)).history.keys()]).toEqual([...state.history.keys()]);

  // What a store has too much of goes when a controller starts.
  const whole = new Map(Array.from({ length: limits.kept + 10 }, (_, i) => [`m${i}`, old(i)]));
  apply(tables, state, { ...state, history: whole });
  const remembered = remember(read(tables));
  expect(remembered.history.size).toBe(limits.kept + 10);
  apply(tables, remembered, declare(description, remembered));
  expect([...remember(read(tables)).history.keys()].slice(0, 3)).toEqual(['m1', 'm5', 'm12']);
});

test('nothing stored is nothing remembered', () => {
  expect(remember(read(empty()))).toEqual(nothingRemembered);
});
