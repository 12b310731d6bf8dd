/**
 * A libvirt daemon, as the calls and events of one connection to it.
 *
 * libvirtd works on five requests at a time per connection, and a peer-to-peer migration is one request for its
 * whole length. So a migration gets a connection of its own (`openMigrationConnection`, or `migrate`, which opens
 * one and closes it), while this one stays free for control and events. A peer-to-peer migration belongs to the
 * source daemon: when its connection breaks or is closed here, it goes on, and only the answer is lost; events and
 * `domainGetJobStats` on another connection still tell how it fares.
 */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { libvirt as limits } from '../limits.ts';
import type { DomainRef } from './domain-ref.ts';
import { domainState, domainStateName } from './domain-state.ts';
import type { DomainState, DomainStateName } from './domain-state.ts';
import { LibvirtArgumentError, LibvirtAuthError, LibvirtClosedError, LibvirtConnectError } from './errors.ts';
import { domainEventIds } from './events.ts';
import type {
  DomainEventKind,
  DomainEventOf,
  HypervisorCloseReason,
  LibvirtEvent,
  MonitorEvent,
} from './events.ts';
import { EventRegistry } from './event-registry.ts';
import {
  abortJobFlags,
  createFlags,
  defineFlags,
  destroyFlags,
  flagBits,
  jobStatsFlags,
  listDomainsFlags,
  maxSpeedFlags,
  monitorCommandFlags,
  monitorEventFlags,
  shutdownFlags,
  undefineFlags,
  poolFlags,
  xmlFlags,
} from './flags.ts';
import type { Flags } from './flags.ts';
import { jobStats, jobType } from './job-stats.ts';
import type { JobStats, JobType } from './job-stats.ts';
import type { KeepaliveConfig } from './keepalive.ts';
import { memoryStats } from './memory-stats.ts';
import type { MemoryStats } from './memory-stats.ts';
import { migrateFlagBits, migrateParams } from './migration.ts';
import type { MigrateOptions } from './migration.ts';
import { authTypes, features, procedures } from './procedures.ts';
import type { InterfaceStats, NodeInfo, Procedure } from './procedures.ts';
import { RpcConnection } from './rpc-connection.ts';
import type { ConnectionEnd } from './rpc-connection.ts';
import type { StoragePoolRef } from './storage-pool.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Register, Subscription } from './subscriptions.ts';
import { describeEndpoint, openTransport } from './transport.ts';
import type { TlsCredentials } from './transport.ts';
import { parseLibvirtUri } from './uri.ts';

export interface ConnectOptions {
  readonly clock?: Clock;
  /** Only look, change nothing (`VIR_CONNECT_RO`). A unix socket for it is a different one: give its path. */
  readonly readOnly?: boolean;
  readonly tls?: TlsCredentials;
  /** For all of connecting, in ms. */
  readonly connectTimeoutMs?: number;
  /** For each call but a migration, in ms. */
  readonly callTimeoutMs?: number;
  /** `false` sends no pings; the daemon's are answered in any case. */
  readonly keepalive?: KeepaliveConfig | false;
  /** Calls with the daemon at once; see `limits.ts` before you raise it. */
  readonly requestsInFlight?: number;
  /** Calls the connecting off. Once connected it has no effect. */
  readonly signal?: AbortSignal;
}

/** `virDomainInfo`: memory in KiB, CPU time in ns. */
export interface DomainInfo {
  readonly state: DomainStateName | 'unknown';
  readonly maxMem: number;
  readonly memory: number;
  readonly nrVirtCpu: number;
  readonly cpuTime: bigint;
}

/** `virDomainJobInfo`: times in ms, sizes in bytes. */
export interface JobInfo {
  readonly type: JobType;
  readonly timeElapsed: number;
  readonly timeRemaining: number;
  readonly dataTotal: number;
  readonly dataProcessed: number;
  readonly dataRemaining: number;
  readonly memTotal: number;
  readonly memProcessed: number;
  readonly memRemaining: number;
  readonly fileTotal: number;
  readonly fileProcessed: number;
  readonly fileRemaining: number;
}

