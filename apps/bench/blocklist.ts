/**
 * A million blocked sources in one real bridge: what it takes to put them there, and what is left of an established
 * connection while packets come from 40,000 random sources, listed and not.
 *
 * The peer is what one does by hand: a drop for each source in front of conntrack, put there by
 * `ovs-ofctl --bundle`. Both meet the same sources and the same packets, each with a switch of its own.
 *
 *     client ── veth ── bridge ── veth ── guest        a namespace each
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bridgeView } from '../../controller/network/bridge-view.ts';
import { blocked, sourcesAdded } from '../../controller/network/blocklist-changes.ts';
import { blocklistChanged, bridgeSeen, placed } from '../../controller/network/changes.ts';
import { declare } from '../../controller/network/declare.ts';
import type { NetworkState } from '../../controller/network/model.ts';
import { compile, type Program } from '../../controller/switches/program.ts';
import { packageRoot } from '../../topologies/lab/package-root.ts';
import { recipes } from '../recipes.ts';
import type { Benchmark, Case } from './benchmark.ts';
import { LoopStall } from './loop-stall.ts';
import { Namespace } from './namespace.ts';
import { OpenVSwitch } from './open-vswitch.ts';
import { Switches } from './switches.ts';

const SIZE = 1_000_000;
const PART = 100_000;
const SOURCES = 40_000;
const PACKETS_PER_SECOND = 20_000;
const GOODPUT = 100;
const SECONDS = 6;
const LOOK_MS = 500;
const BRIDGE = 'br0';
const CLIENT = '10.1.0.50';
const GUEST = '10.1.0.100';
const GUEST_MAC = '52:54:00:00:00:01';
const MEBIBYTE = 2 ** 20;

const execute = promisify(execFile);
const script = (name: string): string => join(packageRoot, 'apps/bench', name);

export const blocklist: Benchmark = {
  name: 'blocklist',
  title: 'a million blocked sources in one bridge, and packets from random sources',
  run: async (say) => {
    const sources = randomSources(SIZE);
    say('ours');
    const ours = await measureOurs(sources);
    say('by hand');
    const hand = await measureByHand(sources);
    return { cases: casesOf(ours, hand), notes: NOTES };
  },
};

const NOTES = [
  `${SIZE} random IPv4 addresses; ${PACKETS_PER_SECOND} SYNs/s for ${SECONDS} s from ${SOURCES} random sources, every second one listed`,
  `beside it one established TCP connection of ${GOODPUT} Mbit/s; "worst" is its worst whole second`,
  'by hand: a drop for each source in a table before conntrack, put there by ovs-ofctl -O OpenFlow15 --bundle',
  'memory is what ovs-vswitchd grew by (VmRSS)',
];

interface Figures {
  readonly installMs: number;
  readonly memory: number;
  readonly quiet: number;
  readonly during: number;
  readonly worst: number;
  readonly megaflows: number;
  readonly lost: number;
}

async function measureOurs(sources: readonly string[]) {
  await using ovs = await OpenVSwitch.start();
  const switches = await Switches.listen(ovs);
  await using bed = await Bed.build(ovs);
  try {
    const bridge = await switches.attach();
    let state = network();
    let program = derive(state);
    await bridge.put(program);
    const before = await bed.memory();
    let stallMs = 0;
    const start = performance.now();
    // In parts, as they come over the API, though larger ones: what holds the event loop is looked for while they are sent.
    for (let at = 0; at < sources.length; at += PART) {
      const part = sources.slice(at, at + PART);
      state = blocklistChanged(at === 0 ? blocked(WISH, part) : sourcesAdded(1, part))(state);
      program = derive(state, program);
      using stall = new LoopStall();
      await bridge.put(program);
      stallMs = Math.max(stallMs, stall.longest);
    }
    const installMs = performance.now() - start;
    const memory = (await bed.memory()) - before;
    const controllerMemory = process.memoryUsage().rss / MEBIBYTE;

    const again = performance.now();
    state = blocklistChanged(sourcesAdded(1, ['198.51.100.7']))(state);
    program = derive(state, program);
    await bridge.put(program);
    const changeMs = performance.now() - again;

    const traffic = await bed.underAttack(sources);
    const size = [...program.values()].reduce((sum, { flows }) => sum + [...flows].length, 0);
    const readBackMs = await switches.readBack(bridge, size);
    return { installMs, stallMs, memory, controllerMemory, changeMs, readBackMs, ...traffic };
  } finally {
    switches.close();
  }
}

async function measureByHand(sources: readonly string[]): Promise<Figures> {
  await using ovs = await OpenVSwitch.start();
  await using bed = await Bed.build(ovs);
  const before = await bed.memory();
  const file = ovs.path('flows');
  await writeFile(file, byHand(sources));
  const start = performance.now();
  await ovs.ofctl(['--bundle', 'add-flows'], BRIDGE, file);
  const installMs = performance.now() - start;
  const memory = (await bed.memory()) - before;
  return { installMs, memory, ...(await bed.underAttack(sources)) };
}

function casesOf(ours: Awaited<ReturnType<typeof measureOurs>>, hand: Figures): Case[] {
  const pair = (what: string, unit: string, better: Case['better'], key: keyof Figures): Case[] => [
    { what: `${what}, by hand`, unit, better, runs: [hand[key]] },
    { what, unit, better, runs: [ours[key]], peer: `${what}, by hand` },
  ];
  return [
    ...pair('install', 'ms', 'lower', 'installMs'),
    {
      what: 'longest hold of the event loop while a part is sent',
      unit: 'ms',
      better: 'lower',
      runs: [ours.stallMs],
    },
    ...pair('memory of ovs-vswitchd', 'MiB', 'lower', 'memory'),
    {
      what: 'memory of the controller, all in all',
      unit: 'MiB',
      better: 'lower',
      runs: [ours.controllerMemory],
    },
    { what: 'one source more', unit: 'ms', better: 'lower', runs: [ours.changeMs] },
    { what: 'read back, all the same', unit: 'ms', better: 'lower', runs: [ours.readBackMs] },
    ...pair('goodput, quiet', 'Mbit/s', 'higher', 'quiet'),
    ...pair('goodput, random sources', 'Mbit/s', 'higher', 'during'),
    ...pair('goodput, random sources, worst', 'Mbit/s', 'higher', 'worst'),
    ...pair('megaflows', 'flows', 'lower', 'megaflows'),
    { what: 'failed upcalls, by hand', unit: 'upcalls', better: 'lower', runs: [hand.lost] },
    { what: 'failed upcalls', unit: 'upcalls', better: 'lower', runs: [ours.lost] },
  ];
}

const WISH = {
  origin: 'list',
  reason: 'benchmark',
  verdict: undefined,
  guest: undefined,
  createdAt: 0,
  expires: undefined,
} as const;

/** One host, one guest at home on it. */
function network(): NetworkState {
  const declared = declare({
    name: 'bench',
    sites: [{ name: 'a', subnets: [{ prefix: '10.1.0.0/24', gateway: '10.1.0.1' }] }],
    hosts: [
      {
        name: 'a',
        site: 'a',
        underlay: '10.1.0.10',
        ovsdb: 'unix:/nonexistent',
        bridge: BRIDGE,
        uplink: 'uplink',
        libvirt: 'test:///',
        migration: 'test:///',
        capacity: { memoryMiB: 1024, guests: 1 },
      },
    ],
    edges: [],
    guests: [
      {
        name: 'web',
        uuid: '00000000-0000-0000-0000-000000000001',
        host: 'a',
        memoryMiB: 128,
        interfaces: [{ mac: GUEST_MAC, interfaceId: 'web', addresses: [GUEST] }],
        services: [],
      },
    ],
  });
  const datapath = { type: 'netdev', ovsVersion: 'unknown', capabilities: new Map<string, string>() };
  const ports = new Map([
    ['uplink', { name: 'uplink', ofport: 1 }],
    ['tap', { name: 'tap', ofport: 2, attachedMac: GUEST_MAC, ifaceId: 'web' }],
  ]);
  const seen = { host: 'a', datapathId: '0000000000000001', ports, mac: '02:00:00:00:00:01', datapath };
  return placed('web', 'a')(bridgeSeen('a', seen)(declared));
}

