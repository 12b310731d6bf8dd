/**
 * Between the rows of the store and the network's state. Pure.
 *
 * What is written is the difference between two states, so that a change costs what it changes. A row is
 * replaced as a whole: deleted by its key and inserted again, in one transaction.
 */
import { transaction, type Transaction } from '../../ovsdb/index.ts';
import { blocklist as limits } from '../../limits.ts';
import {
  type Blocklist,
  cellOf,
  entriesOf,
  type Line,
  type Owners,
  ownersOf,
  type Shard,
  type Source,
} from '../blocklist.ts';
import type { Migration } from '../migration.ts';
import { addressesOf } from '../addresses.ts';
import type { Anchor } from '../anchor.ts';
import type { NetworkState } from '../model.ts';
import type { Remembered } from '../declare.ts';
import { defenceRow, flightRow, flightsOf, policyOfRow } from './defence-rows.ts';
import { migrationRow, migrationsOf } from './migration-rows.ts';
import {
  arcticTern,
  type ArcticTernTables,
  type AllowanceRow,
  type AnchorRow,
  type BlockedSourcesRow,
  type BlockRow,
  type DefenceRow,
  type FlightRow,
  type GatewayRow,
  type HostRow,
  type InterfaceRow,
  type MigrationRow,
  type PlacementRow,
  type RelayRow,
  type QuarantineRow,
} from './schema.ts';

/** All rows of the tables that hold state. */
export interface StoredRows {
  readonly interfaces: readonly InterfaceRow[];
  readonly hosts: readonly HostRow[];
  readonly placements: readonly PlacementRow[];
  readonly anchors: readonly AnchorRow[];
  readonly relays: readonly RelayRow[];
  readonly gateways: readonly GatewayRow[];
  readonly migrations: readonly MigrationRow[];
  readonly blocks: readonly BlockRow[];
  readonly blockedSources: readonly BlockedSourcesRow[];
  readonly allowances: readonly AllowanceRow[];
  /** The highest number that a block ever had. */
  readonly lastBlock: number;
  readonly quarantine: readonly QuarantineRow[];
  readonly defences: readonly DefenceRow[];
  readonly flights: readonly FlightRow[];
}

export function remember(rows: StoredRows): Remembered {
  const anchors = new Map<number, Anchor[]>();
  for (const row of [...rows.anchors].sort((a, b) => a.index - b.index)) {
    const list = anchors.get(row.interface) ?? [];
    const relays = rows.relays
      .filter(({ interface: nic, index }) => nic === row.interface && index === row.index)
      .map(({ host, mode, edge, anchor }) => ({
        host,
        mode,
        edge: addressesOf(edge),
        anchor: addressesOf(anchor),
      }));
    list.push({
      index: row.index,
      host: row.host,
      addresses: {
        ...(row.ipv4 === null ? {} : { ipv4: row.ipv4 }),
        ...(row.ipv6 === null ? {} : { ipv6: row.ipv6 }),
      },
      admit: row.admit,
      ...(relays.length === 0 ? {} : { relays }),
    });
    anchors.set(row.interface, list);
  }
  const migrations = new Map<string, Migration>();
  const earlier = new Map<string, Migration>();
  const history = new Map(migrationsOf(rows.migrations).map((migration) => [migration.id, migration]));
  for (const migration of history.values()) {
    const before = migrations.get(migration.guest);
    if (before?.phase === 'relaying') earlier.set(before.id, before);
    migrations.set(migration.guest, migration);
  }
  return {
    interfaceNumbers: new Map(rows.interfaces.map((row) => [row.mac, row.number])),
    hostNumbers: new Map(rows.hosts.map((row) => [row.name, row.number])),
    placements: new Map(rows.placements.map((row) => [row.guest, row.host])),
    anchors,
    gateways: new Map(rows.gateways.map((row) => [row.prefix, row.mac])),
    migrations,
    history,
    blocklist: blocklistOf(rows),
    policies: new Map(rows.defences.map((row) => [row.guest, policyOfRow(row)])),
    flights: new Map(flightsOf(rows.flights).map((flight) => [flight.id, flight])),
    earlier,
    quarantine: new Map(
      rows.quarantine.map((row) => [row.address, { interface: row.interface, until: row.until }]),
    ),
  };
}

