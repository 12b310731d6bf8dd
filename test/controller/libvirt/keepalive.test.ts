import { describe, expect, it } from 'vitest';
import { heard, keepaliveStep } from '../../../controller/libvirt/keepalive.ts';
import type { KeepaliveState } from '../../../controller/libvirt/keepalive.ts';

const config = { intervalMs: 5_000, count: 2 };

/** What is done at which time, while the peer is silent from 0 on. */
function course(end: number): string[] {
  const log: string[] = [];
  let state: KeepaliveState = heard(0);
  let now = config.intervalMs;
  while (now <= end) {
    const step = keepaliveStep(config, state, now);
    log.push(`${now} ${step.action}`);
    if (step.action === 'dead') return log;
    state = step.state;
    now += step.waitMs;
  }
  return log;
}

describe('the keepalive', () => {
  it('pings after each interval of silence, and gives up an interval after the last ping', () => {
    expect(course(60_000)).toEqual(['5000 ping', '10000 ping', '15000 dead']);
  });

  it('waits as long as is left of the interval since the last message', () => {
    expect(keepaliveStep(config, heard(3_000), 5_000)).toEqual({
      action: 'wait',
      state: { heardAt: 3_000, unanswered: 0 },
      waitMs: 3_000,
    });
  });

  it('starts anew with every message', () => {
    const step = keepaliveStep(config, { heardAt: 0, unanswered: 2 }, 14_999);
    expect(step.action).toBe('wait');
    expect(keepaliveStep(config, heard(14_999), 15_000).action).toBe('wait');
  });

  it('with a count of none, gives up after one interval', () => {
    expect(keepaliveStep({ intervalMs: 1, count: 0 }, heard(0), 1).action).toBe('dead');
  });
});
