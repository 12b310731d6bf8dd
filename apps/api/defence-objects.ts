/**
 * Verdicts and policies of defence, as the API gives and takes them.
 */
import { z } from 'zod';
import { DEFENCE_MODES } from '../../controller/network/defence-policy.ts';
import { ATTACK_KINDS, ORIGINS } from '../defence/verdict.ts';

const moment = z.number().meta({ description: 'milliseconds since the Unix epoch' });
const perSecond = z.number().positive().meta({ description: 'per second' });

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
    host: z.string().meta({ description: 'the bridge at which it arrives' }),
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
    coolDown: z
      .number()
      .int()
      .min(0)
      .max(3_600_000)
      .meta({ description: 'milliseconds of calm that end an attack' }),
  })
  .meta({ id: 'DefencePolicy' });

export type VerdictObject = z.infer<typeof verdict>;
export type DefencePolicyObject = z.infer<typeof defencePolicy>;
