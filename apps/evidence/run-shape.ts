/**
 * The shape of a run's files, so that whatever reads them may trust it: a folder may be damaged, or somebody else's. Names
 * become names of files that a report writes, so they are none but what a topology allows.
 */
import { z } from 'zod';
import { ATTACK_KINDS } from '../../controller/network/attack-kind.ts';
import { migration } from '../api/objects.ts';
import { CAPTURE_POINTS, type CaptureRecord } from '../lab/captures.ts';
import type { MegaflowSample } from '../lab/megaflows.ts';
import type { AttackRecord, ConnectionSummary, MigrationSummary, RunSummary } from '../lab/summary.ts';
import { DESTINATIONS, name } from '../../topologies/schema.ts';

/** What `Date` can hold: milliseconds since the Unix epoch. */
const moment = z.number().min(0).max(8.64e15);
const count = z.number().min(0);

const migrationShape: z.ZodType<MigrationSummary> = migration
  .pick({
    id: true,
    guest: true,
    from: true,
    to: true,
    fromSubnet: true,
    toSubnet: true,
    strategy: true,
    relay: true,
    blackoutMs: true,
    copyMs: true,
    reason: true,
    warning: true,
  })
  .extend({
    outcome: migration.shape.outcome.unwrap(),
    entered: z.record(z.string(), moment),
    megaflows: z.record(z.string(), count).default({}),
  });

const connectionShape: z.ZodType<ConnectionSummary> = z.object({
  name,
  protocol: z.enum(['tcp', 'udp', 'icmp', 'http']),
  client: z.string(),
  guest: z.string(),
  target: z.string(),
  clientPort: z.number().nullable().exactOptional(),
  at: z.enum(DESTINATIONS),
  migrations: count,
  unit: z.enum(['messages', 'packets', 'bytes']),
  sent: count,
  received: count,
  lost: z.number(),
  duplicated: count,
  reordered: count,
  survived: z.boolean(),
  gapMs: z.number(),
  gapFrom: moment.nullable(),
  startedAt: moment,
  endedAt: moment,
  rttMs: z.number().nullable(),
  error: z.string().nullable(),
});

/** What came of an attack is found anew. */
const attackShape: z.ZodType<AttackRecord> = z
  .object({
    name,
    kind: z.enum(ATTACK_KINDS),
    sources: z.enum(['real', 'spoofed']),
    from: z.array(z.string()),
    guest: z.string(),
    target: z.string(),
    at: z.enum(DESTINATIONS).default('home'),
    addresses: z.array(z.string()).optional(),
    connections: z.object({ opened: count, completed: count }).nullable().default(null),
    rate: count,
    startedAt: moment,
    endedAt: moment,
  })
  .transform(({ addresses, ...attack }) => ({ ...attack, addresses: addresses ?? [attack.target] }));

/** `summary.json`. A run of an earlier version knows of no attacks, or of those on one address alone, and counted no megaflows. */
export const summaryShape: z.ZodType<RunSummary> = z.object({
  lab: z.string(),
  version: z.string(),
  startedAt: moment,
  endedAt: moment,
  clock: z.object({ beganMs: z.number(), endedMs: z.number() }),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    kernel: z.string(),
    node: z.string(),
    accelerator: z.string(),
    delay: z.string(),
    ovs: z.string(),
    datapath: z.string(),
  }),
  migrations: z.array(migrationShape),
  connections: z.array(connectionShape),
  attacks: z.array(attackShape).default([]),
  passed: z.boolean(),
});

const inCaptures = (kind: string) =>
  z
    .string()
    .regex(new RegExp(`^captures/[\\w-]+\\.${kind}$`), `expected a file such as captures/a1-taps.${kind}`);

/** `captures/captures.json`. */
export const capturesShape: z.ZodType<CaptureRecord[]> = z.array(
  z.object({
    file: inCaptures('pcap'),
    node: z.string(),
    point: z.enum(CAPTURE_POINTS),
    links: inCaptures('txt').nullable(),
    begunBy: moment,
    packets: count,
    dropped: count.nullable(),
  }),
);

/** A line of `megaflows.jsonl`. */
export const megaflowShape: z.ZodType<MegaflowSample> = z.object({
  at: moment,
  node: z.string(),
  megaflows: count,
  roundMs: count,
});
