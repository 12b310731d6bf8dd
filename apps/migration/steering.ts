/**
 * When QEMU may switch over: what it is told while it copies a guest's memory. Pure.
 *
 * QEMU stops the guest as soon as it could send what is left within its longest downtime. So that time begins
 * small, and is raised only while the guest dirties memory as fast as it is copied, up to what the user allows. When
 * pass after pass leaves no less than it found, and more than could be sent within the longest blackout allowed, no
 * downtime will do: then the user is told, however long passes take.
 *
 * An idle guest converges whatever the longest downtime is: at the end of a pass nothing is left. `bicast` has to be
 * ahead of it. QEMU sends in windows of 100 ms, each with a ration that follows from the speed limit. Near the end
 * the ration is halved again and again, so that no window can end the pass unseen; when next to nothing is left, QEMU
 * gets its speed and its downtime, which it heeds when its next window begins: there the switchover comes. Copying to both
 * begins shortly before that window, so that few packets wait at the destination. In that window QEMU reckons with the little
 * that it was let send in the last one, and would hold that it cannot send in time what a guest under load dirties between
 * two looks at its memory. So the downtime is longer for that one window, by as much as the copy was slower than it can be.
 *
 * All the same a window may end the pass unseen: a page of zeros costs next to nothing of its ration. So where the
 * destination's queue holds what comes in some windows, QEMU is not held, and copying to both begins when the first pass
 * nears its end.
 *
 * When windows begin is known from what is left, which then changes. A look sees it late, and never early; so of several
 * looks the earliest counts. A guest that gets many packets is never idle: it is given a second pass first, which leaves less
 * to copy.
 *
 *   bulk ──little left──► approach ──next to nothing──► aimed ──copied to both──► let ──too long──► given-up
 *   (other strategies begin at `let`)
 */
import { steering as limits } from '../../controller/limits.ts';
import type { Strategy } from '../../controller/network/migration.ts';
import { hasRoomToSpare } from './tap-queue.ts';

export interface Terms {
  readonly strategy: Strategy;
  readonly maxBlackoutMs: number;
  /** The most that the copy may take of the network; undefined: all. */
  readonly bandwidthMiBps: number | undefined;
  readonly postCopy: boolean;
}

/** How the copy stands. */
export interface Sample {
  readonly at: number;
  /** The pass over memory, from 1. */
  readonly pass: number;
  /** Bytes of this pass that are still to be sent. */
  readonly remaining: number;
  /** Bytes per second that the copy makes. */
  readonly bytesPerSecond: number;
  /** The flows of the next step wait at every anchor. */
  readonly staged: boolean;
  /** What goes to the guest; undefined before it has been counted. */
  readonly packetsPerSecond: number | undefined;
}

export type Order =
  /** The longest downtime that QEMU may cause. */
  | { readonly type: 'downtime'; readonly ms: number }
  /** The copy's speed limit; 0 is none. */
  | { readonly type: 'speed'; readonly mibps: number }
  /** Copying to both is to begin. */
  | { readonly type: 'copy-to-both' }
  /** The switchover did not come while there was room for copies. */
  | { readonly type: 'stop-copying' }
  | { readonly type: 'start-post-copy' }
  /** The guest dirties its memory faster than it can be copied within the longest blackout allowed. */
  | { readonly type: 'not-converging' };

