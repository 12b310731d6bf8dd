/**
 * What happens, as it happens: one line each for the log, the API's stream and a run's timeline.
 *
 * What a timeline is made of is a `Moment`: typed here, once, with the sentence that people read made from it. So
 * nobody has to take such a sentence apart again.
 */
import { z } from 'zod';
import { FLIGHT_PHASES } from '../controller/network/flight.ts';

const ofGuest = { guest: z.string(), migration: z.string().meta({ description: 'its id' }) };

export const moment = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('phase'), ...ofGuest, phase: z.string() }),
    /** A lifecycle event, by libvirt's own names. */
    z.object({
      kind: z.literal('libvirt'),
      ...ofGuest,
      host: z.string(),
      event: z.string(),
      detail: z.string(),
    }),
    /** By QEMU's own stamp. */
    z.object({ kind: z.literal('qemu'), ...ofGuest, host: z.string(), event: z.enum(['STOP', 'RESUME']) }),
    /** A pass over the guest's memory begins. */
    z.object({
      kind: z.literal('iteration'),
      ...ofGuest,
      host: z.string(),
      iteration: z.number().int(),
    }),
    /** The flows of the switchover wait in an open bundle at this bridge. */
    z.object({ kind: z.literal('staged'), ...ofGuest, host: z.string() }),
    /**
     * The gates of the switchover are turned at this bridge: packets go to both hosts, or, as from the guest's stop on, to the
     * destination alone.
     */
    z.object({
      kind: z.literal('gates-turned'),
      ...ofGuest,
      host: z.string(),
      position: z.enum(['before', 'both', 'after']),
    }),
    /** From now on the commit is handed to the connection with this bridge. */
    z.object({ kind: z.literal('commit-sent'), ...ofGuest, host: z.string() }),
    /** This bridge said that it has committed. */
    z.object({ kind: z.literal('commit-acknowledged'), ...ofGuest, host: z.string() }),
    /** Every bridge has acknowledged: packets go to the destination alone. */
    z.object({ kind: z.literal('redirected'), ...ofGuest }),
    /** Every anchor sends copies to the source and the destination (strategy `bicast`). */
    z.object({ kind: z.literal('copying-to-both'), ...ofGuest }),
    /** QEMU was told the longest blackout that it may cause. */
    z.object({ kind: z.literal('downtime-set'), ...ofGuest, host: z.string(), ms: z.number() }),
    /** A care-of anchor has gone: its flows, and its addresses after a quarantine. */
    z.object({ kind: z.literal('released'), guest: z.string(), host: z.string() }),
    /** Somebody else has begun to migrate the guest. */
    z.object({ kind: z.literal('noticed'), guest: z.string(), host: z.string() }),
    /** OVSDB tells of a port on the host's bridge, or no more of it. */
    z.object({
      kind: z.literal('port'),
      host: z.string(),
      port: z.string(),
      change: z.enum(['appeared', 'gone']),
      guest: z.string().nullable().meta({ description: 'whose interface it is' }),
    }),
    /** A guest is under attack, as an attack's kind shows; what is known of its sources; and it is over. */
    z.object({
      kind: z.enum(['attack-detected', 'attack-sources', 'attack-over']),
      guest: z.string(),
      host: z.string(),
      verdict: z.string().meta({ description: 'its id' }),
      attack: z.string().meta({ description: 'kind of the attack' }),
      origin: z.string(),
      sources: z.number().int().meta({ description: 'how many sources are named' }),
      why: z.string(),
    }),
    /** What a verdict led to is in force at every connected bridge; told again when there are more sources. */
    z.object({
      kind: z.literal('filtered'),
      guest: z.string(),
      verdict: z.string().meta({ description: 'its id' }),
      sources: z.number().int().meta({ description: 'how many addresses and prefixes are blocked for it' }),
      admission: z
        .number()
        .nullable()
        .meta({ description: 'new connections a second that the guest is let have; null: as usual' }),
    }),
    /** A guest under attack moves by itself, as far as that has come. */
    z.object({
      kind: z.literal('flight'),
      guest: z.string(),
      flight: z.string().meta({ description: 'its id' }),
      phase: z.enum(FLIGHT_PHASES),
      from: z.string(),
      to: z.string(),
      migration: z.string().nullable().meta({ description: 'id of its migration, once that has begun' }),
      why: z.string(),
    }),
    /** A guest under attack should move, and stays where it is. */
    z.object({
      kind: z.literal('flight-withheld'),
      guest: z.string(),
      host: z.string(),
      why: z.string(),
    }),
    /** The name server has these addresses, and no others, for the guest's name. */
    z.object({
      kind: z.literal('name-published'),
      guest: z.string(),
      name: z.string(),
      addresses: z.array(z.string()),
    }),
    /** A guest's RARP came to the controller. */
    z.object({ kind: z.literal('announced'), host: z.string() }),
  ])
  .meta({ id: 'Moment', description: 'an event as a timeline has it, by its kind' });

