/**
 * A run's figures as CSV (RFC 4180), for people's own plots. The columns of every table are here, with what they
 * mean; columns.csv says the same beside them.
 */
import { stringify } from 'csv-stringify/sync';
import type { Figures } from './figures.ts';
import { megaflowText } from './megaflows.ts';
import type { TimelineEntry } from './timeline.ts';
import type { TracePacket } from './trace.ts';

interface Column<Row> {
  readonly name: string;
  readonly meaning: string;
  readonly of: (row: Row) => string | number | boolean | null | undefined;
}

const same = <Row>(name: keyof Row & string, meaning: string): Column<Row> => ({
  name,
  meaning,
  of: (row) => row[name] as string | number | boolean | null | undefined,
});

type Migration = Figures['migrations'][number];
type Connection = Figures['connections'][number];
type Switchover = Figures['switchovers'][number];
type Attack = Figures['attacks'][number];
type CaptureFigures = Figures['captures'][number];

export const migrationColumns: readonly Column<Migration>[] = [
  same('number', 'number of the migration in this run, from 1'),
  same('guest', 'guest'),
  same('from', 'source host'),
  same('to', 'destination host'),
  same('strategy', 'when packets were redirected: rarp, redirect or bicast'),
  same('outcome', 'completed, rolled-back or failed'),
  same('reason', 'why it failed'),
  same('warning', 'what the controller says of it besides'),
  same('plannedAt', 'when it was planned, ms since the origin'),
  same('stopAt', "QEMU's STOP at the source, ms since the origin"),
  same('resumeAt', "QEMU's RESUME at the destination, ms since the origin"),
  same('blackoutMs', 'from STOP to RESUME'),
  same('copyMs', "how long memory was copied before the guest's stop"),
  same('copyingToBothAt', 'bicast: copies go to both hosts, ms since the origin'),
  same('gatesTurnedAt', 'first gates after STOP turned, ms since the origin'),
  same('commitSentAt', 'first commit after STOP sent, ms since the origin'),
  same('redirectedAt', 'last commit acknowledged, ms since the origin'),
  same('newPathAt', "first request on the destination's TAP after STOP, ms since the origin"),
  same('newPathMs', 'from STOP to it'),
  {
    name: 'megaflows',
    meaning: 'megaflows in each datapath at the switchover: NODE=COUNT, a space between two',
    of: (one) => megaflowText(one.megaflows),
  },
  same('announcedAt', "first RARP at the destination's TAP, ms since the origin"),
  same('tapAt', "the destination's TAP appeared, by the kernel, ms since the origin"),
  same('tapCapturedBefore', 'the capture had begun before the TAP appeared'),
  same(
    'copied',
    'requests that both TAPs carried, at the source before STOP, at the destination before RESUME',
  ),
];

export const connectionColumns: readonly Column<Connection>[] = [
  same('name', 'connection'),
  same('protocol', 'tcp, http, udp or icmp'),
  same('client', 'client node'),
  same('guest', 'guest'),
  same('target', 'address that it was opened to'),
  same('at', 'home or care-of'),
  same('migrations', 'migrations while it was open'),
  same('unit', 'what the next five count'),
  same('sent', 'sent by the client'),
  same('received', 'answered'),
  same('lost', 'never answered'),
  same('duplicated', 'answered twice'),
  same('reordered', 'answers overtaken by later ones'),
  same('gapMs', 'longest silence over its whole life, by the probe'),
  same('rttMs', 'median round trip, by the probe'),
  same('retransmitted', 'TCP: segments of the client with data sent before, by the capture at the client'),
  same('retransmittedByGuest', 'TCP: the same of the guest, by the captures at its TAPs'),
  same('packets', 'packets of it in the capture at the client'),
  same('survived', 'the connection lived to the end and owed nothing'),
  same('error', 'why it ended'),
];

export const switchoverColumns: readonly Column<Switchover>[] = [
  same('migration', 'number of the migration'),
  same('connection', 'connection'),
  same('gapMs', 'longest silence at the client around the switchover, by the capture'),
  same('gapFrom', 'when it began, ms since the origin'),
  same('gapMinusBlackoutMs', 'gap minus blackout'),
  same('networkMs', "from RESUME to the first request on the destination's TAP that the guest then answers"),
  same('firstAnswerMs', "from RESUME to the guest's first packet of it"),
  same('waiting', "requests that waited at the destination's TAP when the guest resumed"),
  same('lost', 'requests sent from STOP to 1 s after RESUME that were never answered'),
  same('retransmitted', 'TCP: segments sent again in that time'),
];

