/**
 * A real `ovs-vswitchd` with its own `ovsdb-server`, in a directory of its own, with dummy ports: nothing of the
 * host is touched. `stop` ends both by their process ids.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  decode,
  encode,
  hello,
  MessageSplitter,
  type Message,
  type Received,
} from '../../../controller/openflow/index.ts';

const run = promisify(execFile);
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const START_MILLISECONDS = 10_000;
const REPLY_MILLISECONDS = 5_000;
const POLL_MILLISECONDS = 20;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + START_MILLISECONDS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${START_MILLISECONDS} ms`);
    await pause(POLL_MILLISECONDS);
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

export class RealSwitch {
  private readonly directory = mkdtempSync(join(tmpdir(), 'openflow-ovs-'));
  private readonly children: ChildProcess[] = [];

  /** Address of the bridge for `ovs-ofctl`. */
  get target(): string {
    return `unix:${this.path('br0.mgmt')}`;
  }

  private path(name: string): string {
    return join(this.directory, name);
  }

  private start(command: string, words: readonly string[]): void {
    const env = {
      ...process.env,
      OVS_RUNDIR: this.directory,
      OVS_DBDIR: this.directory,
      OVS_LOGDIR: this.directory,
    };
    this.children.push(spawn(command, words, { stdio: 'ignore', env }));
  }

  async vsctl(...words: readonly string[]): Promise<string> {
    return (await run('ovs-vsctl', [`--db=unix:${this.path('db.sock')}`, '--timeout=10', ...words])).stdout;
  }

  async appctl(...words: readonly string[]): Promise<string> {
    return (await run('ovs-appctl', ['-t', this.path('vswitchd.ctl'), ...words])).stdout;
  }

  async ofctl(...words: readonly string[]): Promise<string> {
    return (await run('ovs-ofctl', ['-O', 'OpenFlow15', ...words])).stdout;
  }

  /** A bridge `br0` with the ports `p1` and `p2`. */
  async up(): Promise<void> {
    await run('ovsdb-tool', ['create', this.path('conf.db'), SCHEMA]);
    const own = (name: string) => [
      `--pidfile=${this.path(`${name}.pid`)}`,
      `--unixctl=${this.path(`${name}.ctl`)}`,
    ];
    this.start('ovsdb-server', [
      this.path('conf.db'),
      `--remote=punix:${this.path('db.sock')}`,
      ...own('ovsdb'),
    ]);
    await until('ovsdb-server', () => existsSync(this.path('db.sock')));
    this.start('ovs-vswitchd', [
      `unix:${this.path('db.sock')}`,
      '--enable-dummy=override',
      '--disable-system',
      '--disable-system-route',
      ...own('vswitchd'),
    ]);
    const port = (name: string, number: number) => [
      ...['--', 'add-port', 'br0', name],
      ...['--', 'set', 'Interface', name, 'type=dummy', `ofport_request=${number}`],
    ];
    await this.vsctl(
      ...['add-br', 'br0'],
      ...['--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail-mode=secure'],
      ...['protocols=OpenFlow15', 'other-config:datapath-id=0000000000000123'],
      ...port('p1', 1),
      ...port('p2', 2),
    );
    await until('br0', () => existsSync(this.path('br0.mgmt')));
  }

  async stop(): Promise<void> {
    for (const child of [...this.children].reverse()) {
      child.kill();
      await ended(child);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  connect(): Promise<Client> {
    return Client.open(this.path('br0.mgmt'));
  }
}

/** A controller's connection that keeps everything it hears. */
export class Client {
  readonly heard: { readonly bytes: Uint8Array; readonly message: Received }[] = [];
  private readonly socket: Socket;
  private readonly splitter = new MessageSplitter();
  /** Away from the transaction ids that the switch gives its own messages. */
  private nextXid = 0x10000;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => {
      this.splitter.push(chunk, (bytes) => {
        const message = decode(bytes);
        if (message.type === 'echo_request')
          this.send({ type: 'echo_reply', data: message.data }, message.xid);
        this.heard.push({ bytes: Uint8Array.from(bytes), message });
      });
    });
  }

  static async open(path: string): Promise<Client> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new Client(socket);
    client.send(hello());
    await client.wait((message) => message.type === 'hello');
    return client;
  }

  /** Sends a message and gives its transaction id. */
  send(message: Message, xid: number = this.nextXid++): number {
    this.socket.write(encode(message, xid));
    return xid;
  }

  /** The first message, heard already or still to come, that `wanted` is true of. */
  async wait(wanted: (message: Received) => boolean): Promise<Received> {
    const deadline = performance.now() + REPLY_MILLISECONDS;
    for (let at = 0; ; at++) {
      while (at >= this.heard.length) {
        if (performance.now() > deadline) throw new Error('the switch did not answer');
        await pause(1);
      }
      const { message } = this.heard[at]!;
      if (wanted(message)) return message;
    }
  }

  /** Sends a request and gives all parts of its answer, or its error. */
  async request(message: Message): Promise<Received[]> {
    const xid = this.send(message);
    const more = (part: Received) => 'more' in part && part.more === true;
    await this.wait((part) => part.xid === xid && !more(part));
    return this.heard.flatMap(({ message: part }) => (part.xid === xid ? [part] : []));
  }

  /** Sends messages and a barrier; gives the errors that came before its reply. */
  async commit(messages: readonly Message[]): Promise<Received[]> {
    const xids = messages.map((message) => this.send(message));
    await this.request({ type: 'barrier_request' });
    return this.heard.flatMap(({ message }) =>
      message.type === 'error' && xids.includes(message.xid) ? [message] : [],
    );
  }

  close(): void {
    this.socket.destroy();
  }
}
