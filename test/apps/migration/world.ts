/**
 * Two libvirtds, bridges that do what they are told, and a controller that can be killed and started again: what the
 * migration service sees of the world, scripted.
 */
import { MigrationService } from '../../../apps/migration/service.ts';
import type { Moment } from '../../../apps/events.ts';
import type { Hypervisor } from '../../../controller/hypervisors/hypervisor.ts';
import { LibvirtClosedError, type LibvirtEvent } from '../../../controller/libvirt/index.ts';
import {
  bridgeSeen,
  domainChanged,
  gatewayAnswered,
  hypervisorLost,
  hypervisorSeen,
} from '../../../controller/network/changes.ts';
import { declare, nothingRemembered, type Remembered } from '../../../controller/network/declare.ts';
import type { Migration } from '../../../controller/network/migration.ts';
import type { DomainState, NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import { Network } from '../../../controller/network/network.ts';
import type { Fabric } from '../../../controller/switches/fabric.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { bridge, description } from '../../controller/network/sites.ts';

export const FROM = 'home-1';
export const TO = 'away-1';
export const OTHER = 'bare-1';
const hosts = description.hosts.map(({ name }) => name);

interface Call {
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class World {
  readonly clock = new ManualClock();
  /** What libvirt has of `web`, by host. */
  readonly domains = new Map<HostName, DomainState>([[FROM, 'running']]);
  /** Daemons that cannot be reached. */
  readonly away = new Set<HostName>();
  job = false;
  /** The port of `web`'s interface at the destination. */
  attached = false;
  /** How often libvirt was asked to migrate. */
  asked = 0;
  downtimes: number[] = [];
  moments: Moment[] = [];
  problems: string[] = [];
  /** What the controller did with what it had staged, and where it wants traffic: in order. */
  deeds: string[] = [];
  network!: Network;
  service!: MigrationService;
  /** The bridge at the destination is under control. */
  ready = true;
  /** Meters that are shut let nothing pass. */
  metersHold = true;
  /** Bridges acknowledge what is committed. */
  acknowledges = true;
  /** Bridges have what was decided; else they have it when `settle` says so. */
  settles = true;
  #settle: () => void = () => undefined;
  #call: Call | undefined;
  #stored: Remembered = nothingRemembered;
  #alive = 0;

  /** With a controller that knows where everything is. */
  static async start(): Promise<World> {
    const world = new World();
    await world.startController();
    return world;
  }

  get migration(): Migration {
    return this.network.state.migrations.get('web')!;
  }

  /** All that is promised to happen now has happened. */
  async calm(): Promise<void> {
    for (let i = 0; i < 50; i++) await Promise.resolve();
  }

  /** Time passes, in steps in which answers arrive. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.advance(Math.min(left, 100));
      await this.calm();
    }
  }

  kill(): void {
    this.#alive++;
    this.service.close();
    this.deeds.push('killed');
  }

  /** A new one, from what the store has. */
  async startController(): Promise<void> {
    const life = ++this.#alive;
    const isAlive = (): boolean => life === this.#alive;
    const network = new Network(declare(description, this.#stored), (error) =>
      this.problems.push(error.message),
    );
    this.network = network;
    this.#call = undefined;
    network.follow((state) => {
      if (isAlive()) this.#store(state);
    });
    this.service = new MigrationService({
      network,
      fabric: this.#fabric(),
      hypervisors: new Map(hosts.map((host) => [host, this.#hypervisor(host)])),
      clock: this.clock,
      newId: () => `migration-${life}`,
      saved: () => Promise.resolve(),
      onError: (error) => this.problems.push(error.message),
      onWarning: (_, warning) => this.problems.push(warning),
      onMoment: (moment) => this.moments.push(moment),
    });
    this.service.adopt();
    for (const host of hosts) this.seeBridge(host);
    for (const { prefix } of description.sites.flatMap(({ subnets }) => subnets)) {
      network.update(gatewayAnswered(prefix, '02:aa:00:00:00:01'));
    }
    this.service.bridgeReady();
    for (const host of hosts) this.seeDomains(host);
    await this.calm();
  }

  // ── What happens, and what the controller is told of it ─────────────────────────────────────────────────

  seeBridge(host: HostName): void {
    const plugged = host === FROM ? this.domains.has(FROM) : host === TO && this.attached;
    this.network.update(bridgeSeen(host, plugged ? bridge(host, 'web') : bridge(host)));
  }

  /** The session with the host's libvirtd begins. */
  seeDomains(host: HostName): void {
    if (this.away.has(host)) {
      this.network.update(hypervisorLost(host));
      return;
    }
    const domain = this.domains.get(host);
    const domains = new Map(domain === undefined ? [] : [['web', domain]]);
    this.service.resynced(host, domains);
    this.network.update(hypervisorSeen(host, domains));
  }

  /** A lifecycle event: what it says of the domain becomes true, and is told. */
  say(host: HostName, said: string): void {
    const [event, detail] = said.split(' ') as [string, string];
    const state = { started: 'incoming', suspended: 'paused', resumed: 'running' }[event] as
      DomainState | undefined;
    if (state === undefined) this.domains.delete(host);
    else this.domains.set(host, state);
    const domain = { name: 'web', uuid: '00000000-0000-0000-0000-000000000001', id: 1 };
    const base = { kind: 'lifecycle', domain, receivedAt: this.clock.now() };
    this.service.heard({ ...base, event, detail } as LibvirtEvent, host);
    this.network.update(domainChanged(host, 'web', state));
  }

  /** The same, and nobody hears it. */
  happens(host: HostName, state: DomainState | undefined): void {
    if (state === undefined) this.domains.delete(host);
    else this.domains.set(host, state);
  }

  /** libvirt's Prepare phase is over: the destination has a domain, and its port. */
  arrives(): void {
    this.say(TO, 'started migrated');
    this.attached = true;
    this.seeBridge(TO);
  }

  /** The answer to the call. */
  answers(error?: Error): void {
    this.job = false;
    const call = this.#call;
    this.#call = undefined;
    if (error === undefined) call?.done();
    else call?.failed(error);
  }

  settle(): void {
    this.#settle();
  }

  breaks(): void {
    const call = this.#call;
    this.#call = undefined;
    call?.failed(new LibvirtClosedError('the connection broke', 'network'));
  }

  // ── What the service acts on ────────────────────────────────────────────────────────────────────────────

  #store(state: NetworkState): void {
    this.#stored = {
      ...nothingRemembered,
      placements: state.placements,
      anchors: state.anchors,
      earlier: state.earlier,
      quarantine: state.quarantine,
      migrations: new Map(
        [...state.migrations].map(([guest, { performed, ...migration }]) => {
          const told = performed !== undefined || migration.phase === 'relaying';
          return [
            guest,
            told && migration.phase === 'relaying' ? { ...migration, performed: true } : migration,
          ];
        }),
      ),
    };
  }

  #fabric(): Fabric {
    const life = this.#alive;
    const isAlive = (): boolean => life === this.#alive;
    const fabric = {
      ready: () => this.ready,
      settled: () =>
        this.settles ? Promise.resolve() : new Promise<void>((resolve) => (this.#settle = resolve)),
      flushZone: (host: HostName, zone: number) => {
        if (!this.ready) return Promise.reject(new Error('not connected'));
        this.deeds.push(`flush ${host} ${zone}`);
        return Promise.resolve();
      },
      stage: (after: NetworkState) => {
        const to = after.placements.get('web');
        this.deeds.push(`stage ${to}`);
        return Promise.resolve({
          hosts: [FROM, TO],
          commit: () => {
            if (isAlive()) this.deeds.push(`commit ${to}`);
            return Promise.resolve(this.acknowledges);
          },
          discard: () => this.deeds.push('discard'),
        });
      },
      metersHold: () => this.metersHold,
      turn: (rates: ReadonlyMap<number, number>) => {
        const switches = this.network.state.copies.has('web') ? [FROM, TO] : [];
        if (isAlive() && switches.length > 0) this.deeds.push(`turn ${[...rates.values()].join(' ')}`);
        return { switches, acknowledged: Promise.resolve(this.acknowledges) };
      },
      packets: () => Promise.resolve(undefined),
      packetOut: () => undefined,
      packetThrough: () => undefined,
    };
    return fabric as unknown as Fabric;
  }

  #hypervisor(host: HostName): Hypervisor {
    const life = this.#alive;
    const domain = { name: 'web', uuid: '00000000-0000-0000-0000-000000000001', id: 1 };
    const hypervisor = {
      find: () => {
        if (this.domains.has(host)) return Promise.resolve(domain);
        return Promise.reject(new Error('no domain'));
      },
      maxDowntime: () => Promise.resolve(300),
      setMaxDowntime: (_: unknown, ms: number) => {
        this.downtimes.push(ms);
        return Promise.resolve();
      },
      maxSpeed: () => Promise.resolve(0),
      setMaxSpeed: () => Promise.resolve(),
      jobStats: () => Promise.resolve(this.job && host === FROM ? {} : undefined),
      migrate: () => {
        // What a controller that has been killed was about to ask.
        if (life !== this.#alive) return new Promise<void>(() => undefined);
        this.asked++;
        this.job = true;
        return new Promise<void>((done, failed) => {
          this.#call = { done, failed };
        });
      },
      abort: () => Promise.resolve(true),
    };
    return hypervisor as unknown as Hypervisor;
  }
}
