import { describe, expect, test } from 'vitest';
import { TopologyError } from '../../../topologies/errors.ts';
import { expand } from '../../../topologies/lab/expand.ts';
import { parseTopology } from '../../../topologies/parse.ts';

const RIGHT = `name: attacked
sites:
  A: { subnets: [{ prefix: 10.1.0.0/24, gateway: 10.1.0.1 }, { prefix: '2001:db8:1::/64', gateway: '2001:db8:1::1' }] }
hosts:
  a1: { site: A, underlay: 10.1.0.11, capacity: { memory: 512, guests: 2 } }
guests:
  web: { host: a1, addresses: [10.1.0.100], server: { connections: 150, requests: 80 } }
  six: { host: a1, addresses: ['2001:db8:1::100'] }
lab:
  copies: management
  links: { a1: { rate: 10mbit, rtt: 20ms, queue: 50ms } }
  clients: { c1: { site: A, addresses: [10.1.0.21] } }
  attackers: { x1: { site: A, addresses: [10.1.0.66] }, x6: { site: A, addresses: ['2001:db8:1::66'] } }
experiment:
  attacks:
    udp: { kind: udp-flood, from: [x1], to: web, rate: 2000, size: 1000, duration: 6s }
    slow: { kind: slow-connections, from: [x1], to: web, rate: 50, connections: 100, duration: 30s }
  steps:
    - attack: [udp, slow]
`;

function failure(text: string): string {
  try {
    parseTopology(text, 'lab.yaml');
  } catch (error) {
    if (error instanceof TopologyError) return error.message;
    throw error;
  }
  throw new Error('the topology was accepted');
}

test('attacks are understood, with defaults', () => {
  expect(parseTopology(RIGHT, 'lab.yaml').experiment?.attacks).toEqual({
    udp: {
      ...{
        kind: 'udp-flood',
        from: ['x1'],
        to: 'web',
        at: 'home',
        sources: 'real',
        rate: 2_000,
        size: 1_000,
      },
      duration: 6_000,
    },
    slow: {
      ...{
        kind: 'slow-connections',
        from: ['x1'],
        to: 'web',
        at: 'home',
        sources: 'real',
        rate: 50,
        size: 0,
      },
      ...{ connections: 100, duration: 30_000 },
    },
  });
});

describe('what is wrong with them is told in one sentence', () => {
  test.each([
    [
      'from: [x1], to: web, rate: 2000',
      'from: [x9], to: web, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.from[0] is x9, and there is no such attacker: expected one of x1, x6',
    ],
    [
      'from: [x1], to: web, rate: 2000',
      'from: [c1], to: web, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.from[0] is c1, and there is no such attacker: expected one of x1, x6',
    ],
    [
      'from: [x1], to: web, rate: 2000',
      'from: [x6], to: web, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.from[0] is x6, which has no IPv4 address to attack from',
    ],
    [
      'to: web, rate: 2000',
      'to: six, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.to is six, which has no IPv4 address',
    ],
    [
      'to: web, rate: 2000',
      'to: db, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.to is db, and there is no such guest: expected one of web, six',
    ],
    [
      'duration: 6s',
      'duration: 61s',
      'lab.yaml:16: experiment.attacks.udp.duration is "61s": expected a time of at most 60s',
    ],
    [
      'rate: 2000',
      'rate: 2000000',
      'lab.yaml:16: experiment.attacks.udp.rate is 2000000: expected at most 20000 a second',
    ],
    [
      'rate: 50, connections',
      'sources: spoofed, rate: 50, connections',
      'lab.yaml:17: experiment.attacks.slow.sources is "spoofed": expected real: a connection cannot be completed from an address of somebody else',
    ],
    [
      'to: web, rate: 2000',
      'to: web, at: name, rate: 2000',
      'lab.yaml:16: experiment.attacks.udp.at is "name": expected home or care-of: a udp-flood goes to an address',
    ],
    [
      'to: web, rate: 50',
      'to: web, at: name, rate: 50',
      'lab.yaml:17: experiment.attacks.slow.at is name, and the file has no `dns`: say there which server and zone',
    ],
    [
      'connections: 100, ',
      '',
      'lab.yaml:17: experiment.attacks.slow.connections is missing: expected how many are held open',
    ],
    [
      'attack: [udp, slow]',
      'attack: [udp, udp]',
      'lab.yaml:19: experiment.steps[0].attack[1] begins udp a second time; give it another name',
    ],
    [
      'attack: [udp, slow]',
      'attack: [none]',
      'lab.yaml:19: experiment.steps[0].attack[0] is none, and there is no such attack: expected one of udp, slow',
    ],
    [
      'x1: { site: A',
      'c1: { site: A',
      'lab.yaml:13: lab.attackers.c1 has the name of lab.clients.c1; every node needs its own',
    ],
    [
      'copies: management',
      'congestionControl: new reno',
      'lab.yaml:10: lab.congestionControl is "new reno": expected a name such as reno, cubic or bbr',
    ],
    [
      'x1: { site: A',
      'x1: { site: Z',
      'lab.yaml:13: lab.attackers.x1.site is Z, and there is no such site: expected one of A',
    ],
  ])('%s -> %s', (right, wrong, sentence) => {
    expect(RIGHT).toContain(right);
    expect(failure(RIGHT.replace(right, wrong))).toBe(sentence);
  });
});

test('a plan has attackers as stations, a queue as long as was said, and copies on the management network', () => {
  const plan = expand(parseTopology(RIGHT, 'lab.yaml'), {
    image: { kernel: '/vmlinuz', initrd: '/initrd', flushTlb: '/flush-tlb.so' },
    accelerator: 'tcg',
  });
  const attacker = plan.nodes.find(({ name }) => name === 'x1');
  expect(attacker).toMatchObject({ kind: 'attacker' });
  expect(attacker!.start.map(({ argv }) => argv.join(' '))).toContain('ip address add 10.1.0.66/24 dev eth0');
  expect(plan.hosts).toContain('10.1.0.66 x1');
  // 10 Mbit/s for 60 ms, in frames of 1,514 bytes: those that wait, and those on their way.
  const link = plan.links.find(({ a }) => a.node === 'a1' && a.interface === 'uplink');
  expect(link?.shape).toEqual({ delayUs: 10_000, bitsPerSecond: 10_000_000, queuePackets: 50 });
  expect(plan.network.hosts[0]?.migration).toBe('qemu+tcp://198.18.0.11/system');
  const files = plan.nodes.flatMap(({ files: list }) => list);
  expect(files.find(({ path }) => path.endsWith('qemu.conf'))?.text).toContain(
    'migration_host = "198.18.0.11"',
  );
  expect(files.find(({ path }) => path.endsWith('web.xml'))?.text).toContain(
    'guest.connections=150 guest.requests=80',
  );
});