/** libvirt's versions are one number each: 9.0.0 is 9000000. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly release: number;
}

/** A connection that carries a migration and nothing else. */
export interface MigrationConnection {
  /** See `LibvirtClient.migrate`. */
  perform(domain: DomainRef, options: MigrateOptions): Promise<void>;
  readonly closed: Promise<ConnectionEnd>;
  /** Ends the connection. A migration on it goes on: `domainAbortJob` cancels it. */
  close(): Promise<void>;
}

const READ_ONLY = 1;

export class LibvirtClient {
  /** The daemon's address, for messages. */
  readonly peer: string;
  /** Resolves with the reason when the connection has ended. Never rejects. */
  readonly closed: Promise<ConnectionEnd>;

  private readonly rpc: RpcConnection;
  private readonly registry: EventRegistry;
  private readonly subscriptions = new Subscriptions();
  private readonly uri: string;
  private readonly options: ConnectOptions;

  private constructor(
    uri: string,
    options: ConnectOptions,
    peer: string,
    rpc: RpcConnection,
    registry: EventRegistry,
  ) {
    this.uri = uri;
    this.options = options;
    this.peer = peer;
    this.rpc = rpc;
    this.registry = registry;
    this.closed = rpc.closed;
  }

  /**
   * Connects to the daemon at `uri` (see `parseLibvirtUri`), authenticates and opens its hypervisor.
   * @throws LibvirtUriError, LibvirtConnectError, LibvirtAuthError, or the error of the call that failed.
   */
  static async connect(uri: string, options: ConnectOptions = {}): Promise<LibvirtClient> {
    const clock = options.clock ?? systemClock;
    const { endpoint, name } = parseLibvirtUri(uri);
    const peer = describeEndpoint(endpoint);
    const timeoutMs = options.connectTimeoutMs ?? limits.connectTimeoutMs;
    const deadline = clock.now() + timeoutMs;
    const stream = await openTransport(endpoint, {
      clock,
      timeoutMs,
      tls: options.tls,
      signal: options.signal,
    });
    const registry = new EventRegistry();
    const rpc = new RpcConnection(stream, {
      clock,
      peer,
      requestsInFlight: options.requestsInFlight,
      onEvent: (header, payload, receivedAt) => registry.receive(header, payload, receivedAt),
    });
    void rpc.closed.then(() => registry.clear());
    const cancel = clock.after(Math.max(0, deadline - clock.now()), () => rpc.close());
    const onAbort = (): void => rpc.close();
    options.signal?.addEventListener('abort', onAbort);
    try {
      await authenticate(rpc, peer);
      // Asking is also what makes the daemon start its own keepalive on this connection.
      const pings = await rpc.call(procedures.connectSupportsFeature, { feature: features.programKeepalive });
      const keepalive = options.keepalive ?? {
        intervalMs: limits.keepaliveIntervalMs,
        count: limits.keepaliveCount,
      };
      if (pings && keepalive !== false) rpc.startKeepalive(keepalive);
      await rpc.call(
        procedures.connectOpen,
        { name, flags: options.readOnly === true ? READ_ONLY : 0 },
        { about: name },
      );
    } catch (error) {
      rpc.close();
      throw error instanceof LibvirtClosedError && clock.now() >= deadline
        ? new LibvirtConnectError(
            peer,
            `it took the connection, but did not open ${name} within ${timeoutMs} ms`,
          )
        : error;
    } finally {
      cancel();
      options.signal?.removeEventListener('abort', onAbort);
    }
    return new LibvirtClient(uri, options, peer, rpc, registry);
  }

  get isOpen(): boolean {
    return this.rpc.isOpen;
  }

  /** Takes leave of the daemon and ends the connection. Never rejects. */
  async close(): Promise<void> {
    try {
      await this.rpc.call(procedures.connectClose, undefined, { timeoutMs: limits.closeTimeoutMs });
    } catch {
      // The connection ends either way.
    }
    this.rpc.close();
  }

