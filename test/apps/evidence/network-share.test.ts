import { describe, expect, it } from 'vitest';
import { networkShare } from '../../../apps/evidence/network-share.ts';
import type { TracePacket } from '../../../apps/evidence/trace.ts';

const packet = (
  ms: number,
  toGuest: boolean,
  n: number | null,
  more: Partial<TracePacket> = {},
): TracePacket => ({
  ...{ ms, toGuest, n, node: 'b1', length: 16, flags: 0, acked: null, resent: false },
  ...more,
});
const request = (ms: number, n: number) => packet(ms, true, n);
const answer = (ms: number, n: number) => packet(ms, false, n);

describe('the network’s share, for numbered messages', () => {
  it('is 0 when a request that waited is answered', () => {
    const tap = [request(90, 1), request(95, 2), answer(130, 1), answer(131, 2)];
    expect(networkShare([], tap, 100)).toEqual({ networkMs: 0, firstAnswerMs: 30, waiting: 2 });
  });

  it('counts from the first request that is answered: one that was dropped at the TAP is not', () => {
    const tap = [request(90, 1), request(103, 2), request(104, 3), answer(130, 2), answer(131, 3)];
    expect(networkShare([], tap, 100)).toEqual({ networkMs: 3, firstAnswerMs: 30, waiting: 1 });
  });

  it('does not count a copy of what was answered at the source', () => {
    const source = [request(80, 1), answer(81, 1), request(99, 2)];
    const tap = [request(80, 1), request(99.5, 2), request(104, 3), answer(130, 1), answer(131, 3)];
    expect(networkShare(source, tap, 100)).toEqual({ networkMs: 4, firstAnswerMs: 30, waiting: 1 });
  });

  it('is unknown when nothing is answered', () => {
    expect(networkShare([], [request(90, 1), request(110, 2)], 100)).toEqual({
      networkMs: null,
      firstAnswerMs: null,
      waiting: 1,
    });
  });
});

describe('the network’s share, for TCP', () => {
  const segment = (ms: number, n: number) => packet(ms, true, n, { acked: 0 });
  const acked = (ms: number, upTo: number) => packet(ms, false, null, { length: 0, acked: upTo });

  it('counts from the first segment that is acknowledged as a whole', () => {
    const tap = [segment(102, 0), segment(103, 16), acked(120, 16)];
    expect(networkShare([], tap, 100)).toEqual({ networkMs: 2, firstAnswerMs: 20, waiting: 0 });
    expect(networkShare([], [segment(102, 0), acked(120, 8)], 100).networkMs).toBeNull();
  });

  it('does not count a copy of what was acknowledged at the source', () => {
    const source = [segment(80, 0), acked(81, 16)];
    expect(networkShare(source, [segment(80, 0), segment(105, 16), acked(120, 32)], 100).networkMs).toBe(5);
  });
});
