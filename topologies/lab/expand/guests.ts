/**
 * What libvirt and the driver are told of a guest.
 */
import { formatPrefix, parseAddress } from '../../../controller/network/address.ts';
import type { GuestDescription, HostDescription } from '../../../controller/network/description.ts';
import { domainXml } from '../domain-xml.ts';
import type { GuestPlan } from '../plan.ts';
import { CONSOLE_DIRECTORY, type Context, DISK_DIRECTORY, siteNamed, subnetOf } from './context.ts';

export function domainFile(context: Context, guest: GuestDescription): string {
  return `${context.runDirectory}/guests/${guest.name}.xml`;
}

export function guestPlan(context: Context, guest: GuestDescription): GuestPlan {
  const { network, runDirectory } = context;
  const source = (host: string): string =>
    `${runDirectory}/${host}/var-log-libvirt/qemu/${guest.name}.console`;
  return {
    name: guest.name,
    host: guest.host,
    domainFile: domainFile(context, guest),
    consoleFiles: Object.fromEntries(network.hosts.map(({ name }) => [name, source(name)])),
  };
}

/** A guest's local disk: a file of its host alone. */
export function diskOf(
  { topology }: Context,
  { name }: GuestDescription,
): { readonly file: string; readonly mib: number } | undefined {
  const mib = topology.guests[name]?.disk;
  return mib === undefined ? undefined : { file: `${DISK_DIRECTORY}/${name}.raw`, mib };
}

export function guestXml(context: Context, host: HostDescription, guest: GuestDescription): string {
  const site = siteNamed(context, host.site);
  const configured = (text: string): string => {
    const { prefix, gateway } = subnetOf(site, parseAddress(text)!)!;
    return `${text}/${prefix.length}@${gateway}@${formatPrefix(prefix)}`;
  };
  const disk = diskOf(context, guest);
  const { reflect, server } = context.topology.guests[guest.name]!;
  const commandLine = [
    'console=ttyS0 quiet panic=-1 mitigations=off',
    `guest.name=${guest.name}`,
    `guest.mtu=1500`,
    ...guest.interfaces.map(({ addresses }, i) => `guest.eth${i}=${addresses.map(configured).join(',')}`),
    ...(disk === undefined ? [] : ['guest.disk=yes']),
    ...(reflect === undefined ? [] : [`guest.reflect=${reflect}`]),
    ...(server?.connections === undefined ? [] : [`guest.connections=${server.connections}`]),
    ...(server?.requests === undefined ? [] : [`guest.requests=${server.requests}`]),
  ].join(' ');
  return domainXml({
    name: guest.name,
    uuid: guest.uuid,
    memoryMiB: guest.memoryMiB,
    accelerator: context.options.accelerator,
    kernel: context.options.image.kernel,
    initrd: context.options.image.initrd,
    commandLine,
    interfaces: guest.interfaces,
    bridge: host.bridge,
    ...(disk === undefined ? {} : { diskFile: disk.file }),
    consoleFile: `${CONSOLE_DIRECTORY}/${guest.name}.console`,
    ...(context.options.accelerator === 'tcg' ? { preload: context.options.image.flushTlb } : {}),
  });
}
