/**
 * One host's libvirtd: what it runs, what happens to it, and the calls that a migration needs.
 */
import type { Clock } from '../clock.ts';
import {
  type DomainRef,
  isLibvirtError,
  type JobStats,
  type LibvirtEvent,
  LibvirtSession,
  type DomainWithState,
  type LifecycleEvent,
  type MigrateOptions,
} from '../libvirt/index.ts';
import type { CopyStorage } from '../network/migration.ts';
import type { DomainState, Host } from '../network/model.ts';
import type { GuestName } from '../network/names.ts';
import { HypervisorUnreachableError, LocalDiskError } from './errors.ts';
import { ImagePools } from './image-pools.ts';
import { directoriesOf, diskText, localDisks } from './storage.ts';

export interface GuestMigration
  extends Omit<MigrateOptions, 'flags'>, Partial<Pick<MigrateOptions, 'flags'>> {
  readonly copyStorage?: CopyStorage | undefined;
}

export interface HypervisorHandlers {
  /** The connection is there, for the first time or again: all that runs. */
  readonly onDomains: (domains: ReadonlyMap<GuestName, DomainState>, host: Host) => void;
  readonly onLost: (error: Error, host: Host) => void;
  /** In the order in which libvirt sent them. */
  readonly onEvent: (event: LibvirtEvent, host: Host) => void;
}

export class Hypervisor {
  readonly host: Host;
  readonly #session: LibvirtSession;
  readonly #pools = new ImagePools(() => this.#session.client);

  constructor(host: Host, clock: Clock, random: () => number, handlers: HypervisorHandlers) {
    this.host = host;
    this.#session = new LibvirtSession(host.libvirt, {
      clock,
      random,
      events: ['lifecycle', 'job-completed', 'migration-iteration'],
      monitorEvents: ['STOP', 'RESUME'],
      onNotification: (notification) => {
        switch (notification.type) {
          case 'resynced':
            handlers.onDomains(domainStates(notification.domains), host);
            return;
          case 'disconnected':
            handlers.onLost(notification.error, host);
            return;
          case 'event':
            handlers.onEvent(notification.event, host);
        }
      },
    });
  }

  start(): void {
    this.#session.start();
  }

  async close(): Promise<void> {
    await this.#session.stop();
  }

  /** The guest, for the calls below: while a migration switches over, libvirt looks nothing up. */
  async find(guest: GuestName): Promise<DomainRef> {
    return this.#client('looking a guest up').domainLookupByName(guest);
  }

  /**
   * Migrates the guest to another host, live and peer to peer; resolves when it runs there. A domain that is
   * persistent here is made persistent there, and here no more. Throws `LocalDiskError` before anything is copied
   * when its disks would stay behind.
   */
  async migrate(domain: DomainRef, { flags, copyStorage, ...options }: GuestMigration): Promise<void> {
    const client = this.#client('migrating a guest');
    const persistent = (await client.connectListAllDomains({ persistent: true })).some(
      ({ uuid }) => uuid === domain.uuid,
    );
    try {
      await client.migrate(domain, {
        ...options,
        flags: {
          ...flags,
          live: true,
          persistDest: persistent,
          undefineSource: persistent,
          nonSharedDisk: copyStorage === 'all',
          nonSharedInc: copyStorage === 'inc',
        },
      });
    } catch (cause) {
      if (!isLibvirtError(cause, 'VIR_ERR_MIGRATE_UNSAFE')) throw cause;
      const disks = localDisks(await client.domainGetXmlDesc(domain));
      throw new LocalDiskError(domain.name, this.host.name, disks.map(diskText), { cause });
    }
  }

  /** The directories of the images that a copy of the guest's storage would make at another host. */
  async imageDirectories(domain: DomainRef): Promise<string[]> {
    return directoriesOf(localDisks(await this.#client("reading a guest's disks").domainGetXmlDesc(domain)));
  }

  /**
   * Lets libvirt create images in these directories, which it does only where a storage pool of its own is. What is given
   * ends that. See image-pools.ts.
   */
  async admitImages(directories: readonly string[]): Promise<() => Promise<void>> {
    return this.#pools.admit(this.#client('making room for a disk'), directories);
  }

  /** Gives a running migration up; false when there is none to give up. */
  async abort(domain: DomainRef): Promise<boolean> {
    try {
      await this.#client('aborting a migration').domainAbortJob(domain);
      return true;
    } catch (error) {
      if (isLibvirtError(error, 'VIR_ERR_OPERATION_INVALID')) return false;
      throw error;
    }
  }

  /** How far a migration is; undefined when there is none. */
  async jobStats(domain: DomainRef): Promise<JobStats | undefined> {
    try {
      const { type, stats } = await this.#client('asking for a job').domainGetJobStats(domain);
      return type === 'none' ? undefined : stats;
    } catch (error) {
      if (isLibvirtError(error, 'VIR_ERR_OPERATION_INVALID') || isLibvirtError(error, 'VIR_ERR_NO_DOMAIN')) {
        return undefined;
      }
      throw error;
    }
  }

  /** For how long, in ms, the guest may be stopped at the end of a migration, by what memory is left. */
  async maxDowntime(domain: DomainRef): Promise<number> {
    return this.#client('asking for the longest downtime').domainMigrateGetMaxDowntime(domain);
  }

  async setMaxDowntime(domain: DomainRef, ms: number): Promise<void> {
    await this.#client('setting the longest downtime').domainMigrateSetMaxDowntime(domain, ms);
  }

  /** The most that a migration's copy may take, in MiB/s; 0 is no limit. */
  async maxSpeed(domain: DomainRef): Promise<number> {
    return this.#client("asking for a copy's speed").domainMigrateGetMaxSpeed(domain);
  }

  async setMaxSpeed(domain: DomainRef, mibps: number): Promise<void> {
    await this.#client("setting a copy's speed").domainMigrateSetMaxSpeed(domain, mibps);
  }

  /** Lets the guest run at the destination at once, and its memory come after it. */
  async startPostCopy(domain: DomainRef): Promise<void> {
    await this.#client('starting post-copy').domainMigrateStartPostCopy(domain);
  }

  #client(doing: string) {
    const client = this.#session.client;
    if (client === undefined) throw new HypervisorUnreachableError(this.host.name, doing);
    return client;
  }
}

function domainStates(domains: readonly DomainWithState[]): Map<GuestName, DomainState> {
  return new Map(domains.map((one) => [one.domain.name, domainState(one)]));
}

function domainState({ state, reason }: DomainWithState): DomainState {
  if (state === 'running' || state === 'blocked') return 'running';
  if (state === 'paused') return reason === 'starting_up' || reason === 'migration' ? 'incoming' : 'paused';
  if (state === 'shutoff') return reason === 'saved' ? 'saved' : 'shutoff';
  return 'other';
}

/** What a lifecycle event says of the domain's state; undefined when it says nothing of it. */
export function stateAfter({ event, detail }: LifecycleEvent): DomainState | undefined {
  switch (event) {
    case 'started':
      return detail === 'migrated' ? 'incoming' : 'running';
    case 'resumed':
      return 'running';
    case 'suspended':
      return 'paused';
    case 'stopped':
      return detail === 'saved' ? 'saved' : 'shutoff';
    default:
      return undefined;
  }
}
