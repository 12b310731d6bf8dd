/**
 * What happens, as it happens: one line each for the log, the API's stream and a run's timeline.
 */
export interface ControllerEvent {
  /** Clock time, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  /** What it is about, such as `guest web` or `host a1`. */
  readonly subject: string;
  readonly message: string;
  /** The error's code, for scripts. */
  readonly code?: string;
}

export class EventStream {
  readonly #listeners = new Set<(event: ControllerEvent) => void>();

  emit(event: ControllerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  on(listener: (event: ControllerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
