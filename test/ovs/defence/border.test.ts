/**
 * The script for borders without Open vSwitch, with real nft in a namespace of its own: what of the API's list is
 * in force, that nothing happens while the list is the same, and that it is kept up to date.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Namespace } from '../../../apps/bench/namespace.ts';
import { packageRoot } from '../../../topologies/lab/package-root.ts';
import { portOf, served, stop } from '../../apps/api/ask.ts';
import { FakeController } from '../../apps/api/fake-controller.ts';

const execute = promisify(execFile);
const script = join(packageRoot, 'apps/defence/border/arctictern-nft.sh');

let controller: FakeController;
let server: Server;
let router: Namespace;
let state: string;
beforeAll(async () => {
  controller = new FakeController();
  server = await served(controller);
  router = await Namespace.open();
  state = mkdtempSync(join(tmpdir(), 'arctictern-nft-'));
});
afterAll(async () => {
  stop(server);
  await router.close();
  rmSync(state, { recursive: true });
});

const api = (): string => `http://127.0.0.1:${portOf(server)}`;

/** The script with these options; nft works in the router's namespace, curl where the API is, a second takes a tenth. */
function argv(...options: readonly string[]): string[] {
  const nft = `nft() { nsenter -t ${router.pid} -n nft "$@"; }`;
  const sleep = 'sleep() { command sleep "0.$1"; }';
  const text = readFileSync(script, 'utf8').replace('set -eu\n', `set -eu\n${nft}\n${sleep}\n`);
  return ['-c', text, 'arctictern-nft', ...options];
}

/** Once. */
async function pull(from = api()): Promise<string> {
  const { stderr } = await execute('sh', argv('--api', from, '--once', '--state', state));
  return stderr;
}
const set = async (name: string): Promise<string> =>
  router.run('nft', 'list', 'set', 'inet', 'arctictern', name);

test('the list is put in force as a whole, and again only when it has changed', async () => {
  const block = { origin: 'person', reason: 'scans' } as const;
  controller.blocklist.block({
    ...block,
    sources: ['203.0.113.7', '203.0.113.0/28', '2001:db8::1', '2001:db8:1::/48'],
  });
  controller.blocklist.block({ ...block, sources: ['192.0.2.1'], guest: 'web' });
  controller.blocklist.allow('203.0.113.9', 'the office');
  expect(await pull()).toBe('');
  expect(await set('blocked4')).toContain('elements = { 203.0.113.7 }');
  expect(await set('blocked4_prefixes')).toContain('203.0.113.0/28');
  expect(await set('blocked6')).toContain('elements = { 2001:db8::1 }');
  expect(await set('blocked6_prefixes')).toContain('2001:db8:1::/48');
  expect(await set('allowed4')).toContain('elements = { 203.0.113.9 }');

  // What nft holds by hand stays: there was nothing new.
  await router.run('nft', 'add', 'element', 'inet', 'arctictern', 'blocked4', '{ 198.51.100.1 }');
  expect(await pull()).toBe('');
  expect(await set('blocked4')).toContain('198.51.100.1');

  controller.blocklist.unblock('203.0.113.7');
  expect(await pull()).toBe('');
  expect(await set('blocked4')).not.toContain('elements');
});

test('packets of a blocked source are dropped, of an allowed one within it not', async () => {
  await router.run('ip', 'link', 'set', 'lo', 'up');
  await router.run('ip', 'addr', 'add', '203.0.113.5/32', 'dev', 'lo');
  await router.run('ip', 'addr', 'add', '203.0.113.9/32', 'dev', 'lo');
  const ping = (from: string) => router.run('ping', '-c', '1', '-W', '1', '-I', from, '203.0.113.9');
  await expect(ping('203.0.113.5')).rejects.toThrow();
  await ping('203.0.113.9');
});

test('a controller that cannot be reached is said to be so, and the list stays', async () => {
  await router.run('nft', 'list', 'table', 'inet', 'arctictern');
  await expect(pull('http://127.0.0.1:1')).rejects.toThrow('curl: (7)');
  expect(await set('blocked4_prefixes')).toContain('203.0.113.0/28');
});

test('run as a service, it follows the list, keeps the last one while the controller is away, and goes on when it is back', async () => {
  const options = ['--api', api(), '--every', '2', '--state', join(state, 'loop')];
  const loop = spawn('setpriv', ['--pdeathsig', 'KILL', 'sh', ...argv(...options)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(loop, 'exit');
  let said = '';
  loop.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const holds = (element: string, what = true) =>
    expect
      .poll(async () => (await set('blocked4')).includes(element), { timeout: 10_000, interval: 50 })
      .toBe(what);
  const block = (source: string): void => {
    controller.blocklist.block({ sources: [source], origin: 'person', reason: 'scans' });
  };
  try {
    for (const source of ['198.51.100.1', '198.51.100.2']) {
      block(source);
      await holds(source);
    }
    expect(said).toBe('');

    const port = portOf(server);
    stop(server);
    controller.blocklist.unblock('198.51.100.1');
    await expect.poll(() => said.match(/curl: \(7\)/g)?.length, { timeout: 10_000 }).toBeGreaterThan(1);
    for (const source of ['198.51.100.1', '198.51.100.2']) await holds(source);

    server = await served(controller, { port });
    await holds('198.51.100.1', false);
    await holds('198.51.100.2');
    block('198.51.100.3');
    await holds('198.51.100.3');
    expect(loop.exitCode).toBeNull();
  } finally {
    process.kill(-loop.pid!, 'SIGKILL');
    await ended;
  }
});
