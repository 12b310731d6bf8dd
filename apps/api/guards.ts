/**
 * Who may ask at all. A server beyond loopback asks for a token. One on loopback without a token lets in every
 * process of the machine, and has to keep out the web pages that its browsers show: they can send requests to
 * loopback, under a name of their own (DNS rebinding) or blindly (forms, and `fetch` without CORS).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { ForeignHostError, MediaTypeError, UnauthorizedError } from './problems.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only processes of this machine can reach the address (or `localhost`). */
export function isLoopback(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return address.toLowerCase() === 'localhost';
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

export function requireToken(token: string): RequestHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (request, _response, next) => {
    const given = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), wanted)) throw new UnauthorizedError();
    next();
  };
}

export const requireLoopbackName: RequestHandler = (request, _response, next) => {
  const host = request.headers.host;
  const name = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d+)?$/.exec(host ?? '');
  if (!isLoopback(name?.[1] ?? name?.[2] ?? '')) throw new ForeignHostError(host);
  next();
};

export const requireJson: RequestHandler = (request, _response, next) => {
  const given = request.get('content-type');
  if (!/^application\/json *(;|$)/i.test(given ?? '')) throw new MediaTypeError(given);
  next();
};
