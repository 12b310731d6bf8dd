/**
 * The gates of a switchover: where packets for a guest go until then, and where they go from then on, each behind a meter
 * that lets everything pass or nothing. Pure.
 *
 * A commit is in force when OVS's revalidators have come to a connection's megaflow, some milliseconds later. A meter is
 * turned at once, and no megaflow changes. So the flows of both ways are there while memory is copied, and at the moment
 * itself two meters are turned; the commit follows, and takes the gates away.
 *
 *     deliver ──► the guest's port here
 *        ├─ before-switchover ── open ──► tunnel, or relay address       closed at the switchover
 *        └─ after-switchover ── shut ──► tunnel, relay address, or port   opened at the switchover
 *
 * What goes to a port here needs no gate before: nobody reads it there once the guest has stopped. What goes to another
 * host would be sent on from there, and arrive twice.
 */
import type { Action } from '../../controller/openflow/index.ts';
import { apart, checkPacketLarger, meter, resubmit } from '../../controller/switches/flow.ts';
import { gateMeter, OPEN, Register, SHUT } from '../../controller/switches/pipeline.ts';
import type { MeterRate } from '../../controller/switches/program.ts';

/** How the two stand: as prepared, both open (packets go to both hosts), and as from the switchover on. */
export type GatePosition = 'before' | 'both' | 'after';

const rates: Readonly<Record<GatePosition, { readonly before: number; readonly after: number }>> = {
  before: { before: OPEN, after: SHUT },
  both: { before: OPEN, after: OPEN },
  after: { before: SHUT, after: OPEN },
};

/** The meters of an interface's gates, as its flows begin with them. */
export function gateMeters(interfaceNumber: number): MeterRate[] {
  return [...gateRates([interfaceNumber], 'before')].map(([meterId, rate]) => ({ meterId, rate }));
}

export function gateRates(interfaces: readonly number[], position: GatePosition): Map<number, number> {
  const { before, after } = rates[position];
  return new Map(
    interfaces.flatMap((number) => [
      [gateMeter('beforeSwitchover', number), before] as const,
      [gateMeter('afterSwitchover', number), after] as const,
    ]),
  );
}

/** The gate itself: the first action of a flow in its table. */
export const gate = (which: 'beforeSwitchover' | 'afterSwitchover', interfaceNumber: number): Action =>
  meter(gateMeter(which, interfaceNumber));

/** No packet is larger. */
const LARGEST = 0xffff;

export const toGateAfter: Action = resubmit('afterSwitchover');

/** To the gate before, and, however that stands, on to the gate after. */
export const throughGates = (): readonly Action[] => [
  apart([checkPacketLarger(LARGEST, Register.tooLarge), resubmit('beforeSwitchover')]),
  toGateAfter,
];
