/**
 * The objects that the API gives, and the CLI shows, as schemas: types, OpenAPI document and checks all come
 * from here. Names are those of ARCHITECTURE.md's list of words.
 */
import { z } from 'zod';
import { blocklist as blocklistLimits, migration as limits } from '../../controller/limits.ts';
import { STRATEGIES } from '../../controller/network/migration.ts';
import { ADMITS } from '../../controller/network/anchor.ts';
import { RELAY_MODES } from '../../controller/network/relay.ts';
import { moment as timelineMoment } from '../events.ts';

const milliseconds = z.number().meta({ description: 'milliseconds' });
const moment = z.number().meta({ description: 'milliseconds since the Unix epoch' });

const relayMode = z
  .enum(RELAY_MODES)
  .meta({ description: 'how anchors relay while the guest is where it goes' });

export const addresses = z
  .object({ ipv4: z.string().optional(), ipv6: z.string().optional() })
  .meta({ id: 'Addresses', description: 'at most one address of each family' });

export const anchor = z
  .object({
    index: z.number().int().meta({ description: '1 is the home anchor' }),
    host: z.string(),
    addresses,
    admit: z.enum(ADMITS),
    ways: z.array(z.object({ host: z.string(), mode: relayMode, edge: addresses, anchor: addresses })).meta({
      description:
        'how it relays to a host that the guest is at or goes to, with relay addresses for edges and for itself; else through a tunnel',
    }),
    relay: z
      .object({
        packets: z.number().meta({ description: 'in both directions, since the controller began to count' }),
        bytes: z.number(),
        idleSince: moment.meta({ description: 'when something was last seen to pass' }),
        goesAt: moment.nullable().meta({
          description: 'when the anchor goes if nothing more passes; null for the home anchor, which stays',
        }),
      })
      .nullable()
      .meta({ description: 'what it has relayed; null while the guest is there' }),
  })
  .meta({
    id: 'Anchor',
    description: 'a bridge that holds the state of connections born on these addresses',
  });

const ofAnInterface = {
  home: addresses,
  careOf: addresses.nullable().meta({ description: 'its addresses where it is, when that is not its home' }),
  mac: z.string(),
  anchors: z.array(anchor),
};

export const guestInterface = z.object(ofAnInterface).meta({ id: 'GuestInterface' });

export const dnsName = z
  .object({
    name: z.string(),
    published: z.array(z.string()).nullable().meta({
      description: 'the addresses that the name server last acknowledged; null while that is not known',
    }),
    wanted: z
      .array(z.string())
      .nullable()
      .meta({ description: 'those that new clients should use; null while that is not known' }),
    problem: z.string().nullable().meta({ description: 'why these are not published yet' }),
  })
  .meta({ id: 'DnsName', description: 'how new clients find a guest' });

export const guest = z
  .object({
    name: z.string(),
    uuid: z.string(),
    host: z.string().nullable().meta({ description: 'where its traffic is delivered' }),
    state: z.string().meta({ description: 'what libvirt says of it there' }),
    // Those of its first interface, which most guests have no other beside.
    ...ofAnInterface,
    interfaces: z.array(guestInterface).meta({ description: 'all of them, the first one included' }),
    memoryMiB: z.number(),
    services: z.array(z.object({ protocol: z.string(), port: z.number() })),
    migration: z.string().nullable().meta({ description: 'id of the migration that it is in' }),
    dns: dnsName.nullable().meta({ description: 'null where names are not kept' }),
  })
  .meta({ id: 'Guest' });

