/** An `ovsdb-server` of our own, from its first start to schema changes and the controller's violent end. */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  connect,
  ensureSchema,
  parseSchema,
  serve,
  transaction,
  type DatabaseSchema,
  type OvsdbServerProcess,
  type Uuid,
} from '../../../controller/ovsdb/index.ts';
import { eventually, removeDirectory, temporaryDirectory } from './ovsdb-server.ts';

/** Some seconds, or half a minute beside other tests. */
const COMPILE_MS = 90_000;

const root = temporaryDirectory();
const servers: OvsdbServerProcess[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => removeDirectory(root));

type NotesTables = { Note: { readonly row: NoteRow; readonly immutable: never } };
interface NoteRow {
  readonly _uuid: Uuid<'Note'>;
  readonly text: string;
}

/** A small schema, with more columns in later versions. */
function schemaOf(version: string, columns: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'Notes',
    version,
    tables: { Note: { columns: { text: { type: 'string' }, ...columns }, isRoot: true } },
  };
}

const notes = parseSchema(schemaOf('1.0.0')) as unknown as DatabaseSchema<NotesTables>;
let counter = 0;

function place(schema: unknown): { schemaFile: string; directory: string } {
  const directory = join(root, String(counter++));
  mkdirSync(directory);
  return { schemaFile: write(directory, schema), directory: join(directory, 'data') };
}

function write(directory: string, schema: unknown): string {
  const file = join(directory, 'notes.ovsschema');
  writeFileSync(file, JSON.stringify(schema));
  return file;
}

async function start(options: Parameters<typeof serve>[0]): Promise<OvsdbServerProcess> {
  const server = await serve(options);
  servers.push(server);
  return server;
}

async function addNote(remote: string, text: string): Promise<void> {
  await using client = connect({ remotes: remote, database: 'Notes' });
  const tx = transaction(notes);
  tx.insert('Note', { text });
  tx.commit(true);
  await client.transact(tx);
}

async function texts(remote: string): Promise<string[]> {
  await using client = connect({ remotes: remote, database: 'Notes' });
  const replica = await client.replicate(notes, { Note: true });
  return replica
    .table('Note')
    .rows()
    .map(({ text }) => text)
    .sort();
}

