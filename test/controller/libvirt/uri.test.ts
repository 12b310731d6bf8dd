import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LibvirtUriError } from '../../../controller/libvirt/errors.ts';
import { parseLibvirtUri } from '../../../controller/libvirt/uri.ts';
import type { Endpoint } from '../../../controller/libvirt/uri.ts';

const tls = { transport: 'tls', host: 'hv1', port: 16_514, pkiPath: undefined, verify: true } as const;

describe('a libvirt URI', () => {
  const good: [uri: string, name: string, endpoint: Endpoint][] = [
    ['qemu:///system', 'qemu:///system', { transport: 'unix', path: '/run/libvirt/libvirt-sock' }],
    ['qemu+unix:///system', 'qemu:///system', { transport: 'unix', path: '/run/libvirt/libvirt-sock' }],
    [
      'qemu:///system?mode=direct',
      'qemu:///system',
      { transport: 'unix', path: '/run/libvirt/virtqemud-sock' },
    ],
    ['qemu+unix:///system?socket=/tmp/a%20b', 'qemu:///system', { transport: 'unix', path: '/tmp/a b' }],
    ['qemu:///session?socket=/run/user/7/l', 'qemu:///session', { transport: 'unix', path: '/run/user/7/l' }],
    ['test:///default', 'test:///default', { transport: 'unix', path: '/run/libvirt/libvirt-sock' }],
    ['qemu+tcp://10.0.0.1/system', 'qemu:///system', { transport: 'tcp', host: '10.0.0.1', port: 16_509 }],
    ['qemu+tcp://[fd00::1]:99/system', 'qemu:///system', { transport: 'tcp', host: 'fd00::1', port: 99 }],
    ['qemu://hv1/system', 'qemu:///system', tls],
    ['qemu+tls://hv1/system', 'qemu:///system', tls],
    [
      'qemu+tls://hv1:1/system?pkipath=/pki&no_verify=1',
      'qemu:///system',
      { ...tls, port: 1, pkiPath: '/pki', verify: false },
    ],
  ];
  for (const [uri, name, endpoint] of good) {
    it(`is ${uri}`, () => expect(parseLibvirtUri(uri)).toEqual({ text: uri, name, endpoint }));
  }

  const bad: [uri: string, problem: string][] = [
    ['', 'does not look like'],
    ['qemu', 'does not look like'],
    ['QEMU:///system', 'does not look like'],
    ['qemu:///system#x', 'does not look like'],
    ['qemu:///', "not in '/'"],
    ['qemu+tcp://h', "not in ''"],
    ['qemu+ssh://root@h/system', 'user name'],
    ['qemu+ssh://h/system', "transport 'ssh'"],
    ['qemu+tcp:///system', 'names no host'],
    ['qemu+tcp://h:/system', "'' is not a port"],
    ['qemu+tcp://h:0/system', "'0' is not a port"],
    ['qemu+tcp://h:65536/system', "'65536' is not a port"],
    ['qemu+tcp://h:1x/system', "'1x' is not a port"],
    ['qemu+tcp://-h/system', 'not a host name'],
    ['qemu+tcp://[fd00::1/system', 'not a host name'],
    ['qemu+tcp://h/system?socket=/x', "parameter 'socket'"],
    ['qemu+unix://h/system', 'no host'],
    ['qemu:///system?socket=x', 'not an absolute path'],
    ['qemu:///system?socket=/x&socket=/y', 'given twice'],
    ['qemu:///system?socket=%zz', 'badly escaped'],
    ['qemu:///system?mode=auto', "mode 'auto'"],
    ['qemu:///session', 'add ?socket='],
    ['qemu+tls://h/system?no_verify=yes', '0 or 1'],
  ];
  for (const [uri, problem] of bad) {
    it(`is not '${uri}'`, () => {
      expect(() => parseLibvirtUri(uri)).toThrow(LibvirtUriError);
      expect(() => parseLibvirtUri(uri)).toThrow(problem);
    });
  }

  it('is understood or refused by name, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((s) => `qemu+tcp://${s}/system`),
        ),
        (text) => {
          try {
            parseLibvirtUri(text);
          } catch (error) {
            expect(error).toBeInstanceOf(LibvirtUriError);
          }
        },
      ),
    );
  });
});
