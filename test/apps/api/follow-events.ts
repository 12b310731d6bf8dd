/**
 * A reader of the API's events, by the letter of the format.
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import { portOf } from './ask.ts';

export interface EventReader {
  readonly status: number;
  /** The next event's data. */
  next(): Promise<unknown>;
  /** The comments that came so far. */
  comments(): number;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  /** Goes away without a word. */
  close(): void;
}

export async function followEvents(server: Server): Promise<EventReader> {
  const asking = request({ host: '127.0.0.1', port: portOf(server), path: '/v1/events' });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  asking.on('error', () => undefined);
  const events: unknown[] = [];
  let comments = 0;
  let wake = (): void => undefined;
  let text = '';
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(':')) comments += 1;
      else if (block.startsWith('data: ')) events.push(JSON.parse(block.slice('data: '.length)));
      else throw new Error(`not an event: ${block}`);
    }
    wake();
  });
  return {
    status: response.statusCode ?? 0,
    async next() {
      while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return events.shift();
    },
    comments: () => comments,
    ended: new Promise((resolve) => response.once('close', () => resolve())),
    close: () => asking.destroy(),
  };
}
