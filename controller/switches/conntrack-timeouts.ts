/**
 * For how long a bridge's conntrack remembers connections of guests: a timeout policy on each of their zones.
 *
 * It keeps true that conntrack never forgets an established connection sooner than the anchor that relays it
 * goes, and half-open ones so soon that a flood cannot fill it. OVS itself forgets established TCP after 24 h in
 * user space (lib/conntrack-tp.c) and 5 days in the kernel; UDP after 30 s of silence. One policy serves all zones
 * of a datapath; zones with somebody else's policy are left alone. A connection keeps the policy under which it was
 * first seen.
 *
 *     Open_vSwitch.datapaths[type] ── ct_zones[zone] ── CT_Zone ── timeout_policy ──► CT_Timeout_Policy
 */
import { conntrack as limits } from '../limits.ts';
import type { SwitchView } from '../network/bridge-view.ts';
import { openVSwitch, type OpenVSwitchTables, transaction, type Transaction } from '../ovsdb/index.ts';
import type { BridgeTables } from './bridge-tables.ts';
import { datapathType } from './bridge-observation.ts';
import { isOurs, OWNER } from './bridge-configuration.ts';
import { anchorZone, relayZone, sourceZone } from './pipeline.ts';

/** In seconds, by the names of `CT_Timeout_Policy` (ovs-vswitchd.conf.db(5)). */
export interface ConntrackTimeouts {
  readonly tcp_established: number;
  readonly udp_multiple: number;
  readonly tcp_syn_sent: number;
  readonly tcp_syn_recv: number;
  readonly udp_first: number;
  readonly icmp_first: number;
}

/** What a datapath is to have. */
export interface ConntrackWish {
  readonly zones: ReadonlySet<number>;
  readonly timeouts: ConntrackTimeouts;
}

/** `idle` is the time, in milliseconds, after which an anchor that relays nothing has drained. */
export function timeoutsFor(idle: number): ConntrackTimeouts {
  const outlives = Math.ceil(idle / 1000) + limits.margin;
  return {
    tcp_established: Math.max(limits.tcpEstablished, outlives),
    udp_multiple: limits.udpMultiple,
    tcp_syn_sent: limits.tcpHandshake,
    tcp_syn_recv: limits.tcpHandshake,
    udp_first: limits.unanswered,
    icmp_first: limits.unanswered,
  };
}

/** The zones that the bridge's flows track connections in. */
export function zonesOf(view: SwitchView): ReadonlySet<number> {
  const interfaces = view.kind === 'host' ? view.residents : view.passers;
  return new Set(
    interfaces.flatMap(({ nic }) => [anchorZone(nic.number), relayZone(nic.number), sourceZone(nic.number)]),
  );
}

/** The transaction that is missing, or undefined when there is nothing to do or no such bridge yet. */
export function configureConntrack(
  tables: BridgeTables,
  bridgeName: string,
  { zones, timeouts }: ConntrackWish,
): Transaction<OpenVSwitchTables> | undefined {
  const bridge = tables.table('Bridge').first('name', bridgeName);
  const [root] = tables.table('Open_vSwitch').rows();
  if (bridge === undefined || root === undefined) return undefined;
  const type = datapathType(bridge);
  const datapathId = root.datapaths.get(type);
  const datapath = datapathId === undefined ? undefined : tables.table('Datapath').get(datapathId);
  if (datapath === undefined) return undefined;

  const tx = transaction(openVSwitch);
  const ours = tables.table('CT_Timeout_Policy').rows().find(isOurs);
  if (ours !== undefined && !sameTimeouts(ours.timeouts, timeouts)) {
    tx.update('CT_Timeout_Policy', { _uuid: ours._uuid }, { timeouts: timeoutMap(timeouts) });
  }

  const missing = [...zones].filter((zone) => !datapath.ct_zones.has(zone));
  if (missing.length > 0) {
    const policy =
      ours?._uuid ??
      tx.insert('CT_Timeout_Policy', { timeouts: timeoutMap(timeouts), external_ids: new Map([OWNER]) });
    const rows = missing.map((zone) => {
      const row = tx.insert('CT_Zone', { timeout_policy: policy, external_ids: new Map([OWNER]) });
      return [zone, row] as const;
    });
    tx.mutate('Datapath', { _uuid: datapath._uuid }, [['ct_zones', 'insert', new Map(rows)]]);
  }

  const superfluous = [...datapath.ct_zones].filter(([zone, id]) => {
    const row = tables.table('CT_Zone').get(id);
    return row !== undefined && isOurs(row) && !zones.has(zone);
  });
  if (superfluous.length > 0) {
    tx.mutate('Datapath', { _uuid: datapath._uuid }, [
      ['ct_zones', 'delete', superfluous.map(([zone]) => zone)],
    ]);
  }

  if (tx.length === 0) return undefined;
  tx.comment(`arctictern: conntrack timeouts of bridge ${bridgeName}`);
  return tx;
}

const timeoutMap = (timeouts: ConntrackTimeouts): Map<keyof ConntrackTimeouts, number> =>
  new Map(Object.entries(timeouts) as [keyof ConntrackTimeouts, number][]);

function sameTimeouts(has: ReadonlyMap<string, number>, wanted: ConntrackTimeouts): boolean {
  const entries = Object.entries(wanted) as [string, number][];
  return has.size === entries.length && entries.every(([name, seconds]) => has.get(name) === seconds);
}
