/**
 * Domain events: the kinds that we know, as one union, read from the messages that libvirt sends unasked
 * (remote_protocol.x, qemu_protocol.x). Event and detail keep libvirt's own names (libvirt-domain.h), in lower
 * case: VIR_DOMAIN_EVENT_SUSPENDED with VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED is
 * `{ kind: 'lifecycle', event: 'suspended', detail: 'migrated' }`.
 */
import { libvirt as limits } from '../limits.ts';
import { readDomain } from './domain-ref.ts';
import type { DomainRef } from './domain-ref.ts';
import { jobStats } from './job-stats.ts';
import type { JobStats } from './job-stats.ts';
import { programs } from './message.ts';
import { readTypedParam } from './typed-params.ts';
import type { XdrReader } from './xdr.ts';

/** The lifecycle events and their details; a number on the wire is the index here. */
const lifecycleDetails = {
  defined: ['added', 'updated', 'renamed', 'from_snapshot'],
  undefined: ['removed', 'renamed'],
  started: ['booted', 'migrated', 'restored', 'from_snapshot', 'wakeup'],
  suspended: [
    'paused',
    'migrated',
    'ioerror',
    'watchdog',
    'restored',
    'from_snapshot',
    'api_error',
    'postcopy',
    'postcopy_failed',
  ],
  resumed: ['unpaused', 'migrated', 'from_snapshot', 'postcopy', 'postcopy_failed'],
  stopped: ['shutdown', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from_snapshot'],
  shutdown: ['finished', 'guest', 'host'],
  pmsuspended: ['memory', 'disk'],
  crashed: ['panicked', 'crashloaded'],
} as const;

type LifecycleDetails = typeof lifecycleDetails;
export type LifecycleEventName = keyof LifecycleDetails;

/** What every event says: which domain, and when its bytes reached us, by our clock (ms since the epoch). */
interface EventBase {
  readonly domain: DomainRef;
  readonly receivedAt: number;
}

/** A detail or an event that libvirt 9.0 does not have reads as `unknown`. */
export type LifecycleEvent = EventBase & { readonly kind: 'lifecycle' } & (
    | {
        [E in LifecycleEventName]: {
          readonly event: E;
          readonly detail: LifecycleDetails[E][number] | 'unknown';
        };
      }[LifecycleEventName]
    | { readonly event: 'unknown'; readonly detail: 'unknown' }
  );

export interface RebootEvent extends EventBase {
  readonly kind: 'reboot';
}

/** A pass over memory begins: 1 is the first. Sent by the source of a migration. */
export interface MigrationIterationEvent extends EventBase {
  readonly kind: 'migration-iteration';
  readonly iteration: number;
}

/** A job, a migration as a rule, has ended; its statistics as `domainGetJobStats` would give them. */
export interface JobCompletedEvent extends EventBase {
  readonly kind: 'job-completed';
  readonly stats: JobStats;
}

export interface DeviceEvent extends EventBase {
  readonly kind: 'device-added' | 'device-removed' | 'device-removal-failed';
  /** The device's alias, such as `net0`. */
  readonly device: string;
}

const blockJobTypes = ['unknown', 'pull', 'copy', 'commit', 'active_commit', 'backup'] as const;
const blockJobStatuses = ['completed', 'failed', 'canceled', 'ready'] as const;

export interface BlockJobEvent extends EventBase {
  readonly kind: 'block-job';
  /** The disk's target name, such as `vda`. */
  readonly disk: string;
  readonly type: (typeof blockJobTypes)[number];
  readonly status: (typeof blockJobStatuses)[number] | 'unknown';
}

/** An event of QEMU's own monitor (QMP), handed on by libvirt. */
export interface MonitorEvent extends EventBase {
  readonly kind: 'monitor';
  /** QMP's name, such as `STOP`, `RESUME`, `MIGRATION`. */
  readonly event: string;
  /** QEMU's own stamp, by the clock of the host where it runs: ms since the epoch, to the microsecond. */
  readonly qemuTime: number;
  /** The same as QEMU sent it. */
  readonly seconds: number;
  readonly micros: number;
  /** QMP's `data`, or undefined when it has none. */
  readonly details: unknown;
}

export type DomainEvent =
  LifecycleEvent | RebootEvent | MigrationIterationEvent | JobCompletedEvent | DeviceEvent | BlockJobEvent;

export type DomainEventKind = DomainEvent['kind'];
export type DomainEventOf<K extends DomainEventKind> = Extract<DomainEvent, { readonly kind: K }>;
export type LibvirtEvent = DomainEvent | MonitorEvent;

/** `virDomainEventID`: what each kind is called when it is registered for. */
export const domainEventIds: Readonly<Record<DomainEventKind, number>> = {
  lifecycle: 0,
  reboot: 1,
  'device-removed': 15,
  'block-job': 16,
  'device-added': 19,
  'migration-iteration': 20,
  'job-completed': 21,
  'device-removal-failed': 22,
};

/** An event, and the registration that it was sent for. */
export interface ReceivedEvent {
  readonly callbackId: number;
  readonly event: LibvirtEvent;
}

type ReadEvent = (reader: XdrReader, receivedAt: number) => ReceivedEvent;

const text = (reader: XdrReader): string => reader.string(limits.stringMaxBytes);

function lifecycle(domain: DomainRef, receivedAt: number, event: number, detail: number): LifecycleEvent {
  const name = (Object.keys(lifecycleDetails) as LifecycleEventName[])[event];
  const base = { kind: 'lifecycle', domain, receivedAt } as const;
  if (name === undefined) return { ...base, event: 'unknown', detail: 'unknown' };
  const details: readonly string[] = lifecycleDetails[name];
  return { ...base, event: name, detail: details[detail] ?? 'unknown' } as LifecycleEvent;
}

function device(kind: DeviceEvent['kind']): ReadEvent {
  return (r, receivedAt) => ({
    callbackId: r.int(),
    event: { kind, domain: readDomain(r), device: text(r), receivedAt },
  });
}

/** QMP's `data` came through libvirt as text; what is no JSON stays text. */
function parseDetails(details: string | undefined): unknown {
  if (details === undefined) return undefined;
  try {
    return JSON.parse(details) as unknown;
  } catch {
    return details;
  }
}

/** How each event message is read, by its procedure number in the REMOTE program. */
const remoteEvents = new Map<number, ReadEvent>([
  [
    318,
    (r, receivedAt) => ({
      callbackId: r.int(),
      event: lifecycle(readDomain(r), receivedAt, r.int(), r.int()),
    }),
  ],
  [
    319,
    (r, receivedAt) => ({
      callbackId: r.int(),
      event: { kind: 'reboot', domain: readDomain(r), receivedAt },
    }),
  ],
  [333, device('device-removed')],
  [
    339,
    (r, receivedAt) => ({
      callbackId: r.int(),
      event: {
        kind: 'block-job',
        domain: readDomain(r),
        disk: text(r),
        type: blockJobTypes[r.int()] ?? 'unknown',
        status: blockJobStatuses[r.int()] ?? 'unknown',
        receivedAt,
      },
    }),
  ],
  [354, device('device-added')],
  [
    359,
    (r, receivedAt) => ({
      callbackId: r.int(),
      event: { kind: 'migration-iteration', domain: readDomain(r), iteration: r.int(), receivedAt },
    }),
  ],
  [
    363,
    (r, receivedAt) => ({
      callbackId: r.int(),
      event: {
        kind: 'job-completed',
        domain: readDomain(r),
        stats: jobStats(r.array(limits.jobStatsMax, readTypedParam)),
        receivedAt,
      },
    }),
  ],
  [367, device('device-removal-failed')],
]);

const qemuEvents = new Map<number, ReadEvent>([
  [
    6,
    (r, receivedAt) => {
      const callbackId = r.int();
      const domain = readDomain(r);
      const event = text(r);
      const seconds = r.hyperNumber();
      const micros = r.uint();
      const details = parseDetails(r.optional(text));
      const qemuTime = seconds * 1000 + micros / 1000;
      return {
        callbackId,
        event: { kind: 'monitor', domain, event, qemuTime, seconds, micros, details, receivedAt },
      };
    },
  ],
]);

/** How to read the payload of an event message, or undefined when it is none that we know. */
export function eventReader(program: number, procedure: number): ReadEvent | undefined {
  if (program === programs.remote) return remoteEvents.get(procedure);
  if (program === programs.qemu) return qemuEvents.get(procedure);
  return undefined;
}

const CONNECTION_CLOSED = 362;

/** `virConnectCloseReason`: why a daemon lost *its* connection to the hypervisor's own daemon. */
export type HypervisorCloseReason = 'error' | 'eof' | 'keepalive' | 'client' | 'unknown';

const closeReasons: readonly HypervisorCloseReason[] = ['error', 'eof', 'keepalive', 'client'];

export function isConnectionClosedEvent(program: number, procedure: number): boolean {
  return program === programs.remote && procedure === CONNECTION_CLOSED;
}

export function readCloseReason(reader: XdrReader): HypervisorCloseReason {
  return closeReasons[reader.int()] ?? 'unknown';
}