export const host = z
  .object({
    name: z.string(),
    site: z.string(),
    underlay: z.string(),
    openflow: z.enum(['connected', 'reading-back', 'disconnected']),
    ovsdb: z.enum(['seen', 'unseen']),
    libvirt: z.enum(['connected', 'disconnected']),
    datapathId: z.string().nullable(),
    datapath: z
      .object({
        type: z.string(),
        ovsVersion: z.string(),
        missing: z.array(z.string()).meta({ description: 'what the pipeline needs and the datapath lacks' }),
        unknown: z.boolean().meta({ description: 'OVS does not tell what its datapath can do' }),
      })
      .nullable(),
    graceUntil: moment.nullable(),
    capacity: z.object({ guests: z.number(), memoryMiB: z.number() }),
    guests: z.array(z.string()),
  })
  .meta({ id: 'Host' });

export const edge = host
  .pick({
    name: true,
    site: true,
    underlay: true,
    openflow: true,
    ovsdb: true,
    datapathId: true,
    datapath: true,
  })
  .extend({
    redirect: z.boolean().meta({
      description: 'whether it sends connections straight to where a guest is; without, anchors relay them',
    }),
  })
  .meta({ id: 'Edge', description: 'an OVS between a site and its router; it holds no guests' });

export const migration = z
  .object({
    id: z.string(),
    guest: z.string(),
    from: z.string(),
    to: z.string(),
    fromSubnet: z.string(),
    toSubnet: z.string(),
    strategy: z.enum(STRATEGIES),
    admit: z.enum(ADMITS),
    relay: relayMode,
    origin: z.enum(['controller', 'noticed']),
    phase: z.enum([
      'planned',
      'preparing',
      'copying',
      'switching',
      'relaying',
      'drained',
      'failed',
      'rolled-back',
    ]),
    outcome: z
      .enum(['completed', 'rolled-back', 'failed'])
      .nullable()
      .meta({ description: 'null while it moves' }),
    reason: z.string().nullable(),
    warning: z.string().nullable().meta({ description: 'what it could not keep to, and what can be done' }),
    maxBlackoutMs: milliseconds,
    blackoutMs: milliseconds.nullable(),
    copyMs: milliseconds
      .nullable()
      .meta({ description: "to the guest's stop at the source, in milliseconds" }),
    entered: z.record(z.string(), moment).meta({ description: 'when each phase was entered' }),
  })
  .meta({ id: 'Migration' });

export const migrationRequest = z
  .strictObject({
    guest: z.string(),
    to: z.string(),
    strategy: z.enum(STRATEGIES).optional(),
    admit: z.enum(ADMITS).optional(),
    relay: relayMode.optional(),
    bandwidthMiBps: z.number().int().min(1).optional(),
    copyStorage: z.enum(['all', 'inc']).optional().meta({
      description:
        'copy disks that only the source has: all of them, or what differs from images that the destination has',
    }),
    maxBlackoutMs: z.number().int().min(limits.maxBlackoutMsLeast).max(limits.maxBlackoutMsMost).optional(),
    autoConverge: z.boolean().optional(),
    postCopy: z.boolean().optional(),
  })
  .meta({ id: 'MigrationRequest' });

/** Without a host: every care-of anchor that relays. */
export const releaseRequest = z
  .strictObject({ anchor: z.string().optional().meta({ description: 'the host whose anchor is given up' }) })
  .meta({ id: 'ReleaseRequest' });

/** An abort says nothing but that; what it is about is in its address. */
export const abortRequest = z.strictObject({}).meta({ id: 'AbortRequest' });

export const madeBy = z
  .object({
    origin: z.enum(['person', 'list', 'verdict', 'policy', 'flight', 'migration']).meta({
      description:
        'person, list: asked for; policy: it is how the guest is defended, attacked or not; flight, migration: it closes what the guest has left to what is new',
    }),
    verdicts: z.array(z.string()).meta({ description: 'ids of the verdicts that led to it' }),
    flight: z.string().nullable().meta({ description: 'id' }),
    migration: z.string().nullable().meta({ description: 'id' }),
  })
  .meta({ id: 'MadeBy', description: 'who made a flow what it is' });

