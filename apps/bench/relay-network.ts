/**
 * Two sites and a client behind an edge, with real Open vSwitch, programmed by the real fabric: what relaying is
 * measured in. Namespaces and veths; each switch has a datapath of its own, as on hosts of their own.
 *
 *     client ── br-int ── br-ex (x)          (a) br-ex ── br-int ── web, db
 *                              └──── router ──────┤
 *                                             (b) br-ex ── br-int ── web, db
 *
 * From the client to a and to b it is equally far. A guest is one namespace with an interface at each host, and runs
 * where its interface is up.
 */
import { execFile } from 'node:child_process';
import { connect, type Server } from 'node:net';
import { promisify } from 'node:util';
import { systemClock } from '../../controller/clock.ts';
import { TUNNEL_PORT } from '../../controller/network/bridge-view.ts';
import {
  admissionLimited,
  bridgeSeen,
  delivered,
  gatewayAnswered,
  placed,
} from '../../controller/network/changes.ts';
import { declare } from '../../controller/network/declare.ts';
import type { NetworkDescription } from '../../controller/network/description.ts';
import type { BridgePort, NetworkState } from '../../controller/network/model.ts';
import { Network } from '../../controller/network/network.ts';
import type { RelayMode } from '../../controller/network/relay.ts';
import { Fabric } from '../../controller/switches/fabric.ts';
import { SwitchListener } from '../../controller/switches/listener.ts';
import { anchorZone, relayZone, sourceZone } from '../../controller/switches/pipeline.ts';
import { withLeases } from '../migration/switchover.ts';
import { recipes } from '../recipes.ts';
import { RelayBenchFailedError } from './errors.ts';
import { Namespace } from './namespace.ts';
import { OpenVSwitch } from './open-vswitch.ts';

export const HOSTS = ['a', 'b'] as const;
export const EDGE = 'x';
const SWITCHES = [...HOSTS, EDGE] as const;
export const GUESTS = ['web', 'db'] as const;
type Host = (typeof HOSTS)[number];
type Switch = (typeof SWITCHES)[number];
export type Guest = (typeof GUESTS)[number];

const BRIDGE = 'br-int';
const UPLINK = 'int-uplink';
const UPLINK_PORT = 1;
const TUNNEL = 2;
const INSIDE_PORT = 3;
const READY_MS = 20_000;
/** All its connections begin in a few seconds: more than a guest's meter lets in. */
const ADMITTED_PER_SECOND = 1_000_000;

const CLIENT = '203.0.113.11';
const SUBNET = { a: '10.1.0', b: '10.2.0', x: '203.0.113' } as const;
const underlay = (at: Switch): string => `${SUBNET[at]}.10`;
const gateway = (at: Switch): string => `${SUBNET[at]}.1`;
const numberOf = (guest: Guest): number => 100 + GUESTS.indexOf(guest);
export const addressOf = (guest: Guest): string => `${SUBNET.a}.${numberOf(guest)}`;
const macOf = (guest: Guest): string => `52:54:00:00:00:${numberOf(guest).toString(16)}`;
const routerMac = (at: Switch): string => `02:aa:00:00:00:0${SWITCHES.indexOf(at)}`;
const bridgeMac = (at: Switch): string => `02:00:00:00:00:0${SWITCHES.indexOf(at)}`;
const datapathId = (at: Switch): string => `000000000000000${SWITCHES.indexOf(at) + 1}`;

const execute = promisify(execFile);

const ofSwitch = (at: Switch) => ({
  name: at,
  site: at,
  underlay: underlay(at),
  ovsdb: 'unix:/nonexistent',
  bridge: BRIDGE,
  uplink: UPLINK,
});

const description: NetworkDescription = {
  name: 'bench',
  sites: SWITCHES.map((at) => ({
    name: at,
    subnets: [
      {
        prefix: `${SUBNET[at]}.0/24`,
        gateway: gateway(at),
        careOf: { first: `${SUBNET[at]}.200`, last: `${SUBNET[at]}.230` },
      },
    ],
  })),
  hosts: HOSTS.map((at) => ({
    ...ofSwitch(at),
    libvirt: 'test:///',
    migration: 'test:///',
    capacity: { memoryMiB: 1024, guests: GUESTS.length },
  })),
  edges: [{ ...ofSwitch(EDGE), redirect: true }],
  guests: GUESTS.map((guest) => ({
    name: guest,
    uuid: `00000000-0000-0000-0000-000000000${numberOf(guest)}`,
    host: 'a',
    memoryMiB: 128,
    interfaces: [{ mac: macOf(guest), interfaceId: guest, addresses: [addressOf(guest)] }],
    services: [],
  })),
};

