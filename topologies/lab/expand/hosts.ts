/**
 * Hypervisors: their directories, Open vSwitch, libvirtd, and what their guests need there.
 */
import type { GuestDescription, HostDescription } from '../../../controller/network/description.ts';
import { copyAddress } from '../../network.ts';
import { goFirstCommand } from '../go-first.ts';
import { uuidOf } from '../identity.ts';
import { libvirtdConf, qemuConf } from '../libvirt-files.ts';
import type { NodePlan, StepPlan } from '../plan.ts';
import { CONSOLE_DIRECTORY, type Context, DISK_DIRECTORY, step } from './context.ts';
import { OVS_DIRECTORIES, privateDirectories } from './directories.ts';
import { diskOf, domainFile, guestXml } from './guests.ts';
import { switchSteps } from './switches.ts';

const LIBVIRT_DIRECTORIES = ['/run/libvirt', '/var/lib/libvirt', '/etc/libvirt', '/var/log/libvirt'];

/**
 * What QEMU can do, which takes a libvirtd most of a second to find out: it is the same for all hosts of a lab, and as a
 * rule known where a guest arrives.
 */
const CAPABILITIES_DIRECTORY = '/var/cache/libvirt';

export function hostNode(context: Context, host: HostDescription): NodePlan {
  const { runDirectory } = context;
  const guests = context.network.guests.filter((guest) => guest.host === host.name);
  const options = {
    hostUuid: uuidOf(context.topology.name, host.name, 'host'),
    copyAddress: copyAddress(context.topology, host.name),
  };
  const directories = [
    ...privateDirectories(runDirectory, host.name, [...OVS_DIRECTORIES, ...LIBVIRT_DIRECTORIES]),
    { mount: CAPABILITIES_DIRECTORY, source: `${runDirectory}/libvirt-capabilities` },
  ];
  const sourceOf = (mount: string): string => directories.find((it) => it.mount === mount)!.source;
  return {
    name: host.name,
    kind: 'host',
    directories,
    files: [
      { path: `${sourceOf('/etc/libvirt')}/libvirtd.conf`, text: libvirtdConf(options) },
      { path: `${sourceOf('/etc/libvirt')}/qemu.conf`, text: qemuConf(options) },
      ...guests.map((guest) => ({ path: domainFile(context, guest), text: guestXml(context, host, guest) })),
    ],
    start: [
      ...switchSteps(context, host, []),
      step('console directory', 'mkdir', '-p', CONSOLE_DIRECTORY),
      step('start libvirtd', 'libvirtd', '--daemon', '--listen', '--pid-file', '/run/libvirt/libvirtd.pid'),
      step('let libvirtd go first', ...goFirstCommand('/run/libvirt/libvirtd.pid')),
      ...guests.flatMap((guest) => [
        ...diskSteps(context, guest),
        step(
          `define guest ${guest.name}`,
          'virsh',
          '-q',
          '-c',
          'qemu:///system',
          'define',
          domainFile(context, guest),
        ),
        ...(context.options.guests === 'define'
          ? []
          : [step(`start guest ${guest.name}`, 'virsh', '-q', '-c', 'qemu:///system', 'start', guest.name)]),
      ]),
    ],
  };
}

function diskSteps(context: Context, guest: GuestDescription): StepPlan[] {
  const disk = diskOf(context, guest);
  if (disk === undefined) return [];
  return [
    step('disk directory', 'mkdir', '-p', DISK_DIRECTORY),
    step(`disk of guest ${guest.name}`, 'truncate', '--size', `${disk.mib}M`, disk.file),
  ];
}
