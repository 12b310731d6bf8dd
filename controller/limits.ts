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

/** Labs on one machine. */
export const lab = {
  /** The port at which a lab node's ovsdb-server listens on its management address. */
  ovsdbPort: 6640,
  /** Frames that may be on their way in one direction of a delayed link: 100 ms at 100,000 packets/s. */
  linkQueuePackets: 10_000,
  /** From the plan to the lab being up, guests' boot not included. A slow machine takes 5 s. */
  start: 60_000,
  /** From a guest's start to its ready line. Software emulation takes 4 s on an idle machine. */
  guestBoot: 60_000,
  /** From asking the lab to end to the kernel having ended all of it. */
  stop: 10_000,
  /** The trial boot that tells whether KVM works. Slower than this, it is of no use: software emulation takes 4 s. */
  kvmTrial: 10_000,
  /** Downloading the guest's kernel package. */
  download: 300_000,
} as const;
