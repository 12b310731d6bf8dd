/**
 * From the network's state to the objects of the API. Pure.
 */
import type { Block } from '../../controller/network/blocklist.ts';
import { isMoving, type Migration } from '../../controller/network/migration.ts';
import type {
  Bridge,
  Edge,
  Guest,
  GuestInterface,
  Host,
  NetworkState,
} from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import { type FlowDesc, formatInstructions, formatMatch } from '../../controller/openflow/index.ts';
import { cookieOwner, objectText, Table, type TableName } from '../../controller/switches/pipeline.ts';
import type { MadeBy } from '../defence/made-by.ts';
import type { Drain, RelayReport } from '../migration/drain-service.ts';
import type { NameReport, NamingService } from '../naming/service.ts';
import type {
  BlockObject,
  EdgeObject,
  FlowObject,
  GuestObject,
  HostObject,
  MigrationObject,
} from './objects.ts';

/** What the pipeline uses, by the names of the `Datapath` table's `capabilities` (ovs-vswitchd.conf.db(5)). */
const NEEDED = [
  'ct_state',
  'ct_state_nat',
  'ct_zone',
  'ct_mark',
  'ct_orig_tuple',
  'ct_orig_tuple6',
  'recirc',
  'check_pkt_len',
];

export interface GuestReports {
  readonly relays: Pick<Drain, 'report'>;
  readonly naming: Pick<NamingService, 'report'> | undefined;
}

export function presentGuest(
  state: NetworkState,
  guest: Guest,
  { relays, naming }: GuestReports,
): GuestObject {
  const host = state.placements.get(guest.name) ?? null;
  const interfaces = guest.interfaces.map((nic) => presentInterface(state, nic, host, relays));
  const [first] = interfaces;
  const migration = state.migrations.get(guest.name);
  return {
    name: guest.name,
    uuid: guest.uuid,
    host,
    state: (host === null ? undefined : state.hypervisors.get(host)?.domains.get(guest.name)) ?? 'unknown',
    home: first?.home ?? {},
    careOf: first?.careOf ?? null,
    mac: first?.mac ?? '',
    anchors: first?.anchors ?? [],
    interfaces,
    memoryMiB: guest.memoryMiB,
    services: guest.services.map(({ protocol, port }) => ({ protocol, port })),
    migration: migration !== undefined && isMoving(migration) ? migration.id : null,
    dns: presentName(naming?.report(guest.name)),
  };
}

function presentName(report: NameReport | undefined): GuestObject['dns'] {
  if (report === undefined) return null;
  const { name, published, wanted, problem } = report;
  return {
    name,
    published: published === undefined ? null : [...published],
    wanted: wanted === undefined ? null : [...wanted],
    problem: problem ?? null,
  };
}

function presentInterface(
  state: NetworkState,
  nic: GuestInterface,
  host: HostName | null,
  relays: Pick<Drain, 'report'>,
): GuestObject['interfaces'][number] {
  const anchors = state.anchors.get(nic.number) ?? [];
  const away = host !== null && state.hosts.get(host)?.site !== nic.homeSite;
  return {
    home: nic.home,
    careOf: away ? (anchors.find((anchor) => anchor.host === host)?.addresses ?? null) : null,
    mac: nic.mac,
    anchors: anchors.map(({ relays: ways, ...anchor }) => ({
      ...anchor,
      addresses: { ...anchor.addresses },
      ways: (ways ?? []).map(({ edge, anchor: own, ...way }) => ({
        ...way,
        edge: { ...edge },
        anchor: { ...own },
      })),
      relay: presentRelay(relays.report(nic.number, anchor.index)),
    })),
  };
}

function presentRelay(report: RelayReport | undefined): GuestObject['anchors'][number]['relay'] {
  return report === undefined ? null : { ...report, goesAt: report.goesAt ?? null };
}

export function presentHost(state: NetworkState, host: Host, openflow: HostObject['openflow']): HostObject {
  const bridge = state.bridges.get(host.name);
  return {
    name: host.name,
    site: host.site,
    underlay: host.underlay,
    openflow,
    ovsdb: bridge === undefined ? 'unseen' : 'seen',
    libvirt: state.hypervisors.get(host.name)?.reachable === true ? 'connected' : 'disconnected',
    datapathId: bridge?.datapathId ?? null,
    datapath: bridge === undefined ? null : presentDatapath(bridge),
    graceUntil: bridge === undefined || bridge.graceUntil === 0 ? null : bridge.graceUntil,
    capacity: host.capacity,
    guests: [...state.placements].filter(([, at]) => at === host.name).map(([guest]) => guest),
  };
}

