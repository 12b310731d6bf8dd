/**
 * What a server's notification means for the rows that we hold: pure, nothing is changed here.
 *
 * Three notations say the same: <table-updates> (RFC 7047, 4.1.6) with whole rows before and after, OVS's
 * <table-updates2> (ovsdb-server(7), 4.1.14) with differences, and, when a server cannot say what was missed,
 * all rows. Each becomes the same list of real changes: what is equal before and after is left out.
 */
import { OvsdbInconsistentError, OvsdbMalformedValueError } from './errors.ts';
import type { PlainRow } from './row-codec.ts';
import type { MutableTable, TableChanges } from './table.ts';
import { isUuid, type Uuid } from './uuid.ts';

export type Notation = 'updates' | 'updates2';

export type Changes = ReadonlyMap<MutableTable, TableChanges<PlainRow>>;

interface Collected {
  readonly inserted: PlainRow[];
  readonly modified: { old: PlainRow; new: PlainRow }[];
  readonly deleted: PlainRow[];
}

/**
 * The changes that `json` tells of.
 *
 * @throws {OvsdbMalformedValueError} or {OvsdbInconsistentError}: the contents can no longer be trusted.
 */
export function changesOf(
  tables: ReadonlyMap<string, MutableTable>,
  notation: Notation,
  json: unknown,
): Changes {
  const changes = new Map<MutableTable, Collected>();
  for (const { table, uuid, update } of rowsIn(tables, json)) {
    const collected = collect(changes, table);
    if (notation === 'updates2') rowUpdate2(collected, table, uuid, update);
    else rowUpdate(collected, table, uuid, update);
  }
  return withoutEmpty(changes);
}

/** The changes that lead from the present rows to those of `json`, which tells of all there are. */
export function replacementBy(
  tables: ReadonlyMap<string, MutableTable>,
  notation: Notation,
  json: unknown,
): Changes {
  const changes = new Map<MutableTable, Collected>();
  const seen = new Map<MutableTable, Set<Uuid>>();
  for (const { table, uuid, update } of rowsIn(tables, json)) {
    const member = notation === 'updates' ? update['new'] : (update['initial'] ?? update['insert']);
    if (member === undefined) {
      throw new OvsdbInconsistentError(
        `the server told of a change where all rows of ${table.name} were asked for`,
      );
    }
    insertOrReplace(collect(changes, table), table, table.codec.decode(uuid, member));
    let uuids = seen.get(table);
    if (uuids === undefined) seen.set(table, (uuids = new Set()));
    uuids.add(uuid);
  }
  for (const table of tables.values()) {
    const uuids = seen.get(table);
    for (const row of table) {
      if (uuids?.has(row._uuid) !== true) collect(changes, table).deleted.push(row);
    }
  }
  return withoutEmpty(changes);
}

function* rowsIn(
  tables: ReadonlyMap<string, MutableTable>,
  json: unknown,
): Generator<{ table: MutableTable; uuid: Uuid; update: Record<string, unknown> }> {
  for (const [name, rows] of Object.entries(object(json, 'the tables of an update'))) {
    const table = tables.get(name);
    if (table === undefined) {
      throw new OvsdbMalformedValueError(`the server told of table ${name}, which was not asked for`);
    }
    for (const [uuid, update] of Object.entries(object(rows, `the rows of ${name} in an update`))) {
      if (!isUuid(uuid)) throw new OvsdbMalformedValueError(`the server named a row of ${name} "${uuid}"`);
      yield { table, uuid, update: object(update, `the update of row ${uuid} of ${name}`) };
    }
  }
}

function rowUpdate2(to: Collected, table: MutableTable, uuid: Uuid, update: Record<string, unknown>): void {
  if ('modify' in update) {
    const old = table.expect(uuid, 'modified');
    const row = table.codec.modify(old, update['modify']);
    if (row !== old) to.modified.push({ old, new: row });
  } else if ('insert' in update || 'initial' in update) {
    insertOrReplace(to, table, table.codec.decode(uuid, update['insert'] ?? update['initial']));
  } else if ('delete' in update) {
    to.deleted.push(table.expect(uuid, 'deleted'));
  } else {
    throw new OvsdbMalformedValueError(
      `the server said nothing of what became of row ${uuid} of ${table.name}`,
    );
  }
}

function rowUpdate(to: Collected, table: MutableTable, uuid: Uuid, update: Record<string, unknown>): void {
  const { old: before, new: after } = update;
  if (after === undefined) {
    to.deleted.push(table.expect(uuid, 'deleted'));
  } else if (before === undefined) {
    insertOrReplace(to, table, table.codec.decode(uuid, after));
  } else {
    const old = table.expect(uuid, 'modified');
    const row = table.codec.replace(old, after);
    if (row !== old) to.modified.push({ old, new: row });
  }
}

function insertOrReplace(to: Collected, table: MutableTable, row: PlainRow): void {
  const old = table.get(row._uuid);
  if (old === undefined) to.inserted.push(row);
  else if (!table.codec.equal(old, row)) to.modified.push({ old, new: row });
}

function collect(changes: Map<MutableTable, Collected>, table: MutableTable): Collected {
  let collected = changes.get(table);
  if (collected === undefined) {
    changes.set(table, (collected = { inserted: [], modified: [], deleted: [] }));
  }
  return collected;
}

function withoutEmpty(changes: Map<MutableTable, Collected>): Changes {
  for (const [table, { inserted, modified, deleted }] of changes) {
    if (inserted.length + modified.length + deleted.length === 0) changes.delete(table);
  }
  return changes;
}

function object(json: unknown, what: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new OvsdbMalformedValueError(`the server sent no object for ${what}`);
  }
  return json as Record<string, unknown>;
}
