import type { Server } from 'node:http';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../apps/api/openapi.ts';
import { type Asked, ask, served, stop } from './ask.ts';
import { defaultDefence } from '../../../controller/network/defence-policy.ts';
import { FakeController } from './fake-controller.ts';
import { followEvents } from './follow-events.ts';

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}
interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const document = openApiDocument('1.2.3') as Document;
const ajv = new Ajv2020({ strict: true, allErrors: true });
ajv.addKeyword('components');
ajv.addSchema({ $id: 'https://arctictern.example/openapi.json', components: document.components });

/** What is wrong with a value that a schema of the document describes. */
function faults(schema: object, value: unknown): unknown {
  const absolute = JSON.parse(
    JSON.stringify(schema).replaceAll(
      '"#/components',
      '"https://arctictern.example/openapi.json#/components',
    ),
  ) as object;
  ajv.validate(absolute, value);
  return ajv.errors;
}

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(
      JSON.parse(JSON.stringify(document)) as Record<string, unknown>,
    );
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it('has schemas that compile and refer to nothing outside of it', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      expect(JSON.stringify(schema), name).not.toMatch(/\$defs|\$id|\$schema/);
      expect(faults({ $ref: `#/components/schemas/${name}` }, 7), name).not.toBeNull();
    }
  });

  it('names every operation once', () => {
    const ids = operations().map(({ operation }) => (operation as { operationId?: string }).operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
  });
});

