/**
 * Tokens, as files and the environment hold them.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../controller/errors.ts';
import { TokenError } from './errors.ts';

/** The token in a file: its only line. Throws `CLI_TOKEN`. */
export function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new TokenError(`the token cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return checkToken(text.trim(), `file ${file}`);
}

/** A token that can stand in a header (RFC 6750, section 2.1, a little wider). Throws `CLI_TOKEN`. */
export function checkToken(token: string, where: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new TokenError(
      `${where} holds no token: it should be one word of printable ASCII characters, for example from \`openssl rand -hex 32\``,
    );
  }
  return token;
}
