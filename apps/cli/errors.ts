/**
 * What can be wrong with how a command is used, beyond what its arguments show.
 */
import { ArcticTernError } from '../../controller/errors.ts';

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

export class LabSuperviseError extends ArcticTernError {
  readonly code = 'CLI_LAB_SUPERVISE';
  constructor(detail: string) {
    super(`the lab did not come up: ${detail}`);
  }
}