function blocklistOf(
  rows: Pick<StoredRows, 'blocks' | 'blockedSources' | 'allowances' | 'lastBlock'>,
): Blocklist {
  const lines = { first: new Map<number, Shard>(), second: new Map<number, Shard>() };
  for (const { line, shard, sources } of rows.blockedSources)
    lines[line].set(shard, shardFrom(sources, line));
  const sources = sourcesOfSmall(rows.blocks, lines);
  return {
    blocks: new Map(
      rows.blocks.map((row) => [
        row.number,
        {
          number: row.number,
          origin: row.origin,
          reason: row.reason,
          verdict: row.verdict ?? undefined,
          guest: row.guest ?? undefined,
          createdAt: row.created_at,
          expires: row.expires ?? undefined,
          line: row.line,
          count: row.count,
          sources: sources.get(row.number),
        },
      ]),
    ),
    lines,
    allowed: new Map(
      rows.allowances.map(({ source, reason, created_at: createdAt }) => [
        source,
        { source, reason, createdAt },
      ]),
    ),
    lastNumber: rows.blocks.reduce((highest, { number }) => Math.max(highest, number), rows.lastBlock),
  };
}

/** Of the blocks that have few. */
function sourcesOfSmall(rows: readonly BlockRow[], lines: Blocklist['lines']): ReadonlyMap<number, Source[]> {
  const small = new Map<number, Source[]>();
  for (const { number, count } of rows) if (count <= limits.sourcesKept) small.set(number, []);
  for (const shards of Object.values(lines)) {
    for (const shard of shards.values()) {
      for (const [source, owners] of entriesOf(shard)) {
        for (const owner of ownersOf(owners)) small.get(owner)?.push(source);
      }
    }
  }
  return small;
}

/** `203.0.113.7 3 12`: the source, and the numbers of the blocks that it is in. */
function shardFrom(texts: ReadonlySet<string>, line: Line): Shard {
  const shard = new Map<number, Map<Source, Owners>>();
  for (const text of texts) {
    const [source = '', ...owners] = text.split(' ');
    const number = cellOf(source, line);
    const cell = shard.get(number) ?? new Map<Source, Owners>();
    shard.set(number, cell.set(source, owners.length === 1 ? Number(owners[0]) : owners.map(Number)));
  }
  return shard;
}

const textOf = (shard: Shard): Set<string> =>
  new Set(Array.from(entriesOf(shard), ([source, owners]) => `${source} ${ownersOf(owners).join(' ')}`));

/** What is known to be in the store: what was read from it, or a state that was written. What is absent is not known. */
export type Stored = Partial<
  Pick<
    NetworkState,
    | 'guests'
    | 'hosts'
    | 'placements'
    | 'gateways'
    | 'anchors'
    | 'quarantine'
    | 'history'
    | 'blocklist'
    | 'policies'
    | 'flights'
  >
>;

/**
 * What brings the store from `before` to `after`; undefined when it is there already. `doubtful`: what it may hold instead,
 * since it is not known whether that was written; what differs from any of these is written anew.
 */
