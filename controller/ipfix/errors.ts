/**
 * What can be wrong with an IPFIX message. Whatever it is, the message is given up; what was known before stays.
 */
import { ArcticTernError } from '../errors.ts';

/** A message, set, template or record ends before it should. */
export class IpfixTruncatedError extends ArcticTernError {
  readonly code = 'IPFIX_TRUNCATED';
  constructor(what: string, needed: number, there: number) {
    super(`an IPFIX ${what} needs ${needed} bytes and has ${there}`);
  }
}

export class IpfixVersionError extends ArcticTernError {
  readonly code = 'IPFIX_VERSION';
  constructor(version: number) {
    super(`version ${version} is not IPFIX's 10: let the exporter send IPFIX, not NetFlow`);
  }
}

/** A template that no record can be read with. */
export class IpfixTemplateError extends ArcticTernError {
  readonly code = 'IPFIX_TEMPLATE';
  constructor(id: number, reason: string) {
    super(`IPFIX template ${id} ${reason}`);
  }
}

/** A set whose identifier is reserved (RFC 7011, section 3.3.2). */
export class IpfixSetError extends ArcticTernError {
  readonly code = 'IPFIX_SET';
  constructor(id: number) {
    super(`IPFIX set ${id} is of no kind that RFC 7011 knows`);
  }
}
