/**
 * Waiting for something to happen, but not for ever. What happens while nobody waits is not missed.
 */
import type { Clock } from '../../controller/clock.ts';

export class Wake {
  readonly #clock: Clock;
  #woken = false;
  #resolve: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the wait, or the next one. */
  notify(): void {
    this.#woken = true;
    this.#resolve?.();
  }

  /** Resolves after `notify`, or after `ms` milliseconds. */
  async wait(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(ms, resolve);
        this.#resolve = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#resolve = undefined;
    this.#woken = false;
  }
}