function alive(pid: number): boolean {
  try {
    // A zombie is dead, though it can be signalled.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a server of our own', () => {
  test('makes its database, keeps it, and is for its owner alone', async () => {
    const options = place(schemaOf('1.0.0'));
    const first = await start(options);
    expect(first).toMatchObject({ database: 'Notes', prepared: 'created' });
    expect(statSync(options.directory).mode & 0o777).toBe(0o700);
    await addNote(first.remote, 'kept');
    expect(await first.stop()).toMatchObject({ signal: 'SIGTERM' });
    // It heeded the signal: it cleaned up before it ended.
    expect(readdirSync(options.directory)).not.toContain('Notes.sock');
    const second = await start(options);
    expect(second.prepared).toBe('unchanged');
    expect(await texts(second.remote)).toEqual(['kept']);
  });

  test('survives a crash of the server process', async () => {
    const options = place(schemaOf('1.0.0'));
    const first = await start(options);
    await addNote(first.remote, 'durable');
    process.kill(first.pid!, 'SIGKILL');
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
    const second = await start(options);
    expect(await texts(second.remote)).toEqual(['durable']);
  });

  test('converts an older database and keeps a copy of it', async () => {
    const options = place(schemaOf('1.0.0'));
    const old = await start(options);
    await addNote(old.remote, 'old');
    await old.stop();
    write(join(options.directory, '..'), schemaOf('1.1.0', { by: { type: 'string' } }));
    const now = await start(options);
    expect(now.prepared).toBe('converted');
    expect(await texts(now.remote)).toEqual(['old']);
    expect(readdirSync(options.directory)).toContain('Notes.db.1.0.0');
    await using client = connect({ remotes: now.remote, database: 'Notes' });
    expect((await client.getSchema('Notes')).version).toBe('1.1.0');
  });

  test('refuses a database that is newer, and one that differs under the same version', async () => {
    const options = place(schemaOf('2.0.0'));
    await (await start(options)).stop();
    write(join(options.directory, '..'), schemaOf('1.0.0'));
    await expect(serve(options)).rejects.toMatchObject({ code: 'OVSDB_SCHEMA_DOWNGRADE' });
    write(join(options.directory, '..'), schemaOf('2.0.0', { by: { type: 'string' } }));
    await expect(serve(options)).rejects.toMatchObject({ code: 'OVSDB_SCHEMA_MISMATCH' });
  });

  test('is converted while it is served, and replicas carry on', async () => {
    const options = place(schemaOf('1.0.0'));
    const server = await start(options);
    await addNote(server.remote, 'online');
    await using client = connect({ remotes: server.remote, database: 'Notes' });
    const replica = await client.replicate(notes, { Note: true });
    const [row] = replica.table('Note').rows();
    const log: string[] = [];
    client.on('disconnected', () => log.push('disconnected'));
    replica.on('stale', () => log.push('stale'));
    const back = new Promise<void>((resolve) =>
      replica.on('reconnected', () => {
        log.push('reconnected');
        resolve();
      }),
    );
    const newer = schemaOf('1.2.0', { by: { type: 'string' } });
    expect(await ensureSchema(client, newer)).toBe(true);
    await back;
    // The server cancelled the monitor; the connection stayed.
    expect(log).toEqual(['stale', 'reconnected']);
    expect(replica.table('Note').rows()).toEqual([row]);
    expect(await ensureSchema(client, newer)).toBe(false);
    await expect(ensureSchema(client, schemaOf('1.1.0'))).rejects.toMatchObject({
      code: 'OVSDB_SCHEMA_DOWNGRADE',
    });
    await addNote(server.remote, 'after');
    await replica.until(() => (replica.table('Note').find('text', 'after').length === 1 ? true : undefined));
  });

  test('reports a column that the server lacks, and fills it in', async () => {
    const server = await start(place(schemaOf('1.0.0')));
    await addNote(server.remote, 'short');
    const wider = parseSchema(
      schemaOf('1.1.0', { tags: { type: { key: 'string', min: 0, max: 'unlimited' } } }),
    );
    await using client = connect({ remotes: server.remote, database: 'Notes' });
    const replica = await client.replicate(wider, { Note: true });
    expect(replica.missing).toEqual(['Note.tags']);
    expect(replica.table('Note').rows()[0]).toMatchObject({ text: 'short', tags: new Set() });
    const other = parseSchema(schemaOf('1.1.0', { text: { type: 'integer' } }));
    await expect(client.replicate(other, { Note: true })).rejects.toMatchObject({
      code: 'OVSDB_SCHEMA_MISMATCH',
    });
  });

  test(
    'dies with the process that started it, even by kill -9',
    async () => {
      const options = place(schemaOf('1.0.0'));
      // A controller of its own, from the code as it is built.
      const built = join(root, 'built');
      const argv = ['-p', 'tsconfig.build.json', '--outDir', built];
      await promisify(execFile)('node_modules/.bin/tsc', argv, { timeout: COMPILE_MS });
      writeFileSync(join(built, 'package.json'), '{"type":"module"}');
      const program = `
      import { serve } from './controller/ovsdb/index.js';
      const server = await serve(${JSON.stringify(options)});
      process.stdout.write(String(server.pid));
      setInterval(() => {}, 1000);
    `;
      writeFileSync(join(built, 'main.js'), program);
      const controller = spawn(process.execPath, [join(built, 'main.js')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const pid = await new Promise<number>((resolve) =>
          controller.stdout.once('data', (text: Buffer) => resolve(Number(text))),
        );
        expect(alive(pid)).toBe(true);
        expect(await texts(`unix:${join(options.directory, 'Notes.sock')}`)).toEqual([]);
        controller.kill('SIGKILL');
        await eventually('the server is gone', () => !alive(pid), 2_000);
      } finally {
        controller.kill('SIGKILL');
      }
    },
    COMPILE_MS + 20_000,
  );

  test('says which program is missing', async () => {
    const options = place(schemaOf('1.0.0'));
    await expect(serve({ ...options, env: { PATH: '/nonexistent' } })).rejects.toMatchObject({
      code: 'OVSDB_PROGRAM_MISSING',
    });
    const bin = join(root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'setpriv'), '#!/bin/sh\nexec /usr/bin/setpriv "$@"\n', { mode: 0o755 });
    await expect(serve({ ...options, env: { PATH: bin } })).rejects.toMatchObject({
      code: 'OVSDB_PROGRAM_MISSING',
      message: expect.stringContaining('ovsdb-tool') as string,
    });
  });

  test('says what is wrong with a schema or a database', async () => {
    const broken = place({ name: 'Notes' });
    await expect(serve(broken)).rejects.toMatchObject({ code: 'OVSDB_INVALID_SCHEMA' });
    const options = place(schemaOf('1.0.0'));
    mkdirSync(options.directory);
    writeFileSync(join(options.directory, 'Notes.db'), 'no database');
    await expect(serve(options)).rejects.toMatchObject({ code: 'OVSDB_TOOL' });
  });

  test('is not started twice on one database', async () => {
    const options = place(schemaOf('1.0.0'));
    const first = await start(options);
    await expect(serve(options)).rejects.toMatchObject({
      code: 'OVSDB_SERVER_START',
      message: expect.stringContaining('already') as string,
    });
    await addNote(first.remote, 'still there');
  });
});
