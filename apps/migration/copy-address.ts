/**
 * Where a host takes copies of guests' memory in: where its `migration` URI leads, when that is an address, so that
 * copies take the network that was declared for migrations; else its underlay. Pure.
 */
import type { Host } from '../../controller/network/model.ts';
import { parseAddress } from '../../controller/network/address.ts';

export function copyAddress({ migration, underlay }: Pick<Host, 'migration' | 'underlay'>): {
  /** QEMU's migration URI, as the source connects to it. */
  readonly uri: string;
  readonly listenAddress: string;
} {
  const named = URL.canParse(migration) ? new URL(migration).hostname.replace(/^\[|\]$/g, '') : '';
  const address = parseAddress(named) === undefined ? underlay : named;
  return { uri: `tcp://${address.includes(':') ? `[${address}]` : address}`, listenAddress: address };
}
