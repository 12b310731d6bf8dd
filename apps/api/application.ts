/**
 * The routes of the API. They decide nothing: they present the state and hand wishes on.
 */
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Clock } from '../../controller/clock.ts';
import { api as limits } from '../../controller/limits.ts';
import { isMoving, isUnderWay, type Migration } from '../../controller/network/migration.ts';
import type { Edge, Host } from '../../controller/network/model.ts';
import type { SwitchName } from '../../controller/network/names.ts';
import { readFlows } from '../../controller/switches/read-flows.ts';
import { madeByAt } from '../defence/made-by.ts';
import { HostUnreachableError, UnknownEdgeError, UnknownHostError } from '../migration/errors.ts';
import { addDefenceRoutes } from './defence-routes.ts';
import { addBlocklistRoutes } from './blocklist-routes.ts';
import { streamEvents } from './event-stream.ts';
import { requireJson, requireLoopbackName, requireToken } from './guards.ts';
import {
  abortRequest,
  type EdgeObject,
  type FlowObject,
  type GuestObject,
  type HostObject,
  type MigrationObject,
  migrationRequest,
  type Problem,
  releaseRequest,
  type StatusObject,
} from './objects.ts';
import { openApiDocument } from './openapi.ts';
import { presentEdge, presentFlow, presentGuest, presentHost, presentMigration } from './present.ts';
import {
  MethodNotAllowedError,
  NotFoundError,
  NotUnderWayError,
  problemOf,
  UnknownMigrationError,
} from './problems.ts';
import { checked, guestOf, notAllowed, param } from './requests.ts';
import type { ControllerView } from './view.ts';

export interface ApplicationOptions {
  /** Undefined on loopback only: then anybody on this machine may ask, but no web page. */
  readonly token: string | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly onUnforeseen: (error: unknown) => void;
}

