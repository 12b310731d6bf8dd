/**
 * What the API needs of the controller, and all that it may touch. `ArcticTern` is one of these.
 */
import type { Migration } from '../../controller/network/migration.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { FlowSource } from '../../controller/switches/read-flows.ts';
import type { ControllerEvent } from '../events.ts';
import type { DefenceService } from '../defence/service.ts';
import type { BlocklistService } from '../defence/blocklist.ts';
import type { Drain } from '../migration/drain-service.ts';
import type { NamingService } from '../naming/service.ts';
import type { MigrationService } from '../migration/service.ts';

export interface ControllerView {
  /** Clock time, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly network: { readonly state: NetworkState };
  readonly fabric: {
    /** The bridge is connected and its flows are as they should be. */
    ready(host: HostName): boolean;
    /** Undefined while the bridge is not connected. */
    session(host: HostName): FlowSource | undefined;
  };
  /** Every migration that is known of, ended ones too, by id, oldest first; another value after each change. */
  readonly history: ReadonlyMap<string, Migration>;
  /** `on` gives a function that ends the subscription. */
  readonly events: { on(listener: (event: ControllerEvent) => void): () => void };
  readonly blocklist: Pick<
    BlocklistService,
    'block' | 'add' | 'remove' | 'unblock' | 'allow' | 'disallow' | 'version'
  >;
  readonly migrations: Pick<MigrationService, 'begin' | 'abort'>;
  readonly defence: Pick<DefenceService, 'verdicts' | 'defend'>;
  readonly relays: Pick<Drain, 'report' | 'release'>;
  /** Undefined where names are not kept. */
  readonly naming: Pick<NamingService, 'report'> | undefined;
}
