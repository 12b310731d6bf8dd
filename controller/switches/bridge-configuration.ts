/**
 * How a bridge under control is configured in its OVSDB: what is missing is added, nothing else is touched.
 *
 * `fail_mode=secure`: the flows stay in force without a controller. The controller's row is out-of-band, so
 * that OVS adds no hidden flows of its own. One flow-based Geneve port serves all tunnels: keys and far ends
 * are set by flows. What flows sample is sent to us at once, without a cache (IPFIX), and counters are brought up
 * to date often enough to see an attack begin. Tables in which sources are looked up have tries for IPv6, too. Megaflows
 * that nothing uses are forgotten soon: a change of flows, a redirect among them, is in force when OVS has gone through
 * all of them.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ControlledSwitch } from '../network/model.ts';
import { TUNNEL_PORT } from '../network/bridge-view.ts';
import { switches as limits } from '../limits.ts';
import {
  openVSwitch,
  type OpenVSwitchTables,
  transaction,
  type Transaction,
  type Uuid,
} from '../ovsdb/index.ts';
import type { BridgeTables } from './bridge-tables.ts';
import { datapathType } from './bridge-observation.ts';
import { prefixLookups, SAMPLE_COLLECTOR_SET, Table, type TableName } from './pipeline.ts';

const REFRESH = 'max-revalidator';
const IDLE = 'max-idle';
/** Which controller's session an exporter is of, and the configuration in which it was stopped for that. */
const SESSION = 'session';
const STOPPED = 'stopped';

/** Where a bridge finds us. */
export interface Targets {
  /** `tcp:198.18.0.1:6653`. */
  readonly controller: string;
  /** `198.18.0.1:4739`. */
  readonly samples: string;
  /** Another one makes OVS tell its templates anew: we do not know those that were told to whoever was before us. */
  readonly session: number;
}
/** Marks rows that are the controller's own. */
export const OWNER = ['owner', 'arctictern'] as const;

export const isOurs = ({ external_ids }: { readonly external_ids: ReadonlyMap<string, string> }): boolean =>
  external_ids.get(OWNER[0]) === OWNER[1];

/** The transaction that is missing, or undefined when there is nothing to do or no such bridge yet. */
export function configureBridge(
  tables: BridgeTables,
  host: ControlledSwitch,
  { controller: controllerTarget, samples, session }: Targets,
): Transaction<OpenVSwitchTables> | undefined {
  const bridge = tables.table('Bridge').first('name', host.bridge);
  const [root] = tables.table('Open_vSwitch').rows();
  if (bridge === undefined || root === undefined) return undefined;
  const tx = transaction(openVSwitch);
  const where = { name: host.bridge };

  if (bridge.fail_mode !== 'secure') tx.update('Bridge', where, { fail_mode: 'secure' });
  if (bridge.protocols.size > 0 && !bridge.protocols.has('OpenFlow15')) {
    tx.mutate('Bridge', where, [['protocols', 'insert', ['OpenFlow15']]]);
  }

  const controllers = [...bridge.controller].flatMap((id) => tables.table('Controller').get(id) ?? []);
  if (!controllers.some(({ target }) => target === controllerTarget)) {
    const stale = controllers.filter(isOurs);
    const row = tx.insert('Controller', {
      target: controllerTarget,
      connection_mode: 'out-of-band',
      max_backoff: limits.switchBackoffMaximum,
      inactivity_probe: limits.switchProbeInterval,
      external_ids: new Map([OWNER]),
    });
    tx.mutate('Bridge', where, [
      ['controller', 'delete', stale.map(({ _uuid }) => _uuid)],
      ['controller', 'insert', [row]],
    ]);
  }

  if (tables.table('Port').first('name', TUNNEL_PORT) === undefined) {
    const nic = tx.insert('Interface', {
      name: TUNNEL_PORT,
      type: 'geneve',
      options: new Map([
        ['remote_ip', 'flow'],
        ['key', 'flow'],
      ]),
      external_ids: new Map([OWNER]),
    });
    const port = tx.insert('Port', { name: TUNNEL_PORT, interfaces: [nic], external_ids: new Map([OWNER]) });
    tx.mutate('Bridge', where, [['ports', 'insert', [port]]]);
  }

  const type = datapathType(bridge);
  if (!root.datapaths.has(type)) {
    const datapath = tx.insert('Datapath', {});
    tx.mutate('Open_vSwitch', 'all', [['datapaths', 'insert', new Map([[type, datapath]])]]);
  }

  const refresh = Number(root.other_config.get(REFRESH) ?? Infinity);
  if (!(refresh <= limits.counterRefresh)) {
    tx.mutate('Open_vSwitch', 'all', [
      ['other_config', 'delete', [REFRESH]],
      ['other_config', 'insert', new Map([[REFRESH, String(limits.counterRefresh)]])],
    ]);
  }

  // Whoever has chosen it, has chosen.
  if (!root.other_config.has(IDLE)) {
    const idle = new Map([[IDLE, String(limits.megaflowIdle)]]);
    tx.mutate('Open_vSwitch', 'all', [['other_config', 'insert', idle]]);
  }

  configurePrefixes(tx, tables, bridge);
  configureSamples(tx, tables, bridge._uuid, { target: samples, session: String(session) });

  if (tx.length === 0) return undefined;
  tx.comment(`arctictern: bridge ${host.bridge} comes under control`);
  return tx;
}

