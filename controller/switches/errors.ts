/**
 * What can go wrong between the controller and a switch.
 */
import { ArcticTernError } from '../errors.ts';
import type { ErrorMessage } from '../openflow/index.ts';

export class SwitchClosedError extends ArcticTernError {
  readonly code = 'SWITCH_CLOSED';
  constructor(peer: string, doing: string, cause?: unknown) {
    super(`switch ${peer} went away while ${doing}: it is taken up again when it reconnects`, { cause });
  }
}

export class SwitchTimeoutError extends ArcticTernError {
  readonly code = 'SWITCH_TIMEOUT';
  constructor(peer: string, doing: string, ms: number) {
    super(`switch ${peer} did not answer within ${ms} ms while ${doing}: the connection is dropped`);
  }
}

export class SwitchStalledError extends ArcticTernError {
  readonly code = 'SWITCH_STALLED';
  constructor(peer: string, bytes: number) {
    super(`switch ${peer} does not read: ${bytes} bytes wait for it; the connection is dropped`);
  }
}

export class SwitchVersionError extends ArcticTernError {
  readonly code = 'SWITCH_VERSION';
  constructor(peer: string, offered: string) {
    super(
      `switch ${peer} does not speak OpenFlow 1.5 (it offers ${offered}): set protocols=OpenFlow15 on its bridge`,
    );
  }
}

/** A request that the switch answered with an ERROR. */
export class SwitchRefusedError extends ArcticTernError {
  readonly code = 'SWITCH_REFUSED';
  readonly error: ErrorMessage;
  constructor(peer: string, what: string, error: ErrorMessage) {
    super(`switch ${peer} refused ${what}: ${errorName(error)}`);
    this.error = error;
  }
}

/** The switch follows a controller with a later epoch (`generation_id` of OpenFlow's roles), and obeys us no more. */
export class ControllerReplacedError extends ArcticTernError {
  readonly code = 'SWITCH_CONTROLLER_REPLACED';
  constructor(peer: string, epoch: bigint, cause?: unknown) {
    super(
      `switch ${peer} obeys a controller that was started after this one (whose epoch is ${epoch}), and refuses what this one wants: end this one, or the other`,
      { cause },
    );
  }
}

/** Its version of OVS counts another way: see `emptying` in meters.ts. */
export class MeterLeaksError extends ArcticTernError {
  readonly code = 'SWITCH_METER_LEAKS';
  constructor(peer: string) {
    super(
      `a meter of switch ${peer} that should hold everything back lets packets pass: switchovers that concern it go by flows alone, some milliseconds later`,
    );
  }
}

/** Flow mods in a bundle that the switch refused; none of the bundle takes effect. */
export class BundleRefusedError extends ArcticTernError {
  readonly code = 'SWITCH_BUNDLE_REFUSED';
  readonly refusals: readonly { readonly what: string; readonly error: ErrorMessage }[];
  constructor(peer: string, refusals: readonly { readonly what: string; readonly error: ErrorMessage }[]) {
    const [first] = refusals;
    const more = refusals.length > 1 ? ` and ${refusals.length - 1} more` : '';
    super(
      `switch ${peer} refused a bundle: ${first === undefined ? 'no reason given' : `${errorName(first.error)} for ${first.what}`}${more}; nothing of it was committed`,
    );
    this.refusals = refusals;
  }
}

export function errorName({ error }: ErrorMessage): string {
  return typeof error === 'string' ? error : `error type ${error.type}, code ${error.code}`;
}
