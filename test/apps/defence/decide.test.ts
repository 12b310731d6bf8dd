/**
 * When a guest moves: what each policy makes of attacks, of what was filtered, and of honest traffic.
 */
import { describe, expect, test } from 'vitest';
import { decide, reaching, type Situation, suffers } from '../../../apps/defence/decide.ts';
import { flight as limits } from '../../../controller/limits.ts';
import { anchored, delivered } from '../../../controller/network/changes.ts';
import { after, atHome } from '../../controller/network/sites.ts';
import { source, verdict } from './attacks.ts';

const NOW = 1_000_000;
const real = verdict({ decided: NOW - 500, sources: [source('203.0.113.7/32')] });
const spoofed = verdict({ decided: NOW - 500, origin: 'spoofed', distinctSources: 4_000 });

const situation = (more: Partial<Situation> = {}): Situation => ({
  mode: 'move-when-needed',
  verdicts: [real],
  filteredSince: () => NOW - 100,
  isEdge: (name) => name === 'edge',
  honest: { rate: 100, usual: 100 },
  suffersSince: undefined,
  ...more,
});
const does = (more: Partial<Situation>): string => {
  const decision = decide(situation(more), NOW);
  return decision.do === 'move' ? `move: ${decision.reason}` : decision.do;
};

test.each(['off', 'filter-only', 'move-when-needed', 'move-first'] as const)(
  '%s, not attacked: nothing',
  (mode) => {
    expect(does({ mode, verdicts: [] })).toBe('nothing');
  },
);

test('off: nothing; filter-only: filter, whatever it is', () => {
  expect(does({ mode: 'off' })).toBe('nothing');
  expect(does({ mode: 'filter-only', verdicts: [spoofed], honest: { rate: 0, usual: 100 } })).toBe('filter');
});

test('move-first: at once, for all that is known of', () => {
  const decision = decide(
    situation({ mode: 'move-first', filteredSince: () => undefined, verdicts: [real, spoofed] }),
    NOW,
  );
  expect(decision).toEqual({
    do: 'move',
    reason: 'it moves as soon as it is attacked (syn-flood)',
    verdicts: [real.id, spoofed.id],
  });
});

describe('move-when-needed', () => {
  const before = NOW - limits.patience;

  test('forged sources: at once, since nothing can be blocked', () => {
    expect(does({ verdicts: [spoofed] })).toBe(
      'move: the syn-flood comes from forged sources, or too many to block: about 4,000 seen',
    );
    expect(does({ verdicts: [{ ...spoofed, rate: 20 }] })).toBe('filter');
  });

  test('real sources: filtering has its time, and is enough when it helps', () => {
    expect(does({ filteredSince: () => before + 1 })).toBe('filter');
    expect(does({ filteredSince: () => before, verdicts: [{ ...real, rate: 20 }] })).toBe('filter');
    expect(does({ filteredSince: () => before })).toBe(
      'move: the syn-flood still arrives 3.0 s after what is known of it was filtered: 9,000 packets/s, limit 100',
    );
  });

  test('nothing could be filtered', () => {
    const unknown = { ...real, origin: 'unknown', sources: [], decided: before } as const;
    expect(does({ filteredSince: () => undefined, verdicts: [{ ...unknown, decided: before + 1 }] })).toBe(
      'filter',
    );
    expect(does({ filteredSince: () => undefined, verdicts: [unknown] })).toBe(
      'move: nothing of the syn-flood could be filtered in 3.0 s: 9,000 packets/s, limit 100',
    );
  });

  test('honest traffic that does not come back: the way in is full', () => {
    const long = NOW - limits.relief;
    const filtered = {
      filteredSince: () => long,
      verdicts: [{ ...real, host: 'edge', rate: 0 }],
      honest: { rate: 49, usual: 100 },
      suffersSince: long,
    };
    expect(does(filtered)).toBe(
      'move: honest traffic does not come back though the syn-flood is filtered: 49 of usually 100 packets/s',
    );
    expect(does({ ...filtered, suffersSince: undefined })).toBe('filter');
    expect(does({ ...filtered, suffersSince: long + 1 })).toBe('filter');
    expect(does({ ...filtered, filteredSince: () => long + 1 })).toBe('filter');
  });

  test('sooner where a flood is dropped at the guest’s host, which frees no way in', () => {
    const filteredFor = (ms: number, ...hosts: readonly string[]) =>
      does({
        filteredSince: () => NOW - ms,
        verdicts: hosts.map((host) => ({ ...real, host, rate: 0 })),
        honest: { rate: 49, usual: 100 },
        suffersSince: NOW - ms,
      });
    expect(filteredFor(limits.reliefAtHost, 'edge')).toBe('filter');
    expect(filteredFor(limits.reliefAtHost - 1, 'home-1')).toBe('filter');
    expect(filteredFor(limits.reliefAtHost, 'home-1')).toContain('does not come back');
    expect(filteredFor(limits.reliefAtHost, 'edge', 'home-1')).toContain('does not come back');
  });

  test('honest traffic suffers below half of what is usual, where that is known and something', () => {
    expect(suffers({ rate: 49, usual: 100 })).toBe(true);
    expect(suffers({ rate: 50, usual: 100 })).toBe(false);
    expect(suffers({ rate: 0, usual: undefined })).toBe(false);
    expect(suffers({ rate: 0, usual: limits.honestLeast / 2 })).toBe(false);
  });

  test('slow connections: who is blocked does nothing more, wherever the guest is', () => {
    const slow = { ...real, kind: 'slow-connections' } as const;
    const filtered = {
      filteredSince: () => before,
      honest: { rate: 0, usual: 100 },
      suffersSince: before,
    };
    expect(does({ ...filtered, verdicts: [slow] })).toBe('filter');
    expect(does({ ...filtered, verdicts: [slow, { ...real, rate: 0 }] })).toContain('does not come back');
  });
});

describe('what reaches the guest', () => {
  const moved = (admit: 'all' | 'established') =>
    after(
      atHome(),
      anchored(1, { index: 1, host: 'home-1', addresses: { ipv4: '10.1.0.101' }, admit }),
      delivered('web', 'away-1'),
    );
  const hosts = (admit: 'all' | 'established') => {
    const all = [
      verdict({ id: '1', host: 'home-1' }),
      verdict({ id: '2', host: 'away-1' }),
      verdict({ id: '3', host: 'away-1', ended: 5 }),
      verdict({ id: '4', host: 'away-1', guest: 'db' }),
    ];
    return reaching(new Map(all.map((one) => [one.id, one])), moved(admit), 'web').map(({ host }) => host);
  };

  test('comes to where it is, and to anchors that let new connections in', () => {
    expect(hosts('all')).toEqual(['home-1', 'away-1']);
    expect(hosts('established')).toEqual(['away-1']);
  });
});
