/**
 * libvirt's flag words as objects: `{ live: true, peer2peer: true }` instead of 3. The keys are libvirt's names
 * in camel case, without their prefix; the tables say which bit each one is (libvirt-domain.h, libvirt-qemu.h).
 */
import { LibvirtArgumentError } from './errors.ts';

type Table = Readonly<Record<string, number>>;
export type Flags<T extends Table> = { readonly [K in keyof T]?: boolean | undefined };

/** `VIR_MIGRATE_*`. */
export const migrateFlags = {
  live: 1 << 0,
  peer2peer: 1 << 1,
  tunnelled: 1 << 2,
  persistDest: 1 << 3,
  undefineSource: 1 << 4,
  paused: 1 << 5,
  nonSharedDisk: 1 << 6,
  nonSharedInc: 1 << 7,
  changeProtection: 1 << 8,
  unsafe: 1 << 9,
  offline: 1 << 10,
  compressed: 1 << 11,
  abortOnError: 1 << 12,
  autoConverge: 1 << 13,
  rdmaPinAll: 1 << 14,
  postcopy: 1 << 15,
  tls: 1 << 16,
  parallel: 1 << 17,
  nonSharedSynchronousWrites: 1 << 18,
  postcopyResume: 1 << 19,
  zerocopy: 1 << 20,
} as const;

/** `VIR_CONNECT_LIST_DOMAINS_*`. None at all lists every domain. */
export const listDomainsFlags = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  other: 1 << 7,
  managedsave: 1 << 8,
  noManagedsave: 1 << 9,
  autostart: 1 << 10,
  noAutostart: 1 << 11,
  hasSnapshot: 1 << 12,
  noSnapshot: 1 << 13,
  hasCheckpoint: 1 << 14,
  noCheckpoint: 1 << 15,
} as const;

/** `VIR_DOMAIN_START_*`. */
export const createFlags = {
  paused: 1 << 0,
  autodestroy: 1 << 1,
  bypassCache: 1 << 2,
  forceBoot: 1 << 3,
  validate: 1 << 4,
  resetNvram: 1 << 5,
} as const;

/** `VIR_DOMAIN_DEFINE_*`. */
export const defineFlags = { validate: 1 << 0 } as const;

/** `VIR_DOMAIN_UNDEFINE_*`. */
export const undefineFlags = {
  managedSave: 1 << 0,
  snapshotsMetadata: 1 << 1,
  nvram: 1 << 2,
  keepNvram: 1 << 3,
  checkpointsMetadata: 1 << 4,
  tpm: 1 << 5,
  keepTpm: 1 << 6,
} as const;

/** `VIR_DOMAIN_DESTROY_*`. */
export const destroyFlags = { graceful: 1 << 0, removeLogs: 1 << 1 } as const;

/** `VIR_DOMAIN_SHUTDOWN_*`: ways to ask a guest to shut down. */
export const shutdownFlags = {
  acpiPowerBtn: 1 << 0,
  guestAgent: 1 << 1,
  initctl: 1 << 2,
  signal: 1 << 3,
  paravirt: 1 << 4,
} as const;

/** `VIR_STORAGE_POOL_CREATE_*`: what a new pool may find where it is to be. */
export const poolFlags = {
  withBuild: 1 << 0,
  withBuildOverwrite: 1 << 1,
  withBuildNoOverwrite: 1 << 2,
} as const;

/** `VIR_DOMAIN_XML_*`. */
export const xmlFlags = { secure: 1 << 0, inactive: 1 << 1, updateCpu: 1 << 2, migratable: 1 << 3 } as const;

/** `VIR_DOMAIN_JOB_STATS_*`. */
export const jobStatsFlags = { completed: 1 << 0, keepCompleted: 1 << 1 } as const;

/** `VIR_DOMAIN_ABORT_JOB_*`. */
export const abortJobFlags = { postcopy: 1 << 0 } as const;

/** `VIR_DOMAIN_MIGRATE_MAX_SPEED_*`. */
export const maxSpeedFlags = { postcopy: 1 << 0 } as const;

/** `VIR_DOMAIN_QEMU_MONITOR_COMMAND_*`. */
export const monitorCommandFlags = { hmp: 1 << 0 } as const;

/** `VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_*`. */
export const monitorEventFlags = { regex: 1 << 0, nocase: 1 << 1 } as const;

/**
 * The word that `flags` stands for.
 * @throws LibvirtArgumentError for a key that the table does not have.
 */
export function flagBits<T extends Table>(table: T, flags: Flags<T> | undefined, what: string): number {
  let bits = 0;
  for (const [name, on] of Object.entries(flags ?? {})) {
    const bit = Object.hasOwn(table, name) ? table[name] : undefined;
    if (bit === undefined) {
      throw new LibvirtArgumentError(
        `${what} has no flag '${name}'; it has ${Object.keys(table).join(', ')}`,
      );
    }
    if (on === true) bits |= bit;
  }
  return bits;
}
