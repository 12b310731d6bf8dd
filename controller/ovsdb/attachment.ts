/**
 * What a client opens anew on each connection: a replica's monitor, a lock.
 */
import type { ArcticTernError } from '../errors.ts';
import type { RpcConnection } from './rpc-connection.ts';

export interface Attachment {
  attach(connection: RpcConnection): void;
  detach(error: ArcticTernError): void;
  /** Whether the notification was for this one. */
  notify(method: string, params: readonly unknown[]): boolean;
  close(): Promise<void>;
}
