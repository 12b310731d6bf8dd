/**
 * Looks at the guests: reads the counters of every bridge several times a second, takes samples in, and holds the
 * verdicts that the detector comes to. Each guest is looked at with every reading, and in between when many samples come. It decides nothing and does nothing about an attack: who does follows it.
 */
import { asError } from '../../controller/errors.ts';
import type { Cancel, Clock } from '../../controller/clock.ts';
import type { FlowRecord } from '../../controller/ipfix/index.ts';
import { admission, defence as limits, GRACE_SECONDS } from '../../controller/limits.ts';
import { defended } from '../../controller/network/changes.ts';
import { type DefencePolicy, policyOf } from '../../controller/network/defence-policy.ts';
import { isUnderWay } from '../../controller/network/migration.ts';
import type { Guest, GuestInterface, NetworkState } from '../../controller/network/model.ts';
import type { GuestName, SwitchName } from '../../controller/network/names.ts';
import type { Network } from '../../controller/network/network.ts';
import type { Message } from '../../controller/openflow/index.ts';
import { SwitchClosedError } from '../../controller/switches/errors.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { edgeDomain } from '../../controller/switches/pipeline.ts';
import { counted, type Counted, countersIn, countersRequest, nothingCounted } from './counters.ts';
import type { HonestTraffic } from './decide.ts';
import { detect, type DetectorState, dismissed, initialState, isAlarmed } from './detector.ts';
import { inAll, knownTraffic, type KnownTraffic, withoutBridge } from './known-traffic.ts';
import { lowerBound } from './lower-bound.ts';
import type { Measurement, Proven, Totals } from './measurement.ts';
import { Samples } from './samples.ts';
import { prefixText } from './source.ts';
import type { Verdict, VerdictFeed, VerdictId, Verdicts } from './verdict.ts';

export interface DefenceOptions {
  readonly network: Pick<Network, 'state' | 'update'>;
  readonly fabric: Pick<Fabric, 'ready'> & {
    session(name: SwitchName): Pick<NonNullable<ReturnType<Fabric['session']>>, 'requestAll'> | undefined;
  };
  readonly clock: Clock;
  /** A verdict is new, or not as it was. */
  readonly onVerdict: (verdict: Verdict, before: Verdict | undefined) => void;
  readonly onError: (where: SwitchName, error: Error) => void;
}

type Follower = Parameters<VerdictFeed['follow']>[0];

/** A bridge that counts: a host's or an edge's. */
interface CountingBridge {
  readonly name: SwitchName;
  /** The observation domain of its samples. */
  readonly domain: number;
}

interface Looked {
  readonly guest: Guest;
  readonly nic: GuestInterface;
}

interface BridgeWatch {
  counted: Counted;
  /** By number of the interface. */
  readonly interfaces: Map<number, InterfaceWatch>;
  reading: boolean;
}

interface InterfaceWatch {
  detector: DetectorState;
  /** What has come, at least. */
  bound: Totals | undefined;
  lookedAt: number;
  /** Samples since then. */
  samples: number;
}

export class DefenceService implements VerdictFeed {
  readonly #options: DefenceOptions;
  readonly #samples = new Samples();
  readonly #bridges = new Map<SwitchName, BridgeWatch>();
  /** By number of the interface. */
  readonly #known = new Map<number, KnownTraffic>();
  readonly #followers = new Set<Follower>();
  #verdicts: Verdicts = new Map();
  #interfaces: ReadonlyMap<number, Looked> = new Map();
  #interfacesOf: NetworkState['guests'] | undefined;
  #countingByDomain: ReadonlyMap<number, CountingBridge> = new Map();
  #countingOf: Pick<NetworkState, 'hosts' | 'edges'> | undefined;
  #timer: Cancel | undefined;

  constructor(options: DefenceOptions) {
    this.#options = options;
  }

