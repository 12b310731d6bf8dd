/**
 * What can go wrong with a run, besides the lab itself (topologies/lab/errors.ts).
 */
import { ArcticTernError } from '../../controller/errors.ts';

export class ProbeFailedError extends ArcticTernError {
  readonly code = 'RUN_PROBE_FAILED';
  constructor(name: string, said: string) {
    super(`the probe of connection ${name} ended without a summary: ${said}`);
  }
}

export class AttackFailedError extends ArcticTernError {
  readonly code = 'RUN_ATTACK_FAILED';
  constructor(name: string, attacker: string, said: string) {
    super(`attack ${name} did not run at ${attacker}: ${said}`);
  }
}

export class CaptureFailedError extends ArcticTernError {
  readonly code = 'RUN_CAPTURE_FAILED';
  constructor(node: string, device: string, said: string) {
    super(`the capture at ${node}, interface ${device}, did not begin: tcpdump said: ${said}`);
  }
}

export class ControllerStartError extends ArcticTernError {
  readonly code = 'RUN_CONTROLLER_START';
  constructor(detail: string, log: string) {
    super(`the controller did not start: ${detail}; its log is ${log}`);
  }
}

export class BridgesNotReadyError extends ArcticTernError {
  readonly code = 'RUN_BRIDGES_NOT_READY';
  constructor(missing: readonly string[], ms: number, log: string) {
    super(`after ${ms / 1000} s the controller had no control of ${missing.join(', ')}; its log is ${log}`);
  }
}

export class NoExperimentError extends ArcticTernError {
  readonly code = 'RUN_NO_EXPERIMENT';
  constructor(file: string) {
    super(
      `${file} has no experiment section, so there is nothing to run: use \`arctictern lab up\`, or add one`,
    );
  }
}

export class NoCareOfAddressError extends ArcticTernError {
  readonly code = 'RUN_NO_CARE_OF_ADDRESS';
  /** `what`: a connection or an attack. */
  constructor(what: string, guest: string) {
    super(
      `${what} is to the care-of address of ${guest}, which has none now: begin it while the guest is away`,
    );
  }
}

export class RunInterruptedError extends ArcticTernError {
  readonly code = 'RUN_INTERRUPTED';
  constructor() {
    super('interrupted; the lab was taken down');
  }
}

export class SwitchSilentError extends ArcticTernError {
  readonly code = 'RUN_SWITCH_SILENT';
  constructor(where: string, detail: string, options?: ErrorOptions) {
    super(`ovs-vswitchd cannot be asked by ${where}: ${detail}; is it running?`, options);
  }
}
