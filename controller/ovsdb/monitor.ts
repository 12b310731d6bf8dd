/**
 * Monitor requests: what to ask a server for, given what it can do and what its schema has. Pure.
 *
 * Servers differ: OVS 2.12 has `monitor_cond_since`, 2.6 `monitor_cond`, others RFC 7047's `monitor`; and a
 * schema lacks the tables and columns that came later. What is lacking is left out of the request and
 * reported, its columns hold their defaults.
 */
import { OvsdbMalformedValueError, OvsdbSchemaMismatchError, OvsdbUnsupportedError } from './errors.ts';
import type { RowCodec } from './row-codec.ts';
import { shapeOf, type ColumnSchema, type DatabaseSchema } from './schema.ts';
import type { Notation } from './table-updates.ts';
import { isUuid, zeroUuid, type Uuid } from './uuid.ts';

/** The monitor requests, best first. */
export const monitorMethods = ['monitor_cond_since', 'monitor_cond', 'monitor'] as const;

export type MonitorMethod = (typeof monitorMethods)[number];

export function notationOf(method: MonitorMethod): Notation {
  return method === 'monitor' ? 'updates' : 'updates2';
}

/** What is monitored of one table. `where` is the wire's, undefined for all rows. */
export interface MonitoredTable {
  readonly codec: RowCodec;
  readonly where: readonly unknown[] | undefined;
}

export interface MonitorPlan {
  /** <monitor-cond-requests>, or <monitor-requests> for the plain method. */
  readonly requests: Readonly<Record<string, unknown>>;
  /** The columns, as `Table.column`, and tables that the server does not have. */
  readonly missing: readonly string[];
}

/**
 * Fits what is wanted to the server's schema.
 *
 * @throws {OvsdbSchemaMismatchError} when a column's type differs from ours.
 */
export function planMonitor(
  ours: DatabaseSchema,
  theirs: DatabaseSchema,
  tables: ReadonlyMap<string, MonitoredTable>,
): MonitorPlan {
  const requests: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const [name, { codec, where }] of tables) {
    const table = theirs.tables[name];
    if (table === undefined) {
      missing.push(name);
      continue;
    }
    const columns: string[] = [];
    for (const column of codec.columns) {
      const their = table.columns[column.name];
      if (their === undefined) {
        missing.push(`${name}.${column.name}`);
        continue;
      }
      const our = ours.tables[name]?.columns[column.name];
      if (our !== undefined && typeName(our) !== typeName(their)) {
        throw new OvsdbSchemaMismatchError(
          `${ours.name} ${theirs.version} on the server has ${name}.${column.name} as ${typeName(their)}, ` +
            `and version ${ours.version} here as ${typeName(our)}; generate the types from the server's schema`,
        );
      }
      columns.push(column.name);
    }
    requests[name] = [where === undefined ? { columns } : { columns, where }];
  }
  return { requests, missing };
}

/** The parameters of a monitor request. `since` is the last transaction of which we have everything. */
export function monitorParams(
  method: MonitorMethod,
  database: string,
  id: string,
  requests: Readonly<Record<string, unknown>>,
  since: Uuid | undefined,
): readonly unknown[] {
  switch (method) {
    case 'monitor_cond_since':
      return [database, id, requests, since ?? zeroUuid];
    case 'monitor_cond':
      return [database, id, requests];
    case 'monitor':
      if (Object.values(requests).some((list) => Array.isArray(list) && 'where' in (list[0] as object))) {
        throw new OvsdbUnsupportedError(
          `the server of ${database} has no monitor_cond (OVS 2.6), so it cannot replicate by condition; ` +
            `replicate whole tables from it`,
        );
      }
      return [database, id, requests];
  }
}

/** What a monitor reply gives: whether only what was missed, up to which transaction, and the updates. */
export interface MonitorReply {
  readonly found: boolean;
  readonly transaction: Uuid | undefined;
  readonly updates: unknown;
}

/** @throws {OvsdbMalformedValueError} */
export function readMonitorReply(method: MonitorMethod, result: unknown): MonitorReply {
  if (method !== 'monitor_cond_since') return { found: false, transaction: undefined, updates: result };
  if (Array.isArray(result) && result.length === 3) {
    const [found, transaction, updates] = result as unknown[];
    if (typeof found === 'boolean') return { found, transaction: knownTransaction(transaction), updates };
  }
  throw new OvsdbMalformedValueError('the reply to monitor_cond_since is not [found, transaction, updates]');
}

/** A notification of changes: whose, up to which transaction, and what. */
export interface UpdateNotification {
  readonly monitor: unknown;
  readonly transaction: Uuid | undefined;
  readonly updates: unknown;
}

/** Undefined when `method` is none of `update`, `update2`, `update3`. */
export function readUpdate(method: string, params: readonly unknown[]): UpdateNotification | undefined {
  switch (method) {
    case 'update':
    case 'update2':
      return { monitor: params[0], transaction: undefined, updates: params[1] };
    case 'update3':
      return { monitor: params[0], transaction: knownTransaction(params[1]), updates: params[2] };
    default:
      return undefined;
  }
}

function knownTransaction(json: unknown): Uuid | undefined {
  if (!isUuid(json))
    throw new OvsdbMalformedValueError('the server named a transaction with something else than a uuid');
  return json === zeroUuid ? undefined : json;
}

function typeName(column: ColumnSchema): string {
  const value = column.value === undefined ? '' : ` to ${column.value.type}`;
  return `${shapeOf(column)} of ${column.key.type}${value}`;
}
