/**
 * The root of every error that ArcticTern raises on purpose.
 *
 * Each subclass names one thing that can go wrong, has a `code` of its own that scripts may match on, and a
 * message that says what was being done to what and what to do next. Anything else that is thrown is a bug.
 */
export abstract class ArcticTernError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What was thrown, as an error: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What it says. */
export const messageOf = (thrown: unknown): string => asError(thrown).message;
