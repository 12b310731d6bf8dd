/**
 * A small network with real Open vSwitch, programmed by the real fabric from a network state that the test makes.
 *
 *                              client ── br-int ── br-ex (x)   stranger
 *                                                      │            │
 *                  ┌──────────────────── router ───────┴────────────┤
 *     neighbour    │                         │                      │
 *         └────── br-ex (a)               br-ex (b)              br-ex (c)       one underlay address each
 *                  │                         │                      │
 *                 br-int (a) · · geneve · · br-int (b) · · · · · · br-int (c)
 *                  │  │                      │  │                   │  │
 *                 web db                    web db                 web db
 *
 * The client is at a site with an edge, x; the stranger at one without. Host d is of site a, too: its uplink is a port of br-ex (a).
 *
 * A guest is one namespace with an interface at each host, all with the guest's MAC address; it runs where its
 * interface is up and has the guest's addresses. So its sockets live on when it moves, as a real guest's do.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { recipes } from '../../../apps/recipes.ts';
import { Gateways } from '../../../apps/routing/gateways.ts';
import { answerPacketIn } from '../../../apps/routing/too-large-answer.ts';
import { systemClock } from '../../../controller/clock.ts';
import { emptyBlocklist } from '../../../controller/network/blocklist.ts';
import { TUNNEL_PORT } from '../../../controller/network/bridge-view.ts';
import {
  anchored,
  bridgeSeen,
  delivered,
  migrationChanged,
  placed,
} from '../../../controller/network/changes.ts';
import { declare } from '../../../controller/network/declare.ts';
import type { NetworkDescription } from '../../../controller/network/description.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import type { Admit } from '../../../controller/network/anchor.ts';
import type { BridgePort, NetworkState } from '../../../controller/network/model.ts';
import type { Addresses } from '../../../controller/network/names.ts';
import type { RelayMode } from '../../../controller/network/relay.ts';
import { Network } from '../../../controller/network/network.ts';
import { Fabric, type StagedSwitchover } from '../../../controller/switches/fabric.ts';
import { SwitchListener } from '../../../controller/switches/listener.ts';
import { anchorZone, PacketInReason, relayZone, sourceZone } from '../../../controller/switches/pipeline.ts';
import { Room } from './room.ts';

export type HostKey = 'a' | 'b' | 'c' | 'd';
export type GuestKey = 'web' | 'db';
/** Hosts, and the edge. */
export type SwitchKey = HostKey | 'x';

const HOSTS = {
  a: { site: 1, number: 10 },
  b: { site: 2, number: 10 },
  c: { site: 3, number: 10 },
  d: { site: 1, number: 20 },
} as const;
const EDGE = 'x';
const SITES = { a: 1, b: 2, c: 3 } as const;
const GUESTS = { web: 100, db: 101 } as const;
const hostKeys = Object.keys(HOSTS) as HostKey[];
const switchKeys: readonly SwitchKey[] = [...hostKeys, EDGE];
const siteKeys = Object.keys(SITES) as (keyof typeof SITES)[];
const guestKeys = Object.keys(GUESTS) as GuestKey[];
const UPLINK_PORT = 1;
const TUNNEL = 2;
/** The edge's port towards the client. */
const INSIDE = 3;
const OFFLOADS = 'tx off rx off sg off tso off gso off gro off';

export const address = {
  client: { ipv4: '203.0.113.11', ipv6: '2001:db8:f::11' },
  /** Its site has no edge. */
  stranger: { ipv4: '198.51.100.11', ipv6: '2001:db8:e::11' },
  neighbour: { ipv4: '10.1.0.50', ipv6: '2001:db8:1::50' },
  gateway: (host: HostKey) => ({
    ipv4: `10.${HOSTS[host].site}.0.1`,
    ipv6: `2001:db8:${HOSTS[host].site}::1`,
  }),
  guest: (guest: GuestKey) => ({ ipv4: `10.1.0.${GUESTS[guest]}`, ipv6: `2001:db8:1::${GUESTS[guest]}` }),
  underlay: (host: SwitchKey) =>
    host === EDGE ? '203.0.113.5' : `10.${HOSTS[host].site}.0.${HOSTS[host].number}`,
} as const;

export const mac = (guest: GuestKey): string => `52:54:00:00:00:${GUESTS[guest].toString(16)}`;
const portOf = (guest: GuestKey): number => GUESTS[guest];