export interface Steering {
  readonly mode: 'bulk' | 'approach' | 'aimed' | 'let' | 'given-up';
  readonly downtimeMs: number;
  readonly mibps: number;
  /** The last sample that differed from the one before it: a window has begun. */
  readonly moved: Sample | undefined;
  /** When a window began, as far as looks have shown it. */
  readonly windowAt: number | undefined;
  /** When the downtime was last raised, and the pass at that time. */
  readonly raised: Sample | undefined;
  /** Until when copying to both may go on. */
  readonly copyUntil: number | undefined;
  /** Since when the ration is halved. */
  readonly approachedAt: number | undefined;
  /** When QEMU was given its speed and its downtime, or is to be given them. */
  readonly aimedAt: number;
  /** When copying to both is to begin; undefined before that is known, and once it was ordered. */
  readonly copyAt: number | undefined;
  /** The most that the copy has made, in bytes per second. */
  readonly fastest: number;
  /** The downtime that QEMU was given is longer than is allowed. */
  readonly scaled: boolean;
  /** Until when it is; undefined before QEMU has taken it. */
  readonly scaledUntil: number | undefined;
  readonly told: boolean;
  readonly postCopy: boolean;
  /** Undefined while the copy is held back: what is left then says nothing. */
  readonly progress: Progress | undefined;
}

/** Since when passes leave no less than they found. */
interface Progress {
  /** The first of them, and what it began with. */
  readonly pass: number;
  readonly size: number;
  readonly at: number;
  /** The last pass that was seen to begin. */
  readonly latest: number;
  /** The most that the copy has made. */
  readonly bytesPerSecond: number;
}

export interface Steered {
  readonly steering: Steering;
  readonly orders: readonly Order[];
}

const MIB = 1024 * 1024;

export function beginSteering({ strategy, bandwidthMiBps, maxBlackoutMs }: Terms): Steered {
  const downtimeMs =
    strategy === 'bicast' ? limits.leastDowntime : Math.min(limits.firstDowntime, maxBlackoutMs);
  const steering: Steering = {
    mode: strategy === 'bicast' ? 'bulk' : 'let',
    downtimeMs,
    mibps: bandwidthMiBps ?? 0,
    moved: undefined,
    windowAt: undefined,
    raised: undefined,
    copyUntil: undefined,
    approachedAt: undefined,
    aimedAt: 0,
    copyAt: undefined,
    fastest: 0,
    scaled: false,
    scaledUntil: undefined,
    told: false,
    postCopy: false,
    progress: undefined,
  };
  return { steering, orders: [{ type: 'downtime', ms: downtimeMs }] };
}

/** The copy was looked at. */
export function steer(before: Steering, terms: Terms, sample: Sample): Steered {
  const { moved } = before;
  const changed = moved?.remaining !== sample.remaining || moved.pass !== sample.pass;
  const heldBack = before.mode !== 'let' && before.mode !== 'given-up';
  const steering = changed
    ? {
        ...before,
        moved: sample,
        windowAt: windowSeen(before.windowAt, sample.at),
        fastest: Math.max(before.fastest, sample.bytesPerSecond),
        progress: heldBack ? undefined : progressed(before.progress, sample),
      }
    : before;
  switch (steering.mode) {
    case 'bulk':
    case 'approach':
      return approach(steering, terms, sample);
    case 'aimed':
      if (sample.at < steering.aimedAt + limits.anchorPatience) return { steering, orders: [] };
      return {
        steering: {
          ...steering,
          mode: 'given-up',
          copyAt: undefined,
          scaled: false,
          scaledUntil: undefined,
        },
        orders: [{ type: 'stop-copying' }, { type: 'downtime', ms: steering.downtimeMs }],
      };
    case 'let':
      if (steering.copyUntil !== undefined && sample.at >= steering.copyUntil) {
        return {
          steering: { ...steering, mode: 'given-up', copyUntil: undefined },
          orders: [{ type: 'stop-copying' }],
        };
      }
      if (steering.scaledUntil === undefined) return insist(steering, terms, sample);
      if (sample.at < steering.scaledUntil) return { steering, orders: [] };
      return {
        steering: { ...steering, scaled: false, scaledUntil: undefined },
        orders: [{ type: 'downtime', ms: steering.downtimeMs }],
      };
    case 'given-up':
      return insist(steering, terms, sample);
  }
}

