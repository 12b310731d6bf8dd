/**
 * What can go wrong for a client of the API.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import type { Problem } from './objects.ts';

/** The API refused (RFC 9457); code and message are its own. */
export class ApiProblemError extends ArcticTernError {
  readonly code: string;
  readonly status: number;
  constructor({ code, status, detail }: Problem) {
    super(
      status === 401
        ? 'the controller asks for another token than was given: give it with --token-file or ARCTICTERN_TOKEN'
        : detail,
    );
    this.code = code;
    this.status = status;
  }
}

export class ApiUnreachableError extends ArcticTernError {
  readonly code = 'API_UNREACHABLE';
  constructor(url: string, reason: string, cause?: unknown) {
    super(
      `the controller's API at ${url} cannot be reached (${reason}): start it with \`arctictern controller TOPOLOGY\`, or say where it is with --api or ARCTICTERN_API`,
      { cause },
    );
  }
}

export class ApiSilentError extends ArcticTernError {
  readonly code = 'API_SILENT';
  constructor(url: string, ms: number) {
    super(
      `the controller's API at ${url} has said nothing for ${ms / 1000} s: is the controller overloaded or stopped?`,
    );
  }
}

/** Whoever answered is not the API as this version knows it. */
export class ApiAnswerError extends ArcticTernError {
  readonly code = 'API_ANSWER';
  constructor(url: string, what: string) {
    super(`${url} answered ${what}: is it the API of an ArcticTern controller of this version? See --api`);
  }
}

export class EventsEndedError extends ArcticTernError {
  readonly code = 'API_EVENTS_ENDED';
  constructor(url: string) {
    super(
      `the controller's API at ${url} ended the events: it was stopped, or dropped us because we read too slowly`,
    );
  }
}

export class ApiUrlError extends ArcticTernError {
  readonly code = 'API_URL';
  constructor(given: string) {
    super(`\`${given}\` is no address of an API: give one like http://127.0.0.1:8653`);
  }
}