  // ---- the daemon and its host

  /** The hypervisor's version: QEMU's. */
  async connectGetVersion(): Promise<Version> {
    return version(await this.call(procedures.connectGetVersion, undefined));
  }

  /** The daemon's own version. */
  async connectGetLibVersion(): Promise<Version> {
    return version(await this.call(procedures.connectGetLibVersion, undefined));
  }

  async connectGetHostname(): Promise<string> {
    return this.call(procedures.connectGetHostname, undefined);
  }

  /** What the daemon has open: `qemu:///system`. */
  async connectGetUri(): Promise<string> {
    return this.call(procedures.connectGetUri, undefined);
  }

  /** An XML document on the host and what it can run. */
  async connectGetCapabilities(): Promise<string> {
    return this.call(procedures.connectGetCapabilities, undefined);
  }

  async nodeGetInfo(): Promise<NodeInfo> {
    return this.call(procedures.nodeGetInfo, undefined);
  }

  // ---- finding domains

  /** All domains, or those that the flags pick. */
  async connectListAllDomains(flags?: Flags<typeof listDomainsFlags>): Promise<DomainRef[]> {
    return this.call(procedures.connectListAllDomains, {
      flags: flagBits(listDomainsFlags, flags, 'a list of domains'),
    });
  }

  /** @throws LibvirtCallError with VIR_ERR_NO_DOMAIN when there is none; so do the other look-ups. */
  async domainLookupByName(name: string): Promise<DomainRef> {
    return this.call(procedures.domainLookupByName, { name }, name);
  }

  async domainLookupByUuid(uuid: string): Promise<DomainRef> {
    return this.call(procedures.domainLookupByUuid, { uuid }, uuid);
  }

  /** By the ID of a running domain. */
  async domainLookupById(id: number): Promise<DomainRef> {
    return this.call(procedures.domainLookupById, { id }, `ID ${id}`);
  }

  // ---- a domain's life

  /** Makes a domain known, without starting it. */
  async domainDefineXml(xml: string, flags?: Flags<typeof defineFlags>): Promise<DomainRef> {
    return this.call(procedures.domainDefineXmlFlags, {
      xml,
      flags: flagBits(defineFlags, flags, 'a definition'),
    });
  }

  /** Starts a transient domain: it is gone when it stops. */
  async domainCreateXml(xml: string, flags?: Flags<typeof createFlags>): Promise<DomainRef> {
    return this.call(procedures.domainCreateXml, { xml, flags: flagBits(createFlags, flags, 'a start') });
  }

  /** Starts a defined domain. The result carries its new ID. */
  async domainCreate(domain: DomainRef, flags?: Flags<typeof createFlags>): Promise<DomainRef> {
    return this.onDomain(procedures.domainCreateWithFlags, domain, flagBits(createFlags, flags, 'a start'));
  }

  async domainUndefine(domain: DomainRef, flags?: Flags<typeof undefineFlags>): Promise<void> {
    return this.onDomain(
      procedures.domainUndefineFlags,
      domain,
      flagBits(undefineFlags, flags, 'an undefinition'),
    );
  }

  /** Ends the domain as if its power were cut. */
  async domainDestroy(domain: DomainRef, flags?: Flags<typeof destroyFlags>): Promise<void> {
    return this.onDomain(
      procedures.domainDestroyFlags,
      domain,
      flagBits(destroyFlags, flags, 'a destruction'),
    );
  }

  /** Asks the guest to shut down; it may not care. */
  async domainShutdown(domain: DomainRef, flags?: Flags<typeof shutdownFlags>): Promise<void> {
    return this.onDomain(
      procedures.domainShutdownFlags,
      domain,
      flagBits(shutdownFlags, flags, 'a shutdown'),
    );
  }

