/** `arctictern flights` as text. */
import type { FlightObject } from '../../api/defence-objects.ts';
import { FLIGHT_PHASES } from '../../../controller/network/flight.ts';
import type { Colors } from '../terminal.ts';
import { ago, amount, clean, columns, details, duration } from '../text.ts';

export function flightsText(flights: readonly FlightObject[], now: number, colors: Colors): string {
  if (flights.length === 0) return 'No guest has moved by itself.\n';
  const rows = flights.map((flight) => [
    flight.id,
    flight.guest,
    flight.from,
    flight.to,
    begun(flight, now),
    phaseText(flight.phase, colors),
    took(flight),
    amount(flight.leftBehind),
  ]);
  const head = ['FLIGHT', 'GUEST', 'FROM', 'TO', 'BEGAN', 'PHASE', 'TOOK', 'LEFT BEHIND'];
  return columns(head, rows, colors, ['TOOK', 'LEFT BEHIND']);
}

export function flightText(flight: FlightObject, now: number, colors: Colors): string {
  const { planned } = flight.entered;
  return details(
    [
      ['flight', flight.id],
      ['guest', flight.guest],
      ['from', flight.from],
      ['to', flight.to],
      ['reason', clean(flight.reason)],
      ['choice', clean(flight.choice)],
      ['phase', phaseText(flight.phase, colors)],
      ['why', clean(flight.why)],
      ['began', begun(flight, now)],
      ...FLIGHT_PHASES.flatMap((phase) => {
        const at = flight.entered[phase];
        if (phase === 'planned' || at === undefined || planned === undefined) return [];
        return [[`  ${phase}`, `+ ${duration(at - planned)}`] as const];
      }),
      ['left behind', `${amount(flight.leftBehind)} sources blocked when it began`],
      ['migration', flight.migration ?? 'not begun'],
      ['verdicts', flight.verdicts.join(', ')],
    ],
    colors,
  );
}

const begun = ({ entered }: FlightObject, now: number): string =>
  entered.planned === undefined ? '' : ago(entered.planned, now);

/** From plan to end. */
function took({ entered, phase }: FlightObject): string {
  const end = phase === 'safe' || phase === 'pursued' || phase === 'failed' ? entered[phase] : undefined;
  return end === undefined || entered.planned === undefined ? '' : duration(end - entered.planned);
}

function phaseText(phase: FlightObject['phase'], colors: Colors): string {
  if (phase === 'safe') return colors.green(phase);
  return phase === 'failed' || phase === 'pursued' ? colors.red(phase) : phase;
}
