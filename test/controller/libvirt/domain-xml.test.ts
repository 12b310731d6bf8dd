import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDomain, editInterface } from '../../../controller/libvirt/domain-xml.ts';
import { DomainXmlError } from '../../../controller/libvirt/errors.ts';
import { XmlDocument } from '../../../controller/libvirt/xml.ts';
import { givenXml, migratableXml, runningXml } from './guest-xml.ts';

const ovsXml = `<?xml version='1.0'?>
<!-- made by hand -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a &amp; b</name>
  <uuid>6A1F0F1C-3F0A-4C3E-9D0E-0123456789AB</uuid>
  <memory unit='GiB'>1</memory>
  <vcpu>2</vcpu>
  <metadata><x:y xmlns:x='urn:x' z='1 &lt; 2'><![CDATA[<kept>]]></x:y></metadata>
  <devices>
    <disk type='file' device='disk'><source file='/a.qcow2'/><target dev='vda'/></disk>
    <disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vdb'/></disk>
    <disk type='block' device='disk'><source dev='/dev/sdx'/><target dev='vdc'/><shareable/></disk>
    <disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>
    <interface type='bridge'>
      <mac address='52:54:00:AA:BB:CC'/>
      <source bridge='br-int'/>
      <virtualport type='openvswitch'>
        <parameters interfaceid='11111111-2222-3333-4444-555555555555'/>
      </virtualport>
      <target dev='vnet3'/>
      <model type='virtio'/>
      <mtu size='1400'/>
    </interface>
    <interface type='network'><mac address='52:54:00:00:00:02'/><source network='default'/></interface>
  </devices>
  <qemu:commandline><qemu:arg value='-S'/></qemu:commandline>
</domain>
`;

describe('the description of a domain', () => {
  it('has what a network controller needs to know', () => {
    expect(describeDomain(ovsXml)).toEqual({
      type: 'kvm',
      name: 'a & b',
      uuid: '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab',
      memory: 1_048_576,
      vcpus: 2,
      interfaces: [
        {
          type: 'bridge',
          mac: '52:54:00:aa:bb:cc',
          bridge: 'br-int',
          network: undefined,
          virtualportType: 'openvswitch',
          interfaceId: '11111111-2222-3333-4444-555555555555',
          targetDev: 'vnet3',
          mtu: 1_400,
          model: 'virtio',
          alias: undefined,
        },
        {
          type: 'network',
          mac: '52:54:00:00:00:02',
          bridge: undefined,
          network: 'default',
          virtualportType: undefined,
          interfaceId: undefined,
          targetDev: undefined,
          mtu: undefined,
          model: undefined,
          alias: undefined,
        },
      ],
      disks: [
        {
          device: 'disk',
          type: 'file',
          target: 'vda',
          source: '/a.qcow2',
          readonly: false,
          shared: 'unknown',
        },
        { device: 'disk', type: 'network', target: 'vdb', source: 'p/i', readonly: false, shared: 'yes' },
        { device: 'disk', type: 'block', target: 'vdc', source: '/dev/sdx', readonly: false, shared: 'yes' },
        { device: 'cdrom', type: 'file', target: 'sda', source: undefined, readonly: true, shared: 'yes' },
      ],
    });
  });

  it('is read from what libvirtd says of a running domain', () => {
    expect(describeDomain(runningXml)).toMatchObject({
      name: 'guest0',
      memory: 65_536,
      interfaces: [{ type: 'ethernet', mac: '52:54:00:12:34:56', targetDev: 'vnet0', alias: 'net0' }],
    });
  });

  it('is the same of the same domain, given in MiB or told in KiB', () => {
    expect(describeDomain(givenXml).memory).toBe(describeDomain(migratableXml).memory);
  });

  const bad: [what: string, xml: string][] = [
    ['nothing', ''],
    ['no XML', 'domain'],
    ['an element that is not closed', '<domain><name>a</name>'],
    ['elements that cross', '<domain><name></domain></name>'],
    ['two roots', '<domain/><domain/>'],
    ['another root', '<network><name>n</name></network>'],
    ['no name', '<domain><memory>1</memory></domain>'],
    ['no memory', '<domain><name>n</name></domain>'],
    ['memory that is no number', '<domain><name>n</name><memory>x</memory></domain>'],
    ['memory in an unknown unit', "<domain><name>n</name><memory unit='XiB'>1</memory></domain>"],
    [
      'a document type',
      '<!DOCTYPE domain [<!ENTITY e "x">]><domain><name>&e;</name><memory>1</memory></domain>',
    ],
  ];
  for (const [what, xml] of bad) {
    it(`is refused for ${what}`, () => expect(() => describeDomain(xml)).toThrow(DomainXmlError));
  }
});

describe('an edit', () => {
  it('changes what it says and nothing else', () => {
    const edited = editInterface(ovsXml, '52:54:00:aa:bb:cc', {
      bridge: 'br-x',
      interfaceId: 'id-2',
      targetDev: 'tap9',
      mtu: 9_000,
    });
    expect(edited).toBe(
      new XmlDocument(ovsXml)
        .toString()
        .replace("bridge='br-int'", "bridge='br-x'")
        .replace('11111111-2222-3333-4444-555555555555', 'id-2')
        .replace('vnet3', 'tap9')
        .replace("size='1400'", "size='9000'"),
    );
  });

  it('adds what was not there', () => {
    const edited = editInterface(givenXml, '52:54:00:12:34:56', { mtu: 1_400, interfaceId: 'a"b<&' });
    expect(edited).toContain("<mtu size='1400'/>");
    expect(describeDomain(edited).interfaces[0]).toMatchObject({
      virtualportType: 'openvswitch',
      interfaceId: 'a"b<&',
      mtu: 1_400,
    });
  });

  it('is refused for an interface that is not there, or of another type', () => {
    expect(() => editInterface(givenXml, '52:54:00:00:00:00', { mtu: 1 })).toThrow(
      'no interface with the MAC',
    );
    expect(() => editInterface(givenXml, '52:54:00:12:34:56', { bridge: 'br0' })).toThrow(
      "of type 'ethernet', not 'bridge'",
    );
  });
});

describe('an XML document', () => {
  it('is written as libvirt wrote it', () => {
    for (const xml of [runningXml, migratableXml])
      expect(new XmlDocument(xml).toString()).toBe(xml.trimEnd());
  });

  it('keeps order, comments, CDATA, namespaces and entities', () => {
    // Only the line break between the comment and the root is not part of the tree.
    expect(new XmlDocument(ovsXml).toString()).toBe(ovsXml.replace('-->\n<domain', '--><domain').trimEnd());
  });

  it('gives back any text and attribute that was set', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme-ascii' }), (text, value) => {
        const document = new XmlDocument('<a><b/></a>');
        document.root.child('b')!.setText(text);
        document.root.child('b')!.setAttribute('c', value);
        const back = new XmlDocument(document.toString()).root.child('b')!;
        expect(back.text()).toBe(text);
        expect(back.attribute('c')).toBe(value);
      }),
    );
  });

  it('has children to add and to take away', () => {
    const document = new XmlDocument('<a><b/><c/><b/></a>');
    document.root.removeChildren('b');
    document.root.append('d').setAttribute('e', '1');
    expect(document.toString()).toBe("<a><c/><d e='1'/></a>");
    expect(() => document.root.append('x y')).toThrow(DomainXmlError);
  });
});