/** A pass that begins with clearly less than the one before is progress, and so is what now begins anew. */
function progressed(before: Progress | undefined, { pass, remaining, at, bytesPerSecond }: Sample): Progress {
  if (before === undefined) return { pass, size: remaining, at, latest: pass, bytesPerSecond };
  const fastest = Math.max(before.bytesPerSecond, bytesPerSecond);
  if (pass > before.latest && remaining < limits.stuckShare * before.size) {
    return { pass, size: remaining, at, latest: pass, bytesPerSecond: fastest };
  }
  return { ...before, latest: pass, bytesPerSecond: fastest };
}

function isStuck(progress: Progress | undefined, { pass, at }: Sample): boolean {
  return (
    progress !== undefined &&
    pass >= progress.pass + limits.stuckPasses &&
    at >= progress.at + limits.stuckFor
  );
}

/** In which what the passes leave could be sent. */
function downtimeFor(progress: Progress | undefined): number {
  if (progress === undefined || progress.bytesPerSecond === 0) return 0;
  return Math.ceil((progress.size / progress.bytesPerSecond) * 1000);
}

/** QEMU gets its speed, and its downtime. */
function aim(before: Steering, terms: Terms, at: number): Steered {
  const slower = before.mibps === 0 ? 1 : Math.max(1, before.fastest / (before.mibps * MIB));
  const scaledMs = Math.ceil(Math.min(terms.maxBlackoutMs, limits.lastPass) * slower);
  const mibps = terms.bandwidthMiBps ?? 0;
  return {
    steering: {
      ...before,
      mode: 'aimed',
      mibps,
      downtimeMs: terms.maxBlackoutMs,
      scaled: true,
      aimedAt: at,
    },
    orders: [
      { type: 'speed', mibps },
      { type: 'downtime', ms: Math.max(scaledMs, terms.maxBlackoutMs) },
    ],
  };
}

/** Copying to both begins, and when it is in force, QEMU may switch over when little is left. */
function aimEarly(before: Steering, terms: Terms, at: number): Steered {
  const ms = Math.min(terms.maxBlackoutMs, limits.firstDowntime);
  return {
    steering: {
      ...before,
      mode: 'aimed',
      downtimeMs: ms,
      aimedAt: at,
    },
    orders: [{ type: 'copy-to-both' }],
  };
}

/** QEMU has taken its orders: it heeds them when its next window begins, and copying to both begins before that. */
export function taken(before: Steering, now: number): Steering {
  if (!before.scaled || before.scaledUntil !== undefined) return before;
  const begun = before.windowAt ?? now;
  const next = begun + Math.ceil((now - begun) / limits.window) * limits.window;
  const copyAt = before.mode === 'aimed' ? Math.max(now, next - limits.lead) : undefined;
  return { ...before, copyAt, scaledUntil: next + limits.window / 2 };
}

/** It is time to. */
export function beginCopies(before: Steering): Steered {
  if (before.mode !== 'aimed' || before.copyAt === undefined) return { steering: before, orders: [] };
  return { steering: { ...before, copyAt: undefined }, orders: [{ type: 'copy-to-both' }] };
}

/** Copying to both is in force, and there is room for copies until `until`. */
export function letSwitch(before: Steering, until: number): Steered {
  if (before.mode !== 'aimed') return { steering: before, orders: [] };
  // Where the downtime is not longer than is allowed, QEMU has not been given it yet.
  const orders: Order[] = before.scaled ? [] : [{ type: 'downtime', ms: before.downtimeMs }];
  return { steering: { ...before, mode: 'let', copyUntil: until }, orders };
}

/** A look comes after a window's begin; so what earlier looks tell of it counts, if it is earlier. */
function windowSeen(before: number | undefined, at: number): number {
  if (before === undefined) return at;
  const expected = before + Math.round((at - before) / limits.window) * limits.window;
  return Math.min(at, expected + limits.drift);
}

/** Of windows, as far as looks have shown them. */
function sinceWindow({ windowAt }: Steering, at: number): number {
  return (at - (windowAt ?? at)) % limits.window;
}

