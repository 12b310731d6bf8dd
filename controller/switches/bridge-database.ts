/**
 * The OVSDB of a host or an edge: keeps its bridge configured, and tells what it sees of it.
 */
import type { Clock } from '../clock.ts';
import { switches as limits } from '../limits.ts';
import type { ControlledSwitch } from '../network/model.ts';
import {
  connect,
  type OvsdbClient,
  openVSwitch,
  type Replica,
  type SelectedRows,
  type OpenVSwitchTables,
} from '../ovsdb/index.ts';
import { configureBridge, type Targets } from './bridge-configuration.ts';
import { type ObservedBridge, observeBridge, sameBridge } from './bridge-observation.ts';

const selection = {
  Open_vSwitch: { columns: ['bridges', 'datapaths', 'ovs_version', 'other_config'] },
  Bridge: {
    columns: ['name', 'ports', 'controller', 'fail_mode', 'protocols', 'datapath_id', 'datapath_type'],
  },
  Port: { columns: ['name', 'interfaces'] },
  Interface: { columns: ['name', 'ofport', 'external_ids', 'mac_in_use', 'type'] },
  Controller: { columns: ['target', 'external_ids'] },
  Datapath: { columns: ['capabilities'] },
  IPFIX: { columns: ['targets', 'cache_max_flows'] },
  Flow_Sample_Collector_Set: { columns: ['id', 'bridge', 'ipfix'] },
} as const;

export type BridgeTables = Pick<Replica<SelectedRows<OpenVSwitchTables, typeof selection>>, 'table'>;

export interface BridgeDatabaseHandlers {
  /** The bridge as it is now; called on every change of it. */
  readonly onBridge: (bridge: ObservedBridge | undefined, host: ControlledSwitch) => void;
  readonly onConnection: (connected: boolean, host: ControlledSwitch, error?: Error) => void;
  /** What the bridge lacked has been written. */
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
  #configuring = false;

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

  /** Follows the database until closed; returns at once. */
  start(): void {
    this.#follow().catch((error: unknown) => {
      if (this.#client.status !== 'closed') this.#handlers.onError(asError(error), this.#host);
    });
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

  #configure(tables: BridgeTables): void {
    if (this.#configuring) return;
    const tx = configureBridge(tables, this.#host, this.#targets());
    if (tx === undefined) return;
    this.#configuring = true;
    this.#client
      .transact(tx)
      .then(() => this.#handlers.onConfigured())
      .catch((error: unknown) => this.#handlers.onError(asError(error), this.#host))
      .finally(() => {
        this.#configuring = false;
      });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
