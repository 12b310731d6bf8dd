/**
 * An `ovsdb-server` of our own: for the controller's state, when no other server is there to keep it.
 *
 * What it keeps true: the database has the schema it should (made when missing, converted when older, a copy
 * of the older file kept beside it); the process is a child of ours and dies with us, even when we are killed,
 * so that no second controller finds it holding the file; whoever gets an `OvsdbServerProcess` can connect to it.
 *
 *     DIRECTORY/NAME.db           the database
 *     DIRECTORY/NAME.db.VERSION   as it was before it was converted from VERSION
 *     DIRECTORY/NAME.sock         where it listens
 *     DIRECTORY/NAME.ctl          for `ovs-appctl -t`
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { access, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, type Clock } from '../clock.ts';
import { ArcticTernError, messageOf } from '../errors.ts';
import { ovsdb as limits } from '../limits.ts';
import { connect } from './client.ts';
import { schemaStep } from './ensure-schema.ts';
import {
  OvsdbInvalidSchemaError,
  OvsdbProgramMissingError,
  OvsdbSchemaMismatchError,
  OvsdbServerStartError,
  OvsdbToolError,
} from './errors.ts';
import { parseRemote } from './remote.ts';
import { parseSchema } from './schema.ts';

export interface ServeOptions {
  /** A `.ovsschema` file. */
  readonly schemaFile: string;
  /** Holds the database and the sockets; made, for its owner alone, when missing. */
  readonly directory: string;
  readonly clock?: Clock;
  /** How programs are found; the environment of this process by default. */
  readonly env?: NodeJS.ProcessEnv;
}

