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
  { from, target }: Pick<AttackRecord, 'from' | 'target'>,
  window: { readonly from: number; readonly to: number },
): Sighting[] {
  return captures
    .filter(({ record }) => record.point === 'attacker' && from.includes(record.node))
    .flatMap(({ packets }) =>
      sightings(
        packets,
        (packet) => isTo(packet, target) && packet.ms >= window.from && packet.ms <= window.to,
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

/** So many in a row that do not leave are no accident of a busy machine, nor what a meter cuts off a rate. */
const IN_A_ROW = 8;

/** When the first of a row of packets came to a bridge that did not leave it; of one source, where they are real. */
export function firstDrop({ entered, left }: Passage, sources: AttackRecord['sources']): number | null {
  const rows = new Map<string, { from: number; length: number }>();
  let first: number | null = null;
  for (const { ms, key, source } of entered) {
    const group = sources === 'real' ? source : '';
    if (left.has(key)) {
      rows.delete(group);
      continue;
    }
    const row = rows.get(group) ?? { from: ms, length: 0 };
    row.length++;
    rows.set(group, row);
    if (row.length === IN_A_ROW && (first === null || row.from < first)) first = row.from;
  }
  return first;
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

const isTo = (packet: Packet, target: string): boolean => 'to' in packet && packet.to.address === target;

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
