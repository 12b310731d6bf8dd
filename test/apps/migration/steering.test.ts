/**
 * Steering against a small QEMU: it sends in windows of 100 ms, each with its ration, passes over what was dirtied,
 * and stops the guest when what is left can be sent within the longest downtime.
 */
import { describe, expect, test } from 'vitest';
import {
  beginCopies,
  beginSteering,
  letSwitch,
  type Order,
  type Sample,
  steer,
  type Steered,
  type Steering,
  taken,
  type Terms,
} from '../../../apps/migration/steering.ts';

const MIB = 1024 * 1024;
const WINDOW = 100;

interface Guest {
  readonly memory: number;
  /** Bytes that it dirties in a millisecond, over and over the same `workingSet`. */
  readonly dirtyPerMs: number;
  readonly workingSet: number;
  readonly packetsPerSecond: number;
}

const idle: Guest = { memory: 90 * MIB, dirtyPerMs: 0, workingSet: 0, packetsPerSecond: 0 };
const busy: Guest = { memory: 90 * MIB, dirtyPerMs: 8_192, workingSet: 1.5 * MIB, packetsPerSecond: 5_000 };
/** Dirties 40 MiB/s over all of its memory. */
const hopeless: Guest = {
  memory: 64 * MIB,
  dirtyPerMs: 40 * 1049,
  workingSet: 64 * MIB,
  packetsPerSecond: 5_000,
};

class Qemu {
  readonly #guest: Guest;
  pass = 1;
  remaining: number;
  speed: number;
  downtime = 300;
  postCopy = false;
  stoppedAt: number | undefined;
  #synced = 0;
  #bandwidth = 0;

  constructor(guest: Guest, mibps: number) {
    this.#guest = guest;
    this.remaining = guest.memory;
    this.speed = mibps;
  }

