/**
 * How a migration fares whose end nobody will tell us: pure.
 *
 * The answer to libvirt's migrate call goes to whoever made it. When that was somebody else, or a controller that is
 * no more, or over a connection that broke, the migration goes on, and its end has to be seen from what both
 * daemons say: which of them has the guest, and whether the source has a job for it.
 *
 * What is seen between two moments of a switchover may look like an end. So each conclusion has a patience: it counts only
 * when it has been the same for that long.
 */
import type { Phase } from '../../controller/network/migration.ts';
import type { DomainState, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName } from '../../controller/network/names.ts';
import { migration as limits } from '../../controller/limits.ts';
import type { MigrationEvent } from './machine.ts';

/** `unknown` while the daemon cannot be asked. */
export type Seen = DomainState | 'absent' | 'unknown';

export interface Facts {
  readonly source: Seen;
  readonly destination: Seen;
  /** Does the source's daemon work on a job of this guest? */
  readonly job: 'running' | 'none' | 'unknown';
}

export type Conclusion = {
  /** Milliseconds for which it must have been the same. */
  readonly patience: number;
} & (
  | { readonly type: 'event'; readonly event: MigrationEvent }
  /** libvirt was not asked, or said no: it can be asked now. */
  | { readonly type: 'begin' }
);

const { settled, unclear } = limits;

/** What libvirt on a host has of the guest, as last told. */
export function seen(state: NetworkState, guest: GuestName, host: HostName): Seen {
  const hypervisor = state.hypervisors.get(host);
  if (hypervisor?.reachable !== true) return 'unknown';
  return hypervisor.domains.get(guest) ?? 'absent';
}

/**
 * Undefined while there is nothing to say but that it goes on. `mayAsk`: whether libvirt has been asked is not known, and
 * it may be asked.
 */
export function conclude(
  phase: Phase,
  { source, destination, job }: Facts,
  mayAsk: boolean,
): Conclusion | undefined {
  const event = (event: MigrationEvent, patience: number = settled): Conclusion => ({
    type: 'event',
    event,
    patience,
  });
  const hasLetGo = source === 'absent' || source === 'shutoff';

  if (phase === 'relaying') {
    if (hasLetGo || job === 'none') return event({ type: 'performed' });
    return source === 'unknown' ? event({ type: 'performed' }, unclear) : undefined;
  }
  if (phase === 'planned' && (job === 'running' || destination === 'incoming' || destination === 'running')) {
    return event({ type: 'adopted' }, 0);
  }
  if (destination === 'running') {
    return hasLetGo ? event({ type: 'performed' }, 0) : event({ type: 'resumed-at-destination' }, 0);
  }
  if (source === 'running' && job === 'none') {
    const sure = destination === 'absent' || destination === 'shutoff';
    if (mayAsk && sure && (phase === 'planned' || phase === 'preparing')) {
      return { type: 'begin', patience: settled };
    }
    if (mayAsk && phase === 'planned') return undefined;
    return event({ type: 'refused', reason: ENDED }, sure ? settled : unclear);
  }
  if (hasLetGo && (destination === 'absent' || destination === 'shutoff')) {
    return event({ type: 'refused', reason: GONE });
  }
  return undefined;
}

const ENDED = 'libvirt has no migration of the guest any more, and the guest runs at the source';
const GONE = 'the guest runs neither at the source nor at the destination any more';
