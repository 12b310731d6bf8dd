/**
 * The API from the other side. What it answers is checked against the API's own schemas and handed on as it came.
 */
import { z, type ZodType } from 'zod';
import { type Cancel, type Clock, systemClock } from '../../controller/clock.ts';
import { api as limits } from '../../controller/limits.ts';
import { moment } from '../events.ts';
import {
  type DefencePolicyObject,
  defencePolicy,
  flight,
  type FlightObject,
  verdict,
  type VerdictObject,
} from './defence-objects.ts';
import * as objects from './objects.ts';
import type {
  AllowanceObject,
  BlockObject,
  BlockRequest,
  EdgeObject,
  EventObject,
  FlowObject,
  GuestObject,
  HostObject,
  MigrationObject,
  MigrationRequest,
  ReleaseRequest,
  StatusObject,
  UnblockedObject,
} from './objects.ts';
import {
  ApiAnswerError,
  ApiProblemError,
  ApiSilentError,
  ApiUnreachableError,
  ApiUrlError,
  EventsEndedError,
} from './client-errors.ts';
import { EventSplitter } from './event-splitter.ts';

export const DEFAULT_API = 'http://127.0.0.1:8653';

/** What a newer controller tells of may be of a kind that is not known here. */
const tolerantEvent = objects.event.extend({ moment: z.unknown().optional() });

export class ApiClient {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #clock: Clock;

  /** Throws `CLI_API_URL`. */
  constructor(base: string, token?: string, clock: Clock = systemClock) {
    this.#base = baseOf(base);
    this.#token = token;
    this.#clock = clock;
  }

  /** Does the API answer? Never throws. */
  async isUp(): Promise<boolean> {
    try {
      await this.status();
      return true;
    } catch {
      return false;
    }
  }

  status = (): Promise<StatusObject> => this.#get('v1/status', objects.status);
  hosts = (): Promise<HostObject[]> => this.#get('v1/hosts', objects.host.array());
  host = (name: string): Promise<HostObject> => this.#get(`v1/hosts/${segment(name)}`, objects.host);
  flows = (host: string): Promise<FlowObject[]> =>
    this.#ask(`v1/hosts/${segment(host)}/flows`, {}, objects.flow.array(), limits.clientFlowsTimeout);
  edges = (): Promise<EdgeObject[]> => this.#get('v1/edges', objects.edge.array());
  edgeFlows = (edge: string): Promise<FlowObject[]> =>
    this.#ask(`v1/edges/${segment(edge)}/flows`, {}, objects.flow.array(), limits.clientFlowsTimeout);
  guests = (): Promise<GuestObject[]> => this.#get('v1/guests', objects.guest.array());
  guest = (name: string): Promise<GuestObject> => this.#get(`v1/guests/${segment(name)}`, objects.guest);
  migrations = (): Promise<MigrationObject[]> => this.#get('v1/migrations', objects.migration.array());
  migration = (id: string): Promise<MigrationObject> =>
    this.#get(`v1/migrations/${segment(id)}`, objects.migration);
  migrate = (request: MigrationRequest): Promise<MigrationObject> =>
    this.#post('v1/migrations', request, objects.migration);
  release = (guest: string, request: ReleaseRequest): Promise<GuestObject> =>
    this.#post(`v1/guests/${segment(guest)}/release`, request, objects.guest);
  abort = (id: string): Promise<MigrationObject> =>
    this.#post(`v1/migrations/${segment(id)}/abort`, {}, objects.migration);

  verdicts = (): Promise<VerdictObject[]> => this.#get('v1/verdicts', verdict.array());
  verdict = (id: string): Promise<VerdictObject> => this.#get(`v1/verdicts/${segment(id)}`, verdict);
  flights = (): Promise<FlightObject[]> => this.#get('v1/flights', flight.array());
  flight = (id: string): Promise<FlightObject> => this.#get(`v1/flights/${segment(id)}`, flight);
  defence = (guest: string): Promise<DefencePolicyObject> =>
    this.#get(`v1/guests/${segment(guest)}/defence`, defencePolicy);
  defend = (guest: string, policy: DefencePolicyObject): Promise<DefencePolicyObject> =>
    this.#send('PUT', `v1/guests/${segment(guest)}/defence`, policy, defencePolicy);
  defendAsDeclared = (guest: string): Promise<DefencePolicyObject> =>
    this.#delete(`v1/guests/${segment(guest)}/defence`, defencePolicy);
  blocks = (): Promise<BlockObject[]> => this.#get('v1/blocks', objects.block.array());
  blockNumbered = (number: number): Promise<BlockObject> => this.#get(`v1/blocks/${number}`, objects.block);
  block = (request: BlockRequest): Promise<BlockObject> => this.#post('v1/blocks', request, objects.block);
  addSources = (number: number, sources: readonly string[]): Promise<BlockObject> =>
    this.#post(`v1/blocks/${number}/sources`, { sources }, objects.block);
  removeBlock = (number: number): Promise<BlockObject> => this.#delete(`v1/blocks/${number}`, objects.block);
  unblock = (source: string): Promise<UnblockedObject> =>
    this.#delete(`v1/blocked-sources/${segment(source)}`, objects.unblocked);
  allowed = (): Promise<AllowanceObject[]> => this.#get('v1/allowed', objects.allowance.array());
  allow = (source: string, reason: string): Promise<AllowanceObject> =>
    this.#post('v1/allowed', { source, reason }, objects.allowance);
  disallow = (source: string): Promise<AllowanceObject> =>
    this.#delete(`v1/allowed/${segment(source)}`, objects.allowance);