function derive(state: NetworkState, before?: Program): Program {
  return compile(recipes(bridgeView(state, 'a')!, state), before);
}

/** What one would write by hand. */
function byHand(sources: readonly string[]): string {
  const drops = sources.map((source) => `table=10,priority=100,ip,nw_src=${source},actions=drop`);
  return `table=0,priority=100,arp,actions=NORMAL
table=0,priority=100,ip,in_port=1,actions=goto_table:10
table=0,priority=100,ip,in_port=2,actions=ct(zone=2,table=52)
${drops.join('\n')}
table=10,priority=0,ip,actions=ct(zone=2,table=31)
table=31,priority=300,ct_state=+trk+inv,actions=drop
table=31,priority=200,ct_state=+trk+est,actions=output:2
table=31,priority=100,ip,ct_state=+trk+new,actions=ct(commit,zone=2),output:2
table=52,priority=200,ct_state=+trk+est,actions=output:1
table=52,priority=100,ip,ct_state=+trk+new,actions=ct(commit,zone=2),output:1
`;
}

/** Different addresses of the unicast range, the same ones in every run. */
function randomSources(count: number): string[] {
  const found = new Set<number>();
  let state = 1;
  while (found.size < count) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if (state >= 0x0b00_0000 && state < 0xdf00_0000) found.add(state);
  }
  return [...found].map((value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'));
}

/** The namespaces beside the switch, and what goes on in them. */
class Bed implements AsyncDisposable {
  readonly #ovs: OpenVSwitch;
  readonly #client: Namespace;
  readonly #guest: Namespace;

  static async build(ovs: OpenVSwitch): Promise<Bed> {
    const bed = new Bed(ovs, await Namespace.open(), await Namespace.open());
    await bed.#wire();
    return bed;
  }

  private constructor(ovs: OpenVSwitch, client: Namespace, guest: Namespace) {
    this.#ovs = ovs;
    this.#client = client;
    this.#guest = guest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.close(), this.#guest.close()]);
  }

  /** Of `ovs-vswitchd`, in MiB. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.#ovs.switchPid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
  }

  /** Goodput for a while, then the same with packets from random sources. */
  async underAttack(listed: readonly string[]): Promise<Omit<Figures, 'installMs' | 'memory'>> {
    const file = this.#ovs.path('listed');
    await writeFile(file, listed.slice(0, SOURCES).join('\n'));
    const receiver = this.#guest.run('python3', script('goodput.py'), 'receive', GUEST, '80');
    await this.#guest.listening(80);
    const total = String(2 * SECONDS + 1);
    const sender = this.#client.run(
      'python3',
      script('goodput.py'),
      'send',
      GUEST,
      '80',
      String(GOODPUT),
      total,
    );
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
    const flood = this.#client.run(
      ...['python3', script('random-sources.py'), 'eth0', GUEST_MAC, GUEST, 'syn'],
      ...[String(PACKETS_PER_SECOND), String(SECONDS), String(SOURCES), '1', file],
    );
    let megaflows = 0;
    const running = Promise.all([flood, sender]);
    const ended = running.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([ended, sleep(LOOK_MS, false)]))) {
      megaflows = Math.max(megaflows, (await this.#datapath()).megaflows);
    }
    await running;
    const slots = JSON.parse(await receiver) as number[];
    const { lost } = await this.#datapath();
    const mean = (from: number, to: number): number =>
      slots.slice(from, to).reduce((sum, each) => sum + each, 0) / (to - from);
    const half = SECONDS * 10;
    // What builds up at the beginning of the flood's process is in neither.
    const seconds = Array.from({ length: SECONDS - 1 }, (_, i) =>
      mean(half + 10 + i * 10, half + 20 + i * 10),
    );
    return {
      quiet: mean(10, half),
      during: mean(half + 10, half * 2),
      worst: Math.min(...seconds),
      megaflows,
      lost,
    };
  }

  async #datapath(): Promise<{ megaflows: number; lost: number }> {
    const shown = await this.#ovs.run(
      'ovs-appctl',
      '-t',
      this.#ovs.path('ovs-vswitchd.ctl'),
      'dpctl/show',
      '-s',
    );
    return { megaflows: Number(/flows: (\d+)/.exec(shown)![1]), lost: Number(/lost:(\d+)/.exec(shown)![1]) };
  }

  async #wire(): Promise<void> {
    const into = String(this.#ovs.switchPid);
    for (const [port, namespace, address] of [
      ['uplink', this.#client, CLIENT],
      ['tap', this.#guest, GUEST],
    ] as const) {
      await execute('ip', [
        ...['link', 'add', port, 'netns', into, 'type', 'veth', 'peer', 'name', 'eth0', 'netns'],
        String(namespace.pid),
      ]);
      await execute('nsenter', ['-t', into, '-n', 'ip', 'link', 'set', port, 'up']);
      await execute('nsenter', [
        '-t',
        into,
        '-n',
        'ethtool',
        '-K',
        port,
        'tx',
        'off',
        'gso',
        'off',
        'gro',
        'off',
      ]);
      if (port === 'tap') await namespace.run('ip', 'link', 'set', 'eth0', 'address', GUEST_MAC);
      await namespace.run('ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off');
      await namespace.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      await namespace.run('ip', 'link', 'set', 'eth0', 'up');
    }
    await this.#guest.run('ip', 'route', 'add', 'default', 'via', CLIENT);
    await this.#ovs.addBridge(BRIDGE);
    await this.#ovs.vsctl(
      ...['add-port', BRIDGE, 'uplink', '--', 'set', 'interface', 'uplink', 'ofport_request=1'],
      ...['--', 'add-port', BRIDGE, 'tap', '--', 'set', 'interface', 'tap', 'ofport_request=2'],
    );
  }
}
