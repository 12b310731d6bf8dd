/**
 * Who made a rule of a bridge. Pure.
 *
 * A rule's cookie names an object, and the state knows why the object is as it is: a block has its origin, a guest's limit
 * the verdicts that say so, a closed anchor the migration that closed it, and by that the flight. So rules stay as they
 * are when their reason changes, and after a restart.
 */
import type { BlockOrigin } from '../../controller/network/blocklist.ts';
import type { FlightId } from '../../controller/network/flight.ts';
import type { Migration } from '../../controller/network/migration.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName, InterfaceNumber, SwitchName } from '../../controller/network/names.ts';
import { cookieOwner, ofAnchor } from '../../controller/switches/pipeline.ts';
import { allowedCookie, limitAt } from './flows.ts';
import type { VerdictId } from './verdict.ts';

/**
 * `person`, `list`: asked for by command or over the API. `policy`: it is how the guest is defended, attacked or not.
 * `migration`: somebody moved the guest with `admit: established`.
 */
export type MadeBy =
  | { readonly origin: 'verdict'; readonly verdicts: readonly VerdictId[] }
  | { readonly origin: Exclude<BlockOrigin, 'verdict'> | 'policy' }
  | {
      readonly origin: 'flight';
      readonly flight: FlightId;
      readonly migration: string;
      readonly verdicts: readonly VerdictId[];
    }
  | { readonly origin: 'migration'; readonly migration: string };

type State = Pick<
  NetworkState,
  'blocklist' | 'admissionLimits' | 'guests' | 'anchors' | 'history' | 'flights'
>;

/** Of a bridge's flows, by cookie; undefined for what is there whatever anybody says. */
export function madeByAt(state: State, bridge: SwitchName): (cookie: bigint) => MadeBy | undefined {
  const guests = new Map<InterfaceNumber, GuestName>();
  for (const { name, interfaces } of state.guests.values()) {
    for (const { number } of interfaces) guests.set(number, name);
  }
  return (cookie) => {
    if (cookie === allowedCookie) return { origin: 'person' };
    const { app, kind, number } = cookieOwner(cookie) ?? {};
    if (number === undefined) return undefined;
    if (kind === 'block') return ofBlock(state, number);
    if (kind === 'anchor') return ofClosedAnchor(state, guests, number);
    if (kind === 'relayed') return { origin: 'policy' };
    return app === 'defence' && kind === 'interface'
      ? ofAdmission(state, guests.get(number), bridge)
      : undefined;
  };
}

function ofBlock({ blocklist }: State, number: number): MadeBy | undefined {
  const { origin, verdict } = blocklist.blocks.get(number) ?? {};
  if (origin === undefined) return undefined;
  if (origin !== 'verdict') return { origin };
  return { origin, verdicts: verdict === undefined ? [] : [verdict] };
}

function ofAdmission(state: State, guest: GuestName | undefined, bridge: SwitchName): MadeBy | undefined {
  if (guest === undefined) return undefined;
  const limit = limitAt(state, guest, bridge);
  if (limit === undefined) return { origin: 'policy' };
  const said = [...(limit.verdicts ?? [])];
  // At an edge, a limit that is for edges alone is due to what arrives there.
  const here = limit.at === undefined ? said : said.filter(([, where]) => where === bridge);
  return { origin: 'verdict', verdicts: here.map(([id]) => id) };
}

function ofClosedAnchor(
  state: State,
  guests: ReadonlyMap<InterfaceNumber, GuestName>,
  number: number,
): MadeBy | undefined {
  const { interfaceNumber, index } = ofAnchor(number);
  const anchor = state.anchors.get(interfaceNumber)?.find((one) => one.index === index);
  const guest = guests.get(interfaceNumber);
  if (anchor === undefined || guest === undefined) return undefined;
  const migration = whichClosed(state, guest, anchor.host)?.id;
  if (migration === undefined) return undefined;
  for (const flight of state.flights.values()) {
    if (flight.migration !== migration) continue;
    return { origin: 'flight', flight: flight.id, migration, verdicts: flight.verdicts };
  }
  return { origin: 'migration', migration };
}

/** The last migration by which the guest left the host for nothing new to be let in there; one that failed opened it again. */
function whichClosed({ history }: State, guest: GuestName, host: HostName): Migration | undefined {
  let last: Migration | undefined;
  for (const migration of history.values()) {
    const { from, admit, phase } = migration;
    if (migration.guest !== guest || from !== host || admit !== 'established') continue;
    if (phase !== 'rolled-back') last = migration;
  }
  return last;
}