  /**
   * What happens from now on: `onOpen` is called when nothing is missed any more. Ends without an error only when
   * `signal` is aborted.
   */
  async follow(
    onEvent: (event: EventObject) => void,
    onOpen: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort);
    let cancelSilence: Cancel = () => undefined;
    const heard = (): void => {
      cancelSilence();
      cancelSilence = this.#clock.after(limits.eventSilence, () => {
        stop.abort(new ApiSilentError(this.#base.origin, limits.eventSilence));
      });
    };
    const splitter = new EventSplitter();
    try {
      signal.throwIfAborted();
      heard();
      const { body } = await this.#fetch('v1/events', { signal: stop.signal }, limits.eventSilence);
      if (body === null) throw new ApiAnswerError(this.#url('v1/events').href, 'nothing');
      onOpen();
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        heard();
        splitter.push(chunk, (data) => onEvent(this.#event(data)));
      }
      throw new EventsEndedError(this.#base.origin);
    } catch (error) {
      if (signal.aborted) return;
      if (stop.signal.reason instanceof ApiSilentError) throw stop.signal.reason;
      // A connection that was cut in the middle of the stream.
      throw error instanceof TypeError ? new EventsEndedError(this.#base.origin) : error;
    } finally {
      cancelSilence();
      signal.removeEventListener('abort', abort);
    }
  }

  /** Without its moment, if that is of an unknown kind: the sentence for people says it all the same. */
  #event(data: string): EventObject {
    const { moment: told, ...event } = this.#checked(data, tolerantEvent, 'v1/events');
    return moment.safeParse(told).success ? { ...event, moment: told as EventObject['moment'] } : event;
  }

  async #get<T>(path: string, schema: ZodType<T>): Promise<T> {
    return this.#ask(path, {}, schema);
  }

  async #post<T>(path: string, body: object, schema: ZodType<T>): Promise<T> {
    return this.#send('POST', path, body, schema);
  }

  async #send<T>(method: string, path: string, body: object, schema: ZodType<T>): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask(path, { method, headers, body: JSON.stringify(body) }, schema);
  }

  async #delete<T>(path: string, schema: ZodType<T>): Promise<T> {
    return this.#ask(path, { method: 'DELETE' }, schema);
  }

  async #ask<T>(
    path: string,
    init: RequestInit,
    schema: ZodType<T>,
    timeout: number = limits.clientTimeout,
  ): Promise<T> {
    const response = await this.#fetch(path, { ...init, signal: AbortSignal.timeout(timeout) }, timeout);
    return this.#checked(await this.#text(response, timeout), schema, path);
  }

  /** The response, when it is a good one. */
  async #fetch(path: string, init: RequestInit, timeout: number): Promise<Response> {
    const url = this.#url(path);
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`);
    let response: Response;
    try {
      response = await fetch(url, {
        ...init,
        headers,
        redirect: 'manual',
      });
    } catch (error) {
      throw this.#unreachable(error, timeout);
    }
    if (response.ok) return response;
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('application/problem+json')) {
      await response.body?.cancel();
      throw new ApiAnswerError(url.href, `${response.status} ${response.statusText}`.trimEnd());
    }
    throw new ApiProblemError(this.#checked(await this.#text(response, timeout), objects.problem, path));
  }

  async #text(response: Response, timeout: number): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw this.#unreachable(error, timeout);
    }
  }

  #checked<T>(text: string, schema: ZodType<T>, path: string): T {
    const url = this.#url(path).href;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new ApiAnswerError(url, 'something that is no JSON');
    }
    const result = schema.safeParse(value);
    if (!result.success) {
      const place = result.error.issues[0]?.path.join('.') ?? '';
      throw new ApiAnswerError(
        url,
        `JSON that is not as it should be${place === '' ? '' : ` at \`${place}\``}`,
      );
    }
    return value as T;
  }

  #url(path: string): URL {
    return new URL(path, this.#base);
  }

  #unreachable(error: unknown, timeout: number): Error {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return new ApiSilentError(this.#base.origin, timeout);
    }
    return new ApiUnreachableError(this.#base.href.replace(/\/$/, ''), reasonOf(error), error);
  }
}

const segment = encodeURIComponent;

function baseOf(api: string): URL {
  const url = URL.canParse(api) ? new URL(api) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new ApiUrlError(api);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** `fetch` says "fetch failed", and why in its cause; several addresses give several causes. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}
