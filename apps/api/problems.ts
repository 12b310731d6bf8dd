/**
 * Errors as problem details (RFC 9457). The `code` is the error's own; the HTTP status says whose turn it is.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import type { Problem } from './objects.ts';

export class BadRequestError extends ArcticTernError {
  readonly code = 'API_BAD_REQUEST';
}

export class NotFoundError extends ArcticTernError {
  readonly code = 'API_NOT_FOUND';
}

export class UnauthorizedError extends ArcticTernError {
  readonly code = 'API_UNAUTHORIZED';
  constructor() {
    super('a token is needed here: send it as `Authorization: Bearer TOKEN`');
  }
}

const statusByCode: Readonly<Record<string, number>> = {
  API_BAD_REQUEST: 400,
  API_UNAUTHORIZED: 401,
  API_NOT_FOUND: 404,
  UNKNOWN_GUEST: 404,
  UNKNOWN_HOST: 404,
  UNKNOWN_MIGRATION: 404,
  GUEST_NOT_RUNNING: 409,
  MIGRATION_ALREADY_THERE: 409,
  MIGRATION_ALREADY_MOVING: 409,
  MIGRATION_NO_ROOM: 409,
  MIGRATION_CARE_OF_POOL_EXHAUSTED: 409,
  MIGRATION_TOO_MANY_ANCHORS: 409,
  HOST_UNREACHABLE: 503,
  HYPERVISOR_UNREACHABLE: 503,
  SWITCH_CLOSED: 503,
  SWITCH_TIMEOUT: 504,
};

/** What the client is told. An error that nobody foresaw tells nothing of the inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ArcticTernError) {
    const status = statusByCode[error.code] ?? 500;
    return {
      type: `urn:arctictern:problem:${error.code}`,
      title: error.name.replace(/Error$/, ''),
      status,
      detail: error.message,
      code: error.code,
    };
  }
  if (error instanceof SyntaxError) {
    return {
      type: 'urn:arctictern:problem:API_BAD_REQUEST',
      title: 'BadRequest',
      status: 400,
      detail: `the request's body is no JSON: ${error.message}`,
      code: 'API_BAD_REQUEST',
    };
  }
  return {
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    detail: 'something that was not foreseen went wrong; the controller’s log says what',
    code: 'INTERNAL',
  };
}
