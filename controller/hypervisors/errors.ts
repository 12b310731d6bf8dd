import { ArcticTernError } from '../errors.ts';

/** A migration would leave behind what the guest has written. */
export class LocalDiskError extends ArcticTernError {
  readonly code = 'MIGRATION_LOCAL_DISK';
  constructor(guest: string, host: string, disks: readonly string[], options?: ErrorOptions) {
    const list = disks.length === 0 ? 'storage' : disks.join(', ');
    super(
      `guest ${guest} has ${list} on host ${host} alone: ask for a copy of its storage (\`--copy-storage all\`), or keep it where both hosts reach it`,
      options,
    );
  }
}

export class HypervisorUnreachableError extends ArcticTernError {
  readonly code = 'HYPERVISOR_UNREACHABLE';
  constructor(host: string, doing: string) {
    super(`the libvirtd of host ${host} is not connected, so ${doing} is not possible: is it running?`);
  }
}
