/**
 * What can be wrong with how a command is used, beyond what its arguments show, and with what came of it.
 */
import { ArcticTernError, messageOf } from '../../controller/errors.ts';
import type { MigrationObject } from '../api/objects.ts';

export class RootNeededError extends ArcticTernError {
  readonly code = 'CLI_ROOT_NEEDED';
  constructor(command: string) {
    super(`${command} needs root, for network namespaces, Open vSwitch and QEMU: run it with sudo`);
  }
}

export class LabNotUpError extends ArcticTernError {
  readonly code = 'CLI_LAB_NOT_UP';
  constructor(name: string | undefined, several?: readonly string[]) {
    super(
      several !== undefined
        ? `several labs are up, ${several.join(' and ')}: say which one`
        : `${name === undefined ? 'no lab' : `no lab ${name}`} runs in the background here: bring one up with \`arctictern lab up\``,
    );
  }
}

export class NoSuchNodeError extends ArcticTernError {
  readonly code = 'CLI_NO_SUCH_NODE';
  constructor(lab: string, node: string, known: readonly string[]) {
    super(`lab ${lab} has no node ${node}: there are ${known.join(', ')}`);
  }
}

export class NothingToBlockError extends ArcticTernError {
  readonly code = 'CLI_NOTHING_TO_BLOCK';
  constructor() {
    super('nothing was named to be blocked: give addresses or prefixes, or a file with --file');
  }
}

export class SourcesFileError extends ArcticTernError {
  readonly code = 'CLI_SOURCES_FILE';
  constructor(file: string, cause: unknown) {
    super(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** A part of a list was refused, and what was blocked before could not be taken back. */
export class PartlyBlockedError extends ArcticTernError {
  readonly code = 'CLI_PARTLY_BLOCKED';
  constructor(block: number, cause: unknown) {
    super(
      `not every source was blocked: ${messageOf(cause)}; block ${block} has some, take it away with \`arctictern unblock '#${block}'\``,
      { cause },
    );
  }
}

export class LabSuperviseError extends ArcticTernError {
  readonly code = 'CLI_LAB_SUPERVISE';
  constructor(detail: string) {
    super(`the lab did not come up: ${detail}`);
  }
}

export class LabStillUpError extends ArcticTernError {
  readonly code = 'CLI_LAB_STILL_UP';
  constructor(name: string, pid: number, waitedMs: number, logFile: string) {
    super(
      `lab ${name} is not down after ${waitedMs / 1000} s: process ${pid} still takes it down, and its log is ${logFile}; wait, and ask again`,
    );
  }
}

/** To release an anchor cuts connections; that is done only when it is clearly meant. */
export class ReleaseUnconfirmedError extends ArcticTernError {
  readonly code = 'CLI_RELEASE_UNCONFIRMED';
  constructor(guest: string, cuts: readonly string[]) {
    super(
      `to release this would end every connection of guest ${guest} that was born on ${cuts.join(' and on ')}: add --yes to do it`,
    );
  }
}

/** The operating system did not give the controller what it needs: a port, a file, a program. */
export class ControllerStartError extends ArcticTernError {
  readonly code = 'CONTROLLER_START';
  constructor(cause: Error) {
    super(
      `the controller cannot run: ${cause.message}; is another one running? See --openflow, --api and --state`,
      { cause },
    );
  }
}

export class StoppedEarlyError extends ArcticTernError {
  readonly code = 'CONTROLLER_STOPPED_EARLY';
  constructor() {
    super('the controller was told to stop before it had started');
  }
}

export class TokenError extends ArcticTernError {
  readonly code = 'CLI_TOKEN';
}

export class MigrationNotCompletedError extends ArcticTernError {
  readonly code = 'CLI_MIGRATION_NOT_COMPLETED';
  constructor({ id, guest, phase, reason, from }: MigrationObject) {
    const where = phase === 'rolled-back' ? `it runs at ${from} again` : `it is being put back at ${from}`;
    super(`migration ${id} of guest ${guest} failed (${reason ?? 'no reason given'}); ${where}`);
  }
}

export class NoLongerWatchedError extends ArcticTernError {
  readonly code = 'CLI_NO_LONGER_WATCHED';
  constructor(id: string) {
    super(
      `no longer watched, but migration ${id} goes on: see \`arctictern migrations ${id}\`, or abort it with \`arctictern abort ${id}\``,
    );
  }
}

/** Something on standard input is not what it should be; the message begins with its place. */
export class InputError extends ArcticTernError {
  readonly code = 'CLI_INPUT';
}
