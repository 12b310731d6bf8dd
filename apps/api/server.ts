/**
 * The HTTP API's server: where it listens, and who it lets in.
 *
 * Loopback needs no token; any other address does, and the server refuses to start there without one.
 */
import type { Server } from 'node:http';
import { type Clock, systemClock } from '../../controller/clock.ts';
import { ArcticTernError, messageOf } from '../../controller/errors.ts';
import { api as limits } from '../../controller/limits.ts';
import { application } from './application.ts';
import { isLoopback } from './guards.ts';
import type { ControllerView } from './view.ts';

export interface ApiOptions {
  /** An address of this machine, or `localhost`. */
  readonly listen: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** What clients must send, as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  readonly version: string;
  readonly onUnforeseen: (error: unknown) => void;
  readonly clock?: Clock;
}

export class TokenNeededError extends ArcticTernError {
  readonly code = 'API_TOKEN_NEEDED';
  constructor(address: string) {
    super(`the API may listen on ${address} only with a token: give one with --api-token-file`);
  }
}

export class ApiListenError extends ArcticTernError {
  readonly code = 'API_LISTEN';
  constructor(address: string, port: number, cause: unknown) {
    super(
      `the API cannot listen on ${address} port ${port} (${messageOf(cause)}): choose another with --api`,
      { cause },
    );
  }
}

/** Listens until `close`. Throws `API_TOKEN_NEEDED` or `API_LISTEN`. */
export async function serveApi(controller: ControllerView, options: ApiOptions): Promise<Server> {
  const { listen, port, token, version, onUnforeseen, clock = systemClock } = options;
  if (token === '' || (token === undefined && !isLoopback(listen))) throw new TokenNeededError(listen);
  const app = application(controller, { token, version, clock, onUnforeseen });
  return new Promise((resolve, reject) => {
    const server = app.listen(port, listen, (error?: Error) => {
      if (error === undefined) resolve(server);
      else reject(new ApiListenError(listen, port, error));
    });
    server.requestTimeout = limits.requestTimeout;
  });
}
