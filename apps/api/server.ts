/**
 * The HTTP API: JSON over express. It decides nothing; it presents the state and hands wishes on.
 *
 * Loopback needs no token; any other address does, and the server refuses to start there without one.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import { BlockList, isIP } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { ArcticTernError } from '../../controller/errors.ts';
import { api as limits } from '../../controller/limits.ts';
import { isMoving } from '../../controller/network/migration.ts';
import { readFlows } from '../../controller/switches/read-flows.ts';
import type { ArcticTern } from '../arctictern.ts';
import { HostUnreachableError, UnknownGuestError, UnknownHostError } from '../migration/errors.ts';
import { type HostObject, migrationRequest } from './objects.ts';
import { openApiDocument } from './openapi.ts';
import { presentFlow, presentGuest, presentHost, presentMigration } from './present.ts';
import { BadRequestError, NotFoundError, problemOf, UnauthorizedError } from './problems.ts';

export interface ApiOptions {
  readonly listen: string;
  readonly port: number;
  readonly token?: string;
  readonly version: string;
  readonly onUnforeseen: (error: unknown) => void;
}

export class TokenNeededError extends ArcticTernError {
  readonly code = 'API_TOKEN_NEEDED';
  constructor(address: string) {
    super(`the API may listen on ${address} only with a token: give one with --api-token-file`);
  }
}

export class ApiListenError extends ArcticTernError {
  readonly code = 'API_LISTEN';
  constructor(address: string, port: number, cause: unknown) {
    super(
      `the API cannot listen on ${address} port ${port} (${cause instanceof Error ? cause.message : String(cause)}): choose another with --api`,
      { cause },
    );
  }
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return address === 'localhost';
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Listens until `close`. Throws `API_TOKEN_NEEDED` or `API_LISTEN`. */
export async function serveApi(controller: ArcticTern, options: ApiOptions): Promise<Server> {
  if (!isLoopback(options.listen) && options.token === undefined) throw new TokenNeededError(options.listen);
  const app = application(controller, options);
  return new Promise((resolve, reject) => {
    const server = app.listen(options.port, options.listen, (error?: Error) => {
      if (error === undefined) resolve(server);
      else reject(new ApiListenError(options.listen, options.port, error));
    });
    server.requestTimeout = limits.requestTimeout;
  });
}

function application(controller: ArcticTern, options: ApiOptions): Express {
  const app = express();
  const { network, fabric, history } = controller;
  app.disable('x-powered-by');
  if (options.token !== undefined) app.use(requireToken(options.token));
  app.use(express.json({ limit: limits.bodyBytes }));

  const openflowOf = (host: string): HostObject['openflow'] =>
    fabric.ready(host) ? 'connected' : fabric.session(host) === undefined ? 'disconnected' : 'reading-back';
  const hostOf = (request: Request) => {
    const name = param(request, 'host');
    const host = network.state.hosts.get(name);
    if (host === undefined) throw new UnknownHostError(name, network.state.hosts.keys());
    return host;
  };
  const migrationOf = (request: Request) => {
    const id = param(request, 'id');
    const found = history.get(id);
    if (found === undefined) throw new NotFoundError(`there is no migration ${id}`);
    return found;
  };

  app.get('/openapi.json', (_request, response) => void response.json(openApiDocument(options.version)));
  app.get('/v1/status', (_request, response) => {
    const { state } = network;
    response.json({
      version: options.version,
      startedAt: controller.startedAt,
      hosts: {
        total: state.hosts.size,
        connected: [...state.hosts.keys()].filter((host) => fabric.ready(host)).length,
      },
      guests: { total: state.guests.size, running: state.placements.size },
      migrations: {
        total: history.size,
        moving: [...state.migrations.values()].filter(({ phase }) => isMoving(phase)).length,
      },
    });
  });

  app.get('/v1/hosts', (_request, response) => {
    const { state } = network;
    response.json([...state.hosts.values()].map((host) => presentHost(state, host, openflowOf(host.name))));
  });
  app.get('/v1/hosts/:host', (request, response) => {
    const host = hostOf(request);
    response.json(presentHost(network.state, host, openflowOf(host.name)));
  });
  app.get('/v1/hosts/:host/flows', async (request, response) => {
    const host = hostOf(request);
    const session = fabric.session(host.name);
    if (session === undefined)
      throw new HostUnreachableError(host.name, 'its bridge is not connected to the controller');
    const flows = await readFlows(session, { cookie: 0n, mask: 0n });
    response.json(flows.map(presentFlow).sort((a, b) => a.tableId - b.tableId || b.priority - a.priority));
  });

  app.get('/v1/guests', (_request, response) => {
    const { state } = network;
    response.json([...state.guests.values()].map((guest) => presentGuest(state, guest)));
  });
  app.get('/v1/guests/:guest', (request, response) => {
    const name = param(request, 'guest');
    const guest = network.state.guests.get(name);
    if (guest === undefined) throw new UnknownGuestError(name, network.state.guests.keys());
    response.json(presentGuest(network.state, guest));
  });

  app.get('/v1/migrations', (_request, response) => {
    response.json([...history.values()].map((migration) => presentMigration(network.state, migration)));
  });
  app.post('/v1/migrations', (request, response) => {
    const wish = migrationRequest.safeParse(request.body);
    if (!wish.success) {
      const [issue] = wish.error.issues;
      const at = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.');
      throw new BadRequestError(`${at}: ${issue?.message ?? 'not a migration request'}`);
    }
    const { guest, to, strategy, admit, bandwidthMiBps } = wish.data;
    const migration = controller.migrations.begin(guest, to, {
      ...(strategy === undefined ? {} : { strategy }),
      ...(admit === undefined ? {} : { admit }),
      ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }),
    });
    response
      .status(202)
      .location(`/v1/migrations/${migration.id}`)
      .json(presentMigration(network.state, migration));
  });
  app.get('/v1/migrations/:id', (request, response) => {
    response.json(presentMigration(network.state, migrationOf(request)));
  });
  app.post('/v1/migrations/:id/abort', async (request, response) => {
    const migration = migrationOf(request);
    await controller.migrations.abort(migration.guest);
    response.status(202).json(presentMigration(network.state, history.get(migration.id) ?? migration));
  });

  app.get('/v1/events', (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    const stop = controller.events.on((event) => {
      // A reader that does not read is dropped: events are not kept for it.
      if (response.writableLength > limits.eventBacklogBytes) response.destroy();
      else response.write(`data: ${JSON.stringify(event)}\n\n`);
    });
    request.on('close', stop);
  });

  app.use((request) => {
    throw new NotFoundError(`there is nothing at ${request.method} ${request.path}: see /openapi.json`);
  });
  app.use(tellProblem(options.onUnforeseen));
  return app;
}

function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

function requireToken(token: string): RequestHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  return (request, _response, next) => {
    if (!timingSafeEqual(digest(request.get('authorization') ?? ''), wanted)) throw new UnauthorizedError();
    next();
  };
}

function tellProblem(onUnforeseen: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = problemOf(error);
    if (problem.code === 'INTERNAL') onUnforeseen(error);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}