export function difference(
  before: Stored,
  after: NetworkState,
  doubtful: readonly Stored[] = [],
): Transaction<ArcticTernTables> | undefined {
  const tx = transaction(arcticTern);
  const known = [before, ...doubtful];
  const all = <Part extends keyof Stored>(part: Part): Stored[Part][] => known.map((stored) => stored[part]);
  if (all('guests').some((guests) => guests !== after.guests)) {
    for (const { interfaces } of after.guests.values()) {
      for (const { number, guest, mac } of interfaces) {
        tx.delete('Interface', { mac });
        tx.insert('Interface', { number, guest, mac });
      }
    }
  }
  if (all('hosts').some((hosts) => hosts !== after.hosts)) {
    for (const { number, name } of after.hosts.values()) {
      tx.delete('Host', { name });
      tx.insert('Host', { number, name });
    }
  }
  for (const [guest, host] of changed(all('placements'), after.placements)) {
    tx.delete('Placement', { guest });
    if (host !== undefined) tx.insert('Placement', { guest, host });
  }
  for (const [prefix, mac] of changed(all('gateways'), after.gateways)) {
    tx.delete('Gateway', { prefix });
    if (mac !== undefined) tx.insert('Gateway', { prefix, mac });
  }
  for (const [nic, anchors] of changed(all('anchors'), after.anchors)) {
    tx.delete('Anchor', { interface: nic });
    tx.delete('Relay', { interface: nic });
    for (const { index, host, addresses, admit, relays } of anchors ?? []) {
      for (const relay of relays ?? []) {
        tx.insert('Relay', {
          interface: nic,
          index,
          host: relay.host,
          mode: relay.mode,
          edge: new Set(Object.values(relay.edge)),
          anchor: new Set(Object.values(relay.anchor)),
        });
      }
      tx.insert('Anchor', {
        interface: nic,
        index,
        host,
        admit,
        ipv4: addresses.ipv4 ?? null,
        ipv6: addresses.ipv6 ?? null,
      });
    }
  }
  for (const [address, held] of changed(all('quarantine'), after.quarantine)) {
    tx.delete('Quarantine', { address });
    if (held !== undefined) tx.insert('Quarantine', { address, ...held });
  }
  for (const [id, migration] of changed(all('history'), after.history)) {
    tx.delete('Migration', { id });
    if (migration !== undefined) tx.insert('Migration', migrationRow(migration));
  }
  for (const [guest, policy] of changed(all('policies'), after.policies)) {
    tx.delete('Defence', { guest });
    if (policy !== undefined) tx.insert('Defence', defenceRow(guest, policy));
  }
  for (const [id, flight] of changed(all('flights'), after.flights)) {
    tx.delete('Flight', { id });
    if (flight !== undefined) tx.insert('Flight', flightRow(flight));
  }
  blocklistDifference(tx, all('blocklist'), after.blocklist);
  return tx.length === 0 ? undefined : tx;
}

function blocklistDifference(
  tx: Transaction<ArcticTernTables>,
  known: readonly (Blocklist | undefined)[],
  after: Blocklist,
): void {
  if (known.every((before) => before === after)) return;
  if (known.some((before) => before?.lastNumber !== after.lastNumber))
    tx.update('Global', 'all', { last_block: after.lastNumber });
  for (const [number, block] of changed(
    known.map((before) => before?.blocks),
    after.blocks,
  )) {
    tx.delete('Block', { number });
    if (block === undefined) continue;
    const { origin, reason, verdict, guest, createdAt, expires, line, count } = block;
    tx.insert('Block', {
      number,
      origin,
      reason,
      verdict: verdict ?? null,
      guest: guest ?? null,
      created_at: createdAt,
      expires: expires ?? null,
      line,
      count,
    });
  }
  for (const line of ['first', 'second'] satisfies Line[]) {
    for (const [shard, sources] of changed(
      known.map((before) => before?.lines[line]),
      after.lines[line],
    )) {
      tx.delete('BlockedSources', { line, shard });
      if (sources !== undefined) tx.insert('BlockedSources', { line, shard, sources: textOf(sources) });
    }
  }
  for (const [source, allowance] of changed(
    known.map((before) => before?.allowed),
    after.allowed,
  )) {
    tx.delete('Allowance', { source });
    if (allowance === undefined) continue;
    tx.insert('Allowance', { source, reason: allowance.reason, created_at: allowance.createdAt });
  }
}

/** What is not in all of `known` as it is in `after`; undefined for what is gone. */
function* changed<K, V>(
  known: readonly (ReadonlyMap<K, V> | undefined)[],
  after: ReadonlyMap<K, V>,
): Iterable<[K, V | undefined]> {
  const others = known.filter((before) => before !== after);
  if (others.length === 0) return;
  for (const [key, value] of after) {
    if (others.some((before) => before?.get(key) !== value)) yield [key, value];
  }
  const gone = new Set<K>();
  for (const before of others) {
    for (const key of before?.keys() ?? []) if (!after.has(key)) gone.add(key);
  }
  for (const key of gone) yield [key, undefined];
}
