/** The configuration of a lab host's libvirtd. */

export interface LibvirtOptions {
  readonly hostUuid: string;
  /** Where other hosts' QEMU connects to in a migration. */
  readonly copyAddress: string;
}

/** Listens without authentication, on all of the node's addresses: the node's network is the lab's own. */
export function libvirtdConf(options: LibvirtOptions): string {
  return `listen_tls = 0
listen_tcp = 1
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
host_uuid = "${options.hostUuid}"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
`;
}

/** QEMU runs as root and in no control group, security label or mount namespace beyond the node's own. */
export function qemuConf(options: LibvirtOptions): string {
  const { copyAddress } = options;
  const host = copyAddress.includes(':') ? `[${copyAddress}]` : copyAddress;
  return `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
migration_address = "${copyAddress}"
migration_host = "${host}"
`;
}
