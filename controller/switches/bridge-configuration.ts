/**
 * How a bridge under control is configured in its OVSDB: what is missing is added, nothing else is touched.
 *
 * `fail_mode=secure`: the flows stay in force without a controller. The controller's row is out-of-band, so
 * that OVS adds no hidden flows of its own. One flow-based Geneve port serves all tunnels: keys and far ends
 * are set by flows.
 */
import type { ControlledSwitch } from '../network/model.ts';
import { TUNNEL_PORT } from '../network/bridge-view.ts';
import { switches as limits } from '../limits.ts';
import { openVSwitch, type OpenVSwitchTables, transaction, type Transaction } from '../ovsdb/index.ts';
import type { BridgeTables } from './bridge-database.ts';

/** Marks rows that are the controller's own. */
export const OWNER = ['owner', 'arctictern'] as const;

export const isOurs = ({ external_ids }: { readonly external_ids: ReadonlyMap<string, string> }): boolean =>
  external_ids.get(OWNER[0]) === OWNER[1];

/** The transaction that is missing, or undefined when there is nothing to do or no such bridge yet. */
export function configureBridge(
  tables: BridgeTables,
  host: ControlledSwitch,
  controllerTarget: string,
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

  const type = bridge.datapath_type === '' ? 'system' : bridge.datapath_type;
  if (!root.datapaths.has(type)) {
    const datapath = tx.insert('Datapath', {});
    tx.mutate('Open_vSwitch', 'all', [['datapaths', 'insert', new Map([[type, datapath]])]]);
  }

  if (tx.length === 0) return undefined;
  tx.comment(`arctictern: bridge ${host.bridge} comes under control`);
  return tx;
}
