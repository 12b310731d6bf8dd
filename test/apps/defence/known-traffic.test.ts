/**
 * What is usual on a guest's connections: learned of the sum over bridges, so that it stays what it is wherever the
 * guest's connections are counted.
 */
import { beforeEach, expect, test } from 'vitest';
import {
  inAll,
  knownTraffic,
  type KnownTraffic,
  withoutBridge,
} from '../../../apps/defence/known-traffic.ts';
import { noTotals } from '../../../apps/defence/measurement.ts';
import { type Readings, withReading } from '../../../apps/defence/rates.ts';
import { defence as limits } from '../../../controller/limits.ts';

const BRIDGES = ['anchor', 'edge', 'host'] as const;
type Bridge = (typeof BRIDGES)[number];
/** Packets per second on connections that live. */
type Rates = Partial<Record<Bridge, number>>;

let now: number;
let known: KnownTraffic | undefined;
let readings: Record<Bridge, Readings>;
let counted: Record<Bridge, number>;

beforeEach(() => {
  now = 0;
  known = undefined;
  readings = { anchor: [], edge: [], host: [] };
  counted = { anchor: 0, edge: 0, host: 0 };
});

/** Bridges are read in turn, each every tenth of a second; those in `loud` have something wrong. */
function pass(ms: number, rates: Rates, loud: readonly Bridge[] = []): void {
  for (const end = now + ms; now < end; now += limits.readInterval) {
    for (const bridge of BRIDGES) {
      counted[bridge] += ((rates[bridge] ?? 0) * limits.readInterval) / 1000;
      const totals = { ...noTotals, knownTcp: counted[bridge] };
      readings[bridge] = withReading(readings[bridge], { at: now, totals });
      known = knownTraffic(known, bridge, readings[bridge], !loud.includes(bridge));
    }
  }
}

const honest = () => inAll(known === undefined ? [] : [known]);

test('nothing is usual until it has been looked at for a while', () => {
  pass(limits.warmUp, { anchor: 500 });
  expect(honest()).toEqual({ rate: expect.closeTo(500, 0) as number, usual: undefined });
  pass(1_000, { anchor: 500 });
  expect(honest().usual).toBeGreaterThan(450);
});

test('connections that another bridge counts from now on leave it as it was', () => {
  pass(30_000, { anchor: 500 });
  // Redirected by an edge, as they are when the guest has moved.
  for (let second = 0; second < 60; second++) {
    pass(1_000, { edge: 500 });
    expect(honest().usual).toBeGreaterThan(450);
    expect(honest().usual).toBeLessThan(510);
  }
  pass(1_000, { edge: 300, host: 200 });
  expect(honest()).toEqual({
    rate: expect.closeTo(500, 0) as number,
    usual: expect.closeTo(500, -1) as number,
  });
});

test('an attack at one bridge keeps it as it was before, wherever it is counted then', () => {
  pass(30_000, { anchor: 500 });
  const { usual } = honest();
  pass(10_000, { anchor: 100 }, ['anchor']);
  pass(10_000, { edge: 2_000 }, ['anchor']);
  expect(honest()).toEqual({ rate: expect.closeTo(2_000, 0) as number, usual });
});

test('a bridge that counts no more has no say; the last that goes takes what is usual along', () => {
  pass(30_000, { anchor: 300, edge: 200 });
  known = withoutBridge(known!, 'anchor');
  expect(honest()).toEqual({
    rate: expect.closeTo(200, 0) as number,
    usual: expect.closeTo(500, -1) as number,
  });
  known = withoutBridge(withoutBridge(known!, 'edge')!, 'host');
  expect(known).toBeUndefined();
});
