/**
 * An OVSDB server in a few lines, for tests without daemons: transactions with references and garbage
 * collection, conditional monitors with a history, locks. It shares no code with the client but the splitter,
 * and the suite in client-behaviour.ts holds it to what the real server does.
 *
 * Values are kept as the wire has them, in one canonical form: sets and maps sorted, never bare.
 */
import { randomUUID } from 'node:crypto';
import { refuse, ScriptedServer, silence, type Method, type ScriptedPeer } from './scripted-server.ts';

type Json = unknown;
type Row = Record<string, Json>;
type Table = Map<string, Row>;
type Data = Map<string, Table>;

interface Column {
  readonly key: {
    readonly type: string;
    readonly refTable?: string;
    readonly refType?: string;
    readonly min?: number;
    readonly max?: number;
  };
  readonly value:
    { readonly type: string; readonly refTable?: string; readonly refType?: string } | undefined;
  readonly min: number;
  readonly max: number;
}

interface Monitor {
  readonly peer: ScriptedPeer;
  readonly id: Json;
  readonly tables: Map<string, { columns: string[]; where: Json[] }>;
}

class OperationError extends Error {
  readonly details: string;

  constructor(error: string, details: string) {
    super(error);
    this.details = details;
  }
}

/** A base type, written short or in full. */
function base(json: Json): Column['key'] {
  if (typeof json === 'string') return { type: json };
  const { minInteger, maxInteger, ...rest } = json as Column['key'] & {
    minInteger?: number;
    maxInteger?: number;
  };
  return {
    ...rest,
    ...(minInteger === undefined ? {} : { min: minInteger }),
    ...(maxInteger === undefined ? {} : { max: maxInteger }),
  };
}

function column(type: Json): Column {
  if (typeof type === 'string') return { key: base(type), value: undefined, min: 1, max: 1 };
  const {
    key,
    value,
    min = 1,
    max = 1,
  } = type as { key: Json; value?: Json; min?: number; max?: number | 'unlimited' };
  return {
    key: base(key),
    value: value === undefined ? undefined : base(value),
    min,
    max: max === 'unlimited' ? Infinity : max,
  };
}

const defaults: Record<string, Json> = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: ['uuid', '00000000-0000-0000-0000-000000000000'],
};

const text = (json: Json) => JSON.stringify(json);
const same = (a: Json, b: Json) => text(a) === text(b);
const isScalar = ({ value, min, max }: Column) => value === undefined && min === 1 && max === 1;

function members(json: Json): Json[] {
  if (Array.isArray(json) && (json[0] === 'set' || json[0] === 'map')) return json[1] as Json[];
  return [json];
}

function canonical(type: Column, json: Json): Json {
  if (isScalar(type)) return members(json)[0];
  const sorted = [
    ...new Map(
      members(json).map((member) => [
        text(type.value === undefined ? member : (member as Json[])[0]),
        member,
      ]),
    ).entries(),
  ];
  sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  return [type.value === undefined ? 'set' : 'map', sorted.map(([, member]) => member)];
}

/** What `update2` tells of a change, undefined if there is none. */
function difference(type: Column, before: Json, after: Json): Json {
  if (same(before, after)) return undefined;
  if (type.max === 1) return after;
  const [old, now] = [members(before), members(after)];
  const lacks = (list: Json[]) => (member: Json) => !list.some((other) => same(other, member));
  if (type.value === undefined) return ['set', [...old.filter(lacks(now)), ...now.filter(lacks(old))]];
  const keys = now.map((pair) => text((pair as Json[])[0]));
  return [
    'map',
    [...old.filter((pair) => !keys.includes(text((pair as Json[])[0]))), ...now.filter(lacks(old))],
  ];
}