export type Moment = z.infer<typeof moment>;

export interface ControllerEvent {
  /** Clock time, in milliseconds since the Unix epoch, with a fraction. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  /** What it is about, such as `guest web` or `host a1`. */
  readonly subject: string;
  readonly message: string;
  /** The error's code, for scripts. */
  readonly code?: string;
  readonly moment?: Moment;
}

/** A moment as an event, with its sentence for people. */
export function momentEvent(moment: Moment, at: number): ControllerEvent {
  const isOfHost = moment.kind === 'port' || moment.kind === 'announced';
  return {
    at,
    level: isOfHost ? 'debug' : isWarning(moment) ? 'warning' : 'info',
    subject: isOfHost ? `host ${moment.host}` : `guest ${moment.guest}`,
    message: sentence(moment),
    moment,
  };
}

function isWarning(moment: Moment): boolean {
  if (moment.kind === 'flight') return moment.phase === 'failed' || moment.phase === 'pursued';
  return moment.kind === 'attack-detected' || moment.kind === 'flight-withheld';
}

function sentence(moment: Moment): string {
  switch (moment.kind) {
    case 'phase':
      return moment.phase;
    case 'libvirt':
      return `${moment.event}(${moment.detail}) at ${moment.host}`;
    case 'qemu':
      return `QEMU ${moment.event} at ${moment.host}`;
    case 'iteration':
      return `pass ${moment.iteration} over memory at ${moment.host}`;
    case 'staged':
      return `switchover staged at ${moment.host}`;
    case 'gates-turned': {
      const open = { before: 'the source', both: 'both hosts', after: 'the destination' } as const;
      return `gates at ${moment.host} turned: open to ${open[moment.position]}`;
    }
    case 'commit-sent':
      return `commit sent to ${moment.host}`;
    case 'commit-acknowledged':
      return `commit acknowledged by ${moment.host}`;
    case 'redirected':
      return 'redirected';
    case 'copying-to-both':
      return 'copying to both';
    case 'downtime-set':
      return `blackout of at most ${moment.ms} ms allowed at ${moment.host}`;
    case 'released':
      return `anchor at ${moment.host} released`;
    case 'noticed':
      return `noticed at ${moment.host}`;
    case 'port':
      return `port ${moment.port}${moment.guest === null ? '' : ` of guest ${moment.guest}`} ${moment.change}`;
    case 'attack-detected':
      return `under attack at ${moment.host}: ${moment.attack}: ${moment.why}`;
    case 'attack-sources':
      return moment.sources === 0
        ? `the ${moment.attack} at ${moment.host} is ${moment.origin}: no source stands out`
        : `the ${moment.attack} at ${moment.host} is ${moment.origin}: ${moment.sources} ${moment.sources === 1 ? 'source' : 'sources'} named`;
    case 'attack-over':
      return `the ${moment.attack} at ${moment.host} is over`;
    case 'filtered':
      return filtered(moment);
    case 'flight':
      return `flight from ${moment.from} to ${moment.to}, ${moment.phase}: ${moment.why}`;
    case 'flight-withheld':
      return `stays at ${moment.host}, though under attack: ${moment.why}`;
    case 'name-published':
      return `${moment.name} is ${moment.addresses.join(', ')}`;
    case 'announced':
      return 'a guest announced itself (RARP)';
  }
}

function filtered({ sources, admission }: Extract<Moment, { kind: 'filtered' }>): string {
  const done = [
    ...(sources === 0 ? [] : [`${sources} ${sources === 1 ? 'source' : 'sources'} blocked`]),
    ...(admission === null ? [] : [`at most ${admission} new connections a second`]),
  ];
  return `filtered: ${done.join(', ')}`;
}

/** A listener that throws keeps nothing from the others; Node says on standard error what it threw. */
export class EventStream {
  readonly #listeners = new Set<(event: ControllerEvent) => void>();

  emit(event: ControllerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  on(listener: (event: ControllerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
