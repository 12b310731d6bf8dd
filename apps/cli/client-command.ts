/**
 * What all commands that ask the API have in common: where it is, the token, and JSON instead of text.
 */
import { Command } from 'commander';
import { ApiClient, DEFAULT_API } from '../api/client.ts';
import type { Terminal } from './terminal.ts';
import { checkToken, readToken } from './token.ts';

export interface ClientCommandOptions {
  readonly api?: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

export function clientCommand(
  name: string,
  description: string,
  json = "the API's own objects, as one JSON document",
): Command {
  return new Command(name)
    .description(description)
    .option('--json', json)
    .option('--api <url>', `where the controller's API is (default: $ARCTICTERN_API, or ${DEFAULT_API})`)
    .option(
      '--token-file <file>',
      'a file with the token that the API asks for (default: $ARCTICTERN_TOKEN)',
    );
}

export function clientFor({ api, tokenFile }: ClientCommandOptions, { env, clock }: Terminal): ApiClient {
  return new ApiClient(
    api ?? given(env['ARCTICTERN_API']) ?? DEFAULT_API,
    tokenFile === undefined ? tokenIn(env) : readToken(tokenFile),
    clock,
  );
}

function tokenIn(env: Terminal['env']): string | undefined {
  const token = given(env['ARCTICTERN_TOKEN']);
  return token === undefined ? undefined : checkToken(token, 'ARCTICTERN_TOKEN');
}

/** An empty variable is as good as none. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** Shows a value: as it came when JSON is wanted, otherwise as text. */
export function show<T>(
  terminal: Terminal,
  json: true | undefined,
  value: T,
  text: (value: T) => string,
): void {
  terminal.out.write(json === true ? `${JSON.stringify(value, null, 2)}\n` : text(value));
}
