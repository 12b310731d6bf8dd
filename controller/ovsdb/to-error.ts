/** What was thrown, or given as the reason of an abort, as an `Error`: anything may be. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('something that is no Error was thrown', { cause: thrown });
}
