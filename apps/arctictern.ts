/**
 * The controller, put together: protocols on one side, the network's state in the middle, apps on the other.
 *
 *   OVSDB, OpenFlow, libvirt ──► Network (state) ──► recipes ──► Fabric (flows) ──► OpenFlow
 *                                     ▲                └► Store
 *   API, flights ──► MigrationService ┘
 */
import { randomBytes } from 'node:crypto';
import type { Cancel, Clock } from '../controller/clock.ts';
import { serverText } from '../controller/dns/exchange.ts';
import type { TsigKey } from '../controller/dns/tsig.ts';
import { updateName } from '../controller/dns/update.ts';
import { ArcticTernError } from '../controller/errors.ts';
import { Hypervisor, stateAfter } from '../controller/hypervisors/hypervisor.ts';
import type { LibvirtEvent } from '../controller/libvirt/index.ts';
import { GRACE_SECONDS } from '../controller/limits.ts';
import {
  bridgeSeen,
  domainChanged,
  graceSet,
  hypervisorLost,
  hypervisorSeen,
} from '../controller/network/changes.ts';
import { switchView } from '../controller/network/bridge-view.ts';
import { saidPolicy } from '../controller/network/defence-policy.ts';
import { declare } from '../controller/network/declare.ts';
import type { DnsDescription, NetworkDescription } from '../controller/network/description.ts';
import type { MigrationHistory } from '../controller/network/history.ts';
import type { Host, NetworkState } from '../controller/network/model.ts';
import type { HostName, SwitchName } from '../controller/network/names.ts';
import { Network } from '../controller/network/network.ts';
import { Store } from '../controller/network/store/store.ts';
import type { Message, NxPacketIn } from '../controller/openflow/index.ts';
import type { Targets } from '../controller/switches/bridge-configuration.ts';
import { BridgeDatabase } from '../controller/switches/bridge-database.ts';
import { timeoutsFor, zonesOf } from '../controller/switches/conntrack-timeouts.ts';
import { Fabric } from '../controller/switches/fabric.ts';
import { SwitchListener } from '../controller/switches/listener.ts';
import { PacketInReason } from '../controller/switches/pipeline.ts';
import { SampleCollector } from '../controller/switches/sample-collector.ts';
import { DefenceService } from './defence/service.ts';
import { FlightService } from './defence/flight-service.ts';
import { FilterService } from './defence/filter-service.ts';
import { verdictMoment } from './defence/verdict-moment.ts';
import { BlocklistService } from './defence/blocklist.ts';
import { EventStream, momentEvent } from './events.ts';
import { Drain } from './migration/drain-service.ts';
import { MigrationService } from './migration/service.ts';
import { readTsigKey } from './naming/key.ts';
import { NamingService } from './naming/service.ts';
import { portChanges } from './port-changes.ts';
import { recipes } from './recipes.ts';
import { Gateways } from './routing/gateways.ts';
import { graceNotice } from './routing/grace.ts';
import { answerPacketIn } from './routing/too-large-answer.ts';

export interface ControllerOptions {
  readonly description: NetworkDescription;
  /** OVSDB remote of the store. */
  readonly store: string;
  /** Where switches connect to: the address to listen on, and the one they are told. */
  readonly openflow: { readonly listen: string; readonly port: number; readonly advertise: string };
  /** Where bridges send samples to; the address is the one that they are told for OpenFlow. Port 0: any. */
  readonly samples?: { readonly listen: string; readonly port: number };
  readonly clock: Clock;
  readonly random: () => number;
}

export class ArcticTern {
  readonly network: Network;
  readonly fabric: Fabric;
  readonly migrations: MigrationService;
  readonly defence: DefenceService;
  readonly #filter: FilterService;
  readonly #flights: FlightService;
  readonly blocklist: BlocklistService;
  readonly relays: Drain;
  /** Undefined where names are not kept. */
  readonly naming: NamingService | undefined;
  readonly events = new EventStream();
  readonly startedAt: number;
  readonly #options: ControllerOptions;
  readonly #store: Store;
  readonly #listener: SwitchListener;
  readonly #collector: SampleCollector;
  readonly #databases: readonly BridgeDatabase[];
  readonly #hypervisors: ReadonlyMap<HostName, Hypervisor>;
  readonly #gateways: Gateways;
  #samplesPort = 0;
  readonly #graceTimers = new Map<HostName, Cancel>();

