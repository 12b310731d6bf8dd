/** A machine's addresses, one of each family at most, from a list of them. */
import { isIPv4 } from 'node:net';
import type { Addresses } from './names.ts';

/** The first of each family. */
export function addressesOf(list: Iterable<string>): Addresses {
  const all = [...list];
  const ipv4 = all.find((address) => isIPv4(address));
  const ipv6 = all.find((address) => !isIPv4(address));
  return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}
