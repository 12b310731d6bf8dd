import { describe, expect, it } from 'vitest';
import { networkOf } from '../../topologies/network.ts';
import { parseTopology } from '../../topologies/parse.ts';

const KEY = 'key: { name: arctictern, secret: c2VjcmV0IQ== }';

/** Line 1 is `name`, line 2 `dns`, line 8 the guest. */
const text = (dns: string, guest = '', more = ''): string => `name: named
${dns}
sites:
  A: { subnets: [{ prefix: 10.1.0.0/24, gateway: 10.1.0.1, careOf: 10.1.0.200 - 10.1.0.249 }] }
hosts:
  a1: { site: A, underlay: 10.1.0.11, capacity: { memory: 512, guests: 2 } }
guests:
  Web: { host: a1, addresses: [10.1.0.100]${guest} }
${more}
`;
const LAB = 'lab: { clients: { c1: { site: A, addresses: [10.1.0.21] } } }';

describe('the DNS of a topology', () => {
  it('names a server, a zone and a key, and each guest has a name in the zone', () => {
    const network = networkOf(
      parseTopology(text(`dns: { server: '192.0.2.53', zone: Example.TEST, ${KEY} }`), 'n.yaml'),
    );
    expect(network.dns).toEqual({
      server: { address: '192.0.2.53', port: 53 },
      zone: 'example.test',
      key: { name: 'arctictern', algorithm: 'hmac-sha256', secret: { base64: 'c2VjcmV0IQ==' } },
      ttl: 1,
    });
    expect(network.guests[0]?.dnsName).toBe('web.example.test');
  });

  it.each([
    ['192.0.2.53:5353', { address: '192.0.2.53', port: 5353 }],
    ['2001:db8::53', { address: '2001:db8::53', port: 53 }],
    ['[2001:db8::53]:5353', { address: '2001:db8::53', port: 5353 }],
  ])('takes %s for a server', (server, expected) => {
    const dns = `dns: { server: '${server}', zone: example.test, ${KEY} }`;
    expect(networkOf(parseTopology(text(dns), 'n.yaml')).dns?.server).toEqual(expected);
  });

  it('may keep the secret in a file, use another algorithm and another TTL, and give a guest another name', () => {
    const key = 'key: { name: k.example.test, algorithm: hmac-sha512, secretFile: /etc/arctictern/dns }';
    const dns = `dns: { server: 192.0.2.53, zone: example.test, ttl: 2m, ${key} }`;
    const network = networkOf(parseTopology(text(dns, ', dnsName: www.Example.test'), 'n.yaml'));
    expect(network.dns).toMatchObject({
      ttl: 120,
      key: { name: 'k.example.test', algorithm: 'hmac-sha512', secret: { file: '/etc/arctictern/dns' } },
    });
    expect(network.guests[0]?.dnsName).toBe('www.example.test');
  });

  it('needs no key in a lab, whose controller reaches the server by the management network', () => {
    const dns = 'dns: { server: 10.1.0.53, zone: example.test }';
    const network = networkOf(parseTopology(text(dns, '', LAB), 'n.yaml'));
    expect(network.dns?.server).toEqual({ address: '198.18.0.12', port: 53 });
    expect(network.dns?.key).toMatchObject({ name: 'arctictern', algorithm: 'hmac-sha256' });
  });
});

const EXPERIMENT =
  'experiment: { connections: { x: { kind: ping, client: c1, to: Web, at: name } }, steps: [{ wait: 1s }] }';

describe('what is wrong with it is told in one sentence', () => {
  it.each<[string, string, string, string]>([
    [
      'dns: { server: 192.0.2, zone: example.test, key: { secret: c2VjcmV0IQ== } }',
      '',
      '',
      'n.yaml:2: dns.server is "192.0.2": expected an address such as 203.0.113.53 or 2001:db8::53, or one with a port: 203.0.113.53:5353, [2001:db8::53]:5353',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example..test, key: { secret: c2VjcmV0IQ== } }',
      '',
      '',
      'n.yaml:2: dns.zone is "example..test": expected a domain name such as web.example.test',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example.test }',
      '',
      '',
      'n.yaml:2: dns.key is missing: expected the name and the secret of the key that signs updates',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example.test, key: { name: k } }',
      '',
      '',
      'n.yaml:2: dns.key is a mapping: expected either `secret` or `secretFile`',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example.test, key: { secret: not-base64 } }',
      '',
      '',
      'n.yaml:2: dns.key.secret is "not-base64": expected the secret in base64, as tsig-keygen gives it',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example.test, key: { algorithm: hmac-md5, secret: c2VjcmV0IQ== } }',
      '',
      '',
      'n.yaml:2: dns.key.algorithm is "hmac-md5": expected one of hmac-sha256, hmac-sha384, hmac-sha512',
    ],
    [
      `dns: { server: 192.0.2.53, zone: example.test, ttl: 2d, ${KEY} }`,
      '',
      '',
      'n.yaml:2: dns.ttl is "2d": expected a time such as 1s, in s, m or h',
    ],
    [
      `dns: { server: 192.0.2.53, zone: example.test, ${KEY} }`,
      ', dnsName: web.example.com',
      '',
      'n.yaml:8: guests.Web.dnsName is web.example.com: expected a name in the zone example.test',
    ],
    [
      `dns: { server: 192.0.2.53, zone: example.test, ${KEY} }`,
      ', dnsName: db.example.test',
      '  db: { host: a1, addresses: [10.1.0.101] }',
      'n.yaml:9: guests.db.dnsName is db.example.test, which guest Web has already',
    ],
    [
      'drain: {}',
      ', dnsName: web.example.test',
      '',
      'n.yaml:8: guests.Web.dnsName is web.example.test, and the file has no `dns`: say there which server and zone',
    ],
    [
      'dns: { server: 192.0.2.53, zone: example.test }',
      '',
      LAB,
      'n.yaml:2: dns.server is 192.0.2.53: expected an address in a subnet of a site, where the lab can put its name server',
    ],
    [
      'dns: { server: 10.1.0.21, zone: example.test }',
      '',
      LAB,
      'n.yaml:2: dns.server is 10.1.0.21, which lab.clients.c1.addresses[0] has already: expected a free address',
    ],
    [
      "dns: { server: '10.1.0.53:5353', zone: example.test }",
      '',
      LAB,
      'n.yaml:2: dns.server has port 5353: expected none, since resolvers in a lab ask at port 53',
    ],
    [
      'dns: { server: 10.1.0.53, zone: example.test, key: { secretFile: /etc/key } }',
      '',
      LAB,
      'n.yaml:2: dns.key.secretFile: expected no key, since a lab makes one, or its secret, since its name server needs that, too',
    ],
    [
      'drain: {}',
      '',
      `${LAB}\n${EXPERIMENT}`,
      'n.yaml:10: experiment.connections.x.at is name, and the file has no `dns`: say there which server and zone',
    ],
    [
      'dns: { server: 10.1.0.53, zone: example.test }',
      '',
      `${LAB}\n${EXPERIMENT.replace('kind: ping', 'kind: ping, from: guest')}`,
      'n.yaml:10: experiment.connections.x.at is name: expected home or care-of, since it is the guest that opens it',
    ],
  ])('%s', (dns, guest, more, message) => {
    expect(() => parseTopology(text(dns, guest, more), 'n.yaml')).toThrow(
      expect.objectContaining({ message }) as Error,
    );
  });
});
