import { ArcticTernError } from '../errors.ts';

export class TooManyInterfacesError extends ArcticTernError {
  readonly code = 'NETWORK_TOO_MANY_INTERFACES';
  constructor(guest: string, most: number) {
    super(
      `guest ${guest} has an interface too many: bridges tell ${most} of them apart, with those of earlier guests that the store remembers; leave guests out, or begin with an empty store`,
    );
  }
}
