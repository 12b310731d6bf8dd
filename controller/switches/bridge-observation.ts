/**
 * What an OVSDB says of the bridge under control. Pure.
 */
import type { Bridge, BridgePort, ControlledSwitch, Datapath } from '../network/model.ts';
import type { BridgeTables } from './bridge-tables.ts';

export type ObservedBridge = Omit<Bridge, 'graceUntil'>;

/** Undefined until OVS has the bridge up: a datapath id and a MAC address of its own. */
export function observeBridge(tables: BridgeTables, host: ControlledSwitch): ObservedBridge | undefined {
  const bridge = tables.table('Bridge').first('name', host.bridge);
  if (bridge === undefined || bridge.datapath_id === null) return undefined;
  const ports = new Map<string, BridgePort>();
  let mac: string | undefined;
  for (const portId of bridge.ports) {
    for (const interfaceId of tables.table('Port').get(portId)?.interfaces ?? []) {
      const row = tables.table('Interface').get(interfaceId);
      if (row === undefined) continue;
      if (row.name === host.bridge) mac = row.mac_in_use ?? undefined;
      if (row.ofport === null || row.ofport <= 0) continue;
      const attachedMac = row.external_ids.get('attached-mac')?.toLowerCase();
      const ifaceId = row.external_ids.get('iface-id');
      ports.set(row.name, {
        name: row.name,
        ofport: row.ofport,
        ...(attachedMac === undefined ? {} : { attachedMac }),
        ...(ifaceId === undefined ? {} : { ifaceId }),
      });
    }
  }
  if (mac === undefined) return undefined;
  return {
    host: host.name,
    datapathId: bridge.datapath_id,
    ports,
    mac,
    datapath: observeDatapath(tables, datapathType(bridge)),
  };
}

/** By which `Open_vSwitch.datapaths` names the bridge's datapath; a bridge that names none has the kernel's. */
export const datapathType = ({ datapath_type: type }: { readonly datapath_type: string }): string =>
  type === '' ? 'system' : type;

function observeDatapath(tables: BridgeTables, type: string): Datapath {
  const [root] = tables.table('Open_vSwitch').rows();
  const id = root?.datapaths.get(type);
  const row = id === undefined ? undefined : tables.table('Datapath').get(id);
  return { type, ovsVersion: root?.ovs_version ?? 'unknown', capabilities: row?.capabilities ?? new Map() };
}

export function sameBridge(a: ObservedBridge, b: ObservedBridge): boolean {
  return (
    a.datapathId === b.datapathId &&
    a.mac === b.mac &&
    a.datapath.type === b.datapath.type &&
    a.datapath.ovsVersion === b.datapath.ovsVersion &&
    a.datapath.capabilities.size === b.datapath.capabilities.size &&
    [...a.datapath.capabilities].every(([name, value]) => b.datapath.capabilities.get(name) === value) &&
    a.ports.size === b.ports.size &&
    [...a.ports].every(([name, port]) => {
      const other = b.ports.get(name);
      return (
        other !== undefined &&
        other.ofport === port.ofport &&
        other.attachedMac === port.attachedMac &&
        other.ifaceId === port.ifaceId
      );
    })
  );
}
