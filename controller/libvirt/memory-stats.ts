/**
 * `virDomainMemoryStats`: what the guest's balloon and the host know about its memory, in KiB. Which fields are
 * there depends on both.
 */

/** `virDomainMemoryStatTags`, in libvirt's order: the tag on the wire is the index. */
const tags = [
  'swapIn',
  'swapOut',
  'majorFault',
  'minorFault',
  'unused',
  'available',
  'actualBalloon',
  'rss',
  'usable',
  'lastUpdate',
  'diskCaches',
  'hugetlbPgalloc',
  'hugetlbPgfail',
] as const;

/** Faults and huge page counts are numbers of them; `lastUpdate` is in seconds since the epoch. */
export type MemoryStats = { readonly [T in (typeof tags)[number]]?: number };

export function memoryStats(items: readonly { readonly tag: number; readonly value: number }[]): MemoryStats {
  const stats: { [T in (typeof tags)[number]]?: number } = {};
  for (const { tag, value } of items) {
    const name = tags[tag];
    if (name !== undefined) stats[name] = value;
  }
  return stats;
}