/** How a process ended, and what it last wrote. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** A running `ovsdb-server`. Made by `serve`, ended by `stop`. */
export class OvsdbServerProcess implements AsyncDisposable {
  /** Where to connect to. */
  readonly remote: string;
  /** The name of the database. */
  readonly database: string;
  /** Whether the database was made, brought to a newer schema, or found as it should be. */
  readonly prepared: Prepared;
  /** Resolves when the process has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<ServerExit>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;

  /** Use `serve`. */
  constructor(child: ChildProcess, exited: Promise<ServerExit>, about: About) {
    this.#child = child;
    this.exited = exited;
    this.#clock = about.clock;
    this.remote = about.remote;
    this.database = about.database;
    this.prepared = about.prepared;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process: SIGTERM, and SIGKILL if it does not heed it in time. */
  async stop(): Promise<ServerExit> {
    this.#child.kill('SIGTERM');
    const cancel = this.#clock.after(limits.serverStopTimeout, () => this.#child.kill('SIGKILL'));
    const exit = await this.exited;
    cancel();
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface About {
  readonly remote: string;
  readonly database: string;
  readonly prepared: Prepared;
  readonly clock: Clock;
}

type Prepared = 'created' | 'converted' | 'unchanged';

/**
 * Starts a server for a schema and resolves when it serves the database.
 *
 * @throws {OvsdbProgramMissingError}, {OvsdbToolError}, {OvsdbServerStartError}, {OvsdbInvalidSchemaError};
 *   {OvsdbSchemaDowngradeError} when the database is newer than the schema; {OvsdbSchemaMismatchError} when they
 *   differ under one version.
 */
export async function serve(options: ServeOptions): Promise<OvsdbServerProcess> {
  const { schemaFile, directory, clock = systemClock, env = process.env } = options;
  const { name, version } = await readSchema(schemaFile);
  const remote = `unix:${join(directory, `${name}.sock`)}`;
  // A path that is too long for a socket is better found now than by a server that does not come up.
  parseRemote(remote);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${name}.db`);
  await mustBeUnserved(remote, name, clock);
  const prepared = await prepare(file, schemaFile, name, version, env, clock);

  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'ovsdb-server',
      file,
      `--remote=p${remote}`,
      `--unixctl=${join(directory, `${name}.ctl`)}`,
      '--no-chdir',
      '-vconsole:warn',
      '-vsyslog:off',
      '-vfile:off',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env },
  );
  const exited = exitOf(child);
  const server = new OvsdbServerProcess(child, exited, { remote, database: name, prepared, clock });
  try {
    await ready(server, clock);
    // Two that start at once: the file's lock lets one live, to which the other may have connected.
    if (child.exitCode !== null)
      throw new OvsdbServerStartError('it ended, and another server answers in its place');
  } catch (error) {
    child.kill('SIGKILL');
    const { output } = await exited;
    throw startError(child, name, output, error);
  }
  return server;
}

async function readSchema(file: string): Promise<{ name: string; version: string }> {
  try {
    return parseSchema(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const why = messageOf(cause);
    throw new OvsdbInvalidSchemaError(`cannot read the schema ${file}: ${why}`, { cause });
  }
}

/** Else what is connected to would be the other server, and not the one that is being started. */
async function mustBeUnserved(remote: string, name: string, clock: Clock): Promise<void> {
  const client = connect({ remotes: remote, clock });
  const attempted = new Promise<boolean>((resolve) => {
    client.on('connected', () => resolve(true));
    client.on('failed', () => resolve(false));
  });
  const served = await attempted;
  await client.close();
  if (served) {
    throw new OvsdbServerStartError(
      `a server for ${name} listens on ${remote} already; connect to that one, or stop it first`,
    );
  }
}

/** Makes the file what it should be. */
async function prepare(
  file: string,
  schemaFile: string,
  name: string,
  version: string,
  env: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<Prepared> {
  const tool = (...args: string[]) => runTool(args, env, clock);
  if (!(await exists(file))) {
    await tool('create', file, schemaFile);
    return 'created';
  }
  const present = await tool('db-version', file);
  if (schemaStep(name, present, version) === 'convert') {
    await copyFile(file, `${file}.${present}`);
    await tool('convert', file, schemaFile);
    return 'converted';
  }
  if ((await tool('needs-conversion', file, schemaFile)) === 'yes') {
    throw new OvsdbSchemaMismatchError(
      `${file} and ${schemaFile} are different schemas of version ${version}; a changed schema needs a new version`,
    );
  }
  return 'unchanged';
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

/** Runs `ovsdb-tool` and gives what it printed. It dies with us, so that it leaves no lock behind. */
async function runTool(args: readonly string[], env: NodeJS.ProcessEnv, clock: Clock): Promise<string> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'ovsdb-tool', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const run = { late: false };
  const cancel = clock.after(limits.toolTimeout, () => {
    run.late = true;
    child.kill('SIGKILL');
  });
  const { code, output } = await exitOf(child);
  cancel();
  const command = `ovsdb-tool ${args.join(' ')}`;
  if (isMissing(child, code)) throw missing('ovsdb-tool', output);
  if (run.late) throw new OvsdbToolError(`${command} did not end within ${limits.toolTimeout} ms`);
  if (code !== 0) throw new OvsdbToolError(`${command} failed: ${output}`);
  return output;
}

async function ready(server: OvsdbServerProcess, clock: Clock): Promise<void> {
  const client = connect({
    remotes: server.remote,
    database: server.database,
    clock,
    backoffMinimum: 10,
    backoffMaximum: 100,
  });
  const ended = server.exited.then(({ code, signal }) => {
    throw new OvsdbServerStartError(`it ended with ${signal ?? `status ${String(code)}`}`);
  });
  try {
    await Promise.race([client.ready({ timeout: limits.serverReadyTimeout }), ended]);
  } finally {
    ended.catch(() => undefined);
    await client.close();
  }
}

function startError(child: ChildProcess, name: string, output: string, error: unknown): unknown {
  if (isMissing(child, child.exitCode)) return missing('ovsdb-server', output);
  if (!(error instanceof ArcticTernError)) return error;
  return new OvsdbServerStartError(`ovsdb-server for ${name} did not start: ${error.message}: ${output}`, {
    cause: error,
  });
}

function exitOf(child: ChildProcess): Promise<ServerExit> {
  let output = '';
  const keep = (text: string) => {
    output = (output + text).slice(-limits.outputBytes);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    // There is no `close` for a program that could not be started.
    child.once('error', (error) => resolve({ code: null, signal: null, output: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal, output: output.trim() }));
  });
}

/** `setpriv` itself, which then has no pid, or what it should start (its status is 127, as a shell's). */
function isMissing(child: ChildProcess, code: number | null): boolean {
  return child.pid === undefined || code === 127;
}

function missing(program: string, output: string): OvsdbProgramMissingError {
  return new OvsdbProgramMissingError(
    `cannot run ${program} under setpriv (${output}); install Open vSwitch's ovsdb-server (openvswitch-switch) and util-linux`,
  );
}
