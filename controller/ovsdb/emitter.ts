/**
 * Typed events. A listener is called at once, in the order of subscription; one that throws does not keep the
 * others, or the connection, from going on: its error surfaces as an uncaught exception, for it is a bug.
 */
import type { Cancel } from '../clock.ts';

export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): Cancel {
    let set = this.#listeners.get(name);
    if (set === undefined) this.#listeners.set(name, (set = new Set()));
    // Wrapped, so that the same function subscribed twice is called twice and cancelled one by one.
    const call = (event: Events[K]) => listener(event);
    set.add(call);
    return () => set.delete(call);
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const set = this.#listeners.get(name);
    if (set === undefined) return;
    for (const listener of [...set]) {
      try {
        (listener as (event: Events[K]) => void)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
