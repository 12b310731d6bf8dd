/**
 * A libvirt client in TypeScript: libvirt's RPC protocol spoken directly to libvirtd or virtqemud, with live
 * migration and events, and without native code.
 *
 * @example
 * const source = await LibvirtClient.connect('qemu+tcp://hv1/system');
 * await source.subscribe('lifecycle', ({ domain, event, detail }) => console.log(domain.name, event, detail));
 * await source.subscribeMonitor('STOP', ({ domain, qemuTime }) => console.log(domain.name, 'stopped at', qemuTime));
 * const guest = await source.domainLookupByName('web');
 * await source.migrate(guest, { destination: 'qemu+tcp://hv2/system', flags: { live: true } });
 */
export { LibvirtClient } from './client.ts';
export type { ConnectOptions, DomainInfo, JobInfo, MigrationConnection, Version } from './client.ts';
export type { DomainRef } from './domain-ref.ts';
export type { DomainState, DomainStateName } from './domain-state.ts';
export {
  DomainXmlError,
  isLibvirtError,
  LibvirtArgumentError,
  LibvirtAuthError,
  LibvirtBusyError,
  LibvirtCallError,
  LibvirtClosedError,
  LibvirtConnectError,
  LibvirtKeepaliveError,
  LibvirtProtocolError,
  LibvirtTimeoutError,
  LibvirtUriError,
  XdrLengthError,
  XdrTruncatedError,
  XdrValueError,
} from './errors.ts';
export { directoryPoolXml } from './storage-pool.ts';
export type { StoragePoolRef } from './storage-pool.ts';
export { describeDomain, editInterface } from './domain-xml.ts';
export type {
  DiskDescription,
  DomainDescription,
  InterfaceDescription,
  InterfaceEdit,
} from './domain-xml.ts';
export type { ErrorDomainName, ErrorLevel, ErrorNumberName } from './error-names.ts';
export type {
  BlockJobEvent,
  DeviceEvent,
  DomainEvent,
  DomainEventKind,
  DomainEventOf,
  HypervisorCloseReason,
  JobCompletedEvent,
  LibvirtEvent,
  LifecycleEvent,
  LifecycleEventName,
  MigrationIterationEvent,
  MonitorEvent,
  RebootEvent,
} from './events.ts';
export type { Flags } from './flags.ts';
export type { JobOperation, JobStats, JobType } from './job-stats.ts';
export { backoffMs } from './backoff.ts';
export type { BackoffConfig } from './backoff.ts';
export type { KeepaliveConfig } from './keepalive.ts';
export type { MemoryStats } from './memory-stats.ts';
export type { MigrateFlags, MigrateOptions } from './migration.ts';
export type { InterfaceStats, NodeInfo } from './procedures.ts';
export type { ConnectionEnd } from './rpc-connection.ts';
export { LibvirtSession } from './session.ts';
export type { DomainWithState, SessionNotification, SessionOptions } from './session.ts';
export type { Subscription } from './subscriptions.ts';
export type { TlsCredentials } from './transport.ts';
export { parseLibvirtUri } from './uri.ts';
export type { Endpoint, LibvirtUri } from './uri.ts';
export { XmlDocument, XmlElement } from './xml.ts';
