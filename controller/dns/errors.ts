/** What can go wrong between us and a name server. All of it may pass: whoever updates a name tries again. */
import { ArcticTernError } from '../errors.ts';

/** No answer: nobody is there, or whoever is there does not answer in time. */
export class DnsUnreachableError extends ArcticTernError {
  readonly code = 'DNS_UNREACHABLE';
  constructor(server: string, reason: string, options?: ErrorOptions) {
    super(`name server ${server} cannot be reached: ${reason}`, options);
  }
}

/** The server answered that it will not do it: `rcode` by its name (RFC 1035, RFC 2136, RFC 8945). */
export class DnsRefusedError extends ArcticTernError {
  readonly code = 'DNS_REFUSED';
  readonly rcode: string;
  constructor(server: string, what: string, rcode: string) {
    super(`name server ${server} did not update ${what}: ${rcode}${HINTS[rcode] ?? ''}`);
    this.rcode = rcode;
  }
}

const HINTS: Readonly<Record<string, string>> = {
  REFUSED: '; may the key update this name (update-policy, allow-update)?',
  NOTAUTH: '; is it the primary of the zone?',
  NOTZONE: '; is the name in the zone?',
  NOTIMP: '; does it take updates (RFC 2136)?',
  SERVFAIL: '; its log should say why',
};

/** Key, signature or time of a message do not fit. `what` the server did: `does not know key arctictern (BADKEY)`. */
export class DnsSignatureError extends ArcticTernError {
  readonly code = 'DNS_SIGNATURE';
  constructor(server: string, what: string) {
    super(`name server ${server} ${what}`);
  }
}

/** The bytes that came are no answer to what was asked. */
export class DnsMessageError extends ArcticTernError {
  readonly code = 'DNS_MESSAGE';
  constructor(reason: string, options?: ErrorOptions) {
    super(`the answer cannot be read: ${reason}`, options);
  }
}
