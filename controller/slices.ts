/**
 * Long work in slices. What has much to do is a generator that yields between two short steps; whoever runs it lets the
 * event loop turn when that has been held for a slice, so that nothing else waits for the whole.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { eventLoop as limits } from './limits.ts';

export type Steps<T> = Generator<void, T, void>;

/** All of it now: for work that is known to be little. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Holds the event loop no longer than for a slice and a step. What may change meanwhile is for the caller to look at. */
export async function inSlices<T>(steps: Steps<T>, clock: Pick<Clock, 'now'>): Promise<T> {
  const slice = new Slice(clock);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slice.isOver) await slice.next();
  }
}

/** The time for which work may hold the event loop. It begins with the object. */
export class Slice {
  readonly #clock: Pick<Clock, 'now'>;
  #began: number;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#began = clock.now();
  }

  get isOver(): boolean {
    return this.#clock.now() - this.#began >= limits.slice;
  }

  /** Lets the event loop turn, and begins anew. */
  async next(): Promise<void> {
    await turn();
    this.#began = this.#clock.now();
  }
}
