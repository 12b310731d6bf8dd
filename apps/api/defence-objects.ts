/**
 * Verdicts and policies of defence, as the API gives and takes them.
 */
import { z } from 'zod';
import { admission } from '../../controller/limits.ts';
import { DEFENCE_MODES, defaultDefence } from '../../controller/network/defence-policy.ts';
import { FLIGHT_PHASES } from '../../controller/network/flight.ts';
import { ATTACK_KINDS, ORIGINS } from '../defence/verdict.ts';

const moment = z.number().meta({ description: 'milliseconds since the Unix epoch' });
const perSecond = z.number().positive().meta({ description: 'per second' });

const meterRate = z.number().int().min(1).max(admission.most).meta({ description: 'per second' });

export const attackSource = z
  .object({
    prefix: z.string().meta({ description: 'in CIDR form' }),
    rate: z.number().meta({ description: "in the verdict's unit, at least" }),
    confidence: z
      .number()
      .meta({ description: '0 to 1: how sure it is that it exceeds what a client may do' }),
    proven: z.boolean().meta({ description: 'it has completed a handshake: nobody forges its address' }),
  })
  .meta({ id: 'AttackSource' });

export const verdict = z
  .object({
    id: z.string(),
    guest: z.string(),
    host: z.string().meta({ description: 'the host, or the edge, at whose bridge it arrives' }),
    kind: z.enum(ATTACK_KINDS),
    since: moment,
    decided: moment,
    updated: moment,
    ended: moment.nullable(),
    why: z.string(),
    unit: z.enum(['packets/s', 'connections/s', 'connections']),
    rate: z.number(),
    baseline: z.number(),
    threshold: z.number(),
    peak: z.number(),
    origin: z.enum(ORIGINS),
    sources: z.array(attackSource),
    distinctSources: z.number().int(),
  })
  .meta({ id: 'Verdict', description: 'an attack on a guest: its kind, since when, why, and from whom' });

export const defencePolicy = z
  .strictObject({
    policy: z.enum(DEFENCE_MODES),
    floor: z
      .strictObject({
        syn: perSecond,
        ack: perSecond,
        udp: perSecond,
        icmp: perSecond,
        connections: perSecond,
      })
      .meta({ description: 'rates that are no attack, whatever is usual for the guest' }),
    factor: z.number().min(1).meta({ description: 'how many times what is usual an attack is' }),
    perSource: z
      .strictObject({
        connections: perSecond,
        udp: perSecond,
        icmp: perSecond,
        open: z.number().int().positive().meta({ description: 'connections held open' }),
      })
      .meta({ description: 'what one client may do' }),
    admission: z
      .strictObject({ perSecond: meterRate, inFlood: meterRate })
      .default(defaultDefence.admission)
      .meta({
        description:
          'new connections that each bridge lets it have in a second, attacked or not; and in a flood from spoofed sources',
      }),
    coolDown: z
      .number()
      .int()
      .min(0)
      .max(3_600_000)
      .meta({ description: 'milliseconds of calm that end an attack' }),
  })
  .meta({ id: 'DefencePolicy' });

export const flight = z
  .object({
    id: z.string(),
    guest: z.string(),
    from: z.string(),
    to: z.string(),
    verdicts: z.array(z.string()).meta({ description: 'ids of the verdicts that it flees from' }),
    reason: z.string().meta({ description: 'why it moves' }),
    choice: z.string().meta({ description: 'why there' }),
    phase: z.enum(FLIGHT_PHASES).meta({
      description:
        'verifying: it runs there, and is looked at; safe: no attack came along, and honest traffic is back; pursued: the attack came along',
    }),
    why: z.string().meta({ description: 'what led to the present phase' }),
    migration: z.string().nullable().meta({ description: 'id of its migration, once that has begun' }),
    leftBehind: z.number().int().meta({ description: 'sources that were blocked when it began' }),
    entered: z
      .partialRecord(z.enum(FLIGHT_PHASES), moment)
      .meta({ description: 'when each phase was entered' }),
  })
  .meta({ id: 'Flight', description: 'a guest under attack that moves by itself' });

export type FlightObject = z.infer<typeof flight>;
export type VerdictObject = z.infer<typeof verdict>;
export type DefencePolicyObject = z.infer<typeof defencePolicy>;
