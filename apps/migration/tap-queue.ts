/**
 * Does the destination's TAP hold what comes while the guest stands still? Pure.
 *
 * While QEMU is paused the kernel keeps what is sent to the TAP, in order, and gives it to the guest at resume: as
 * many packets as the device's transmit queue is long. Neither libvirt nor OVSDB can set that length, so lead and
 * blackout have to fit it.
 */
import { migration as limits, steering } from '../../controller/limits.ts';
import type { Strategy } from '../../controller/network/migration.ts';

/** The kernel's own length of a TAP's queue (drivers/net/tun.c, TUN_READQ_SIZE and its tx_queue_len). */
export const TAP_QUEUE_PACKETS = 1_000;

/** For how long the queue holds packets that come at this rate; undefined: for ever. */
export function holdsMs(packetsPerSecond: number | undefined): number | undefined {
  return packetsPerSecond !== undefined && packetsPerSecond > 0
    ? (TAP_QUEUE_PACKETS / packetsPerSecond) * 1000
    : undefined;
}

/** For how long copying to both may go on before the switchover, so that the blackout's packets have room, too. */
export function longestLeadMs(packetsPerSecond: number | undefined, maxBlackoutMs: number): number {
  const room = holdsMs(packetsPerSecond);
  return room === undefined ? Number.POSITIVE_INFINITY : Math.max(room - maxBlackoutMs, limits.leastLead);
}

/** The queue holds what comes while QEMU sends what is left, the guest stands still, and then begins to read. */
export function hasRoomToSpare(packetsPerSecond: number | undefined, maxBlackoutMs: number): boolean {
  const room = holdsMs(packetsPerSecond);
  return room === undefined || room >= steering.approach + maxBlackoutMs + limits.guestRestart;
}

/** In one sentence, what a migration may need and the queue does not hold; undefined when it holds all. */
export function foresee(
  packetsPerSecond: number,
  maxBlackoutMs: number,
  strategy: Strategy,
): string | undefined {
  const room = holdsMs(packetsPerSecond);
  const lead = strategy === 'bicast' ? limits.leastLead : 0;
  // Before its announcement nothing is sent there.
  if (strategy === 'rarp' || room === undefined || room >= maxBlackoutMs + lead) return undefined;
  const needed =
    lead === 0
      ? `a blackout of ${maxBlackoutMs} ms`
      : `${lead} ms of copies and a blackout of ${maxBlackoutMs} ms`;
  return (
    `the destination's queue of ${TAP_QUEUE_PACKETS} packets holds ${Math.floor(room)} ms of the ${Math.round(packetsPerSecond)} packets/s ` +
    `that the guest gets, and ${needed} may be needed: packets may be lost; allow a shorter blackout, or thin the traffic`
  );
}

/** The same afterwards, when it is known for how long packets went to the queue. */
export function overflowed(packetsPerSecond: number | undefined, queuedMs: number): string | undefined {
  const room = holdsMs(packetsPerSecond);
  if (packetsPerSecond === undefined || room === undefined || queuedMs <= room) return undefined;
  const lost = Math.round((packetsPerSecond * (queuedMs - room)) / 1000);
  return (
    `for ${Math.round(queuedMs)} ms ${Math.round(packetsPerSecond)} packets/s went to the destination's queue, which holds ` +
    `${TAP_QUEUE_PACKETS}: about ${lost} were lost`
  );
}
