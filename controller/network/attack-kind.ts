/** The kinds of attack, by the same names wherever one is made, seen or met. */

/**
 * `syn-flood`: connections are begun and not completed. `ack-flood`: TCP that belongs to no connection, whatever
 * its flags. `udp-flood`, `icmp-flood`: what is not asked for, or far more of it than a client has reason to send.
 * `connection-flood`: connections that are completed, by few sources at a rate that no client has. `slow-connections`:
 * few sources hold many connections open and hardly use them.
 */
export const ATTACK_KINDS = [
  'syn-flood',
  'ack-flood',
  'udp-flood',
  'icmp-flood',
  'connection-flood',
  'slow-connections',
] as const;

export type AttackKind = (typeof ATTACK_KINDS)[number];

/** Made of connections that are really opened, and not of packets alone. */
export const opensConnections = (kind: AttackKind): boolean =>
  kind === 'connection-flood' || kind === 'slow-connections';
