/**
 * A migration with what its storage needs around it: libvirt creates images at the destination only in directories
 * that are storage pools there.
 */
import type { GuestMigration, Hypervisor } from '../../controller/hypervisors/hypervisor.ts';
import type { DomainRef } from '../../controller/libvirt/index.ts';

/** Resolves when the guest runs at the destination and the source has let go of it. */
export async function migrateWithStorage(
  domain: DomainRef,
  source: Pick<Hypervisor, 'migrate' | 'imageDirectories'>,
  destination: Pick<Hypervisor, 'admitImages'>,
  options: GuestMigration,
): Promise<void> {
  if (options.copyStorage !== 'all') return source.migrate(domain, options);
  const end = await destination.admitImages(await source.imageDirectories(domain));
  try {
    await source.migrate(domain, options);
  } finally {
    await end();
  }
}
