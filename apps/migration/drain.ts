/**
 * When has an anchor drained? Pure.
 *
 * A relay is an anchor of an interface whose guest is elsewhere. Its flows, at whichever bridge, carry its own
 * cookie, so their counters say when a packet last passed, in either direction. Counters cannot tell an idle
 * connection from a closed one; so only time can: a relay that has carried nothing for long enough has drained.
 * Where the counters cannot be read, and while the guest moves, the relay is taken to be in use.
 */
import { isMoving, type Migration } from '../../controller/network/migration.ts';
import { type Anchor, HOME_ANCHOR } from '../../controller/network/anchor.ts';
import type { GuestInterface, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, HostName, InterfaceNumber, SwitchName } from '../../controller/network/names.ts';

export interface RelayingAnchor {
  readonly guest: GuestName;
  readonly nic: GuestInterface;
  readonly anchor: Anchor;
  /** Where the guest is. */
  readonly location: HostName;
}

/** Identifies a relay. */
export type RelayKey = `${InterfaceNumber}/${number}`;

export const relayKey = (nic: InterfaceNumber, index: number): RelayKey => `${nic}/${index}`;

/** All anchors whose guest runs elsewhere. */
export function relayingAnchors(state: NetworkState): RelayingAnchor[] {
  const relays: RelayingAnchor[] = [];
  for (const [guest, location] of state.placements) {
    for (const nic of state.guests.get(guest)?.interfaces ?? []) {
      for (const anchor of state.anchors.get(nic.number) ?? []) {
        if (anchor.host !== location) relays.push({ guest, nic, anchor, location });
      }
    }
  }
  return relays;
}

/**
 * The bridges that count a relay's packets: the anchor's, and the guest's. An edge need not be asked: what it sends
 * straight to the guest is counted where it arrives. So one that is away keeps no anchor from draining.
 */
export function bridgesOf({ anchor, location }: Pick<RelayingAnchor, 'anchor' | 'location'>): SwitchName[] {
  return [anchor.host, location];
}

export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** What a bridge's flows say of each relay; undefined when the bridge cannot be asked. */
export type Reading = ReadonlyMap<RelayKey, Count> | undefined;

/** What is known of a relay since it was first looked at. */
export interface Activity extends Count {
  /** Clock time at which something was last seen to pass, or at which the relay was first looked at. */
  readonly movedAt: number;
  /** The counters as last read, by bridge. */
  readonly last: ReadonlyMap<SwitchName, Count>;
}

const NOTHING: Count = { packets: 0, bytes: 0 };

/** After the bridges were read. Counters begin anew when flows are replaced: any change of one is a packet. */
export function advance(
  before: Activity | undefined,
  key: RelayKey,
  bridges: readonly SwitchName[],
  readings: ReadonlyMap<SwitchName, Reading>,
  now: number,
): Activity {
  const last = new Map<SwitchName, Count>();
  let { packets, bytes } = before ?? NOTHING;
  let movedAt = before?.movedAt ?? now;
  for (const bridge of new Set(bridges)) {
    const reading = readings.get(bridge);
    const old = before?.last.get(bridge);
    if (reading === undefined) {
      movedAt = now;
      if (old !== undefined) last.set(bridge, old);
      continue;
    }
    const count = reading.get(key) ?? NOTHING;
    last.set(bridge, count);
    if (old !== undefined && old.packets !== count.packets) movedAt = now;
    const since = old === undefined || count.packets < old.packets ? NOTHING : old;
    packets += count.packets - since.packets;
    bytes += count.bytes - since.bytes;
  }
  return { packets, bytes, movedAt, last };
}

/** What an anchor that has drained may do: a care-of anchor goes; the home anchor holds the guest's addresses. */
export const mayGo = ({ index }: Anchor): boolean => index !== HOME_ANCHOR;

/** The completed migrations that have not drained yet, of all guests. */
export function undrained(state: NetworkState): Migration[] {
  return [...state.migrations.values(), ...state.earlier.values()].filter(
    (migration) => migration.phase === 'relaying' && !isMoving(migration),
  );
}

/**
 * Is nothing left of what the guest had at the host that this migration took it from? Its anchor there has gone, or
 * relays nothing: because the guest is back, or because `isSilent`.
 */
export function hasDrained(
  state: NetworkState,
  { guest, from }: Migration,
  isSilent: (nic: InterfaceNumber, index: number) => boolean,
): boolean {
  const location = state.placements.get(guest);
  if (location === undefined) return false;
  return (state.guests.get(guest)?.interfaces ?? []).every((nic) => {
    const anchor = state.anchors.get(nic.number)?.find(({ host }) => host === from);
    return anchor === undefined || location === from || isSilent(nic.number, anchor.index);
  });
}
