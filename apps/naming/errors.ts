import { ArcticTernError } from '../../controller/errors.ts';

/** The file of `dns.key.secretFile` cannot be read, or holds no secret. */
export class NamingKeyError extends ArcticTernError {
  readonly code = 'NAMING_KEY';
}