function approach(steering: Steering, terms: Terms, sample: Sample): Steered {
  const { pass, remaining, bytesPerSecond, at, staged, packetsPerSecond = 0 } = sample;
  const perWindow = (bytesPerSecond * limits.window) / 1000;
  if (steering.mode === 'bulk' && pass < 2 && remaining > Math.max(limits.approachBytes, 3 * perWindow)) {
    return { steering, orders: [] };
  }
  const began = steering.approachedAt ?? at;
  if (staged && steering.mode === 'bulk' && hasRoomToSpare(packetsPerSecond, terms.maxBlackoutMs)) {
    const isNear = pass >= 2 || remaining <= limits.nearWindows * perWindow;
    return isNear ? aimEarly(steering, terms, at) : { steering, orders: [] };
  }
  // Looks and orders that come late may always find the next pass begun.
  if (staged && at >= began + limits.approachPatience) return aim(steering, terms, at);
  if (remaining <= limits.nextToNothingBytes) {
    const loaded = packetsPerSecond >= limits.neverIdlePackets;
    // Orders that come when a window ends may be heeded in it or only in the next, in which copies fill the queue.
    const early = sinceWindow(steering, at) < limits.early;
    return staged && (!loaded || (pass >= 2 && early))
      ? aim(steering, terms, at)
      : atSpeed(steering, 1, began);
  }
  const half = Math.floor(((remaining / MIB) * 1000) / limits.window / 2);
  const most = terms.bandwidthMiBps ?? Number.POSITIVE_INFINITY;
  return atSpeed(steering, Math.max(1, Math.min(half, most)), began);
}

function atSpeed(before: Steering, mibps: number, approachedAt: number): Steered {
  const orders: Order[] = before.mibps === mibps ? [] : [{ type: 'speed', mibps }];
  return { steering: { ...before, mode: 'approach', mibps, approachedAt }, orders };
}

/** Raises the downtime with each pass that did not converge; begins post-copy, if that was asked for; or says so. */
function insist(steering: Steering, terms: Terms, sample: Sample): Steered {
  const { pass, at } = sample;
  const { downtimeMs, raised } = steering;
  if (terms.postCopy && !steering.postCopy && pass > limits.passesBeforePostCopy) {
    return { steering: { ...steering, postCopy: true }, orders: [{ type: 'start-post-copy' }] };
  }
  // Said once; the downtime is raised all the same, since the guest may become calmer.
  const neededMs = isStuck(steering.progress, sample) ? downtimeFor(steering.progress) : 0;
  const isAllowed = neededMs <= terms.maxBlackoutMs;
  if (!isAllowed && !steering.told && !terms.postCopy) {
    return { steering: { ...steering, told: true }, orders: [{ type: 'not-converging' }] };
  }
  if (pass <= limits.freePasses) return { steering, orders: [] };
  if (downtimeMs < terms.maxBlackoutMs) {
    if (raised !== undefined && (pass <= raised.pass || at < raised.at + limits.window)) {
      return { steering, orders: [] };
    }
    // What a pass begins with is seen when some of it has been sent, a window at most.
    const enoughMs = neededMs > 0 && isAllowed ? neededMs + limits.window : 0;
    // Doubled until it is clear how much is needed, so that no guest stands still for longer than it must.
    const ms = Math.min(Math.max(downtimeMs * 2, enoughMs), terms.maxBlackoutMs);
    return {
      steering: { ...steering, downtimeMs: ms, raised: sample },
      orders: [{ type: 'downtime', ms }],
    };
  }
  const since = raised ?? sample;
  const hopeless = pass >= since.pass + limits.patientPasses && at >= since.at + limits.patience;
  if (hopeless && !steering.told) {
    return { steering: { ...steering, told: true }, orders: [{ type: 'not-converging' }] };
  }
  return { steering: raised === undefined ? { ...steering, raised: sample } : steering, orders: [] };
}
