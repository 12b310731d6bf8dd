/**
 * Every timeout and limit of ArcticTern, in one place. Times are in milliseconds, sizes in bytes, unless the
 * name says otherwise. A limit that users may set is the default of that setting.
 */

/** OpenFlow sessions with switches. */
export const openflow = {
  /** First capacity of a `Writer`, in bytes; it grows as needed. */
  writerCapacity: 16_384,
  /**
   * How deep actions may hold actions (`ct`, `clone`) or messages may hold messages (bundles). Deeper ones stay
   * raw bytes, so that no message can exhaust the stack.
   */
  maxNesting: 16,
} as const;

/** OVSDB sessions (RFC 7047). */
export const ovsdb = {} as const;

/** libvirt RPC sessions. */
export const libvirt = {} as const;
