/**
 * What is done for a guest that is attacked, and from where on something counts as an attack. Declared per guest; the
 * API may change it.
 */
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
  /** How long it must be calm until an attack is over, in milliseconds. */
  readonly coolDown: number;
}

export const defaultDefence: DefencePolicy = {
  policy: 'filter-only',
  floor: { syn: 200, ack: 500, udp: 2_000, icmp: 500, connections: 100 },
  factor: 4,
  perSource: { connections: 20, udp: 500, icmp: 50, open: 64 },
  coolDown: 10_000,
};
