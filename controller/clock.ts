/**
 * Time, passed in. Code that waits or stamps takes a `Clock`, so that its tests need no real one.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, with sub-millisecond fractions; never runs backwards. */
  now(): number;
  /** Calls `fn` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, fn: () => void): Cancel;
}

export type Cancel = () => void;

const origin = performance.timeOrigin;

export const systemClock: Clock = {
  now: () => origin + performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
