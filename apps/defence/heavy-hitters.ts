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
  readonly error: number;
}

export class HeavyHitters<K> {
  readonly #capacity: number;
  readonly #slots = new Map<K, Slot>();
  /** Keys by their count; none is empty. */
  readonly #byCount = new Map<number, Set<K>>();
  /** The least count; of no meaning before there is a key. */
  #least = 1;
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many additions there were. */
  get total(): number {
    return this.#total;
  }

  /** O(1). */
  add(key: K): void {
    this.#total += 1;
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#raise(key, slot);
    else if (this.#slots.size < this.#capacity) this.#put(key, { count: 1, error: 0 });
    else this.#replaceLeast(key);
  }

  get(key: K): { readonly count: number; readonly error: number } | undefined {
    return this.#slots.get(key);
  }

  /** Those that are there, in no order. */
  *[Symbol.iterator](): Iterator<HeavyHitter<K>> {
    for (const [key, { count, error }] of this.#slots) yield { key, count, error };
  }

  #put(key: K, slot: Slot): void {
    this.#slots.set(key, slot);
    if (slot.count < this.#least) this.#least = slot.count;
    const keys = this.#byCount.get(slot.count);
    if (keys === undefined) this.#byCount.set(slot.count, new Set([key]));
    else keys.add(key);
  }

  #take(key: K, count: number): void {
    const keys = this.#byCount.get(count)!;
    keys.delete(key);
    if (keys.size > 0) return;
    this.#byCount.delete(count);
    // Whoever leaves the least count goes on with one more.
    if (count === this.#least) this.#least += 1;
  }

  #raise(key: K, slot: Slot): void {
    this.#take(key, slot.count);
    slot.count += 1;
    this.#put(key, slot);
  }

  #replaceLeast(key: K): void {
    const count = this.#least;
    const [out] = this.#byCount.get(count)!;
    this.#slots.delete(out!);
    this.#take(out!, count);
    this.#put(key, { count: count + 1, error: count });
  }
}
