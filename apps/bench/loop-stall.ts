/**
 * The longest time for which something held the event loop of this process: a timer looks at the clock every
 * millisecond, and when it comes late, it is because something else was at work.
 */
import { systemClock } from '../../controller/clock.ts';

const EVERY_MS = 1;

export class LoopStall implements Disposable {
  readonly #timer = setInterval(() => this.#look(), EVERY_MS);
  #last = systemClock.now();
  #longest = 0;

  /** In milliseconds, so far. */
  get longest(): number {
    this.#look();
    return this.#longest;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = systemClock.now();
    this.#longest = Math.max(this.#longest, now - this.#last - EVERY_MS);
    this.#last = now;
  }
}
