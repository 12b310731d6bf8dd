import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoint } from '../../../apps/cli/commands/controller/options.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { FakeTerminal, runIn } from './fake-terminal.ts';

describe('an endpoint', () => {
  it.each([
    ['127.0.0.1:8653', '127.0.0.1', 8653],
    ['[::1]:0', '::1', 0],
    ['[::ffff:10.1.0.1]:65535', '::ffff:10.1.0.1', 65_535],
    ['localhost:1', 'localhost', 1],
  ])('%s', (text, address, port) => {
    expect(endpoint(text)).toEqual({ address, port });
  });

  it.each([
    '',
    '8653',
    ':8653',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:8653',
    '[::1]',
    '[x]:1',
    'a b:1',
  ])('%j is none', (text) => {
    expect(() => endpoint(text)).toThrow('It should be ADDRESS:PORT');
  });
});

describe('what keeps the controller from starting', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'arctictern-controller-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const start = (...args: string[]) => runIn(new FakeTerminal(), 'controller', ...args);

  it('is a topology that is not there, or is none', async () => {
    const none = join(directory, 'none.yaml');
    expect(await start(none)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(
        /^error: .*none\.yaml: cannot read the topology file: ENOENT.*\n$/,
      ) as string,
    });
    const bad = join(directory, 'bad.yaml');
    writeFileSync(bad, 'name: x\nsites: 7\n');
    expect(await start(bad)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: .*bad\.yaml:2: .*\n$/) as string,
    });
  });

  it('is a token file without a token', async () => {
    const empty = join(directory, 'token');
    writeFileSync(empty, '');
    const { code, err } = await start(
      join(packageRoot, 'topologies/first-flight.yaml'),
      '--api-token-file',
      empty,
    );
    expect(code).toBe(1);
    expect(err).toMatch(/^error: file .*token holds no token: /);
  });
});
