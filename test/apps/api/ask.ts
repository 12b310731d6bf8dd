/**
 * HTTP without the niceties of `fetch`: any Host header, any method, the answer as it is.
 */
import { type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiOptions, serveApi } from '../../../apps/api/server.ts';
import type { ControllerView } from '../../../apps/api/view.ts';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

export async function ask(
  server: Server,
  { method = 'GET', path, headers = {}, body }: Asked,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: portOf(server), method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** A server on a free port of loopback. */
export async function served(controller: ControllerView, options: Partial<ApiOptions> = {}): Promise<Server> {
  return serveApi(controller, {
    listen: '127.0.0.1',
    port: 0,
    version: '1.2.3',
    onUnforeseen: (error) => {
      throw error;
    },
    ...options,
  });
}

export function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}