function operations() {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

describe('what the server answers', () => {
  let controller: FakeController;
  let server: Server;
  beforeAll(async () => {
    controller = new FakeController();
    server = await served(controller);
  });
  afterAll(() => stop(server));

  const body = (value: unknown) => ({
    headers: { 'content-type': 'application/json' },
    body: typeof value === 'string' ? value : JSON.stringify(value),
  });
  // By path and method of the document: requests and the status of their answers, in this order.
  const requests: Record<string, readonly [asked: Asked, status: number][]> = {
    'GET /openapi.json': [[{ path: '/openapi.json' }, 200]],
    'GET /v1/status': [[{ path: '/v1/status' }, 200]],
    'GET /v1/hosts': [[{ path: '/v1/hosts' }, 200]],
    'GET /v1/hosts/{host}': [
      [{ path: '/v1/hosts/a1' }, 200],
      [{ path: '/v1/hosts/b1' }, 200],
      [{ path: '/v1/hosts/b2' }, 200],
      [{ path: '/v1/hosts/a9' }, 404],
    ],
    'GET /v1/hosts/{host}/flows': [
      [{ path: '/v1/hosts/a1/flows' }, 200],
      [{ path: '/v1/hosts/a9/flows' }, 404],
      [{ path: '/v1/hosts/b2/flows' }, 503],
    ],
    'GET /v1/edges': [[{ path: '/v1/edges' }, 200]],
    'GET /v1/edges/{edge}': [
      [{ path: '/v1/edges/eb' }, 200],
      [{ path: '/v1/edges/a1' }, 404],
    ],
    'GET /v1/edges/{edge}/flows': [
      [{ path: '/v1/edges/eb/flows' }, 200],
      [{ path: '/v1/edges/a1/flows' }, 404],
    ],
    'GET /v1/guests': [[{ path: '/v1/guests' }, 200]],
    'GET /v1/guests/{guest}': [
      [{ path: '/v1/guests/web' }, 200],
      [{ path: '/v1/guests/db' }, 200],
      [{ path: '/v1/guests/idle' }, 200],
      [{ path: '/v1/guests/nobody' }, 404],
    ],
    'POST /v1/guests/{guest}/release': [
      [{ method: 'POST', path: '/v1/guests/db/release', ...body({}) }, 200],
      [{ method: 'POST', path: '/v1/guests/db/release', ...body({ host: 'b1' }) }, 400],
    ],
    'GET /v1/migrations': [[{ path: '/v1/migrations' }, 200]],
    'POST /v1/migrations': [
      [{ method: 'POST', path: '/v1/migrations', ...body({ guest: 'web', to: 'b1' }) }, 202],
      [{ method: 'POST', path: '/v1/migrations', ...body({ guest: 'web', to: 'b1' }) }, 409],
      [{ method: 'POST', path: '/v1/migrations', ...body('{') }, 400],
      [{ method: 'POST', path: '/v1/migrations', ...body({ guest: 'x'.repeat(70_000), to: 'b1' }) }, 413],
      [{ method: 'POST', path: '/v1/migrations' }, 415],
    ],
    'GET /v1/migrations/{id}': [
      [{ path: '/v1/migrations/0123456789ab' }, 200],
      [{ path: '/v1/migrations/ba9876543210' }, 200],
      [{ path: '/v1/migrations/feedfacecafe' }, 200],
      [{ path: '/v1/migrations/42' }, 404],
    ],
    'POST /v1/migrations/{id}/abort': [
      [{ method: 'POST', path: '/v1/migrations/feedfacecafe/abort', ...body({}) }, 202],
      [{ method: 'POST', path: '/v1/migrations/0123456789ab/abort', ...body({}) }, 409],
      [{ method: 'POST', path: '/v1/migrations/42/abort', ...body({}) }, 404],
    ],
    'GET /v1/guests/{guest}/defence': [
      [{ path: '/v1/guests/web/defence' }, 200],
      [{ path: '/v1/guests/nobody/defence' }, 404],
    ],
    'PUT /v1/guests/{guest}/defence': [
      [{ method: 'PUT', path: '/v1/guests/web/defence', ...body(defaultDefence) }, 200],
      [{ method: 'PUT', path: '/v1/guests/web/defence', ...body({ policy: 'off' }) }, 400],
      [{ method: 'PUT', path: '/v1/guests/nobody/defence', ...body(defaultDefence) }, 404],
    ],
    'DELETE /v1/guests/{guest}/defence': [
      [{ method: 'DELETE', path: '/v1/guests/web/defence' }, 200],
      [{ method: 'DELETE', path: '/v1/guests/nobody/defence' }, 404],
    ],
    'GET /v1/verdicts': [[{ path: '/v1/verdicts' }, 200]],
    'GET /v1/verdicts/{id}': [
      [{ path: '/v1/verdicts/web-a1-connection-flood-2' }, 200],
      [{ path: '/v1/verdicts/none' }, 404],
    ],
    'GET /v1/flights': [[{ path: '/v1/flights' }, 200]],
    'GET /v1/flights/{id}': [
      [{ path: '/v1/flights/f11e7' }, 200],
      [{ path: '/v1/flights/none' }, 404],
    ],
    'GET /v1/blocks': [[{ path: '/v1/blocks' }, 200]],
    'POST /v1/blocks': [
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['203.0.113.7'], lastsMs: 60_000 }) }, 201],
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['203.0.113.8', '2001:db8::/48'] }) }, 201],
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['203.0.113.256'] }) }, 400],
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['0.0.0.0/0'] }) }, 400],
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['203.0.113.9'], guest: 'nobody' }) }, 404],
    ],
    'GET /v1/blocks/{number}': [
      [{ path: '/v1/blocks/1' }, 200],
      [{ path: '/v1/blocks/9' }, 404],
    ],
    'DELETE /v1/blocks/{number}': [
      [{ method: 'DELETE', path: '/v1/blocks/1' }, 200],
      [{ method: 'DELETE', path: '/v1/blocks/1' }, 404],
      [{ method: 'DELETE', path: '/v1/blocks/one' }, 404],
    ],
    'POST /v1/blocks/{number}/sources': [
      [{ method: 'POST', path: '/v1/blocks/2/sources', ...body({ sources: ['203.0.113.9'] }) }, 200],
      [{ method: 'POST', path: '/v1/blocks/1/sources', ...body({ sources: ['203.0.113.9'] }) }, 404],
    ],
    'DELETE /v1/blocked-sources/{source}': [
      [{ method: 'DELETE', path: '/v1/blocked-sources/2001:db8::%2F48' }, 200],
      [{ method: 'DELETE', path: '/v1/blocked-sources/203.0.113.77' }, 404],
      [{ method: 'DELETE', path: '/v1/blocked-sources/nobody' }, 400],
    ],
    'GET /v1/allowed': [[{ path: '/v1/allowed' }, 200]],
    'POST /v1/allowed': [
      [
        { method: 'POST', path: '/v1/allowed', ...body({ source: '198.51.100.0/28', reason: 'office' }) },
        201,
      ],
      [{ method: 'POST', path: '/v1/allowed', ...body({ source: '198.51.100.1/28' }) }, 400],
      [{ method: 'POST', path: '/v1/blocks', ...body({ sources: ['198.51.100.3'] }) }, 409],
    ],
    'DELETE /v1/allowed/{source}': [
      [{ method: 'DELETE', path: '/v1/allowed/198.51.100.0%2F28' }, 200],
      [{ method: 'DELETE', path: '/v1/allowed/198.51.100.0%2F28' }, 404],
    ],
    'GET /v1/blocklist': [[{ path: '/v1/blocklist' }, 200]],
    // Without end; see below.
    'GET /v1/events': [],
  };

  it('is tested for every operation', () => {
    expect(operations().map(({ path, method }) => `${method} ${path}`)).toEqual(Object.keys(requests));
  });

  for (const [name, list] of Object.entries(requests)) {
    it.each(list.map(([asked, status]) => ({ asked, status })))(
      `${name} → $status is as its schema says`,
      async ({ asked, status }) => {
        const [method = '', path = ''] = name.split(' ');
        const answer = await ask(server, asked);
        expect(answer.status).toBe(status);
        const { responses } = document.paths[path]![method.toLowerCase()]!;
        const response = responses[status];
        expect(response, `${status} is documented`).toBeDefined();
        const type = answer.headers['content-type']!.split(';')[0]!;
        const content = response!.content?.[type];
        expect(content, `${type} is documented`).toBeDefined();
        const value: unknown = type === 'text/plain' ? answer.text : JSON.parse(answer.text);
        expect(faults(content!.schema, value)).toBeNull();
      },
    );
  }

  it('GET /openapi.json is the document', async () => {
    expect(JSON.parse((await ask(server, { path: '/openapi.json' })).text)).toEqual(
      JSON.parse(JSON.stringify(document)),
    );
  });

  it.each([undefined, 'SWITCH_TIMEOUT'])('events are as their schema says (code: %s)', async (code) => {
    const stream = await followEvents(server);
    controller.emit({
      at: 1.5,
      level: 'warning',
      subject: 'host a1',
      message: 'x',
      ...(code === undefined ? {} : { code }),
      moment: { kind: 'port', host: 'a1', port: 'vnet0', change: 'gone', guest: null },
    });
    const event = await stream.next();
    const { schema } = document.paths['/v1/events']!['get']!.responses['200']!.content!['text/event-stream']!;
    expect(faults(schema, event)).toBeNull();
    expect(event).toMatchObject({ at: 1.5, subject: 'host a1' });
    stream.close();
  });
});
