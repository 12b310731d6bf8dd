/**
 * Finds each connection of a run in its captures.
 */
import type { ConnectionSummary } from '../lab/summary.ts';
import type { Capture, TimedMoment } from './run-folder.ts';
import {
  beginnings,
  type Carried,
  endsOf,
  type Ends,
  isCarried,
  type Protocol,
  sameEnds,
  type Seen,
  trace,
  type TracePacket,
} from './trace.ts';

export interface ConnectionTrace {
  readonly name: string;
  /** At the client; empty when its capture does not show the connection. */
  readonly client: readonly TracePacket[];
  /** At the guest's TAPs, whichever host they were on. */
  readonly taps: readonly TracePacket[];
}

/** A probe stamps its start some milliseconds before its first packet leaves; the machine may be slow. */
const START_SLACK_MS = 5;

const protocolOf = { tcp: 'tcp', http: 'tcp', udp: 'udp', icmp: 'icmp' } as const satisfies Record<
  ConnectionSummary['protocol'],
  Protocol
>;

export function traceConnections(
  connections: readonly ConnectionSummary[],
  captures: readonly Capture[],
  moments: readonly TimedMoment[],
  origin: number,
): ConnectionTrace[] {
  const flowsAt = new Map<string, Flow[]>();
  for (const { record, packets } of captures) {
    if (record.point === 'client')
      flowsAt.set(record.node, clientFlows(record.node, packets.filter(isCarried)));
  }
  const atTaps = tapPackets(captures, moments);
  const taken = new Set<Flow>();
  return [...connections]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map((connection) => {
      const own = (flowsAt.get(connection.client) ?? []).filter((flow) => !taken.has(flow));
      const flow = flowOf(connection, own, origin);
      if (flow === undefined) return { name: connection.name, client: [], taps: [] };
      taken.add(flow);
      return {
        name: connection.name,
        client: trace(flow.seen),
        taps: trace(seenAtTaps(atTaps.get(connection.guest) ?? [], flow.ends), beginnings(flow.seen)),
      };
    });
}

interface Flow {
  readonly ends: Ends;
  readonly seen: Seen[];
}

/** The flows of a client: its own end is the one that sent first. */
function clientFlows(node: string, packets: readonly Carried[]): Flow[] {
  const flows = new Map<string, Flow>();
  for (const packet of packets) {
    const sent = endsOf(packet, true);
    const received = endsOf(packet, false);
    let flow = flows.get(keyOf(sent));
    let toGuest = true;
    if (flow === undefined) {
      const answered = flows.get(keyOf(received));
      if (answered === undefined) {
        flow = { ends: sent, seen: [] };
        flows.set(keyOf(sent), flow);
      } else {
        flow = answered;
        toGuest = false;
      }
    }
    flow.seen.push({ packet, node, toGuest });
  }
  return [...flows.values()];
}

const keyOf = ({ protocol, client, guest, key, service }: Ends): string =>
  `${protocol} ${client} ${guest} ${key} ${service}`;

/** The connection's own among its client's flows: by its port, or else the next one that began after the probe. */
function flowOf(connection: ConnectionSummary, flows: readonly Flow[], origin: number): Flow | undefined {
  const { target, clientPort } = connection;
  const fits = flows.filter(
    ({ ends }) => ends.guest === target && ends.protocol === protocolOf[connection.protocol],
  );
  if (clientPort !== undefined && clientPort !== null)
    return fits.find(({ ends }) => ends.key === clientPort);
  const since = connection.startedAt - origin - START_SLACK_MS;
  return fits.find(({ seen }) => seen[0]!.packet.ms >= since);
}

interface AtTap {
  readonly packet: Carried;
  readonly node: string;
}

/** By guest: all that its TAPs carried. Whose a TAP is, the controller said when OVSDB told of its port. */
function tapPackets(captures: readonly Capture[], moments: readonly TimedMoment[]): Map<string, AtTap[]> {
  const owners = new Map<string, string>();
  for (const { moment } of moments) {
    if (moment.kind === 'port' && moment.guest !== null) {
      owners.set(`${moment.host} ${moment.port}`, moment.guest);
    }
  }
  const found = new Map<string, AtTap[]>();
  for (const { record, packets, links } of captures) {
    if (record.point !== 'taps') continue;
    const guestOf = new Map(links.map(({ index, name }) => [index, owners.get(`${record.node} ${name}`)]));
    for (const packet of packets) {
      const guest = packet.link === undefined ? undefined : guestOf.get(packet.link.index);
      if (guest === undefined || !isCarried(packet)) continue;
      const list = found.get(guest) ?? [];
      found.set(guest, list);
      list.push({ packet, node: record.node });
    }
  }
  return found;
}

/** What goes out of a TAP is for the guest. */
function seenAtTaps(packets: readonly AtTap[], ends: Ends): Seen[] {
  const directed = packets.map(({ packet, node }): Seen & { ends: Ends } => {
    const toGuest = packet.link!.out;
    return { packet, node, toGuest, ends: endsOf(packet, toGuest) };
  });
  const alike = directed.filter(
    ({ ends: one }) => one.protocol === ends.protocol && one.key === ends.key && one.service === ends.service,
  );
  const same = alike.filter(({ ends: one }) => sameEnds({ ...one, guest: ends.guest }, ends));
  return same.length > 0 ? same : alike;
}
