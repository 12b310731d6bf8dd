/**
 * Where connections of an interface were born and have their state, and whom it lets in.
 */
import type { Addresses, HostName } from './names.ts';
import type { Relay } from './relay.ts';

/** `all`: new connections are relayed, too. `established`: only what was established before. */
export const ADMITS = ['all', 'established'] as const;
export type Admit = (typeof ADMITS)[number];

export const HOME_ANCHOR = 1;
export const MAX_ANCHOR_INDEX = 255;

/**
 * A bridge that holds the state of connections born on one of the interface's addresses. Index 1 is the
 * home anchor; the others hold care-of addresses.
 */
export interface Anchor {
  /** 1 to 255, unique in its interface: named in tunnel keys and conntrack marks. */
  readonly index: number;
  readonly host: HostName;
  /** Home addresses for the home anchor, care-of addresses for the others. */
  readonly addresses: Addresses;
  /** What the anchor does with new connections from outside while the guest is elsewhere. */
  readonly admit: Admit;
  /** How it relays to the hosts that the guest is at or goes to; through a tunnel where nothing is said. */
  readonly relays?: readonly Relay[];
}
