/**
 * What is done for a guest that is attacked, and from where on something counts as an attack. Declared per guest; the
 * API may change it.
 */
import { admission } from '../limits.ts';
import type { GuestName } from './names.ts';

export const DEFENCE_MODES = ['off', 'filter-only', 'move-when-needed', 'move-first'] as const;

/**
 * `off`: nothing is looked at. `filter-only`: attacks are seen and filtered. `move-when-needed`: and the guest moves when
 * that is not enough. `move-first`: it moves at once.
 */
export type DefenceMode = (typeof DEFENCE_MODES)[number];

export interface DefencePolicy {
  readonly policy: DefenceMode;
  /**
   * Rates per second that are no attack, whatever is usual for the guest: handshakes that are begun and not completed,
   * TCP packets of no connection, UDP and ICMP packets, connections that are completed.
   */
  readonly floor: {
    readonly syn: number;
    readonly ack: number;
    readonly udp: number;
    readonly icmp: number;
    readonly connections: number;
  };
  /** How many times what is usual for the guest a rate must be to be an attack. */
  readonly factor: number;
  /** What one client may do: begin connections, send UDP and ICMP packets (per second), hold connections open. */
  readonly perSource: {
    readonly connections: number;
    readonly udp: number;
    readonly icmp: number;
    readonly open: number;
  };
  /**
   * New connections that each bridge lets it have from outside in a second, attacked or not; and while a flood from
   * spoofed sources is on.
   */
  readonly admission: { readonly perSecond: number; readonly inFlood: number };
  /** How long it must be calm until an attack is over, in milliseconds. */
  readonly coolDown: number;
}

export const defaultDefence: DefencePolicy = {
  policy: 'filter-only',
  floor: { syn: 200, ack: 500, udp: 2_000, icmp: 500, connections: 100 },
  factor: 4,
  perSource: { connections: 20, udp: 500, icmp: 50, open: 64 },
  admission: { perSecond: admission.perSecond, inFlood: admission.perSecondInFlood },
  coolDown: 10_000,
};

/** See `NetworkState`. */
interface Policies {
  readonly guests: ReadonlyMap<GuestName, { readonly defence?: DefencePolicy }>;
  readonly policies: ReadonlyMap<GuestName, DefencePolicy>;
}

/** What was said of the guest, over the API or else in its declaration; undefined when nothing was. */
export function saidPolicy({ guests, policies }: Policies, guest: GuestName): DefencePolicy | undefined {
  return policies.get(guest) ?? guests.get(guest)?.defence;
}

export const policyOf = (state: Policies, guest: GuestName): DefencePolicy =>
  saidPolicy(state, guest) ?? defaultDefence;
