/**
 * Rows of the store about defence: policies that were set over the API, and flights. Pure.
 *
 * A policy's figures are one map, `floor.syn` and so on, so that a policy may get new ones without a new schema: what a
 * row does not have is as by default.
 */
import { type DefencePolicy, defaultDefence } from '../defence-policy.ts';
import type { Flight } from '../flight.ts';
import { byPlanned } from './by-planned.ts';
import type { DefenceRow, FlightRow } from './schema.ts';

type Unidentified<Row> = Omit<Row, '_uuid'>;

export function defenceRow(guest: string, { policy, ...figures }: DefencePolicy): Unidentified<DefenceRow> {
  const flat = Object.entries(figures).flatMap(([name, figure]): [string, number][] =>
    typeof figure === 'number'
      ? [[name, figure]]
      : Object.entries(figure).map(([part, value]): [string, number] => [`${name}.${part}`, value]),
  );
  return { guest, policy, figures: new Map(flat) };
}

export function policyOfRow({ policy, figures }: Unidentified<DefenceRow>): DefencePolicy {
  const group = <K extends string>(name: string, defaults: Readonly<Record<K, number>>): Record<K, number> =>
    Object.fromEntries(
      Object.entries<number>(defaults).map(([part, value]) => [
        part,
        figures.get(`${name}.${part}`) ?? value,
      ]),
    ) as Record<K, number>;
  return {
    policy,
    floor: group('floor', defaultDefence.floor),
    factor: figures.get('factor') ?? defaultDefence.factor,
    perSource: group('perSource', defaultDefence.perSource),
    admission: group('admission', defaultDefence.admission),
    coolDown: figures.get('coolDown') ?? defaultDefence.coolDown,
  };
}

export function flightRow(flight: Flight): Unidentified<FlightRow> {
  const { verdicts, leftBehind, migration, entered, ...same } = flight;
  return {
    ...same,
    verdicts: new Set(verdicts),
    left_behind: leftBehind,
    migration: migration ?? null,
    entered: new Map(Object.entries(entered)),
  };
}

/** In the order in which they were planned. */
export function flightsOf(rows: readonly FlightRow[]): Flight[] {
  return rows
    .map((row) => ({
      id: row.id,
      guest: row.guest,
      from: row.from,
      to: row.to,
      verdicts: [...row.verdicts],
      reason: row.reason,
      choice: row.choice,
      phase: row.phase,
      why: row.why,
      ...(row.migration === null ? {} : { migration: row.migration }),
      leftBehind: row.left_behind,
      entered: Object.fromEntries(row.entered),
    }))
    .sort(byPlanned);
}
