/** What the migration service is given to work with. */
import type { Clock } from '../../controller/clock.ts';
import type { Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import type { Moment } from '../events.ts';

export interface MigrationServiceParts {
  readonly network: Network;
  readonly fabric: Fabric;
  readonly hypervisors: ReadonlyMap<HostName, Hypervisor>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Resolves when the store has all that was decided so far. */
  readonly saved: () => Promise<void>;
  readonly onError: (error: Error, guest: GuestName) => void;
  /** What a migration could not keep to; it is in its record, too. */
  readonly onWarning: (guest: GuestName, warning: string) => void;
  /** Something worth a line in the timeline. */
  readonly onMoment: (moment: Moment, at: number) => void;
}
