/**
 * Every timeout and limit of ArcticTern, in one place. Times are in milliseconds, sizes in bytes, unless the
 * name says otherwise. A limit that users may set is the default of that setting.
 */

/** OpenFlow sessions with switches. */
export const openflow = {} as const;

/** OVSDB sessions (RFC 7047). */
export const ovsdb = {} as const;

/** libvirt RPC sessions. */
export const libvirt = {} as const;