export const flow = z
  .object({
    table: z.string(),
    tableId: z.number(),
    priority: z.number(),
    match: z.string(),
    actions: z.string(),
    packets: z.number(),
    bytes: z.number(),
    owner: z.string().meta({ description: 'app and object, or `foreign`' }),
    cookie: z.string(),
    madeBy: madeBy.nullable().meta({ description: 'null: it is there whatever anybody says' }),
  })
  .meta({ id: 'Flow' });

export const status = z
  .object({
    version: z.string(),
    startedAt: moment,
    hosts: z.object({ total: z.number(), connected: z.number() }),
    guests: z.object({ total: z.number(), running: z.number() }),
    migrations: z.object({ total: z.number(), moving: z.number() }),
  })
  .meta({ id: 'Status' });

export const event = z
  .object({
    at: moment,
    level: z.enum(['debug', 'info', 'warning', 'error']),
    subject: z.string(),
    message: z.string(),
    code: z.string().optional(),
    moment: timelineMoment.optional(),
  })
  .meta({ id: 'Event' });

const source = z.string().meta({ description: 'an address, or a prefix in CIDR form' });
const reason = z.string().max(blocklistLimits.reason).meta({ description: 'why, for people' });

export const block = z
  .object({
    number: z.number().int().meta({ description: 'what cookies of its flows name; never used again' }),
    origin: z.enum(['person', 'verdict', 'list']),
    reason: z.string(),
    verdict: z.string().nullable().meta({ description: 'id of the verdict that made it' }),
    guest: z
      .string()
      .nullable()
      .meta({ description: 'only packets to this guest are dropped; null: to any' }),
    line: z.enum(['first', 'second']).meta({
      description: 'first: nothing of its sources gets in; second: none of their new connections',
    }),
    count: z.number().int().meta({ description: 'how many sources it has' }),
    sources: z.array(source).meta({ description: 'the first of them; none where they are very many' }),
    createdAt: moment,
    expires: moment.nullable().meta({ description: 'null: when it is taken away' }),
  })
  .meta({ id: 'Block', description: 'sources that are dropped, for one reason' });

export const blockRequest = z
  .strictObject({
    sources: z.array(source).min(1).max(blocklistLimits.sourcesPerRequest),
    origin: z.enum(['person', 'list']).optional(),
    reason: reason.optional(),
    guest: z.string().optional(),
    lastsMs: z.number().positive().max(blocklistLimits.longest).optional(),
  })
  .meta({ id: 'BlockRequest' });

export const moreSources = z
  .strictObject({ sources: z.array(source).min(1).max(blocklistLimits.sourcesPerRequest) })
  .meta({ id: 'MoreSources' });

export const unblocked = z
  .object({ source, blocks: z.array(z.number().int()).meta({ description: 'the blocks that it was in' }) })
  .meta({ id: 'Unblocked' });

export const allowance = z
  .object({ source, reason: z.string(), createdAt: moment })
  .meta({ id: 'Allowance', description: 'a source that is never dropped by a block' });

export const allowanceRequest = z
  .strictObject({ source, reason: reason.optional() })
  .meta({ id: 'AllowanceRequest' });

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string(),
  })
  .meta({ id: 'Problem' });

export type GuestObject = z.infer<typeof guest>;
export type HostObject = z.infer<typeof host>;
export type EdgeObject = z.infer<typeof edge>;
export type MigrationObject = z.infer<typeof migration>;
export type ReleaseRequest = z.infer<typeof releaseRequest>;
export type MigrationRequest = z.infer<typeof migrationRequest>;
export type BlockObject = z.infer<typeof block>;
export type BlockRequest = z.infer<typeof blockRequest>;
export type UnblockedObject = z.infer<typeof unblocked>;
export type AllowanceObject = z.infer<typeof allowance>;
export type FlowObject = z.infer<typeof flow>;
export type StatusObject = z.infer<typeof status>;
export type EventObject = z.infer<typeof event>;
export type Problem = z.infer<typeof problem>;
