/**
 * Prefixes, kept so that one which overlaps another is found without a look at each: a list of ten thousand sources is
 * held against a thousand that are allowed while the controller does nothing else.
 */
import { bitsOf, type Prefix, type Version } from '../../controller/network/address.ts';

export class PrefixIndex<T extends { readonly prefix: Prefix }> {
  readonly #all: readonly T[];
  /** For each length that occurs: by the network. */
  readonly #exact = new Map<Version, Map<number, Map<bigint, T>>>();
  /** For each length that was asked for: longer ones, by their first so many bits. */
  readonly #within = new Map<Version, Map<number, Map<bigint, T>>>();

  constructor(all: readonly T[]) {
    this.#all = all;
    for (const one of all) {
      const { version, length } = one.prefix;
      inner(inner(this.#exact, version), length).set(networkOf(one.prefix, length), one);
    }
  }

  /** One that contains the prefix, or that it contains. */
  overlapping(prefix: Prefix): T | undefined {
    for (const [length, networks] of this.#exact.get(prefix.version) ?? []) {
      const hit = length <= prefix.length ? networks.get(networkOf(prefix, length)) : undefined;
      if (hit !== undefined) return hit;
    }
    return this.#longerThan(prefix).get(networkOf(prefix, prefix.length));
  }

  #longerThan({ version, length }: Prefix): Map<bigint, T> {
    const known = this.#within.get(version)?.get(length);
    if (known !== undefined) return known;
    const networks = inner(inner(this.#within, version), length);
    for (const one of this.#all) {
      if (one.prefix.version === version && one.prefix.length > length) {
        networks.set(networkOf(one.prefix, length), one);
      }
    }
    return networks;
  }
}

const networkOf = ({ version, value }: Prefix, length: number): bigint =>
  value >> BigInt(bitsOf(version) - length);

function inner<K, L, M>(map: Map<K, Map<L, M>>, key: K): Map<L, M> {
  let found = map.get(key);
  if (found === undefined) {
    found = new Map<L, M>();
    map.set(key, found);
  }
  return found;
}
