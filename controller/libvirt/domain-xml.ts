/**
 * Domain XML (libvirt.org/formatdomain.html): what a network controller needs to know of a domain, and the few
 * things that it changes for a destination host.
 */
import { DomainXmlError } from './errors.ts';
import { XmlDocument } from './xml.ts';
import type { XmlElement } from './xml.ts';

export interface DomainDescription {
  /** The hypervisor: `kvm`, or `qemu` for software emulation. */
  readonly type: string;
  readonly name: string;
  /** In lower case. Absent only in XML that libvirt has not seen yet. */
  readonly uuid: string | undefined;
  /** The most memory that the guest may have, in KiB. */
  readonly memory: number;
  readonly vcpus: number;
  readonly interfaces: readonly InterfaceDescription[];
  readonly disks: readonly DiskDescription[];
}

export interface InterfaceDescription {
  /** `bridge`, `network`, `ethernet`, ... */
  readonly type: string;
  /** In lower case. Absent only in XML that libvirt has not seen yet. */
  readonly mac: string | undefined;
  /** The bridge that it is plugged into. */
  readonly bridge: string | undefined;
  /** The libvirt network that it belongs to. */
  readonly network: string | undefined;
  /** `openvswitch` for OVS. */
  readonly virtualportType: string | undefined;
  /** What OVS knows the interface by: `external_ids:iface-id`. */
  readonly interfaceId: string | undefined;
  /** The tap device on the host; of a running domain only, unless somebody chose it. */
  readonly targetDev: string | undefined;
  readonly mtu: number | undefined;
  /** The device model: `virtio`. */
  readonly model: string | undefined;
  /** The device's alias, by which events name it: `net0`. */
  readonly alias: string | undefined;
}

export interface DiskDescription {
  /** `disk`, `cdrom`, `floppy` or `lun`. */
  readonly device: string;
  /** `file`, `block`, `network`, `volume`, ... */
  readonly type: string;
  /** `vda` */
  readonly target: string | undefined;
  /** The file, the device, or the volume's name; absent for an empty drive. */
  readonly source: string | undefined;
  readonly readonly: boolean;
  /**
   * Whether a migration finds the same contents at the destination: `yes` for network storage, for what is marked
   * `<shareable/>` and for an empty drive. A file or a block device is `unknown`: it depends on what is mounted.
   */
  readonly shared: 'yes' | 'unknown';
}

/** What to change at an interface; what is not named stays. */
export interface InterfaceEdit {
  readonly bridge?: string;
  readonly interfaceId?: string;
  readonly targetDev?: string;
  readonly mtu?: number;
}

/** @throws DomainXmlError when it is not the XML of a domain. */
export function describeDomain(xml: string): DomainDescription {
  const domain = domainElement(new XmlDocument(xml));
  const devices = domain.child('devices');
  return {
    type: domain.attribute('type') ?? '',
    name: requiredText(domain, 'name'),
    uuid: textOf(domain, 'uuid')?.toLowerCase(),
    memory: memoryKiB(domain),
    vcpus: Number(textOf(domain, 'vcpu') ?? '1'),
    interfaces: (devices?.children('interface') ?? []).map(describeInterface),
    disks: (devices?.children('disk') ?? []).map(describeDisk),
  };
}

/**
 * The same XML with the interface of that MAC changed.
 * @throws DomainXmlError when the domain has no such interface, or the edit does not suit its type.
 */
export function editInterface(xml: string, mac: string, edit: InterfaceEdit): string {
  const document = new XmlDocument(xml);
  const wanted = mac.toLowerCase();
  const element = domainElement(document)
    .child('devices')
    ?.children('interface')
    .find((candidate) => candidate.child('mac')?.attribute('address')?.toLowerCase() === wanted);
  if (element === undefined) throw new DomainXmlError(`the domain has no interface with the MAC ${mac}`);
  if (edit.bridge !== undefined) {
    if (element.attribute('type') !== 'bridge') {
      throw new DomainXmlError(
        `the interface ${mac} is of type '${element.attribute('type') ?? ''}', not 'bridge'`,
      );
    }
    element.ensureChild('source').setAttribute('bridge', edit.bridge);
  }
  if (edit.interfaceId !== undefined) {
    const virtualport = element.ensureChild('virtualport');
    if (virtualport.attribute('type') === undefined) virtualport.setAttribute('type', 'openvswitch');
    virtualport.ensureChild('parameters').setAttribute('interfaceid', edit.interfaceId);
  }
  if (edit.targetDev !== undefined) element.ensureChild('target').setAttribute('dev', edit.targetDev);
  if (edit.mtu !== undefined) element.ensureChild('mtu').setAttribute('size', String(edit.mtu));
  return document.toString();
}

function domainElement(document: XmlDocument): XmlElement {
  if (document.root.name !== 'domain') {
    throw new DomainXmlError(`the XML describes a '${document.root.name}', not a domain`);
  }
  return document.root;
}

function describeInterface(element: XmlElement): InterfaceDescription {
  const virtualport = element.child('virtualport');
  const mtu = element.child('mtu')?.attribute('size');
  return {
    type: element.attribute('type') ?? '',
    mac: element.child('mac')?.attribute('address')?.toLowerCase(),
    bridge: element.child('source')?.attribute('bridge'),
    network: element.child('source')?.attribute('network'),
    virtualportType: virtualport?.attribute('type'),
    interfaceId: virtualport?.child('parameters')?.attribute('interfaceid'),
    targetDev: element.child('target')?.attribute('dev'),
    mtu: mtu === undefined ? undefined : Number(mtu),
    model: element.child('model')?.attribute('type'),
    alias: element.child('alias')?.attribute('name'),
  };
}

function describeDisk(element: XmlElement): DiskDescription {
  const type = element.attribute('type') ?? 'file';
  const from = element.child('source');
  const source =
    from?.attribute('file') ??
    from?.attribute('dev') ??
    from?.attribute('dir') ??
    from?.attribute('volume') ??
    from?.attribute('name');
  const shared = type === 'network' || source === undefined || element.child('shareable') !== undefined;
  return {
    device: element.attribute('device') ?? 'disk',
    type,
    target: element.child('target')?.attribute('dev'),
    source,
    readonly: element.child('readonly') !== undefined,
    shared: shared ? 'yes' : 'unknown',
  };
}

/** Bytes in each unit that libvirt takes for memory; KiB is its default. */
const units: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 2 ** 10,
  KiB: 2 ** 10,
  MB: 1e6,
  M: 2 ** 20,
  MiB: 2 ** 20,
  GB: 1e9,
  G: 2 ** 30,
  GiB: 2 ** 30,
  TB: 1e12,
  T: 2 ** 40,
  TiB: 2 ** 40,
};

function memoryKiB(domain: XmlElement): number {
  const unit = domain.child('memory')?.attribute('unit') ?? 'KiB';
  const bytes = units[unit];
  const text = requiredText(domain, 'memory');
  if (bytes === undefined || !/^[0-9]+$/.test(text)) {
    throw new DomainXmlError(
      `the domain's memory is '${text}' in the unit '${unit}', which libvirt does not know`,
    );
  }
  return Math.ceil((Number(text) * bytes) / units.KiB!);
}

function textOf(element: XmlElement, name: string): string | undefined {
  return element.child(name)?.text().trim();
}

function requiredText(element: XmlElement, name: string): string {
  const text = textOf(element, name);
  if (text === undefined || text === '') throw new DomainXmlError(`the domain XML has no <${name}>`);
  return text;
}