  async domainSuspend(domain: DomainRef): Promise<void> {
    return this.call(procedures.domainSuspend, { domain }, domain.name);
  }

  async domainResume(domain: DomainRef): Promise<void> {
    return this.call(procedures.domainResume, { domain }, domain.name);
  }

  // ---- a domain's state

  async domainGetState(domain: DomainRef): Promise<DomainState> {
    const { state, reason } = await this.onDomain(procedures.domainGetState, domain, 0);
    return domainState(state, reason);
  }

  async domainGetInfo(domain: DomainRef): Promise<DomainInfo> {
    const info = await this.call(procedures.domainGetInfo, { domain }, domain.name);
    return { ...info, state: domainStateName(info.state) };
  }

  async domainGetXmlDesc(domain: DomainRef, flags?: Flags<typeof xmlFlags>): Promise<string> {
    return this.onDomain(procedures.domainGetXmlDesc, domain, flagBits(xmlFlags, flags, 'a description'));
  }

  /** The counters of an interface, by its target device or its MAC. From the host's side: rx is what it receives. */
  async domainInterfaceStats(domain: DomainRef, device: string): Promise<InterfaceStats> {
    return this.call(procedures.domainInterfaceStats, { domain, device }, domain.name);
  }

  async domainMemoryStats(domain: DomainRef): Promise<MemoryStats> {
    const args = { domain, maxStats: limits.memoryStatsMax, flags: 0 };
    return memoryStats(await this.call(procedures.domainMemoryStats, args, domain.name));
  }

  // ---- storage

  /** The running pool whose volumes are in that directory. Throws VIR_ERR_NO_STORAGE_POOL when there is none. */
  async storagePoolLookupByTargetPath(path: string): Promise<StoragePoolRef> {
    return this.call(procedures.storagePoolLookupByTargetPath, { path }, path);
  }

  /** Starts a pool that is gone when it is destroyed or libvirtd ends; with `withBuild` its directory is made. */
  async storagePoolCreateXml(xml: string, flags?: Flags<typeof poolFlags>): Promise<StoragePoolRef> {
    return this.call(procedures.storagePoolCreateXml, { xml, flags: flagBits(poolFlags, flags, 'a pool') });
  }

  /** Stops a pool; its volumes stay where they are. */
  async storagePoolDestroy(pool: StoragePoolRef): Promise<void> {
    return this.call(procedures.storagePoolDestroy, { pool }, pool.name);
  }

  // ---- jobs and migration

  async domainGetJobInfo(domain: DomainRef): Promise<JobInfo> {
    const info = await this.call(procedures.domainGetJobInfo, { domain }, domain.name);
    return { ...info, type: jobType(info.type) };
  }

  /**
   * The running job's statistics, or with `completed` those of the last one, which libvirt then forgets unless
   * `keepCompleted` is set too. At the source after a migration, the domain must still be known there.
   */
  async domainGetJobStats(
    domain: DomainRef,
    flags?: Flags<typeof jobStatsFlags>,
  ): Promise<{ readonly type: JobType; readonly stats: JobStats }> {
    const bits = flagBits(jobStatsFlags, flags, "a job's statistics");
    const { type, params } = await this.onDomain(procedures.domainGetJobStats, domain, bits);
    return { type: jobType(type), stats: jobStats(params) };
  }

  /** Cancels the running job. With `postcopy` (libvirt 8.5), a post-copy migration too, which then needs recovery. */
  async domainAbortJob(domain: DomainRef, flags?: Flags<typeof abortJobFlags>): Promise<void> {
    const bits = flagBits(abortJobFlags, flags, 'an abort');
    return bits === 0
      ? this.call(procedures.domainAbortJob, { domain }, domain.name)
      : this.onDomain(procedures.domainAbortJobFlags, domain, bits);
  }

  /** For how long, in ms, the guest may be stopped at the end of a migration. May be set while it runs. */
  async domainMigrateSetMaxDowntime(domain: DomainRef, downtime: number): Promise<void> {
    whole('a downtime', downtime);
    return this.call(procedures.domainMigrateSetMaxDowntime, { domain, downtime, flags: 0 }, domain.name);
  }