/** Whoever has chosen a table's prefixes, has chosen. */
function configurePrefixes(
  tx: Transaction<OpenVSwitchTables>,
  tables: BridgeTables,
  { name, flow_tables }: Pick<OpenVSwitchTables['Bridge']['row'], 'name' | 'flow_tables'>,
): void {
  for (const [table, fields] of Object.entries(prefixLookups) as [TableName, readonly string[]][]) {
    const number = Table[table];
    const id = flow_tables.get(number);
    const prefixes = new Set(fields);
    if (id === undefined) {
      const row = tx.insert('Flow_Table', { prefixes, external_ids: new Map([OWNER]) });
      tx.mutate('Bridge', { name }, [['flow_tables', 'insert', new Map([[number, row]])]]);
      continue;
    }
    const known = tables.table('Flow_Table').get(id);
    const isChosen = known === undefined || (known.prefixes.size > 0 && !isOurs(known));
    if (isChosen || isDeepStrictEqual(known.prefixes, prefixes)) continue;
    tx.update('Flow_Table', { _uuid: id }, { prefixes });
  }
}

/**
 * Samples go out one by one, without a cache. OVS tells its templates when an exporter begins, and then every ten
 * minutes; so an exporter of an earlier session is stopped first, and begins anew when OVS has seen that.
 */
function configureSamples(
  tx: Transaction<OpenVSwitchTables>,
  tables: BridgeTables,
  bridge: Uuid<'Bridge'>,
  { target, session }: { readonly target: string; readonly session: string },
): void {
  const [root] = tables.table('Open_vSwitch').rows();
  const set = [...tables.table('Flow_Sample_Collector_Set').rows()].find(
    (row) => row.id === SAMPLE_COLLECTOR_SET && row.bridge === bridge,
  );
  const exports = set?.ipfix ?? undefined;
  const exporter = exports === undefined ? undefined : tables.table('IPFIX').get(exports);
  if (root === undefined) return;
  if (exporter === undefined) {
    const row = tx.insert('IPFIX', {
      targets: new Set([target]),
      cache_active_timeout: 0,
      external_ids: new Map([OWNER, [SESSION, session]]),
    });
    if (set !== undefined) tx.update('Flow_Sample_Collector_Set', { _uuid: set._uuid }, { ipfix: row });
    else {
      const id = SAMPLE_COLLECTOR_SET;
      tx.insert('Flow_Sample_Collector_Set', { id, bridge, ipfix: row, external_ids: new Map([OWNER]) });
    }
    return;
  }
  const where = { _uuid: exporter._uuid };
  if (exporter.external_ids.get(SESSION) !== session) {
    const stopped = String(root.next_cfg + 1);
    tx.mutate('Open_vSwitch', 'all', [['next_cfg', '+=', 1]]);
    tx.update('IPFIX', where, {
      targets: new Set(),
      external_ids: new Map([OWNER, [SESSION, session], [STOPPED, stopped]]),
    });
  } else if (!exporter.targets.has(target)) {
    const stopped = Number(exporter.external_ids.get(STOPPED) ?? 0);
    if (root.cur_cfg >= stopped) tx.update('IPFIX', where, { targets: new Set([target]) });
  }
}
