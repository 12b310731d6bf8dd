/**
 * From a topology to a lab plan.
 *
 *      root namespace --- management (a bridge) --- hosts and edges
 *
 *      host: taps - br-int =patch= br-ex - uplink --.
 *                                                    lan (a bridge) [router of the site] wan-B ~~~ wan-A [router]
 *      client: eth0 --------------------------------'
 *
 * A name server is linked as a client is, and to the management network, too. With an edge at the site, its br-int takes
 * the place of `lan`, and only its br-ex is linked to the router. Any two routers have a link of their own, so that a packet
 * is delayed once on its way. The router of a site behind a NAT has one link instead, `outside`, as a station of the site
 * that it is behind.
 */
import { basename } from 'node:path';
import { lab as labLimits } from '../../controller/limits.ts';
import {
  addressAt,
  contains,
  formatAddress,
  formatPrefix,
  parseAddress,
  parsePrefix,
  type Address,
  type Prefix,
  type Version,
} from '../../controller/network/address.ts';
import type {
  DnsDescription,
  DrainDescription,
  EdgeDescription,
  GuestDescription,
  HostDescription,
  NetworkDescription,
  SiteDescription,
} from '../../controller/network/description.ts';
import { dnsNameOf, NAME_SERVER, nameServerSite, tsigKeyOf } from '../naming.ts';
import type { LinkShapeSection, Topology } from '../schema.ts';
import { BIND_DIRECTORIES, namedConf, resolvConf, ZONE_FILE, zoneText } from './bind-files.ts';
import { domainXml, type Accelerator } from './domain-xml.ts';
import { LabNotDescribed } from './errors.ts';
import { datapathIdOf, interfaceName, macOf, uuidOf } from './identity.ts';
import { FIRST_NICE, goFirstCommand } from './go-first.ts';
import { libvirtdConf, qemuConf } from './libvirt-files.ts';
import type { GuestPlan, LabPlan, LinkPlan, LinkShape, NodePlan, StepPlan } from './plan.ts';

export interface ExpandOptions {
  readonly image: GuestImage;
  readonly accelerator: Accelerator;
  /** The parent of run directories. */
  readonly runRoot?: string;
  /**
   * `secure`: br-int forwards nothing until a controller programs it. `standalone`: it is a plain learning
   * switch, for a lab without a controller.
   */
  readonly failMode?: 'secure' | 'standalone';
  readonly delay?: LabPlan['delay'];
  /** `define`: libvirt knows the guests, and someone else starts them. */
  readonly guests?: 'start' | 'define';
}

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  /** The library that QEMU needs under software emulation. */
  readonly flushTlb: string;
}

type Lab = NonNullable<Topology['lab']>;
type Switch = HostDescription | EdgeDescription;

const MANAGEMENT = 'management';
/** Of a NAT router, where it is a station. */
const OUTSIDE = 'outside';
/** Bytes: Ethernet's header and 1,500 bytes of payload. */
const FULL_FRAME = 1_514;
const CONSOLE_DIRECTORY = '/var/log/libvirt/qemu';
const DISK_DIRECTORY = '/var/lib/libvirt/images';

/** Throws `LabNotDescribed` when the topology has no `lab`, or says nothing that a lab could be made of. */
export function expand(topology: Topology, options: ExpandOptions): LabPlan {
  const lab = topology.lab;
  if (!lab) throw new LabNotDescribed(topology.name);
  const runDirectory = `${options.runRoot ?? '/run/arctictern'}/${topology.name}`;
  const network = networkOf(topology);
  const context: Context = { topology, lab, network, runDirectory, options };
  const management = parsePrefix(lab.management)!;
  return {
    name: topology.name,
    runDirectory,
    management: {
      node: MANAGEMENT,
      prefix: lab.management,
      rootInterface: interfaceName('at-', topology.name),
      rootAddress: `${formatAddress(addressAt(management, 1))}/${management.length}`,
    },
    hosts: hostsFile(context),
    delay: options.delay ?? 'auto',
    nodes: [
      managementNode(context),
      ...network.sites.map((site) => routerNode(context, site)),
      ...network.hosts.map((host) => hostNode(context, host)),
      ...network.edges.map((edge) => edgeNode(context, edge)),
      ...nameServerNodes(context),
      ...Object.keys(lab.clients).map((name) => stationNode(context, name, 'client')),
      ...Object.keys(lab.attackers).map((name) => stationNode(context, name, 'attacker')),
    ],
    links: [...managementLinks(context), ...siteLinks(context), ...wanLinks(context)],
    guests: network.guests.map((guest) => guestPlan(context, guest)),
    network,
  };
}

