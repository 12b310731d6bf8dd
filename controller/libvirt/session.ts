/**
 * A connection that comes back: connects, registers for events, reads the list of domains, and does so again
 * whenever the connection is lost.
 *
 *     connecting --> synchronizing --> ready
 *         ^  \            |             |
 *         |   v           v             v
 *       (wait) <----- disconnected <----+
 *
 * Events of an outage are lost for good, so what a session promises is this: after each connect there is one
 * `resynced` with every domain and its state, and from then on every event. It registers before it reads the
 * list, and holds back what comes meanwhile until the list is out; so an event may repeat what the list already
 * said, but nothing falls in between.
 */
import { asError } from '../errors.ts';
import type { Cancel, Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { libvirt as limits } from '../limits.ts';
import { backoffMs } from './backoff.ts';
import type { BackoffConfig } from './backoff.ts';
import { LibvirtClient } from './client.ts';
import type { ConnectOptions } from './client.ts';
import type { DomainRef } from './domain-ref.ts';
import type { DomainState } from './domain-state.ts';
import { isLibvirtError, LibvirtProtocolError } from './errors.ts';
import type { DomainEventKind, LibvirtEvent } from './events.ts';

export type DomainWithState = { readonly domain: DomainRef } & DomainState;

export type SessionNotification =
  /**
   * Everything there is, as of now. `client` is good for calls until the next `disconnected`. A libvirtd that was
   * restarted lists its guests before it has found back to their QEMUs: until then it may still give one up, which a
   * `stopped` event tells, and a `domainDestroy` may end in VIR_ERR_NO_DOMAIN because it worked.
   */
  | {
      readonly type: 'resynced';
      readonly client: LibvirtClient;
      readonly domains: readonly DomainWithState[];
    }
  | { readonly type: 'event'; readonly event: LibvirtEvent }
  /** An attempt failed, or the connection was lost; the next attempt is in `retryInMs`. */
  | { readonly type: 'disconnected'; readonly error: Error; readonly retryInMs: number };

export interface SessionOptions extends Omit<ConnectOptions, 'signal'> {
  /** The kinds of domain events to have. */
  readonly events: readonly DomainEventKind[];
  /** The QEMU events to have, by name: `STOP`, `RESUME`. */
  readonly monitorEvents?: readonly string[];
  /** Called with everything that happens, in order. Must not throw. */
  readonly onNotification: (notification: SessionNotification) => void;
  readonly backoff?: BackoffConfig;
  /** From 0 to 1: the chance in the backoff. */
  readonly random?: () => number;
}

/** What one `start` began and one `stop` ends. */
interface Run {
  readonly abort: AbortController;
  cancelRetry: Cancel | undefined;
  attempt: Promise<void>;
}

export class LibvirtSession {
  private readonly uri: string;
  private readonly options: SessionOptions;
  private readonly clock: Clock;
  private current: LibvirtClient | undefined;
  private run: Run | undefined;
  private failures = 0;

  constructor(uri: string, options: SessionOptions) {
    this.uri = uri;
    this.options = options;
    this.clock = options.clock ?? systemClock;
  }

  /** The client of the present connection, or undefined while there is none. */
  get client(): LibvirtClient | undefined {
    return this.current;
  }

  /** Starts to connect. Does not wait for it: `resynced` tells. */
  start(): void {
    if (this.run !== undefined) return;
    this.run = { abort: new AbortController(), cancelRetry: undefined, attempt: Promise.resolve() };
    this.connect(this.run);
  }

  /** Ends the connection and the attempts. There are no notifications from here on. */
  async stop(): Promise<void> {
    const run = this.run;
    const client = this.current;
    this.run = undefined;
    this.current = undefined;
    run?.cancelRetry?.();
    run?.abort.abort();
    await client?.close();
    await run?.attempt;
  }

  private connect(run: Run): void {
    run.attempt = this.connectOnce(run).catch((error: unknown) => {
      this.lost(run, asError(error));
    });
  }

  private async connectOnce(run: Run): Promise<void> {
    const { signal } = run.abort;
    const client = await LibvirtClient.connect(this.uri, { ...this.options, signal });
    const onAbort = (): void => void client.close();
    signal.addEventListener('abort', onAbort);
    try {
      await this.synchronize(run, client);
    } catch (error) {
      await client.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    void client.closed.then((end) => {
      if (this.current === client) this.lost(run, end);
    });
  }

  private async synchronize(run: Run, client: LibvirtClient): Promise<void> {
    let held: LibvirtEvent[] | undefined = [];
    const onEvent = (event: LibvirtEvent): void => {
      if (held === undefined) this.notify(run, { type: 'event', event });
      else if (held.length <= limits.heldEventsMax) held.push(event);
    };
    await Promise.all([
      ...this.options.events.map((kind) => client.subscribe(kind, onEvent)),
      ...(this.options.monitorEvents ?? []).map((name) => client.subscribeMonitor(name, onEvent)),
    ]);
    const domains = await listWithStates(client);
    if (held.length > limits.heldEventsMax) {
      throw new LibvirtProtocolError(
        `${client.peer}: more than ${limits.heldEventsMax} events came while the list of domains was read`,
      );
    }
    if (this.run !== run) return;
    this.failures = 0;
    this.current = client;
    this.notify(run, { type: 'resynced', client, domains });
    const early = held;
    held = undefined;
    for (const event of early) this.notify(run, { type: 'event', event });
  }

  private lost(run: Run, error: Error): void {
    if (this.run !== run) return;
    this.current = undefined;
    this.failures += 1;
    const backoff = this.options.backoff ?? { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs };
    const retryInMs = backoffMs(backoff, this.failures, (this.options.random ?? Math.random)());
    run.cancelRetry = this.clock.after(retryInMs, () => this.connect(run));
    this.notify(run, { type: 'disconnected', error, retryInMs });
  }

  private notify(run: Run, notification: SessionNotification): void {
    if (this.run === run) this.options.onNotification(notification);
  }
}

async function listWithStates(client: LibvirtClient): Promise<DomainWithState[]> {
  const domains = await client.connectListAllDomains();
  const states = await Promise.all(
    domains.map(async (domain): Promise<DomainWithState | undefined> => {
      try {
        return { domain, ...(await client.domainGetState(domain)) };
      } catch (error) {
        // It ended between the list and the question.
        if (isLibvirtError(error, 'VIR_ERR_NO_DOMAIN')) return undefined;
        throw error;
      }
    }),
  );
  return states.filter((state) => state !== undefined);
}
