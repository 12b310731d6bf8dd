/**
 * A scripted switch at the other end of a real socket: it keeps flows and bundles as OVS does, and leaves
 * unanswered, refuses or cuts up whatever a test tells it to.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  decode,
  encode,
  type ErrorName,
  type FlowMod,
  formatFlowMod,
  formatMatch,
  type Message,
  MessageSplitter,
  type MeterMod,
  OFP_VERSION,
  type Received,
} from '../../../controller/openflow/index.ts';
import { type SessionHandlers, SwitchSession } from '../../../controller/switches/session.ts';
import type { ManualClock } from '../libvirt/manual-clock.ts';

const NOTHING = new Uint8Array(0);

export interface Script {
  /** Wire versions in the HELLO. */
  readonly versions?: readonly number[];
  readonly datapathId?: bigint;
  /** Messages that get no answer. */
  readonly mute?: (message: Received) => boolean;
  /** What a flow mod is refused with, if it is. */
  readonly refuse?: (mod: FlowMod) => ErrorName | undefined;
  /** Flows in one part of a multipart answer. */
  readonly flowsPerPart?: number;
  /** Its meters' buckets are filled again in no time. */
  readonly leaks?: boolean;
  /** What it has from before, by id. */
  readonly meters?: ReadonlyMap<number, MeterMod>;
}

export class FakeSwitch {
  script: Script;
  readonly received: Received[] = [];
  /** By table, priority and match. */
  readonly flows: Map<string, FlowMod>;
  readonly meters: Map<number, MeterMod>;
  readonly socket: Socket;
  readonly #stream = new MessageSplitter();
  readonly #bundles = new Map<number, FlowMod[]>();
  readonly #metered = new Map<number, { packetInCount: bigint; dropped: bigint }>();

