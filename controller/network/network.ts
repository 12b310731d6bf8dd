/**
 * The one place where the network's state is held. Changes are functions from state to state; who follows is
 * told of each new state once, in order, with the one before it.
 */
import type { NetworkState } from './model.ts';

export type Follower = (state: NetworkState, before: NetworkState) => void;

export class Network {
  #state: NetworkState;
  readonly #followers = new Set<Follower>();
  readonly #queue: ((state: NetworkState) => NetworkState)[] = [];
  #updating = false;

  constructor(initial: NetworkState) {
    this.#state = initial;
  }

  get state(): NetworkState {
    return this.#state;
  }

  /** Applies the change now, or, from within a follower, right after all have been told of the present one. */
  update(change: (state: NetworkState) => NetworkState): void {
    this.#queue.push(change);
    if (this.#updating) return;
    this.#updating = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const before = this.#state;
        const after = next(before);
        if (after === before) continue;
        this.#state = after;
        for (const follower of this.#followers) follower(after, before);
      }
    } finally {
      this.#updating = false;
    }
  }

  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
