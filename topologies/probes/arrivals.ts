/** Counts numbered messages where they arrive, by somebody who does not know when they were sent. */
import { Silence } from './summary.ts';

export class Arrivals {
  readonly #seen = new Set<number>();
  readonly #silence = new Silence();
  #duplicated = 0;
  #reordered = 0;
  #highest = -1;

  arrived(n: number, now: number): void {
    this.#silence.arrival(now);
    if (this.#seen.has(n)) {
      this.#duplicated++;
      return;
    }
    this.#seen.add(n);
    if (n < this.#highest) this.#reordered++;
    else this.#highest = n;
  }

  /** Nothing more can arrive. */
  end(
    at: number,
    startedAt: number,
  ): {
    readonly received: number;
    readonly duplicated: number;
    readonly reordered: number;
    readonly gapMs: number;
    readonly gapFrom: number | null;
  } {
    return {
      received: this.#seen.size,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      ...this.#silence.end(at, startedAt),
    };
  }
}
