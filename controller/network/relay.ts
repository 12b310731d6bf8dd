/**
 * How an anchor relays to a guest that is elsewhere.
 *
 *   tunnel    through a Geneve tunnel, and back through it
 *   rewrite   with a relay address of the visited subnet in place of the guest's: by the edge at the client's site,
 *             straight to where the guest is, or by the anchor, whose answers then leave where the guest is
 *   direct    through a Geneve tunnel; answers leave where the guest is
 *
 * The way is settled for each host that the guest goes to, when the migration is planned. So at the switchover
 * nothing changes but where the guest is, and the way back is known when there has to be one.
 */
import type { Addresses, HostName } from './names.ts';

export const RELAY_MODES = ['tunnel', 'rewrite', 'direct'] as const;
export type RelayMode = (typeof RELAY_MODES)[number];

/** How an anchor relays while the guest is at `host`. Where an anchor has none of it, through a tunnel. */
export interface Relay {
  readonly host: HostName;
  readonly mode: Exclude<RelayMode, 'tunnel'>;
  /** Relay addresses of the visited subnet that edges send the anchor's connections to. */
  readonly edge: Addresses;
  /** Relay addresses of the visited subnet that the anchor itself sends connections to. */
  readonly anchor: Addresses;
}

/** A relay address is of one of two kinds, by who sends packets to it. */
export type RelayKind = 'edge' | 'anchor';
export const relayKinds: readonly RelayKind[] = ['edge', 'anchor'];

/** `anchor`: see anchor.ts. */
export function relayAt(
  anchor: { readonly relays?: readonly Relay[] } | undefined,
  host: HostName | undefined,
): Relay | undefined {
  return anchor?.relays?.find((relay) => relay.host === host);
}

export type Family = 'ipv4' | 'ipv6';
export const families: readonly Family[] = ['ipv4', 'ipv6'];

/** Does one of these anchors have a relay address for the host? */
export const isRelayedTo = (
  anchors: readonly { readonly relays?: readonly Relay[] }[],
  host: HostName,
): boolean => anchors.some((anchor) => hasAddress(relayAt(anchor, host)));

/** Is there a relay address? Else all goes through tunnels. */
export const hasAddress = (relay: Relay | undefined): boolean =>
  relay !== undefined &&
  relayKinds.some((kind) => families.some((family) => relay[kind][family] !== undefined));
