/**
 * A controller that is nothing but a network state, a history and a stream of events: what the API shows, and what
 * tests change. Three hosts at two sites, an edge at one; `web` at home, `db` abroad, `idle` not running.
 */
import { BlocklistService } from '../../../apps/defence/blocklist.ts';
import type { ControllerView } from '../../../apps/api/view.ts';
import { EventStream, type ControllerEvent } from '../../../apps/events.ts';
import type { RelayReport } from '../../../apps/migration/drain-service.ts';
import { checkMigration } from '../../../apps/migration/plan.ts';
import type { Verdicts } from '../../../apps/defence/verdict.ts';
import { defended, flightChanged } from '../../../controller/network/changes.ts';
import { declare, nothingRemembered } from '../../../controller/network/declare.ts';
import type { NetworkDescription } from '../../../controller/network/description.ts';
import type { Flight } from '../../../controller/network/flight.ts';
import { hasEnded, type Migration, type Phase } from '../../../controller/network/migration.ts';
import type { Bridge, Host, NetworkState } from '../../../controller/network/model.ts';
import { Network } from '../../../controller/network/network.ts';
import {
  actions,
  type FlowDesc,
  instructions,
  match,
  type Message,
} from '../../../controller/openflow/index.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import type { FlowSource } from '../../../controller/switches/read-flows.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';

/** When the controller started: 2026-01-02T03:04:05Z. */
export const STARTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

const host = (name: string, site: string, underlay: string): NetworkDescription['hosts'][number] => ({
  name,
  site,
  underlay,
  ovsdb: `tcp:${underlay}:6640`,
  libvirt: `qemu+tcp://${underlay}/system`,
  migration: `qemu+tcp://${underlay}/system`,
  bridge: 'br-int',
  uplink: 'uplink',
  capacity: { memoryMiB: 1024, guests: 4 },
});

const guest = (
  name: string,
  at: string,
  number: number,
  addresses: string[],
): NetworkDescription['guests'][number] => ({
  name,
  uuid: `00000000-0000-4000-8000-00000000000${number}`,
  host: at,
  memoryMiB: 256,
  interfaces: [{ mac: `52:54:00:00:00:0${number}`, interfaceId: `${name}-0`, addresses }],
  services:
    number === 1
      ? [
          { protocol: 'tcp', port: 80 },
          { protocol: 'udp', port: 7 },
        ]
      : [],
});

const description: NetworkDescription = {
  name: 'fake',
  sites: [
    { name: 'A', subnets: [{ prefix: '10.1.0.0/24', gateway: '10.1.0.1' }] },
    {
      name: 'B',
      subnets: [
        { prefix: '10.2.0.0/24', gateway: '10.2.0.1', careOf: { first: '10.2.0.200', last: '10.2.0.249' } },
      ],
    },
  ],
  hosts: [host('a1', 'A', '10.1.0.11'), host('b1', 'B', '10.2.0.11'), host('b2', 'B', '10.2.0.12')],
  edges: [
    {
      name: 'eb',
      site: 'B',
      underlay: '10.2.0.5',
      ovsdb: 'tcp:10.2.0.5:6640',
      bridge: 'br-int',
      uplink: 'uplink',
      redirect: true,
    },
  ],
  guests: [
    guest('web', 'a1', 1, ['10.1.0.100', '2001:db8:1::100']),
    guest('db', 'a1', 2, ['10.1.0.101']),
    guest('idle', 'b1', 3, ['10.2.0.100']),
  ],
};

const bridge = (name: string, number: number, datapath: Bridge['datapath']): Bridge => ({
  host: name,
  datapathId: `000000000000000${number}`,
  ports: new Map(),
  mac: `02:00:00:00:00:0${number}`,
  datapath,
  graceUntil: 0,
});

export function fakeState(): NetworkState {
  const state = declare(description, {
    ...nothingRemembered,
    placements: new Map([
      ['web', 'a1'],
      ['db', 'b1'],
    ]),
    anchors: new Map([
      [
        1,
        [{ index: 1, host: 'a1', addresses: { ipv4: '10.1.0.100', ipv6: '2001:db8:1::100' }, admit: 'all' }],
      ],
      [
        2,
        [
          { index: 1, host: 'a1', addresses: { ipv4: '10.1.0.101' }, admit: 'established' },
          { index: 2, host: 'b1', addresses: { ipv4: '10.2.0.200' }, admit: 'all' },
        ],
      ],
    ]),
  });
  const capable = { type: 'netdev', ovsVersion: '3.1.0', capabilities: new Map([['ct_state', 'true']]) };
  return {
    ...state,
    bridges: new Map([
      ['a1', bridge('a1', 1, capable)],
      ['eb', bridge('eb', 9, capable)],
      [
        'b1',
        {
          ...bridge('b1', 2, {
            type: 'system',
            ovsVersion: '2.17.9',
            capabilities: new Map([
              ['ct_state_nat', 'false'],
              ['check_pkt_len', 'false'],
            ]),
          }),
          graceUntil: STARTED_AT + 60_000,
        },
      ],
    ]),
    hypervisors: new Map([
      ['a1', { host: 'a1', reachable: true, domains: new Map([['web', 'running']]) }],
      ['b1', { host: 'b1', reachable: true, domains: new Map([['db', 'paused']]) }],
      ['b2', { host: 'b2', reachable: false, domains: new Map() }],
    ]),
  };
}

