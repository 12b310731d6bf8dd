import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultDefence } from '../../controller/network/defence-policy.ts';
import { TopologyError } from '../../topologies/errors.ts';
import { parseTopology, readTopology } from '../../topologies/parse.ts';

/** A topology that is right; each line has a number that the errors below name. */
const RIGHT = `name: right
sites:
  A:
    subnets:
      - { prefix: 10.1.0.0/24, gateway: 10.1.0.1, careOf: 10.1.0.200 - 10.1.0.249 }
  B:
    subnets:
      - { prefix: 10.2.0.0/24, gateway: 10.2.0.1 }
hosts:
  a1:
    site: A
    underlay: 10.1.0.11
    capacity: { memory: 256, guests: 2 }
  b1: { site: B, underlay: 10.2.0.11, capacity: { memory: 256, guests: 2 } }
edges:
  eb: { site: B, underlay: 10.2.0.5, redirect: false }
guests:
  web:
    host: a1
    addresses: [10.1.0.100]
    services: [tcp/80]
lab:
  wan:
    rtt: 20ms
    pairs:
      - { between: [A, B], rtt: 1.5s, rate: 100mbit }
  links:
    a1: { rate: 1gbit }
  clients:
    c1: { site: B, addresses: [10.2.0.21] }
`;

function failure(text: string): TopologyError {
  try {
    parseTopology(text, 'lab.yaml');
  } catch (error) {
    if (error instanceof TopologyError) return error;
    throw error;
  }
  throw new Error('the topology was accepted');
}

describe('a topology file', () => {
  it('is understood, with units and defaults', () => {
    const topology = parseTopology(RIGHT, 'lab.yaml');
    expect(topology.lab?.wan).toMatchObject({ rtt: 20_000, pairs: [{ rtt: 1_500_000, rate: 100_000_000 }] });
    expect(topology.lab?.management).toBe('198.18.0.0/24');
    expect(topology.sites['A']?.subnets[0]?.careOf).toEqual({ first: '10.1.0.200', last: '10.1.0.249' });
    expect(topology.hosts['a1']).toMatchObject({ bridge: 'br-int', uplink: 'int-uplink' });
    expect(topology.guests['web']).toMatchObject({ memory: 128, services: [{ protocol: 'tcp', port: 80 }] });
  });

  it('lists the interfaces of a guest, one or several', () => {
    const short = parseTopology(RIGHT, 'lab.yaml').guests['web'];
    expect(short?.interfaces).toEqual([{ addresses: ['10.1.0.100'], path: [] }]);
    const several = RIGHT.replace(
      'addresses: [10.1.0.100]',
      'disk: 1GiB\n    interfaces: [{ addresses: [10.1.0.100] }, { addresses: [10.1.0.101] }]',
    );
    expect(parseTopology(several, 'lab.yaml').guests['web']).toMatchObject({
      disk: 1024,
      addresses: ['10.1.0.100', '10.1.0.101'],
      interfaces: [{ addresses: ['10.1.0.100'] }, { addresses: ['10.1.0.101'] }],
    });
  });

  it('is right for each file that comes with the project', () => {
    const files = readdirSync('topologies').filter((file) => file.endsWith('.yaml'));
    expect(files).toContain('first-flight.yaml');
    for (const file of files) expect(readTopology(`topologies/${file}`).name).toBe(file.replace('.yaml', ''));
  });

  it('has a guest defended as it says, and otherwise as by default', () => {
    const defended = (text: string): unknown =>
      parseTopology(RIGHT.replace('services: [tcp/80]', `services: [tcp/80]\n    ${text}`), 'lab.yaml')
        .guests['web']?.defence;
    expect(parseTopology(RIGHT, 'lab.yaml').guests['web']?.defence).toBeUndefined();
    expect(defended('defence: {}')).toEqual(defaultDefence);
    expect(
      defended('defence: { policy: move-first, floor: { syn: 50 }, perSource: { open: 10 }, coolDown: 2m }'),
    ).toEqual({
      ...defaultDefence,
      policy: 'move-first',
      floor: { ...defaultDefence.floor, syn: 50 },
      perSource: { ...defaultDefence.perSource, open: 10 },
      coolDown: 120_000,
    });
    expect(defended('defence: { admission: { perSecond: 250 } }')).toEqual({
      ...defaultDefence,
      admission: { perSecond: 250, inFlood: 100 },
    });
    expect(() => defended('defence: { admission: { perSecond: 0.5 } }')).toThrow(
      'expected a whole number a second',
    );
    expect(() => defended('defence: { policy: flee }')).toThrow(
      'lab.yaml:22: guests.web.defence.policy is "flee": expected one of off, filter-only, move-when-needed, move-first',
    );
    expect(() => defended('defence: { floor: { syn: 0 } }')).toThrow(
      'lab.yaml:22: guests.web.defence.floor.syn is 0: expected a rate per second above 0',
    );
  });

  it('needs no lab', () => {
    expect(parseTopology(RIGHT.slice(0, RIGHT.indexOf('lab:')), 'lab.yaml').lab).toBeUndefined();
  });
});