export function application(controller: ControllerView, options: ApplicationOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.use(sayHowToTreatIt);
  app.use(options.token === undefined ? requireLoopbackName : requireToken(options.token));
  const json = [requireJson, express.json({ limit: limits.bodyBytes })];

  const { network, migrations, relays } = controller;
  const present = (migration: Migration): MigrationObject => presentMigration(network.state, migration);
  const document = openApiDocument(options.version);

  app
    .route('/openapi.json')
    .get((_request, response) => void response.json(document))
    .all(notAllowed('GET, HEAD'));

  app
    .route('/v1/status')
    .get(
      (_request, response: Response<StatusObject>) =>
        void response.json(statusOf(controller, options.version)),
    )
    .all(notAllowed('GET, HEAD'));

  app
    .route('/v1/hosts')
    .get((_request, response: Response<HostObject[]>) => {
      response.json([...network.state.hosts.values()].map((host) => hostObject(controller, host)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/hosts/:host')
    .get((request, response: Response<HostObject>) => {
      response.json(hostObject(controller, hostOf(controller, request)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/hosts/:host/flows')
    .get(async (request, response: Response<FlowObject[]>) => {
      response.json(await flowsOf(controller, hostOf(controller, request)));
    })
    .all(notAllowed('GET, HEAD'));

  app
    .route('/v1/edges')
    .get((_request, response: Response<EdgeObject[]>) => {
      response.json([...network.state.edges.values()].map((edge) => edgeObject(controller, edge)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/edges/:edge')
    .get((request, response: Response<EdgeObject>) => {
      response.json(edgeObject(controller, edgeOf(controller, request)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/edges/:edge/flows')
    .get(async (request, response: Response<FlowObject[]>) => {
      response.json(await flowsOf(controller, edgeOf(controller, request)));
    })
    .all(notAllowed('GET, HEAD'));

  app
    .route('/v1/guests')
    .get((_request, response: Response<GuestObject[]>) => {
      const { state } = network;
      response.json([...state.guests.values()].map((guest) => presentGuest(state, guest, controller)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/guests/:guest')
    .get((request, response: Response<GuestObject>) => {
      response.json(presentGuest(network.state, guestOf(network, request), controller));
    })
    .all(notAllowed('GET, HEAD'));

  app
    .route('/v1/guests/:guest/release')
    .post(json, async (request: Request, response: Response<GuestObject>) => {
      const name = param(request, 'guest');
      const { anchor } = checked(releaseRequest, request.body ?? {});
      await relays.release(name, anchor);
      response.json(presentGuest(network.state, network.state.guests.get(name)!, controller));
    })
    .all(notAllowed('POST'));

  app
    .route('/v1/migrations')
    .get(
      (_request, response: Response<MigrationObject[]>) =>
        void response.json([...controller.history.values()].map(present)),
    )
    .post(json, (request: Request, response: Response<MigrationObject>) => {
      const { guest, to, ...wishes } = checked(migrationRequest, request.body);
      const migration = migrations.begin(guest, to, defined(wishes));
      response.status(202).location(`/v1/migrations/${migration.id}`).json(present(migration));
    })
    .all(notAllowed('GET, HEAD, POST'));
  app
    .route('/v1/migrations/:id')
    .get((request, response: Response<MigrationObject>) => {
      response.json(present(migrationOf(controller, request)));
    })
    .all(notAllowed('GET, HEAD'));
  app
    .route('/v1/migrations/:id/abort')
    .post(json, async (request: Request, response: Response<MigrationObject>) => {
      const migration = migrationOf(controller, request);
      checked(abortRequest, request.body ?? {});
      // An abort goes by guest, and the guest may be in another migration by now.
      const current = network.state.migrations.get(migration.guest);
      if (current?.id !== migration.id || !isUnderWay(current.phase)) {
        throw new NotUnderWayError(migration.id, migration.phase);
      }
      await migrations.abort(migration.guest);
      response.status(202).json(present(controller.history.get(migration.id) ?? migration));
    })
    .all(notAllowed('POST'));

  addDefenceRoutes(app, controller);
  addBlocklistRoutes(app, controller);

  app.route('/v1/events').get(streamEvents(controller.events, options.clock)).all(notAllowed('GET, HEAD'));

  app.use((request) => {
    throw new NotFoundError(`there is nothing at ${request.path}: see /openapi.json`);
  });
  app.use(tellProblem(options.onUnforeseen));
  return app;
}

function statusOf({ startedAt, network, fabric, history }: ControllerView, version: string): StatusObject {
  const { hosts, guests, placements, migrations } = network.state;
  return {
    version,
    startedAt,
    hosts: { total: hosts.size, connected: [...hosts.keys()].filter((host) => fabric.ready(host)).length },
    guests: { total: guests.size, running: placements.size },
    migrations: {
      total: history.size,
      moving: [...migrations.values()].filter(isMoving).length,
    },
  };
}

function hostObject(controller: ControllerView, host: Host): HostObject {
  return presentHost(controller.network.state, host, openflowOf(controller, host.name));
}

function edgeObject(controller: ControllerView, edge: Edge): EdgeObject {
  return presentEdge(controller.network.state, edge, openflowOf(controller, edge.name));
}

function openflowOf({ fabric }: ControllerView, name: SwitchName): HostObject['openflow'] {
  if (fabric.ready(name)) return 'connected';
  return fabric.session(name) === undefined ? 'disconnected' : 'reading-back';
}

async function flowsOf({ fabric, network }: ControllerView, { name }: Host | Edge): Promise<FlowObject[]> {
  const session = fabric.session(name);
  if (session === undefined) {
    throw new HostUnreachableError(name, 'its bridge is not connected to the controller');
  }
  const flows = await readFlows(session, { cookie: 0n, mask: 0n });
  const madeBy = madeByAt(network.state, name);
  return flows
    .map((flow) => presentFlow(flow, madeBy(flow.cookie)))
    .sort((a, b) => a.tableId - b.tableId || b.priority - a.priority);
}

function hostOf({ network }: ControllerView, request: Request): Host {
  const name = param(request, 'host');
  const host = network.state.hosts.get(name);
  if (host === undefined) throw new UnknownHostError(name, network.state.hosts.keys());
  return host;
}

function edgeOf({ network }: ControllerView, request: Request): Edge {
  const name = param(request, 'edge');
  const edge = network.state.edges.get(name);
  if (edge === undefined) throw new UnknownEdgeError(name, network.state.edges.keys());
  return edge;
}

function migrationOf({ history }: ControllerView, request: Request): Migration {
  const id = param(request, 'id');
  const found = history.get(id);
  if (found === undefined) throw new UnknownMigrationError(id);
  return found;
}

/** Without what was left out: `exactOptionalPropertyTypes` tells that from `undefined`. */
function defined<T extends object>(wishes: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Everything is as of now: it may be kept, but must be asked for again (and costs nothing when unchanged). */
const sayHowToTreatIt: RequestHandler = (request, response, next) => {
  response.set({
    'cache-control': request.method === 'GET' || request.method === 'HEAD' ? 'no-cache' : 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  });
  next();
};

function tellProblem(onUnforeseen: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response: Response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem: Problem = problemOf(error);
    if (problem.code === 'INTERNAL') onUnforeseen(error);
    if (error instanceof MethodNotAllowedError) response.set('allow', error.allow);
    if (problem.status === 401) response.set('www-authenticate', 'Bearer');
    response
      .status(problem.status)
      .set('cache-control', 'no-store')
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  };
}