function drainOf({ idle, quarantine }: NonNullable<Topology['drain']>): DrainDescription {
  return {
    ...(idle === undefined ? {} : { idle }),
    ...(quarantine === undefined ? {} : { quarantine }),
  };
}

/** What the controller is told; in a lab, connection addresses that the file leaves out are the lab's own. */
export function networkOf(topology: Topology): NetworkDescription {
  const reach = (name: string): string => managementAddress(topology, name);
  const bracketed = (text: string): string => (text.includes(':') ? `[${text}]` : text);
  const ofSwitch = (name: string, it: Topology['edges'][string]): EdgeDescription => ({
    name,
    site: it.site,
    underlay: it.underlay,
    ovsdb: it.ovsdb ?? `tcp:${bracketed(reach(name))}:${labLimits.ovsdbPort}`,
    bridge: it.bridge,
    uplink: it.uplink,
  });
  return {
    name: topology.name,
    sites: Object.entries(topology.sites).map(([name, site]) => ({
      name,
      subnets: site.subnets.map(({ prefix, gateway, careOf }) => ({
        prefix,
        gateway,
        ...(careOf && { careOf }),
      })),
    })),
    hosts: Object.entries(topology.hosts).map(([name, host]) => ({
      ...ofSwitch(name, host),
      libvirt: host.libvirt ?? `qemu+tcp://${bracketed(reach(name))}/system`,
      migration: host.migration ?? `qemu+tcp://${bracketed(copyAddress(topology, name))}/system`,
      capacity: { memoryMiB: host.capacity.memory, guests: host.capacity.guests },
    })),
    edges: Object.entries(topology.edges).map(([name, edge]) => ofSwitch(name, edge)),
    guests: Object.entries(topology.guests).map(([name, guest]) => ({
      name,
      uuid: guest.uuid ?? uuidOf(topology.name, name, 'domain'),
      host: guest.host,
      memoryMiB: guest.memory,
      interfaces: guest.interfaces.map(({ mac, interfaceId, addresses }, i) => ({
        mac: mac ?? macOf('52:54:00', topology.name, name, ...numbered(i)),
        interfaceId: interfaceId ?? uuidOf(topology.name, name, 'interface', ...numbered(i)),
        addresses,
      })),
      services: guest.services,
      ...(guest.defence === undefined ? {} : { defence: guest.defence }),
      ...(topology.dns === undefined ? {} : { dnsName: dnsNameOf(topology, name)! }),
    })),
    ...(topology.drain === undefined ? {} : { drain: drainOf(topology.drain) }),
    ...(topology.dns === undefined ? {} : { dns: dnsOf(topology, topology.dns, reach(NAME_SERVER)) }),
  };
}

function managementAddress(topology: Topology, node: string): string {
  const management = parsePrefix(topology.lab?.management ?? '198.18.0.0/24')!;
  return formatAddress(addressAt(management, 11 + managedNodes(topology).indexOf(node)));
}

/** The nodes that a lab's controller reaches, in the order of their management addresses. */
function managedNodes({ hosts, edges, dns }: Topology): string[] {
  return [...Object.keys(hosts), ...Object.keys(edges), ...(dns === undefined ? [] : [NAME_SERVER])];
}

/** A lab's controller reaches the name server by the management network. */
function dnsOf({ name, lab }: Topology, dns: NonNullable<Topology['dns']>, managed: string): DnsDescription {
  return {
    server: lab === undefined ? dns.server : { address: managed, port: dns.server.port },
    zone: dns.zone,
    key: tsigKeyOf(dns, name),
    ttl: dns.ttl,
  };
}

/** Where a host is reached by another one that copies a guest to it. */
function copyAddress(topology: Topology, host: string): string {
  return topology.lab?.copies === 'management'
    ? managementAddress(topology, host)
    : topology.hosts[host]!.underlay;
}

