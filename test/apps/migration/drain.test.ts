/**
 * When an anchor has drained, by what its counters say; and what a guest leaves that is gone.
 */
import { describe, expect, test } from 'vitest';
import { absentGuests, departed, visitorsWithoutLease } from '../../../apps/migration/departures.ts';
import {
  type Activity,
  advance,
  bridgesOf,
  hasDrained,
  type Reading,
  relayKey,
  relayingAnchors,
  undrained,
} from '../../../apps/migration/drain.ts';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { leaseCareOf } from '../../../apps/migration/care-of.ts';
import {
  anchored,
  delivered,
  hypervisorLost,
  hypervisorSeen,
  migrationChanged,
  quarantinePassed,
  released,
} from '../../../controller/network/changes.ts';
import type { DomainState, NetworkState } from '../../../controller/network/model.ts';
import { after, atHome, description, migration } from '../../controller/network/sites.ts';

const careOf = { index: 2, host: 'away-1', addresses: { ipv4: '10.2.0.200' }, admit: 'all' } as const;
const away = after(atHome(), anchored(1, careOf), delivered('web', 'away-1'));
const back = delivered('web', 'home-1')(away);

describe('relays', () => {
  const names = (state: NetworkState): string[] =>
    relayingAnchors(state).map(({ guest, anchor, location }) => `${guest} ${anchor.host} -> ${location}`);

  test('are the anchors at which the guest is not', () => {
    expect(names(atHome())).toEqual([]);
    expect(names(away)).toEqual(['web home-1 -> away-1']);
    expect(names(back)).toEqual(['web away-1 -> home-1']);
    expect(bridgesOf(relayingAnchors(back)[0]!)).toEqual(['away-1', 'home-1']);
  });
});

describe('activity', () => {
  const key = relayKey(1, 2);
  const bridges = ['away-1', 'home-1'];
  const read = (a: number | undefined, b: number | undefined): ReadonlyMap<string, Reading> =>
    new Map(
      [a, b].map((packets, i): [string, Reading] => [
        bridges[i]!,
        packets === undefined ? undefined : new Map([[key, { packets, bytes: packets * 100 }]]),
      ]),
    );
  const run = (...looks: [now: number, ReturnType<typeof read>][]): Activity => {
    let activity: Activity | undefined;
    for (const [now, readings] of looks) activity = advance(activity, key, bridges, readings, now);
    return activity!;
  };

  test('is of both directions, at both ends', () => {
    expect(run([1, read(5, 2)])).toMatchObject({ packets: 7, bytes: 700, movedAt: 1 });
    expect(run([1, read(5, 2)], [2, read(5, 2)])).toMatchObject({ packets: 7, movedAt: 1 });
    expect(run([1, read(5, 2)], [2, read(6, 2)])).toMatchObject({ packets: 8, movedAt: 2 });
    expect(run([1, read(5, 2)], [2, read(5, 3)])).toMatchObject({ packets: 8, movedAt: 2 });
  });

  test('a bridge that could not be asked for a while has its packets counted once', () => {
    const again = run([1, read(5, 2)], [2, read(5, undefined)], [3, read(5, 4)]);
    expect(again).toMatchObject({ packets: 9, bytes: 900, movedAt: 3 });
  });

  test('counters that begin anew add what they say, and are activity', () => {
    expect(run([1, read(5, 2)], [2, read(1, 2)])).toMatchObject({ packets: 8, bytes: 800, movedAt: 2 });
    expect(run([1, read(5, 2)], [2, read(0, 2)])).toMatchObject({ packets: 7, movedAt: 2 });
  });

  test('a bridge that cannot be asked is taken to be busy', () => {
    expect(run([1, read(5, 2)], [9, read(5, undefined)])).toMatchObject({ packets: 7, movedAt: 9 });
    const again = run([1, read(5, 2)], [9, read(5, undefined)], [10, read(5, 2)]);
    expect(again.movedAt).toBe(9);
  });

  test('a bridge that has no such flow counts nothing', () => {
    const none: ReadonlyMap<string, Reading> = new Map([
      ['away-1', new Map()],
      ['home-1', new Map()],
    ]);
    expect(advance(undefined, key, bridges, none, 3)).toMatchObject({ packets: 0, bytes: 0, movedAt: 3 });
  });
});

describe('a migration', () => {
  const there = migration('home-1', 'away-1', 'relaying');
  const never = (): boolean => false;
  const always = (): boolean => true;

  test('has drained when the anchor that it left relays nothing', () => {
    expect(hasDrained(away, there, never)).toBe(false);
    expect(hasDrained(away, there, always)).toBe(true);
  });

  test('has drained when the guest is back, or the anchor has gone', () => {
    expect(hasDrained(back, there, never)).toBe(true);
    const home = migration('away-1', 'home-1', 'relaying');
    expect(hasDrained(back, home, never)).toBe(false);
    expect(hasDrained(released(1, 2, 99)(back), home, never)).toBe(true);
  });

  test('that the guest has moved on from waits for its own anchor', () => {
    const onward = { ...migration('away-1', 'home-2', 'planned'), id: 'onward' };
    const state = after(away, migrationChanged(there), migrationChanged(onward));
    expect(state.migrations.get('web')?.id).toBe('onward');
    expect(undrained(state)).toEqual([there]);
    expect(undrained(migrationChanged(migration('home-1', 'away-1', 'drained'))(away))).toEqual([]);
    const unperformed: Partial<typeof there> = { ...there };
    delete (unperformed as { performed?: true }).performed;
    expect(undrained(migrationChanged(unperformed as typeof there)(away))).toEqual([]);
  });
});