  async domainMigrateGetMaxDowntime(domain: DomainRef): Promise<number> {
    return this.onDomain(procedures.domainMigrateGetMaxDowntime, domain, 0);
  }

  /** The most that a migration's copy may take, in MiB/s; 0 is no limit. May be set while it runs. */
  async domainMigrateSetMaxSpeed(
    domain: DomainRef,
    bandwidth: number,
    flags?: Flags<typeof maxSpeedFlags>,
  ): Promise<void> {
    whole('a bandwidth', bandwidth);
    const bits = flagBits(maxSpeedFlags, flags, 'a speed');
    return this.call(procedures.domainMigrateSetMaxSpeed, { domain, bandwidth, flags: bits }, domain.name);
  }

  async domainMigrateGetMaxSpeed(domain: DomainRef, flags?: Flags<typeof maxSpeedFlags>): Promise<number> {
    return this.onDomain(
      procedures.domainMigrateGetMaxSpeed,
      domain,
      flagBits(maxSpeedFlags, flags, 'a speed'),
    );
  }

  /** Turns a migration that was started with `postcopy` into its post-copy phase. */
  async domainMigrateStartPostCopy(domain: DomainRef): Promise<void> {
    return this.onDomain(procedures.domainMigrateStartPostCopy, domain, 0);
  }

  /** Opens a connection to the same daemon for a migration, so that this one stays free. */
  async openMigrationConnection(): Promise<MigrationConnection> {
    const client = await LibvirtClient.connect(this.uri, this.options);
    return {
      perform: (domain, options) => client.perform(domain, options),
      closed: client.closed,
      close: () => client.close(),
    };
  }

  /**
   * Migrates a domain, peer to peer, over a connection of its own. Resolves when the guest runs at the
   * destination and has ended here; takes as long as that does. `domainAbortJob` on this connection cancels it,
   * and it then throws VIR_ERR_OPERATION_ABORTED.
   *
   * From the guest's stop until it has ended here, about a second or two, libvirtd keeps the domain locked: every
   * call here that touches it waits that long, a list or a look-up of domains too. Ask the destination instead.
   * @throws LibvirtClosedError or LibvirtKeepaliveError when the connection breaks; the migration goes on then.
   */
  async migrate(domain: DomainRef, options: MigrateOptions): Promise<void> {
    const connection = await this.openMigrationConnection();
    try {
      await connection.perform(domain, options);
    } finally {
      await connection.close();
    }
  }

  private async perform(domain: DomainRef, options: MigrateOptions): Promise<void> {
    const args = {
      domain,
      dconnuri: options.destination,
      params: migrateParams(options),
      flags: migrateFlagBits(options),
    };
    await this.rpc.call(procedures.domainMigratePerform3Params, args, { about: domain.name });
  }

  // ---- QEMU's monitor

  /** Sends a command to QEMU: JSON (QMP), or with `hmp` the human monitor's. Taints the domain in libvirt's eyes. */
  async qemuDomainMonitorCommand(
    domain: DomainRef,
    command: string,
    flags?: Flags<typeof monitorCommandFlags>,
  ): Promise<string> {
    const bits = flagBits(monitorCommandFlags, flags, 'a monitor command');
    return this.call(procedures.qemuDomainMonitorCommand, { domain, command, flags: bits }, domain.name);
  }

  // ---- events

  /**
   * Registers for events of one kind, of one domain or of all. The listener is called with them in the order in
   * which libvirt sent them, from the moment when libvirt has taken the registration.
   */
  async subscribe<K extends DomainEventKind>(
    kind: K,
    listener: (event: DomainEventOf<K>) => void,
    domain?: DomainRef,
  ): Promise<Subscription> {
    return this.register(
      procedures.connectDomainEventCallbackRegisterAny,
      { eventId: domainEventIds[kind], domain },
      procedures.connectDomainEventCallbackDeregisterAny,
      listener as (event: LibvirtEvent) => void,
      domain,
    );
  }

