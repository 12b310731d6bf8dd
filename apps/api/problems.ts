/**
 * Errors as problem details (RFC 9457). The `code` is the error's own; the HTTP status says whose turn it is.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import { api as limits } from '../../controller/limits.ts';
import type { Problem } from './objects.ts';

export class BadRequestError extends ArcticTernError {
  readonly code = 'API_BAD_REQUEST';
}

export class NotFoundError extends ArcticTernError {
  readonly code = 'API_NOT_FOUND';
}

export class UnknownMigrationError extends ArcticTernError {
  readonly code = 'UNKNOWN_MIGRATION';
  constructor(id: string) {
    super(`there is no migration ${id}: GET /v1/migrations lists all`);
  }
}

export class UnknownVerdictError extends ArcticTernError {
  readonly code = 'UNKNOWN_VERDICT';
  constructor(id: string) {
    super(`there is no verdict ${id}: GET /v1/verdicts lists all`);
  }
}

export class UnknownFlightError extends ArcticTernError {
  readonly code = 'UNKNOWN_FLIGHT';
  constructor(id: string) {
    super(`there is no flight ${id}: GET /v1/flights lists all`);
  }
}

/** A migration that is over, or as good as over, was to be aborted. */
export class NotUnderWayError extends ArcticTernError {
  readonly code = 'MIGRATION_NOT_UNDER_WAY';
  constructor(id: string, phase: string) {
    super(
      `migration ${id} cannot be given up any more (${phase}): to bring the guest back, migrate it again`,
    );
  }
}

export class MethodNotAllowedError extends ArcticTernError {
  readonly code = 'API_METHOD_NOT_ALLOWED';
  readonly allow: string;
  constructor(method: string, path: string, allow: string) {
    super(`${path} does not answer to ${method}: use ${allow}`);
    this.allow = allow;
  }
}

export class MediaTypeError extends ArcticTernError {
  readonly code = 'API_MEDIA_TYPE';
  constructor(given: string | undefined) {
    super(
      `a request that changes something must have content-type application/json, not ${given ?? 'none'}: no web page can send that unasked`,
    );
  }
}

export class UnauthorizedError extends ArcticTernError {
  readonly code = 'API_UNAUTHORIZED';
  constructor() {
    super('a token is needed here: send it as `Authorization: Bearer TOKEN`');
  }
}

/** Against DNS rebinding: a name that somebody else resolves to loopback must not reach a server without a token. */
export class ForeignHostError extends ArcticTernError {
  readonly code = 'API_FOREIGN_HOST';
  constructor(host: string | undefined) {
    super(
      `without a token the API answers only to localhost and loopback addresses, not as ${host ?? 'a server without a name'}: use http://127.0.0.1, or start the controller with --api-token-file`,
    );
  }
}

export class TooManyReadersError extends ArcticTernError {
  readonly code = 'API_TOO_MANY_READERS';
  constructor() {
    super(`${limits.eventReaders} clients follow the events already: end one of them first`);
  }
}

const statusByCode: Readonly<Record<string, number>> = {
  API_BAD_REQUEST: 400,
  API_UNAUTHORIZED: 401,
  API_FOREIGN_HOST: 403,
  API_NOT_FOUND: 404,
  API_METHOD_NOT_ALLOWED: 405,
  API_BODY_TOO_LARGE: 413,
  API_MEDIA_TYPE: 415,
  API_TOO_MANY_READERS: 503,
  UNKNOWN_GUEST: 404,
  UNKNOWN_HOST: 404,
  UNKNOWN_EDGE: 404,
  UNKNOWN_MIGRATION: 404,
  UNKNOWN_VERDICT: 404,
  UNKNOWN_FLIGHT: 404,
  GUEST_NOT_RUNNING: 409,
  MIGRATION_ALREADY_THERE: 409,
  MIGRATION_ALREADY_MOVING: 409,
  MIGRATION_NO_ROOM: 409,
  MIGRATION_CARE_OF_POOL_EXHAUSTED: 409,
  MIGRATION_TOO_MANY_ANCHORS: 409,
  MIGRATION_NOT_UNDER_WAY: 409,
  BLOCKLIST_BAD_SOURCE: 400,
  BLOCKLIST_TOO_WIDE: 400,
  BLOCKLIST_ALLOWED: 409,
  BLOCKLIST_FULL: 409,
  NOT_BLOCKED: 404,
  NOT_ALLOWED_SOURCE: 404,
  UNKNOWN_BLOCK: 404,
  NO_SUCH_ANCHOR: 404,
  ANCHOR_STAYS: 409,
  HOST_UNREACHABLE: 503,
  HYPERVISOR_UNREACHABLE: 503,
  SWITCH_CLOSED: 503,
  SWITCH_REFUSED: 502,
  SWITCH_TIMEOUT: 504,
  LIBVIRT_CALL: 502,
  LIBVIRT_CONNECT: 503,
  LIBVIRT_CLOSED: 503,
  LIBVIRT_BUSY: 503,
  LIBVIRT_TIMEOUT: 504,
  LIBVIRT_KEEPALIVE: 504,
};

/** What the client is told. An error that nobody foresaw tells nothing of the inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ArcticTernError) {
    return problem(error.code, titleOf(error.name), error.message, statusByCode[error.code] ?? 500);
  }
  return (
    requestProblem(error) ?? {
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      detail: 'something that was not foreseen went wrong; the controller’s log says what',
      code: 'INTERNAL',
    }
  );
}

/** What express and its body parser refuse: errors with a status between 400 and 499, and a `type`. */
function requestProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  if (error.status < 400 || error.status > 499) return undefined;
  switch ('type' in error ? error.type : undefined) {
    case 'entity.parse.failed':
      return problem(
        'API_BAD_REQUEST',
        'Bad request',
        `the request's body is no JSON object: ${error.message}`,
      );
    case 'entity.too.large':
      return problem(
        'API_BODY_TOO_LARGE',
        'Body too large',
        `the request's body is larger than ${'limit' in error ? String(error.limit) : limits.bodyBytes} bytes`,
      );
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return problem('API_MEDIA_TYPE', 'Media type', `the request's body must be UTF-8: ${error.message}`);
    default:
      return problem('API_BAD_REQUEST', 'Bad request', `the request cannot be read: ${error.message}`);
  }
}

function problem(code: string, title: string, detail: string, status = statusByCode[code] ?? 400): Problem {
  return { type: `urn:arctictern:problem:${code}`, title, status, detail, code };
}

/** `UnknownGuestError` → `Unknown guest`. */
function titleOf(name: string): string {
  const words = name.replace(/Error$/, '').replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words === '' ? 'Error' : words;
}
