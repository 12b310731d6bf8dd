/**
 * Hosts that connect to us: OVS's `ovs-vsctl set-manager tcp:...` turned around, `ptcp:`, `pssl:` or `punix:`
 * here.
 *
 * A connection is nobody's until its `Open_vSwitch` row has told whose database it leads to. From then on the
 * host has one session, however often it connects anew: a later connection of the same database is given to the
 * client that the first one made, so that replicas and locks carry on.
 *
 * The row's uuid is the identity. Two databases that are copies of one another (cloned machines) share it and
 * would take the session from each other by turns; `pssl:` lets only hosts with a certificate come this far.
 *
 * Lifecycle: `listen` resolves when the address is bound; `close` of the listener ends all its sessions; `close`
 * of a session's client makes it forgotten, and if its host comes back it is a new session.
 */
import type { Duplex } from 'node:stream';
import { systemClock, type Cancel } from '../clock.ts';
import { ArcticTernError } from '../errors.ts';
import { ovsdb as limits } from '../limits.ts';
import { type OvsdbClient, passiveClient } from './client.ts';
import type { HostIdentity, ListenOptions } from './contracts.ts';
import { Emitter } from './emitter.ts';
import { OvsdbClosedError, OvsdbUnsuitableServerError } from './errors.ts';
import { formatRemote, parsePassiveRemote } from './remote.ts';
import { RpcConnection } from './rpc-connection.ts';
import { openVSwitch } from './schemas/open-vswitch.ts';
import { transaction } from './transaction.ts';
import { listenStreams, type StreamListener } from './transport.ts';
import type { Uuid } from './uuid.ts';

export interface HostSession {
  readonly identity: HostIdentity;
  /** Connected when it is first heard of; later it is `waiting` whenever the host is away. */
  readonly client: OvsdbClient;
}

export interface ListenerEvents {
  /** A host that was not known has connected. */
  session: HostSession;
  /** A connection was dropped: it had no good certificate, or led to no `Open_vSwitch` row in time. */
  refused: { readonly peer: string; readonly error: ArcticTernError };
}

/** See the head of listen.ts. */
export class OvsdbListener implements AsyncDisposable {
  readonly #options: ListenOptions;
  readonly #events = new Emitter<ListenerEvents>();
  readonly #sessions = new Map<Uuid<'Open_vSwitch'>, HostSession>();
  readonly #strangers = new Set<RpcConnection>();
  #streams: StreamListener | undefined;

  /** Use `listen`. */
  constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** The connection method that is listened on, with the port that was chosen if 0 was asked for. */
  get address(): string {
    return this.#streams === undefined ? this.#options.remote : formatRemote(this.#streams.address);
  }

  /** The hosts that came and were not forgotten, by the uuid of their `Open_vSwitch` row. */
  get sessions(): ReadonlyMap<Uuid<'Open_vSwitch'>, HostSession> {
    return this.#sessions;
  }

  on<K extends keyof ListenerEvents>(event: K, listener: (event: ListenerEvents[K]) => void): Cancel {
    return this.#events.on(event, listener);
  }

  /** Stops listening and ends all sessions. */
  async close(): Promise<void> {
    this.#streams?.close();
    for (const stranger of this.#strangers) stranger.close();
    await Promise.all([...this.#sessions.values()].map(({ client }) => client.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Binds the address; `listen` calls it once. */
  async open(): Promise<void> {
    const remote = parsePassiveRemote(this.#options.remote);
    this.#streams = await listenStreams(
      remote,
      this.#options.tls,
      (stream, peer) => this.#greet(stream, peer),
      (peer, error) => this.#events.emit('refused', { peer, error }),
    );
  }

  #greet(stream: Duplex, peer: string): void {
    const connection = new RpcConnection(stream, {
      clock: this.#options.clock ?? systemClock,
      peer,
      onNotification: () => undefined,
      onEnd: (error) => {
        this.#strangers.delete(connection);
        if (!(error instanceof OvsdbClosedError)) this.#events.emit('refused', { peer, error });
      },
    });
    this.#strangers.add(connection);
    const question = transaction(openVSwitch);
    const rows = question.select('Open_vSwitch', 'all', ['external_ids']);
    connection.send(
      'transact',
      question.params(),
      (reply) => {
        if (connection.ended) return;
        if (!reply.ok) {
          connection.close(reply.error);
          return;
        }
        try {
          const [row] = question.outcome(reply.result).get(rows);
          if (row === undefined)
            throw new OvsdbUnsuitableServerError(`${peer} has no Open_vSwitch row that names it`);
          this.#welcome(connection, {
            uuid: row._uuid,
            systemId: row.external_ids.get('system-id'),
            hostname: row.external_ids.get('hostname'),
          });
        } catch (error) {
          if (!(error instanceof ArcticTernError)) throw error;
          connection.close(error);
        }
      },
      { timeout: limits.identifyTimeout },
    );
  }

  #welcome(connection: RpcConnection, identity: HostIdentity): void {
    this.#strangers.delete(connection);
    const known = this.#sessions.get(identity.uuid);
    if (known !== undefined) {
      known.client.adopt(connection);
      return;
    }
    const { probeInterval, clock, random } = this.#options;
    const client = passiveClient(`host ${identity.systemId ?? identity.uuid}`, {
      ...(probeInterval === undefined ? {} : { probeInterval }),
      ...(clock === undefined ? {} : { clock }),
      ...(random === undefined ? {} : { random }),
    });
    const session = { identity, client };
    this.#sessions.set(identity.uuid, session);
    client.on('closed', () => this.#sessions.delete(identity.uuid));
    client.adopt(connection);
    this.#events.emit('session', session);
  }
}

/**
 * Listens for hosts.
 *
 * @throws {OvsdbConfigurationError} when the remote is none to listen on; {OvsdbConnectError} when its address
 *   cannot be bound.
 */
export async function listen(options: ListenOptions): Promise<OvsdbListener> {
  const listener = new OvsdbListener(options);
  await listener.open();
  return listener;
}
