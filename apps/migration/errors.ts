/**
 * What can be wrong with the wish to migrate a guest: found before anything has been touched, but for an abort.
 */
import { ArcticTernError } from '../../controller/errors.ts';
import { isUnderWay, type Phase } from '../../controller/network/migration.ts';

export class CareOfPoolExhaustedError extends ArcticTernError {
  readonly code = 'MIGRATION_CARE_OF_POOL_EXHAUSTED';
  constructor(subnet: string) {
    super(
      `subnet ${subnet} has no care-of address left: widen its careOf range, or let relays drain; an address that was given back is kept for a while, too`,
    );
  }
}

export class TooManyAnchorsError extends ArcticTernError {
  readonly code = 'MIGRATION_TOO_MANY_ANCHORS';
  constructor(guest: string) {
    super(`guest ${guest} still has connections at 255 places: let relays drain, or end them`);
  }
}

export class UnknownGuestError extends ArcticTernError {
  readonly code = 'UNKNOWN_GUEST';
  constructor(guest: string, known: Iterable<string>) {
    super(`there is no guest ${guest}: known are ${list(known)}`);
  }
}

export class UnknownHostError extends ArcticTernError {
  readonly code = 'UNKNOWN_HOST';
  constructor(host: string, known: Iterable<string>) {
    super(`there is no host ${host}: known are ${list(known)}`);
  }
}

export class UnknownEdgeError extends ArcticTernError {
  readonly code = 'UNKNOWN_EDGE';
  constructor(edge: string, known: Iterable<string>) {
    super(`there is no edge ${edge}: known are ${list(known)}`);
  }
}

export class GuestNotRunningError extends ArcticTernError {
  readonly code = 'GUEST_NOT_RUNNING';
  constructor(guest: string) {
    super(`guest ${guest} runs on no host under control: start it first`);
  }
}

export class AlreadyThereError extends ArcticTernError {
  readonly code = 'MIGRATION_ALREADY_THERE';
  constructor(guest: string, host: string) {
    super(`guest ${guest} is on host ${host} already: choose another host`);
  }
}

export class AlreadyMovingError extends ArcticTernError {
  readonly code = 'MIGRATION_ALREADY_MOVING';
  constructor(guest: string, to: string, phase: Phase) {
    const orAbort = isUnderWay(phase) ? ', or abort it' : '';
    super(`guest ${guest} is on its way to host ${to} (${phase}): wait until that has ended${orAbort}`);
  }
}

export class NoSuchAnchorError extends ArcticTernError {
  readonly code = 'NO_SUCH_ANCHOR';
  constructor(guest: string, host: string | undefined, known: Iterable<string>) {
    super(
      host === undefined
        ? `guest ${guest} has no care-of anchor that relays: there is nothing to release`
        : `guest ${guest} has no anchor at ${host} that relays: those that can be released are at ${list(known)}`,
    );
  }
}

export class AnchorStaysError extends ArcticTernError {
  readonly code = 'ANCHOR_STAYS';
  constructor(guest: string, host: string) {
    super(
      `the anchor of guest ${guest} at ${host} holds its home addresses, and stays as long as the guest runs: migrate with \`--admit established\` to close it to what is new`,
    );
  }
}

export class NoRoomError extends ArcticTernError {
  readonly code = 'MIGRATION_NO_ROOM';
  constructor(guest: string, host: string, detail: string) {
    super(
      `host ${host} has no room for guest ${guest}: ${detail}; choose another host or raise its capacity`,
    );
  }
}

export class MigrationAbortedError extends ArcticTernError {
  readonly code = 'MIGRATION_ABORTED';
  constructor(guest: string) {
    super(`the migration of guest ${guest} was aborted: it stays where it is`);
  }
}

export class HostUnreachableError extends ArcticTernError {
  readonly code = 'HOST_UNREACHABLE';
  constructor(host: string, what: string) {
    super(`host ${host} cannot be used now: ${what}`);
  }
}

function list(names: Iterable<string>): string {
  const all = [...names].sort();
  return all.length === 0 ? 'none' : all.join(', ');
}