export function presentEdge(state: NetworkState, edge: Edge, openflow: EdgeObject['openflow']): EdgeObject {
  const bridge = state.bridges.get(edge.name);
  return {
    name: edge.name,
    site: edge.site,
    underlay: edge.underlay,
    openflow,
    ovsdb: bridge === undefined ? 'unseen' : 'seen',
    datapathId: bridge?.datapathId ?? null,
    datapath: bridge === undefined ? null : presentDatapath(bridge),
    redirect: edge.redirect,
  };
}

function presentDatapath({ datapath }: Bridge): HostObject['datapath'] {
  const { type, ovsVersion, capabilities } = datapath;
  const unknown = capabilities.size === 0;
  return {
    type,
    ovsVersion,
    unknown,
    missing: unknown
      ? []
      : NEEDED.filter((name) => !['true', '1'].includes(capabilities.get(name) ?? 'true')),
  };
}

export function presentMigration(state: NetworkState, migration: Migration): MigrationObject {
  const { id, guest, from, to, strategy, admit, origin, phase, entered } = migration;
  const { reason, warning, maxBlackoutMs, blackoutMs, copyMs } = migration;
  return {
    id,
    guest,
    from,
    to,
    fromSubnet: subnetOf(state, from),
    toSubnet: subnetOf(state, to),
    strategy,
    admit,
    relay: migration.relay ?? 'tunnel',
    origin,
    phase,
    outcome: outcomeOf(migration),
    reason: reason ?? null,
    warning: warning ?? null,
    maxBlackoutMs,
    blackoutMs: rounded(blackoutMs),
    copyMs: rounded(copyMs),
    entered: { ...entered },
  };
}

/** To microseconds. */
const rounded = (ms: number | undefined): number | null =>
  ms === undefined ? null : Math.round(ms * 1000) / 1000;

function outcomeOf(migration: Migration): MigrationObject['outcome'] {
  const { phase } = migration;
  if (isMoving(migration) && phase !== 'failed') return null;
  if (phase === 'relaying' || phase === 'drained') return 'completed';
  return phase === 'failed' || phase === 'rolled-back' ? phase : null;
}

function subnetOf(state: NetworkState, hostName: string): string {
  const site = state.hosts.get(hostName)?.site;
  for (const subnet of state.subnets.values()) if (subnet.site === site) return subnet.prefix;
  return '';
}

/** Of its sources, the first ones: a block may have a million. */
const SOURCES_SHOWN = 10;

export function presentBlock(block: Block): BlockObject {
  const { number, origin, reason, verdict, guest, line, count, sources = [], createdAt, expires } = block;
  return {
    number,
    origin,
    reason,
    verdict: verdict ?? null,
    guest: guest ?? null,
    line,
    count,
    sources: sources.slice(0, SOURCES_SHOWN),
    createdAt,
    expires: expires ?? null,
  };
}

const tableNames = new Map(Object.entries(Table).map(([name, id]) => [id as number, name as TableName]));

export function presentFlow(flow: FlowDesc, madeBy: MadeBy | undefined): FlowObject {
  const owner = cookieOwner(flow.cookie);
  return {
    table: tableNames.get(flow.table) ?? String(flow.table),
    tableId: flow.table,
    priority: flow.priority,
    match: formatMatch(flow.match),
    actions: formatInstructions(flow.instructions),
    packets: Number(flow.stats.packetCount ?? 0n),
    bytes: Number(flow.stats.byteCount ?? 0n),
    owner: owner === undefined ? 'foreign' : `${owner.app} ${objectText(owner)}`,
    cookie: `0x${flow.cookie.toString(16)}`,
    madeBy: presentMadeBy(madeBy),
  };
}

export function presentMadeBy(madeBy: MadeBy | undefined): FlowObject['madeBy'] {
  if (madeBy === undefined) return null;
  return {
    origin: madeBy.origin,
    verdicts: 'verdicts' in madeBy ? [...madeBy.verdicts] : [],
    flight: 'flight' in madeBy ? madeBy.flight : null,
    migration: 'migration' in madeBy ? madeBy.migration : null,
  };
}
