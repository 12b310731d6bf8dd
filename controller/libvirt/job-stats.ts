/**
 * What libvirt tells about a domain's job, a migration as a rule: `VIR_DOMAIN_JOB_*` of libvirt-domain.h. Which
 * fields are there depends on the job and on the hypervisor, so each is optional. Times are in milliseconds,
 * sizes in bytes, rates per second.
 */
import type { TypedParam } from './typed-params.ts';

/** `virDomainJobType`. */
const jobTypes = ['none', 'bounded', 'unbounded', 'completed', 'failed', 'cancelled'] as const;
export type JobType = (typeof jobTypes)[number] | 'unknown';

/** `virDomainJobOperation`. */
const jobOperations = [
  'unknown',
  'start',
  'save',
  'restore',
  'migration_in',
  'migration_out',
  'snapshot',
  'snapshot_revert',
  'dump',
  'backup',
  'snapshot_delete',
] as const;
export type JobOperation = (typeof jobOperations)[number];

/** Our name for each number that libvirt gives, and libvirt's. */
const numberFields = {
  timeElapsed: 'time_elapsed',
  timeElapsedNet: 'time_elapsed_net',
  timeRemaining: 'time_remaining',
  downtime: 'downtime',
  downtimeNet: 'downtime_net',
  setupTime: 'setup_time',
  dataTotal: 'data_total',
  dataProcessed: 'data_processed',
  dataRemaining: 'data_remaining',
  memoryTotal: 'memory_total',
  memoryProcessed: 'memory_processed',
  memoryRemaining: 'memory_remaining',
  memoryConstant: 'memory_constant',
  memoryNormal: 'memory_normal',
  memoryNormalBytes: 'memory_normal_bytes',
  memoryBps: 'memory_bps',
  memoryDirtyRate: 'memory_dirty_rate',
  memoryPageSize: 'memory_page_size',
  memoryIteration: 'memory_iteration',
  memoryPostcopyRequests: 'memory_postcopy_requests',
  diskTotal: 'disk_total',
  diskProcessed: 'disk_processed',
  diskRemaining: 'disk_remaining',
  diskBps: 'disk_bps',
  diskTempUsed: 'disk_temp_used',
  diskTempTotal: 'disk_temp_total',
  compressionCache: 'compression_cache',
  compressionBytes: 'compression_bytes',
  compressionPages: 'compression_pages',
  compressionCacheMisses: 'compression_cache_misses',
  compressionOverflow: 'compression_overflow',
  autoConvergeThrottle: 'auto_converge_throttle',
} as const;

type NumberField = keyof typeof numberFields;

/**
 * - `downtime`: for how long the guest was (or, while it runs, would be) stopped.
 * - `downtimeNet`, `timeElapsedNet`: the same without the difference between the two hosts' clocks.
 * - `memoryIteration`: the number of the pass over memory.
 * - `memoryDirtyRate`: pages that the guest dirties per second.
 */
export type JobStats = { readonly [F in NumberField]?: number } & {
  readonly operation?: JobOperation;
  readonly success?: boolean;
  readonly errmsg?: string;
};

const ours = new Map<string, NumberField>(
  (Object.keys(numberFields) as NumberField[]).map((field) => [numberFields[field], field]),
);

export function jobType(number: number): JobType {
  return jobTypes[number] ?? 'unknown';
}

/** The fields that we know, from the parameters of a reply or an event. */
export function jobStats(params: readonly TypedParam[]): JobStats {
  const stats: Partial<Record<NumberField, number>> & {
    operation?: JobOperation;
    success?: boolean;
    errmsg?: string;
  } = {};
  for (const param of params) {
    const field = ours.get(param.field);
    if (field !== undefined && param.type !== 'string' && param.type !== 'boolean') {
      stats[field] = Number(param.value);
    } else if (param.field === 'operation' && param.type === 'int') {
      stats.operation = jobOperations[param.value] ?? 'unknown';
    } else if (param.field === 'success' && param.type === 'boolean') {
      stats.success = param.value;
    } else if (param.field === 'errmsg' && param.type === 'string') {
      stats.errmsg = param.value;
    }
  }
  return stats;
}
