/**
 * The OVSDB of a host or an edge: keeps its bridge configured, and tells what it sees of it.
 */
import { asError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import type { ControlledSwitch } from '../network/model.ts';
import type { SwitchName } from '../network/names.ts';
import {
  connect,
  type OvsdbClient,
  openVSwitch,
  type Replica,
  type SelectedRows,
  type OpenVSwitchTables,
  type Transaction,
} from '../ovsdb/index.ts';
import { configureBridge, type Targets } from './bridge-configuration.ts';
import { configureConntrack, type ConntrackWish } from './conntrack-timeouts.ts';
import { type ObservedBridge, observeBridge, sameBridge } from './bridge-observation.ts';
import { type BridgeTables, selection } from './bridge-tables.ts';

export interface BridgeDatabaseHandlers {
  /** The bridge as it is now; called on every change of it. */
  readonly onBridge: (bridge: ObservedBridge | undefined, host: ControlledSwitch) => void;
  readonly onConnection: (connected: boolean, host: ControlledSwitch, error?: Error) => void;
  /** What the bridge lacked is being written; told once. */
  readonly onConfigured: () => void;
  readonly onError: (error: Error, host: ControlledSwitch) => void;
}

export class BridgeDatabase {
  readonly #host: ControlledSwitch;
  readonly #targets: () => Targets;
  readonly #handlers: BridgeDatabaseHandlers;
  readonly #client: OvsdbClient;
  #replica: Replica<SelectedRows<OpenVSwitchTables, typeof selection>> | undefined;
  #seen: ObservedBridge | undefined;
  #conntrack: ConntrackWish | undefined;
  #configuring = false;
  #told = false;

  /** `targets` is asked when there is something to configure: by then it must be known. */
  constructor(
    host: ControlledSwitch,
    targets: () => Targets,
    clock: Clock,
    handlers: BridgeDatabaseHandlers,
  ) {
    this.#host = host;
    this.#targets = targets;
    this.#handlers = handlers;
    this.#client = connect({ remotes: host.ovsdb, database: 'Open_vSwitch', clock });
    this.#client.on('connected', () => handlers.onConnection(true, host));
    this.#client.on('disconnected', ({ error }) => handlers.onConnection(false, host, error));
    this.#client.on('failed', ({ error }) => handlers.onConnection(false, host, error));
  }

  get name(): SwitchName {
    return this.#host.name;
  }

  /** Follows the database until closed; returns at once. */
  start(): void {
    this.#follow().catch((error: unknown) => {
      if (this.#client.status !== 'closed') this.#handlers.onError(asError(error), this.#host);
    });
  }

  /** What the bridge's conntrack is to have, from now on. */
  wantConntrack(wish: ConntrackWish): void {
    this.#conntrack = wish;
    if (this.#replica !== undefined) this.#configure(this.#replica);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #follow(): Promise<void> {
    this.#replica = await this.#client.replicate(openVSwitch, selection, {
      timeout: limits.databasePatience,
    });
    this.#replica.on('changes', () => this.#look());
    this.#look();
  }

  #look(): void {
    const replica = this.#replica;
    if (replica === undefined) return;
    const bridge = observeBridge(replica, this.#host);
    const before = this.#seen;
    if (bridge === undefined ? before !== undefined : before === undefined || !sameBridge(before, bridge)) {
      this.#seen = bridge;
      this.#handlers.onBridge(bridge, this.#host);
    }
    this.#configure(replica);
  }

  /** One step at a time; OVSDB tells of what a step changed before it answers, so the next one builds on it. */
  #configure(tables: BridgeTables): void {
    if (this.#configuring) return;
    const tx = this.#missing(tables);
    if (tx === undefined) return;
    this.#configuring = true;
    this.#client.transact(tx).then(
      () => {
        this.#configuring = false;
        if (!this.#told) this.#handlers.onConfigured();
        this.#told = true;
        this.#configure(tables);
      },
      (error: unknown) => {
        this.#configuring = false;
        if (this.#client.status !== 'closed') this.#handlers.onError(asError(error), this.#host);
      },
    );
  }

  #missing(tables: BridgeTables): Transaction<OpenVSwitchTables> | undefined {
    const step = configureBridge(tables, this.#host, this.#targets());
    if (step !== undefined || this.#conntrack === undefined) return step;
    return configureConntrack(tables, this.#host.bridge, this.#conntrack);
  }
}
