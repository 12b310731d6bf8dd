/**
 * How soon an attack is seen, from counters that lag and samples that do not; and that a crowd is none, however it falls
 * between readings.
 */
import { describe, expect, test } from 'vitest';
import { DefenceService } from '../../../apps/defence/service.ts';
import type { Verdict } from '../../../apps/defence/verdict.ts';
import { type DefencePolicy, policyOf } from '../../../controller/network/defence-policy.ts';
import { Network } from '../../../controller/network/network.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { defence as limits } from '../../../controller/limits.ts';
import { atHome } from '../../controller/network/sites.ts';
import { CountingBridge } from './counting-bridge.ts';

const HOST = 'home-1';
const ELSEWHERE = 'away-1';
const QUIET_MS = 1_000;

/** A guest whose bridge is looked at; `sampled: false`: samples get lost on their way. */
class Scene {
  readonly clock = new ManualClock(0);
  readonly told: Verdict[] = [];
  readonly bridge: CountingBridge;
  readonly bridges: Map<string, CountingBridge>;
  readonly service: DefenceService;
  readonly network = new Network(atHome());

  constructor(phase: number, sampled = true) {
    const { network } = this;
    const host = network.state.hosts.get(HOST)!;
    const interfaceNumber = network.state.guests.get('web')!.interfaces[0]!.number;
    this.bridge = new CountingBridge({
      interfaceNumber,
      phase,
      ...(sampled ? { onSample: (record) => this.service.sampled(host.number, record) } : {}),
    });
    this.bridges = new Map([[HOST, this.bridge]]);
    this.service = new DefenceService({
      network,
      clock: this.clock,
      fabric: {
        ready: (name) => this.bridges.has(name),
        session: (name) => this.bridges.get(name)?.session,
      },
      onVerdict: (verdict) => this.told.push(verdict),
      onError: (_, error) => {
        throw error;
      },
    });
    this.service.start();
  }