const description: NetworkDescription = {
  name: 'bed',
  sites: [
    ...siteKeys.map((key) => ({
      name: key,
      subnets: [
        {
          prefix: `10.${SITES[key]}.0.0/24`,
          gateway: address.gateway(key).ipv4,
          careOf: { first: `10.${SITES[key]}.0.200`, last: `10.${SITES[key]}.0.230` },
        },
        {
          prefix: `2001:db8:${SITES[key]}::/64`,
          gateway: address.gateway(key).ipv6,
          careOf: { first: `2001:db8:${SITES[key]}::200`, last: `2001:db8:${SITES[key]}::230` },
        },
      ],
    })),
    {
      name: EDGE,
      subnets: [
        { prefix: '203.0.113.0/24', gateway: '203.0.113.1' },
        { prefix: '2001:db8:f::/64', gateway: '2001:db8:f::1' },
      ],
    },
  ],
  hosts: hostKeys.map((key) => ({
    name: key,
    site: siteKeys.find((site) => SITES[site] === HOSTS[key].site)!,
    underlay: address.underlay(key),
    ovsdb: 'unix:/nonexistent',
    bridge: 'br-int',
    uplink: 'int-uplink',
    libvirt: 'test:///',
    migration: 'test:///',
    capacity: { memoryMiB: 1024, guests: 4 },
  })),
  edges: [
    {
      name: EDGE,
      site: EDGE,
      underlay: address.underlay(EDGE),
      ovsdb: 'unix:/nonexistent',
      bridge: 'br-int',
      uplink: 'int-uplink',
      redirect: true,
    },
  ],
  guests: guestKeys.map((key) => ({
    name: key,
    uuid: `00000000-0000-0000-0000-0000000000${GUESTS[key].toString(16)}`,
    host: 'a',
    memoryMiB: 128,
    interfaces: [
      { mac: mac(key), interfaceId: key, addresses: [address.guest(key).ipv4, address.guest(key).ipv6] },
    ],
    services: [{ protocol: 'tcp', port: 80 }],
  })),
};

export class Bed {
  readonly room: Room;
  readonly network: Network;
  readonly fabric: Fabric;
  /** What went wrong in the controller; a test ends with nothing in it. */
  readonly problems: string[] = [];
  /** How many packets bridges have sent here, those aside that the controller asked its gateways for. */
  packetIns = 0;
  readonly #directory: string;
  readonly #edges: NetworkState['edges'];
  readonly #listener: SwitchListener;
  readonly #gateways: Gateways;
  readonly #doors: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #ready = new Set<string>();

  static async open(): Promise<Bed> {
    const bed = new Bed(await Room.open());
    try {
      await bed.#build();
    } catch (error) {
      await bed.close();
      throw error;
    }
    return bed;
  }