  /**
   * Registers for QEMU's own events: for the one of that name, or for all. With `regex`, `event` is a regular
   * expression; with `nocase`, its case does not matter.
   */
  async subscribeMonitor(
    event: string | undefined,
    listener: (event: MonitorEvent) => void,
    options: { readonly domain?: DomainRef; readonly flags?: Flags<typeof monitorEventFlags> } = {},
  ): Promise<Subscription> {
    return this.register(
      procedures.qemuConnectDomainMonitorEventRegister,
      { domain: options.domain, event, flags: flagBits(monitorEventFlags, options.flags, 'a registration') },
      procedures.qemuConnectDomainMonitorEventDeregister,
      listener as (event: LibvirtEvent) => void,
      options.domain,
    );
  }

  /** Registers for the news that the daemon has lost the hypervisor (not we the daemon: that is `closed`). */
  async onHypervisorClosed(listener: (reason: HypervisorCloseReason) => void): Promise<void> {
    this.registry.onHypervisorClosed = listener;
    await this.call(procedures.connectRegisterCloseCallback, undefined);
  }

  private async register<Args extends object>(
    register: Procedure<Args, number>,
    args: Args,
    deregister: Procedure<{ readonly callbackId: number }, void>,
    listener: (event: LibvirtEvent) => void,
    domain: DomainRef | undefined,
  ): Promise<Subscription> {
    const open: Register = async (deliver) => {
      const registration = this.registry.begin(register.program, deliver);
      let callbackId: number;
      try {
        callbackId = await this.rpc.call(register, args, {
          timeoutMs: this.callTimeoutMs,
          about: domain?.name,
          onReply: (id) => registration.complete(id),
        });
      } finally {
        registration.end();
      }
      return async () => {
        this.registry.remove(register.program, callbackId);
        if (this.isOpen) await this.call(deregister, { callbackId });
      };
    };
    // By the UUID alone, as libvirt tells domains apart.
    const topic = JSON.stringify({ ...args, domain: domain?.uuid });
    return this.subscriptions.add(`${register.name} ${topic}`, open, listener);
  }

  private get callTimeoutMs(): number {
    return this.options.callTimeoutMs ?? limits.callTimeoutMs;
  }

  private call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    about?: string,
  ): Promise<Result> {
    return this.rpc.call(procedure, args, {
      timeoutMs: this.callTimeoutMs,
      about,
    });
  }

  private onDomain<Result>(
    procedure: Procedure<{ readonly domain: DomainRef; readonly flags: number }, Result>,
    domain: DomainRef,
    flags: number,
  ): Promise<Result> {
    return this.call(procedure, { domain, flags }, domain.name);
  }
}

async function authenticate(rpc: RpcConnection, peer: string): Promise<void> {
  const types = await rpc.call(procedures.authList, undefined);
  if (types.length === 0 || types.includes(authTypes.none)) return;
  if (types.includes(authTypes.polkit)) {
    if (await rpc.call(procedures.authPolkit, undefined)) return;
    throw new LibvirtAuthError(
      peer,
      'polkit refuses us; run as root or in a group that polkit lets manage libvirt',
    );
  }
  throw new LibvirtAuthError(
    peer,
    types.includes(authTypes.sasl)
      ? 'it demands SASL, which this client does not speak; use TLS with client certificates (auth_tls = "none") or its unix socket'
      : `it demands an authentication of type ${types.join(', ')}, which libvirt 9.0 does not know`,
  );
}

const MAJOR = 1_000_000;
const MINOR = 1_000;

function version(number: number): Version {
  return {
    major: Math.floor(number / MAJOR),
    minor: Math.floor(number / MINOR) % MINOR,
    release: number % MINOR,
  };
}

function whole(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new LibvirtArgumentError(`${what} must be a whole number and not negative, not ${value}`);
  }
}
