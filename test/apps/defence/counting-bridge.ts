/**
 * A bridge that counts and samples as Open vSwitch does: counters move in steps, samples come at once and within a
 * meter. Packets are what the test says; time is the test's clock.
 */
import type { DefenceOptions } from '../../../apps/defence/service.ts';
import { numberOfClass, TRAFFIC_CLASSES, type TrafficClass } from '../../../apps/defence/traffic-class.ts';
import type { FlowRecord } from '../../../controller/ipfix/index.ts';
import { switches as limits } from '../../../controller/limits.ts';
import type { Message } from '../../../controller/openflow/index.ts';
import { cookie, counterNumber } from '../../../controller/switches/pipeline.ts';

export interface CountingBridgeOptions {
  readonly interfaceNumber: number;
  /** How long after a multiple of the refresh the counters move. */
  readonly phase: number;
  readonly onSample?: (record: FlowRecord) => void;
}

export class CountingBridge {
  readonly #options: CountingBridgeOptions;
  readonly #come = new Map<TrafficClass, number>();
  #shown: ReadonlyMap<TrafficClass, number> = new Map();
  #tokens: number = limits.samplesPerSecond;

  constructor(options: CountingBridgeOptions) {
    this.#options = options;
  }

  /** A millisecond goes by. */
  tick(now: number): void {
    this.#tokens = Math.min(limits.samplesPerSecond, this.#tokens + limits.samplesPerSecond / 1000);
    if (now % limits.counterRefresh === this.#options.phase) this.#shown = new Map(this.#come);
  }

  packet(name: TrafficClass, source: number, port = 1_024): void {
    this.#come.set(name, (this.#come.get(name) ?? 0) + 1);
    if (this.#tokens < 1) return;
    this.#tokens -= 1;
    this.#options.onSample?.({
      observationPointId: counterNumber(this.#options.interfaceNumber, numberOfClass(name)),
      sourceIPv4Address: source,
      sourceTransportPort: port,
    });
  }

  /** As a session with it. */
  readonly session: NonNullable<ReturnType<DefenceOptions['fabric']['session']>> = {
    requestAll: () => Promise.resolve([this.#reply()]),
  };

  #reply(): Message {
    const flows = TRAFFIC_CLASSES.map((name) => ({
      cookie: cookie('defence', 'counter', counterNumber(this.#options.interfaceNumber, numberOfClass(name))),
      stats: { packetCount: BigInt(this.#shown.get(name) ?? 0) },
    }));
    return { type: 'flow_desc_reply', flows } as unknown as Message;
  }
}