export const fakeFlow = (given: Partial<FlowDesc>, packets: bigint, bytes: bigint): FlowDesc => ({
  table: 0,
  priority: 100,
  idleTimeout: 0,
  hardTimeout: 0,
  flags: 0,
  importance: 0,
  cookie: 0n,
  match: [],
  stats: { packetCount: packets, byteCount: bytes },
  instructions: [],
  ...given,
});

/** In no order, as OVS tells them. */
export const fakeFlows: readonly FlowDesc[] = [
  fakeFlow(
    {
      table: 40,
      priority: 10,
      cookie: cookie('migration', 'interface', 2),
      match: match({ reg0: 2 }),
      instructions: [instructions.apply(actions.output(7))],
    },
    1_234_567n,
    987_654_321n,
  ),
  fakeFlow({ table: 0, priority: 0, cookie: cookie('routing', 'bridge', 0) }, 0n, 0n),
  fakeFlow(
    {
      cookie: cookie('routing', 'interface', 1),
      match: match({ in_port: 4, eth_src: '52:54:00:00:00:01' }),
      instructions: [instructions.gotoTable(20)],
    },
    42n,
    4_200n,
  ),
  fakeFlow({ table: 200, priority: 1, instructions: [instructions.apply(actions.output(1))] }, 3n, 180n),
];

const ended: readonly Migration[] = [
  {
    id: '0123456789ab',
    guest: 'db',
    from: 'a1',
    to: 'b1',
    strategy: 'redirect',
    admit: 'established',
    maxBlackoutMs: 100,
    origin: 'controller',
    phase: 'drained',
    blackoutMs: 37.1234,
    copyMs: 7_600,
    entered: {
      planned: STARTED_AT + 1_000,
      preparing: STARTED_AT + 1_012.5,
      copying: STARTED_AT + 1_400,
      switching: STARTED_AT + 9_000,
      relaying: STARTED_AT + 9_040,
      drained: STARTED_AT + 60_000,
    },
  },
  {
    id: 'ba9876543210',
    guest: 'web',
    from: 'a1',
    to: 'b2',
    strategy: 'redirect',
    admit: 'all',
    maxBlackoutMs: 100,
    origin: 'noticed',
    phase: 'rolled-back',
    reason: 'the destination gave the guest up',
    entered: {
      planned: STARTED_AT + 70_000,
      preparing: STARTED_AT + 70_001,
      failed: STARTED_AT + 71_000,
      'rolled-back': STARTED_AT + 71_005,
    },
  },
];

/** One that is over and one that lasts. */
const fakeFlight: Flight = {
  id: 'f11e7',
  guest: 'db',
  from: 'a1',
  to: 'b1',
  verdicts: ['db-a1-syn-flood-0'],
  reason: 'the syn-flood comes from forged sources, or too many to block: about 4,000 seen',
  choice: 'b1 is the best of 2 hosts: 0 of 4 guests, no attack lately at site B',
  phase: 'safe',
  why: 'no attack at b1 for 2.0 s; 90 of usually 100 packets/s on connections that live',
  migration: 'm1',
  leftBehind: 3,
  entered: {
    planned: STARTED_AT + 10_000,
    moving: STARTED_AT + 10_002,
    verifying: STARTED_AT + 14_500,
    safe: STARTED_AT + 16_520,
  },
};

const fakeVerdicts: Verdicts = new Map(
  [
    {
      id: 'db-b1-icmp-flood-1',
      guest: 'db',
      host: 'b1',
      kind: 'icmp-flood' as const,
      since: STARTED_AT + 20_000,
      decided: STARTED_AT + 20_200,
      updated: STARTED_AT + 50_000,
      ended: STARTED_AT + 50_000,
      why: '2,500 ICMP packets a second (usual 0.2, limit 500)',
      unit: 'packets/s' as const,
      rate: 3,
      baseline: 0.2,
      threshold: 500,
      peak: 2_600,
      origin: 'spoofed' as const,
      sources: [],
      distinctSources: 812,
    },
    {
      id: 'web-a1-connection-flood-2',
      guest: 'web',
      host: 'a1',
      kind: 'connection-flood' as const,
      since: STARTED_AT + 80_000,
      decided: STARTED_AT + 80_300,
      updated: STARTED_AT + 81_000,
      why: '412 connections a second, 96 % of them from 1 source beyond what a client opens (usual 4.0, limit 100)',
      unit: 'connections/s' as const,
      rate: 412,
      baseline: 4,
      threshold: 100,
      peak: 431.4,
      origin: 'real' as const,
      sources: [{ prefix: '198.51.100.7/32', rate: 395, confidence: 1, proven: true }],
      distinctSources: 9,
    },
  ].map((verdict) => [verdict.id, verdict]),
);

