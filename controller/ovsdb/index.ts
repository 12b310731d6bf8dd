/**
 * A client for OVSDB, the database of Open vSwitch: RFC 7047 and OVS's extensions (ovsdb-server(7)).
 *
 *     const client = connect({ remotes: 'unix:/run/openvswitch/db.sock', database: 'Open_vSwitch' });
 *     const replica = await client.replicate(openVSwitch, { Bridge: true, Interface: { columns: ['name', 'ofport'] } });
 *     replica.on('changes', ({ tables }) => console.log(tables.Interface?.inserted));
 *     const tx = transaction(openVSwitch);
 *     tx.mutate('Bridge', { name: 'br0' }, [['external_ids', 'insert', { owner: 'me' }]]);
 *     await client.transact(tx);
 *     await client.close();
 */
export type { Cancel, Clock } from '../clock.ts';
export { ArcticTernError } from '../errors.ts';
export { connect, type OvsdbClient } from './client.ts';
export type * from './contracts.ts';
export { ensureSchema } from './ensure-schema.ts';
export * from './errors.ts';
export { type HostSession, listen, type ListenerEvents, type OvsdbListener } from './listen.ts';
export {
  formatRemote,
  ovsdbPort,
  parseRemote,
  type ActiveRemote,
  type PassiveRemote,
  type Remote,
} from './remote.ts';
export type {
  Condition,
  ConditionFunction,
  InsertRow,
  Mutation,
  Row,
  RowsByTable,
  SelectedRows,
  Selection,
  TableName,
  TableSelection,
  UpdateRow,
  Where,
  Writable,
} from './row-types.ts';
export {
  column,
  compareVersions,
  parseSchema,
  type Atom,
  type BaseType,
  type ColumnSchema,
  type DatabaseSchema,
  type Tables,
  type TableSchema,
  type TableTypes,
} from './schema.ts';
export * from './schemas/open-vswitch.ts';
export { serve, type OvsdbServerProcess, type ServeOptions, type ServerExit } from './server.ts';
export type { ServerRole } from './server-role.ts';
export type { FindKey, Index, Table, TableChanges } from './table.ts';
export {
  transaction,
  type Handle,
  type InsertHandle,
  type Outcome,
  type Transaction,
  type WaitFor,
} from './transaction.ts';
export type { TlsOptions } from './transport.ts';
export { isUuid, uuid, zeroUuid, type NamedUuid, type Uuid } from './uuid.ts';
