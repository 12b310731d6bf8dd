/**
 * The blocklist as text, for border routers that pull it: one line a source.
 *
 *     allow SOURCE
 *     block SOURCE SECONDS       when it ends, in seconds since the Unix epoch; `-` when it does not
 *
 * What is blocked for one guest alone is left out. The ETag changes with the list, so that asking again costs
 * nothing while it is the same. A long list goes out shard by shard, as fast as it is read.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import { api as limits } from '../../controller/limits.ts';
import { type Blocklist, entriesOf, ownersOf, type Shard } from '../../controller/network/blocklist.ts';
import type { ControllerView } from './view.ts';

export function streamBlocklist({ network, blocklist: service, startedAt }: ControllerView): RequestHandler {
  return async (request, response) => {
    const { blocklist } = network.state;
    response.set('etag', `"${Math.round(startedAt)}-${service.version}"`).type('text/plain');
    if (request.fresh) {
      response.status(304).end();
      return;
    }
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.setTimeout(limits.readerPatience, () => response.destroy());
    try {
      await pipeline(Readable.from(piecesOf(blocklist)), response);
    } catch (error) {
      // A reader that goes, or stalls, comes again for the whole.
      if (!response.destroyed || !isPremature(error)) throw error;
    }
  };
}

function* piecesOf(blocklist: Blocklist): Iterable<string> {
  for (const { source } of blocklist.allowed.values()) yield `allow ${source}\n`;
  for (const shards of Object.values(blocklist.lines)) {
    for (const shard of shards.values()) yield shardText(shard, blocklist);
  }
}

const isPremature = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';

function shardText(shard: Shard, { blocks }: Blocklist): string {
  let text = '';
  for (const [source, owners] of entriesOf(shard)) {
    let expires = 0;
    for (const owner of ownersOf(owners)) {
      const block = blocks.get(owner);
      if (block !== undefined && block.guest === undefined) {
        expires = Math.max(expires, block.expires ?? Infinity);
      }
    }
    if (expires === 0) continue;
    text += `block ${source} ${expires === Infinity ? '-' : Math.ceil(expires / 1_000)}\n`;
  }
  return text;
}
