/**
 * The one place where the network's state is held. Changes are functions from state to state; who follows is
 * told of each new state once, in order, with the one before it.
 *
 * Followers do not depend on each other: one that throws keeps no other from being told, nor a change that was
 * asked for meanwhile from being made. What it threw goes to `onError`.
 */
import { asError } from '../errors.ts';
import type { NetworkState } from './model.ts';

export type Follower = (state: NetworkState, before: NetworkState) => void;

type Change = (state: NetworkState) => NetworkState;

export class Network {
  #state: NetworkState;
  readonly #onError: (error: Error) => void;
  readonly #followers = new Set<Follower>();
  readonly #queue: Change[] = [];
  #updating = false;

  /**
   * `onError` is told of every follower, and every change asked for by one, that throws; without it that becomes
   * an uncaught exception, after everybody has been told.
   */
  constructor(initial: NetworkState, onError: (error: Error) => void = throwLater) {
    this.#state = initial;
    this.#onError = onError;
  }

  get state(): NetworkState {
    return this.#state;
  }

  /**
   * Applies the change now, or, from within a follower, right after all have been told of the present one.
   * Throws what the change throws, if it is applied now; the state is then what it was.
   */
  update(change: Change): void {
    if (this.#updating) {
      this.#queue.push(change);
      return;
    }
    this.#updating = true;
    try {
      this.#apply(change);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const queued = next;
        this.#guard(() => this.#apply(queued));
      }
    } finally {
      this.#updating = false;
    }
  }

  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #apply(change: Change): void {
    const before = this.#state;
    const after = change(before);
    if (after === before) return;
    this.#state = after;
    for (const follower of this.#followers) this.#guard(() => follower(after, before));
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#onError(asError(error));
    }
  }
}

function throwLater(error: Error): void {
  queueMicrotask(() => {
    throw error;
  });
}
