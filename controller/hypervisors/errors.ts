import { ArcticTernError } from '../errors.ts';

export class HypervisorUnreachableError extends ArcticTernError {
  readonly code = 'HYPERVISOR_UNREACHABLE';
  constructor(host: string, doing: string) {
    super(`the libvirtd of host ${host} is not connected, so ${doing} is not possible: is it running?`);
  }
}
