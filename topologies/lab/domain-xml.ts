/**
 * The libvirt domain of a lab guest: a kernel, an initial RAM disk, its interfaces, and a disk if it is to have one;
 * nothing else that a migration would have to copy or that would take time to boot.
 *
 * The interfaces' offloads are off on both sides: in the user-space datapath a packet whose checksum is still
 * to be filled in is an invalid one for connection tracking.
 */

export interface DomainOptions {
  readonly name: string;
  readonly uuid: string;
  readonly memoryMiB: number;
  readonly accelerator: Accelerator;
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
  readonly interfaces: readonly { readonly mac: string; readonly interfaceId: string }[];
  readonly bridge: string;
  /** A raw image of its own. */
  readonly diskFile?: string;
  readonly consoleFile: string;
  /** A library that QEMU is started with. */
  readonly preload?: string;
}

export const EMULATOR = '/usr/bin/qemu-system-x86_64';

/** `tcg` is QEMU's software emulation. */
export type Accelerator = 'kvm' | 'tcg';

export function domainXml(options: DomainOptions): string {
  const e = escape;
  const type = options.accelerator === 'kvm' ? 'kvm' : 'qemu';
  // `none`, or libvirt holds that the destination might read stale blocks, and refuses to migrate.
  const disk =
    options.diskFile === undefined
      ? ''
      : `    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='${e(options.diskFile)}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
`;
  const off = ['csum', 'gso', 'tso4', 'tso6', 'ecn', 'ufo'].map((name) => `${name}='off'`).join(' ');
  const guestOff = ['csum', 'tso4', 'tso6', 'ecn', 'ufo'].map((name) => `${name}='off'`).join(' ');
  const interfaceXml = ({ mac, interfaceId }: DomainOptions['interfaces'][number]): string =>
    `    <interface type='bridge'>
      <mac address='${mac}'/>
      <source bridge='${e(options.bridge)}'/>
      <virtualport type='openvswitch'><parameters interfaceid='${interfaceId}'/></virtualport>
      <model type='virtio'/>
      <driver><host ${off}/><guest ${guestOff}/></driver>
      <rom enabled='no'/>
    </interface>
`;
  // https://libvirt.org/drvqemu.html, pass-through of arbitrary QEMU commands.
  const namespace =
    options.preload === undefined ? '' : ` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'`;
  const environment =
    options.preload === undefined
      ? ''
      : `  <qemu:commandline>
    <qemu:env name='LD_PRELOAD' value='${e(options.preload)}'/>
  </qemu:commandline>
`;
  return `<domain type='${type}'${namespace}>
  <name>${e(options.name)}</name>
  <uuid>${options.uuid}</uuid>
  <memory unit='MiB'>${options.memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${e(options.kernel)}</kernel>
    <initrd>${e(options.initrd)}</initrd>
    <cmdline>${e(options.commandLine)}</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>${EMULATOR}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
${disk}${options.interfaces.map(interfaceXml).join('')}    <serial type='file'>
      <source path='${e(options.consoleFile)}' append='on'/>
      <target port='0'/>
    </serial>
  </devices>
${environment}</domain>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>'"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
