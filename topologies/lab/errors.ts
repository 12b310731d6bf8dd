/** What can go wrong with a lab. */
import { ArcticTernError } from '../../controller/errors.ts';

/** Thrown by `expand`: the topology describes a network, but no lab. */
export class LabNotDescribed extends ArcticTernError {
  readonly code = 'LAB_NOT_DESCRIBED';

  constructor(topology: string) {
    super(`topology ${topology} has no lab section, so no lab can be made of it; add at least \`lab: {}\``);
  }
}

/** Thrown by `Lab.up`: a lab of this name is up. */
export class LabRunning extends ArcticTernError {
  readonly code = 'LAB_RUNNING';

  constructor(name: string, runDirectory: string) {
    super(
      `lab ${name} is already running (it holds ${runDirectory}); end it first, or give the other a new name`,
    );
  }
}

/** Thrown by `Lab.up`: the machine already uses addresses of the lab's management network. */
export class LabManagementInUse extends ArcticTernError {
  readonly code = 'LAB_MANAGEMENT_IN_USE';

  constructor(name: string, prefix: string, device: string) {
    super(
      `lab ${name} cannot have ${prefix} for its management network, because ${device} of this machine is in it; ` +
        'set lab.management to another subnet',
    );
  }
}

/** Thrown by `Lab.up`: a command of the plan failed, or the builder ended, or time ran out. */
export class LabStartFailed extends ArcticTernError {
  readonly code = 'LAB_START_FAILED';
}

/** Thrown by operations on a lab that has ended. */
export class LabEnded extends ArcticTernError {
  readonly code = 'LAB_ENDED';
}

/** Thrown by operations that name a node or a guest that the lab does not have. */
export class LabNoSuchNode extends ArcticTernError {
  readonly code = 'LAB_NO_SUCH_NODE';
}

/** Thrown by `Lab.run`: a command in a node did not succeed. */
export class LabCommandFailed extends ArcticTernError {
  readonly code = 'LAB_COMMAND_FAILED';
}

/** Thrown by `Lab.guestReady`: a guest did not write its ready line in time. */
export class LabGuestSilent extends ArcticTernError {
  readonly code = 'LAB_GUEST_SILENT';
}

/** Thrown by `guestImage`: something that the image is made of cannot be had. */
export class GuestImageFailed extends ArcticTernError {
  readonly code = 'GUEST_IMAGE_FAILED';
}

/** Thrown by `probeAccelerator`: a guest boots with neither KVM nor software emulation. */
export class GuestDoesNotBoot extends ArcticTernError {
  readonly code = 'GUEST_DOES_NOT_BOOT';
}
