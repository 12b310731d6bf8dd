/**
 * Which servers may be used: judged by their row in `Database` of the `_Server` database (ovsdb-server(5)),
 * which tells a standalone server from a member of a cluster and the leader from the others. Pure.
 */
import { RowCodec } from './row-codec.ts';
import { parseSchema } from './schema.ts';
import { MutableTable } from './table.ts';
import { changesOf } from './table-updates.ts';

/** What a server says of itself and one database. */
export interface ServerRole {
  readonly database: string;
  readonly model: string;
  /** Whether the database can be read and, in a cluster, whether the server sees a majority of it. */
  readonly connected: boolean;
  readonly leader: boolean;
  /** The cluster, and this server in it; null when standalone. */
  readonly cid: string | null;
  readonly sid: string | null;
  /** The last Raft log entry that the server has; null when standalone. */
  readonly index: number | null;
}

/** What is asked of a server. */
export interface Requirements {
  readonly database: string;
  readonly leaderOnly: boolean;
  /** The cluster it must belong to, if given. */
  readonly cid: string | undefined;
  /** How far the cluster was seen: what was seen must not be unseen by changing servers. */
  readonly seen: { readonly cid: string; readonly index: number } | undefined;
}

const schema = parseSchema({
  name: '_Server',
  version: '1.0.0',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: 'string' },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        cid: { type: { key: 'uuid', min: 0 } },
        sid: { type: { key: 'uuid', min: 0 } },
        index: { type: { key: 'integer', min: 0 } },
      },
    },
  },
});

/** The name of the monitor of `_Server`. */
export const roleMonitor = 'server-role';

/** The parameters of `monitor_cond` that follow the roles of a server. */
export function roleMonitorParams(): readonly unknown[] {
  const columns = Object.keys(schema.tables['Database']!.columns);
  return ['_Server', roleMonitor, { Database: [{ columns }] }];
}

/** The roles of one server as its notifications tell them. */
export class ServerRoles {
  readonly #table = new MutableTable(new RowCodec('Database', schema.tables['Database']!));

  /** Takes a monitor reply or an `update2`. @throws {OvsdbMalformedValueError} {OvsdbInconsistentError} */
  take(updates: unknown): void {
    const tables = new Map([['Database', this.#table]]);
    for (const change of changesOf(tables, 'updates2', updates).values()) this.#table.apply(change);
  }

  of(database: string): ServerRole | undefined {
    const row = this.#table.first('name', database);
    if (row === undefined) return undefined;
    return {
      database,
      model: stringOrNull(row['model']) ?? '',
      connected: row['connected'] === true,
      leader: row['leader'] === true,
      cid: stringOrNull(row['cid']),
      sid: stringOrNull(row['sid']),
      index: typeof row['index'] === 'number' ? row['index'] : null,
    };
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Why a server must not be used, or undefined when it may be. */
export function objection(role: ServerRole | undefined, wanted: Requirements): string | undefined {
  const { database } = wanted;
  if (role === undefined) return `it does not serve ${database}`;
  if (wanted.cid !== undefined && role.cid !== wanted.cid) {
    return `its ${database} belongs to cluster ${role.cid ?? 'none'}, not to ${wanted.cid}`;
  }
  if (!role.connected) return `it is cut off from the other servers of ${database}`;
  if (role.model === 'standalone') return undefined;
  if (wanted.leaderOnly && !role.leader) return `it is not the leader of ${database}`;
  const { seen } = wanted;
  if (seen !== undefined && role.cid === seen.cid && role.index !== null && role.index < seen.index) {
    return `it has ${database} as of entry ${role.index}, and entry ${seen.index} has been seen`;
  }
  return undefined;
}
