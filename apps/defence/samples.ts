/**
 * All samples, by bridge and interface: windows by class, and the open connections. What is not sampled any more is
 * forgotten, so memory goes with the number of guests and not with what is sent to them.
 */
import type { FlowRecord } from '../../controller/ipfix/index.ts';
import { ofCounter } from '../../controller/switches/pipeline.ts';
import { Connections } from './connections.ts';
import type { SampleCounts } from './lower-bound.ts';
import { nothingSampled, type SampleSummary, SampleWindow } from './sample-window.ts';
import { type PrefixKey, sourceOf } from './source.ts';
import { classOfNumber, type TrafficClass } from './traffic-class.ts';

interface GuestSamples {
  readonly windows: Map<TrafficClass, SampleWindow>;
  readonly connections: Connections;
  /** Since they were last taken. */
  fresh: Partial<Record<TrafficClass, number>>;
}

export class Samples {
  /** By observation domain of the bridge, then by number of the interface. */
  readonly #all = new Map<number, Map<number, GuestSamples>>();

  /**
   * A record of a bridge; the number of the interface that it is of. One that names no counter, or has no source,
   * is passed over.
   */
  add(domain: number, record: FlowRecord, now: number): number | undefined {
    const source = sourceOf(record);
    if (record.observationPointId === undefined || source === undefined) return undefined;
    const { interfaceNumber, trafficClass } = ofCounter(record.observationPointId);
    const name = classOfNumber(trafficClass);
    if (name === undefined) return undefined;
    const { windows, connections, fresh } = this.#of(domain, interfaceNumber);
    fresh[name] = (fresh[name] ?? 0) + 1;
    let window = windows.get(name);
    if (window === undefined) {
      window = new SampleWindow();
      windows.set(name, window);
    }
    window.add(source, now);
    const port = record.sourceTransportPort;
    if (port !== undefined && name === 'completed') connections.completed(source, port, now);
    if (port !== undefined && name === 'ended') connections.ended(source, port);
    return interfaceNumber;
  }

  /** How many of each class there were since this was last asked. */
  take(domain: number, interfaceNumber: number): SampleCounts {
    const samples = this.#all.get(domain)?.get(interfaceNumber);
    if (samples === undefined) return {};
    const { fresh } = samples;
    samples.fresh = {};
    return fresh;
  }

  summary(
    domain: number,
    interfaceNumber: number,
    name: TrafficClass,
    now: number,
    from: number,
  ): SampleSummary {
    const window = this.#all.get(domain)?.get(interfaceNumber)?.windows.get(name);
    return window?.summary(now, from) ?? nothingSampled;
  }

  connections(domain: number, interfaceNumber: number): Connections | undefined {
    return this.#all.get(domain)?.get(interfaceNumber)?.connections;
  }

  /** Networks that clients of an interface have come from, at any bridge: the newest of each. */
  networks(interfaceNumber: number, most: number): PrefixKey[] {
    return [...this.#all.values()].flatMap(
      (interfaces) => interfaces.get(interfaceNumber)?.connections.networks(most) ?? [],
    );
  }

  /** Lets go of windows that are empty, and of what is known of interfaces that the bridge does not hold. */
  tidy(domain: number, held: ReadonlySet<number>, now: number): void {
    const interfaces = this.#all.get(domain);
    for (const [number, { windows }] of interfaces ?? []) {
      if (!held.has(number)) interfaces?.delete(number);
      for (const [name, window] of windows) if (window.stale(now)) windows.delete(name);
    }
  }

  #of(domain: number, interfaceNumber: number): GuestSamples {
    let interfaces = this.#all.get(domain);
    if (interfaces === undefined) {
      interfaces = new Map();
      this.#all.set(domain, interfaces);
    }
    let samples = interfaces.get(interfaceNumber);
    if (samples === undefined) {
      samples = { windows: new Map(), connections: new Connections(), fresh: {} };
      interfaces.set(interfaceNumber, samples);
    }
    return samples;
  }
}
