/**
 * The OpenAPI document, made from the same schemas that requests are checked against.
 */
import { z } from 'zod';
import { moment } from '../events.ts';
import * as defence from './defence-objects.ts';
import * as objects from './objects.ts';

const named = {
  Addresses: objects.addresses,
  Anchor: objects.anchor,
  Status: objects.status,
  Host: objects.host,
  Edge: objects.edge,
  Guest: objects.guest,
  DnsName: objects.dnsName,
  GuestInterface: objects.guestInterface,
  Migration: objects.migration,
  MigrationRequest: objects.migrationRequest,
  AbortRequest: objects.abortRequest,
  Block: objects.block,
  BlockRequest: objects.blockRequest,
  MoreSources: objects.moreSources,
  Unblocked: objects.unblocked,
  Allowance: objects.allowance,
  AllowanceRequest: objects.allowanceRequest,
  ReleaseRequest: objects.releaseRequest,
  Verdict: defence.verdict,
  AttackSource: defence.attackSource,
  DefencePolicy: defence.defencePolicy,
  Flight: defence.flight,
  Flow: objects.flow,
  MadeBy: objects.madeBy,
  Event: objects.event,
  Moment: moment,
  Problem: objects.problem,
} as const;

type Name = keyof typeof named;

const address = (name: string): string => `#/components/schemas/${name}`;

function schemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { uri: address }).schemas as Record<string, Record<string, unknown>>;
  // In an OpenAPI document the dialect is known and a schema's name is its place.
  const inPlace = (schema: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
  return Object.fromEntries(
    Object.entries(made).map(([name, schema]) => [name, { ...inPlace(schema), ...described(name as Name) }]),
  );
}

function described(name: Name): { description?: string } {
  const description = named[name].meta()?.description;
  return description === undefined ? {} : { description };
}

const ref = (name: Name) => ({ $ref: address(name) });
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const one = (name: Name) => json(ref(name));
const list = (name: Name) => json({ type: 'array', items: ref(name) });

const pathParameter = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});
const host = pathParameter('host', 'name of a host');
const edge = pathParameter('edge', 'name of an edge');
const guest = pathParameter('guest', 'name of a guest');
const verdict = pathParameter('id', 'id of a verdict');
const flight = pathParameter('id', 'id of a flight');
const block = pathParameter('number', 'number of a block');
const source = pathParameter('source', 'an address, or a prefix with its slash as %2F');
const migration = pathParameter('id', 'id of a migration');

interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly success: readonly [status: 200 | 201 | 202, description: string, content: object];
  readonly parameter?: object;
  readonly request?: object;
  /** Statuses of problems that this operation is known for, beside those of every operation. */
  readonly problems?: readonly (keyof typeof problemMeaning)[];
}

const problemMeaning = {
  400: 'the body is no JSON, or not what its schema asks for',
  404: 'there is nothing of this name',
  409: 'this cannot be done as things are',
  413: 'the body is too large',
  415: 'the body is not said to be JSON in UTF-8',
  502: 'a switch or libvirtd refused',
  503: 'a switch or libvirtd is not connected, or too many ask',
  504: 'a switch or libvirtd did not answer in time',
} as const;

function operation({ id, summary, success, parameter, request, problems = [] }: Operation): object {
  const [status, description, content] = success;
  const problem = (meaning: string) => ({
    description: meaning,
    content: { 'application/problem+json': { schema: ref('Problem') } },
  });
  return {
    operationId: id,
    summary,
    ...(parameter === undefined ? {} : { parameters: [parameter] }),
    ...(request === undefined ? {} : { requestBody: request }),
    responses: {
      [status]: { description, ...content },
      ...Object.fromEntries(problems.map((known) => [known, problem(problemMeaning[known])])),
      default: problem('what was wrong, and what to do next'),
    },
  };
}

const BODY_PROBLEMS = [400, 413, 415] as const;

