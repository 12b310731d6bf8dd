import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { NamingKeyError } from '../../../apps/naming/errors.ts';
import { readTsigKey } from '../../../apps/naming/key.ts';

const directory = mkdtempSync(join(tmpdir(), 'arctictern-'));
afterAll(() => rmSync(directory, { recursive: true }));

const key = { name: 'arctictern', algorithm: 'hmac-sha256' } as const;
const secret = Buffer.from('a secret');

function fileWith(text: string): { file: string } {
  const file = join(directory, 'key');
  writeFileSync(file, text);
  return { file };
}

it.each([
  ['in the topology file', { base64: secret.toString('base64') }],
  ['alone in a file', fileWith(`${secret.toString('base64')}\n`)],
])('takes a secret %s', (_where, from) => {
  expect(readTsigKey({ ...key, secret: from })).toEqual({ ...key, secret });
});

it('takes a file as tsig-keygen writes it', () => {
  const file = fileWith(
    `key "arctictern" {\n\talgorithm hmac-sha256;\n\tsecret "${secret.toString('base64')}";\n};\n`,
  );
  expect(readTsigKey({ ...key, secret: file }).secret).toEqual(secret);
});

test.each(['', 'no base64 at all', 'abc'])('a file with %j is refused', (text) => {
  const from = fileWith(text);
  expect(() => readTsigKey({ ...key, secret: from })).toThrow(
    new NamingKeyError(
      `file ${from.file} (dns.key.secretFile) holds no secret in base64, such as \`tsig-keygen arctictern\` makes`,
    ),
  );
});

test('a file that is not there is refused', () => {
  const file = join(directory, 'nowhere');
  expect(() => readTsigKey({ ...key, secret: { file } })).toThrow(/cannot be read: ENOENT/);
});