describe('a NAT', () => {
  const NAT = `  nat:
    C: { behind: A, address: 10.1.0.30 }
`;
  const withNat = (line: string): string =>
    RIGHT.replace('hosts:', '  C: { subnets: [{ prefix: 192.168.7.0/24, gateway: 192.168.7.1 }] }\nhosts:') +
    NAT.replace('C: { behind: A, address: 10.1.0.30 }', line);

  it('may be in front of a site', () => {
    expect(parseTopology(RIGHT, 'lab.yaml').lab?.nat).toEqual({});
    expect(parseTopology(withNat('C: { behind: A, address: 10.1.0.30 }'), 'lab.yaml').lab?.nat).toEqual({
      C: { behind: 'A', address: '10.1.0.30' },
    });
  });

  it.each([
    [
      'Z: { behind: A, address: 10.1.0.30 }',
      'lab.nat.Z is Z, and there is no such site: expected one of A, B, C',
    ],
    [
      'C: { behind: Z, address: 10.1.0.30 }',
      'lab.nat.C.behind is Z, and there is no such site: expected one of A, B, C',
    ],
    [
      'C: { behind: C, address: 10.1.0.30 }',
      'lab.nat.C.behind is C, which is behind a NAT itself: choose another site',
    ],
    [
      'C: { behind: A, address: 10.2.0.30 }',
      'lab.nat.C.address is 10.2.0.30: expected an address in 10.1.0.0/24 (site A)',
    ],
    [
      'C: { behind: A, address: 10.1.0.11 }',
      'lab.nat.C.address is 10.1.0.11, which hosts.a1.underlay has already: expected a free address',
    ],
    [
      'C: { behind: A, address: "2001:db8::1" }',
      'lab.nat.C.address is 2001:db8::1: expected an IPv4 address',
    ],
    [
      'B: { behind: A, address: 10.1.0.30 }',
      'lab.nat.B has the host b1, which nobody would reach: put it at another site',
    ],
  ])('%s is told', (line, sentence) => {
    expect(failure(withNat(line)).message).toMatch(`: ${sentence}`);
  });
});

