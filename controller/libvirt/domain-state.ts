/**
 * What a domain is doing and why (virDomainState and its reasons, libvirt-domain.h), by libvirt's own names in
 * lower case. What a newer libvirt adds reads as `unknown`.
 */

const reasons = {
  nostate: ['unknown'],
  running: [
    'unknown',
    'booted',
    'migrated',
    'restored',
    'from_snapshot',
    'unpaused',
    'migration_canceled',
    'save_canceled',
    'wakeup',
    'crashed',
    'postcopy',
    'postcopy_failed',
  ],
  blocked: ['unknown'],
  paused: [
    'unknown',
    'user',
    'migration',
    'save',
    'dump',
    'ioerror',
    'watchdog',
    'from_snapshot',
    'shutting_down',
    'snapshot',
    'crashed',
    'starting_up',
    'postcopy',
    'postcopy_failed',
  ],
  shutdown: ['unknown', 'user'],
  shutoff: [
    'unknown',
    'shutdown',
    'destroyed',
    'crashed',
    'migrated',
    'saved',
    'failed',
    'from_snapshot',
    'daemon',
  ],
  crashed: ['unknown', 'panicked'],
  pmsuspended: ['unknown'],
} as const;

type Reasons = typeof reasons;

export type DomainStateName = keyof Reasons;

export type DomainState =
  | { [S in DomainStateName]: { readonly state: S; readonly reason: Reasons[S][number] } }[DomainStateName]
  | { readonly state: 'unknown'; readonly reason: 'unknown' };

const names = Object.keys(reasons) as DomainStateName[];

export function domainState(state: number, reason: number): DomainState {
  const name = names[state];
  if (name === undefined) return { state: 'unknown', reason: 'unknown' };
  const known: readonly string[] = reasons[name];
  return { state: name, reason: known[reason] ?? 'unknown' } as DomainState;
}

export function domainStateName(state: number): DomainStateName | 'unknown' {
  return names[state] ?? 'unknown';
}
