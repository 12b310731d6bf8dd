/**
 * What is at hand of a migration that is under way, and is not kept: a controller that starts anew begins with less of it.
 */
import type { Cancel } from '../../controller/clock.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { Guest, NetworkState } from '../../controller/network/model.ts';
import type { GuestName } from '../../controller/network/names.ts';
import type { Copy } from './copy.ts';
import { PacketRate } from './packet-rate.ts';
import type { MigrationServiceParts } from './parts.ts';
import type { Stamps } from './record.ts';
import { Staging } from './staging.ts';

/** What is at hand of a migration besides what the model holds. */
export interface Running extends Stamps {
  readonly staging: Staging;
  copy: Copy | undefined;
  /** No copies any more, or never: the next step is the switchover itself. */
  single: boolean;
  /** It was said whether the destination's queue will do. */
  foreseen: boolean;
  /** Set while the guest's announcement is waited for. */
  cancelWait: Cancel | undefined;
}

/** Of one that has just been planned, or found; nothing goes to both hosts yet, or ever will. */
export function atHand(
  { guest, from }: Migration,
  {
    network,
    fabric,
    clock,
    onMoment,
  }: Pick<MigrationServiceParts, 'network' | 'fabric' | 'clock' | 'onMoment'>,
): Running {
  return {
    staging: new Staging(fabric, clock, onMoment),
    rate: new PacketRate(fabric, from, guestOf(network.state, guest), clock),
    copy: undefined,
    copyingSince: undefined,
    leadMs: 0,
    single: true,
    foreseen: false,
    stoppedAt: undefined,
    resumedAt: undefined,
    cancelWait: undefined,
  };
}

/** Copies go to the destination first, unless the strategy knows none or QEMU is not ours to steer. */
export const single = ({ strategy, origin }: Migration): boolean =>
  strategy !== 'bicast' || origin === 'noticed';

/** It is still this migration's, and the guest has not been stopped. */
export function isCopying({ migrations }: NetworkState, { guest, id }: Migration): boolean {
  const current = migrations.get(guest);
  return current?.id === id && (current.phase === 'preparing' || current.phase === 'copying');
}

/** One that is not declared any more has no interfaces. */
export function guestOf({ guests }: NetworkState, name: GuestName): Pick<Guest, 'interfaces'> {
  return guests.get(name) ?? { interfaces: [] };
}