describe('a care-of address that was given back', () => {
  const web = atHome().guests.get('web')!.interfaces[0]!;
  const db = atHome().guests.get('db')!.interfaces[0]!;
  const host = atHome().hosts.get('away-1')!;
  const given = released(1, 2, 5_000)(back);

  test('is nobody else’s for a while', () => {
    expect(given.anchors.get(1)).toMatchObject([{ index: 1 }]);
    expect(leaseCareOf(given, db, host).addresses.ipv4).toBe('10.2.0.201');
    expect(leaseCareOf(quarantinePassed(4_999)(given), db, host).addresses.ipv4).toBe('10.2.0.201');
    expect(leaseCareOf(quarantinePassed(5_000)(given), db, host).addresses.ipv4).toBe('10.2.0.200');
  });

  test('is its own again when it comes back', () => {
    const first = anchored(2, { ...careOf, addresses: { ipv4: '10.2.0.201' } })(given);
    const lease = leaseCareOf(first, web, host);
    expect(lease.addresses.ipv4).toBe('10.2.0.200');
    expect(anchored(1, lease)(first).quarantine.size).toBe(0);
  });
});

describe('a guest that is gone', () => {
  const seen = (state: NetworkState, at: Partial<Record<string, DomainState>> = {}): NetworkState =>
    after(
      state,
      ...description.hosts.map(({ name }) => {
        const domain = at[name];
        return hypervisorSeen(name, new Map(domain === undefined ? [] : [['web', domain]]));
      }),
    );

  test('is known to be when every libvirtd says so', () => {
    expect(absentGuests(away)).toEqual([]);
    expect(absentGuests(seen(away))).toEqual(['web']);
    expect(absentGuests(hypervisorLost('bare-1')(seen(away)))).toEqual([]);
  });

  test.each<[DomainState, string[]]>([
    ['running', []],
    ['paused', []],
    ['incoming', []],
    ['saved', []],
    ['other', []],
    ['shutoff', ['web']],
  ])('%s: %j', (domain, expected) => {
    expect(absentGuests(seen(away, { 'away-1': domain }))).toEqual(expected);
  });

  test('is not while it moves, nor when it has left nothing', () => {
    const moving = migrationChanged(migration('home-1', 'away-1', 'copying'))(away);
    expect(absentGuests(seen(moving))).toEqual([]);
    expect(absentGuests(departed('web', 1)(seen(away)))).toEqual([]);
  });

  test('needs care-of addresses when it is started again away from home', () => {
    const gone = departed('web', 1_000)(seen(away));
    expect(visitorsWithoutLease(gone)).toEqual([]);
    expect(visitorsWithoutLease(delivered('web', 'home-1')(gone))).toEqual([]);
    const again = delivered('web', 'away-1')(gone);
    expect(visitorsWithoutLease(again)).toEqual(['web']);
    const leased = withLeases(again, again.guests.get('web')!, 'away-1');
    expect(leased.anchors.get(1)).toMatchObject([
      { index: 1 },
      { host: 'away-1', addresses: { ipv4: '10.2.0.200' } },
    ]);
    expect(visitorsWithoutLease(leased)).toEqual([]);
    expect(visitorsWithoutLease(away)).toEqual([]);
    expect(visitorsWithoutLease(migrationChanged(migration('home-1', 'away-1', 'copying'))(again))).toEqual(
      [],
    );
  });

  test('leaves no address that was leased for a way to relay', () => {
    const [home] = away.anchors.get(1)!;
    const way = { host: 'away-1', mode: 'rewrite', edge: { ipv4: '10.2.0.201' }, anchor: {} } as const;
    const rewriting = anchored(1, { ...home!, relays: [way] })(seen(away));
    expect(departed('web', 1_000)(rewriting).anchors.get(1)).toEqual([home]);
  });

  test('leaves its home anchor, and its addresses in quarantine; its migrations are over', () => {
    const state = after(seen(away), migrationChanged(migration('home-1', 'away-1', 'relaying')));
    const gone = departed('web', 1_000)(state);
    expect(gone.placements.has('web')).toBe(false);
    expect(gone.anchors.get(1)).toMatchObject([{ index: 1, host: 'home-1' }]);
    expect(gone.quarantine.get('10.2.0.200')).toEqual({
      interface: 1,
      until: 1_000 + state.drain.quarantine,
    });
    expect(gone.migrations.get('web')).toMatchObject({ phase: 'drained' });
  });
});