export const attackColumns: readonly Column<Attack>[] = [
  same('name', 'attack'),
  same('kind', 'kind of attack'),
  same('sources', "real: the attackers' own addresses; spoofed: another one for each packet"),
  { name: 'from', meaning: 'attackers', of: ({ from }) => from.join(' ') },
  same('guest', 'guest'),
  same('rate', 'packets or connections a second, as asked for'),
  same('firstPacketAt', "its first packet at an attacker's interface, ms since the origin"),
  same('lastPacketAt', 'its last one'),
  same('packets', 'packets that the attackers sent'),
  same('reached', "those of them that came to the guest's TAP"),
  same('verdict', 'kind of the first verdict'),
  same('verdictMs', 'from the first packet to the verdict, by the controller'),
  same('filteredMs', 'to what it led to being in force at every bridge, by the controller'),
  same('firstDropMs', 'to the first packet that a bridge did not give out when it began to drop nearly all'),
  same('firstDropAt', 'which bridge'),
  same('safeMs', 'to the end of the flight, verified, by the controller'),
  same('backMs', 'from the first drop until honest goodput was back at 95 % for a second'),
  {
    name: 'goodputBefore',
    meaning: 'honest goodput before it, bit/s',
    of: (one) => one.honestGoodput.before,
  },
  {
    name: 'goodputDuring',
    meaning: 'from its first to its last packet',
    of: (one) => one.honestGoodput.during,
  },
  { name: 'goodputAfter', meaning: 'after it', of: (one) => one.honestGoodput.after },
  same('honestConnectionsLost', 'honest connections that were open when it began, and did not live'),
];

export const captureColumns: readonly Column<CaptureFigures>[] = [
  same('file', 'file'),
  same('node', 'node'),
  same('point', 'client, attacker, uplink, inside (an edge) or taps'),
  { name: 'begunByMs', meaning: 'it had begun by then, ms since the epoch', of: ({ begunBy }) => begunBy },
  same('packets', 'packets captured'),
  same('dropped', 'packets that the kernel dropped before tcpdump read them'),
  same('cut', 'the file ends in the midst of a packet'),
];

export const timelineColumns: readonly Column<TimelineEntry>[] = [
  same('ms', 'ms since the origin'),
  same('source', 'controller, kernel, switch or capture'),
  same('kind', 'kind of moment, or packet'),
  same('node', 'host, edge or client'),
  same('guest', 'guest'),
  same('migration', 'number of the migration'),
  same('connection', 'connection'),
  same('text', 'what happened'),
];

export const packetColumns: readonly Column<TracePacket>[] = [
  same('ms', 'ms since the origin'),
  same('node', 'client, or the host whose TAP it was'),
  {
    name: 'direction',
    meaning: 'to-guest or from-guest',
    of: (one) => (one.toGuest ? 'to-guest' : 'from-guest'),
  },
  same('n', 'number of the message; TCP: offset of its first byte in the stream'),
  same('length', 'bytes of payload'),
  same('acked', 'TCP: offset up to which its sender has the other direction'),
  { name: 'flags', meaning: 'TCP: flags, as a number', of: ({ flags }) => (flags === 0 ? null : flags) },
  same('resent', 'TCP: with data that was seen here before'),
];

/** In pieces: a run has millions of packets. */
export function* csv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Iterable<string> {
  yield stringify([], { header: true, columns: columns.map(({ name }) => name) });
  for (let i = 0; i < rows.length; i += ROWS_A_PIECE) {
    yield stringify(rows.slice(i, i + ROWS_A_PIECE).map((row) => columns.map(({ of }) => cell(of(row)))));
  }
}

const ROWS_A_PIECE = 1_000;

/** Nanoseconds are as far as stamps go; a boolean reads the same everywhere. */
function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(6) : String(value);
}

const tables = [
  ['migrations.csv', migrationColumns],
  ['connections.csv', connectionColumns],
  ['switchovers.csv', switchoverColumns],
  ['attacks.csv', attackColumns],
  ['captures.csv', captureColumns],
  ['timeline.csv', timelineColumns],
  ['packets-CONNECTION.csv', packetColumns],
] as const;

/** Which table has which column, and what it means. */
export function columnsTable(): string {
  const rows = tables.flatMap(([table, columns]) =>
    columns.map(({ name, meaning }) => [table, name, meaning]),
  );
  return stringify(rows, { header: true, columns: ['table', 'column', 'meaning'] });
}
