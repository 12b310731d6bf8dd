/**
 * What can go wrong for a client of the API and for the filters of the command line. Every one ends a command
 * with exit code 1 and its message on standard error.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import type { MigrationObject, Problem } from '../api/objects.ts';

export class ApiUnreachableError extends ArcticTernError {
  readonly code = 'CLI_API_UNREACHABLE';
  constructor(url: string, reason: string, cause?: unknown) {
    super(
      `the controller's API at ${url} cannot be reached (${reason}): start it with \`arctictern controller TOPOLOGY\`, or say where it is with --api or ARCTICTERN_API`,
      { cause },
    );
  }
}

export class ApiSilentError extends ArcticTernError {
  readonly code = 'CLI_API_SILENT';
  constructor(url: string, ms: number) {
    super(
      `the controller's API at ${url} took the request but said nothing for ${ms / 1000} s: is the controller overloaded or stopped?`,
    );
  }
}

/** Whoever answered is not the API as this version knows it. */
export class ApiAnswerError extends ArcticTernError {
  readonly code = 'CLI_API_ANSWER';
  constructor(url: string, what: string) {
    super(`${url} answered ${what}: is it the API of an ArcticTern controller of this version? See --api`);
  }
}

/** The API refused, and said why. */
export class ApiProblemError extends ArcticTernError {
  readonly code: string;
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(
      problem.status === 401
        ? 'the controller asks for a token: give it with --token-file or ARCTICTERN_TOKEN'
        : problem.detail,
    );
    this.code = problem.code;
    this.problem = problem;
  }
}

export class EventsEndedError extends ArcticTernError {
  readonly code = 'CLI_EVENTS_ENDED';
  constructor(url: string) {
    super(
      `the controller's API at ${url} ended the events: it was stopped, or dropped us because we read too slowly`,
    );
  }
}

export class ApiUrlError extends ArcticTernError {
  readonly code = 'CLI_API_URL';
  constructor(given: string) {
    super(`\`${given}\` is no address of an API: give one like http://127.0.0.1:8653`);
  }
}

export class TokenError extends ArcticTernError {
  readonly code = 'CLI_TOKEN';
}

/** What was given for an option or an argument means nothing here. */
export class UsageError extends ArcticTernError {
  readonly code = 'CLI_USAGE';
}

export class MigrationNotCompletedError extends ArcticTernError {
  readonly code = 'CLI_MIGRATION_NOT_COMPLETED';
  constructor({ id, guest, phase, reason, from }: MigrationObject) {
    const where = phase === 'rolled-back' ? `it runs at ${from} again` : `it is being put back at ${from}`;
    super(`migration ${id} of guest ${guest} failed (${reason ?? 'no reason given'}); ${where}`);
  }
}

export class NoLongerWatchedError extends ArcticTernError {
  readonly code = 'CLI_NO_LONGER_WATCHED';
  constructor(id: string) {
    super(
      `no longer watched, but migration ${id} goes on: see \`arctictern migrations ${id}\`, or abort it there with \`arctictern abort ${id}\``,
    );
  }
}

/** Something on standard input is not what it should be; the message begins with its place. */
export class InputError extends ArcticTernError {
  readonly code = 'CLI_INPUT';
}
