/**
 * The procedures that we call: for each its program, its number, how its arguments are written and how its
 * result is read (remote_protocol.x and qemu_protocol.x of libvirt 9.0). The numbers never change once
 * released, so this fits every newer libvirt too.
 */
import { libvirt as limits } from '../limits.ts';
import { readDomain, writeDomain, writeUuid } from './domain-ref.ts';
import type { DomainRef } from './domain-ref.ts';
import type { RemoteError } from './errors.ts';
import { programs } from './message.ts';
import { readStoragePool, writeStoragePool } from './storage-pool.ts';
import type { StoragePoolRef } from './storage-pool.ts';
import { readTypedParam, writeTypedParam } from './typed-params.ts';
import type { TypedParam } from './typed-params.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

export interface Procedure<Args, Result> {
  /** libvirt's name, in lower case and without its `REMOTE_PROC_` or `QEMU_PROC_`. */
  readonly name: string;
  readonly program: number;
  readonly number: number;
  readonly write: (writer: XdrWriter, args: Args) => void;
  readonly read: (reader: XdrReader) => Result;
}

function remote<Args, Result>(
  number: number,
  name: string,
  write: (writer: XdrWriter, args: Args) => void,
  read: (reader: XdrReader) => Result,
): Procedure<Args, Result> {
  return { name, program: programs.remote, number, write, read };
}

function qemu<Args, Result>(
  number: number,
  name: string,
  write: (writer: XdrWriter, args: Args) => void,
  read: (reader: XdrReader) => Result,
): Procedure<Args, Result> {
  return { name, program: programs.qemu, number, write, read };
}

interface OnDomain {
  readonly domain: DomainRef;
}
interface OnDomainWithFlags extends OnDomain {
  readonly flags: number;
}
interface XmlWithFlags {
  readonly xml: string;
  readonly flags: number;
}

const none = (): void => undefined;
const text = (reader: XdrReader): string => reader.string(limits.stringMaxBytes);
const number = (reader: XdrReader): number => reader.uhyperNumber();
const optionalText = (writer: XdrWriter, value: string | undefined): void =>
  writer.optional(value, (w, v) => w.string(v, limits.stringMaxBytes));
const onDomain = (writer: XdrWriter, args: OnDomain): void => writeDomain(writer, args.domain);
const onDomainWithFlags = (writer: XdrWriter, args: OnDomainWithFlags): void => {
  writeDomain(writer, args.domain);
  writer.uint(args.flags);
};
const xmlWithFlags = (writer: XdrWriter, args: XmlWithFlags): void => {
  writer.string(args.xml, limits.stringMaxBytes);
  writer.uint(args.flags);
};

/** `remote_auth_type`. */
export const authTypes = { none: 0, sasl: 1, polkit: 2 } as const;

/** `VIR_DRV_FEATURE_*`: what a driver or the daemon itself is asked about by `connect_supports_feature`. */
export const features = { migrationP2p: 4, programKeepalive: 10, migrationParams: 13 } as const;

