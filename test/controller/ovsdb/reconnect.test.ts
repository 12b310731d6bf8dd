import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  activity,
  connected,
  connecting,
  disconnected,
  due,
  initial,
  probed,
  type ReconnectConfig,
  type ReconnectState,
} from '../../../controller/ovsdb/reconnect.ts';

const config: ReconnectConfig = {
  backoffMinimum: 1000,
  backoffMaximum: 8000,
  connectTimeout: 3000,
  probeInterval: 5000,
  remotes: 1,
  passive: false,
};

/** Attempts that fail at once: the waits between them. */
function waits(count: number, over: Partial<ReconnectConfig> = {}, random = 1 - Number.EPSILON): number[] {
  const settings = { ...config, ...over };
  let state = initial(settings, 0);
  let now = 0;
  return Array.from({ length: count }, () => {
    const at = due(settings, state, now).at!;
    const wait = at - now;
    now = at;
    expect(due(settings, state, now).action).toBe('connect');
    state = disconnected(settings, connecting(settings, state, now), now, random);
    return Math.round(wait);
  });
}

describe('reconnecting', () => {
  test('begins at once and waits twice as long each time, up to a bound', () => {
    expect(waits(7)).toEqual([0, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  test('waits no less than half of it, as chance will have it', () => {
    expect(waits(5, {}, 0)).toEqual([0, 500, 1000, 2000, 4000]);
  });

  test('tries every remote before it waits', () => {
    expect(waits(8, { remotes: 3 })).toEqual([0, 0, 0, 1000, 0, 0, 2000, 0]);
  });

  test('gives an attempt up that takes too long', () => {
    const state = connecting(config, initial(config, 0), 0);
    expect(due(config, state, 2999)).toEqual({ action: undefined, at: 3000 });
    expect(due(config, state, 3000).action).toBe('disconnect');
  });

  test('probes after silence, and gives up after silence again', () => {
    let state = connected(connecting(config, initial(config, 0), 0), 10);
    expect(due(config, state, 5009)).toEqual({ action: undefined, at: 5010 });
    expect(due(config, state, 5010).action).toBe('probe');
    state = probed(state, 5010);
    expect(due(config, state, 10_009)).toEqual({ action: undefined, at: 10_010 });
    expect(due(config, state, 10_010).action).toBe('disconnect');
    state = activity(state, 6000);
    expect(due(config, state, 10_010)).toEqual({ action: undefined, at: 11_000 });
  });

  test('does not probe when told not to', () => {
    const off = { ...config, probeInterval: 0 };
    expect(due(off, connected(initial(off, 0), 0), 1e9)).toEqual({ action: undefined, at: undefined });
  });

  test('comes back at once to a server that was good', () => {
    const good = activity(connected(connecting(config, initial(config, 0), 0), 0), 60_000);
    const state = disconnected(config, good, 60_001, 0.5);
    expect(due(config, state, 60_001).action).toBe('connect');
  });

  test('does not hammer a server that accepts and hangs up', () => {
    let state = initial(config, 0);
    let now = 0;
    let attempts = 0;
    while (now < 60_000) {
      now = due(config, state, now).at!;
      state = connected(connecting(config, state, now), now + 1);
      state = disconnected(config, activity(state, now + 2), now + 2, 0);
      attempts++;
    }
    expect(attempts).toBeLessThan(20);
  });

  test('a passive end waits for the peer and never dials', () => {
    const passive = { ...config, passive: true, remotes: 0 };
    let state = initial(passive, 0);
    expect(due(passive, state, 1e9)).toEqual({ action: undefined, at: undefined });
    state = connected(state, 5);
    expect(due(passive, state, 5005).action).toBe('probe');
    expect(disconnected(passive, state, 6, 0.5).phase).toBe('listening');
  });

  test('never waits in the past, nor longer than the bound, nor does nothing for ever', () => {
    type Step = (state: ReconnectState, now: number) => ReconnectState;
    const steps = fc.constantFrom<Step>(
      (state, now) => connecting(config, state, now),
      (state, now) => connected(state, now),
      (state, now) => activity(state, now),
      (state, now) => probed(state, now),
      (state, now) => disconnected(config, state, now, 0.9),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(steps, fc.nat(10_000))), (walk) => {
        let now = 0;
        let state = initial(config, now);
        for (const [step, later] of walk) {
          now += later;
          state = step(state, now);
          const { at } = due(config, state, now);
          expect(at).toBeDefined();
          expect(at! - now).toBeLessThanOrEqual(config.backoffMaximum);
        }
      }),
    );
  });
});
