import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { problem as problemSchema, type Problem } from '../../../apps/api/objects.ts';
import { ApiListenError, TokenNeededError } from '../../../apps/api/server.ts';
import { api as limits } from '../../../controller/limits.ts';
import { SwitchTimeoutError } from '../../../controller/switches/errors.ts';
import { type Asked, ask, portOf, served, stop } from './ask.ts';
import { FakeController } from './fake-controller.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

let controller: FakeController;
let server: Server;

beforeEach(async () => {
  controller = new FakeController();
  server = await served(controller);
});
afterEach(() => stop(server));

/** The problem that a request is refused with. */
async function refused(asked: Asked): Promise<Problem> {
  const { status, headers, text } = await ask(server, asked);
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  const problem = problemSchema.strict().parse(JSON.parse(text));
  expect(problem.status).toBe(status);
  return problem;
}

const post = (body: unknown, path = '/v1/migrations'): Asked => ({
  method: 'POST',
  path,
  headers: JSON_TYPE,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

describe('what is refused', () => {
  const cases: readonly [what: string, asked: Asked, status: number, code: string, detail: RegExp][] = [
    ['bad JSON', post('{"guest":'), 400, 'API_BAD_REQUEST', /^the request's body is no JSON object: /],
    [
      'JSON that is no object',
      post('"web"'),
      400,
      'API_BAD_REQUEST',
      /^the request's body is no JSON object: /,
    ],
    [
      'a list',
      post([]),
      400,
      'API_BAD_REQUEST',
      /^the body: Invalid input: expected object, received array$/,
    ],
    ['no body', post(''), 400, 'API_BAD_REQUEST', /^`guest`: /],
    ['a missing field', post({ guest: 'web' }), 400, 'API_BAD_REQUEST', /^`to`: /],
    [
      'a wrong type',
      post({ guest: 'web', to: 7 }),
      400,
      'API_BAD_REQUEST',
      /^`to`: .*expected string, received number$/,
    ],
    [
      'an unknown field',
      post({ guest: 'web', to: 'b1', fast: true }),
      400,
      'API_BAD_REQUEST',
      /^the body: Unrecognized key: "fast"$/,
    ],
    [
      'a prototype',
      post('{"guest":"web","to":"b1","__proto__":{"admit":"all"}}'),
      400,
      'API_BAD_REQUEST',
      /Unrecognized key/,
    ],
    [
      'an unknown strategy',
      post({ guest: 'web', to: 'b1', strategy: 'hope' }),
      400,
      'API_BAD_REQUEST',
      /^`strategy`: /,
    ],
    [
      'no bandwidth',
      post({ guest: 'web', to: 'b1', bandwidthMiBps: 0 }),
      400,
      'API_BAD_REQUEST',
      /^`bandwidthMiBps`: /,
    ],
    [
      'a blackout without end',
      post({ guest: 'web', to: 'b1', maxBlackoutMs: 10_001 }),
      400,
      'API_BAD_REQUEST',
      /^`maxBlackoutMs`: /,
    ],
    [
      'something in an abort',
      post({ now: true }, '/v1/migrations/0123456789ab/abort'),
      400,
      'API_BAD_REQUEST',
      /"now"/,
    ],
    [
      'a body too large',
      post({ guest: 'x'.repeat(limits.bodyBytes), to: 'b1' }),
      413,
      'API_BODY_TOO_LARGE',
      /^the request's body is larger than 65536 bytes$/,
    ],
    [
      'a form',
      {
        method: 'POST',
        path: '/v1/migrations',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'guest=web&to=b1',
      },
      415,
      'API_MEDIA_TYPE',
      /must have content-type application\/json, not application\/x-www-form-urlencoded/,
    ],
    [
      'JSON that is sent as text',
      {
        method: 'POST',
        path: '/v1/migrations',
        headers: { 'content-type': 'text/plain;application/json' },
        body: '{"guest":"web","to":"b1"}',
      },
      415,
      'API_MEDIA_TYPE',
      /not text\/plain/,
    ],
    [
      'an abort without a content type',
      { method: 'POST', path: '/v1/migrations/0123456789ab/abort' },
      415,
      'API_MEDIA_TYPE',
      /not none/,
    ],
    [
      'JSON in another character set',
      {
        method: 'POST',
        path: '/v1/migrations',
        headers: { 'content-type': 'application/json; charset=koi8-r' },
        body: '{"guest":"web","to":"b1"}',
      },
      415,
      'API_MEDIA_TYPE',
      /must be UTF-8/,
    ],
    [
      'an unknown guest',
      { path: '/v1/guests/nobody' },
      404,
      'UNKNOWN_GUEST',
      /^there is no guest nobody: known are db, idle, web$/,
    ],
    [
      'an unknown host',
      { path: '/v1/hosts/a9' },
      404,
      'UNKNOWN_HOST',
      /^there is no host a9: known are a1, b1, b2$/,
    ],
    ['flows of an unknown host', { path: '/v1/hosts/a9/flows' }, 404, 'UNKNOWN_HOST', /a9/],
    [
      'an unknown migration',
      { path: '/v1/migrations/42' },
      404,
      'UNKNOWN_MIGRATION',
      /^there is no migration 42: /,
    ],
    ['an abort of an unknown migration', post({}, '/v1/migrations/42/abort'), 404, 'UNKNOWN_MIGRATION', /42/],
    ['a migration of an unknown guest', post({ guest: 'nobody', to: 'b1' }), 404, 'UNKNOWN_GUEST', /nobody/],
    ['a migration to an unknown host', post({ guest: 'web', to: 'a9' }), 404, 'UNKNOWN_HOST', /a9/],
    [
      'an unknown route',
      { path: '/v2/status' },
      404,
      'API_NOT_FOUND',
      /^there is nothing at \/v2\/status: see \/openapi.json$/,
    ],
    ['a path with a slash too many', { path: '/v1/status/' }, 404, 'API_NOT_FOUND', /\/v1\/status\//],
    ['a path in capitals', { path: '/V1/status' }, 404, 'API_NOT_FOUND', /\/V1\/status/],
    [
      'a path that is no UTF-8',
      { path: '/v1/guests/%E0%A4%A' },
      400,
      'API_BAD_REQUEST',
      /^the request cannot be read: /,
    ],
    [
      'a move to where the guest is',
      post({ guest: 'web', to: 'a1' }),
      409,
      'MIGRATION_ALREADY_THERE',
      /^guest web is on host a1 already: choose another host$/,
    ],
    [
      'a move of a guest that does not run',
      post({ guest: 'idle', to: 'a1' }),
      409,
      'GUEST_NOT_RUNNING',
      /idle/,
    ],
    ['a move to a host that is away', post({ guest: 'web', to: 'b2' }), 503, 'HOST_UNREACHABLE', /b2/],
    ['flows of a host that is away', { path: '/v1/hosts/b2/flows' }, 503, 'HOST_UNREACHABLE', /b2/],
    [
      'an abort of what has ended',
      post({}, '/v1/migrations/0123456789ab/abort'),
      409,
      'MIGRATION_NOT_UNDER_WAY',
      /0123456789ab cannot be given up any more \(drained\)/,
    ],
  ];
  it.each(cases)('%s', async (_what, asked, status, code, detail) => {
    const problem = await refused(asked);
    expect(problem).toMatchObject({ status, code, type: `urn:arctictern:problem:${code}` });
    expect(problem.detail).toMatch(detail);
    expect(controller.aborted).toEqual([]);
    expect(controller.history.size).toBe(2);
  });

  it.each([
    ['DELETE', '/v1/status', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['PUT', '/v1/migrations', 'GET, HEAD, POST'],
    ['PATCH', '/v1/migrations/0123456789ab', 'GET, HEAD'],
    ['GET', '/v1/migrations/0123456789ab/abort', 'POST'],
    ['POST', '/v1/events', 'GET, HEAD'],
    ['POST', '/v1/hosts/a1/flows', 'GET, HEAD'],
  ])('%s %s, which says what is allowed', async (method, path, allow) => {
    const { headers } = await ask(server, { method, path });
    expect(headers.allow).toBe(allow);
    expect(await refused({ method, path })).toMatchObject({
      status: 405,
      code: 'API_METHOD_NOT_ALLOWED',
      title: 'Method not allowed',
      detail: `${path} does not answer to ${method}: use ${allow}`,
    });
  });

  it('a switch that does not answer, by its own code', async () => {
    controller.answer = () =>
      Promise.reject(new SwitchTimeoutError('10.1.0.11:4711', 'telling its flows', 60_000));
    expect(await refused({ path: '/v1/hosts/a1/flows' })).toMatchObject({
      status: 504,
      code: 'SWITCH_TIMEOUT',
    });
  });

  it('nothing of the inside when something was not foreseen', async () => {
    const unforeseen: unknown[] = [];
    stop(server);
    server = await served(controller, { onUnforeseen: (error) => unforeseen.push(error) });
    const bug = new TypeError('secret is not a function');
    controller.answer = () => Promise.reject(bug);
    const problem = await refused({ path: '/v1/hosts/a1/flows' });
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL', type: 'about:blank' });
    expect(JSON.stringify(problem)).not.toContain('secret');
    expect(unforeseen).toEqual([bug]);
  });
});

describe('migrations', () => {
  it('begin with what was wished', async () => {
    const { status, headers, text } = await ask(
      server,
      post({
        guest: 'web',
        to: 'b1',
        strategy: 'redirect',
        admit: 'established',
        bandwidthMiBps: 16,
        copyStorage: 'inc',
      }),
    );
    expect(status).toBe(202);
    expect(headers.location).toBe('/v1/migrations/feedfacecafe');
    expect(headers['cache-control']).toBe('no-store');
    expect(JSON.parse(text)).toMatchObject({
      guest: 'web',
      from: 'a1',
      to: 'b1',
      phase: 'planned',
      outcome: null,
    });
    expect(controller.wishes).toEqual([
      ['web', 'b1', { strategy: 'redirect', admit: 'established', bandwidthMiBps: 16, copyStorage: 'inc' }],
    ]);
  });

  it('are listed from when they begin', async () => {
    await ask(server, post({ guest: 'web', to: 'b1' }));
    const { text } = await ask(server, { path: '/v1/migrations' });
    const ids = (JSON.parse(text) as { id: string }[]).map(({ id }) => id);
    expect(ids.at(-1)).toBe('feedfacecafe');
  });

  it('leave to the controller what was not wished', async () => {
    await ask(server, {
      ...post({ guest: 'web', to: 'b1' }),
      headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    });
    expect(controller.wishes).toEqual([['web', 'b1', {}]]);
  });

  it.each([
    [{ guests: 1, memoryMiB: 1_024 }, 'it holds 1 of 1 guests'],
    [{ guests: 4, memoryMiB: 511 }, '256 MiB wanted, 255 of 511 MiB free'],
  ])('refuse a host without room: %j', async (capacity, why) => {
    controller.resize('b1', capacity);
    expect(await refused(post({ guest: 'web', to: 'b1' }))).toMatchObject({
      status: 409,
      code: 'MIGRATION_NO_ROOM',
      title: 'No room',
      detail: `host b1 has no room for guest web: ${why}; choose another host or raise its capacity`,
    });
    expect(controller.history.size).toBe(2);
    controller.resize('b1', { guests: 2, memoryMiB: 512 });
    expect((await ask(server, post({ guest: 'web', to: 'b1' }))).status).toBe(202);
  });

  it('refuse a second one of the same guest', async () => {
    await ask(server, post({ guest: 'web', to: 'b1' }));
    expect(await refused(post({ guest: 'web', to: 'b1' }))).toMatchObject({
      status: 409,
      code: 'MIGRATION_ALREADY_MOVING',
      title: 'Already moving',
    });
  });

  it.each(['{}', ''])('are aborted by id (body: %j)', async (body) => {
    await ask(server, post({ guest: 'web', to: 'b1' }));
    const { status } = await ask(server, post(body, '/v1/migrations/feedfacecafe/abort'));
    expect(status).toBe(202);
    expect(controller.aborted).toEqual(['web']);
  });

  it('are not aborted when another one of the same guest has taken their place', async () => {
    await ask(server, post({ guest: 'web', to: 'b1' }));
    const current = controller.history.get('feedfacecafe')!;
    controller.remembered.set('0ddba11', { ...current, id: '0ddba11', phase: 'copying' });
    expect(await refused(post({}, '/v1/migrations/0ddba11/abort'))).toMatchObject({
      code: 'MIGRATION_NOT_UNDER_WAY',
    });
    expect(controller.aborted).toEqual([]);
  });

  it('are not aborted in place of another one of the same guest', async () => {
    await ask(server, post({ guest: 'web', to: 'b1' }));
    expect(await refused(post({}, '/v1/migrations/ba9876543210/abort'))).toMatchObject({
      code: 'MIGRATION_NOT_UNDER_WAY',
    });
    expect(controller.aborted).toEqual([]);
  });
});

describe('HEAD, OPTIONS and caching', () => {
  const paths = [
    '/openapi.json',
    '/v1/status',
    '/v1/hosts',
    '/v1/hosts/a1',
    '/v1/hosts/a1/flows',
    '/v1/guests',
  ];
  it.each([...paths, '/v1/guests/web', '/v1/migrations', '/v1/migrations/0123456789ab'])(
    '%s has a HEAD like its GET, and an ETag that spares its body',
    async (path) => {
      const got = await ask(server, { path });
      const head = await ask(server, { method: 'HEAD', path });
      expect(head.status).toBe(200);
      expect(head.text).toBe('');
      const ofContent = ({ headers }: typeof got) => [
        headers['content-type'],
        headers['content-length'],
        headers.etag,
      ];
      expect(ofContent(head)).toEqual(ofContent(got));
      expect(got.headers['cache-control']).toBe('no-cache');
      expect(got.headers['x-content-type-options']).toBe('nosniff');
      expect(got.headers['x-powered-by']).toBeUndefined();
      const again = await ask(server, { path, headers: { 'if-none-match': got.headers.etag ?? '' } });
      expect([again.status, again.text]).toEqual([304, '']);
    },
  );

  it('HEAD of the events ends', async () => {
    const { status, headers, text } = await ask(server, { method: 'HEAD', path: '/v1/events' });
    expect([status, headers['content-type'], text]).toEqual([200, 'text/event-stream', '']);
    expect(controller.listeners).toBe(0);
  });

  it('HEAD of nothing is 404 without a body', async () => {
    const { status, text } = await ask(server, { method: 'HEAD', path: '/nothing' });
    expect([status, text]).toEqual([404, '']);
  });

  it('OPTIONS says what is allowed, and nothing to other origins', async () => {
    const { status, headers } = await ask(server, {
      method: 'OPTIONS',
      path: '/v1/migrations',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect([status, headers.allow]).toEqual([204, 'GET, HEAD, POST']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('on loopback without a token', () => {
  it.each(['127.0.0.1', '127.1.2.3:8653', 'localhost', 'LOCALHOST:1', '[::1]:8653', '[::1]'])(
    'answers as %s',
    async (host) => {
      expect((await ask(server, { path: '/v1/status', headers: { host } })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:8653',
    '10.1.0.11',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '[::]',
    ':8653',
  ])('does not answer as %s', async (host) => {
    expect(await refused({ path: '/v1/status', headers: { host } })).toMatchObject({
      status: 403,
      code: 'API_FOREIGN_HOST',
      title: 'Foreign host',
    });
  });

  it('changes nothing for a name that is not its own', async () => {
    await refused({ ...post({ guest: 'web', to: 'b1' }), headers: { ...JSON_TYPE, host: 'evil.example' } });
    expect(controller.wishes).toEqual([]);
  });
});

describe('with a token', () => {
  beforeEach(async () => {
    stop(server);
    server = await served(controller, { listen: '0.0.0.0', token: 'open-sesame' });
  });

  it.each(['Bearer open-sesame', 'bearer open-sesame'])(
    'answers to %j, whatever its name',
    async (authorization) => {
      const { status } = await ask(server, {
        path: '/v1/status',
        headers: { authorization, host: 'controller.example' },
      });
      expect(status).toBe(200);
    },
  );

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer open',
    'Bearer open-sesame2',
    'Basic open-sesame',
    'open-sesame',
  ])('refuses %j, whatever is asked for', async (authorization) => {
    for (const path of ['/v1/status', '/openapi.json', '/v1/events', '/nothing']) {
      const asked: Asked = { path, headers: authorization === undefined ? {} : { authorization } };
      expect((await ask(server, asked)).headers['www-authenticate']).toBe('Bearer');
      expect(await refused(asked)).toMatchObject({ status: 401, code: 'API_UNAUTHORIZED' });
    }
  });
});

describe('starting', () => {
  it.each(['0.0.0.0', '::', '10.1.0.11', 'controller.example', ''])(
    'beyond loopback (%j) is refused without a token',
    async (listen) => {
      await expect(served(controller, { listen })).rejects.toThrow(TokenNeededError);
    },
  );

  it('is refused with an empty token', async () => {
    await expect(served(controller, { token: '' })).rejects.toThrow(TokenNeededError);
  });

  it.each(['127.0.0.1', 'localhost', '127.0.0.2', '::1'])('on %s needs no token', async (listen) => {
    const other = await served(controller, { listen });
    expect(portOf(other)).toBeGreaterThan(0);
    stop(other);
  });

  it('says when the port is taken', async () => {
    await expect(served(controller, { port: portOf(server) })).rejects.toThrow(ApiListenError);
    await expect(served(controller, { port: portOf(server) })).rejects.toThrow(
      /^the API cannot listen on 127\.0\.0\.1 port \d+ \(listen EADDRINUSE.*\): choose another with --api$/,
    );
  });
});