/** `virNodeInfo`. */
export interface NodeInfo {
  readonly model: string;
  /** In KiB. */
  readonly memory: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

const MODEL_CHARS = 32;

function readNodeInfo(reader: XdrReader): NodeInfo {
  // Each char of the model is an XDR item of its own.
  const chars: number[] = [];
  for (let i = 0; i < MODEL_CHARS; i += 1) chars.push(reader.int() & 0xff);
  const end = chars.indexOf(0);
  return {
    model: Buffer.from(end < 0 ? chars : chars.slice(0, end)).toString('utf8'),
    memory: reader.uhyperNumber(),
    cpus: reader.int(),
    mhz: reader.int(),
    nodes: reader.int(),
    sockets: reader.int(),
    cores: reader.int(),
    threads: reader.int(),
  };
}

/** `virDomainInterfaceStatsStruct`. A count that the hypervisor does not keep is -1. */
export interface InterfaceStats {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrs: number;
  readonly rxDrop: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrs: number;
  readonly txDrop: number;
}

export const procedures = {
  connectOpen: remote(
    1,
    'connect_open',
    (w, args: { readonly name: string; readonly flags: number }) => {
      optionalText(w, args.name);
      w.uint(args.flags);
    },
    none,
  ),
  connectClose: remote(2, 'connect_close', none, none),
  connectGetVersion: remote(4, 'connect_get_version', none, number),
  nodeGetInfo: remote(6, 'node_get_info', none, readNodeInfo),
  connectGetCapabilities: remote(7, 'connect_get_capabilities', none, text),
  domainCreateXml: remote(10, 'domain_create_xml', xmlWithFlags, readDomain),
  domainGetXmlDesc: remote(14, 'domain_get_xml_desc', onDomainWithFlags, text),
  domainGetInfo: remote(16, 'domain_get_info', onDomain, (r) => ({
    state: r.uint(),
    maxMem: r.uhyperNumber(),
    memory: r.uhyperNumber(),
    nrVirtCpu: r.uint(),
    cpuTime: r.uhyper(),
  })),
  domainLookupById: remote(
    22,
    'domain_lookup_by_id',
    (w, args: { readonly id: number }) => w.int(args.id),
    readDomain,
  ),
  domainLookupByName: remote(
    23,
    'domain_lookup_by_name',
    (w, args: { readonly name: string }) => w.string(args.name, limits.stringMaxBytes),
    readDomain,
  ),
  domainLookupByUuid: remote(
    24,
    'domain_lookup_by_uuid',
    (w, args: { readonly uuid: string }) => writeUuid(w, args.uuid),
    readDomain,
  ),
  domainResume: remote(28, 'domain_resume', onDomain, none),
  domainSuspend: remote(34, 'domain_suspend', onDomain, none),
  connectGetHostname: remote(59, 'connect_get_hostname', none, text),
  connectSupportsFeature: remote(
    60,
    'connect_supports_feature',
    (w, args: { readonly feature: number }) => w.int(args.feature),
    (r) => r.int() === 1,
  ),
  domainInterfaceStats: remote(
    65,
    'domain_interface_stats',
    (w, args: OnDomain & { readonly device: string }) => {
      writeDomain(w, args.domain);
      w.string(args.device, limits.stringMaxBytes);
    },
    (r): InterfaceStats => ({
      rxBytes: r.hyperNumber(),
      rxPackets: r.hyperNumber(),
      rxErrs: r.hyperNumber(),
      rxDrop: r.hyperNumber(),
      txBytes: r.hyperNumber(),
      txPackets: r.hyperNumber(),
      txErrs: r.hyperNumber(),
      txDrop: r.hyperNumber(),
    }),
  ),
  authList: remote(66, 'auth_list', none, (r) => r.array(limits.authTypesMax, (item) => item.int())),
  authPolkit: remote(70, 'auth_polkit', none, (r) => r.int() === 1),
  storagePoolCreateXml: remote(76, 'storage_pool_create_xml', xmlWithFlags, readStoragePool),
  storagePoolDestroy: remote(
    80,
    'storage_pool_destroy',
    (w, args: { readonly pool: StoragePoolRef }) => writeStoragePool(w, args.pool),
    none,
  ),
  connectGetUri: remote(110, 'connect_get_uri', none, text),
  connectGetLibVersion: remote(157, 'connect_get_lib_version', none, number),
  domainMemoryStats: remote(
    159,
    'domain_memory_stats',
    (w, args: OnDomain & { readonly maxStats: number; readonly flags: number }) => {
      writeDomain(w, args.domain);
      w.uint(args.maxStats);
      w.uint(args.flags);
    },
    (r) => r.array(limits.memoryStatsMax, (item) => ({ tag: item.int(), value: item.uhyperNumber() })),
  ),
  domainGetJobInfo: remote(163, 'domain_get_job_info', onDomain, (r) => ({
    type: r.int(),
    timeElapsed: r.uhyperNumber(),
    timeRemaining: r.uhyperNumber(),
    dataTotal: r.uhyperNumber(),
    dataProcessed: r.uhyperNumber(),
    dataRemaining: r.uhyperNumber(),
    memTotal: r.uhyperNumber(),
    memProcessed: r.uhyperNumber(),
    memRemaining: r.uhyperNumber(),
    fileTotal: r.uhyperNumber(),
    fileProcessed: r.uhyperNumber(),
    fileRemaining: r.uhyperNumber(),
  })),
  domainAbortJob: remote(164, 'domain_abort_job', onDomain, none),
  domainMigrateSetMaxDowntime: remote(
    166,
    'domain_migrate_set_max_downtime',
    (w, args: OnDomain & { readonly downtime: number; readonly flags: number }) => {
      writeDomain(w, args.domain);
      w.uhyper(BigInt(args.downtime));
      w.uint(args.flags);
    },
    none,
  ),
  domainCreateWithFlags: remote(196, 'domain_create_with_flags', onDomainWithFlags, readDomain),
  domainMigrateSetMaxSpeed: remote(
    207,
    'domain_migrate_set_max_speed',
    (w, args: OnDomain & { readonly bandwidth: number; readonly flags: number }) => {
      writeDomain(w, args.domain);
      w.uhyper(BigInt(args.bandwidth));
      w.uint(args.flags);
    },
    none,
  ),
  domainGetState: remote(212, 'domain_get_state', onDomainWithFlags, (r) => ({
    state: r.int(),
    reason: r.int(),
  })),
  domainUndefineFlags: remote(231, 'domain_undefine_flags', onDomainWithFlags, none),
  domainDestroyFlags: remote(234, 'domain_destroy_flags', onDomainWithFlags, none),
  domainMigrateGetMaxSpeed: remote(242, 'domain_migrate_get_max_speed', onDomainWithFlags, number),
  domainShutdownFlags: remote(258, 'domain_shutdown_flags', onDomainWithFlags, none),
  connectListAllDomains: remote(
    273,
    'connect_list_all_domains',
    (w, args: { readonly flags: number }) => {
      w.int(1);
      w.uint(args.flags);
    },
    (r) => {
      const domains = r.array(limits.domainsMax, readDomain);
      r.uint();
      return domains;
    },
  ),
  domainGetJobStats: remote(298, 'domain_get_job_stats', onDomainWithFlags, (r) => ({
    type: r.int(),
    params: r.array(limits.jobStatsMax, readTypedParam),
  })),
  domainMigratePerform3Params: remote(
    305,
    'domain_migrate_perform3_params',
    (
      w,
      args: OnDomainWithFlags & {
        readonly dconnuri: string | undefined;
        readonly params: readonly TypedParam[];
      },
    ) => {
      writeDomain(w, args.domain);
      optionalText(w, args.dconnuri);
      w.array(args.params, limits.migrateParamsMax, writeTypedParam);
      w.opaque(new Uint8Array(0), limits.migrateCookieMaxBytes);
      w.uint(args.flags);
    },
    (r) => Uint8Array.from(r.opaque(limits.migrateCookieMaxBytes)),
  ),
  connectDomainEventCallbackRegisterAny: remote(
    316,
    'connect_domain_event_callback_register_any',
    (w, args: { readonly eventId: number; readonly domain: DomainRef | undefined }) => {
      w.int(args.eventId);
      w.optional(args.domain, writeDomain);
    },
    (r) => r.int(),
  ),
  connectDomainEventCallbackDeregisterAny: remote(
    317,
    'connect_domain_event_callback_deregister_any',
    (w, args: { readonly callbackId: number }) => w.int(args.callbackId),
    none,
  ),
  domainDefineXmlFlags: remote(350, 'domain_define_xml_flags', xmlWithFlags, readDomain),
  connectRegisterCloseCallback: remote(360, 'connect_register_close_callback', none, none),
  domainMigrateStartPostCopy: remote(364, 'domain_migrate_start_post_copy', onDomainWithFlags, none),
  domainMigrateGetMaxDowntime: remote(387, 'domain_migrate_get_max_downtime', onDomainWithFlags, number),
  storagePoolLookupByTargetPath: remote(
    391,
    'storage_pool_lookup_by_target_path',
    (w, args: { readonly path: string }) => w.string(args.path, limits.stringMaxBytes),
    readStoragePool,
  ),
  domainAbortJobFlags: remote(442, 'domain_abort_job_flags', onDomainWithFlags, none),

  qemuDomainMonitorCommand: qemu(
    1,
    'qemu_domain_monitor_command',
    (w, args: OnDomain & { readonly command: string; readonly flags: number }) => {
      writeDomain(w, args.domain);
      w.string(args.command, limits.stringMaxBytes);
      w.uint(args.flags);
    },
    text,
  ),
  qemuConnectDomainMonitorEventRegister: qemu(
    4,
    'qemu_connect_domain_monitor_event_register',
    (
      w,
      args: {
        readonly domain: DomainRef | undefined;
        readonly event: string | undefined;
        readonly flags: number;
      },
    ) => {
      w.optional(args.domain, writeDomain);
      optionalText(w, args.event);
      w.uint(args.flags);
    },
    (r) => r.int(),
  ),
  qemuConnectDomainMonitorEventDeregister: qemu(
    5,
    'qemu_connect_domain_monitor_event_deregister',
    (w, args: { readonly callbackId: number }) => w.int(args.callbackId),
    none,
  ),
} as const;

/** `remote_error`: what the payload of a reply holds when the call failed. */
export function readRemoteError(reader: XdrReader): RemoteError {
  const number = reader.int();
  const domain = reader.int();
  const message = reader.optional(text);
  const level = reader.int();
  reader.optional(readDomain);
  reader.optional(text);
  reader.optional(text);
  reader.optional(text);
  reader.int();
  reader.int();
  reader.optional(readNetwork);
  return { number, domain, level, message };
}

const UUID_BYTES = 16;

function readNetwork(reader: XdrReader): void {
  text(reader);
  reader.fixedOpaque(UUID_BYTES);
}
