/**
 * Meters, in packets a second. Flows refer to them, so a meter stands before its flows and goes after them; OVS
 * does not take meter mods in bundles. Every bridge has those of the pipeline; the program's blocks name the rest.
 */
import {
  type ErrorMessage,
  actions,
  isRawEntry,
  match,
  type Message,
  MeterFlag,
  type MeterMod,
  type MultipartMessage,
  packetOut,
  Port,
} from '../openflow/index.ts';
import { switches as limits } from '../limits.ts';
import { SwitchRefusedError } from './errors.ts';
import { isInterfaceMeter, isRelayedMeter, Meter, SHUT } from './pipeline.ts';
import { metersOf, type Program } from './program.ts';
import type { SwitchSession } from './session.ts';

/** Rates by meter id; at `SHUT`, a meter lets nothing pass. */
export type Meters = ReadonlyMap<number, number>;

const pipelineRates: Readonly<Record<keyof typeof Meter, number>> = {
  tooLarge: limits.tooLargePerSecond,
  neighbour: limits.neighbourPerSecond,
  gateway: limits.gatewayPerSecond,
  announcement: limits.announcementPerSecond,
  sampleStrangers: limits.samplesPerSecond,
  sampleConnections: limits.samplesPerSecond,
  sampleKnown: limits.samplesPerSecond,
};

const EVERY_METER = 0xffff_ffff;

/** All that a bridge with this program should have. */
export function wantedMeters(program: Program): Meters {
  const wanted = new Map(metersOf(program));
  for (const [name, meterId] of Object.entries(Meter)) {
    wanted.set(meterId, pipelineRates[name as keyof typeof Meter]);
  }
  return wanted;
}

/** Those of `wanted` that are not there, or there with another rate. */
export function missingMeters(held: Meters, wanted: Meters): Meters {
  return new Map([...wanted].filter(([meterId, rate]) => held.get(meterId) !== rate));
}

/** Puts each meter there, or sets its rate anew. */
export async function putMeters(session: SwitchSession, meters: Meters): Promise<void> {
  const present = new Set<number>();
  await send(session, meters, 'add', (meterId, error) => {
    if (error.error !== 'OFPMMFC_METER_EXISTS') return false;
    present.add(meterId);
    return true;
  });
  const rest = new Map([...meters].filter(([meterId]) => present.has(meterId)));
  await send(session, rest, 'modify', () => false);
}

/** Sets the rates of meters that are there. All is sent when it returns; resolves when the switch has done it. */
export function turnMeters(session: SwitchSession, meters: Meters): Promise<void> {
  const turned = send(session, meters, 'modify', () => false);
  session.flush();
  return turned;
}

/**
 * Does one of these meters, which were shut, let something pass all the same? Frames of ours are held against what the switch
 * counts, and whatever else comes meanwhile.
 */
export async function isLeaking(session: SwitchSession, meterIds: readonly number[]): Promise<boolean> {
  const before = await passed(session, meterIds);
  for (const meterId of meterIds) for (let i = 0; i < PROOFS; i++) session.send(emptying(meterId));
  const after = await passed(session, meterIds);
  return meterIds.some((_, i) => after[i]! > before[i]!);
}

/** Packets that each of them has let pass. */
async function passed(session: SwitchSession, meterIds: readonly number[]): Promise<bigint[]> {
  const answers = await Promise.all(
    meterIds.map((meterId) =>
      session.requestAll({ type: 'meter_stats_request', meterId }, 'telling what a meter lets pass'),
    ),
  );
  return answers.map((parts) =>
    parts
      .flatMap((part) => (part.type === 'meter_stats_reply' ? part.meters : []))
      .reduce(
        (sum, meter) =>
          isRawEntry(meter) ? sum : sum + meter.packetInCount - (meter.bands[0]?.packetCount ?? 0n),
        0n,
      ),
  );
}

/** Meters that no flow refers to any more; one that is gone already is no error. */
export async function removeMeters(session: SwitchSession, meterIds: Iterable<number>): Promise<void> {
  const meters = new Map([...meterIds].map((meterId) => [meterId, 0]));
  await send(session, meters, 'delete', (_, { error }) => error === 'OFPMMFC_UNKNOWN_METER');
}

/** The meters of interfaces that the switch has, whoever put them there. */
export async function readInterfaceMeters(session: SwitchSession): Promise<number[]> {
  const found: number[] = [];
  const parts = await session.requestAll(
    { type: 'meter_desc_request', meterId: EVERY_METER },
    'telling its meters',
  );
  for (const part of parts) for (const meterId of describedIn(part)) found.push(meterId);
  return found.filter(isInterfaceMeter);
}

function describedIn(part: Message | MultipartMessage): number[] {
  if (part.type !== 'meter_desc_reply') return [];
  return part.meters.flatMap((meter) => (isRawEntry(meter) ? [] : [meter.meterId]));
}

/** Throws the first refusal that `expected` does not take for an answer. */
async function send(
  session: SwitchSession,
  meters: Meters,
  command: MeterMod['command'],
  expected: (meterId: number, error: ErrorMessage) => boolean,
): Promise<void> {
  if (meters.size === 0) return;
  const first = session.allocateXids(meters.size);
  const ids = [...meters.keys()];
  let refused: SwitchRefusedError | undefined;
  const unwatch = session.watchErrors(first, meters.size, (message) => {
    const meterId = ids[(message.xid ?? 0) - first] ?? 0;
    if (!expected(meterId, message))
      refused ??= new SwitchRefusedError(session.peer, `meter ${meterId}`, message);
  });
  try {
    ids.forEach((meterId, i) => {
      const rate = meters.get(meterId) ?? 0;
      session.send({ ...modOf(command, meterId, rate), xid: first + i });
      if (rate === SHUT && command !== 'delete') session.send(emptying(meterId));
    });
    await session.barrier('setting meters');
  } finally {
    unwatch();
  }
  if (refused !== undefined) throw refused;
}

/**
 * OVS takes no rate of 0. But it fills a meter's bucket by whole milliseconds, at most as many as would fill it: none, where
 * the bucket is full in less than one. It begins with a full one, though: of the single packet that the bucket holds then,
 * `emptying` makes use.
 */
const SHUT_BAND = { type: 'drop', rate: 2_000, burstSize: 1 } as const;

/** Frames that show whether a meter that is shut lets anything pass. */
const PROOFS = 3;

/** A frame for the meter to let pass, to nowhere. */
function emptying(meterId: number): Message {
  const frame = new Uint8Array(60);
  return packetOut({
    match: match({ in_port: Port.CONTROLLER }),
    actions: [actions.meter(meterId)],
    data: frame,
  });
}

/** Packets that may come at once: as many as in a second; of what is relayed, all that goes on when its guest has moved. */
const burstOf = (meterId: number, rate: number): number =>
  isRelayedMeter(meterId) ? rate * limits.relayedBurstSeconds : rate;

function modOf(command: MeterMod['command'], meterId: number, rate: number): MeterMod {
  const band =
    rate === SHUT ? SHUT_BAND : ({ type: 'drop', rate, burstSize: burstOf(meterId, rate) } as const);
  return {
    type: 'meter_mod',
    command,
    flags: MeterFlag.PKTPS | MeterFlag.BURST | MeterFlag.STATS,
    meterId,
    bands: command === 'delete' ? [] : [band],
  };
}
