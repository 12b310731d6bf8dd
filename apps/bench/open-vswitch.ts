/**
 * An Open vSwitch of our own: database and switch in a temporary directory, the switch in a network namespace
 * of its own, with the datapath in user space.
 *
 *     DIRECTORY/conf.db        the database
 *     DIRECTORY/db.sock        where it listens
 *     DIRECTORY/BRIDGE.mgmt    where `ovs-ofctl` finds a bridge
 *     DIRECTORY/ctl            where a bridge finds its controller
 *
 * Nothing of it touches what else runs on the machine, and nothing outlives us: both daemons are killed when
 * the process that started them ends, however it ends.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ArcticTernError } from '../../controller/errors.ts';
import { bench as limits } from '../../controller/limits.ts';
import { stands } from './standing.ts';
import { makeFolder } from './temporary-folder.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

const execute = promisify(execFile);

export class OpenVSwitchFailedError extends ArcticTernError {
  readonly code = 'OPEN_VSWITCH_FAILED';
  constructor(what: string, log: string) {
    super(`Open vSwitch of our own: ${what}; is openvswitch-switch installed, and are we root? ${log}`);
  }
}

export interface OpenVSwitchOptions {
  /** The core that `ovs-vswitchd` is to run on; any, unless it is given. */
  readonly core?: number;
}

export class OpenVSwitch implements AsyncDisposable {
  readonly directory = makeFolder('ovs');
  readonly #gone = stands(() => this.stop());
  readonly #core: number | undefined;
  #database: ChildProcess | undefined;
  #switch: ChildProcess | undefined;

  private constructor({ core }: OpenVSwitchOptions) {
    this.#core = core;
  }

  static async start(options: OpenVSwitchOptions = {}): Promise<OpenVSwitch> {
    const ovs = new OpenVSwitch(options);
    try {
      await ovs.#startDatabase();
      await ovs.startSwitch();
    } catch (error) {
      await ovs.stop();
      throw error;
    }
    return ovs;
  }

  /** Pid of `ovs-vswitchd`. */
  get switchPid(): number {
    return this.#switch?.pid ?? NaN;
  }

  vsctl(...args: string[]): Promise<string> {
    return this.run('ovs-vsctl', `--db=unix:${this.path('db.sock')}`, '--timeout=20', ...args);
  }

  /** `command` is what comes before the bridge: `dump-flows`. */
  ofctl(command: readonly string[], bridge: string, ...args: string[]): Promise<string> {
    return this.run('ovs-ofctl', '-O', 'OpenFlow15', ...command, this.managementOf(bridge), ...args);
  }

  /** How `ovs-ofctl` reaches a bridge. */
  managementOf(bridge: string): string {
    return `unix:${this.path(`${bridge}.mgmt`)}`;
  }

  /** A bridge in user space that forwards nothing on its own, with its controller at `controller()`. */
  async addBridge(bridge: string): Promise<void> {
    await this.vsctl(
      ...['add-br', bridge, '--', 'set', 'bridge', bridge],
      ...['datapath_type=netdev', 'fail_mode=secure', 'protocols=OpenFlow15'],
      ...['--', 'set-controller', bridge, `unix:${this.path('ctl')}`],
      ...['--', 'set', 'controller', bridge, 'connection_mode=out-of-band', 'max_backoff=1000'],
    );
  }

  /** Listens where the bridges look for their controller. */
  async controller(accept: (socket: Socket) => void): Promise<Server> {
    const server = createServer(accept);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.path('ctl'), resolve);
    });
    return server;
  }

  async startSwitch(): Promise<void> {
    const pin = this.#core === undefined ? [] : ['taskset', '-c', String(this.#core)];
    const [program, ...args] = [...pin, 'unshare', '--net', ...daemon('ovs-vswitchd')] as [
      string,
      ...string[],
    ];
    this.#switch = spawn(
      program,
      [...args, `unix:${this.path('db.sock')}`, ...this.#daemonFiles('ovs-vswitchd'), '--disable-system'],
      { env: this.#environment(), stdio: 'ignore' },
    );
    await this.#listening(this.#switch, 'ovs-vswitchd', 'ovs-vswitchd.ctl');
  }

  /** Ends the switch as a crash would; its flows are gone. */
  async killSwitch(): Promise<void> {
    await kill(this.#switch);
    rmSync(this.path('ovs-vswitchd.ctl'), { force: true });
  }

  async stop(): Promise<void> {
    await kill(this.#switch);
    await kill(this.#database);
    rmSync(this.directory, { recursive: true, force: true });
    this.#gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute(program, args, {
      env: this.#environment(),
      timeout: limits.command,
      maxBuffer: 512 * 1024 * 1024,
    });
    return stdout.trim();
  }

  async #startDatabase(): Promise<void> {
    await this.run('ovsdb-tool', 'create', this.path('conf.db'), SCHEMA);
    const [program, ...args] = daemon('ovsdb-server');
    this.#database = spawn(
      program,
      [
        ...args,
        this.path('conf.db'),
        `--remote=punix:${this.path('db.sock')}`,
        ...this.#daemonFiles('ovsdb-server'),
      ],
      { env: this.#environment(), stdio: 'ignore' },
    );
    await this.#listening(this.#database, 'ovsdb-server', 'db.sock');
    await this.vsctl('--no-wait', 'init');
  }

  #environment(): NodeJS.ProcessEnv {
    const { directory } = this;
    return {
      ...process.env,
      OVS_RUNDIR: directory,
      OVS_LOGDIR: directory,
      OVS_DBDIR: directory,
      OVS_SYSCONFDIR: directory,
    };
  }

  #daemonFiles(name: string): string[] {
    return [
      `--pidfile=${this.path(`${name}.pid`)}`,
      `--unixctl=${this.path(`${name}.ctl`)}`,
      `--log-file=${this.path(`${name}.log`)}`,
      '--no-chdir',
      '-vconsole:off',
      '-vsyslog:off',
    ];
  }

  async #listening(child: ChildProcess, name: string, socket: string): Promise<void> {
    const failure: { error?: Error } = {};
    child.once('error', (error) => (failure.error = error));
    const deadline = performance.now() + limits.daemonStart;
    while (!existsSync(this.path(socket))) {
      if (failure.error !== undefined || hasEnded(child) || performance.now() > deadline) {
        throw new OpenVSwitchFailedError(`${name} did not start`, failure.error?.message ?? this.#log(name));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  #log(name: string): string {
    const file = this.path(`${name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-1_000) : '';
  }
}

function daemon(program: string): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', program];
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.pid === undefined || hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
