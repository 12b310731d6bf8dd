/**
 * The call that migrates a guest, and what its storage needs around it.
 */
import type { GuestMigration, Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { GuestName } from '../../controller/network/model.ts';

/** Resolves when the guest runs at the destination and the source has let go of it. */
export async function copyGuest(
  guest: GuestName,
  source: Hypervisor,
  destination: Hypervisor,
  options: GuestMigration,
): Promise<void> {
  if (options.copyStorage !== 'all') return source.migrate(guest, options);
  const end = await destination.admitImages(await source.imageDirectories(guest));
  try {
    await source.migrate(guest, options);
  } finally {
    await end();
  }
}
