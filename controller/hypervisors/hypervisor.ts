/**
 * One host's libvirtd: what it runs, what happens to it, and the calls that a migration needs.
 */
import type { Clock } from '../clock.ts';
import {
  type JobStats,
  type LibvirtEvent,
  LibvirtSession,
  type DomainWithState,
  type LifecycleEvent,
  type MigrateOptions,
} from '../libvirt/index.ts';
import type { DomainState, GuestName, Host } from '../network/model.ts';
import { HypervisorUnreachableError } from './errors.ts';

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

  /**
   * Migrates the guest to another host, live and peer to peer; resolves when it runs there. A domain that is
   * persistent here is made persistent there, and here no more.
   */
  async migrate(guest: GuestName, options: Omit<MigrateOptions, 'flags'>): Promise<void> {
    const client = this.#client('migrating a guest');
    const domain = await client.domainLookupByName(guest);
    const persistent = (await client.connectListAllDomains({ persistent: true })).some(
      ({ uuid }) => uuid === domain.uuid,
    );
    await client.migrate(domain, {
      ...options,
      flags: { live: true, persistDest: persistent, undefineSource: persistent },
    });
  }

  /** Gives a running migration up. */
  async abort(guest: GuestName): Promise<void> {
    const client = this.#client('aborting a migration');
    await client.domainAbortJob(await client.domainLookupByName(guest));
  }

  /** How far a migration is. */
  async jobStats(guest: GuestName): Promise<JobStats> {
    const client = this.#client('asking for a job');
    const { stats } = await client.domainGetJobStats(await client.domainLookupByName(guest));
    return stats;
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
