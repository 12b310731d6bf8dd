/**
 * What an event of a host's libvirtd means to a migration. Pure.
 */
import type { LibvirtEvent } from '../../controller/libvirt/index.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { MigrationEvent } from './machine.ts';

/** Undefined when it means nothing. */
export function meaning(
  event: LibvirtEvent,
  host: HostName,
  { from, to, phase }: Pick<Migration, 'from' | 'to' | 'phase'>,
): MigrationEvent | undefined {
  if (event.kind === 'monitor') {
    // libvirt tells what a stop was for some milliseconds later; meanwhile packets would be lost.
    return event.event === 'STOP' && host === from && phase === 'copying' ? { type: 'suspended' } : undefined;
  }
  if (event.kind !== 'lifecycle') return undefined;
  const said = `${event.event} ${event.detail}`;
  if (host === to) return event.event === 'resumed' ? { type: 'resumed-at-destination' } : undefined;
  if (host !== from) return undefined;
  switch (said) {
    case 'suspended migrated':
    case 'suspended postcopy':
      return { type: 'suspended' };
    case 'suspended paused':
      return { type: 'paused' };
    case 'resumed migrated':
      return { type: 'resumed-at-source' };
    case 'stopped migrated':
      return { type: 'performed' };
    default:
      return undefined;
  }
}