/** What tells a guest's further interfaces from its first. */
const numbered = (i: number): string[] => (i === 0 ? [] : [`${i}`]);

function hostsFile({ topology, network, lab }: Context): string {
  const named = [
    ...[...network.hosts, ...network.edges].map(({ name, underlay }) => [underlay, name]),
    ...Object.entries(ends(lab)).map(([name, { addresses }]) => [addresses[0]!, name]),
    ...network.guests.map(({ name, interfaces }) => [interfaces[0]!.addresses[0]!, name]),
    ...network.sites.map(({ name, subnets }) => [subnets[0]!.gateway, routerOf(name)]),
    ...(topology.dns === undefined ? [] : [[topology.dns.server.address, NAME_SERVER]]),
  ];
  return ['127.0.0.1 localhost', '::1 localhost', ...named.map((words) => words.join(' ')), ''].join('\n');
}

interface Context {
  readonly topology: Topology;
  readonly lab: Lab;
  readonly network: NetworkDescription;
  readonly runDirectory: string;
  readonly options: ExpandOptions;
}

const step = (what: string, ...argv: readonly string[]): StepPlan => ({ what, argv });
const routerOf = (site: string): string => `router-${site}`;
const switchesOf = ({ network }: Context): readonly Switch[] => [...network.hosts, ...network.edges];
const edgeOf = ({ network }: Context, site: string): EdgeDescription | undefined =>
  network.edges.find((edge) => edge.site === site);

function usesV6({ network }: Context): boolean {
  return network.sites.some((site) => site.subnets.some((subnet) => subnet.prefix.includes(':')));
}

