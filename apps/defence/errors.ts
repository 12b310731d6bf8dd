/**
 * What can go wrong with the blocklist.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import { blocklist as limits } from '../../controller/limits.ts';
import type { Source } from '../../controller/network/blocklist.ts';

export class BadSourceError extends ArcticTernError {
  readonly code = 'BLOCKLIST_BAD_SOURCE';
  constructor(given: string) {
    super(
      `\`${given}\` is neither an address nor a prefix: give one like 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48, with no bits set after the prefix`,
    );
  }
}

export class TooWideError extends ArcticTernError {
  readonly code = 'BLOCKLIST_TOO_WIDE';
  constructor(source: Source) {
    const { 4: four, 6: six } = limits.shortest;
    super(
      `${source} is too wide to be blocked: give prefixes of /${four} (IPv4) or /${six} (IPv6) and longer`,
    );
  }
}

/** A block would cover an allowed address. */
export class SourceAllowedError extends ArcticTernError {
  readonly code = 'BLOCKLIST_ALLOWED';
  constructor(source: Source, allowed: Source, reason: string) {
    super(
      `${source} cannot be blocked, since ${allowed} is allowed (${reason}): block prefixes beside it, or \`arctictern disallow ${allowed}\` first`,
    );
  }
}

export class NotBlockedError extends ArcticTernError {
  readonly code = 'NOT_BLOCKED';
  constructor(source: Source, covering: { readonly source: Source; readonly number: number } | undefined) {
    super(
      covering === undefined
        ? `${source} is not blocked: \`arctictern blocks\` lists what is`
        : `${source} is not blocked by itself, but block ${covering.number} covers it with ${covering.source}: unblock that, or \`arctictern allow ${source}\``,
    );
  }
}

export class UnknownBlockError extends ArcticTernError {
  readonly code = 'UNKNOWN_BLOCK';
  constructor(number: number | string) {
    super(`there is no block ${number}, or no more: GET /v1/blocks lists all`);
  }
}

export class NotAllowedSourceError extends ArcticTernError {
  readonly code = 'NOT_ALLOWED_SOURCE';
  constructor(source: Source) {
    super(`${source} is not on the allow-list: \`arctictern allowed\` lists what is`);
  }
}

export class BlocklistFullError extends ArcticTernError {
  readonly code = 'BLOCKLIST_FULL';
  constructor(what: string, most: number) {
    super(`the blocklist has room for ${most.toLocaleString('en-US')} ${what}: take some away first`);
  }
}