export class RelayNetwork implements AsyncDisposable {
  readonly client: Namespace;
  readonly #guests: ReadonlyMap<Guest, Namespace>;
  readonly #router: Namespace;
  readonly #switches: ReadonlyMap<Switch, OpenVSwitch>;
  readonly #network = new Network(declare(description));
  readonly #fabric: Fabric;
  readonly #listener: SwitchListener;
  /** Where the bridges look for their controller. */
  readonly #servers: Server[] = [];
  readonly #ready = new Set<string>();
  readonly #problems: string[] = [];

  static async open(): Promise<RelayNetwork> {
    const [client, router, ...guests] = await Promise.all(
      ['client', 'router', ...GUESTS].map(() => Namespace.open()),
    );
    const switches = await Promise.all(SWITCHES.map(() => OpenVSwitch.start()));
    const network = new RelayNetwork(
      client!,
      router!,
      new Map(GUESTS.map((guest, i) => [guest, guests[i]!])),
      new Map(SWITCHES.map((at, i) => [at, switches[i]!])),
    );
    try {
      await network.#build();
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  private constructor(
    client: Namespace,
    router: Namespace,
    guests: ReadonlyMap<Guest, Namespace>,
    switches: ReadonlyMap<Switch, OpenVSwitch>,
  ) {
    this.client = client;
    this.#router = router;
    this.#guests = guests;
    this.#switches = switches;
    this.#fabric = new Fabric(this.#network.state, recipes, 1n, systemClock, {
      onFresh: () => undefined,
      onReady: (at) => this.#ready.add(at),
      onLost: (at) => this.#problems.push(`bridge ${at} was lost`),
      onMessage: (at, message) => {
        if (message.type === 'error') this.#problems.push(`${at}: ${JSON.stringify(message.error)}`);
      },
      onError: (at, error) => this.#problems.push(`${at}: ${error.message}`),
    });
    this.#network.follow((state) => this.#fabric.update(state));
    this.#listener = new SwitchListener(systemClock, {
      onSwitch: (session) => this.#fabric.switchConnected(session),
      onRefused: (peer, error) => this.#problems.push(`${peer}: ${error.message}`),
      onMessage: (message, session) => this.#fabric.message(session, message),
      onClosed: (_reason, session) => this.#fabric.switchClosed(session),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#switches.values()].map((one) => one.stop()));
    for (const server of this.#servers) server.close();
    await this.#listener.close();
    await Promise.all([this.client, this.#router, ...this.#guests.values()].map((one) => one.close()));
  }

  guest(name: Guest): Namespace {
    return this.#guests.get(name)!;
  }

  /** Every guest at home, and nothing remembered anywhere. */
  async reset(): Promise<void> {
    this.#network.update((state) => ({ ...state, placements: new Map(), anchors: new Map() }));
    for (const guest of GUESTS) {
      this.#network.update(placed(guest, 'a'));
      this.#network.update(admissionLimited(guest, { perSecond: ADMITTED_PER_SECOND }));
      await this.#run(guest, 'a');
    }
    await this.#settled();
    for (const { number } of this.#interfaces(GUESTS)) {
      for (const zone of [anchorZone(number), relayZone(number), sourceZone(number)]) {
        await Promise.all(SWITCHES.map((at) => this.#fabric.flushZone(at, zone)));
      }
    }
  }

  /** The guest goes on at the other host, with its connections relayed there. */
  async move(guest: Guest, to: Host, relay: RelayMode): Promise<void> {
    const known = this.#network.state.guests.get(guest)!;
    this.#network.update((state) => withLeases(state, known, to, relay));
    await this.#settled();
    for (const { number } of this.#interfaces([guest])) await this.#fabric.flushZone(to, relayZone(number));
    await this.#run(guest, to);
    this.#network.update(delivered(guest, to));
    this.#network.update(placed(guest, to));
    await this.#settled();
  }

  /** Of all bridges. */
  async flows(): Promise<number> {
    const dumps = await Promise.all(
      [...this.#switches.values()].map((ovs) => ovs.ofctl(['dump-flows', '--no-stats'], BRIDGE)),
    );
    return dumps.flatMap((dump) => dump.split('\n')).filter((line) => line.includes('actions=')).length;
  }

  /** Connections that the edge tracks. */
  async tracked(): Promise<number> {
    const ovs = this.#switches.get(EDGE)!;
    return Number(await ovs.run('ovs-appctl', '-t', ovs.path('ovs-vswitchd.ctl'), 'dpctl/ct-get-nconns'));
  }

  async #settled(): Promise<void> {
    await this.#fabric.settled();
    await Promise.all(
      [...this.#switches.values()].map((ovs) =>
        ovs.run('ovs-appctl', '-t', ovs.path('ovs-vswitchd.ctl'), 'revalidator/purge'),
      ),
    );
    if (this.#problems.length > 0) throw new RelayBenchFailedError(this.#problems.join('; '));
  }

  #interfaces(guests: readonly Guest[]) {
    return guests.flatMap((guest) => this.#network.state.guests.get(guest)!.interfaces);
  }

  async #run(guest: Guest, at: Host): Promise<void> {
    const lines = [
      ...HOSTS.flatMap((host) => [`link set ${host}0 down`, `addr flush dev ${host}0`]),
      `link set ${at}0 up`,
      `addr add ${addressOf(guest)}/24 dev ${at}0`,
      `route replace default via ${gateway('a')}`,
    ];
    for (const line of lines) await this.guest(guest).run('ip', ...line.split(' '));
  }

  // ── How it is built ────────────────────────────────────────────────────────────────────────────────────

  async #build(): Promise<void> {
    const port = await this.#listener.listen(0, '127.0.0.1');
    await this.#wire();
    await Promise.all(SWITCHES.map((at) => this.#bridge(at, port)));
    for (const at of SWITCHES) {
      this.#network.update(bridgeSeen(at, seen(at)));
      this.#network.update(gatewayAnswered(`${SUBNET[at]}.0/24`, routerMac(at)));
    }
    const deadline = performance.now() + READY_MS;
    while (this.#ready.size < SWITCHES.length) {
      if (performance.now() > deadline) {
        throw new RelayBenchFailedError(`only ${[...this.#ready].join()} came under control`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // OVS drops a packet whose tunnel's next hop it does not know, and learns that from answers to ARP alone.
    for (const at of HOSTS) await this.#inside(at, 'ping', '-q', '-c', '1', '-W', '2', gateway(at));
    await this.reset();
  }

  /** A command in a switch's network namespace. */
  async #inside(at: Switch, ...argv: readonly string[]): Promise<void> {
    await execute('nsenter', ['-t', String(this.#switches.get(at)!.switchPid), '-n', ...argv]);
  }

  async #wire(): Promise<void> {
    const pid = (at: Switch): number => this.#switches.get(at)!.switchPid;
    for (const at of SWITCHES) {
      await cable([pid(at), 'uplink'], [this.#router.pid, `to-${at}`], routerMac(at));
      await this.#router.run('ip', 'addr', 'add', `${gateway(at)}/24`, 'dev', `to-${at}`);
    }
    await this.#router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0');
    await cable([pid(EDGE), 'in-client'], [this.client.pid, 'eth0']);
    await this.client.run('ip', 'addr', 'add', `${CLIENT}/24`, 'dev', 'eth0');
    await this.client.run('ip', 'route', 'add', 'default', 'via', gateway(EDGE));
    for (const guest of GUESTS) {
      for (const at of HOSTS) {
        await cable([pid(at), `tap-${guest}`], [this.guest(guest).pid, `${at}0`], macOf(guest));
      }
    }
  }

  /** The bridges of a switch; the only controller that a bridge connects to is a socket of its own directory. */
  async #bridge(at: Switch, port: number): Promise<void> {
    const ovs = this.#switches.get(at)!;
    const server = await ovs.controller((fromSwitch) => {
      const toListener = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [fromSwitch, toListener],
        [toListener, fromSwitch],
      ] as const) {
        one.setNoDelay(true);
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    this.#servers.push(server);
    const addPort = (bridge: string, name: string, ...more: string[]): string[] => [
      ...['--', 'add-port', bridge, name],
      ...(more.length === 0 ? [] : ['--', 'set', 'Interface', name, ...more]),
    ];
    const addBridge = (bridge: string, ...more: string[]): string[] => [
      ...['--', 'add-br', bridge, '--', 'set', 'Bridge', bridge, 'datapath_type=netdev', ...more],
    ];
    const stations =
      at === EDGE
        ? addPort(BRIDGE, 'in-client', `ofport_request=${INSIDE_PORT}`)
        : GUESTS.flatMap((guest) => addPort(BRIDGE, `tap-${guest}`, `ofport_request=${numberOf(guest)}`));
    // All in one: a bridge whose identity changes leaves its controller.
    await ovs.vsctl(
      ...addBridge('br-ex'),
      ...addPort('br-ex', 'uplink'),
      ...addPort('br-ex', 'ex-int', 'type=patch', `options:peer=${UPLINK}`),
      ...addBridge(
        ...([BRIDGE, 'fail_mode=secure', 'protocols=OpenFlow15'] as const),
        `other_config:datapath-id=${datapathId(at)}`,
        `other_config:hwaddr="${bridgeMac(at)}"`,
      ),
      ...addPort(BRIDGE, UPLINK, 'type=patch', 'options:peer=ex-int', `ofport_request=${UPLINK_PORT}`),
      ...addPort(
        ...([BRIDGE, TUNNEL_PORT, 'type=geneve', 'options:remote_ip=flow', 'options:key=flow'] as const),
        `ofport_request=${TUNNEL}`,
      ),
      ...stations,
      ...['--', 'set-controller', BRIDGE, `unix:${ovs.path('ctl')}`],
      ...['--', 'set', 'Controller', BRIDGE, 'connection_mode=out-of-band', 'max_backoff=1000'],
    );
    await this.#inside(at, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1');
    await this.#inside(at, 'ip', 'addr', 'add', `${underlay(at)}/24`, 'dev', 'br-ex');
    await this.#inside(at, 'ip', 'link', 'set', 'br-ex', 'up');
    await this.#inside(at, 'ip', 'route', 'add', 'default', 'via', gateway(at));
    await this.#inside(at, 'ethtool', '-K', 'br-ex', 'tx', 'off');
  }
}

function seen(at: Switch): Parameters<typeof bridgeSeen>[1] {
  const ports = new Map<string, BridgePort>([
    [UPLINK, { name: UPLINK, ofport: UPLINK_PORT }],
    [TUNNEL_PORT, { name: TUNNEL_PORT, ofport: TUNNEL }],
    ...(at === EDGE ? [] : GUESTS).map((guest): [string, BridgePort] => {
      const name = `tap-${guest}`;
      return [name, { name, ofport: numberOf(guest), attachedMac: macOf(guest), ifaceId: guest }];
    }),
  ]);
  const datapath: NonNullable<
    NetworkState['bridges'] extends ReadonlyMap<string, infer B> ? B : never
  >['datapath'] = { type: 'netdev', ovsVersion: 'unknown', capabilities: new Map<string, string>() };
  return { host: at, datapathId: datapathId(at), ports, mac: bridgeMac(at), datapath };
}

type End = readonly [pid: number, name: string];

/** A pair of interfaces without offloads, as OVS in user space needs it. */
async function cable(one: End, other: End, mac?: string): Promise<void> {
  const [[pid, name], [otherPid, otherName]] = [one, other];
  await execute('ip', [
    ...['link', 'add', name, 'netns', String(pid), 'type', 'veth'],
    ...['peer', 'name', otherName, 'netns', String(otherPid)],
  ]);
  const offloads = ['tx', 'rx', 'sg', 'tso', 'gso', 'gro'].flatMap((offload) => [offload, 'off']);
  for (const [owner, end] of [one, other]) {
    const inside = ['-t', String(owner), '-n'];
    await execute('nsenter', [...inside, 'ethtool', '-K', end, ...offloads]);
    if (owner === otherPid && mac !== undefined) {
      await execute('nsenter', [...inside, 'ip', 'link', 'set', end, 'address', mac]);
    }
    await execute('nsenter', [...inside, 'ip', 'link', 'set', end, 'up']);
  }
}
