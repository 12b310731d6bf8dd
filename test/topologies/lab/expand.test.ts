import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expand } from '../../../topologies/lab/expand.ts';
import type { ExpandOptions } from '../../../topologies/lab/expand/options.ts';
import { LabNotDescribed } from '../../../topologies/lab/errors.ts';
import type { LabPlan } from '../../../topologies/lab/plan.ts';
import { parseTopology, readTopology } from '../../../topologies/parse.ts';

const options: ExpandOptions = {
  image: { kernel: '/k', initrd: '/i', flushTlb: '/f.so' },
  accelerator: 'tcg',
};
const planOf = (name: string, more: Partial<ExpandOptions> = {}): LabPlan =>
  expand(readTopology(`topologies/${name}.yaml`), { ...options, ...more });
const commands = (plan: LabPlan, node: string): string[] =>
  plan.nodes.find(({ name }) => name === node)!.start.map(({ argv }) => argv.join(' '));

describe('the plan of first-flight', () => {
  const plan = planOf('first-flight');

  it('has its nodes', () => {
    expect(plan.nodes.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'management management',
      'router router-A',
      'router router-B',
      'router router-C',
      'host a1',
      'host b1',
      'name-server dns',
      'client c1',
      'client c2',
    ]);
  });

  it('delays each packet once: on the link between any two routers, half the round trip a way', () => {
    const shaped = plan.links.filter(({ shape }) => shape);
    expect(shaped.map(({ a, b, shape }) => [a.node, b.node, shape?.delayUs])).toEqual([
      ['router-A', 'router-B', 10_000],
      ['router-A', 'router-C', 10_000],
      ['router-B', 'router-C', 10_000],
    ]);
  });

  it('lets routers route by the far end of the link between them', () => {
    expect(commands(plan, 'router-A')).toContain('ip address add 100.64.0.0/31 dev wan-B');
    expect(commands(plan, 'router-A')).toContain('ip route add 10.2.0.0/24 via 100.64.0.1');
    expect(commands(plan, 'router-B')).toContain('ip address add 100.64.0.1/31 dev wan-A');
    expect(commands(plan, 'router-B')).toContain('ip route add 10.1.0.0/24 via 100.64.0.0');
  });

  it('tells the controller where it reaches each host', () => {
    expect(plan.network.hosts).toEqual([
      {
        name: 'a1',
        site: 'A',
        underlay: '10.1.0.11',
        ovsdb: 'tcp:198.18.0.11:6640',
        libvirt: 'qemu+tcp://198.18.0.11/system',
        migration: 'qemu+tcp://10.1.0.11/system',
        bridge: 'br-int',
        uplink: 'int-uplink',
        capacity: { memoryMiB: 1024, guests: 4 },
      },
      expect.objectContaining({ name: 'b1', ovsdb: 'tcp:198.18.0.12:6640' }),
    ]);
    expect(plan.network.sites[0]).toEqual({
      name: 'A',
      subnets: [
        {
          prefix: '10.1.0.0/24',
          gateway: '10.1.0.1',
          careOf: { first: '10.1.0.200', last: '10.1.0.249' },
        },
      ],
    });
  });

  it('leaves br-int to the controller, or makes it a plain switch when asked to', () => {
    const bridges = (it: LabPlan): string =>
      commands(it, 'a1').find((line) => line.includes('add-br br-int'))!;
    expect(bridges(plan)).toContain('set bridge br-int datapath_type=netdev fail_mode=secure');
    expect(bridges(plan)).toContain('protocols=OpenFlow15');
    expect(bridges(plan)).not.toContain('set-controller');
    expect(bridges(planOf('first-flight', { failMode: 'standalone' }))).toContain(
      'set bridge br-int datapath_type=netdev fail_mode=standalone',
    );
  });

  it('starts its guest at its host only, or only defines it', () => {
    const virsh = (it: LabPlan): string[] =>
      it.nodes.flatMap(({ name }) => commands(it, name).filter((line) => line.startsWith('virsh')));
    expect(virsh(plan)).toHaveLength(2);
    expect(virsh(planOf('first-flight', { guests: 'define' }))).toHaveLength(1);
    const xml = plan.nodes
      .find(({ name }) => name === 'a1')!
      .files.find(({ path }) => path.endsWith('web.xml'))!;
    expect(xml.text).toContain("<domain type='qemu' ");
    expect(xml.text).toContain('guest.eth0=10.1.0.100/24@10.1.0.1@10.1.0.0/24<');
    expect(xml.text).toContain(plan.network.guests[0]!.interfaces[0]!.mac);
    expect(xml.text).not.toContain('<disk');
  });

  it('preloads what QEMU needs under software emulation, and nothing under KVM', () => {
    const xml = (it: LabPlan): string =>
      it.nodes.flatMap(({ files }) => files).find(({ path }) => path.endsWith('web.xml'))!.text;
    expect(xml(plan)).toContain("<qemu:env name='LD_PRELOAD' value='/f.so'/>");
    expect(xml(planOf('first-flight', { accelerator: 'kvm' }))).toContain("<domain type='kvm'>");
    expect(xml(planOf('first-flight', { accelerator: 'kvm' }))).not.toContain('LD_PRELOAD');
  });

  it('is the same each time, and plain JSON', () => {
    expect(planOf('first-flight')).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});

describe.each(['first-flight', 'three-sites', 'nat'])('any plan: %s', (name) => {
  const plan = planOf(name);
  const ends = plan.links.flatMap(({ a, b }) => [a, b]);

  it('names each interface once in its node, in at most 15 characters', () => {
    const names = ends.map((end) => `${end.node} ${end.interface}`);
    expect(new Set(names).size).toBe(names.length);
    for (const end of ends) expect(end.interface.length).toBeLessThanOrEqual(15);
    expect(plan.management.rootInterface.length).toBeLessThanOrEqual(15);
  });

  it('gives each MAC address once', () => {
    const macs = [
      ...ends.map(({ mac }) => mac),
      ...plan.network.guests.flatMap(({ interfaces }) => interfaces.map(({ mac }) => mac)),
    ];
    expect(new Set(macs).size).toBe(macs.length);
  });

  it('gives each address once', () => {
    const added = plan.nodes.flatMap(({ start }) =>
      start.filter(({ argv }) => argv.join(' ').startsWith('ip address add')).map(({ argv }) => argv[3]!),
    );
    expect(new Set(added).size).toBe(added.length);
  });

  it('has the same TCP at all clients and attackers, whatever the machine’s own is', () => {
    const stations = plan.nodes.filter(({ kind }) => kind === 'client' || kind === 'attacker');
    expect(stations.length).toBeGreaterThan(0);
    for (const { start } of stations) {
      expect(start.map(({ argv }) => argv.join(' '))).toContain(
        'sysctl -q -w net.ipv4.tcp_congestion_control=reno',
      );
    }
  });

  it('lets all hosts know what one of them has found out of QEMU, and share nothing else', () => {
    const sources = plan.nodes.flatMap(({ directories }) => directories.map(({ source }) => source));
    const shared = new Set(sources.filter((source, i) => sources.indexOf(source) !== i));
    const hosts = plan.nodes.filter(({ kind }) => kind === 'host');
    const known = `/run/arctictern/${name}/libvirt-capabilities`;
    for (const { directories } of hosts) {
      expect(directories).toContainEqual({ mount: '/var/cache/libvirt', source: known });
    }
    expect([...shared]).toEqual(hosts.length > 1 ? [known] : []);
  });

  it('links only nodes that there are', () => {
    const names = new Set(plan.nodes.map((node) => node.name));
    for (const { node } of ends) expect(names).toContain(node);
  });

  it('writes only below its run directory', () => {
    for (const node of plan.nodes) {
      const paths = [...node.files.map(({ path }) => path), ...node.directories.map(({ source }) => source)];
      for (const path of paths) expect(path.startsWith(`/run/arctictern/${name}/`)).toBe(true);
    }
  });
});

describe('an edge', () => {
  const plan = planOf('three-sites');

  it('is between the stations of its site and the router', () => {
    const wires = plan.links.map(({ a, b }) => `${a.node}:${a.interface} ${b.node}:${b.interface}`);
    expect(wires).toContain('c1:eth0 ec:in-c1');
    expect(wires).toContain('a1:uplink ea:in-a1');
    expect(wires).toContain('ec:uplink router-C:lan-ec');
    expect(wires.filter((wire) => wire.includes('router-C:lan'))).toHaveLength(1);
  });

  it('has an Open vSwitch and no libvirtd', () => {
    expect(commands(plan, 'ec').some((line) => line.includes(' ovs-vswitchd '))).toBe(true);
    expect(commands(plan, 'ec').some((line) => line.startsWith('libvirtd'))).toBe(false);
  });
});

describe('a site behind a NAT', () => {
  const plan = planOf('nat');
  const wires = plan.links.map(({ a, b }) => `${a.node}:${a.interface} ${b.node}:${b.interface}`);

  it('has a router that is a station of another site, at its edge or at its router', () => {
    expect(wires).toContain('router-P:outside ec:in-P');
    expect(wires).toContain('router-Q:outside router-D:lan-Q');
    expect(wires).toContain('p1:eth0 router-P:lan-p1');
    expect(wires).toContain('eq:uplink router-Q:lan-eq');
  });

  it('is reached by no other router', () => {
    expect(wires.some((wire) => /wan-[PQR]/.test(wire))).toBe(false);
    const routes = plan.nodes
      .flatMap(({ name }) => commands(plan, name))
      .filter((line) => line.includes('route add'));
    expect(routes.filter((line) => line.includes('192.168.'))).toEqual([
      'ip route add default via 192.168.8.1',
      'ip route add default via 192.168.9.1',
      'ip route add default via 192.168.7.1',
      'ip route add default via 192.168.8.1',
      'ip route add default via 192.168.9.1',
    ]);
  });

  it('translates what leaves', () => {
    expect(commands(plan, 'router-P')).toEqual(
      expect.arrayContaining([
        'ip address add 203.0.113.20/24 dev outside',
        'ip route add default via 203.0.113.1',
        'nft add rule ip nat out oifname outside snat to 203.0.113.20',
      ]),
    );
  });
});

it('shapes single links, and overrides the WAN for pairs of sites', () => {
  const shapes = Object.fromEntries(
    planOf('three-sites').links.flatMap(({ a, b, shape }) => (shape ? [[`${a.node} ${b.node}`, shape]] : [])),
  );
  expect(shapes['c1 ec']).toEqual({ delayUs: 1_000, bitsPerSecond: 50_000_000, queuePackets: 10_000 });
  expect(shapes['router-A router-D']?.delayUs).toBe(30_000);
  expect(shapes['router-D router-C']?.bitsPerSecond).toBe(100_000_000);
  expect(shapes['router-A router-B']?.delayUs).toBe(10_000);
});

describe('a guest with two interfaces and a disk', () => {
  const text = readFileSync('topologies/first-flight.yaml', 'utf8').replace(
    'addresses: [10.1.0.100]',
    'disk: 64MiB, interfaces: [{ addresses: [10.1.0.100] }, { addresses: [10.1.0.101] }]',
  );
  const plan = expand(parseTopology(text, 'two.yaml'), options);
  const [guest] = plan.network.guests;
  const xml = plan.nodes.flatMap(({ files }) => files).find(({ path }) => path.endsWith('web.xml'))!.text;

  it('has both in its domain, told apart by MAC address and identity', () => {
    expect(guest?.interfaces.map(({ addresses }) => addresses)).toEqual([['10.1.0.100'], ['10.1.0.101']]);
    expect(new Set(guest?.interfaces.flatMap(({ mac, interfaceId }) => [mac, interfaceId])).size).toBe(4);
    const macs = [...xml.matchAll(/<mac address='(.*)'\/>/g)].map((match) => match[1]);
    expect(macs).toEqual(guest?.interfaces.map(({ mac }) => mac));
    expect(xml).toContain('guest.eth0=10.1.0.100/24@10.1.0.1@10.1.0.0/24');
    expect(xml).toContain('guest.eth1=10.1.0.101/24@10.1.0.1@10.1.0.0/24');
  });

  it('finds its disk at its host, made before it is started', () => {
    expect(xml).toContain("<source file='/var/lib/libvirt/images/web.raw'/>");
    expect(xml).toContain('guest.disk=yes');
    const steps = commands(plan, 'a1');
    const made = steps.indexOf('truncate --size 64M /var/lib/libvirt/images/web.raw');
    expect(made).toBeGreaterThan(0);
    expect(steps.findIndex((line) => line.includes('define'))).toBeGreaterThan(made);
    expect(commands(plan, 'b1').some((line) => line.includes('web.raw'))).toBe(false);
  });
});

it('says to a guest what its server can do', () => {
  const { files } = planOf('under-attack').nodes.find(({ name }) => name === 'a1')!;
  const xml = files.find(({ path }) => path.endsWith('web.xml'))!.text;
  expect(xml).toContain(' guest.connections=150 guest.requests=40');
});

describe('a name server', () => {
  const text = readFileSync('topologies/three-sites.yaml', 'utf8');
  const dns = 'dns: { server: 203.0.113.53, zone: example.test }';
  const plan = expand(parseTopology(`${text}\n${dns}\n`, 'named.yaml'), options);
  const files = plan.nodes.find(({ name }) => name === 'dns')!.files;

  it('is BIND at a site, behind its edge, and in the management network', () => {
    const wires = plan.links.map(({ a, b }) => `${a.node}:${a.interface} ${b.node}:${b.interface}`);
    expect(wires).toContain('dns:eth0 ec:in-dns');
    expect(wires).toContain('dns:mgmt management:m-dns');
    expect(commands(plan, 'dns')).toEqual(
      expect.arrayContaining([
        'ip address add 198.18.1.17/24 dev mgmt',
        'ip address add 203.0.113.53/24 dev eth0',
        'ip route add default via 203.0.113.1',
        'named -c /etc/bind/named.conf',
      ]),
    );
    expect(plan.network.dns?.server).toEqual({ address: '198.18.1.17', port: 53 });
  });

  it("lets the controller's key set addresses in its zone, and nothing else", () => {
    const conf = files.find(({ path }) => path.endsWith('/etc-bind/named.conf'))!.text;
    const key = plan.network.dns!.key;
    expect(conf).toContain(`secret "${'base64' in key.secret ? key.secret.base64 : ''}";`);
    expect(conf).toContain('update-policy { grant arctictern zonesub A AAAA; };');
    expect(files.find(({ path }) => path.endsWith('/var-lib-bind/zone'))!.text).toContain(
      '$ORIGIN example.test.',
    );
  });

  it('is whom the clients ask, and no host does', () => {
    const asking = plan.nodes.filter(({ start }) =>
      start.some(({ argv }) => argv.includes('/etc/resolv.conf')),
    );
    expect(asking.map(({ name }) => name)).toEqual(['c1', 'c2']);
    expect(asking[0]!.files[0]!.text).toContain('nameserver 203.0.113.53\n');
  });
});

it('needs a lab section', () => {
  const topology = parseTopology('{ name: bare, sites: {} }', 'bare.yaml');
  expect(() => expand(topology, options)).toThrow(LabNotDescribed);
});
