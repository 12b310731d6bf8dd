import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MigrationEvent, step } from '../../../apps/migration/machine.ts';
import type { Migration, Phase } from '../../../controller/network/migration.ts';
import { migration as plan } from '../../controller/network/sites.ts';

type EventName = MigrationEvent['type'];

const migration = (phase: Phase, more: Partial<Migration> = {}): Migration =>
  plan('home-1', 'away-1', phase, more);
const event = (type: EventName): MigrationEvent =>
  type === 'refused' ? { type, reason: 'libvirt said no' } : { type };

/** Every event in every phase: the next phase and what is done; `.` where nothing happens. */
const TABLE = `
                        planned            preparing                  copying                    switching            relaying drained failed      rolled-back
begun                   preparing:copy     .                          .                          .                    .        .       .           .
adopted                 preparing          .                          .                          .                    .        .       .           .
attached                .                  :stage                     .                          .                    .        .       .           .
staged                  .                  copying                    .                          .                    .        .       .           .
suspended               .                  switching:redirect         switching:redirect         .                    .        .       .           .
paused                  .                  .                          .                          copying:undo,stage   .        .       .           .
resumed-at-destination  .                  relaying:redirect,announce relaying:redirect,announce relaying:announce    .        .       .           .
copy-to-both            .                  .                          .                          .                    .        .       .           .
copied-to-both          .                  .                          :let-switch                .                    .        .       .           .
stop-copying            .                  .                          :stop-copying              .                    .        .       .           .
announced               .                  .                          .                          .                    .        .       .           .
unannounced             .                  .                          .                          .                    .        .       .           .
resumed-at-source       .                  .                          .                          failed:return        .        .       .           .
performed               .                  relaying:redirect,announce relaying:redirect,announce relaying:announce    .        .       .           .
refused                 failed:return      failed:return              failed:return              failed:return        .        .       .           .
returned                .                  .                          .                          .                    .        .       rolled-back .
drained                 .                  .                          .                          .                    drained  .       .           .
`;

const [head, ...lines] = TABLE.trim().split('\n');
const PHASES = head!.trim().split(/ +/) as Phase[];
const EVENTS = lines.map((line) => line.split(/ +/)[0]!) as EventName[];
const cases = lines.flatMap((line) => {
  const [type, ...cells] = line.trim().split(/ +/);
  return cells.map((cell, i): [EventName, Phase, string] => [type as EventName, PHASES[i]!, cell]);
});

test('the table is of every phase and every event', () => {
  expect(cases).toHaveLength(8 * 17);
});

test.each(cases)('%s while %s: %s', (type, phase, cell) => {
  const before = migration(phase);
  const { migration: after, actions } = step(before, event(type), 42);
  if (cell === '.') {
    expect(actions).toEqual([]);
    expect(after.phase).toBe(phase);
    expect(after.entered).toBe(before.entered);
    return;
  }
  const [next, done = ''] = cell.split(':');
  expect(actions).toEqual(done === '' ? [] : done.split(','));
  expect(after.phase).toBe(next === '' ? phase : next);
  expect(after.entered).toEqual(next === '' ? before.entered : { planned: 1, [after.phase]: 42 });
});

test.each(cases.filter(([, , cell]) => cell === '.').filter(([type]) => type !== 'refused'))(
  '%s while %s leaves the very same value',
  (type, phase) => {
    const before = migration(phase);
    expect(step(before, event(type), 42).migration).toBe(before);
  },
);

test.each(cases)('%s while %s, twice: the second time nothing is done', (type, phase, cell) => {
  const once = step(migration(phase), event(type), 42).migration;
  // What is asked for without a change of phase is asked for each time.
  if (cell.startsWith(':')) {
    expect(once.phase).toBe(phase);
    return;
  }
  const twice = step(once, event(type), 43);
  expect(twice.actions).toEqual([]);
  expect(twice.migration).toEqual(once);
});

