/**
 * The packets of an attack in a run's captures: at the attackers, at the bridges, at the guest's TAPs. An attack's packet
 * is whatever an attacker sent to the guest; elsewhere it is known again by its source, ports and numbers.
 */
import type { AttackRecord } from '../lab/summary.ts';
import type { Packet } from './packet.ts';
import type { Capture } from './run-folder.ts';

/** A packet seen at some point, at its first time. */
export interface Sighting {
  readonly ms: number;
  readonly key: string;
  readonly source: string;
}

/** What came to a bridge, in order, and what of that left it on the other side. */
export interface Passage {
  readonly bridge: string;
  readonly entered: readonly Sighting[];
  readonly left: ReadonlySet<string>;
  /** What left it went to a guest. */
  readonly toGuest: boolean;
}

/** In the order in which the attackers sent them. */
export function sentPackets(
  captures: readonly Capture[],
  { from, addresses }: Pick<AttackRecord, 'from' | 'addresses'>,
  window: { readonly from: number; readonly to: number },
): Sighting[] {
  return captures
    .filter(({ record }) => record.point === 'attacker' && from.includes(record.node))
    .flatMap(({ packets }) =>
      sightings(
        packets,
        (packet) => isTo(packet, addresses) && packet.ms >= window.from && packet.ms <= window.to,
      ),
    )
    .sort((a, b) => a.ms - b.ms);
}

/**
 * Every bridge that an attack's packets came to. An edge has them from inside where the attacker is its station, and
 * from outside otherwise; a host has them from outside.
 */
export function passages(captures: readonly Capture[], sent: ReadonlyMap<string, number>): Passage[] {
  const isOurs = (packet: Packet): boolean => {
    const key = keyOf(packet);
    return key !== undefined && packet.ms >= (sent.get(key) ?? Infinity);
  };
  const bridges = new Set(captures.flatMap(({ record }) => (record.point === 'uplink' ? [record.node] : [])));
  return [...bridges].flatMap((bridge): Passage[] => {
    const at = (point: 'uplink' | 'inside' | 'taps', wanted: (packet: Packet) => boolean): Sighting[] =>
      captures
        .filter(({ record }) => record.node === bridge && record.point === point)
        .flatMap(({ packets }) => sightings(packets, (packet) => wanted(packet) && isOurs(packet)));
    const outside = at('uplink', () => true);
    const fromInside = at('inside', ({ link }) => link?.out === false);
    if (fromInside.length > 0) return [{ bridge, entered: fromInside, left: keys(outside), toGuest: false }];
    if (outside.length === 0) return [];
    const [toStations, toGuests] = (['inside', 'taps'] as const).map((point) =>
      at(point, ({ link }) => link?.out === true),
    ) as [Sighting[], Sighting[]];
    const isHost = captures.some(({ record }) => record.node === bridge && record.point === 'taps');
    return [{ bridge, entered: outside, left: keys(isHost ? toGuests : toStations), toGuest: isHost }];
  });
}

/**
 * Of so many packets, beginning with the first one that does not leave, so many must not leave: a block stops all of
 * them, and the meter of a flood nearly all. The meter that every guest has takes a part of a rate, and a busy machine
 * loses some.
 */
const LOOKED_AT = 32;
const DROPPED = 26;

/** When a bridge began to drop an attack: that of one source, where sources are real. */
export function firstDrop({ entered, left }: Passage, sources: AttackRecord['sources']): number | null {
  const groups = new Map<string, Sighting[]>();
  for (const sighting of entered) {
    const group = sources === 'real' ? sighting.source : '';
    const list = groups.get(group);
    if (list === undefined) groups.set(group, [sighting]);
    else list.push(sighting);
  }
  const firsts = [...groups.values()].flatMap((list) => {
    const isDropped = list.map(({ key }) => !left.has(key));
    const found = isDropped.findIndex(
      (dropped, i) => dropped && isDropped.slice(i, i + LOOKED_AT).filter((one) => one).length >= DROPPED,
    );
    return found < 0 ? [] : [list[found]!.ms];
  });
  return firsts.length === 0 ? null : Math.min(...firsts);
}

/** By what a packet is known again, wherever it comes by; its destination may be rewritten on the way. */
export function keyOf(packet: Packet): string | undefined {
  switch (packet.kind) {
    case 'tcp':
      return `t ${packet.from.address} ${packet.from.port} ${packet.to.port} ${packet.seq} ${packet.flags} ${packet.length}`;
    case 'udp':
      return `u ${packet.from.address} ${packet.from.port} ${packet.to.port} ${packet.length}`;
    case 'icmp':
      return `i ${packet.from.address} ${packet.identifier} ${packet.sequence} ${packet.type}`;
    default:
      return undefined;
  }
}

const isTo = (packet: Packet, addresses: readonly string[]): boolean =>
  'to' in packet && addresses.includes(packet.to.address);

function sightings(packets: readonly Packet[], wanted: (packet: Packet) => boolean): Sighting[] {
  const seen = new Set<string>();
  const found: Sighting[] = [];
  for (const packet of packets) {
    if (!wanted(packet)) continue;
    const key = keyOf(packet);
    if (key === undefined || seen.has(key)) continue;
    seen.add(key);
    found.push({ ms: packet.ms, key, source: 'from' in packet ? packet.from.address : '' });
  }
  return found;
}

const keys = (list: readonly Sighting[]): ReadonlySet<string> => new Set(list.map(({ key }) => key));
