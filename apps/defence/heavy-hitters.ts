/**
 * The heaviest of any number of keys, in fixed memory: Space-Saving (Metwally, Agrawal, El Abbadi: "Efficient
 * computation of frequent and top-k elements in data streams", ICDT 2005).
 *
 * Of n additions, a key's true count is between `count - error` and `count`, and `error` is at most n / capacity; so
 * every key with more than n / capacity additions is there, whatever the others are.
 */
export interface HeavyHitter<K> {
  readonly key: K;
  readonly count: number;
  /** How much of `count` may belong to keys that had to make room. */
  readonly error: number;
}

interface Slot {
  count: number;
  error: number;
}

export class HeavyHitters<K> {
  readonly #capacity: number;
  readonly #slots = new Map<K, Slot>();
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many additions there were. */
  get total(): number {
    return this.#total;
  }

  /** O(1) for a key that is there; a new one looks for the least of `capacity` others. */
  add(key: K): void {
    this.#total += 1;
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      slot.count += 1;
      return;
    }
    if (this.#slots.size < this.#capacity) {
      this.#slots.set(key, { count: 1, error: 0 });
      return;
    }
    const [least, { count }] = this.#least();
    this.#slots.delete(least);
    this.#slots.set(key, { count: count + 1, error: count });
  }

  get(key: K): { readonly count: number; readonly error: number } | undefined {
    return this.#slots.get(key);
  }

  /** Those that are there, in no order. */
  *[Symbol.iterator](): Iterator<HeavyHitter<K>> {
    for (const [key, { count, error }] of this.#slots) yield { key, count, error };
  }

  #least(): [K, Slot] {
    let least: [K, Slot] | undefined;
    for (const entry of this.#slots) {
      if (least === undefined || entry[1].count < least[1].count) least = entry;
      // Nothing is less than one, and a flood of forged sources leaves hardly anything else.
      if (least[1].count === 1) break;
    }
    return least!;
  }
}