describe('the strategy rarp', () => {
  const copying = migration('copying', { strategy: 'rarp' });
  const switching = step(copying, event('suspended'), 42).migration;

  test('does not redirect when the source stops, but when the guest speaks at the destination', () => {
    expect(step(copying, event('suspended'), 42)).toMatchObject({
      migration: { phase: 'switching' },
      actions: [],
    });
    for (const before of [copying, switching]) {
      expect(step(before, event('announced'), 43)).toMatchObject({
        migration: { phase: 'relaying' },
        actions: ['redirect', 'announce'],
      });
    }
  });

  test('waits for the announcement of a guest that runs there, and not for ever', () => {
    for (const before of [copying, switching]) {
      const resumed = step(before, event('resumed-at-destination'), 43);
      expect(resumed).toMatchObject({
        migration: { phase: 'switching' },
        actions: ['await-announcement'],
      });
      expect(step(resumed.migration, event('unannounced'), 44)).toMatchObject({
        migration: { phase: 'relaying' },
        actions: ['redirect', 'announce'],
      });
    }
  });

  test('redirects at the latest when libvirt has ended it', () => {
    expect(step(switching, event('performed'), 43)).toMatchObject({
      migration: { phase: 'relaying', performed: true },
      actions: ['redirect', 'announce'],
    });
  });

  test('leaves traffic at the source when the guest resumes there', () => {
    expect(step(switching, event('resumed-at-source'), 43)).toMatchObject({
      migration: { phase: 'failed' },
      actions: ['return'],
    });
  });
});

describe('the strategy bicast', () => {
  const copying = migration('copying', { strategy: 'bicast' });

  test('copies to both when little is left, then lets QEMU switch over, and then redirects', () => {
    expect(step(copying, event('copy-to-both'), 42)).toEqual({
      migration: copying,
      actions: ['copy-to-both'],
    });
    expect(step(copying, event('copied-to-both'), 43)).toEqual({
      migration: copying,
      actions: ['let-switch'],
    });
    expect(step(copying, event('suspended'), 44)).toMatchObject({
      migration: { phase: 'switching' },
      actions: ['redirect'],
    });
  });

  test.each(['preparing', 'switching', 'relaying', 'failed'] as const)('copies nothing while %s', (phase) => {
    const before = migration(phase, { strategy: 'bicast' });
    for (const type of ['copy-to-both', 'copied-to-both', 'stop-copying'] as const) {
      expect(step(before, event(type), 42)).toEqual({ migration: before, actions: [] });
    }
  });
});

describe('a migration that somebody else began', () => {
  const noticed = migration('planned', { origin: 'noticed' });

  test('is not asked for', () => {
    expect(step(noticed, event('begun'), 42)).toMatchObject({
      migration: { phase: 'preparing' },
      actions: [],
    });
  });

  test('goes on, prepared or not', () => {
    const stopped = step(noticed, event('suspended'), 42);
    expect(stopped).toMatchObject({ migration: { phase: 'switching' }, actions: ['redirect'] });
    expect(step(stopped.migration, event('begun'), 43).migration).toBe(stopped.migration);
    expect(step(noticed, event('resumed-at-destination'), 42)).toMatchObject({
      migration: { phase: 'relaying' },
      actions: ['redirect', 'announce'],
    });
  });
});

test('the reason of a failure is kept, and libvirt’s own is the better one', () => {
  const resumed = step(migration('switching'), event('resumed-at-source'), 42).migration;
  expect(resumed.reason).toBe('the guest resumed at the source');
  const refused = step(resumed, event('refused'), 43);
  expect(refused).toMatchObject({ migration: { phase: 'failed', reason: 'libvirt said no' }, actions: [] });
  expect(refused.migration.entered).toEqual(resumed.entered);
});

