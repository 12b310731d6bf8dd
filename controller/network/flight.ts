/**
 * A flight: a guest under attack moves by itself, and it is looked whether that helped. As the network model holds it
 * and the store keeps it.
 *
 *   planned → moving → verifying → safe
 *      └────────┴──────────┴→ failed
 *                          └→ pursued (the attack came along; another flight may follow)
 */
import type { GuestName, HostName } from './names.ts';

export type FlightId = string;

/**
 * `planned`: a destination was chosen. `moving`: the migration is under way, and the old ingress closed to what is new.
 * `verifying`: the guest runs at the destination. `safe`: nothing of the attack came along, and honest traffic is back.
 * `pursued`: the attack came along. `failed`: the guest did not move, or honest traffic did not come back.
 */
export const FLIGHT_PHASES = ['planned', 'moving', 'verifying', 'safe', 'pursued', 'failed'] as const;
export type FlightPhase = (typeof FLIGHT_PHASES)[number];

export interface Flight {
  readonly id: FlightId;
  readonly guest: GuestName;
  readonly from: HostName;
  readonly to: HostName;
  /** The verdicts that it flees from. */
  readonly verdicts: readonly string[];
  /** Why it moves, and why there: two sentences. */
  readonly reason: string;
  readonly choice: string;
  readonly phase: FlightPhase;
  /** What led to the present phase, in one sentence. */
  readonly why: string;
  /** Id of its migration, once that has begun. */
  readonly migration?: string;
  /** Sources that were blocked when it began, so that their connections did not come along. */
  readonly leftBehind: number;
  /** Clock time at which each phase was entered. */
  readonly entered: Readonly<Partial<Record<FlightPhase, number>>>;
}

/** Nothing will happen to this flight any more. */
export function hasLanded({ phase }: Pick<Flight, 'phase'>): boolean {
  return phase === 'safe' || phase === 'pursued' || phase === 'failed';
}
