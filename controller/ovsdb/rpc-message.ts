/**
 * JSON-RPC 1.0 as OVSDB speaks it (RFC 7047, section 4): what kind of message a JSON value is. Pure.
 */
import { OvsdbProtocolError } from './errors.ts';

export type RpcMessage =
  | {
      readonly kind: 'request';
      readonly id: unknown;
      readonly method: string;
      readonly params: readonly unknown[];
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: readonly unknown[] }
  | { readonly kind: 'result'; readonly id: unknown; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly error: unknown };

/**
 * Tells what `value` is.
 *
 * @throws {OvsdbProtocolError} when it is none of the four.
 */
export function classify(value: unknown): RpcMessage {
  if (typeof value !== 'object' || value === null) throw malformed('it is no object');
  const { id, method, params, result, error } = value as Record<string, unknown>;
  if (method !== undefined) {
    if (typeof method !== 'string') throw malformed('its method is no string');
    // OVS sends `null` for the parameters of requests that have none.
    const list = params ?? [];
    if (!Array.isArray(list)) throw malformed(`the parameters of ${method} are no array`);
    return id === undefined || id === null
      ? { kind: 'notification', method, params: list }
      : { kind: 'request', id, method, params: list };
  }
  if (id === undefined || id === null) throw malformed('it has neither method nor id');
  if (error !== undefined && error !== null) return { kind: 'error', id, error };
  if (result === undefined) throw malformed('it has neither result nor error');
  return { kind: 'result', id, result };
}

/** The server's name of an error and its details, from the `error` member of a reply or an operation's result. */
export function describeError(error: unknown): { error: string; details: string | undefined } {
  if (typeof error === 'string') return { error, details: undefined };
  if (typeof error === 'object' && error !== null && 'error' in error && typeof error.error === 'string') {
    const details = 'details' in error && typeof error.details === 'string' ? error.details : undefined;
    return { error: error.error, details };
  }
  return { error: JSON.stringify(error), details: undefined };
}

function malformed(why: string): OvsdbProtocolError {
  return new OvsdbProtocolError(`a message of the peer is no JSON-RPC 1.0: ${why}`);
}
