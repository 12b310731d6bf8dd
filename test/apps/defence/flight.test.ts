/**
 * The life of a flight, and what ends it.
 */
import { describe, expect, test } from 'vitest';
import { type FlightEvent, type Observation, step, tooSoon, verified } from '../../../apps/defence/flight.ts';
import { flight as limits } from '../../../controller/limits.ts';
import { FLIGHT_PHASES, type Flight, type FlightPhase } from '../../../controller/network/flight.ts';
import { verdict } from './attacks.ts';

const flight = (phase: FlightPhase, more: Partial<Flight> = {}): Flight => ({
  ...{ id: 'f1', guest: 'web', from: 'home-1', to: 'away-1', verdicts: ['v1'], reason: 'r', choice: 'c' },
  ...{ phase, why: 'so far', leftBehind: 0, entered: { planned: 1_000, verifying: 5_000 } },
  ...more,
});

const events: readonly FlightEvent[] = [
  { type: 'begun', migration: 'm1', leftBehind: 2 },
  { type: 'arrived' },
  { type: 'safe', why: 'well' },
  { type: 'pursued', why: 'followed' },
  { type: 'failed', why: 'broken' },
];

test.each<[FlightPhase, readonly FlightPhase[]]>([
  ['planned', ['moving', 'planned', 'planned', 'planned', 'failed']],
  ['moving', ['moving', 'verifying', 'moving', 'moving', 'failed']],
  ['verifying', ['verifying', 'verifying', 'safe', 'pursued', 'failed']],
  ['safe', ['safe', 'safe', 'safe', 'safe', 'safe']],
  ['pursued', ['pursued', 'pursued', 'pursued', 'pursued', 'pursued']],
  ['failed', ['failed', 'failed', 'failed', 'failed', 'failed']],
])('%s: what each event leads to', (phase, expected) => {
  const before = flight(phase);
  const next = events.map((event) => step(before, event, 7_000));
  expect(next.map((one) => one.phase)).toEqual(expected);
  for (const one of next) {
    if (one.phase === phase) expect(one).toBe(before);
    else expect(one.entered[one.phase]).toBe(7_000);
  }
});

test('it says what happens', () => {
  const begun = step(flight('planned'), events[0]!, 7_000);
  expect(begun).toMatchObject({
    migration: 'm1',
    leftBehind: 2,
    why: 'home-1 admits nothing new from now on, 2 suspects are left behind',
  });
  expect(step(begun, { type: 'arrived' }, 8_000).why).toBe('it runs at away-1');
  expect(FLIGHT_PHASES).toHaveLength(6);
});

describe('verified', () => {
  const seen = (more: Partial<Observation> = {}): Observation => ({
    verdicts: [],
    honest: { rate: 90, usual: 100 },
    answers: 80,
    ...more,
  });
  const told = (more: Partial<Observation>, after: number): string => {
    const event = verified(flight('verifying'), seen(more), 5_000 + after);
    return event === undefined ? 'too early' : `${event.type}: ${'why' in event ? event.why : ''}`;
  };

  test('safe, once it has been calm for a while and honest traffic is back', () => {
    expect(told({}, limits.verifyFor - 1)).toBe('too early');
    expect(told({}, limits.verifyFor)).toBe(
      'safe: no attack at away-1 for 2.0 s; 90 of usually 100 packets/s on connections that live',
    );
  });

  test('what was not usual need not come back', () => {
    for (const usual of [undefined, limits.honestLeast / 2]) {
      expect(told({ honest: { rate: 0, usual }, answers: 0 }, limits.verifyFor)).toBe(
        'safe: no attack at away-1 for 2.0 s; no usual traffic is known to compare with',
      );
    }
  });

  test('pursued, as soon as an attack comes', () => {
    expect(told({ verdicts: [verdict({ host: 'away-1' })] }, 10)).toBe(
      'pursued: a syn-flood has come to away-1: too much',
    );
  });

  test('failed, when honest traffic does not come back for long', () => {
    const slow = { honest: { rate: 79, usual: 100 } };
    expect(told(slow, limits.verifyPatience - 1)).toBe('too early');
    expect(told(slow, limits.verifyPatience)).toBe(
      'failed: no attack came to away-1, but honest traffic is not back after 15.0 s: 79 of usually 100 packets/s on connections that live; it stays there until an attack reaches it',
    );
    expect(told({ honest: { rate: 80, usual: 100 } }, limits.verifyPatience)).toMatch(/^safe/);
    expect(told({ answers: 0 }, limits.verifyPatience)).toMatch(/, and it answers nothing; it stays/);
  });
});

describe('how often', () => {
  const at = (...times: readonly number[]) =>
    times.map((planned) => flight('safe', { entered: { planned } }));
  const now = 100_000_000;

  test('a guest never flies again at once', () => {
    expect(tooSoon(at(now - limits.spacing + 1), 'web', now)).toBe(
      'its last flight began less than 30 s ago',
    );
    expect(tooSoon(at(now - limits.spacing), 'web', now)).toBeUndefined();
    expect(tooSoon(at(now - 1), 'db', now)).toBeUndefined();
    expect(tooSoon([], 'web', now)).toBeUndefined();
  });

  test('nor too often', () => {
    const times = Array.from({ length: limits.most }, (_, i) => now - (i + 1) * limits.spacing);
    expect(tooSoon(at(...times), 'web', now)).toBe('it has flown 6 times in 60 minutes');
    expect(tooSoon(at(...times.slice(1), now - limits.within), 'web', now)).toBeUndefined();
  });
});