export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ArcticTern',
      version,
      description:
        'Live connections across live migrations between subnets. All that GET gives has an ETag. Requests that change something need content-type application/json.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // A token is asked for when the controller was given one, as it must be to listen beyond loopback.
    security: [{}, { token: [] }],
    paths: {
      '/openapi.json': {
        get: operation({
          id: 'getDocument',
          summary: 'This document',
          success: [200, 'OK', json({ type: 'object' })],
        }),
      },
      '/v1/status': {
        get: operation({
          id: 'getStatus',
          summary: 'How the controller is',
          success: [200, 'OK', one('Status')],
        }),
      },
      '/v1/hosts': {
        get: operation({ id: 'listHosts', summary: 'All hosts', success: [200, 'OK', list('Host')] }),
      },
      '/v1/hosts/{host}': {
        get: operation({
          id: 'getHost',
          summary: 'One host',
          parameter: host,
          success: [200, 'OK', one('Host')],
          problems: [404],
        }),
      },
      '/v1/hosts/{host}/flows': {
        get: operation({
          id: 'listFlows',
          summary: 'The flows of a host’s bridge, as OVS reports them',
          parameter: host,
          success: [200, 'By table, then by priority, highest first', list('Flow')],
          problems: [404, 502, 503, 504],
        }),
      },
      '/v1/edges': {
        get: operation({ id: 'listEdges', summary: 'All edges', success: [200, 'OK', list('Edge')] }),
      },
      '/v1/edges/{edge}': {
        get: operation({
          id: 'getEdge',
          summary: 'One edge',
          parameter: edge,
          success: [200, 'OK', one('Edge')],
          problems: [404],
        }),
      },
      '/v1/edges/{edge}/flows': {
        get: operation({
          id: 'listEdgeFlows',
          summary: 'The flows of an edge’s bridge, as OVS reports them',
          parameter: edge,
          success: [200, 'By table, then by priority, highest first', list('Flow')],
          problems: [404, 502, 503, 504],
        }),
      },
      '/v1/guests': {
        get: operation({ id: 'listGuests', summary: 'All guests', success: [200, 'OK', list('Guest')] }),
      },
      '/v1/guests/{guest}': {
        get: operation({
          id: 'getGuest',
          summary: 'One guest',
          parameter: guest,
          success: [200, 'OK', one('Guest')],
          problems: [404],
        }),
      },
      '/v1/guests/{guest}/release': {
        post: operation({
          id: 'releaseAnchors',
          summary: 'Give care-of anchors up at once: the connections that were born there end',
          parameter: guest,
          request: { required: false, ...one('ReleaseRequest') },
          success: [200, 'The guest without them', one('Guest')],
          problems: [...BODY_PROBLEMS, 404, 409],
        }),
      },
      '/v1/migrations': {
        get: operation({
          id: 'listMigrations',
          summary: 'All migrations, oldest first',
          success: [200, 'OK', list('Migration')],
        }),
        post: operation({
          id: 'beginMigration',
          summary: 'Begin a migration',
          request: { required: true, ...one('MigrationRequest') },
          success: [
            202,
            'It has begun; follow it at its own address',
            withLocation(one('Migration'), 'migration'),
          ],
          problems: [...BODY_PROBLEMS, 404, 409, 503],
        }),
      },
      '/v1/migrations/{id}': {
        get: operation({
          id: 'getMigration',
          summary: 'One migration',
          parameter: migration,
          success: [200, 'OK', one('Migration')],
          problems: [404],
        }),
      },
      '/v1/migrations/{id}/abort': {
        post: operation({
          id: 'abortMigration',
          summary: 'Give a migration up that has not switched over; it is rolled back',
          parameter: migration,
          request: { required: false, ...one('AbortRequest') },
          success: [202, 'Asked for; follow the migration at its own address', one('Migration')],
          problems: [...BODY_PROBLEMS, 404, 409, 502, 503, 504],
        }),
      },
      '/v1/guests/{guest}/defence': {
        get: operation({
          id: 'getDefence',
          summary: 'What is done for a guest that is attacked, and what counts as an attack',
          parameter: guest,
          success: [200, 'OK', one('DefencePolicy')],
          problems: [404],
        }),
        put: operation({
          id: 'setDefence',
          summary: 'Defend a guest otherwise than declared; it is remembered',
          parameter: guest,
          request: { required: true, ...one('DefencePolicy') },
          success: [200, 'It is in force', one('DefencePolicy')],
          problems: [...BODY_PROBLEMS, 404],
        }),
        delete: operation({
          id: 'resetDefence',
          summary: 'Defend a guest as declared, or by default',
          parameter: guest,
          success: [200, 'It is in force', one('DefencePolicy')],
          problems: [404],
        }),
      },
      '/v1/verdicts': {
        get: operation({
          id: 'listVerdicts',
          summary: 'Attacks on guests, those that last and the last that are over, oldest first',
          success: [200, 'OK', list('Verdict')],
        }),
      },
      '/v1/verdicts/{id}': {
        get: operation({
          id: 'getVerdict',
          summary: 'One verdict',
          parameter: verdict,
          success: [200, 'OK', one('Verdict')],
          problems: [404],
        }),
      },
      '/v1/flights': {
        get: operation({
          id: 'listFlights',
          summary: 'Guests under attack that moved by themselves, oldest first',
          success: [200, 'OK', list('Flight')],
        }),
      },
      '/v1/flights/{id}': {
        get: operation({
          id: 'getFlight',
          summary: 'One flight',
          parameter: flight,
          success: [200, 'OK', one('Flight')],
          problems: [404],
        }),
      },
      '/v1/blocks': {
        get: operation({
          id: 'listBlocks',
          summary: 'What is blocked, oldest first',
          success: [200, 'OK', list('Block')],
        }),
        post: operation({
          id: 'block',
          summary: 'Drop what comes from these sources, at every bridge under control',
          request: { required: true, ...one('BlockRequest') },
          success: [201, 'Noted; the bridges follow at once', withLocation(one('Block'), 'block')],
          problems: [...BODY_PROBLEMS, 404, 409],
        }),
      },
      '/v1/blocks/{number}': {
        get: operation({
          id: 'getBlock',
          summary: 'One block',
          parameter: block,
          success: [200, 'OK', one('Block')],
          problems: [404],
        }),
        delete: operation({
          id: 'removeBlock',
          summary: 'Take a block away, with all of its sources',
          parameter: block,
          success: [200, 'The block as it was', one('Block')],
          problems: [404],
        }),
      },
      '/v1/blocks/{number}/sources': {
        post: operation({
          id: 'addSources',
          summary: 'More sources for a block: long lists come in parts',
          parameter: block,
          request: { required: true, ...one('MoreSources') },
          success: [200, 'The block as it is now', one('Block')],
          problems: [...BODY_PROBLEMS, 404, 409],
        }),
      },
      '/v1/blocked-sources/{source}': {
        delete: operation({
          id: 'unblock',
          summary: 'Take a source out of every block that names it',
          parameter: source,
          success: [200, 'The blocks that it was in', one('Unblocked')],
          problems: [400, 404],
        }),
      },
      '/v1/allowed': {
        get: operation({
          id: 'listAllowed',
          summary: 'Sources that are never dropped by a block',
          success: [200, 'OK', list('Allowance')],
        }),
        post: operation({
          id: 'allow',
          summary: 'Let a source pass whatever is blocked, now and later',
          request: { required: true, ...one('AllowanceRequest') },
          success: [201, 'Noted; the bridges follow at once', one('Allowance')],
          problems: [...BODY_PROBLEMS, 409],
        }),
      },
      '/v1/allowed/{source}': {
        delete: operation({
          id: 'disallow',
          summary: 'Take a source off the allow-list',
          parameter: source,
          success: [200, 'The allowance as it was', one('Allowance')],
          problems: [400, 404],
        }),
      },
      '/v1/blocklist': {
        get: operation({
          id: 'getBlocklist',
          summary: 'The blocklist as text, for routers that pull it',
          success: [
            200,
            'A line each: `allow SOURCE`, or `block SOURCE END`, the end in seconds since the Unix epoch or `-`',
            { content: { 'text/plain': { schema: { type: 'string' } } } },
          ],
        }),
      },
      '/v1/events': {
        get: operation({
          id: 'followEvents',
          summary: 'What happens, as it happens',
          success: [
            200,
            'Server-sent events without end; each `data` is an Event. A reader that does not keep up is dropped.',
            { content: { 'text/event-stream': { schema: ref('Event') } } },
          ],
          problems: [503],
        }),
      },
    },
    components: {
      schemas: schemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function withLocation(content: object, what: string): object {
  return {
    headers: { Location: { description: `address of the ${what}`, schema: { type: 'string' } } },
    ...content,
  };
}
