/**
 * Server-sent events (HTML, section 9.2). Nothing is kept for a reader: one that does not read is dropped,
 * one that is gone is forgotten. A comment now and then shows that the connection lives.
 */
import type { RequestHandler } from 'express';
import type { Cancel, Clock } from '../../controller/clock.ts';
import { api as limits } from '../../controller/limits.ts';
import { TooManyReadersError } from './problems.ts';
import type { ControllerView } from './view.ts';

export function streamEvents(events: ControllerView['events'], clock: Clock): RequestHandler {
  let readers = 0;
  return (request, response) => {
    if (readers >= limits.eventReaders) throw new TooManyReadersError();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.flushHeaders();

    let cancelHeartbeat: Cancel;
    const send = (text: string): void => {
      if (response.writableLength > limits.eventBacklogBytes) response.destroy();
      else response.write(text);
    };
    const beat = (): void => {
      send(':\n\n');
      cancelHeartbeat = clock.after(limits.eventHeartbeat, beat);
    };
    beat();
    const unsubscribe = events.on((event) => send(`data: ${JSON.stringify(event)}\n\n`));
    readers += 1;
    response.once('close', () => {
      readers -= 1;
      cancelHeartbeat();
      unsubscribe();
    });
  };
}