/** `sysctl -e`: a kernel without IPv6 has no such names, and needs none. */
function sysctl(context: Context, forwarding: boolean): StepPlan {
  const settings = usesV6(context)
    ? [
        'net.ipv6.conf.all.accept_dad=0',
        'net.ipv6.conf.default.accept_dad=0',
        'net.ipv6.conf.all.accept_ra=0',
        'net.ipv6.conf.default.accept_ra=0',
      ]
    : ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
  if (forwarding) {
    settings.push('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    settings.push('net.ipv4.conf.all.send_redirects=0', 'net.ipv4.conf.default.send_redirects=0');
  }
  // A guest's packets may come in where its home address does not lead back to.
  settings.push('net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0');
  return step('kernel settings', 'sysctl', '-q', '-e', '-w', ...settings);
}

function managementNode(context: Context): NodePlan {
  const ports = ['root', ...managedNodes(context.topology).map((name) => `m-${name}`)];
  return {
    name: MANAGEMENT,
    kind: 'management',
    directories: [],
    files: [],
    start: [
      sysctl(context, false),
      step('create the bridge', 'ip', 'link', 'add', 'hub', 'type', 'bridge'),
      ...ports.map((port) => step(`attach ${port}`, 'ip', 'link', 'set', port, 'master', 'hub', 'up')),
      step('bridge up', 'ip', 'link', 'set', 'hub', 'up'),
    ],
  };
}

function routerNode(context: Context, site: SiteDescription): NodePlan {
  const { lab } = context;
  const edge = edgeOf(context, site.name);
  const members = edge ? [edge.name] : stationsOf(context, site.name);
  const nat = lab.nat[site.name];
  const gateways = site.subnets.map(({ prefix, gateway }) => `${gateway}/${parsePrefix(prefix)!.length}`);
  const others = nat ? [] : routedSites(context).filter((other) => other.name !== site.name);
  return {
    name: routerOf(site.name),
    kind: 'router',
    directories: [],
    files: [],
    start: [
      sysctl(context, true),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('create the LAN', 'ip', 'link', 'add', 'lan', 'type', 'bridge'),
      step(
        'name the LAN',
        'ip',
        'link',
        'set',
        'lan',
        'address',
        macOf('02', context.topology.name, site.name, 'lan'),
      ),
      ...members.map((member) =>
        step(`attach ${member}`, 'ip', 'link', 'set', `lan-${member}`, 'master', 'lan', 'up'),
      ),
      step('LAN up', 'ip', 'link', 'set', 'lan', 'up'),
      ...gateways.map((gateway) => addAddress(gateway, 'lan')),
      ...(nat ? natSteps(context, nat) : []),
      ...others.flatMap((other) => {
        const interfaceName = `wan-${other.name}`;
        return (usesV6(context) ? ([4, 6] as const) : ([4] as const)).flatMap((version) => {
          const [near, far] = wanAddresses(context, site.name, other.name, version);
          return [
            addAddress(`${near}/${version === 4 ? 31 : 127}`, interfaceName),
            step(`${interfaceName} up`, 'ip', 'link', 'set', interfaceName, 'up'),
            ...other.subnets
              .filter(({ prefix }) => parsePrefix(prefix)!.version === version)
              .map(({ prefix }) => step(`route to ${prefix}`, 'ip', 'route', 'add', prefix, 'via', far)),
          ];
        });
      }),
    ],
  };
}

/** Sites whose routers know each other; the others are behind one of them. */
function routedSites({ network, lab }: Context): readonly SiteDescription[] {
  return network.sites.filter(({ name }) => !(name in lab.nat));
}

/** A station of the site outside, which translates all that leaves to its own address there. */
function natSteps(context: Context, { behind, address }: Lab['nat'][string]): StepPlan[] {
  return [
    step('outside up', 'ip', 'link', 'set', OUTSIDE, 'up'),
    ...addressing(context, behind, [address], OUTSIDE),
    step('create the NAT', 'nft', 'add table ip nat'),
    step('hook the NAT', 'nft', 'add chain ip nat out { type nat hook postrouting priority srcnat; }'),
    step('translate', 'nft', `add rule ip nat out oifname ${OUTSIDE} snat to ${address}`),
  ];
}

function addAddress(address: string, device: string): StepPlan {
  return step(`address ${address}`, 'ip', 'address', 'add', address, 'dev', device);
}

/** Clients and attackers: stations that are no part of the network under control. */
const ends = ({ clients, attackers }: Lab): Lab['clients'] => ({ ...clients, ...attackers });

/** The hosts, clients and attackers of a site, its name server, and the sites behind it: what is linked to its LAN. */
function stationsOf({ topology, network, lab }: Context, site: string): string[] {
  const hosts = network.hosts.filter((host) => host.site === site).map(({ name }) => name);
  const others = Object.entries(ends(lab))
    .filter(([, end]) => end.site === site)
    .map(([name]) => name);
  const behind = Object.entries(lab.nat)
    .filter(([, nat]) => nat.behind === site)
    .map(([name]) => name);
  const named = nameServerSite(topology) === site ? [NAME_SERVER] : [];
  return [...hosts, ...others, ...named, ...behind];
}

function subnetOf(site: SiteDescription, address: Address): { prefix: Prefix; gateway: string } | undefined {
  return site.subnets
    .map((subnet) => ({ prefix: parsePrefix(subnet.prefix)!, gateway: subnet.gateway }))
    .find(({ prefix }) => contains(prefix, address));
}

/** Commands that give a station its addresses, and a default route by the gateway of each version's first. */
function addressing(
  context: Context,
  siteName: string,
  addresses: readonly string[],
  device: string,
): StepPlan[] {
  const site = siteNamed(context, siteName);
  const routed = new Set<Version>();
  return addresses.flatMap((text) => {
    const address = parseAddress(text)!;
    const subnet = subnetOf(site, address)!;
    const steps = [addAddress(`${text}/${subnet.prefix.length}`, device)];
    if (!routed.has(address.version)) {
      routed.add(address.version);
      steps.push(
        step(`default route by ${subnet.gateway}`, 'ip', 'route', 'add', 'default', 'via', subnet.gateway),
      );
    }
    return steps;
  });
}

function siteNamed({ network }: Context, name: string): SiteDescription {
  return network.sites.find((site) => site.name === name)!;
}

function stationNode(context: Context, name: string, kind: 'client' | 'attacker'): NodePlan {
  const { site, addresses } = ends(context.lab)[name]!;
  const { dns } = context.topology;
  const resolver = `${context.runDirectory}/${name}/resolv.conf`;
  return {
    name,
    kind,
    directories: [],
    files: dns === undefined ? [] : [{ path: resolver, text: resolvConf(dns.server.address) }],
    start: [
      sysctl(context, false),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('eth0 up', 'ip', 'link', 'set', 'eth0', 'up'),
      ...addressing(context, site, addresses, 'eth0'),
      ...(dns === undefined
        ? []
        : [step('tell the name server', 'mount', '--bind', resolver, '/etc/resolv.conf')]),
    ],
  };
}

/** BIND, in a lab whose file has `dns`. */
function nameServerNodes(context: Context): NodePlan[] {
  const { topology, network, lab, runDirectory } = context;
  const site = nameServerSite(topology);
  const key = network.dns?.key;
  if (topology.dns === undefined || site === undefined || key === undefined || !('base64' in key.secret))
    return [];
  const { address } = topology.dns.server;
  const bind = { zone: topology.dns.zone, key: { ...key, secret: key.secret }, address };
  const directories = privateDirectories(runDirectory, NAME_SERVER, BIND_DIRECTORIES);
  const fileIn = (mount: string, name: string): string =>
    `${directories.find((it) => it.mount === mount)!.source}/${name}`;
  const node: NodePlan = {
    name: NAME_SERVER,
    kind: 'name-server',
    directories,
    files: [
      { path: fileIn('/etc/bind', 'named.conf'), text: namedConf(bind) },
      { path: fileIn('/var/lib/bind', basename(ZONE_FILE)), text: zoneText(bind) },
    ],
    start: [
      sysctl(context, false),
      step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
      step('eth0 up', 'ip', 'link', 'set', 'eth0', 'up'),
      step('mgmt up', 'ip', 'link', 'set', 'mgmt', 'up'),
      addAddress(
        `${managementAddress(topology, NAME_SERVER)}/${parsePrefix(lab.management)!.length}`,
        'mgmt',
      ),
      ...addressing(context, site, [address], 'eth0'),
      // It goes into the background once it serves.
      step('start named', 'named', '-c', '/etc/bind/named.conf'),
    ],
  };
  return [node];
}

function privateDirectories(
  runDirectory: string,
  node: string,
  mounts: readonly string[],
): NodePlan['directories'] {
  return mounts.map((mount) => ({
    mount,
    source: `${runDirectory}/${node}/${mount.slice(1).replaceAll('/', '-')}`,
  }));
}

const OVS_DIRECTORIES = ['/run/openvswitch', '/var/log/openvswitch'];
const LIBVIRT_DIRECTORIES = [
  '/run/libvirt',
  '/var/lib/libvirt',
  '/etc/libvirt',
  '/var/log/libvirt',
  '/var/cache/libvirt',
];

function hostNode(context: Context, host: HostDescription): NodePlan {
  const { runDirectory } = context;
  const guests = context.network.guests.filter((guest) => guest.host === host.name);
  const options = {
    hostUuid: uuidOf(context.topology.name, host.name, 'host'),
    copyAddress: copyAddress(context.topology, host.name),
  };
  const directories = privateDirectories(runDirectory, host.name, [
    ...OVS_DIRECTORIES,
    ...LIBVIRT_DIRECTORIES,
  ]);
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

function edgeNode(context: Context, edge: EdgeDescription): NodePlan {
  return {
    name: edge.name,
    kind: 'edge',
    directories: privateDirectories(context.runDirectory, edge.name, OVS_DIRECTORIES),
    files: [],
    start: switchSteps(
      context,
      edge,
      stationsOf(context, edge.site).map((name) => `in-${name}`),
    ),
  };
}

/** An Open vSwitch with its two bridges. Tunnels need the underlay address on a bridge of the same datapath. */
function switchSteps(context: Context, it: Switch, insidePorts: readonly string[]): StepPlan[] {
  const { topology, runDirectory, options, lab } = context;
  const management = parsePrefix(lab.management)!;
  const reach = managementAddress(topology, it.name);
  const database = `${runDirectory}/${it.name}/conf.db`;
  const mac = macOf('02', topology.name, it.name, 'br-ex');
  const bridge = (name: string, failMode: string, ...more: string[]): string[] => [
    ...['--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev', `fail_mode=${failMode}`],
    'other_config:disable-in-band=true',
    ...more,
  ];
  const patch = (on: string, port: string, peer: string): string[] => [
    ...['--', 'add-port', on, port, '--', 'set', 'interface', port, 'type=patch', `options:peer=${peer}`],
  ];
  return [
    sysctl(context, false),
    step('loopback up', 'ip', 'link', 'set', 'lo', 'up'),
    step('uplink up', 'ip', 'link', 'set', 'uplink', 'up'),
    step('mgmt up', 'ip', 'link', 'set', 'mgmt', 'up'),
    addAddress(`${reach}/${management.length}`, 'mgmt'),
    step('create the database', 'ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema'),
    step(
      'start ovsdb-server',
      'ovsdb-server',
      database,
      '--remote=punix:/run/openvswitch/db.sock',
      `--remote=ptcp:${labLimits.ovsdbPort}:${reach.includes(':') ? `[${reach}]` : reach}`,
      ...['--pidfile', '--log-file', '--detach', '--no-chdir'],
    ),
    step('initialise the database', 'ovs-vsctl', '--no-wait', 'init'),
    step(
      'name the switch',
      ...['ovs-vsctl', '--no-wait', 'set', 'open_vswitch', '.'],
      `external_ids:system-id=${uuidOf(topology.name, it.name, 'system')}`,
      `external_ids:hostname=${it.name}`,
    ),
    step(
      'tell the version of OVS',
      ...[
        'sh',
        '-c',
        'ovs-vsctl --no-wait set open_vswitch . ovs_version="$(ovs-vswitchd --version | sed -n "1s/.* //p")"',
      ],
    ),
    step(
      'start ovs-vswitchd',
      // As ovs-ctl(8) starts it, or guests under software emulation keep it from its packets.
      ...['nice', '-n', `${FIRST_NICE}`],
      'ovs-vswitchd',
      '--disable-system',
      '--pidfile',
      '--log-file',
      '--detach',
      '--no-chdir',
    ),
    step('let ovs-vswitchd go first', ...goFirstCommand('/run/openvswitch/ovs-vswitchd.pid')),
    step(
      'create the bridges',
      ...['ovs-vsctl', '--timeout=10'],
      ...bridge('br-ex', 'standalone', `other_config:hwaddr="${mac}"`),
      ...['--', 'add-port', 'br-ex', 'ex-wire', '--', 'set', 'Interface', 'ex-wire', 'type=tap'],
      ...bridge(
        it.bridge,
        options.failMode ?? 'secure',
        'protocols=OpenFlow15',
        `other_config:datapath-id=${datapathIdOf(topology.name, it.name)}`,
      ),
      ...patch(it.bridge, it.uplink, 'ex-int'),
      ...patch('br-ex', 'ex-int', it.uplink),
      ...insidePorts.flatMap((port) => ['--', 'add-port', it.bridge, port]),
    ),
    ...insidePorts.map((port) => step(`${port} up`, 'ip', 'link', 'set', port, 'up')),
    // OVS would read the uplink by a packet socket, whose buffer holds a hundred packets; a TAP's queue holds what
    // comes while OVS does not run.
    step(
      'create the wire',
      ...['ip', 'link', 'add', 'wire', 'type', 'bridge'],
      'forward_delay',
      '0',
      'mcast_snooping',
      '0',
    ),
    step('queue of ex-wire', 'ip', 'link', 'set', 'ex-wire', 'txqueuelen', `${labLimits.uplinkQueuePackets}`),
    ...['uplink', 'ex-wire'].map((port) =>
      step(`attach ${port}`, 'ip', 'link', 'set', port, 'master', 'wire', 'up'),
    ),
    step('wire up', 'ip', 'link', 'set', 'wire', 'up'),
    step('offloads of ex-wire off', 'ethtool', '-K', 'ex-wire', 'tx', 'off'),
    step('offloads of br-ex off', 'ethtool', '-K', 'br-ex', 'tx', 'off'),
    step('br-ex up', 'ip', 'link', 'set', 'br-ex', 'up'),
    ...addressing(context, it.site, [it.underlay], 'br-ex'),
  ];
}

function domainFile(context: Context, guest: GuestDescription): string {
  return `${context.runDirectory}/guests/${guest.name}.xml`;
}

function guestPlan(context: Context, guest: GuestDescription): GuestPlan {
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
function diskOf(
  { topology }: Context,
  { name }: GuestDescription,
): { readonly file: string; readonly mib: number } | undefined {
  const mib = topology.guests[name]?.disk;
  return mib === undefined ? undefined : { file: `${DISK_DIRECTORY}/${name}.raw`, mib };
}

function guestXml(context: Context, host: HostDescription, guest: GuestDescription): string {
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

function managementLinks(context: Context): LinkPlan[] {
  const lab = context.topology.name;
  return managedNodes(context.topology).map((name) => ({
    a: { node: name, interface: 'mgmt', mac: macOf('02', lab, name, 'mgmt') },
    b: { node: MANAGEMENT, interface: `m-${name}`, mac: macOf('02', lab, MANAGEMENT, name) },
  }));
}

function siteLinks(context: Context): LinkPlan[] {
  const lab = context.topology.name;
  const end = (node: string, name: string): LinkPlan['a'] => ({
    node,
    interface: name,
    mac: macOf('02', lab, node, name),
  });
  const isSwitch = (name: string): boolean => switchesOf(context).some((it) => it.name === name);
  const station = (name: string): LinkPlan['a'] => {
    if (name in context.lab.nat) return end(routerOf(name), OUTSIDE);
    return end(name, isSwitch(name) ? 'uplink' : 'eth0');
  };
  return context.network.sites.flatMap((site) => {
    const edge = edgeOf(context, site.name);
    const links = stationsOf(context, site.name).map((name) =>
      link(
        station(name),
        edge ? end(edge.name, `in-${name}`) : end(routerOf(site.name), `lan-${name}`),
        context.lab.links[name],
      ),
    );
    if (!edge) return links;
    const border = link(
      end(edge.name, 'uplink'),
      end(routerOf(site.name), `lan-${edge.name}`),
      context.lab.links[edge.name],
    );
    return [...links, border];
  });
}

function link(a: LinkPlan['a'], b: LinkPlan['b'], section: LinkShapeSection | undefined): LinkPlan {
  const shape = shapeOf(section);
  return shape ? { a, b, shape } : { a, b };
}

/** Half the round trip in each direction. */
function shapeOf(section: LinkShapeSection | undefined): LinkShape | undefined {
  if (section?.rtt === undefined && section?.rate === undefined) return undefined;
  const delayUs = Math.round((section.rtt ?? 0) / 2);
  return {
    delayUs,
    ...(section.rate !== undefined && { bitsPerSecond: section.rate }),
    queuePackets: queueOf(section, delayUs),
  };
}

/** As many frames of full size as the link sends in the time that one may wait, and those that are on their way. */
function queueOf({ rate, queue }: LinkShapeSection, delayUs: number): number {
  if (rate === undefined || queue === undefined) return labLimits.linkQueuePackets;
  return Math.max(1, Math.ceil((rate * (queue + delayUs)) / 1e6 / 8 / FULL_FRAME));
}

function* pairs<T>(items: readonly T[]): Generator<[T, T]> {
  for (const [i, a] of items.entries()) for (const b of items.slice(i + 1)) yield [a, b];
}

function wanLinks(context: Context): LinkPlan[] {
  const { topology, lab } = context;
  return [...pairs(routedSites(context))].map(([{ name: a }, { name: b }]) => {
    const own = lab.wan.pairs.find(({ between }) => between.includes(a) && between.includes(b));
    const end = (site: string, other: string): LinkPlan['a'] => ({
      node: routerOf(site),
      interface: `wan-${other}`,
      mac: macOf('02', topology.name, routerOf(site), other),
    });
    return link(end(a, b), end(b, a), {
      rtt: own?.rtt ?? lab.wan.rtt,
      rate: own?.rate ?? lab.wan.rate,
      queue: own?.queue ?? lab.wan.queue,
    });
  });
}

/** The two addresses of the WAN link between two sites' routers, `site`'s own first. */
function wanAddresses(context: Context, site: string, other: string, version: Version): [string, string] {
  const { wan } = context.lab;
  const prefix = parsePrefix(version === 4 ? wan.prefix : wan.prefix6)!;
  const order = [...pairs(routedSites(context).map(({ name }) => name))];
  const index = order.findIndex((pair) => pair.includes(site) && pair.includes(other));
  const [first, second] = [2 * index, 2 * index + 1].map((offset) =>
    formatAddress(addressAt(prefix, offset)),
  );
  return order[index]![0] === site ? [first!, second!] : [second!, first!];
}
