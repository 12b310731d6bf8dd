import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OvsdbConfigurationError } from '../../../controller/ovsdb/errors.ts';
import {
  formatRemote,
  parseActiveRemotes,
  parsePassiveRemote,
  parseRemote,
  type Remote,
} from '../../../controller/ovsdb/remote.ts';

const good: [string, Remote][] = [
  ['unix:/run/openvswitch/db.sock', { kind: 'unix', path: '/run/openvswitch/db.sock' }],
  ['unix:a:b', { kind: 'unix', path: 'a:b' }],
  ['punix:/tmp/x', { kind: 'punix', path: '/tmp/x' }],
  ['tcp:192.0.2.1:6641', { kind: 'tcp', host: '192.0.2.1', port: 6641 }],
  ['tcp:192.0.2.1', { kind: 'tcp', host: '192.0.2.1', port: 6640 }],
  ['tcp:192.0.2.1:', { kind: 'tcp', host: '192.0.2.1', port: 6640 }],
  ['ssl:db-1.example.net:6640', { kind: 'ssl', host: 'db-1.example.net', port: 6640 }],
  ['ssl:[2001:db8::1]:6640', { kind: 'ssl', host: '2001:db8::1', port: 6640 }],
  ['tcp:[fe80::1%eth0]:1', { kind: 'tcp', host: 'fe80::1%eth0', port: 1 }],
  ['ptcp:', { kind: 'ptcp', port: 6640, host: '0.0.0.0' }],
  ['ptcp:6640', { kind: 'ptcp', port: 6640, host: '0.0.0.0' }],
  ['ptcp:0:127.0.0.1', { kind: 'ptcp', port: 0, host: '127.0.0.1' }],
  ['pssl:6640:[::]', { kind: 'pssl', port: 6640, host: '::' }],
];

describe('a connection method', () => {
  test.each(good)('%s', (text, remote) => {
    expect(parseRemote(text)).toEqual(remote);
    expect(parseRemote(formatRemote(remote))).toEqual(remote);
  });

  const bad: [string, RegExp][] = [
    ['', /must begin with/],
    ['/run/openvswitch/db.sock', /must begin with/],
    ['udp:192.0.2.1:1', /must begin with/],
    ['unix:', /names no socket/],
    [`unix:/${'x'.repeat(107)}`, /108 bytes and a socket's may have 107/],
    ['unix:/a\0b', /zero byte/],
    ['tcp:', /names no host/],
    ['tcp::6640', /names no host/],
    ['tcp:192.0.2.1:0', /no port/],
    ['tcp:192.0.2.1:65536', /no port/],
    ['tcp:192.0.2.1:66x', /no port/],
    ['tcp:2001:db8::1:6640', /must stand in brackets/],
    ['tcp:[2001:db8::1', /not closed/],
    ['tcp:[nonsense]:1', /no IPv6 address/],
    ['tcp:[::1]x', /no port/],
    ['tcp:a b:1', /no host name/],
    ['ptcp:6640:127.0.0.1:9', /follows the address/],
    ['ptcp:-1', /no port/],
  ];
  test.each(bad)('%s is refused', (text, why) => {
    expect(() => parseRemote(text)).toThrow(why);
    expect(() => parseRemote(text)).toThrow(OvsdbConfigurationError);
  });

  test('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `tcp:${rest}`),
        ),
        (text) => {
          try {
            const remote = parseRemote(text);
            expect(parseRemote(formatRemote(remote))).toEqual(remote);
          } catch (error) {
            expect(error).toBeInstanceOf(OvsdbConfigurationError);
          }
        },
      ),
    );
  });
});

describe('a list of active methods', () => {
  test('takes commas, spaces and a cluster', () => {
    const cid = '12345678-1234-4234-8234-123456789ABC';
    expect(parseActiveRemotes(`tcp:192.0.2.1:1, unix:/x ,cid:${cid}`)).toEqual({
      remotes: [
        { kind: 'tcp', host: '192.0.2.1', port: 1 },
        { kind: 'unix', path: '/x' },
      ],
      cid: cid.toLowerCase(),
    });
  });

  test.each([
    [[], /no OVSDB remote/],
    ['cid:12345678-1234-4234-8234-123456789abc', /no OVSDB remote/],
    ['ptcp:6640', /it listens/],
    ['unix:/x,', /must begin with/],
    ['unix:/x,cid:no', /by its uuid/],
  ])('%j is refused', (texts, why) => {
    expect(() => parseActiveRemotes(texts)).toThrow(why);
  });

  test('an active method is none to listen on', () => {
    expect(() => parsePassiveRemote('tcp:192.0.2.1:1')).toThrow(/it connects/);
  });
});
