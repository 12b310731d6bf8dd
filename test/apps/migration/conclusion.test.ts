import { describe, expect, test } from 'vitest';
import { conclude, type Facts, seen, type Seen } from '../../../apps/migration/conclusion.ts';
import { migration as limits } from '../../../controller/limits.ts';
import { hypervisorLost, hypervisorSeen } from '../../../controller/network/changes.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import { after, atHome } from '../../controller/network/sites.ts';

type Row = [
  phase: Phase,
  source: Seen,
  destination: Seen,
  job: Facts['job'],
  says: string,
  patience?: number,
];
const { settled, unclear } = limits;

function says(phase: Phase, facts: Facts, mayAsk = false): [string, number?] {
  const found = conclude(phase, facts, mayAsk);
  if (found === undefined) return ['-'];
  return [found.type === 'event' ? found.event.type : found.type, found.patience];
}

describe('what both daemons say', () => {
  test.each<Row>([
    ['copying', 'running', 'incoming', 'running', '-'],
    ['copying', 'running', 'unknown', 'running', '-'],
    ['copying', 'unknown', 'incoming', 'unknown', '-'],
    ['copying', 'running', 'unknown', 'unknown', '-'],
    ['switching', 'paused', 'incoming', 'running', '-'],
    ['switching', 'paused', 'paused', 'none', '-'],
    ['switching', 'absent', 'unknown', 'none', '-'],
    // It has moved.
    ['copying', 'paused', 'running', 'running', 'resumed-at-destination', 0],
    ['switching', 'unknown', 'running', 'unknown', 'resumed-at-destination', 0],
    ['switching', 'absent', 'running', 'none', 'performed', 0],
    ['preparing', 'shutoff', 'running', 'none', 'performed', 0],
    // It has not, and will not.
    ['preparing', 'running', 'absent', 'none', 'refused', settled],
    ['copying', 'running', 'shutoff', 'none', 'refused', settled],
    ['switching', 'running', 'absent', 'none', 'refused', settled],
    ['copying', 'running', 'unknown', 'none', 'refused', unclear],
    ['copying', 'running', 'incoming', 'none', 'refused', unclear],
    ['copying', 'absent', 'absent', 'none', 'refused', settled],
    // It was planned, and is being done.
    ['planned', 'running', 'absent', 'running', 'adopted', 0],
    ['planned', 'running', 'incoming', 'none', 'adopted', 0],
    ['planned', 'absent', 'running', 'none', 'adopted', 0],
    // Does the source still have it?
    ['relaying', 'paused', 'running', 'running', '-'],
    ['relaying', 'absent', 'running', 'none', 'performed', settled],
    ['relaying', 'paused', 'running', 'none', 'performed', settled],
    ['relaying', 'unknown', 'running', 'unknown', 'performed', unclear],
  ])('%s, %s there, %s here, job %s: %s', (phase, source, destination, job, expected, patience) => {
    const facts = { source, destination, job };
    expect(says(phase, facts)).toEqual(patience === undefined ? [expected] : [expected, patience]);
  });

  test.each<[Phase, Seen, string, number?]>([
    ['planned', 'absent', 'begin', settled],
    ['planned', 'unknown', '-'],
    ['preparing', 'absent', 'begin', settled],
    ['preparing', 'unknown', 'refused', unclear],
    ['copying', 'absent', 'refused', settled],
  ])('%s, %s at the destination, and libvirt may be asked: %s', (phase, destination, ...expected) => {
    const facts = { source: 'running', destination, job: 'none' } as const;
    expect(says(phase, facts, true)).toEqual(expected);
  });

  test('what somebody else planned is nothing for us to ask for', () => {
    const facts = { source: 'running', destination: 'absent', job: 'none' } as const;
    expect(says('planned', facts)).toEqual(['refused', settled]);
  });
});

test('a daemon that cannot be asked knows nothing', () => {
  const state = after(atHome(), hypervisorSeen('home-1', new Map([['web', 'running']])));
  expect(seen(state, 'web', 'home-1')).toBe('running');
  expect(seen(state, 'db', 'home-1')).toBe('absent');
  expect(seen(state, 'web', 'away-1')).toBe('unknown');
  expect(seen(hypervisorLost('home-1')(state), 'web', 'home-1')).toBe('unknown');
});