describe('the first thing that is wrong is told in one sentence with file and line', () => {
  it.each<[string, string, string, string]>([
    [
      '    site: A',
      '    site: X',
      'TOPOLOGY_REFERENCE',
      'lab.yaml:11: hosts.a1.site is X, and there is no such site: expected one of A, B',
    ],
    [
      'host: a1',
      'host: a2',
      'TOPOLOGY_REFERENCE',
      'lab.yaml:19: guests.web.host is a2, and there is no such host: expected one of a1, b1',
    ],
    [
      '    a1: { rate',
      '    a7: { rate',
      'TOPOLOGY_REFERENCE',
      'lab.yaml:28: lab.links.a7 is a7, and there is no such host, edge, client or attacker: expected one of a1, b1, eb, c1',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.9.0.11',
      'TOPOLOGY_OUTSIDE',
      'lab.yaml:12: hosts.a1.underlay is 10.9.0.11: expected an address in 10.1.0.0/24 (site A)',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.1.0.255',
      'TOPOLOGY_OUTSIDE',
      'lab.yaml:12: hosts.a1.underlay is 10.1.0.255, which no machine in 10.1.0.0/24 can have: expected one such as 10.1.0.1',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.1.0.1',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:12: hosts.a1.underlay is 10.1.0.1, which sites.A.subnets[0].gateway has already: expected a free address',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.1.0.201',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:12: hosts.a1.underlay is 10.1.0.201, which is in the care-of range of site A: expected an address outside it',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.1.0',
      'TOPOLOGY_FIELD',
      'lab.yaml:12: hosts.a1.underlay is "10.1.0": expected an IPv4 or IPv6 address such as 10.1.0.1',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlai: 10.1.0.11',
      'TOPOLOGY_UNKNOWN_FIELD',
      'lab.yaml:12: hosts.a1 has no field `underlai`; remove it, or look for a spelling mistake',
    ],
    [
      '    underlay: 10.1.0.11\n',
      '',
      'TOPOLOGY_FIELD',
      'lab.yaml:10: hosts.a1.underlay is missing: expected text',
    ],
    [
      '    underlay: 10.1.0.11',
      '    underlay: 10.1.0.11\n    ip: 10.1.0.12',
      'TOPOLOGY_UNKNOWN_FIELD',
      'lab.yaml:13: hosts.a1 has no field `ip`; remove it, or look for a spelling mistake',
    ],
    [
      'name: right',
      'name: right\nsite: {}',
      'TOPOLOGY_UNKNOWN_FIELD',
      'lab.yaml:2: a topology has no field `site`; remove it, or look for a spelling mistake',
    ],
    [
      'addresses: [10.1.0.100]',
      'addresses: [10.1.0.11]',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:20: guests.web.addresses[0] is 10.1.0.11, which hosts.a1.underlay has already: expected a free address',
    ],
    [
      'addresses: [10.1.0.100]',
      'addresses: [10.1.0.100, 10.1.0.101]',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:20: guests.web.addresses: expected at most one IPv4 and one IPv6 address',
    ],
    [
      'addresses: [10.1.0.100]',
      'addresses: []',
      'TOPOLOGY_FIELD',
      'lab.yaml:20: guests.web.addresses is a list: expected at least one home address',
    ],
    [
      'addresses: [10.1.0.100]',
      'memory: 64',
      'TOPOLOGY_FIELD',
      'lab.yaml:18: guests.web.addresses is missing: expected its home addresses, or `interfaces`',
    ],
    [
      'addresses: [10.1.0.100]',
      'interfaces: []',
      'TOPOLOGY_FIELD',
      'lab.yaml:20: guests.web.interfaces is a list: expected at least one interface',
    ],
    [
      'addresses: [10.1.0.100]',
      'interfaces: [{ addresses: [10.1.0.100] }]\n    addresses: [10.1.0.101]',
      'TOPOLOGY_FIELD',
      'lab.yaml:21: guests.web.addresses is a list: expected it in `interfaces`, since the guest has that',
    ],
    [
      'addresses: [10.1.0.100]',
      'interfaces: [{ addresses: [10.1.0.100] }, { addresses: [10.1.0.100] }]',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:20: guests.web.interfaces[1].addresses[0] is 10.1.0.100, which guests.web.interfaces[0].addresses[0] has already: expected a free address',
    ],
    [
      'addresses: [10.1.0.100]',
      'interfaces:\n      - { addresses: [10.1.0.100] }\n      - { addresses: [10.1.0.101, 10.1.0.102] }',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:22: guests.web.interfaces[1].addresses: expected at most one IPv4 and one IPv6 address',
    ],
    [
      'addresses: [10.1.0.100]',
      'interfaces:\n      - { addresses: [10.1.0.100], mac: "52:54:00:00:00:01" }\n      - { addresses: [10.1.0.101], mac: "52:54:00:00:00:01" }',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:22: guests.web.interfaces[1].mac is 52:54:00:00:00:01, which guest web has already',
    ],
    [
      'lab:',
      'experiment: { connections: { x: { kind: ping, client: c1, to: web, family: 6 } }, steps: [{ wait: 1s }] }\nlab:',
      'TOPOLOGY_REFERENCE',
      'lab.yaml:22: experiment.connections.x.family is 6, and guest web has no IPv6 address',
    ],
    [
      'lab:',
      'experiment: { connections: { x: { kind: ping, client: c1, to: web, family: 5 } }, steps: [{ wait: 1s }] }\nlab:',
      'TOPOLOGY_FIELD',
      'lab.yaml:22: experiment.connections.x.family is 5: expected 4 or 6',
    ],
    [
      'lab:',
      'experiment: { connections: { x: { kind: http-download, from: guest, client: c1, to: web } }, steps: [{ wait: 1s }] }\nlab:',
      'TOPOLOGY_FIELD',
      'lab.yaml:22: experiment.connections.x.kind is "http-download": expected tcp-echo, udp-echo or ping, which a guest can open',
    ],
    [
      'lab:',
      'experiment: { connections: { x: { kind: ping, client: c1, to: web, size: 1000 } }, steps: [{ wait: 1s }] }\nlab:',
      'TOPOLOGY_FIELD',
      'lab.yaml:22: experiment.connections.x.size is 1000: expected none but for a tcp-echo that a client opens',
    ],
    [
      'lab:',
      'experiment: { connections: { x: { kind: tcp-echo, client: c1, to: web, size: 8 } }, steps: [{ wait: 1s }] }\nlab:',
      'TOPOLOGY_FIELD',
      'lab.yaml:22: experiment.connections.x.size is 8: expected at least 16 bytes',
    ],
    [
      'services: [tcp/80]',
      'disk: 64',
      'TOPOLOGY_FIELD',
      'lab.yaml:21: guests.web.disk is 64: expected a size such as 64MiB',
    ],
    [
      'services: [tcp/80]',
      'services: [http]',
      'TOPOLOGY_FIELD',
      'lab.yaml:21: guests.web.services[0] is "http": expected a service such as tcp/80',
    ],
    [
      'services: [tcp/80]',
      'services: [tcp/99999]',
      'TOPOLOGY_FIELD',
      'lab.yaml:21: guests.web.services[0] is "tcp/99999": expected a port from 1 to 65535',
    ],
    [
      'services: [tcp/80]',
      'memory: lots',
      'TOPOLOGY_FIELD',
      'lab.yaml:21: guests.web.memory is "lots": expected a number',
    ],
    [
      'services: [tcp/80]',
      'memory: 512',
      'TOPOLOGY_CAPACITY',
      'lab.yaml:13: hosts.a1.capacity is 2 guests and 256 MiB, but 1 guests with 512 MiB start there',
    ],
    [
      'prefix: 10.2.0.0/24',
      'prefix: 10.1.0.128/25',
      'TOPOLOGY_OVERLAP',
      'lab.yaml:8: sites.B.subnets[0].prefix is 10.1.0.128/25, which overlaps 10.1.0.0/24 (sites.A.subnets[0].prefix): expected a subnet of its own',
    ],
    [
      'prefix: 10.2.0.0/24',
      'prefix: 10.2.0.1/24',
      'TOPOLOGY_FIELD',
      'lab.yaml:8: sites.B.subnets[0].prefix is "10.2.0.1/24": expected a subnet with no host bits set, such as 10.1.0.0/24',
    ],
    [
      'careOf: 10.1.0.200 - 10.1.0.249',
      'careOf: 10.1.0.249 - 10.1.0.200',
      'TOPOLOGY_FIELD',
      'lab.yaml:5: sites.A.subnets[0].careOf is "10.1.0.249 - 10.1.0.200": expected a range of addresses, the lower one first, such as 10.1.0.200 - 10.1.0.249',
    ],
    [
      'careOf: 10.1.0.200 - 10.1.0.249',
      'careOf: 10.1.0.200 - 10.1.1.9',
      'TOPOLOGY_OUTSIDE',
      'lab.yaml:5: sites.A.subnets[0].careOf is 10.1.1.9: expected an address in 10.1.0.0/24',
    ],
    [
      'rtt: 20ms',
      'rtt: 20',
      'TOPOLOGY_FIELD',
      'lab.yaml:24: lab.wan.rtt is 20: expected a time such as 20ms',
    ],
    [
      'rtt: 20ms',
      'rtt: 1h',
      'TOPOLOGY_FIELD',
      'lab.yaml:24: lab.wan.rtt is "1h": expected a time such as 20ms',
    ],
    [
      'rtt: 20ms',
      'prefix: 10.1.0.0/16',
      'TOPOLOGY_OVERLAP',
      'lab.yaml:24: lab.wan.prefix is 10.1.0.0/16, which overlaps 10.1.0.0/24 (sites.A.subnets[0].prefix): expected a subnet of its own',
    ],
    [
      'between: [A, B]',
      'between: [A, A]',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:26: lab.wan.pairs[0].between is A, A: expected two different sites, each pair once',
    ],
    [
      'between: [A, B]',
      'between: [A, Z]',
      'TOPOLOGY_REFERENCE',
      'lab.yaml:26: lab.wan.pairs[0].between[1] is Z, and there is no such site: expected one of A, B',
    ],
    [
      '    c1: { site: B',
      '    eb: { site: B',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:30: lab.clients.eb has the name of edges.eb; every node needs its own',
    ],
    [
      '    c1: { site: B',
      '    wan: { site: B',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:30: lab.clients.wan has a name that the lab needs for itself; choose another',
    ],
    [
      'edges:',
      'edges:\n  ec: { site: B, underlay: 10.2.0.6 }',
      'TOPOLOGY_DUPLICATE',
      'lab.yaml:17: edges.eb.site is B, which has the edge ec already',
    ],
    [
      '  wan:',
      '  management: 198.18.0.0/29\n  wan:',
      'TOPOLOGY_CAPACITY',
      'lab.yaml:23: lab.management is 198.18.0.0/29: expected a subnet of at least 15 addresses',
    ],
    [
      'hosts:',
      'hosts: [a1]\nhosts2:',
      'TOPOLOGY_FIELD',
      'lab.yaml:9: hosts is a list: expected a mapping of names',
    ],
    [
      'name: right',
      'name: Right',
      'TOPOLOGY_FIELD',
      'lab.yaml:1: name is "Right": expected a name of at most 31 lower-case letters, digits and hyphens',
    ],
    [
      '  b1: { site',
      '  b_1: { site',
      'TOPOLOGY_FIELD',
      'lab.yaml:14: hosts.b_1 is a mapping: expected a name of at most 10 letters, digits and hyphens that starts with a letter',
    ],
  ])('%s -> %s', (right, wrong, code, sentence) => {
    expect(RIGHT).toContain(right);
    const error = failure(RIGHT.replace(right, wrong));
    expect(error.message).toBe(sentence);
    expect(error.code).toBe(code);
  });

  it('when it is not YAML', () => {
    const error = failure('name: [right\nsites: {}\n');
    expect(error.code).toBe('TOPOLOGY_SYNTAX');
    expect(error.message).toMatch(/^lab\.yaml:2: not YAML: /);
  });

  it('when it is empty, or no mapping', () => {
    expect(failure('').message).toBe('lab.yaml:1: the file is null: expected a mapping of fields');
    expect(failure('- 1').message).toBe('lab.yaml:1: the file is a list: expected a mapping of fields');
  });

  it('when aliases make a small file a huge value', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++) {
      const [name, before] = ['abcdefghi'.charAt(i), 'abcdefghi'.charAt(i - 1)];
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
    }
    expect(failure(bomb.join('\n')).code).toBe('TOPOLOGY_SYNTAX');
  });

  it('when the file is not there', () => {
    expect(() => readTopology('topologies/none.yaml')).toThrow(
      /^topologies\/none.yaml: cannot read the topology file/,
    );
  });
});
