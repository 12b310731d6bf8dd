/** The key that signs updates, with its secret from wherever the topology file says. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../controller/errors.ts';
import type { TsigKey } from '../../controller/dns/tsig.ts';
import type { TsigKeyDescription } from '../../controller/network/description.ts';
import { NamingKeyError } from './errors.ts';

/** Throws `NAMING_KEY`. */
export function readTsigKey({ name, algorithm, secret }: TsigKeyDescription): TsigKey {
  const base64 = 'base64' in secret ? secret.base64 : secretIn(secret.file);
  return { name, algorithm, secret: Buffer.from(base64, 'base64') };
}

/** The file holds the secret alone, or the key as `tsig-keygen` writes it: `key "…" { …; secret "…"; };`. */
function secretIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = messageOf(cause);
    throw new NamingKeyError(`the secret of the DNS key (dns.key.secretFile) cannot be read: ${reason}`, {
      cause,
    });
  }
  const secret = /\bsecret\s+"([^"]*)"/.exec(text)?.[1] ?? text.trim();
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/.test(secret)) {
    throw new NamingKeyError(
      `file ${file} (dns.key.secretFile) holds no secret in base64, such as \`tsig-keygen arctictern\` makes`,
    );
  }
  return secret;
}
