/**
 * The durable part of the network's state, in an OVSDB database of our own.
 *
 * It follows the network: what changes is written in the order in which it changed, one transaction at a time,
 * several changes in one when they come faster than the database takes them. `saved` waits for what has been
 * decided so far. While the database is away the controller goes on, and writes when it is back.
 *
 * What is written is on disk before it counts. When a connection ends before the answer, nobody knows whether the last
 * transaction was carried out; then what it was about is written again, whatever has become of it.
 */
import { asError } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import {
  connect,
  type OvsdbClient,
  OvsdbOutcomeUnknownError,
  transaction,
  type Transaction,
} from '../../ovsdb/index.ts';
import { type Remembered } from '../declare.ts';
import type { NetworkState } from '../model.ts';
import { difference, remember, type Stored } from './remember.ts';
import { arcticTern, type ArcticTernTables } from './schema.ts';

const selection = {
  Global: true,
  Interface: true,
  Host: true,
  Placement: true,
  Anchor: true,
  Relay: true,
  Gateway: true,
  Quarantine: true,
  Migration: true,
  Block: true,
  BlockedSources: true,
  Allowance: true,
  Defence: true,
  Flight: true,
} as const;

export interface Opened {
  readonly store: Store;
  readonly remembered: Remembered;
  /** One more than that of whoever used the store before. */
  readonly epoch: bigint;
}

export class Store {
  readonly #client: OvsdbClient;
  readonly #onError: (error: Error) => void;
  /** What the database holds; or one of `#doubtful`, after transactions that nobody has answered. */
  #written: Stored;
  #doubtful: Stored[] = [];
  #wanted: NetworkState | undefined;
  #writing: Promise<unknown> | undefined;

  /** Connects, reads what is there and takes the next epoch. */
  static async open(
    remotes: string | readonly string[],
    clock: Clock,
    onError: (error: Error) => void,
  ): Promise<Opened> {
    const client = connect({ remotes, database: arcticTern.name, leaderOnly: true, clock });
    try {
      const replica = await client.replicate(arcticTern, selection);
      const [global] = replica.table('Global').rows();
      const epoch = (global?.epoch ?? 0) + 1;
      const tx = transaction(arcticTern);
      if (global === undefined) tx.insert('Global', { epoch, last_block: 0 });
      else tx.compareAndSwap('Global', global._uuid, { epoch: global.epoch }, { epoch });
      tx.commit(true);
      await client.transact(tx);
      const rows = {
        interfaces: replica.table('Interface').rows(),
        hosts: replica.table('Host').rows(),
        placements: replica.table('Placement').rows(),
        anchors: replica.table('Anchor').rows(),
        relays: replica.table('Relay').rows(),
        gateways: replica.table('Gateway').rows(),
        migrations: replica.table('Migration').rows(),
        blocks: replica.table('Block').rows(),
        blockedSources: replica.table('BlockedSources').rows(),
        allowances: replica.table('Allowance').rows(),
        lastBlock: global?.last_block ?? 0,
        quarantine: replica.table('Quarantine').rows(),
        defences: replica.table('Defence').rows(),
        flights: replica.table('Flight').rows(),
      };
      await replica.close();
      const remembered = remember(rows);
      return {
        store: new Store(client, remembered, onError),
        remembered,
        epoch: BigInt(epoch),
      };
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  private constructor(client: OvsdbClient, stored: Stored, onError: (error: Error) => void) {
    this.#client = client;
    this.#written = stored;
    this.#onError = onError;
    // What could not be written while it was away is written now.
    client.on('connected', () => this.#begin());
  }

  /** Writes what differs, soon. */
  follow(state: NetworkState): void {
    this.#wanted = state;
    this.#begin();
  }

  /** Resolves when everything that was handed to `follow` is in the database, or could not be written. */
  async saved(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async close(): Promise<void> {
    await this.saved();
    await this.#client.close();
  }

  #begin(): void {
    this.#writing ??= this.#write().then(
      () => {
        this.#writing = undefined;
        // What was handed over after the last look, and before this, found somebody writing.
        if (this.#wanted !== undefined && this.#wanted !== this.#written) this.#begin();
      },
      (error: unknown) => {
        this.#writing = undefined;
        this.#onError(asError(error));
      },
    );
  }

  async #write(): Promise<void> {
    while (this.#wanted !== undefined && this.#wanted !== this.#written) {
      const target = this.#wanted;
      const tx = difference(this.#written, target, this.#doubtful);
      if (tx !== undefined) await this.#transact(tx, target);
      this.#written = target;
      this.#doubtful = [];
    }
  }

  async #transact(tx: Transaction<ArcticTernTables>, target: NetworkState): Promise<void> {
    tx.commit(true);
    try {
      await this.#client.transact(tx);
    } catch (error) {
      if (error instanceof OvsdbOutcomeUnknownError) this.#doubtful.push(target);
      throw error;
    }
  }
}
