/**
 * A migration as the network model holds it and the store keeps it.
 *
 *   planned → preparing → copying → switching → relaying → drained
 *                  └─────────┴──────────┴→ failed → rolled-back
 */
import type { Admit } from './anchor.ts';
import type { GuestName, HostName } from './names.ts';
import type { RelayMode } from './relay.ts';

export interface Migration {
  readonly id: string;
  readonly guest: GuestName;
  readonly from: HostName;
  readonly to: HostName;
  readonly strategy: Strategy;
  readonly admit: Admit;
  /** How the anchors relay while the guest is where it goes; through tunnels where nothing is said. */
  readonly relay?: RelayMode;
  /** Who began it: the controller, or somebody else (`virsh migrate`, virt-manager). */
  readonly origin: 'controller' | 'noticed';
  readonly phase: Phase;
  /** Why it failed, in one sentence. */
  readonly reason?: string;
  /** The longest blackout that its steering may let QEMU cause by what memory is left to copy, in milliseconds. */
  readonly maxBlackoutMs: number;
  /** What it could not keep to, and what can be done about it. */
  readonly warning?: string;
  /**
   * libvirt has ended it at the source, too; that takes it a second or two after the guest resumed. Not kept in
   * the store: whoever reads it there comes later.
   */
  readonly performed?: true;
  /** Clock time at which each phase was entered. */
  readonly entered: Readonly<Partial<Record<Phase, number>>>;
  /** What it was asked for with, beside that. */
  readonly wishes?: Wishes;
  /** The care-of anchors that were leased for it: index by interface number. A failure gives them back. */
  readonly leased?: Readonly<Record<number, number>>;
  /** QEMU's own account of the blackout, in milliseconds, once the copy has completed. */
  readonly blackoutMs?: number;
  /** From the wish to copy to the guest's stop at the source, in milliseconds: what a short blackout may cost. */
  readonly copyMs?: number;
}

/** What is copied of disks that only the source has: all, or what differs from an image that is there already. */
export type CopyStorage = 'all' | 'inc';

/** How libvirt is to copy the guest. */
export interface Wishes {
  /** The most that the copy may take of the network, in MiB/s. */
  readonly bandwidthMiBps?: number;
  /** Lets QEMU slow a guest down that dirties its memory too fast. */
  readonly autoConverge?: boolean;
  /** Lets the guest run at the destination after two passes over its memory, and the rest come after it. */
  readonly postCopy?: boolean;
  readonly copyStorage?: CopyStorage;
}

/**
 * When traffic goes to the destination: as soon as the source stops the guest (`redirect`); when the guest
 * announces itself at the destination (`rarp`); to both shortly before the stop, then to the destination
 * (`bicast`).
 */
export const STRATEGIES = ['redirect', 'rarp', 'bicast'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export type Phase =
  'planned' | 'preparing' | 'copying' | 'switching' | 'relaying' | 'drained' | 'failed' | 'rolled-back';

/** The guest may be stopped here and resumed there at any moment, or has not been put back yet. */
export function isUnderWay(phase: Phase): boolean {
  return phase === 'planned' || phase === 'preparing' || phase === 'copying' || phase === 'switching';
}

/** The guest is on the move: a second migration must wait. */
export function isMoving({ phase, performed }: Pick<Migration, 'phase' | 'performed'>): boolean {
  return isUnderWay(phase) || phase === 'failed' || (phase === 'relaying' && performed !== true);
}

/** Nothing will happen to this migration any more. */
export function hasEnded(phase: Phase): boolean {
  return phase === 'drained' || phase === 'rolled-back';
}