  #dirtied(now: number): number {
    return Math.min((now - this.#synced) * this.#guest.dirtyPerMs, this.#guest.workingSet);
  }

  /** One window, at its begin; `link` is what the network takes, in MiB/s. */
  window(now: number, link = 64): void {
    if (this.stoppedAt !== undefined) return;
    const limit = ((this.speed === 0 ? link : Math.min(this.speed, link)) * MIB * WINDOW) / 1000;
    const threshold = (this.#bandwidth * this.downtime) / 1000;
    let sent = 0;
    let at = now;
    for (let passes = 0; sent < limit && passes < 50; passes++) {
      const part = Math.min(this.remaining, limit - sent);
      sent += part;
      at += (part / MIB / link) * 1000;
      this.remaining -= part;
      if (this.remaining > 0 && this.remaining >= threshold) break;
      const all = this.remaining + this.#dirtied(at);
      // What waits to be sent again and is written once more waits once.
      const left = this.pass === 1 ? all : Math.min(all, Math.max(this.remaining, this.#guest.workingSet));
      this.#synced = at;
      if (left === 0 || left < threshold || this.postCopy) {
        this.stoppedAt = at;
        break;
      }
      this.pass++;
      this.remaining = left;
    }
    this.#bandwidth = (sent / WINDOW) * 1000;
  }

  obey(order: Order): void {
    if (order.type === 'downtime') this.downtime = order.ms;
    if (order.type === 'speed') this.speed = order.mibps;
    if (order.type === 'start-post-copy') this.postCopy = true;
  }

  sample(at: number, staged: boolean): Sample {
    const { packetsPerSecond } = this.#guest;
    return {
      packetsPerSecond,
      at,
      pass: this.pass,
      remaining: this.remaining,
      bytesPerSecond: this.#bandwidth,
      staged,
    };
  }
}

interface Run {
  readonly stoppedAt: number | undefined;
  readonly copyingAt: number | undefined;
  readonly orders: readonly (Order & { readonly at: number })[];
}

/**
 * Migrates `guest`; anchors need `anchorsMs` to begin copying, libvirt `takesMs` to take orders; looks come as often as copy.ts
 * has them.
 */
function run(
  guest: Guest,
  terms: Partial<Terms>,
  { ms = 30_000, anchorsMs = 1, takesMs = 0, stagedAt = 0, leadMs = 400, phase = 0, lateMs = 0 } = {},
): Run {
  const whole: Terms = {
    strategy: 'redirect',
    maxBlackoutMs: 100,
    bandwidthMiBps: 16,
    postCopy: false,
    ...terms,
  };
  const qemu = new Qemu(guest, whole.bandwidthMiBps ?? 0);
  const orders: (Order & { at: number })[] = [];
  let copyingAt: number | undefined;
  let steering: Steering;
  /** Orders that libvirt has not taken yet. */
  let under: { readonly orders: readonly Order[]; readonly until: number } | undefined;
  const obey = (steered: Steered, at: number): void => {
    steering = steered.steering;
    for (const order of steered.orders) {
      orders.push({ ...order, at });
      if (order.type === 'copy-to-both') copyingAt = at + anchorsMs;
    }
    under = { orders: steered.orders, until: at + (steered.orders.length > 0 ? takesMs : 0) };
  };
  obey(beginSteering(whole), 0);
  let next = phase;
  for (let now = 0; now < ms && qemu.stoppedAt === undefined; now++) {
    if (under !== undefined && now >= under.until) {
      under.orders.forEach((order) => qemu.obey(order));
      steering = taken(steering!, now);
      under = undefined;
    }
    if (now % WINDOW === 0) qemu.window(now);
    if (now === copyingAt) obey(letSwitch(steering!, now + leadMs), now);
    if (under !== undefined) continue;
    const copyAt = steering!.copyAt;
    if (copyAt !== undefined) {
      if (now >= copyAt) obey(beginCopies(steering!), now);
      next = now;
      continue;
    }
    if (now < next) continue;
    obey(steer(steering!, whole, qemu.sample(now, now >= stagedAt)), now);
    const close = steering!.mode === 'approach' || steering!.scaledUntil !== undefined;
    next = now + (close ? 10 : 50) + lateMs;
  }
  return { stoppedAt: qemu.stoppedAt, copyingAt, orders };
}

const downtimes = ({ orders }: Run): number[] =>
  orders.flatMap((order) => (order.type === 'downtime' ? [order.ms] : []));
const toldAt = ({ orders }: Run): number | undefined =>
  orders.find(({ type }) => type === 'not-converging')?.at;
const types = ({ orders }: Run): string[] => orders.map(({ type }) => type);

describe('any strategy', () => {
  test('a guest that converges by itself does so at the least downtime', () => {
    const result = run(idle, {});
    expect(result.stoppedAt).toBeDefined();
    expect(downtimes(result)).toEqual([10]);
  });

  test('one that does not is given more, step by step, up to what is allowed', () => {
    const result = run({ ...busy, dirtyPerMs: 30_000, workingSet: 8 * MIB }, { maxBlackoutMs: 60 });
    expect(downtimes(result).slice(0, 4)).toEqual([10, 20, 40, 60]);
    expect(Math.max(...downtimes(result))).toBeLessThanOrEqual(60);
  });

  test('of one that never converges it is said, once, as soon as passes leave no less than they found', () => {
    const result = run(hopeless, { maxBlackoutMs: 50 }, { ms: 120_000 });
    expect(result.stoppedAt).toBeUndefined();
    // It may become calmer: the downtime goes on up to the most that is allowed.
    expect(downtimes(result)).toEqual([10, 20, 40, 50]);
    expect(types(result).filter((type) => type === 'not-converging')).toHaveLength(1);
    expect(toldAt(result)).toBeLessThan(4 * 4_000);
  });

  test('and not much later when each pass takes six seconds', () => {
    const slow = { ...hopeless, memory: 90 * MIB, workingSet: 48 * MIB };
    // The first pass, two that leave as much as they found, and a look.
    expect(toldAt(run(slow, { bandwidthMiBps: 8 }))).toBeLessThan(11_250 + 2 * 6_000 + 500);
  });

  test('of one that converges slowly nothing is said', () => {
    const slowly = { ...hopeless, dirtyPerMs: 12 * 1049 };
    const result = run(slowly, {});
    expect(result.stoppedAt).toBeDefined();
    expect(types(result)).not.toContain('not-converging');
  });

  test('what is clearly needed and allowed is given at once, though passes are long', () => {
    const writer = { ...hopeless, memory: 90 * MIB, workingSet: 24 * MIB };
    const result = run(writer, { maxBlackoutMs: 4_000, bandwidthMiBps: 8 });
    expect(downtimes(result)).toHaveLength(2);
    expect(downtimes(result)[1]).toBeGreaterThanOrEqual(2_900);
    expect(downtimes(result)[1]).toBeLessThan(4_000);
    expect(result.stoppedAt).toBeDefined();
    expect(types(result)).not.toContain('not-converging');
  });

  test('post-copy begins after two passes, if it was asked for', () => {
    expect(types(run(hopeless, { postCopy: true }))).toContain('start-post-copy');
    expect(types(run(hopeless, { postCopy: true }))).not.toContain('not-converging');
    expect(types(run(hopeless, {}))).not.toContain('start-post-copy');
  });
});

describe('bicast', () => {
  const bicast = { strategy: 'bicast' } as const;

  test.each([0, 7, 13, 29, 41])(
    'an idle guest is held until copying to both is in force (looks at %i)',
    (phase) => {
      for (const bandwidthMiBps of [4, 16, 40, undefined]) {
        const { stoppedAt, copyingAt } = run(idle, { ...bicast, bandwidthMiBps }, { phase });
        expect(copyingAt, `at ${bandwidthMiBps ?? 'any'} MiB/s`).toBeLessThan(stoppedAt!);
      }
    },
  );

  test.each([0, 7, 13, 29, 41])('a busy guest switches over soon after it (looks at %i)', (phase) => {
    for (const takesMs of [0, 5, 20, 60, 95]) {
      const { stoppedAt, copyingAt, orders } = run(busy, bicast, { phase, takesMs });
      expect(stoppedAt! - copyingAt!, `orders taken in ${takesMs} ms`).toBeGreaterThan(0);
      expect(stoppedAt! - copyingAt!, `orders taken in ${takesMs} ms`).toBeLessThan(60);
      // QEMU has got its speed back, and may leave for the blackout what it sends in 20 ms at that speed, of which the
      // last window had a sixteenth.
      expect(orders.filter(({ type }) => type === 'speed').at(-1)).toMatchObject({ mibps: 16 });
      expect(orders.filter(({ type }) => type === 'downtime').at(-1)).toMatchObject({ ms: 20 * 16 });
    }
  });

  test.each([0, 7, 13, 29, 41])(
    'where the queue has room, QEMU is told when copying to both is in force, though looks are late (looks at %i)',
    (phase) => {
      const calmer = { ...busy, packetsPerSecond: 500 };
      for (const [anchorsMs, takesMs, lateMs] of [
        [1, 0, 0],
        [30, 20, 40],
        [99, 95, 90],
      ] as const) {
        const { stoppedAt, copyingAt, orders } = run(calmer, bicast, { phase, anchorsMs, takesMs, lateMs });
        const told = orders.find(({ type, at }) => type === 'downtime' && at > 0)!;
        expect(told.at).toBeGreaterThanOrEqual(copyingAt!);
        expect(stoppedAt! - copyingAt!).toBeGreaterThan(0);
        expect(stoppedAt! - copyingAt!).toBeLessThan(500);
      }
    },
  );

  test.each([0, 13, 41])(
    'for one window only: one that stays has the downtime that is allowed (looks at %i)',
    (phase) => {
      const { orders } = run(hopeless, bicast, { phase });
      const [scaled, allowed] = orders.filter((order) => order.type === 'downtime' && order.ms >= 100);
      expect(scaled).toMatchObject({ ms: 320 });
      expect(allowed).toMatchObject({ ms: 100 });
      const begins = (at: number): number => (Math.floor(at / WINDOW) + 1) * WINDOW;
      expect(allowed!.at).toBeGreaterThan(begins(scaled!.at));
      expect(allowed!.at).toBeLessThan(begins(scaled!.at) + WINDOW);
    },
  );

  test.each([0.1, 0.2, 0.4, 0.8])('nor does one escape that dirties %s MiB again and again', (mib) => {
    for (const lateMs of [0, 15, 30, 45]) {
      const light = { ...busy, dirtyPerMs: 4_096, workingSet: mib * MIB, packetsPerSecond: 800 };
      const { stoppedAt, copyingAt } = run(light, bicast, { lateMs });
      expect(copyingAt, `looks ${lateMs} ms late`).toBeLessThan(stoppedAt!);
    }
  });

  test('a guest under load switches over from its second pass', () => {
    const { orders, stoppedAt } = run({ ...busy, workingSet: 1.2 * MIB }, bicast);
    const begun = orders.find(({ type }) => type === 'copy-to-both')!;
    expect(begun.at).toBeGreaterThan(6_000);
    expect(stoppedAt! - begun.at).toBeLessThan(80);
  });

  test('nothing is let happen before the flows are staged', () => {
    const { copyingAt } = run(idle, bicast, { stagedAt: 5_800 });
    expect(copyingAt).toBeGreaterThanOrEqual(5_800);
  });

  test('a slow copy costs little time', () => {
    const fast = run(idle, {}).stoppedAt!;
    expect(run(idle, bicast).stoppedAt! - fast).toBeLessThan(1_500);
  });

  test('when the switchover does not come in time, the copies end, and the rest is as without them', () => {
    const result = run(hopeless, bicast, { leadMs: 80, ms: 60_000 });
    expect(types(result)).toContain('stop-copying');
    expect(types(result)).toContain('not-converging');
    expect(types(result).filter((type) => type === 'copy-to-both')).toHaveLength(1);
  });

  test('anchors that do not answer do not hold the migration for ever', () => {
    expect(run(busy, bicast, { anchorsMs: 1e9 }).stoppedAt).toBeDefined();
    const result = run(hopeless, bicast, { anchorsMs: 1e9 });
    expect(types(result)).toContain('stop-copying');
    expect(types(result)).toContain('not-converging');
  });
});
