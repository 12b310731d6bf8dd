/** Addresses of both families, as text. */
import type { GuestObject } from '../../api/objects.ts';

export function addressText(addresses: GuestObject['home'] | null): string {
  const list = [addresses?.ipv4, addresses?.ipv6].filter((address) => address !== undefined);
  return list.length === 0 ? '-' : list.join(', ');
}
