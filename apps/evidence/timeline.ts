/**
 * All that happened in a run, from whoever told of it, on one clock: libvirt's events and QEMU's stamps, OVSDB's
 * ports, flow commits, phases (from the controller), interfaces (from the kernel), megaflows (from each switch),
 * announcements and packets (from captures). All stamps are of one machine's clock; `summary.json` says whether somebody set it meanwhile.
 */
import { type Moment, momentEvent } from '../events.ts';
import type { AttackFigures } from './attacks.ts';
import type { Figures } from './figures.ts';
import type { Capture, Run, TimedMegaflows } from './run-folder.ts';
import type { ConnectionTrace } from './connections.ts';
import { isAnnouncement } from './packet.ts';
import type { TracePacket } from './trace.ts';

/** One line of timeline.csv, and one element of timeline.json's `entries`. Empty fields are left out there. */
export interface TimelineEntry {
  /** Milliseconds since the origin, with a fraction. */
  readonly ms: number;
  /** Who told: the controller, the kernel, a node's ovs-vswitchd, or a capture. */
  readonly source: 'controller' | 'kernel' | 'switch' | 'capture';
  readonly kind: string;
  /** A host, edge or client. */
  readonly node?: string;
  readonly guest?: string;
  /** The migration's number in this run, from 1. */
  readonly migration?: number;
  readonly connection?: string;
  /** For people. */
  readonly text: string;
}

/** In the order of their stamps. */
export function timeline(
  run: Run,
  figures: Pick<Figures, 'migrations' | 'attacks'>,
  traces: readonly ConnectionTrace[],
): TimelineEntry[] {
  const numbers = new Map(figures.migrations.map(({ id, number }) => [id, number]));
  const entries = [
    ...run.moments.map(({ ms, moment }) => fromController(ms, moment, numbers)),
    ...figures.attacks.flatMap(ofAttack),
    ...run.captures.flatMap((capture) => [...fromKernel(capture, run.origin), ...announcements(capture)]),
    ...run.megaflows.map(fromSwitch),
    ...traces.flatMap(({ name, client, taps }) => [
      ...client.map((packet) => fromTrace(name, 'client', packet)),
      ...taps.map((packet) => fromTrace(name, 'tap', packet)),
    ]),
  ];
  return entries.map((entry) => ({ ...entry, ms: toNanoseconds(entry.ms) })).sort((a, b) => a.ms - b.ms);
}

/** As far as any stamp goes. */
const toNanoseconds = (ms: number): number => Math.round(ms * 1e6) / 1e6;

function fromController(ms: number, moment: Moment, numbers: ReadonlyMap<string, number>): TimelineEntry {
  const number = numbers.get(('migration' in moment ? moment.migration : null) ?? '');
  return {
    ms,
    source: 'controller',
    kind: moment.kind,
    ...('host' in moment ? { node: moment.host } : {}),
    ...('guest' in moment && moment.guest !== null ? { guest: moment.guest } : {}),
    ...(number === undefined ? {} : { migration: number }),
    text: momentEvent(moment, 0).message,
  };
}

/** What the captures and the probes show of an attack; what the controller said of it is among its moments. */
function ofAttack(attack: AttackFigures): TimelineEntry[] {
  const { name, kind, sources, from, guest, firstPacketAt, lastPacketAt, packets, reached } = attack;
  const { firstDropMs, firstDropAt, backMs } = attack;
  if (firstPacketAt === null || lastPacketAt === null) return [];
  const dropAt = firstPacketAt + (firstDropMs ?? 0);
  const whose = sources === 'real' ? 'their own addresses' : 'forged addresses';
  const entry = (ms: number, of: string, text: string, node?: string): TimelineEntry => ({
    ms,
    source: 'capture',
    kind: of,
    ...(node === undefined ? {} : { node }),
    guest,
    text: `attack ${name}: ${text}`,
  });
  return [
    entry(firstPacketAt, 'attack-begins', `first packet of a ${kind} from ${from.join(', ')}, ${whose}`),
    ...(firstDropMs === null || firstDropAt === null
      ? []
      : [entry(dropAt, 'attack-dropped', `from here on ${firstDropAt} drops it`, firstDropAt)]),
    entry(lastPacketAt, 'attack-ends', `last of ${packets} packets; ${reached} came to the guest`),
    ...(backMs === null
      ? []
      : [
          entry(
            (firstDropMs === null ? lastPacketAt : dropAt) + backMs,
            'goodput-back',
            'honest goodput is back',
          ),
        ]),
  ];
}

function fromKernel({ record, links }: Capture, origin: number): TimelineEntry[] {
  const entry = (ms: number, kind: string, text: string): TimelineEntry => ({
    ms,
    source: 'kernel',
    kind,
    node: record.node,
    text,
  });
  return [
    entry(record.begunBy - origin, 'capture', `capture of ${record.point} had begun`),
    ...links.flatMap(({ name, appeared, gone }) => [
      ...(appeared === undefined ? [] : [entry(appeared, 'interface', `interface ${name} appeared`)]),
      ...(gone === undefined ? [] : [entry(gone, 'interface', `interface ${name} gone`)]),
    ]),
  ];
}

function fromSwitch({ ms, node, megaflows, roundMs }: TimedMegaflows): TimelineEntry {
  const text = `${megaflows} megaflows at ${node}; the revalidators’ last round took ${roundMs} ms`;
  return { ms, source: 'switch', kind: 'megaflows', node, text };
}

function announcements({ record, packets }: Capture): TimelineEntry[] {
  return packets.flatMap((packet): TimelineEntry[] => {
    if (!isAnnouncement(packet)) return [];
    const { ms, kind, mac, address } = packet;
    const what = kind === 'rarp' ? 'RARP' : kind === 'gratuitous-arp' ? 'gratuitous ARP' : 'advertisement';
    const text = `${what} of ${mac}${address === undefined ? '' : ` for ${address}`} at ${record.point}`;
    return [{ ms, source: 'capture', kind, node: record.node, text }];
  });
}

function fromTrace(connection: string, point: 'client' | 'tap', packet: TracePacket): TimelineEntry {
  const { ms, node, toGuest, n, length, resent } = packet;
  const what = `${toGuest ? 'to' : 'from'} the guest${n === null ? '' : ` #${n}`}, ${length} B`;
  return {
    ms,
    source: 'capture',
    kind: 'packet',
    node,
    connection,
    text: `${what} at ${point}${resent ? ', sent before' : ''}`,
  };
}