  private constructor(room: Room) {
    this.room = room;
    this.#directory = mkdtempSync(join(tmpdir(), 'bed-'));
    this.network = new Network(declare(description));
    this.fabric = new Fabric(this.network.state, recipes, 1n, systemClock, {
      onFresh: () => undefined,
      onReady: (host) => {
        this.#ready.add(host);
        if (host !== EDGE) this.#gateways.bridgeReady(host);
      },
      onLost: (host) => this.problems.push(`bridge ${host} lost`),
      onMessage: (host, message) => {
        if (message.type === 'error') this.problems.push(`${host}: ${JSON.stringify(message.error)}`);
        if (message.type !== 'nx_packet_in2' || message.packet === undefined) return;
        const [reason] = message.userdata ?? [];
        if (reason === PacketInReason.gateway) this.#gateways.answered(message.packet, host);
        else this.packetIns++;
        if (reason === PacketInReason.tooLarge) {
          answerPacketIn(this.network.state, this.fabric, host, message, message.packet);
        }
      },
      onError: (host, error) => this.problems.push(`${host}: ${error.message}`),
    });
    this.#gateways = new Gateways(this.network, this.fabric, systemClock);
    this.#edges = this.network.state.edges;
    this.network.follow((state) => this.fabric.update(state));
    this.#listener = new SwitchListener(systemClock, {
      onSwitch: (session) => this.fabric.switchConnected(session),
      onRefused: (peer, error) => this.problems.push(`${peer}: ${error.message}`),
      onMessage: (message, session) => this.fabric.message(session, message),
      onClosed: (_reason, session) => this.fabric.switchClosed(session),
    });
  }

  async close(): Promise<void> {
    this.#gateways.close();
    await this.room.close();
    await this.#listener.close().catch(() => undefined);
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#doors.map((door) => new Promise((resolve) => door.close(resolve))));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  // ── What tests do ────────────────────────────────────────────────────────────────────────────────────────

  /** Both guests at home, nothing remembered anywhere: how every test begins. */
  async reset(): Promise<void> {
    const { state } = this.network;
    await this.room.reset();
    this.network.update((now) => ({
      ...now,
      edges: this.#edges,
      placements: new Map(),
      anchors: new Map(),
      copies: new Map(),
      migrations: new Map(),
      history: new Map(),
      blocklist: emptyBlocklist,
      admissionLimits: new Map(),
      policies: new Map(),
      flights: new Map(),
      earlier: new Map(),
      quarantine: new Map(),
    }));
    for (const guest of guestKeys) {
      this.network.update(placed(guest, 'a'));
      await this.run(guest, 'a');
    }
    await this.settled();
    const zones = [...state.guests.values()].flatMap(({ interfaces }) =>
      interfaces.flatMap(({ number }) => [anchorZone(number), relayZone(number), sourceZone(number)]),
    );
    for (const one of switchKeys) for (const zone of zones) await this.fabric.flushZone(one, zone);
    for (const name of ['client', 'stranger', 'neighbour', ...guestKeys]) {
      await this.room.run(name, [
        'sh',
        '-c',
        'ip route flush cache; ip -6 route flush cache; ip route flush type blackhole',
      ]);
    }
  }

  /** Every bridge holds its flows, and none forwards by an older one. */
  async settled(): Promise<void> {
    await this.fabric.settled();
    await Promise.all(switchKeys.map((one) => this.appctl(one, 'revalidator/purge')));
  }

  /** All of a migration, in the order in which a live one goes. */
  async move(guest: GuestKey, to: HostKey, admit: Admit = 'all', relay: RelayMode = 'tunnel'): Promise<void> {
    const switchover = await this.prepare(guest, to, relay);
    await this.stop(guest);
    await switchover.commit(admit);
    await this.run(guest, to);
    this.phase(guest, to, 'relaying');
    await this.settled();
  }

  /** Up to the moment before the switchover: leases, flows, an empty relay zone, the commit staged. */
  async prepare(
    guest: GuestKey,
    to: HostKey,
    relay: RelayMode = 'tunnel',
  ): Promise<{ commit: (admit?: Admit) => Promise<void> }> {
    const known = this.network.state.guests.get(guest)!;
    this.network.update((state) => withLeases(state, known, to, relay));
    this.phase(guest, to, 'copying');
    await this.fabric.settled();
    for (const { number } of known.interfaces) await this.fabric.flushZone(to, relayZone(number));
    const after = (admit: Admit) => (state: NetworkState) =>
      delivered(guest, to)(admits(guest, to, admit)(state));
    const staged: StagedSwitchover = await this.fabric.stage(after('all')(this.network.state));
    await this.settled();
    return {
      commit: async (admit = 'all') => {
        const committed = staged.commit();
        this.network.update(after(admit));
        await committed;
        await this.settled();
      },
    };
  }

  phase(guest: GuestKey, to: HostKey, phase: Phase): void {
    const { migrations, placements } = this.network.state;
    const known = migrations.get(guest);
    const from = known?.id === `${guest} ${to}` ? known.from : (placements.get(guest) ?? 'a');
    const performed = phase === 'relaying' ? { performed: true as const } : {};
    const common = {
      id: `${guest} ${to}`,
      guest,
      to,
      strategy: 'redirect',
      admit: known?.id === `${guest} ${to}` ? known.admit : 'all',
      maxBlackoutMs: 100,
    } as const;
    this.network.update(
      migrationChanged({ ...common, from, origin: 'controller', phase, entered: {}, ...performed }),
    );
  }

  /** The guest stops: its interfaces are silent, its sockets and what they hold stay. */
  async stop(guest: GuestKey): Promise<void> {
    await this.room.run(
      guest,
      ['ip', '-batch', '-'],
      hostKeys.map((host) => `link set ${host}0 down\n`).join(''),
    );
  }

  /** The guest goes on at the host, and there alone. */
  async run(guest: GuestKey, host: HostKey): Promise<void> {
    const home = address.guest(guest);
    const gateway = address.gateway('a');
    const lines = [
      ...hostKeys.map((other) => `link set ${other}0 down`),
      ...hostKeys.map((other) => `addr flush dev ${other}0`),
      `link set ${host}0 up`,
      `addr add ${home.ipv4}/24 dev ${host}0`,
      `addr add ${home.ipv6}/64 dev ${host}0 nodad`,
      `route replace default via ${gateway.ipv4}`,
      `route replace ::/0 via ${gateway.ipv6} dev ${host}0`,
    ];
    await this.room.run(guest, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
  }

  careOf(guest: GuestKey, host: HostKey): Required<Addresses> {
    const [nic] = this.network.state.guests.get(guest)!.interfaces;
    const anchor = this.network.state.anchors
      .get(nic!.number)
      ?.find((one) => one.host === host && one.index > 1);
    const { ipv4, ipv6 } = anchor?.addresses ?? {};
    if (ipv4 === undefined || ipv6 === undefined)
      throw new Error(`no care-of addresses of ${guest} at ${host}`);
    return { ipv4, ipv6 };
  }

  async macOf(namespace: string, interfaceName: string): Promise<string> {
    const text = await this.room.run(namespace, ['ip', '-j', 'link', 'show', interfaceName]);
    return (JSON.parse(text) as [{ address: string }])[0].address;
  }

  /** The OVSDB remote of the host's OVS. */
  ovsdb(host: SwitchKey): string {
    return `unix:${this.#of(host)}/db.sock`;
  }

  /** Where the bridge has its controller. */
  controllerOf(host: SwitchKey): string {
    return `unix:${this.#of(host)}/br-int.controller`;
  }

  appctl(host: SwitchKey, ...words: readonly string[]): Promise<string> {
    return this.room.run(undefined, ['ovs-appctl', '-t', `${this.#of(host)}/vs.ctl`, ...words]);
  }

  vsctl(host: SwitchKey, ...words: readonly string[]): Promise<string> {
    return this.room.run(`host-${host}`, ['ovs-vsctl', `--db=unix:${this.#of(host)}/db.sock`, ...words]);
  }

  ofctl(host: SwitchKey, command: string, ...words: readonly string[]): Promise<string> {
    return this.room.run(undefined, [
      'ovs-ofctl',
      '-O',
      'OpenFlow15',
      command,
      `${this.#of(host)}/br-int.mgmt`,
      ...words,
    ]);
  }

  // ── How it is built ──────────────────────────────────────────────────────────────────────────────────────

  #of(host: SwitchKey): string {
    return join(this.#directory, host);
  }

  async #build(): Promise<void> {
    const port = await this.#listener.listen(0, '127.0.0.1');
    await this.room.run(undefined, ['sh', '-e', '-c', plumbing()]);
    await Promise.all(switchKeys.map((one) => this.#bridge(one, port)));
    for (const host of switchKeys) this.network.update(bridgeSeen(host, seenBridge(host)));
    for (const guest of guestKeys) {
      this.network.update(placed(guest, 'a'));
      await this.run(guest, 'a');
    }
    await this.#controlled();
    // OVS drops a packet whose tunnel's next hop it does not know, and learns that from answers to ARP alone.
    for (const host of hostKeys) {
      const ofSite = hostKeys.filter((other) => other !== host && HOSTS[other].site === HOSTS[host].site);
      const hops = [address.gateway(host).ipv4, ...ofSite.map(address.underlay)];
      const pings = hops.map((hop) => `ping -q -c 1 -W 2 ${hop}`);
      await this.room.run(`host-${host}`, ['sh', '-e', '-c', ['ip neigh flush all', ...pings].join('\n')]);
    }
    await this.room.run(`host-${EDGE}`, ['ping', '-q', '-c', '1', '-W', '2', '203.0.113.1']);
  }

  /** Open vSwitch of a host or the edge, told to connect to the controller by way of a socket of its own. */
  async #bridge(host: SwitchKey, port: number): Promise<void> {
    const directory = this.#of(host);
    const namespace = `host-${host}`;
    await this.room.run(undefined, ['mkdir', directory]);
    await this.#door(join(directory, 'br-int.controller'), port);
    const db = `unix:${directory}/db.sock`;
    const daemon = (name: string): string[] => [
      ...[`--pidfile=${directory}/${name}.pid`, `--unixctl=${directory}/${name}.ctl`],
      ...[`--log-file=${directory}/${name}.log`, '--detach', '-vconsole:off'],
    ];
    const run = (...argv: string[]): Promise<string> => this.room.run(namespace, argv);
    await run('ovsdb-tool', 'create', `${directory}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema');
    await run('ovsdb-server', `${directory}/conf.db`, `--remote=p${db}`, ...daemon('db'));
    await run('ovs-vsctl', `--db=${db}`, '--no-wait', 'init', '--', 'set', 'Open_vSwitch', '.',
      'other_config:n-handler-threads=1', 'other_config:n-revalidator-threads=1'); // prettier-ignore
    await run('env', `OVS_RUNDIR=${directory}`, 'ovs-vswitchd', db, '--disable-system', ...daemon('vs'));
    const netdev = (name: string, ...more: string[]): string[] => [
      ...['--', 'add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=netdev', ...more],
    ];
    const addPort = (bridge: string, name: string, ...more: string[]): string[] => [
      ...['--', 'add-port', bridge, name],
      ...(more.length === 0 ? [] : ['--', 'set', 'Interface', name, ...more]),
    ];
    await run(
      ...['ovs-vsctl', `--db=${db}`],
      ...netdev('br-ex'),
      ...addPort('br-ex', 'uplink'),
      ...(host === 'a' ? [...addPort('br-ex', 'lan'), ...addPort('br-ex', 'to-d')] : []),
      ...addPort('br-ex', 'ex-int', 'type=patch', 'options:peer=int-uplink'),
      ...netdev('br-int', 'fail_mode=secure', 'protocols=OpenFlow15',
        `other_config:datapath-id=${datapathId(host)}`, `other_config:hwaddr="${bridgeMac(host)}"`), // prettier-ignore
      ...addPort(
        'br-int',
        'int-uplink',
        'type=patch',
        'options:peer=ex-int',
        `ofport_request=${UPLINK_PORT}`,
      ),
      ...addPort(
        'br-int',
        TUNNEL_PORT,
        'type=geneve',
        'options:remote_ip=flow',
        'options:key=flow',
        `ofport_request=${TUNNEL}`,
      ),
      ...(host === EDGE
        ? addPort('br-int', 'in-client', `ofport_request=${INSIDE}`)
        : guestKeys.flatMap((guest) => addPort('br-int', `tap-${guest}`, `ofport_request=${portOf(guest)}`))),
      ...['--', 'set-controller', 'br-int', `unix:${directory}/br-int.controller`],
      ...['--', 'set', 'Controller', 'br-int', 'connection_mode=out-of-band', 'max_backoff=1000'],
    );
    await run(
      'sh',
      '-e',
      '-c',
      `ip addr add ${address.underlay(host)}/24 dev br-ex; ip link set br-ex up
      ip route add default via ${host === EDGE ? '203.0.113.1' : address.gateway(host).ipv4}; ethtool -K br-ex tx off`,
    );
  }

  /** A socket of the switch's own directory, the only kind that it connects to, that leads to the listener. */
  async #door(path: string, port: number): Promise<void> {
    const door = createServer((fromSwitch) => {
      const toListener = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [fromSwitch, toListener],
        [toListener, fromSwitch],
      ] as const) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    this.#doors.push(door);
    await new Promise<void>((resolve) => door.listen(path, resolve));
  }

  /** All bridges hold their flows, and all gateways have answered. */
  async #controlled(): Promise<void> {
    const deadline = performance.now() + 20_000;
    const complete = (): boolean =>
      this.#ready.size === switchKeys.length && this.network.state.gateways.size === 2 * siteKeys.length;
    while (!complete()) {
      if (performance.now() > deadline) {
        const { gateways } = this.network.state;
        const found = `bridges ${[...this.#ready].join()}, gateways ${[...gateways.keys()].join()}`;
        throw new Error(`not under control: ${found}; ${this.problems.join('; ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.settled();
  }
}

/** What the anchors that the guest leaves behind do with new connections from now on. */
function admits(guest: GuestKey, to: HostKey, admit: Admit) {
  return (state: NetworkState): NetworkState => {
    const [nic] = state.guests.get(guest)!.interfaces;
    const anchors = state.anchors.get(nic!.number) ?? [];
    return anchors
      .filter(({ host }) => host !== to)
      .reduce((next, anchor) => anchored(nic!.number, { ...anchor, admit })(next), state);
  };
}

export function linkLocal(guest: GuestKey): string {
  return `fe80::5054:ff:fe00:${GUESTS[guest].toString(16)}`;
}

const datapathId = (host: SwitchKey): string => `000000000000000${switchKeys.indexOf(host) + 1}`;
const bridgeMac = (host: SwitchKey): string => `02:00:00:00:00:0${switchKeys.indexOf(host) + 1}`;

function seenBridge(host: SwitchKey) {
  const ports = new Map<string, BridgePort>([
    ['int-uplink', { name: 'int-uplink', ofport: UPLINK_PORT }],
    [TUNNEL_PORT, { name: TUNNEL_PORT, ofport: TUNNEL }],
    ...(host === EDGE ? [] : guestKeys).map((guest): [string, BridgePort] => {
      const name = `tap-${guest}`;
      return [name, { name, ofport: portOf(guest), attachedMac: mac(guest), ifaceId: guest }];
    }),
  ]);
  const datapath = { type: 'netdev', ovsVersion: 'unknown', capabilities: new Map<string, string>() };
  return { host, datapathId: datapathId(host), ports, mac: bridgeMac(host), datapath };
}

/** Namespaces, cables, addresses: everything but Open vSwitch. */
function plumbing(): string {
  const lines: string[] = [];
  const quiet = 'net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0';
  // The kernel of a host has no say in what is Open vSwitch's: it answers ARP at the address's own interface only.
  const apart = 'net.ipv4.conf.all.arp_ignore=1 net.ipv6.conf.default.disable_ipv6=1';
  const names = [
    ...['router', 'client', 'stranger', 'neighbour'],
    ...switchKeys.map((one) => `host-${one}`),
    ...guestKeys,
  ];
  for (const name of names) {
    lines.push(`ip netns add ${name}`, `ip -n ${name} link set lo up`);
    lines.push(`ip netns exec ${name} sysctl -qw ${name.startsWith('host-') ? apart : quiet}`);
  }
  const cable = (one: string, oneEnd: string, other: string, otherEnd: string): void => {
    lines.push(`ip link add ${oneEnd} netns ${one} type veth peer name ${otherEnd} netns ${other}`);
    for (const [name, end] of [
      [one, oneEnd],
      [other, otherEnd],
    ]) {
      lines.push(`ip netns exec ${name} ethtool -K ${end} ${OFFLOADS} >/dev/null 2>&1`);
      lines.push(`ip -n ${name} link set ${end} up`);
    }
  };
  const give = (name: string, end: string, { ipv4, ipv6 }: Required<Addresses>): void => {
    lines.push(
      `ip -n ${name} addr add ${ipv4}/24 dev ${end}`,
      `ip -n ${name} addr add ${ipv6}/64 dev ${end} nodad`,
    );
  };
  const route = (name: string, { ipv4, ipv6 }: Required<Addresses>): void => {
    lines.push(
      `ip -n ${name} route add default via ${ipv4}`,
      `ip -n ${name} -6 route add default via ${ipv6}`,
    );
  };
  for (const host of hostKeys) {
    if (host === 'd') {
      cable('host-d', 'uplink', 'host-a', 'to-d');
    } else {
      cable(`host-${host}`, 'uplink', 'router', `to-${host}`);
      give('router', `to-${host}`, address.gateway(host));
    }
    for (const guest of guestKeys) {
      cable(guest, `${host}0`, `host-${host}`, `tap-${guest}`);
      lines.push(
        `ip -n ${guest} link set ${host}0 down`,
        `ip -n ${guest} link set ${host}0 address ${mac(guest)}`,
      );
    }
  }
  cable(`host-${EDGE}`, 'uplink', 'router', 'to-x');
  cable('client', 'eth0', `host-${EDGE}`, 'in-client');
  give('client', 'eth0', address.client);
  give('router', 'to-x', { ipv4: '203.0.113.1', ipv6: '2001:db8:f::1' });
  route('client', { ipv4: '203.0.113.1', ipv6: '2001:db8:f::1' });
  cable('stranger', 'eth0', 'router', 'to-y');
  give('stranger', 'eth0', address.stranger);
  give('router', 'to-y', { ipv4: '198.51.100.1', ipv6: '2001:db8:e::1' });
  route('stranger', { ipv4: '198.51.100.1', ipv6: '2001:db8:e::1' });
  cable('neighbour', 'eth0', 'host-a', 'lan');
  give('neighbour', 'eth0', address.neighbour);
  route('neighbour', address.gateway('a'));
  lines.push('ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  return lines.join('\n');
}