  constructor(socket: Socket, script: Script, flows = new Map<string, FlowMod>()) {
    this.socket = socket;
    this.script = script;
    this.flows = flows;
    this.meters = new Map(script.meters);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) =>
      this.#stream.push(chunk, (bytes) => {
        const message = decode(bytes);
        this.received.push(message);
        if (this.script.mute?.(message) !== true) this.#handle(message);
      }),
    );
    this.send({ type: 'hello', versions: script.versions ?? [OFP_VERSION] });
  }

  /** One more packet comes to the meter; only one with a bucket for a single packet is ever full. */
  #meter(meterId: number): void {
    const band = this.meters.get(meterId)?.bands[0];
    const { packetInCount, dropped } = this.#metered.get(meterId) ?? { packetInCount: 0n, dropped: 0n };
    const isFull = band?.type === 'drop' && band.burstSize === 1 && packetInCount > 0n;
    const drops = isFull && this.script.leaks !== true;
    this.#metered.set(meterId, {
      packetInCount: packetInCount + 1n,
      dropped: drops ? dropped + 1n : dropped,
    });
  }

  send(message: Message, xid = message.xid ?? 0): void {
    this.socket.write(encode(message, xid));
  }

  /** What has come in of a type. */
  all<T extends Received['type']>(type: T): (Received & { readonly type: T })[] {
    return this.received.filter(
      (message): message is Received & { readonly type: T } => message.type === type,
    );
  }

  /** The bundle controls that came in, in order. */
  get controls(): string[] {
    return this.all('bundle_control').map(({ control }) => control);
  }

  /** What each flow is, as `ovs-ofctl` would show its mod. */
  get table(): string[] {
    return [...this.flows.values()].map((mod) => formatFlowMod(mod)).sort();
  }

  #handle(message: Received): void {
    const { xid } = message;
    switch (message.type) {
      case 'features_request':
        this.send(
          {
            type: 'features_reply',
            datapathId: this.script.datapathId ?? 0x1234n,
            nBuffers: 0,
            nTables: 254,
            auxiliaryId: 0,
            capabilities: 0,
            reserved: 0,
          },
          xid,
        );
        return;
      case 'echo_request':
        this.send({ type: 'echo_reply', data: message.data }, xid);
        return;
      case 'barrier_request':
        this.send({ type: 'barrier_reply' }, xid);
        return;
      case 'role_request':
        this.send({ ...message, type: 'role_reply' }, xid);
        return;
      case 'flow_desc_request':
        this.#describe(message.cookie, message.cookieMask, xid);
        return;
      case 'meter_mod': {
        const { command, meterId } = message;
        const there = this.meters.has(meterId);
        if (command === 'add' && there)
          this.send({ type: 'error', error: 'OFPMMFC_METER_EXISTS', data: NOTHING }, xid);
        else if (command !== 'add' && !there)
          this.send({ type: 'error', error: 'OFPMMFC_UNKNOWN_METER', data: NOTHING }, xid);
        else if (command === 'delete') this.meters.delete(meterId);
        else this.meters.set(meterId, message);
        this.#metered.delete(meterId);
        return;
      }
      case 'packet_out':
        for (const action of message.actions) if (action.type === 'meter') this.#meter(action.meterId);
        return;
      case 'meter_stats_request': {
        const { meterId } = message;
        const { packetInCount, dropped } = this.#metered.get(meterId) ?? { packetInCount: 0n, dropped: 0n };
        const bands = [{ packetCount: dropped, byteCount: 0n }];
        const counted = { packetInCount, byteInCount: 0n, duration: { seconds: 0, nanoseconds: 0 }, bands };
        this.send({ type: 'meter_stats_reply', meters: [{ meterId, flowCount: 0, ...counted }] }, xid);
        return;
      }
      case 'meter_desc_request':
        this.send({ type: 'meter_desc_reply', meters: [...this.meters.values()] }, xid);
        return;
      case 'bundle_control':
        this.#control(message, xid);
        return;
      case 'bundle_add_message': {
        const { message: mod, bundleId } = message;
        if (mod.type !== 'flow_mod') return;
        const refusal = this.script.refuse?.(mod);
        if (refusal === undefined) this.#bundles.get(bundleId)?.push(mod);
        else this.send({ type: 'error', error: refusal, data: NOTHING }, xid);
        return;
      }
      default:
    }
  }

  #control({ bundleId, control, flags }: Extract<Received, { type: 'bundle_control' }>, xid: number): void {
    const reply = (name: 'open_reply' | 'commit_reply' | 'discard_reply'): void =>
      this.send({ type: 'bundle_control', bundleId, control: name, flags, properties: NOTHING }, xid);
    const mods = this.#bundles.get(bundleId);
    if (control === 'open_request') {
      this.#bundles.set(bundleId, []);
      reply('open_reply');
    } else if (mods === undefined) {
      this.send({ type: 'error', error: 'OFPBFC_BAD_ID', data: NOTHING }, xid);
    } else {
      this.#bundles.delete(bundleId);
      if (control === 'commit_request') for (const mod of mods) this.apply(mod);
      reply(control === 'commit_request' ? 'commit_reply' : 'discard_reply');
    }
  }

  apply(mod: FlowMod): void {
    const key = `${mod.table} ${formatMatch(mod.match, mod.priority)}`;
    if (mod.command === 'add') this.flows.set(key, mod);
    else if (this.flows.get(key)?.cookie === mod.cookie) this.flows.delete(key);
  }

  #describe(cookie: bigint, mask: bigint, xid: number): void {
    const flows = [...this.flows.values()].filter((mod) => (mod.cookie & mask) === (cookie & mask));
    const perPart = this.script.flowsPerPart ?? 100;
    for (let i = 0; i === 0 || i < flows.length; i += perPart) {
      const part = flows.slice(i, i + perPart).map((mod) => ({ ...mod, stats: {} }));
      const more = i + perPart < flows.length;
      this.send({ type: 'flow_desc_reply', flows: part, ...(more ? { more } : {}) }, xid);
    }
  }
}

/** Both ends of one connection. */
export interface Pair {
  readonly fake: FakeSwitch;
  /** Our end of the connection. */
  readonly ours: Socket;
  /** Rejects where the handshake fails. */
  readonly session: Promise<SwitchSession>;
  readonly messages: Received[];
  /** Why the session ended; one entry at most. */
  readonly closings: (Error | undefined)[];
}

/** Where fake switches connect to sessions of ours; close it after the test. */
export class Wire {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async lay(): Promise<Wire> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Wire(server);
  }

  /** `more` is what our end's handlers have besides taking messages down. */
  async connect(
    clock: ManualClock,
    script: Script = {},
    flows?: Map<string, FlowMod>,
    more: Partial<SessionHandlers> = {},
  ): Promise<Pair> {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the wire is cut');
    const accepted = once(this.#server, 'connection') as Promise<[Socket]>;
    const socket = connect(address.port, '127.0.0.1');
    const fake = new FakeSwitch(socket, script, flows);
    const [ours] = await accepted;
    this.#sockets.push(socket, ours);
    const messages: Received[] = [];
    const closings: (Error | undefined)[] = [];
    const handlers: SessionHandlers = {
      onMessage: (message) => messages.push(message as Received),
      onClosed: (reason) => closings.push(reason),
      ...more,
    };
    const session = SwitchSession.open(ours, clock, handlers);
    session.catch(() => undefined);
    return { fake, ours, session, messages, closings };
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Waits for something that happens on the other end of a socket. */
export async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Long enough for anything that is under way on the loopback to arrive; for what must not happen. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}
