import type { Cancel, Clock } from '../../../controller/clock.ts';

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  private time: number;
  private readonly timers = new Set<{ readonly at: number; readonly fn: () => void }>();

  constructor(start = 1_000_000) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, fn: () => void): Cancel {
    const timer = { at: this.time + ms, fn };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** The timers that are set. */
  get pending(): number {
    return this.timers.size;
  }

  /** Goes on by `ms`, firing what falls due in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.fn();
    }
    this.time = end;
  }
}