test('libvirt’s end is noted whenever it is told, and once', () => {
  const performed = event('performed');
  expect(step(migration('switching'), performed, 42).migration).toMatchObject({
    phase: 'relaying',
    performed: true,
  });
  const { performed: _performed, ...resumed } = migration('relaying');
  const late = step(resumed, performed, 42);
  expect(late).toMatchObject({ migration: { phase: 'relaying', performed: true }, actions: [] });
  expect(step(late.migration, performed, 43).migration).toBe(late.migration);
});

describe('after any sequence of events', () => {
  const anyMigration = fc
    .record({
      strategy: fc.constantFrom<Migration['strategy']>('redirect', 'rarp', 'bicast'),
      origin: fc.constantFrom<Migration['origin']>('controller', 'noticed'),
    })
    .map((more) => migration('planned', more));
  const anyEvents = fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 });

  /** Where traffic is, as the actions say. */
  function run(start: Migration, events: readonly EventName[]) {
    let current = start;
    let place = start.from;
    const trace: {
      type: EventName;
      before: Phase;
      after: Phase;
      actions: readonly string[];
      place: string;
    }[] = [];
    events.forEach((type, i) => {
      const { migration: next, actions } = step(current, event(type), 100 + i);
      for (const action of actions) {
        if (action === 'redirect') place = start.to;
        if (action === 'return' || action === 'undo') place = start.from;
      }
      trace.push({ type, before: current.phase, after: next.phase, actions, place });
      current = next;
    });
    return { current, place, trace };
  }

  const atDestination = (phase: Phase, { strategy }: Migration): boolean =>
    phase === 'relaying' || phase === 'drained' || (phase === 'switching' && strategy !== 'rarp');

  test('traffic is where the phase says', () => {
    fc.assert(
      fc.property(anyMigration, anyEvents, (start, events) => {
        for (const { after, place } of run(start, events).trace) {
          expect(place).toBe(atDestination(after, start) ? start.to : start.from);
        }
      }),
    );
  });

  /**
   * A model of its own: where the guest is known to be, from what was heard of it alone. The first word that
   * settles the matter stands; until then a stop sends traffic ahead, and its withdrawal brings it back.
   */
  test('traffic is where the last decisive event has it', () => {
    fc.assert(
      fc.property(anyMigration, anyEvents, (start, events) => {
        let begun = start.origin === 'noticed';
        const waits = start.strategy === 'rarp';
        let stopped = false;
        let settled: string | undefined;
        for (const type of events) {
          if (settled !== undefined) break;
          if (type === 'begun' || type === 'adopted') begun = true;
          if (type === 'refused') settled = start.from;
          if (!begun) continue;
          if (type === 'suspended' || (waits && type === 'resumed-at-destination')) stopped = true;
          if (type === 'paused') stopped = false;
          if (type === 'resumed-at-source' && stopped) settled = start.from;
          if (type === 'performed') settled = start.to;
          if (waits ? /^(un)?announced$/.test(type) : type === 'resumed-at-destination') settled = start.to;
        }
        expect(run(start, events).place).toBe(settled ?? (stopped && !waits ? start.to : start.from));
      }),
      { numRuns: 1000 },
    );
  });

  test('the guest is asked to move at most once, and each phase but those of the copy is entered once', () => {
    fc.assert(
      fc.property(anyMigration, anyEvents, (start, events) => {
        const { trace } = run(start, events);
        expect(trace.filter(({ actions }) => actions.includes('copy')).length).toBeLessThanOrEqual(1);
        const entered = trace.filter(({ before, after }) => before !== after).map(({ after }) => after);
        const once = entered.filter((phase) => phase !== 'copying' && phase !== 'switching');
        expect(new Set(once).size).toBe(once.length);
      }),
    );
  });

  test('nothing is redirected twice without being brought back between', () => {
    fc.assert(
      fc.property(anyMigration, anyEvents, (start, events) => {
        let there = false;
        for (const { actions } of run(start, events).trace) {
          for (const action of actions) {
            if (action === 'redirect') {
              expect(there).toBe(false);
              there = true;
            }
            if (action === 'undo') there = false;
          }
        }
      }),
    );
  });
});
