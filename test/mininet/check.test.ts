/**
 * What `make demo` and `make test` say before anything else, to whom is not root or has no Node that is new enough.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../topologies/lab/package-root.ts';

const { engines } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  engines: { node: string };
};
const wanted = engines.node.replace('>=', '');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'check-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The script among programs that say this, and none but those that it needs. */
function check({ uid = 0, node }: { uid?: number; node?: string }) {
  const fake = (name: string, asked: string, answer: string): void => {
    const text = `#!/bin/sh\n[ "$*" = "${asked}" ] || exit 2\necho ${answer}\n`;
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  };
  fake('id', '-u', String(uid));
  if (node !== undefined) fake('node', '-p process.versions.node', node);
  for (const tool of ['sort', 'head']) symlinkSync(`/usr/bin/${tool}`, join(folder, tool));
  const { status, stdout, stderr } = spawnSync(join(packageRoot, 'mininet', 'check.sh'), {
    encoding: 'utf8',
    env: { PATH: folder },
    timeout: 10_000,
  });
  return { status, stdout, stderr };
}

const refused = (sentence: string) => ({ status: 1, stdout: '', stderr: `error: ${sentence}\n` });

it('who is not root is told so, and why root is needed', () => {
  const sentence = 'this needs root, for network namespaces, Open vSwitch and QEMU: run it with sudo';
  expect(check({ uid: 1000, node: '22.1.0' })).toEqual(refused(sentence));
});

it('where there is no Node, the one that is needed is named', () => {
  expect(check({})).toEqual(
    refused(`Node.js ${wanted} or newer is needed and there is none: install it from nodejs.org`),
  );
});

it.each(['18.20.4', '20.9.0', '20.18.3', '9.99.99'])('Node %s is too old', (node) => {
  expect(check({ node })).toEqual(
    refused(`Node.js ${wanted} or newer is needed, this is ${node}: install a newer one from nodejs.org`),
  );
});

it.each([`${wanted}.0`, '20.20.1', '22.0.0', '100.0.0'])('with Node %s nothing is said', (node) => {
  expect(check({ node })).toEqual({ status: 0, stdout: '', stderr: '' });
});