  /** Opens the store, takes up what it remembers and begins to connect to everything. */
  static async start(options: ControllerOptions): Promise<ArcticTern> {
    const { dns } = options.description;
    const key = dns === undefined ? undefined : readTsigKey(dns.key);
    let report: (error: Error) => void = () => undefined;
    const opened = await Store.open(options.store, options.clock, (error) => report(error));
    const state = declare(options.description, opened.remembered);
    const controller = new ArcticTern(options, opened.store, opened.epoch, state, key);
    report = (error) => controller.#problem('store', error);
    try {
      await controller.#listener.listen(options.openflow.port, options.openflow.listen);
      const { listen, port } = options.samples ?? { listen: options.openflow.listen, port: 0 };
      controller.#samplesPort = await controller.#collector.listen(port, listen);
    } catch (error) {
      await controller.close();
      throw error;
    }
    controller.#store.follow(controller.network.state);
    controller.migrations.adopt();
    for (const database of controller.#databases) database.start();
    controller.relays.start();
    for (const hypervisor of controller.#hypervisors.values()) hypervisor.start();
    controller.defence.start();
    controller.#flights.start();
    controller.naming?.start();
    return controller;
  }

  private constructor(
    options: ControllerOptions,
    store: Store,
    epoch: bigint,
    state: ReturnType<typeof declare>,
    key: TsigKey | undefined,
  ) {
    const { clock, random } = options;
    this.#options = options;
    this.#store = store;
    this.startedAt = clock.now();
    this.network = new Network(state, (error) => this.#problem('network', error));
    this.fabric = new Fabric(state, recipes, epoch, clock, {
      onFresh: (host) => this.#beginGrace(host),
      onReady: (name, { found, repaired }) => {
        this.#say(this.#subject(name), `bridge under control: ${found} flows found, ${repaired} repaired`);
        if (state.hosts.has(name)) this.#gateways.bridgeReady(name);
        this.migrations.bridgeReady();
      },
      onLost: (name) => {
        this.#say(this.#subject(name), 'bridge lost; its flows stay in force', 'warning');
        this.#gateways.bridgeLost(name);
      },
      onMessage: (name, message) => this.#fromSwitch(name, message),
      onError: (name, error) => this.#problem(this.#subject(name), error),
    });
    this.#gateways = new Gateways(this.network, this.fabric, clock);
    this.#listener = new SwitchListener(clock, {
      onSwitch: (session) => this.fabric.switchConnected(session),
      onRefused: (peer, error) => this.#problem(`switch ${peer}`, error),
      onMessage: (message, session) => this.fabric.message(session, message),
      onClosed: (_reason, session) => this.fabric.switchClosed(session),
    });
    const hosts = [...state.hosts.values()];
    this.defence = new DefenceService({
      network: this.network,
      fabric: this.fabric,
      clock,
      onVerdict: (verdict, before) => {
        const moment = verdictMoment(verdict, before);
        if (moment !== undefined) this.events.emit(momentEvent(moment, verdict.updated));
      },
      onError: (where, error) => this.#problem(this.#subject(where), error),
    });
    this.#collector = new SampleCollector(clock, {
      accepts: (address) => this.fabric.connectedFrom(address),
      onRecord: (record, hostNumber) => this.defence.sampled(hostNumber, record),
      onFault: (address, error) => this.#problem(`samples from ${address}`, error, 'warning'),
      onError: (error) => this.#problem('samples', error),
    });
    this.#databases = [...hosts, ...state.edges.values()].map(
      (one) =>
        new BridgeDatabase(one, () => this.#targets(epoch), clock, {
          onBridge: (bridge) => this.network.update(bridgeSeen(one.name, bridge)),
          onConnection: (connected, _one, error) => {
            const subject = this.#subject(one.name);
            if (connected) this.#say(subject, 'OVSDB connected', 'debug');
            else if (error !== undefined) this.#problem(subject, error, 'warning');
          },
          onConfigured: () => {
            const { controller, samples } = this.#targets(epoch);
            this.#say(
              this.#subject(one.name),
              `bridge told to connect to ${controller}, to send samples to ${samples}, to keep its counters up to date (max-revalidator), and idle megaflows no longer than needed (max-idle)`,
            );
          },
          onError: (error) => this.#problem(this.#subject(one.name), error),
        }),
    );
    this.#hypervisors = new Map(hosts.map((host) => [host.name, this.#hypervisor(host, clock, random)]));
    this.blocklist = new BlocklistService(this.network, clock);
    this.#filter = new FilterService({
      network: this.network,
      blocklist: this.blocklist,
      verdicts: this.defence,
      clock,
      // Nobody is filtered for a guest that no policy was declared for.
      isFiltered: (guest) => (saidPolicy(this.network.state, guest)?.policy ?? 'off') !== 'off',
      knownNetworks: (guest) => this.defence.knownNetworks(guest),
      settled: () => this.fabric.settled(),
      onFiltered: ({ guest, verdict, sources, admission }, at) => {
        const filtered = { guest, verdict, sources, admission: admission ?? null };
        this.events.emit(momentEvent({ kind: 'filtered', ...filtered }, at));
      },
      onError: (error) => this.#problem('blocklist', error),
    });
    this.migrations = new MigrationService({
      network: this.network,
      fabric: this.fabric,
      hypervisors: this.#hypervisors,
      clock,
      newId: () => randomBytes(6).toString('hex'),
      saved: () => store.saved(),
      onError: (error, guest) => this.#problem(`guest ${guest}`, error),
      onWarning: (guest, warning) => this.#say(`guest ${guest}`, warning, 'warning'),
      onMoment: (moment, at) => this.events.emit(momentEvent(moment, at)),
    });
    this.#flights = new FlightService({
      network: this.network,
      clock,
      verdicts: this.defence,
      migrations: this.migrations,
      fabric: this.fabric,
      filteredSince: (verdict) => this.#filter.inForceSince(verdict),
      honest: (guest) => this.defence.honest(guest),
      newId: () => randomBytes(6).toString('hex'),
      onMoment: (moment, at) => this.events.emit(momentEvent(moment, at)),
      onError: (error, guest) => this.#problem(`guest ${guest}`, error),
    });
    this.relays = new Drain({
      network: this.network,
      fabric: this.fabric,
      clock,
      onMoment: (moment, at) => this.events.emit(momentEvent(moment, at)),
      onError: (error, guest) => this.#problem(`guest ${guest}`, error),
    });
    const { dns } = options.description;
    this.naming = dns === undefined || key === undefined ? undefined : this.#naming(dns, key);
    // Flows first: nothing else may come between a decision and the datapath.
    this.network.follow((next) => this.fabric.update(next));
    this.network.follow((next, before) => {
      for (const change of portChanges(next, before)) this.events.emit(momentEvent(change, clock.now()));
    });
    this.network.follow((next, before) => this.#followConntrack(next, before));
    this.network.follow((next) => store.follow(next));
  }

  get history(): MigrationHistory {
    return this.network.state.history;
  }

  /** The flows of every connected bridge are as they should be. */
  async settled(): Promise<void> {
    await this.fabric.settled();
  }

  /** Everything that was decided is in the store; then the connections end. The flows stay in force. */
  async close(): Promise<void> {
    for (const cancel of this.#graceTimers.values()) cancel();
    this.#gateways.close();
    this.#flights.close();
    this.#filter.close();
    this.naming?.close();
    this.defence.close();
    this.blocklist.close();
    this.relays.close();
    this.migrations.close();
    await Promise.all([
      this.#listener.close(),
      this.#collector.close(),
      ...this.#databases.map((database) => database.close()),
      ...[...this.#hypervisors.values()].map((hypervisor) => hypervisor.close()),
    ]);
    await this.#store.close();
  }

  #targets(epoch: bigint): Targets {
    const { advertise, port } = this.#options.openflow;
    return {
      controller: `tcp:${advertise}:${port}`,
      samples: `${advertise}:${this.#samplesPort}`,
      session: Number(epoch & 0xffff_ffffn),
    };
  }

  #hypervisor(host: Host, clock: Clock, random: () => number): Hypervisor {
    return new Hypervisor(host, clock, random, {
      onDomains: (domains) => {
        this.#say(`host ${host.name}`, `libvirtd connected, ${domains.size} domains`, 'debug');
        this.migrations.resynced(host.name, domains);
        this.network.update(hypervisorSeen(host.name, domains));
      },
      onLost: (error) => {
        this.network.update(hypervisorLost(host.name));
        this.#problem(`host ${host.name}`, error, 'warning');
      },
      onEvent: (event) => this.#fromLibvirt(event, host),
    });
  }

  #naming({ server, zone, ttl }: DnsDescription, key: TsigKey): NamingService {
    const { clock } = this.#options;
    const subject = `name server ${serverText(server)}`;
    return new NamingService({
      network: this.network,
      zone,
      ttl,
      update: (update) => updateName(server, key, update, clock),
      clock,
      onMoment: (moment, at) => this.events.emit(momentEvent(moment, at)),
      onError: (error, guest) =>
        this.#problem(guest === undefined ? subject : `guest ${guest}`, error, 'warning'),
      onRecovered: () => this.#say(subject, 'does as it is told again'),
    });
  }

  /** The connections of every interface that concerns a bridge are remembered there for long enough. */
  #followConntrack(next: NetworkState, before: NetworkState): void {
    const { bridges, placements, anchors } = before;
    if (next.bridges === bridges && next.placements === placements && next.anchors === anchors) return;
    const timeouts = timeoutsFor(next.drain.idle);
    for (const database of this.#databases) {
      const view = switchView(next, database.name);
      if (view !== undefined) database.wantConntrack({ zones: zonesOf(view), timeouts });
    }
  }

  #fromLibvirt(event: LibvirtEvent, host: Host): void {
    // A migration decides where traffic goes before the state of the domain is noted.
    this.migrations.heard(event, host.name);
    if (event.kind !== 'lifecycle') return;
    const state = stateAfter(event);
    if (state === undefined) return;
    const gone = state === 'shutoff' ? undefined : state;
    this.network.update(domainChanged(host.name, event.domain.name, gone));
  }

  #fromSwitch(host: SwitchName, message: Message): void {
    if (message.type === 'error') {
      this.#say(
        this.#subject(host),
        `the switch refused a message: ${JSON.stringify(message.error)}`,
        'warning',
      );
      return;
    }
    if (message.type === 'nx_packet_in2') this.#packetIn(host, message);
  }

  #packetIn(host: HostName, message: NxPacketIn): void {
    const frame = message.packet;
    if (frame === undefined) return;
    switch (message.userdata?.[0]) {
      case PacketInReason.gateway:
        this.#gateways.answered(frame, host);
        return;
      case PacketInReason.tooLarge:
        answerPacketIn(this.network.state, this.fabric, host, message, frame);
        return;
      case PacketInReason.announcement:
        this.events.emit(momentEvent({ kind: 'announced', host }, this.#options.clock.now()));
        this.#announced(host, frame);
        return;
      default:
        return;
    }
  }

  /** A guest's RARP: whose it is, its source address tells. */
  #announced(host: HostName, frame: Uint8Array): void {
    const mac = Buffer.from(frame.subarray(6, 12))
      .toString('hex')
      .replace(/(..)(?!$)/g, '$1:');
    for (const { name, interfaces } of this.network.state.guests.values()) {
      if (interfaces.some((nic) => nic.mac === mac)) this.migrations.announced(name, host);
    }
  }

  #beginGrace(host: SwitchName): void {
    // An edge tracks what it sees, from wherever it begins: there is nothing to be lenient about.
    if (!this.network.state.hosts.has(host)) return;
    const { clock } = this.#options;
    const until = clock.now() + GRACE_SECONDS * 1000;
    this.#graceTimers.get(host)?.();
    this.#graceTimers.set(
      host,
      clock.after(GRACE_SECONDS * 1000, () => this.network.update(graceSet(host, 0))),
    );
    this.network.update(graceSet(host, until));
    const { message, level } = graceNotice(this.network.state, host);
    this.#say(`host ${host}`, message, level);
  }

  #subject(name: SwitchName): string {
    return `${this.network.state.edges.has(name) ? 'edge' : 'host'} ${name}`;
  }

  #say(subject: string, message: string, level: 'debug' | 'info' | 'warning' = 'info'): void {
    this.events.emit({ at: this.#options.clock.now(), level, subject, message });
  }

  #problem(subject: string, error: Error, level: 'warning' | 'error' = 'error'): void {
    const code = error instanceof ArcticTernError ? { code: error.code } : {};
    this.events.emit({ at: this.#options.clock.now(), level, subject, message: error.message, ...code });
  }
}
