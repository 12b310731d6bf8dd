/**
 * A real `ovsdb-server` for tests: its own directory, sockets and pid, ended by pid.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const openVSwitchSchemaFile = '/usr/share/openvswitch/vswitch.ovsschema';

export async function tool(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(program, args, { timeout: 20_000 });
  return stdout.trim();
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ovsdb-'));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Polls until `done` gives true. */
export async function eventually(
  what: string,
  done: () => boolean | Promise<boolean>,
  within = 10_000,
): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export class RealServer {
  readonly directory: string;
  readonly database: string;
  #child: ChildProcess | undefined;
  #args: readonly string[] = [];

  private constructor(directory: string, database: string) {
    this.directory = directory;
    this.database = database;
  }

  /** Creates a database of `schemaFile` in a new directory, unless a database file is given, and serves it. */
  static async start(
    options: { schemaFile?: string; args?: (directory: string) => string[]; databaseFile?: string } = {},
  ): Promise<RealServer> {
    const directory = temporaryDirectory();
    const database = options.databaseFile ?? join(directory, 'db');
    if (options.databaseFile === undefined) {
      await tool('ovsdb-tool', 'create', database, options.schemaFile ?? openVSwitchSchemaFile);
    }
    const server = new RealServer(directory, database);
    server.#args = options.args?.(directory) ?? [];
    await server.run();
    return server;
  }

  get socket(): string {
    return join(this.directory, 'db.sock');
  }

  get remote(): string {
    return `unix:${this.socket}`;
  }

  get control(): string {
    return join(this.directory, 'ctl');
  }

  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  get pid(): number {
    return this.#child?.pid ?? NaN;
  }

  /** Starts the process, after `start` or `kill`. */
  async run(): Promise<void> {
    rmSync(this.socket, { force: true });
    const child = spawn(
      'ovsdb-server',
      [
        this.database,
        `--remote=punix:${this.socket}`,
        `--unixctl=${this.control}`,
        `--pidfile=${join(this.directory, 'pid')}`,
        `--log-file=${join(this.directory, 'log')}`,
        '-vconsole:off',
        ...this.#args,
      ],
      { stdio: 'ignore' },
    );
    this.#child = child;
    await eventually('ovsdb-server listens', () => {
      if (child.exitCode !== null) throw new Error(`ovsdb-server ended with ${child.exitCode}`);
      return existsSync(this.socket);
    });
  }

  appctl(...args: string[]): Promise<string> {
    return tool('ovs-appctl', '-t', this.control, ...args);
  }

  /** Ends the process as a crash would. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    removeDirectory(this.directory);
  }
}
