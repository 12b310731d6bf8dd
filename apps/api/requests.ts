/**
 * What all routes do with a request before they answer it.
 */
import type { Request, RequestHandler } from 'express';
import type { ZodType } from 'zod';
import type { Guest } from '../../controller/network/model.ts';
import type { Network } from '../../controller/network/network.ts';
import { UnknownGuestError } from '../migration/errors.ts';
import { BadRequestError, MethodNotAllowedError } from './problems.ts';

export function param(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === 'string' ? value : '';
}

/** The guest that the path names. Throws `UNKNOWN_GUEST`. */
export function guestOf({ state }: Pick<Network, 'state'>, request: Request): Guest {
  const name = param(request, 'guest');
  const guest = state.guests.get(name);
  if (guest === undefined) throw new UnknownGuestError(name, state.guests.keys());
  return guest;
}

/** The body as its schema wants it. Throws `API_BAD_REQUEST` with the place and the first thing that is wrong. */
export function checked<T>(schema: ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? 'the body' : `\`${issue.path.join('.')}\``;
  throw new BadRequestError(`${at}: ${issue?.message ?? 'not what /openapi.json asks for'}`);
}

export function notAllowed(allow: string): RequestHandler {
  return (request, response) => {
    if (request.method !== 'OPTIONS') throw new MethodNotAllowedError(request.method, request.path, allow);
    response.set('allow', allow).status(204).end();
  };
}
