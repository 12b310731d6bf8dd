/**
 * Where the API is, who may ask it, and what is said when it is not there or is something else.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { portOf, served, stop } from '../api/ask.ts';
import { FakeController } from '../api/fake-controller.ts';
import { FakeTerminal, runAt, runIn } from './fake-terminal.ts';

const TOKEN = 'open-sesame';

let directory: string;
let servers: Server[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'arctictern-cli-'));
  servers = [];
});
afterEach(() => {
  for (const server of servers) stop(server);
  rmSync(directory, { recursive: true });
});

async function other(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${portOf(server)}`;
}

const file = (name: string, content: string): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

describe('a token', () => {
  let server: Server;
  beforeEach(async () => {
    server = await served(new FakeController(), { token: TOKEN });
    servers.push(server);
  });

  it('comes from the environment', async () => {
    expect(await runAt(server, { env: { ARCTICTERN_TOKEN: TOKEN } }, 'status')).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it('comes from a file, which goes before the environment', async () => {
    const token = file('token', `${TOKEN}\n`);
    expect(
      await runAt(server, { env: { ARCTICTERN_TOKEN: 'wrong' } }, 'status', '--token-file', token),
    ).toMatchObject({ code: 0, err: '' });
  });

  it.each([{}, { ARCTICTERN_TOKEN: '' }, { ARCTICTERN_TOKEN: 'wrong' }])(
    'that is missing or wrong is asked for (%j)',
    async (env) => {
      expect(await runAt(server, { env }, 'status')).toEqual({
        code: 1,
        out: '',
        err: 'error: the controller asks for another token than was given: give it with --token-file or ARCTICTERN_TOKEN\n',
      });
    },
  );

  it('that is no word is refused before it is sent', async () => {
    const sentence =
      'holds no token: it should be one word of printable ASCII characters, for example from `openssl rand -hex 32`\n';
    expect(await runAt(server, { env: { ARCTICTERN_TOKEN: 'a\nb' } }, 'status')).toMatchObject({
      code: 1,
      err: `error: ARCTICTERN_TOKEN ${sentence}`,
    });
    const empty = file('empty', '\n');
    expect(await runAt(server, {}, 'status', '--token-file', empty)).toMatchObject({
      code: 1,
      err: `error: file ${empty} ${sentence}`,
    });
    const { err } = await runAt(server, {}, 'status', '--token-file', join(directory, 'none'));
    expect(err).toMatch(
      /^error: the token cannot be read: ENOENT: no such file or directory, open '.*none'\n$/,
    );
  });
});

describe('the address', () => {
  it('of --api goes before that of the environment, and may have a path', async () => {
    const urls: (string | undefined)[] = [];
    const url = await other((request, response) => {
      urls.push(request.url);
      response.setHeader('content-type', 'application/json').end('[]');
    });
    const terminal = new FakeTerminal({ env: { ARCTICTERN_API: 'http://127.0.0.1:1' } });
    const { code } = await runIn(terminal, 'hosts', '--api', `${url}/site/a`);
    expect([code, urls]).toEqual([0, ['/site/a/v1/hosts']]);
  });

  it.each(['localhost', 'ftp://localhost', 'http://', '127.0.0.1:8653'])('%j is none', async (api) => {
    expect(await runIn(new FakeTerminal(), 'status', '--api', api)).toEqual({
      code: 1,
      out: '',
      err: `error: \`${api}\` is no address of an API: give one like http://127.0.0.1:8653\n`,
    });
  });
});

describe('when the controller is not there', () => {
  it.each([['status'], ['events'], ['migrate', 'web', '--to', 'b1']])(
    '%s says what was tried and what to do',
    async (...args) => {
      const server = await served(new FakeController());
      const port = portOf(server);
      stop(server);
      const { code, out, err } = await runIn(
        new FakeTerminal({ env: { ARCTICTERN_API: `http://127.0.0.1:${port}` } }),
        ...args,
      );
      expect([code, out, err]).toEqual([
        1,
        '',
        `error: the controller's API at http://127.0.0.1:${port} cannot be reached (connect ECONNREFUSED 127.0.0.1:${port}): start it with \`arctictern controller TOPOLOGY\`, or say where it is with --api or ARCTICTERN_API\n`,
      ]);
    },
  );

  it('and the connection is cut', async () => {
    const api = await other((request) => request.socket.destroy());
    const { code, err } = await runIn(new FakeTerminal(), 'status', '--api', api);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^error: the controller's API at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(other side closed\): /,
    );
  });
});

describe('when something else answers', () => {
  it.each<[string, RequestListener, RegExp]>([
    [
      'with an error',
      (_request, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<p>lost</p>'),
      /\/v1\/status answered 404 Not Found: is it the API of an ArcticTern controller of this version\? See --api\n$/,
    ],
    [
      'with a redirect',
      (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /\/v1\/status answered 302 Found: /,
    ],
    [
      'with a page',
      (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>'),
      /\/v1\/status answered something that is no JSON: /,
    ],
    [
      'with other JSON',
      (_request, response) => response.end('{"version":7}'),
      /\/v1\/status answered JSON that is not as it should be at `version`: /,
    ],
    [
      'with half a problem',
      (_request, response) =>
        response.writeHead(500, { 'content-type': 'application/problem+json' }).end('{}'),
      /\/v1\/status answered JSON that is not as it should be at `type`: /,
    ],
  ])('%s', async (_how, answer, sentence) => {
    const { code, out, err } = await runIn(new FakeTerminal(), 'status', '--api', await other(answer));
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: http:\/\/127\.0\.0\.1:\d+\//);
    expect(err).toMatch(sentence);
  });

  it('with more than is known, that is shown to scripts', async () => {
    const status = {
      version: '9',
      startedAt: 0,
      hosts: { total: 1, connected: 1 },
      guests: { total: 1, running: 1 },
      migrations: { total: 0, moving: 0 },
      weather: 'fine',
    };
    const api = await other((_request, response) => response.end(JSON.stringify(status)));
    const { code, out } = await runIn(new FakeTerminal(), 'status', '--json', '--api', api);
    expect([code, JSON.parse(out)]).toEqual([0, status]);
  });
});
