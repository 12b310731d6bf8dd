/**
 * A migration's terms: what `virDomainMigrateToURI3` takes, as one object, and the parameters
 * (`VIR_MIGRATE_PARAM_*` of libvirt-domain.h) that go over the wire for it.
 */
import { flagBits, migrateFlags } from './flags.ts';
import type { Flags } from './flags.ts';
import { LibvirtArgumentError } from './errors.ts';
import type { TypedParam } from './typed-params.ts';

export type MigrateFlags = Flags<typeof migrateFlags>;

export interface MigrateOptions {
  /**
   * The destination daemon, as the *source daemon* reaches it: `qemu+tcp://host/system`. libvirt's `dconnuri`.
   */
  readonly destination: string;
  /** `peer2peer` is always set: only so does the source daemon manage the migration by itself. */
  readonly flags: MigrateFlags;
  /** Where the memory goes: `tcp://host` or `tcp://host:port`. Without it the destination chooses. */
  readonly uri?: string;
  /** The address on which the destination's QEMU listens. */
  readonly listenAddress?: string;
  /** The most that the copy may take, in MiB/s. */
  readonly bandwidth?: number;
  /** The same for the post-copy phase, in MiB/s. */
  readonly bandwidthPostcopy?: number;
  /** The name of the domain at the destination. */
  readonly destinationName?: string;
  /** The XML for the domain at the destination: the source's migratable XML with host-specific parts changed. */
  readonly destinationXml?: string;
  /** The XML to make persistent at the destination, with `persistDest`. */
  readonly persistentXml?: string;
  readonly graphicsUri?: string;
  /** The target names (`vda`) of the disks to copy, with `nonSharedDisk` or `nonSharedInc`. */
  readonly migrateDisks?: readonly string[];
  readonly disksPort?: number;
  readonly disksUri?: string;
  /** The compression methods, with `compressed`: `xbzrle`, `mt`, and from libvirt 9.4 `zlib` or `zstd`. */
  readonly compression?: readonly string[];
  readonly autoConvergeInitial?: number;
  readonly autoConvergeIncrement?: number;
  readonly parallelConnections?: number;
  /** The name that the destination's certificate is to have, with `tls`. */
  readonly tlsDestination?: string;
}

/** The flag word of a migration. */
export function migrateFlagBits(options: MigrateOptions): number {
  return flagBits(migrateFlags, { ...options.flags, peer2peer: true }, 'a migration');
}

/** The parameter list of a migration, each with the type that libvirt wants for it. */
export function migrateParams(options: MigrateOptions): TypedParam[] {
  const params: TypedParam[] = [];
  const string = (field: string, value: string | undefined): void => {
    if (value !== undefined) params.push({ field, type: 'string', value });
  };
  const ullong = (field: string, value: number | undefined): void => {
    if (value !== undefined) params.push({ field, type: 'ullong', value: BigInt(whole(field, value)) });
  };
  const int = (field: string, value: number | undefined): void => {
    if (value !== undefined) params.push({ field, type: 'int', value: whole(field, value, 0x7fff_ffff) });
  };
  string('migrate_uri', options.uri);
  string('destination_name', options.destinationName);
  string('destination_xml', options.destinationXml);
  string('persistent_xml', options.persistentXml);
  ullong('bandwidth', options.bandwidth);
  ullong('bandwidth.postcopy', options.bandwidthPostcopy);
  string('graphics_uri', options.graphicsUri);
  string('listen_address', options.listenAddress);
  for (const disk of options.migrateDisks ?? []) string('migrate_disks', disk);
  int('disks_port', options.disksPort);
  string('disks_uri', options.disksUri);
  for (const method of options.compression ?? []) string('compression', method);
  int('auto_converge.initial', options.autoConvergeInitial);
  int('auto_converge.increment', options.autoConvergeIncrement);
  int('parallel.connections', options.parallelConnections);
  string('tls.destination', options.tlsDestination);
  return params;
}

function whole(field: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new LibvirtArgumentError(
      `a migration's ${field} must be a whole number from 0 to ${max}, not ${value}`,
    );
  }
  return value;
}