export class FakeOvsdb {
  readonly server: ScriptedServer;
  readonly #schema: {
    name: string;
    tables: Record<string, { columns: Record<string, Column>; isRoot: boolean }>;
  };
  #data: Data;
  #monitors: Monitor[] = [];
  #locks = new Map<string, ScriptedPeer[]>();
  #history: { readonly id: string; readonly before: Data }[] = [];

  constructor(schemaJson: Json) {
    const { name, tables } = schemaJson as {
      name: string;
      tables: Record<string, { columns: Record<string, { type: Json }>; isRoot?: boolean }>;
    };
    this.#schema = {
      name,
      tables: Object.fromEntries(
        Object.entries(tables).map(([table, { columns, isRoot }]) => [
          table,
          {
            columns: Object.fromEntries(
              Object.entries(columns).map(([key, { type }]) => [key, column(type)]),
            ),
            isRoot: isRoot === true,
          },
        ]),
      ),
    };
    this.#data = new Map(Object.keys(tables).map((table) => [table, new Map<string, Row>()]));
    const forDatabase =
      (method: Method): Method =>
      (params, peer, id) =>
        params[0] === name ? method(params, peer, id) : refuse('unknown database', String(params[0]));
    this.server = new ScriptedServer({
      list_dbs: () => [name],
      get_schema: forDatabase(() => schemaJson),
      transact: forDatabase((params, peer) => this.#transact(params.slice(1) as Row[], peer)),
      monitor_cond: forDatabase(() => refuse('unknown method')),
      monitor_cond_since: forDatabase(([, id, requests, since], peer) =>
        this.#monitor(id, requests as Record<string, Row[]>, since, peer),
      ),
      monitor_cond_change: ([id, , changes], peer) =>
        this.#changeConditions(id, changes as Record<string, Row[]>, peer),
      monitor_cancel: ([id], peer) => {
        this.#monitors = this.#monitors.filter((monitor) => monitor.peer !== peer || monitor.id !== id);
        return {};
      },
      lock: ([lock], peer) => this.#lock(lock as string, peer),
      steal: ([lock], peer) => this.#steal(lock as string, peer),
      unlock: ([lock], peer) => this.#unlock(lock as string, peer),
      cancel: () => silence,
    });
  }

  async kill(): Promise<void> {
    await this.server.kill();
    // A standalone server forgets its history when it restarts.
    this.#monitors = [];
    this.#locks = new Map();
    this.#history = [];
  }

  #columnOf(table: string, name: string): Column {
    if (name === '_uuid') return column('uuid');
    return this.#schema.tables[table]?.columns[name] ?? refuse('unknown column', `${table}.${name}`);
  }

  #matches(table: string, uuid: string, row: Row, where: Json[]): boolean {
    return where.every((condition) => this.#holds(table, uuid, row, condition));
  }

  #holds(table: string, uuid: string, row: Row, condition: Json): boolean {
    if (typeof condition === 'boolean') return condition;
    const [name, operator, operand] = condition as [string, string, Json];
    const type = this.#columnOf(table, name);
    const value = name === '_uuid' ? ['uuid', uuid] : row[name];
    const wanted = canonical(type, operand);
    if (operator === '==' || (operator === 'includes' && isScalar(type))) return same(value, wanted);
    if (operator === '!=') return !same(value, wanted);
    if (operator === 'includes')
      return members(wanted).every((member) => members(value).some((own) => same(own, member)));
    return refuse('syntax error', `the fake knows no ${operator}`);
  }

  #transact(operations: Row[], peer: ScriptedPeer): Json {
    const before = this.#data;
    this.#data = new Map(
      [...before].map(([name, table]) => [
        name,
        new Map([...table].map(([uuid, row]) => [uuid, { ...row }])),
      ]),
    );
    const named = new Map(
      operations
        .filter(({ op }) => op === 'insert')
        .map((operation) => [operation['uuid-name'], randomUUID()]),
    );
    const results: Json[] = [];
    for (const operation of operations) {
      try {
        results.push(this.#operate(operation, named, peer));
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        this.#data = before;
        results.push({ error: error.message, details: error.details });
        return [...results, ...Array.from({ length: operations.length - results.length }, () => null)];
      }
    }
    this.#collectGarbage();
    const dangling = this.#dangling();
    if (dangling !== undefined) {
      this.#data = before;
      return [...results, { error: 'referential integrity violation', details: dangling }];
    }
    this.#history.push({ id: randomUUID(), before });
    for (const monitor of this.#monitors) this.#tell(monitor, before, monitor.tables);
    return results;
  }

  #operate(operation: Row, named: ReadonlyMap<Json, string>, peer: ScriptedPeer): Json {
    const { op, table: name, where } = operation as { op: string; table: string; where: Json[] };
    const resolve = (json: Json): Json => {
      if (!Array.isArray(json)) return json;
      if (json[0] === 'named-uuid') return ['uuid', named.get(json[1])];
      return json.map(resolve);
    };
    const table = this.#data.get(name) ?? new Map<string, Row>();
    const chosen = () =>
      [...table].filter(([uuid, row]) => this.#matches(name, uuid, row, resolve(where) as Json[]));
    const set = (row: Row, json: Json) => {
      for (const [key, value] of Object.entries(json as Row))
        row[key] = this.#checked(name, key, resolve(value));
    };
    switch (op) {
      case 'insert': {
        const row: Row = {};
        for (const [key, type] of Object.entries(this.#schema.tables[name]!.columns)) {
          row[key] = isScalar(type)
            ? defaults[type.key.type]
            : [type.value === undefined ? 'set' : 'map', []];
        }
        set(row, operation['row']);
        const uuid = named.get(operation['uuid-name'])!;
        table.set(uuid, row);
        return { uuid: ['uuid', uuid] };
      }
      case 'update': {
        const rows = chosen();
        for (const [, row] of rows) set(row, operation['row']);
        return { count: rows.length };
      }
      case 'mutate': {
        const rows = chosen();
        for (const [, row] of rows) {
          for (const [key, mutator, operand] of operation['mutations'] as [string, string, Json][]) {
            row[key] = this.#checked(
              name,
              key,
              mutated(this.#columnOf(name, key), row[key], mutator, resolve(operand)),
            );
          }
        }
        return { count: rows.length };
      }
      case 'delete': {
        const rows = chosen();
        for (const [uuid] of rows) table.delete(uuid);
        return { count: rows.length };
      }
      case 'select':
        return {
          rows: chosen().map(([uuid, row]) =>
            Object.fromEntries(
              (operation['columns'] as string[]).map((key) => [
                key,
                key === '_uuid' ? ['uuid', uuid] : row[key],
              ]),
            ),
          ),
        };
      case 'wait': {
        const columns = operation['columns'] as string[];
        const pick = (row: Row) => text(columns.map((key) => this.#checked(name, key, row[key])));
        const found = new Set(chosen().map(([, row]) => pick(row)));
        const wanted = new Set((operation['rows'] as Row[]).map(pick));
        const equal = found.size === wanted.size && [...found].every((row) => wanted.has(row));
        if (equal !== (operation['until'] === '=='))
          throw new OperationError('timed out', '"wait" timed out');
        return {};
      }
      case 'abort':
        throw new OperationError('aborted', 'aborted by request');
      case 'assert':
        if (this.#locks.get(operation['lock'] as string)?.[0] !== peer)
          throw new OperationError('not owner', 'lock not held');
        return {};
      default:
        return {};
    }
  }

  #checked(table: string, key: string, json: Json): Json {
    const type = this.#columnOf(table, key);
    const value = canonical(type, json);
    const { min = -Infinity, max = Infinity } = type.key;
    for (const member of type.key.type === 'integer' && type.value === undefined
      ? (members(value) as number[])
      : []) {
      if (member < min || member > max)
        throw new OperationError('constraint violation', `${member} is not ${min} to ${max}`);
    }
    return value;
  }

  *#references(row: Row, table: string): Generator<readonly [string, string, string]> {
    for (const [key, { key: first, value: second }] of Object.entries(this.#schema.tables[table]!.columns)) {
      for (const member of members(row[key])) {
        const atoms = second === undefined ? [member] : (member as Json[]);
        for (const [index, type] of [first, second].entries()) {
          if (type?.refTable !== undefined && type.refType !== 'weak')
            yield [type.refTable, (atoms[index] as string[])[1]!, `${table}.${key}`];
        }
      }
    }
  }

  #collectGarbage(): void {
    for (let again = true; again;) {
      again = false;
      const held = new Set<string>();
      for (const [name, table] of this.#data) {
        for (const row of table.values()) for (const [, uuid] of this.#references(row, name)) held.add(uuid);
      }
      for (const [name, table] of this.#data) {
        if (this.#schema.tables[name]?.isRoot === true) continue;
        for (const uuid of table.keys()) if (!held.has(uuid) && table.delete(uuid)) again = true;
      }
    }
  }

  #dangling(): string | undefined {
    for (const [name, table] of this.#data) {
      for (const row of table.values()) {
        for (const [target, uuid, where] of this.#references(row, name)) {
          if (this.#data.get(target)?.has(uuid) !== true)
            return `${where} names ${uuid}, which is not in ${target}`;
        }
      }
    }
    return undefined;
  }

  #monitor(id: Json, requests: Record<string, Row[]>, since: Json, peer: ScriptedPeer): Json {
    const tables = new Map(
      Object.entries(requests).map(([name, [request]]) => [
        name,
        { columns: request!['columns'] as string[], where: (request!['where'] ?? []) as Json[] },
      ]),
    );
    const monitor = { peer, id, tables };
    this.#monitors.push(monitor);
    const last = this.#history.at(-1)?.id ?? '00000000-0000-0000-0000-000000000000';
    const known = this.#history.findIndex((entry) => entry.id === since);
    const empty: Data = new Map();
    const from = known < 0 ? empty : (this.#history[known + 1]?.before ?? this.#data);
    return [known >= 0, last, this.#updates(from, tables, tables)];
  }

  #changeConditions(id: Json, changes: Record<string, Row[]>, peer: ScriptedPeer): Json {
    const monitor =
      this.#monitors.find((each) => each.peer === peer && each.id === id) ?? refuse('unknown monitor');
    const before = new Map([...monitor.tables].map(([name, table]) => [name, { ...table }]));
    for (const [name, [change]] of Object.entries(changes)) {
      monitor.tables.get(name)!.where = (change!['where'] ?? []) as Json[];
    }
    this.#tell(monitor, this.#data, before);
    return {};
  }

  #tell(monitor: Monitor, before: Data, tablesBefore: Monitor['tables']): void {
    const updates = this.#updates(before, tablesBefore, monitor.tables);
    if (Object.keys(updates).length > 0)
      monitor.peer.notify('update3', monitor.id, this.#history.at(-1)?.id ?? randomUUID(), updates);
  }

  #updates(before: Data, tablesBefore: Monitor['tables'], tables: Monitor['tables']): Record<string, Json> {
    const updates: Record<string, Json> = {};
    for (const [name, { columns, where }] of tables) {
      const shown = (row: Row | undefined, uuid: string, conditions: Json[]) =>
        row !== undefined &&
        (conditions.length === 0 || conditions.some((condition) => this.#holds(name, uuid, row, condition)));
      const [old, now] = [before.get(name) ?? new Map<string, Row>(), this.#data.get(name)!];
      const rows: Record<string, Json> = {};
      for (const uuid of new Set([...old.keys(), ...now.keys()])) {
        const [a, b] = [old.get(uuid), now.get(uuid)];
        const [was, is] = [shown(a, uuid, tablesBefore.get(name)!.where), shown(b, uuid, where)];
        if (was && !is) {
          rows[uuid] = { delete: null };
        } else if (is) {
          const entries = columns.flatMap((key) => {
            const type = this.#columnOf(name, key);
            const empty = isScalar(type)
              ? defaults[type.key.type]
              : [type.value === undefined ? 'set' : 'map', []];
            const change = was
              ? difference(type, a![key], b![key])
              : same(b![key], empty)
                ? undefined
                : b![key];
            return change === undefined ? [] : [[key, change] as const];
          });
          if (!was) rows[uuid] = { insert: Object.fromEntries(entries) };
          else if (entries.length > 0) rows[uuid] = { modify: Object.fromEntries(entries) };
        }
      }
      if (Object.keys(rows).length > 0) updates[name] = rows;
    }
    return updates;
  }

  #lock(lock: string, peer: ScriptedPeer): Json {
    const queue = this.#queue(lock, peer);
    queue.push(peer);
    return { locked: queue[0] === peer };
  }

  #steal(lock: string, peer: ScriptedPeer): Json {
    const queue = this.#queue(lock, peer);
    queue[0]?.notify('stolen', lock);
    queue.unshift(peer);
    return { locked: true };
  }

  #unlock(lock: string, peer: ScriptedPeer): Json {
    const queue = this.#locks.get(lock) ?? [];
    const first = queue[0];
    this.#locks.set(
      lock,
      queue.filter((each) => each !== peer),
    );
    if (first === peer) this.#locks.get(lock)?.[0]?.notify('locked', lock);
    return {};
  }

  #queue(lock: string, peer: ScriptedPeer): ScriptedPeer[] {
    peer.socket.once('close', () => this.#unlock(lock, peer));
    let queue = this.#locks.get(lock);
    if (queue === undefined) this.#locks.set(lock, (queue = []));
    return queue;
  }
}

function mutated(type: Column, value: Json, mutator: string, operand: Json): Json {
  if (mutator === '+=') return (value as number) + (operand as number);
  const [own, given] = [members(value), members(operand)];
  const key = (member: Json) => text(type.value === undefined ? member : (member as Json[])[0]);
  const tag = type.value === undefined ? 'set' : 'map';
  if (mutator === 'insert') {
    // What is there already stays as it is, in a map too (RFC 7047, 5.1).
    return [tag, [...given.filter((member) => !own.some((other) => key(other) === key(member))), ...own]];
  }
  const whole = Array.isArray(operand) && operand[0] === 'map';
  return [
    tag,
    own.filter(
      (member) =>
        !given.some((other) =>
          whole || type.value === undefined ? same(other, member) : text(other) === key(member),
        ),
    ),
  ];
}
