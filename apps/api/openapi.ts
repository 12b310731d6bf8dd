/**
 * The OpenAPI document, made from the same schemas that the objects are checked against.
 */
import { z } from 'zod';
import * as objects from './objects.ts';

type Schema = z.ZodType;

const named = {
  Status: objects.status,
  Host: objects.host,
  Guest: objects.guest,
  Migration: objects.migration,
  MigrationRequest: objects.migrationRequest,
  Flow: objects.flow,
  Event: objects.event,
  Problem: objects.problem,
} as const;

function schemas(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries<Schema>(named).map(([name, schema]) => {
      const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { reused: 'inline' });
      return [name, rest];
    }),
  );
}

const ref = (name: keyof typeof named) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const list = (name: keyof typeof named) => json({ type: 'array', items: ref(name) });
const problem = {
  description: 'what was wrong, and what to do next',
  content: { 'application/problem+json': { schema: ref('Problem') } },
};

const get = (summary: string, ok: object, parameter?: string) => ({
  get: {
    summary,
    ...(parameter === undefined
      ? {}
      : { parameters: [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }] }),
    responses: { 200: { description: 'OK', ...ok }, default: problem },
  },
});

export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ArcticTern',
      version,
      description: 'Live connections across live migrations between subnets.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/v1/status': get('How the controller is', json(ref('Status'))),
      '/v1/hosts': get('All hosts', list('Host')),
      '/v1/hosts/{host}': get('One host', json(ref('Host')), 'host'),
      '/v1/hosts/{host}/flows': get(
        'The flows of a host’s bridge, as OVS reports them',
        list('Flow'),
        'host',
      ),
      '/v1/guests': get('All guests', list('Guest')),
      '/v1/guests/{guest}': get('One guest', json(ref('Guest')), 'guest'),
      '/v1/migrations': {
        ...get('All migrations, oldest first', list('Migration')),
        post: {
          summary: 'Begin a migration',
          requestBody: { required: true, ...json(ref('MigrationRequest')) },
          responses: {
            202: { description: 'It has begun; follow it at its own address', ...json(ref('Migration')) },
            default: problem,
          },
        },
      },
      '/v1/migrations/{id}': get('One migration', json(ref('Migration')), 'id'),
      '/v1/migrations/{id}/abort': {
        post: {
          summary: 'Give a migration up that has not switched over; it is rolled back',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 202: { description: 'asked for', ...json(ref('Migration')) }, default: problem },
        },
      },
      '/v1/events': {
        get: {
          summary: 'What happens, as it happens',
          responses: {
            200: {
              description: 'server-sent events; each `data` is an Event',
              content: { 'text/event-stream': { schema: ref('Event') } },
            },
          },
        },
      },
    },
    components: {
      schemas: schemas(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}