  get verdicts(): Verdicts {
    return this.#verdicts;
  }

  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Begins to look; returns at once. */
  start(): void {
    const tick = (): void => {
      this.#timer = this.#options.clock.after(limits.readInterval, tick);
      for (const bridge of this.#counting().values()) this.#read(bridge);
    };
    tick();
  }

  close(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  /** The guest's policy is this from now on; with `undefined`, the one that was declared. */
  defend(guest: GuestName, policy: DefencePolicy | undefined): void {
    this.#options.network.update(defended(guest, policy));
  }

  /** What comes to the guest on connections that live, and what is usual. */
  honest(guest: GuestName): HonestTraffic {
    const interfaces = this.#options.network.state.guests.get(guest)?.interfaces ?? [];
    return inAll(interfaces.flatMap(({ number }) => this.#known.get(number) ?? []));
  }

  /**
   * Networks in which somebody has completed a handshake with the guest, so that they are nobody's forgery: the newest ones,
   * in CIDR form, in order.
   */
  knownNetworks(guest: GuestName): string[] {
    const interfaces = this.#options.network.state.guests.get(guest)?.interfaces ?? [];
    const most = admission.knownNetworks;
    const keys = new Set(interfaces.flatMap(({ number }) => this.#samples.networks(number, most)));
    return [...keys].slice(0, most).map(prefixText).sort();
  }

  /** A sample of the bridge that this observation domain is of. When there are many, its guest is looked at at once. */
  sampled(domain: number, record: FlowRecord): void {
    const now = this.#options.clock.now();
    const number = this.#samples.add(domain, record, now);
    const bridge = this.#counting().get(domain);
    if (number === undefined || bridge === undefined) return;
    const watch = this.#watch(bridge.name);
    const watched = watch.interfaces.get(number);
    if (watched === undefined) return;
    watched.samples += 1;
    if (watched.samples < limits.samplesToLook || now - watched.lookedAt < limits.lookInterval) return;
    this.#publish(this.#look(bridge, watch, number, now));
  }

  /** Asks a bridge for its counters, unless it still owes an answer. */
  #read(bridge: CountingBridge): void {
    const { fabric, onError } = this.#options;
    const watch = this.#watch(bridge.name);
    const session = fabric.ready(bridge.name) ? fabric.session(bridge.name) : undefined;
    if (watch.reading || session === undefined) return;
    watch.reading = true;
    session
      .requestAll(countersRequest, 'telling its counters')
      .then((parts) => this.#counters(bridge, watch, parts))
      .catch((error: unknown) => {
        // Who is gone is told of by whoever follows the session.
        if (!(error instanceof SwitchClosedError)) onError(bridge.name, asError(error));
      })
      .finally(() => {
        watch.reading = false;
      });
  }

  #counters(bridge: CountingBridge, watch: BridgeWatch, parts: readonly Message[]): void {
    const now = this.#options.clock.now();
    watch.counted = counted(watch.counted, countersIn(parts));
    const { totals } = watch.counted;
    const news: Verdict[] = [];
    for (const number of totals.keys()) news.push(...this.#look(bridge, watch, number, now));
    for (const [number, { detector }] of watch.interfaces) {
      if (totals.has(number) && !this.#isOff(number)) continue;
      news.push(...dismissed(detector, now));
      watch.interfaces.delete(number);
      this.#forget(bridge.name, number);
    }
    // Of a guest whose defence is off nothing is kept: not what is usual, nor who holds connections open.
    const looked = new Set([...totals.keys()].filter((number) => !this.#isOff(number)));
    this.#samples.tidy(bridge.domain, looked, now);
    this.#publish(news);
  }

  /** At one guest, with what the bridge has counted and sampled so far: what there is to tell of it. */
  #look(bridge: CountingBridge, watch: BridgeWatch, number: number, now: number): readonly Verdict[] {
    const looked = this.#lookedAt(number);
    const sums = watch.counted.totals.get(number);
    if (looked === undefined || sums === undefined || this.#isOff(number)) return [];
    const before = watch.interfaces.get(number);
    const bound = lowerBound(before?.bound, sums, this.#samples.take(bridge.domain, number));
    const measurement = this.#measurement(bridge, looked, bound, now);
    const policy = policyOf(this.#options.network.state, looked.guest.name);
    const { state, verdicts } = detect(before?.detector ?? initialState, measurement, policy, now);
    const quiet = !isAlarmed(state) && !measurement.moving && !measurement.forgetful;
    const known = knownTraffic(this.#known.get(number), bridge.name, state.readings, quiet);
    if (known !== undefined) this.#known.set(number, known);
    watch.interfaces.set(number, { detector: state, bound, lookedAt: now, samples: 0 });
    return verdicts;
  }

  #forget(bridge: SwitchName, number: number): void {
    const before = this.#known.get(number);
    const known = before && withoutBridge(before, bridge);
    if (known === undefined) this.#known.delete(number);
    else this.#known.set(number, known);
  }

  #isOff(number: number): boolean {
    const looked = this.#lookedAt(number);
    return looked !== undefined && policyOf(this.#options.network.state, looked.guest.name).policy === 'off';
  }

  #measurement(
    { name: where, domain }: CountingBridge,
    { guest, nic }: Looked,
    totals: Totals,
    now: number,
  ): Measurement {
    const { state } = this.#options.network;
    const migration = state.migrations.get(guest.name);
    const connections = this.#samples.connections(domain, nic.number);
    return {
      guest: guest.name,
      host: where,
      totals,
      samplesOf: (name, from) => this.#samples.summary(domain, nic.number, name, now, from),
      holders: (least) => connections?.holders(least, now) ?? new Map(),
      proven: connections?.proven ?? nobodyProven,
      moving: migration !== undefined && isUnderWay(migration.phase),
      resuming:
        migration?.to === where &&
        (isUnderWay(migration.phase) || now < (migration.entered.relaying ?? 0) + limits.resumption),
      forgetful:
        now < (state.bridges.get(where)?.graceUntil ?? 0) - GRACE_SECONDS * 1000 + limits.forgetfulness,
    };
  }

  #publish(news: readonly Verdict[]): void {
    if (news.length === 0) return;
    const before = this.#verdicts;
    const verdicts = new Map<VerdictId, Verdict>(before);
    for (const verdict of news) verdicts.set(verdict.id, verdict);
    for (const [id, { ended }] of verdicts) {
      if (verdicts.size <= limits.verdictsKept) break;
      if (ended !== undefined) verdicts.delete(id);
    }
    this.#verdicts = verdicts;
    for (const verdict of news) this.#options.onVerdict(verdict, before.get(verdict.id));
    for (const follower of this.#followers) {
      try {
        follower(verdicts, before);
      } catch (error) {
        this.#options.onError(news[0]!.host, asError(error));
      }
    }
  }

  #watch(name: SwitchName): BridgeWatch {
    let watch = this.#bridges.get(name);
    if (watch === undefined) {
      watch = { counted: nothingCounted, interfaces: new Map(), reading: false };
      this.#bridges.set(name, watch);
    }
    return watch;
  }

  #counting(): ReadonlyMap<number, CountingBridge> {
    const { hosts, edges } = this.#options.network.state;
    if (hosts !== this.#countingOf?.hosts || edges !== this.#countingOf.edges) {
      this.#countingOf = { hosts, edges };
      this.#countingByDomain = new Map(
        [
          ...[...hosts.values()].map(({ name, number }) => ({ name, domain: number })),
          ...[...edges.values()].map(({ name, number }) => ({ name, domain: edgeDomain(number) })),
        ].map((bridge) => [bridge.domain, bridge]),
      );
    }
    return this.#countingByDomain;
  }

  #lookedAt(number: number): Looked | undefined {
    const { guests } = this.#options.network.state;
    if (guests !== this.#interfacesOf) {
      this.#interfacesOf = guests;
      this.#interfaces = new Map(
        [...guests.values()].flatMap((guest) =>
          guest.interfaces.map((nic) => [nic.number, { guest, nic }] as const),
        ),
      );
    }
    return this.#interfaces.get(number);
  }
}

const nobodyProven: Proven = { source: () => false, network: () => false };