  /** A millisecond at a time; `traffic` says what comes in each. */
  async run(ms: number, traffic: (now: number) => void = () => undefined): Promise<void> {
    for (let i = 0; i < ms; i++) {
      this.clock.advance(1);
      const now = this.clock.now();
      for (const bridge of this.bridges.values()) bridge.tick(now);
      traffic(now);
      // What a bridge was asked is answered before the next millisecond.
      if (now % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  set policy(policy: DefencePolicy['policy']) {
    this.service.defend('web', { ...policyOf(this.network.state, 'web'), policy });
  }

  [Symbol.dispose](): void {
    this.service.close();
  }
}

/** Begins at each of these moments between readings, while counters move at each of those. */
const offsets = [0, 30, 60, 90].flatMap((offset) => [5, 45, 85].map((phase) => [offset, phase] as const));

/** Another one for each packet. */
const forged = (n: number): number => (Math.imul(n, 0x9e37_79b1) ^ 0x0b00_0000) >>> 0;

function flood(scene: Scene, start: number, rate: number): (now: number) => void {
  let sent = 0;
  return (now) => {
    for (; sent < ((now - start) * rate) / 1000; sent++) scene.bridge.packet('syn', forged(sent));
  };
}

describe('a flood of SYNs from forged sources, as many as a link of 10 Mbit/s carries', () => {
  test.each(offsets)('that begins %d ms after a reading, counters %d ms later', async (offset, phase) => {
    using scene = new Scene(phase);
    const start = QUIET_MS + offset;
    await scene.run(QUIET_MS + 900, flood(scene, start, 1_200));
    expect(scene.told[0]).toMatchObject({ kind: 'syn-flood' });
    expect(scene.told[0]!.decided - start).toBeLessThanOrEqual(350);
    const known = scene.told.find(({ origin }) => origin !== 'unknown')!;
    expect(known).toMatchObject({ origin: 'spoofed', sources: [] });
    expect(known.decided - start).toBeLessThanOrEqual(350);
  });

  test.each(offsets)(
    '%d ms after a reading, counters %d ms later, its samples lost',
    async (offset, phase) => {
      using scene = new Scene(phase, false);
      const start = QUIET_MS + offset;
      await scene.run(QUIET_MS + 900, flood(scene, start, 1_200));
      expect(scene.told[0]).toMatchObject({ kind: 'syn-flood', origin: 'unknown' });
      expect(scene.told[0]!.decided - start).toBeLessThanOrEqual(500);
    },
  );
});

describe('a crowd of honest clients', () => {
  test.each(offsets)('that begins %d ms after a reading, counters %d ms later', async (offset, phase) => {
    using scene = new Scene(phase);
    const start = QUIET_MS + offset;
    const due = new Map<number, number[]>();
    let begun = 0;
    await scene.run(3_000, (now) => {
      for (; begun < ((now - start) * 2_000) / 1000; begun++) {
        const client = 0x0c00_0000 + begun;
        scene.bridge.packet('syn', client);
        // From far away: round trips of 130 to 190 ms.
        const at = now + 130 + ((begun * 37) % 60);
        due.set(at, [...(due.get(at) ?? []), client]);
      }
      for (const client of due.get(now) ?? []) {
        scene.bridge.packet('completed', client);
        scene.bridge.packet('knownTcp', client);
      }
    });
    expect(begun).toBeGreaterThan(3_000);
    expect(scene.told).toEqual([]);
  });
});

test('networks are known once somebody in them has completed a handshake: what is only begun may be forged', async () => {
  using scene = new Scene(5);
  await scene.run(QUIET_MS, (now) => {
    if (now === 500) scene.bridge.packet('syn', 0x0d00_0001);
    if (now === 600)
      for (const source of [0x0c00_0101, 0x0c00_0001, 0x0c00_0007]) scene.bridge.packet('completed', source);
  });
  expect(scene.service.knownNetworks('web')).toEqual(['12.0.0.0/24', '12.0.1.0/24']);
  expect(scene.service.knownNetworks('nobody')).toEqual([]);
});

test('of a guest whose defence was off nothing is held against anybody: not the connections that they opened before', async () => {
  using scene = new Scene(5);
  const hold = (from: number) => {
    let opened = 0;
    return (now: number): void => {
      for (; opened < Math.min(80, (now - from) / 25); opened++) {
        scene.bridge.packet('completed', 0x0c00_0001, 2_000 + opened);
      }
    };
  };
  await scene.run(QUIET_MS);
  await scene.run(limits.slowAfter + 4_000, hold(QUIET_MS));
  expect(scene.told[0]).toMatchObject({ kind: 'slow-connections' });

  scene.policy = 'off';
  await scene.run(500);
  expect(scene.told.at(-1)!.ended).toBeDefined();
  const told = scene.told.length;
  scene.policy = 'filter-only';
  await scene.run(limits.slowAfter + 4_000);
  expect(scene.told.length).toBe(told);
});

test('what is usual for a guest stays what it is when another bridge counts its connections', async () => {
  using scene = new Scene(5);
  const echo = (bridge: CountingBridge) => (now: number) => {
    if (now % 10 === 0) bridge.packet('knownTcp', 0x0c00_0001);
  };
  await scene.run(30_000, echo(scene.bridge));
  expect(scene.service.honest('web').usual).toBeCloseTo(100, -1);
  // The guest moves, and nothing of them comes to where it was.
  const interfaceNumber = scene.network.state.guests.get('web')!.interfaces[0]!.number;
  const elsewhere = new CountingBridge({ interfaceNumber, phase: 5 });
  scene.bridges.set(ELSEWHERE, elsewhere);
  await scene.run(limits.warmUp + 2_000, echo(elsewhere));
  const { rate, usual } = scene.service.honest('web');
  expect(rate).toBeCloseTo(100, -1);
  expect(usual).toBeCloseTo(100, -1);
});
