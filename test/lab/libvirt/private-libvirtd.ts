/**
 * A real libvirtd for a test, apart from the machine's own: in namespaces of its own (mounts, host name, network,
 * processes) with all of its directories inside a temporary one. Everything that it starts dies with it, QEMU
 * included, as the first process of the namespace does.
 *
 *     unshare ── sh (process 1) ── libvirtd, started again whenever it ends
 *                   └── QEMU ...
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PrivateLibvirtdOptions {
  readonly hostname: string;
  /** The host's UUID as libvirt is to have it: two hosts of a migration must differ. */
  readonly hostUuid: string;
  /** Further lines for libvirtd.conf. */
  readonly conf?: string;
}

const START_TIMEOUT_MS = 20_000;

/** Starts a program that is killed with us, even when we are killed. */
function start(...command: string[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Directories of libvirt's, each to be one of ours. */
const directories = {
  run: '/run/libvirt',
  lib: '/var/lib/libvirt',
  etc: '/etc/libvirt',
  log: '/var/log/libvirt',
  cache: '/var/cache/libvirt',
} as const;

const QEMU_CONF = `security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
user = "root"
group = "root"
`;

/** Passes a unix socket's connections on to a TCP port, once it says so; runs inside the network namespace. */
const RELAY = `
const net = require('node:net');
const [path, port] = process.argv.slice(1);
net.createServer((from) => {
  const to = net.connect(Number(port), '127.0.0.1');
  from.pipe(to).pipe(from);
  for (const socket of [from, to]) socket.on('error', () => { from.destroy(); to.destroy(); });
}).listen(path, () => console.error('ready'));
`;

export class PrivateLibvirtd {
  readonly directory: string;
  readonly uri: string;
  private readonly process: ChildProcess;
  private readonly relays: { readonly child: ChildProcess; readonly server: Server }[] = [];

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.process = child;
    this.uri = `qemu+unix:///system?socket=${this.socket}`;
  }

  static async start(options: PrivateLibvirtdOptions): Promise<PrivateLibvirtd> {
    const directory = await mkdtemp(join(tmpdir(), 'libvirtd-'));
    for (const name of Object.keys(directories)) await mkdir(join(directory, name));
    await writeFile(
      join(directory, 'etc/libvirtd.conf'),
      // Of a setting that is there twice, libvirtd takes the first.
      `${options.conf ?? ''}
listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
host_uuid = "${options.hostUuid}"
log_outputs = "3:file:${directory}/log/libvirtd.log"
`,
    );
    await writeFile(join(directory, 'etc/qemu.conf'), QEMU_CONF);
    const script = [
      'set -e',
      `hostname ${options.hostname}`,
      'ip link set lo up',
      'mount -t tmpfs tmpfs /run',
      ...Object.entries(directories).map(
        ([name, path]) => `mkdir -p ${path} && mount --bind ${directory}/${name} ${path}`,
      ),
      'set +e',
      // The shell waits, rather than becoming libvirtd, so that it reaps what QEMU leaves behind.
      `while :; do libvirtd --listen -f ${directory}/etc/libvirtd.conf & wait $!; done`,
    ].join('\n');
    const namespaces = ['--mount', '--uts', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = start('unshare', ...namespaces, 'sh', '-c', script);
    let complaint = '';
    child.stderr!.on('data', (text: Buffer) => (complaint += text.toString()));
    const daemon = new PrivateLibvirtd(directory, child);
    const end = Date.now() + START_TIMEOUT_MS;
    while (!(await daemon.answers())) {
      if (Date.now() > end || child.exitCode !== null) {
        const log = await readFile(join(directory, 'log/libvirtd.log'), 'utf8').catch(() => '');
        await daemon.stop();
        throw new Error(`libvirtd did not start: ${complaint}${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return daemon;
  }

  get socket(): string {
    return join(this.directory, 'run/libvirt-sock');
  }

  /** The namespace's first process, as the machine numbers it. */
  async initPid(): Promise<number> {
    const pid = String(this.process.pid);
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
  }

  /** The processes in the namespace that have this name, as the machine numbers them. */
  async pids(name: string): Promise<number[]> {
    const init = String(await this.initPid());
    const children = (await readFile(`/proc/${init}/task/${init}/children`, 'utf8')).trim().split(' ');
    const found: number[] = [];
    for (const pid of children.filter((text) => text !== '')) {
      // A process can end between the listing and the look at it: reads fail then (proc(5): ENOENT, ESRCH).
      const comm = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      if (comm.startsWith(name)) found.push(Number(pid));
    }
    return found;
  }

  /** Has libvirt's own client do something. */
  async virsh(...command: string[]): Promise<string> {
    const { stdout } = await run('virsh', ['-c', this.uri, ...command]);
    return stdout;
  }

  /** Runs a command in the daemon's network. */
  async inNetwork(...command: string[]): Promise<void> {
    await run('nsenter', ['-t', String(await this.initPid()), '-n', ...command]);
  }

  /** A port of this machine's loopback that leads to a TCP port of the daemon's. */
  async forward(port: number): Promise<number> {
    const path = join(this.directory, `relay-${port}`);
    const target = ['-t', String(await this.initPid()), '-n'];
    const child = start('nsenter', ...target, process.execPath, '-e', RELAY, path, String(port));
    await once(child.stderr!, 'data');
    const server = createServer((from) => {
      const to = connect(path);
      from.pipe(to).pipe(from);
      for (const socket of [from, to]) {
        socket.on('error', () => {
          from.destroy();
          to.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.relays.push({ child, server });
    return (server.address() as AddressInfo).port;
  }

  /** Ends libvirtd, not its guests. It comes back by itself; resolves when it answers. */
  async restart(): Promise<void> {
    const [pid] = await this.pids('libvirtd');
    process.kill(pid!, 'SIGKILL');
    while ((await this.pids('libvirtd')).includes(pid!))
      await new Promise((resolve) => setTimeout(resolve, 20));
    while (!(await this.answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async stop(): Promise<void> {
    for (const { child, server } of this.relays) {
      child.kill('SIGKILL');
      server.close();
    }
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit');
      // The kernel ends every process of a namespace whose first one ends.
      process.kill(await this.initPid().catch(() => this.process.pid!), 'SIGKILL');
      await gone;
    }
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.socket, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  }
}

/** Joins the networks of two daemons by a cable: `a` becomes 10.77.0.1 and `b` 10.77.0.2. */
export async function joinNetworks(a: PrivateLibvirtd, b: PrivateLibvirtd): Promise<void> {
  const peer = String(await b.initPid());
  await a.inNetwork(
    'ip',
    'link',
    'add',
    'wan',
    'type',
    'veth',
    'peer',
    'name',
    'wan',
    'netns',
    `/proc/${peer}/ns/net`,
  );
  for (const [daemon, address] of [
    [a, '10.77.0.1/24'],
    [b, '10.77.0.2/24'],
  ] as const) {
    await daemon.inNetwork('ip', 'address', 'add', address, 'dev', 'wan');
    await daemon.inNetwork('ip', 'link', 'set', 'wan', 'up');
  }
}