export class FakeController implements ControllerView {
  readonly startedAt = STARTED_AT;
  readonly network = new Network(flightChanged(fakeFlight)(fakeState()));
  readonly blocklist = new BlocklistService(this.network, new ManualClock(STARTED_AT));
  /** The migrations of its history. */
  readonly remembered = new Map<string, Migration>(ended.map((migration) => [migration.id, migration]));
  /** Hosts whose bridges are connected, and whether their flows are as they should be. */
  readonly bridges = new Map<string, boolean>([
    ['a1', true],
    ['b1', false],
    ['eb', true],
  ]);
  /** The name of `web` is right, that of `db` is late, `idle` has none. */
  readonly naming: ControllerView['naming'] = {
    report: (name) =>
      ({
        web: {
          name: 'web.example.test',
          published: ['10.1.0.100', '2001:db8:1::100'],
          wanted: ['10.1.0.100', '2001:db8:1::100'],
          problem: undefined,
        },
        db: {
          name: 'db.example.test',
          published: undefined,
          wanted: ['10.2.0.200'],
          problem: 'name server 192.0.2.53 cannot be reached: no answer within 2 s',
        },
      })[name],
  };
  /** Another value after each change, as the controller's is. */
  get history(): ReadonlyMap<string, Migration> {
    return new Map(this.remembered);
  }

  /** What `begin` was given. */
  readonly wishes: unknown[][] = [];
  readonly aborted: string[] = [];
  /** Those who follow the events. */
  listeners = 0;
  /** What a bridge does when it is asked for its flows. */
  answer: () => Promise<Message[]> = () =>
    Promise.resolve([{ type: 'flow_desc_reply', flags: 0, flows: fakeFlows }]);
  readonly #events = new EventStream();

  readonly fabric = {
    ready: (name: string): boolean => this.bridges.get(name) === true,
    session: (name: string): FlowSource | undefined =>
      this.bridges.has(name) ? { requestAll: () => this.answer() } : undefined,
  };

  readonly events = {
    on: (listener: (event: ControllerEvent) => void): (() => void) => {
      const off = this.#events.on(listener);
      this.listeners += 1;
      return () => {
        off();
        this.listeners -= 1;
      };
    },
  };

  readonly migrations: ControllerView['migrations'] = {
    begin: (name, to, options) => {
      this.wishes.push([name, to, options ?? {}]);
      const { from } = checkMigration(this.network.state, name, to);
      const migration: Migration = {
        id: 'feedfacecafe',
        guest: name,
        from,
        to,
        strategy: options?.strategy ?? 'redirect',
        admit: options?.admit ?? 'all',
        maxBlackoutMs: options?.maxBlackoutMs ?? 100,
        origin: 'controller',
        phase: 'planned',
        entered: { planned: STARTED_AT + 100_000 },
      };
      this.put(migration);
      return migration;
    },
    abort: (name) => {
      this.aborted.push(name);
      return Promise.resolve();
    },
  };

  /** What each relay is said to have carried, by interface and index. */
  readonly reports = new Map<string, RelayReport>([
    ['2/1', { packets: 1_234, bytes: 567_890, idleSince: STARTED_AT + 30_000, goesAt: undefined }],
  ]);
  readonly released: unknown[] = [];
  /** What `release` refuses with. */
  refusal: Error | undefined;

  readonly relays: ControllerView['relays'] = {
    report: (nic, index) => this.reports.get(`${nic}/${index}`),
    release: (name, anchor) => {
      this.released.push([name, anchor]);
      return this.refusal === undefined ? Promise.resolve() : Promise.reject(this.refusal);
    },
  };

  readonly defence: ControllerView['defence'] & { verdicts: Verdicts } = {
    verdicts: fakeVerdicts,
    defend: (name, policy) => {
      this.network.update(defended(name, policy));
    },
  };

  /** Declares what a host can hold. */
  resize(name: string, capacity: Host['capacity']): void {
    this.network.update((state) => {
      const host = { ...state.hosts.get(name)!, capacity };
      return { ...state, hosts: new Map(state.hosts).set(name, host) };
    });
  }

  put(migration: Migration): void {
    this.remembered.set(migration.id, migration);
    const { state } = this.network;
    const migrations = new Map(state.migrations).set(migration.guest, migration);
    if (hasEnded(migration.phase)) migrations.delete(migration.guest);
    this.network.update(() => ({ ...state, migrations }));
  }

  /** The migration enters a phase, and says so. */
  enter(id: string, phase: Phase, at: number, more: Partial<Migration> = {}): void {
    const before = this.remembered.get(id)!;
    this.put({ ...before, ...more, phase, entered: { ...before.entered, [phase]: at } });
    this.emit({ at, level: 'info', subject: `guest ${before.guest}`, message: phase });
  }

  emit(event: ControllerEvent): void {
    this.#events.emit(event);
  }
}
